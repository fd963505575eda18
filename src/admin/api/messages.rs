//! `/api/v1/messages` and `/api/v1/queries`: what was exchanged, and what staff send and decide.

use hyper::Method;
use serde::{Deserialize, Serialize};

use super::outbox::ParcelView;
use super::{Call, listing, no_such_path, wrong_method};
use crate::admin::auth::{HandleMessages, Look, Permitted};
use crate::admin::http::Reply;
use crate::admin::problem::Problem;
use crate::admin::staff::{DecideOrder, QueryOrder, SendOrder};
use crate::clock::Timestamp;
use crate::ids::{CallbackToken, Digest, IncidentName, MessageId, PeerName};
use crate::store::records::{Body, Direction, Message, Parcel, Plain, Verdict};
use crate::store::{Bound, Column, Scan, Value};

/// One message as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageView {
    /// Our name for it.
    pub id: MessageId,
    /// Which way it went.
    pub direction: Direction,
    /// The peer it came from or goes to.
    pub peer: PeerName,
    /// RIDPolicy's MsgType.
    pub msg_type: String,
    /// The incident it names.
    pub incident: Option<IncidentName>,
    /// The incident's instance.
    pub instance: Option<String>,
    /// The restriction that holds for it.
    pub restriction: Option<String>,
    /// When it was received or made.
    pub received: Timestamp,
    /// The network address it came from.
    pub remote: Option<String>,
    /// The certificate (SPKI SHA-256) that the peer proved itself with.
    pub certificate: Option<Digest>,
    /// Its size in bytes.
    pub size: i64,
    /// The digest of its bytes.
    pub digest: Digest,
    /// What its ReportSchema carries.
    pub payload: Option<String>,
    /// What became of it.
    pub verdict: Verdict,
    /// Why it was denied or is held.
    pub justification: Option<String>,
    /// What is wrong with it short of refusing it.
    pub warnings: Vec<String>,
    /// What of it was proved when it came: `signatures`, each with `signer`, `algorithm` and `covers`, and `encrypted`.
    #[serde(default)]
    pub proven: Option<serde_json::Value>,
    /// The message it answers.
    pub answers: Option<MessageId>,
    /// The RID-Callback-Token it came or goes with.
    pub token: Option<CallbackToken>,
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        let incident = message.incident_name.zip(message.incident_id).map(|(name, id)| IncidentName { name, id });
        Self {
            id: message.id,
            direction: message.direction,
            peer: message.peer,
            msg_type: message.msg_type,
            incident,
            instance: message.instance,
            restriction: message.restriction,
            received: message.received,
            remote: message.remote,
            certificate: message.certificate,
            size: message.size,
            digest: message.digest,
            payload: message.payload,
            verdict: message.verdict,
            justification: message.justification,
            warnings: message.warnings.iter().flat_map(|text| text.lines()).map(str::to_owned).collect(),
            proven: message.proven.as_deref().and_then(|json| serde_json::from_str(json).ok()),
            answers: message.answers,
            token: message.token,
        }
    }
}

/// One message with what hangs on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageDetail {
    /// The message.
    #[serde(flatten)]
    pub message: MessageView,
    /// The parcels that carry it, if it is ours.
    pub parcels: Vec<ParcelView>,
}

/// A listing of messages, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageList {
    /// The messages.
    pub messages: Vec<MessageView>,
    /// Whether there are more than were asked for.
    pub more: bool,
}

/// Answers below `/api/v1/messages`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => list(call, &call.permit()?).await,
        ([], &Method::POST) => send(call, &call.permit()?).await,
        ([], _) => Err(wrong_method(method, "GET or POST")),
        ([id], &Method::GET) => show(call, &call.permit()?, id.parse()?).await,
        ([_], _) => Err(wrong_method(method, "GET")),
        ([id, "body"], &Method::GET) => body(call, &call.permit()?, id.parse()?).await,
        ([id, "plain"], &Method::GET) => plain(call, &call.permit()?, id.parse()?).await,
        ([_, "body" | "plain"], _) => Err(wrong_method(method, "GET")),
        ([id, "decision"], &Method::POST) => decide(call, &call.permit()?, id.parse()?).await,
        ([_, "decision"], _) => Err(wrong_method(method, "POST")),
        _ => Err(no_such_path(rest)),
    }
}

/// Answers `/api/v1/queries`.
pub(super) async fn serve_queries(call: &Call<'_>, method: &Method) -> Result<Reply, Problem> {
    match *method {
        Method::POST => query(call, &call.permit()?).await,
        _ => Err(wrong_method(method, "POST")),
    }
}

async fn list(call: &Call<'_>, _: &Permitted<Look>) -> Result<Reply, Problem> {
    let ask = &call.ask;
    ask.only(&["limit", "peer", "incident", "type", "direction", "verdict", "after", "before"])?;
    let peer = ask.parameter::<PeerName>("peer")?;
    let incident = ask.parameter::<IncidentName>("incident")?;
    let msg_type = ask.parameter::<String>("type")?.map(|text| bare(&text));
    let direction = ask.parameter::<Direction>("direction")?;
    let verdict = ask.parameter::<Verdict>("verdict")?;
    let mut scan = match (&incident, &peer) {
        (Some(incident), _) => by_incident(incident),
        (None, Some(peer)) => Scan::of::<Message>(0).by("by_peer").with(vec![peer.to_value()]),
        (None, None) => Scan::of::<Message>(0).by("by_time"),
    };
    if let Some(after) = instant(ask.parameter("after")?)? {
        scan = scan.from(Bound::Including(vec![after]));
    }
    if let Some(before) = instant(ask.parameter("before")?)? {
        scan = scan.to(Bound::Excluding(vec![before]));
    }
    let keep = |message: &Message| {
        peer.as_ref().is_none_or(|peer| *peer == message.peer)
            && msg_type.as_ref().is_none_or(|msg_type| *msg_type == bare(&message.msg_type))
            && direction.is_none_or(|direction| direction == message.direction)
            && verdict.is_none_or(|verdict| verdict == message.verdict)
    };
    let (messages, more) = listing::list(call.parts.store.as_ref(), scan.descending(), call.limit()?, keep).await?;
    Reply::json(&MessageList { messages: messages.into_iter().map(MessageView::from).collect(), more })
}

/// A message type without what people write differently: `investigation-request` is `InvestigationRequest`.
fn bare(msg_type: &str) -> String {
    msg_type.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn instant(text: Option<String>) -> Result<Option<Value>, Problem> {
    let Some(text) = text else { return Ok(None) };
    match Timestamp::parse(&text) {
        Some(instant) => Ok(Some(instant.to_value())),
        None => Err(Problem::bad_request(
            format!("{text:?} is no instant"),
            "write an RFC 3339 date and time, for instance 2026-11-21T20:00:00Z",
        )),
    }
}

/// All messages of an incident in the order of time.
pub(super) fn by_incident(incident: &IncidentName) -> Scan {
    let prefix = vec![incident.name.to_value(), incident.id.to_value()];
    Scan::of::<Message>(0).by("by_incident").with(prefix)
}

async fn find(call: &Call<'_>, id: &MessageId) -> Result<Message, Problem> {
    let found = call.parts.store.find::<Message>(vec![id.to_value()]).await?;
    found.ok_or_else(|| Problem::not_found("message", id, "ridd message list"))
}

async fn show(call: &Call<'_>, _: &Permitted<Look>, id: MessageId) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    let message = find(call, &id).await?;
    let scan = Scan::of::<Parcel>(100).by("by_message").with(vec![Some(id).to_value()]);
    let parcels = call.parts.store.list::<Parcel>(scan).await?;
    let parcels = parcels.into_iter().map(ParcelView::from).collect();
    Reply::json(&MessageDetail { message: message.into(), parcels })
}

async fn body(call: &Call<'_>, permitted: &Permitted<Look>, id: MessageId) -> Result<Reply, Problem> {
    let message = find(call, &id).await?;
    let body = call.parts.store.find::<Body>(vec![id.to_value()]).await?;
    let body = body.ok_or_else(|| Problem::not_found("body of message", &id, "ridd message list"))?;
    Ok(exported(&message, permitted, body.bytes))
}

/// The bytes in clear text: what was decrypted, or was there before it was encrypted; else the message as it is.
async fn plain(call: &Call<'_>, permitted: &Permitted<Look>, id: MessageId) -> Result<Reply, Problem> {
    let message = find(call, &id).await?;
    match call.parts.store.find::<Plain>(vec![id.to_value()]).await? {
        Some(plain) => Ok(exported(&message, permitted, plain.bytes)),
        None => body(call, permitted, id).await,
    }
}

fn exported(message: &Message, permitted: &Permitted<Look>, bytes: Vec<u8>) -> Reply {
    let operator = permitted.operator();
    tracing::info!(message = %message.id, peer = %message.peer, %operator, size = bytes.len(), "message exported");
    Reply::bytes("text/xml", bytes)
}

async fn send(call: &Call<'_>, permitted: &Permitted<HandleMessages>) -> Result<Reply, Problem> {
    let order: SendOrder = call.ask.json()?;
    call.begin(permitted, "send", order.peer.as_ref().map(ToString::to_string)).await?;
    let operator = permitted.operator().to_string();
    Reply::json(&MessageView::from(call.parts.staff.send(order, &operator).await?))
}

async fn query(call: &Call<'_>, permitted: &Permitted<HandleMessages>) -> Result<Reply, Problem> {
    let order: QueryOrder = call.ask.json()?;
    call.begin(permitted, "query", format!("{} {}", order.peer, order.incident)).await?;
    let operator = permitted.operator().to_string();
    Reply::json(&MessageView::from(call.parts.staff.query(order, &operator).await?))
}

async fn decide(call: &Call<'_>, permitted: &Permitted<HandleMessages>, id: MessageId) -> Result<Reply, Problem> {
    let order: DecideOrder = call.ask.json()?;
    let act = if order.approve { "message approve" } else { "message deny" };
    call.begin(permitted, act, id.to_string()).await?;
    let operator = permitted.operator().to_string();
    Reply::json(&MessageView::from(call.parts.staff.decide(id, order, &operator).await?))
}

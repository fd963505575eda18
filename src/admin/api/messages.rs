//! `/api/v1/messages` and `/api/v1/queries`: what was exchanged, and what staff send and decide.

use hyper::Method;
use serde::{Deserialize, Serialize};

use super::outbox::ParcelView;
use super::{Call, listing, no_such_path};
use crate::admin::auth::{HandleMessages, Look, Permitted};
use crate::admin::http::Reply;
use crate::admin::problem::Problem;
use crate::admin::staff::{DecideOrder, QueryOrder, SendOrder};
use crate::clock::Timestamp;
use crate::ids::{CallbackToken, Digest, IncidentName, MessageId, PeerName};
use crate::store::records::{Body, Direction, Message, Parcel, Plain, Verdict};
use crate::store::{Bound, Column, Record, Scan};

/// One message as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MessageDetail {
    /// The message.
    #[serde(flatten)]
    pub message: MessageView,
    /// The parcels that carry it, if it is ours.
    pub parcels: Vec<ParcelView>,
}

/// A listing of messages, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MessageList {
    /// The messages.
    pub messages: Vec<MessageView>,
    /// Whether there are more than were asked for.
    pub more: bool,
    /// If there are: what to ask with as `cursor` for those that follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many messages are filed, whatever was asked for.
    #[serde(default)]
    pub filed: u64,
}

/// Answers below `/api/v1/messages`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => Reply::json(&list(call, &call.permit()?).await?),
        ([], &Method::POST) => send(call, &call.permit()?).await,
        ([id], &Method::GET) => {
            call.ask.only(&[])?;
            Reply::json(&show(call, &call.permit()?, &id.parse()?).await?)
        }
        ([id, "body"], &Method::GET) => export(call, &call.permit()?, &id.parse()?, false).await,
        ([id, "plain"], &Method::GET) => export(call, &call.permit()?, &id.parse()?, true).await,
        ([id, "decision"], &Method::POST) => {
            Reply::json(&decide(call, &call.permit()?, id.parse()?, call.ask.json()?).await?)
        }
        _ => Err(no_such_path(rest)),
    }
}

/// Answers `/api/v1/queries`.
pub(super) async fn serve_queries(call: &Call<'_>) -> Result<Reply, Problem> {
    query(call, &call.permit()?).await
}

/// The messages that the query string asks for.
pub(in crate::admin) async fn list(call: &Call<'_>, _: &Permitted<Look>) -> Result<MessageList, Problem> {
    let ask = &call.ask;
    ask.only(&["limit", "cursor", "peer", "incident", "type", "direction", "verdict", "after", "before"])?;
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
    if let Some(after) = listing::instant("after", ask.parameter("after")?)? {
        scan = scan.from(Bound::Including(vec![after]));
    }
    if let Some(before) = listing::instant("before", ask.parameter("before")?)? {
        scan = scan.to(Bound::Excluding(vec![before]));
    }
    let keep = |message: &Message| {
        peer.as_ref().is_none_or(|peer| *peer == message.peer)
            && msg_type.as_ref().is_none_or(|msg_type| *msg_type == bare(&message.msg_type))
            && direction.is_none_or(|direction| direction == message.direction)
            && verdict.is_none_or(|verdict| verdict == message.verdict)
    };
    let (store, limit, cursor) = (call.parts.store.as_ref(), call.limit()?, ask.parameter("cursor")?);
    let listing::Listed { records, next } = listing::page(store, scan.descending(), limit, cursor, keep).await?;
    let messages = records.into_iter().map(MessageView::from).collect();
    Ok(MessageList { messages, more: next.is_some(), next, filed: store.count(Message::TABLE).await? })
}

/// A message type without what people write differently: `investigation-request` is `InvestigationRequest`.
fn bare(msg_type: &str) -> String {
    msg_type.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
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

/// One message.
pub(in crate::admin) async fn show(
    call: &Call<'_>,
    _: &Permitted<Look>,
    id: &MessageId,
) -> Result<MessageDetail, Problem> {
    let message = find(call, id).await?;
    let scan = Scan::of::<Parcel>(100).by("by_message").with(vec![Some(id.clone()).to_value()]);
    let parcels = call.parts.store.list::<Parcel>(scan).await?;
    let parcels = parcels.into_iter().map(ParcelView::from).collect();
    Ok(MessageDetail { message: message.into(), parcels })
}

/// The bytes of a message as they were received or sent; with `plain` in clear text: what was decrypted, or was there
/// before it was encrypted, or else the message as it is.
pub(in crate::admin) async fn bytes(
    call: &Call<'_>,
    _: &Permitted<Look>,
    id: &MessageId,
    plain: bool,
) -> Result<Vec<u8>, Problem> {
    let store = call.parts.store.as_ref();
    if plain && let Some(plain) = store.find::<Plain>(vec![id.to_value()]).await? {
        return Ok(plain.bytes);
    }
    let body = store.find::<Body>(vec![id.to_value()]).await?;
    Ok(body.ok_or_else(|| Problem::not_found("body of message", id, "ridd message list"))?.bytes)
}

async fn export(call: &Call<'_>, permitted: &Permitted<Look>, id: &MessageId, plain: bool) -> Result<Reply, Problem> {
    Ok(Reply::bytes("text/xml", exported(call, permitted, id, plain).await?))
}

/// The bytes, for whoever takes them away: the log says who did.
pub(in crate::admin) async fn exported(
    call: &Call<'_>,
    permitted: &Permitted<Look>,
    id: &MessageId,
    plain: bool,
) -> Result<Vec<u8>, Problem> {
    let message = find(call, id).await?;
    let bytes = bytes(call, permitted, id, plain).await?;
    let operator = permitted.operator();
    tracing::info!(message = %message.id, peer = %message.peer, %operator, size = bytes.len(), "message exported");
    Ok(bytes)
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

/// Decides about a message that is held.
pub(in crate::admin) async fn decide(
    call: &Call<'_>,
    permitted: &Permitted<HandleMessages>,
    id: MessageId,
    order: DecideOrder,
) -> Result<MessageView, Problem> {
    let act = if order.approve { "message approve" } else { "message deny" };
    call.begin(permitted, act, id.to_string()).await?;
    let operator = permitted.operator().to_string();
    Ok(MessageView::from(call.parts.staff.decide(id, order, &operator).await?))
}

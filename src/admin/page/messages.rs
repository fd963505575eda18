//! The page *Messages*: what was exchanged, found by peer, incident, type and time; and each message made legible, with
//! what is proved of it.
//!
//! No browser is ever given the XML of others to render: it goes out as bytes to be saved.

use hyper::Method;
use hyper::header::{CONTENT_DISPOSITION, HeaderName, HeaderValue};
use serde::Deserialize;

use super::Frame;
use super::turn::{Turn, asked};
use crate::admin::api::messages::{self, MessageDetail, MessageView};
use crate::admin::api::wrong_method;
use crate::admin::auth::{HandleMessages, Look, Permitted};
use crate::admin::call::Call;
use crate::admin::http::Reply;
use crate::admin::problem::Problem;
use crate::admin::staff::DecideOrder;
use crate::ids::MessageId;
use crate::peers::MsgType;
use crate::rid::{Legible, Step, legible};
use crate::store::records::{Direction, Verdict};

/// The reasons of a denial that RFC 6545 §5.2 knows.
const JUSTIFICATIONS: [&str; 7] = [
    "CannotProcess",
    "SystemResource",
    "UnrecognizedFormat",
    "Authentication",
    "AuthenticationOrigin",
    "Encryption",
    "Other",
];

#[derive(askama::Template)]
#[template(path = "messages.html")]
struct Messages {
    frame: Frame,
    messages: Vec<MessageView>,
    turn: Turn,
    asked: Asked,
}

/// What the fields of the search hold.
struct Asked {
    peer: String,
    incident: String,
    msg_type: String,
    direction: String,
    verdict: String,
    after: String,
    before: String,
}

impl Asked {
    fn of(call: &Call<'_>) -> Self {
        let asked = |name| asked(call, name);
        Self {
            peer: asked("peer"),
            incident: asked("incident"),
            msg_type: asked("type"),
            direction: asked("direction"),
            verdict: asked("verdict"),
            after: asked("after"),
            before: asked("before"),
        }
    }

    /// Whether anything is searched for.
    fn any(&self) -> bool {
        let Self { peer, incident, msg_type, direction, verdict, after, before } = self;
        [peer, incident, msg_type, direction, verdict, after, before].into_iter().any(|field| !field.is_empty())
    }
}

#[derive(askama::Template)]
#[template(path = "message.html")]
struct Page {
    frame: Frame,
    detail: MessageDetail,
    proven: Proven,
    /// The message as people read it, or why it cannot be shown so.
    content: Result<Legible, String>,
    may_decide: bool,
}

/// What was proved of a message when it came, as its record has it.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Proven {
    encrypted: Option<String>,
    signatures: Vec<Proof>,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Proof {
    signer: String,
    algorithm: String,
    covers: Vec<String>,
}

impl Proven {
    fn of(message: &MessageView) -> Self {
        message.proven.clone().and_then(|json| serde_json::from_value(json).ok()).unwrap_or_default()
    }
}

/// What the documentation of a class says, without the marks of code in it.
fn plain(doc: impl AsRef<str>) -> String {
    doc.as_ref().replace("[`", "").replace("`]", "").replace('`', "")
}

/// Answers below `/messages`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => list(call, &call.permit()?).await,
        ([id], &Method::GET) => show(call, &call.permit()?, &id.parse()?).await,
        ([id, "raw"], &Method::GET) => download(call, &call.permit()?, &id.parse()?, false).await,
        ([id, "plain"], &Method::GET) => download(call, &call.permit()?, &id.parse()?, true).await,
        ([id, "decision"], &Method::POST) => decide(call, &call.permit()?, id.parse()?).await,
        ([_, "decision"], _) => Err(wrong_method(method, "POST")),
        ([] | [_] | [_, "raw" | "plain"], _) => Err(wrong_method(method, "GET")),
        _ => Err(super::no_such_page(rest)),
    }
}

async fn list(call: &Call<'_>, permitted: &Permitted<Look>) -> Result<Reply, Problem> {
    let list = messages::list(call, permitted).await?;
    let turn = Turn::of(call, "/messages", list.messages.len(), "cursor", list.next).among(list.filed);
    let frame = call.frame("Messages", "/messages");
    Reply::page(&Messages { frame, messages: list.messages, turn, asked: Asked::of(call) })
}

async fn show(call: &Call<'_>, permitted: &Permitted<Look>, id: &MessageId) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    let detail = messages::show(call, permitted, id).await?;
    let bytes = messages::bytes(call, permitted, id, true).await?;
    // A message may be megabytes: others wait meanwhile.
    let reading = call.parts.reading.for_sealed();
    let content = match tokio::task::spawn_blocking(move || legible(&bytes, &reading)).await {
        Ok(read) => read.map_err(|error| error.to_string()),
        Err(_) => Err("reading it broke off".to_owned()),
    };
    let title = format!("{} {}", detail.message.msg_type, detail.message.id);
    let frame = call.frame(title, "/messages");
    let proven = Proven::of(&detail.message);
    Reply::page(&Page { frame, detail, proven, content, may_decide: call.may::<HandleMessages>() })
}

async fn download(call: &Call<'_>, permitted: &Permitted<Look>, id: &MessageId, plain: bool) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    let bytes = messages::exported(call, permitted, id, plain).await?;
    let name = format!("attachment; filename=\"{id}{}.xml\"", if plain { "-plain" } else { "" });
    let disposition = HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"));
    let reply = Reply::bytes("application/octet-stream", bytes).with(CONTENT_DISPOSITION, disposition);
    Ok(reply.with(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")))
}

async fn decide(call: &Call<'_>, permitted: &Permitted<HandleMessages>, id: MessageId) -> Result<Reply, Problem> {
    let form = call.form()?;
    let approve = match form.needed("decision")? {
        "approve" => true,
        "deny" => false,
        other => return Err(Problem::bad_request(format!("{other:?} is no decision"), "write approve or deny")),
    };
    let justification = form.text("justification").filter(|_| !approve).map(str::to_owned);
    let address = format!("/messages/{id}");
    messages::decide(call, permitted, id, DecideOrder { approve, justification }).await?;
    Ok(Reply::see_other(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_about_classes_have_no_marks_of_code() {
        assert_eq!(plain("The `ext-value` of [`Node`]."), "The ext-value of Node.");
    }

    #[test]
    fn what_is_proved_is_read_as_it_was_recorded() {
        let detail: MessageDetail =
            serde_json::from_str(include_str!("../../../fixtures/cli/message-show.json")).unwrap();
        let proven = Proven::of(&detail.message);
        assert_eq!(proven.encrypted.as_deref(), Some("AES-256-GCM"));
        let [sender, origin] = proven.signatures.as_slice() else { panic!("{proven:?}") };
        assert_eq!(
            (sender.signer.as_str(), sender.covers.as_slice()),
            ("cert.authority.example", &["message".to_owned()][..])
        );
        assert_eq!(origin.algorithm, "rsa-sha256");
        let unproven = MessageView { proven: Some(serde_json::json!({ "signatures": 5 })), ..detail.message };
        assert_eq!(Proven::of(&unproven), Proven::default());
    }
}

//! The page *Peers*: whom the node exchanges with, by which keys each proves itself and how long they last; and what an
//! administrator does about it: add, change, pin, unpin, revoke, test, remove.

use std::time::Duration;

use hyper::Method;

use super::Frame;
use super::turn::{Turn, asked, below};
use crate::admin::api::peers::{self, AddOrder, ChangeOrder, PeerView, PinOrder, PinView, Probed, RevokeOrder};
use crate::admin::api::wrong_method;
use crate::admin::auth::{ChangeNode, Look, Permitted};
use crate::admin::call::Call;
use crate::admin::http::{Form, Reply};
use crate::admin::problem::Problem;
use crate::clock::Timestamp;
use crate::ids::PeerName;
use crate::peers::{
    Encryption, Expiring, IodefVersion, MsgType, PeerState, PinUse, Policy, Relation, Ruling, Signatures,
};
use crate::store::Record;
use crate::store::records::Peer;

/// A certificate that ends within this time is marked: long enough to get another and have it pinned.
const SOON: Duration = Duration::from_secs(30 * 24 * 3600);

/// Peers on one page of the list.
const PAGE: usize = 100;

#[derive(askama::Template)]
#[template(path = "peers.html")]
struct Peers {
    frame: Frame,
    peers: Vec<PeerView>,
    turn: Turn,
    /// What of our own runs out, the soonest first.
    ours: Vec<Expiring>,
    relation: String,
    state: String,
    policy: Policy,
    may_change: bool,
}

#[derive(askama::Template)]
#[template(path = "peer.html")]
struct Page {
    frame: Frame,
    peer: PeerView,
    policy: Policy,
    probed: Option<Probed>,
    may_change: bool,
}

/// How a certificate stands: the class and the word by which it is shown.
fn lasting(not_after: &Timestamp, now: &Timestamp) -> (&'static str, &'static str) {
    match not_after {
        end if end <= now => ("bad", "ended"),
        end if *end <= *now + SOON => ("warn", "ends soon"),
        _ => ("good", "valid"),
    }
}

impl PinView {
    /// How the certificate stands that was pinned; nothing if only its key was.
    fn lasting(&self, frame: &Frame) -> Option<(&'static str, &'static str)> {
        Some(lasting(self.not_after.as_ref()?, &frame.now))
    }
}

impl PeerView {
    /// The certificate that ends first, of those that have not ended or, if all have, of all.
    fn ends(&self, frame: &Frame) -> Option<Timestamp> {
        let ends = || self.pins.iter().filter_map(|pin| pin.not_after);
        ends().filter(|end| *end > frame.now).min().or_else(|| ends().max())
    }
}

/// Answers below `/peers`.
pub(super) async fn serve(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<Reply, Problem> {
    match (rest, method) {
        ([], &Method::GET) => list(call, &call.permit()?).await,
        ([], &Method::POST) => add(call, &call.permit()?).await,
        ([name], &Method::GET) => show(call, &call.permit()?, &name.parse()?).await,
        ([name, "change"], &Method::POST) => change(call, &call.permit()?, &name.parse()?).await,
        ([name, "pin"], &Method::POST) => pin(call, &call.permit()?, &name.parse()?).await,
        ([name, "unpin"], &Method::POST) => unpin(call, &call.permit()?, &name.parse()?).await,
        ([name, "revoke"], &Method::POST) => revoke(call, &call.permit()?, &name.parse()?).await,
        ([name, "test"], &Method::POST) => test(call, &call.permit()?, &name.parse()?).await,
        ([name, "remove"], &Method::POST) => remove(call, &call.permit()?, name.parse()?).await,
        ([], _) => Err(wrong_method(method, "GET or POST")),
        ([_], _) => Err(wrong_method(method, "GET")),
        ([_, "change" | "pin" | "unpin" | "revoke" | "test" | "remove"], _) => Err(wrong_method(method, "POST")),
        _ => Err(super::no_such_page(rest)),
    }
}

async fn list(call: &Call<'_>, permitted: &Permitted<Look>) -> Result<Reply, Problem> {
    let list = peers::some(call, permitted, PAGE).await?;
    let turn = Turn::of(call, "/peers", list.peers.len(), "cursor", list.next);
    let turn = turn.among(call.parts.store.count(Peer::TABLE).await?);
    let mut ours = call.parts.directory.ends();
    ours.retain(|one| !one.whose.starts_with("peer "));
    Reply::page(&Peers {
        frame: call.frame("Peers", "/peers"),
        peers: list.peers,
        turn,
        ours,
        relation: asked(call, "relation"),
        state: asked(call, "state"),
        policy: Policy::default(),
        may_change: call.may::<ChangeNode>(),
    })
}

fn page(call: &Call<'_>, peer: PeerView, probed: Option<Probed>) -> Result<Reply, Problem> {
    let frame = call.frame(peer.name.to_string(), "/peers");
    let policy = peer.policy.clone();
    Reply::page(&Page { frame, peer, policy, probed, may_change: call.may::<ChangeNode>() })
}

async fn show(call: &Call<'_>, permitted: &Permitted<Look>, name: &PeerName) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    page(call, peers::show(call, permitted, name).await?, None)
}

/// Back to the peer's page.
fn back(name: &PeerName) -> Reply {
    Reply::see_other(&below("/peers", name))
}

async fn add(call: &Call<'_>, permitted: &Permitted<ChangeNode>) -> Result<Reply, Problem> {
    let form = call.form()?;
    let order = AddOrder {
        name: form.needed("name")?.parse()?,
        address: form.needed("address")?.to_owned(),
        relation: needed(&form, "relation")?,
        policy: Some(policy(&form, Policy::default())?),
        networks: words(&form, "networks"),
        pins: pin_order(&form)?.into_iter().collect(),
    };
    Ok(back(&peers::add(call, permitted, order).await?.name))
}

async fn change(call: &Call<'_>, permitted: &Permitted<ChangeNode>, name: &PeerName) -> Result<Reply, Problem> {
    let form = call.form()?;
    let present = peers::show(call, &call.permit()?, name).await?;
    let order = ChangeOrder {
        address: Some(form.needed("address")?.to_owned()),
        relation: Some(needed(&form, "relation")?),
        policy: Some(policy(&form, present.policy)?),
        networks: Some(words(&form, "networks")),
    };
    peers::change(call, permitted, name, order).await?;
    Ok(back(name))
}

async fn pin(call: &Call<'_>, permitted: &Permitted<ChangeNode>, name: &PeerName) -> Result<Reply, Problem> {
    // Neither certificate nor digest: the order itself says what is missing.
    let order = pin_order(&call.form()?)?.unwrap_or_default();
    peers::pin(call, permitted, name, order).await?;
    Ok(back(name))
}

async fn unpin(call: &Call<'_>, permitted: &Permitted<ChangeNode>, name: &PeerName) -> Result<Reply, Problem> {
    let spki = call.form()?.needed("spki")?.parse()?;
    peers::unpin(call, permitted, name, &spki).await?;
    Ok(back(name))
}

async fn revoke(call: &Call<'_>, permitted: &Permitted<ChangeNode>, name: &PeerName) -> Result<Reply, Problem> {
    let why = call.form()?.needed("why")?.to_owned();
    peers::revoke(call, permitted, name, RevokeOrder { why }).await?;
    Ok(back(name))
}

async fn test(call: &Call<'_>, permitted: &Permitted<ChangeNode>, name: &PeerName) -> Result<Reply, Problem> {
    let probed = peers::test(call, permitted, name).await?;
    let peer = peers::show(call, &call.permit()?, name).await?;
    page(call, peer, Some(probed))
}

async fn remove(call: &Call<'_>, permitted: &Permitted<ChangeNode>, name: PeerName) -> Result<Reply, Problem> {
    peers::remove(call, permitted, name).await?;
    Ok(Reply::see_other("/peers"))
}

fn needed<T>(form: &Form, name: &str) -> Result<T, Problem>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    form.needed(name)?;
    form.read(name)?.ok_or_else(|| Problem::bad_request(format!("{name} is missing"), "go back and fill it in"))
}

fn words(form: &Form, name: &str) -> Vec<String> {
    form.text(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// What a form says of messages of a type for which the table of the relation is right.
const BY_RELATION: &str = "by-relation";

/// The policy as the form has it; what the form does not speak of stays.
fn policy(form: &Form, present: Policy) -> Result<Policy, Problem> {
    let mut messages = present.messages;
    for kind in MsgType::ALL {
        match form.text(&format!("ruling-{kind}")) {
            None => {}
            Some(BY_RELATION) => drop(messages.remove(kind)),
            Some(word) => {
                let unclear = |error| Problem::bad_request(format!("{kind}: {error}"), "go back and change it");
                messages.insert(*kind, word.parse().map_err(unclear)?);
            }
        }
    }
    Ok(Policy {
        messages,
        callback_port: form.read("callback-port")?.unwrap_or(present.callback_port),
        iodef: form.read("iodef")?.unwrap_or(present.iodef),
        signatures: form.read("signatures")?.unwrap_or(present.signatures),
        encryption: form.read("encryption")?.unwrap_or(present.encryption),
        encrypt_green: form.ticked("encrypt-green"),
        ..present
    })
}

/// What the form has of a key: nothing if it has none.
fn pin_order(form: &Form) -> Result<Option<PinOrder>, Problem> {
    let certificate = form.text("certificate").map(str::to_owned);
    let spki = form.text("spki").map(str::parse).transpose()?;
    if certificate.is_none() && spki.is_none() {
        return Ok(None);
    }
    let read = |word: &str| word.parse::<PinUse>().map_err(|error| Problem::bad_request(error, ""));
    let uses = form.all("uses").map(read).collect::<Result<_, _>>()?;
    Ok(Some(PinOrder { certificate, spki, uses }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::problem::Code;

    #[test]
    fn rulings_are_set_and_taken_back_by_type() {
        let mut present = Policy::default();
        present.messages.insert(MsgType::Report, Ruling::Hold);
        present.messages.insert(MsgType::Query, Ruling::Deny);
        let fields = [("ruling-Report", "by-relation"), ("ruling-TraceRequest", "hold"), ("callback-port", "4591")];
        let read = policy(&Form::of(&fields), present.clone()).unwrap();
        assert_eq!(read.messages, [(MsgType::TraceRequest, Ruling::Hold), (MsgType::Query, Ruling::Deny)].into());
        assert_eq!(read.callback_port, 4591);
        assert_eq!(policy(&Form::of(&[("ruling-Report", "maybe")]), present).unwrap_err().code, Code::BadRequest);
    }

    #[test]
    fn certificates_are_told_apart_by_how_long_they_last() {
        let now = Timestamp::from_micros(1_000_000_000_000_000);
        let day = Duration::from_secs(24 * 3600);
        assert_eq!(lasting(&now, &now).1, "ended");
        assert_eq!(lasting(&(now + day), &now).1, "ends soon");
        assert_eq!(lasting(&(now + 31 * day), &now).1, "valid");
    }
}

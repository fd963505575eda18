//! The first sign-in after `ridd operator reset`: a password of one's own, and one-time codes. A session that came in by
//! a one-time password reaches this page and no other.

use hyper::Method;
use hyper::header::SET_COOKIE;

use super::enter::Entered;
use super::session::{self, Opening};
use super::visitor::Visitor;
use super::{Door, csrf, password, totp};
use crate::admin::api::wrong_method;
use crate::admin::http::{Ask, Reply};
use crate::admin::page::Frame;
use crate::admin::picture::Picture;
use crate::admin::problem::{Code, Problem};
use crate::admin::{operators, trail};
use crate::store::records::Credential;
use crate::store::{Batch, Column};

#[derive(askama::Template)]
#[template(path = "setup.html")]
struct Page {
    frame: Frame,
    name: String,
    refused: Option<&'static str>,
    /// The secret in groups of four, for people to type.
    secret: String,
    /// For an app on the same device.
    address: String,
    /// The same for an app on another device, to photograph.
    picture: Option<Picture>,
    least: usize,
}

/// Answers whatever such a session asks for: `/setup` itself, everything else leads there.
pub(super) async fn serve(door: &Door, visitor: &Visitor, ask: &Ask, entered: &Entered) -> Result<Reply, Problem> {
    let Some((token, row)) = &entered.session else { return Ok(Reply::see_other("/")) };
    let Some(secret) = &row.enrolling else { return Ok(Reply::see_other("/")) };
    if ask.is_api() {
        let fix = "choose a password at the page first";
        return Err(Problem::new(Code::NotPermitted, "the one-time password opens nothing else", fix));
    }
    if ask.path != ["setup"] {
        return Ok(Reply::see_other("/setup"));
    }
    match ask.method {
        Method::GET | Method::HEAD => show(door, entered, secret, None),
        Method::POST => {
            let form = ask.form()?;
            csrf::check_token(&token.csrf(), form.text("csrf"))?;
            let (new, again) = (form.text("password").unwrap_or_default(), form.text("again").unwrap_or_default());
            let now = door.parts.clock.now();
            let why = password::fault(new, again);
            if why.is_some() {
                return Ok(show(door, entered, secret, why)?.status(Code::Refused.status()));
            }
            // Guessing the code here proves nothing but that the app is set up.
            let Some(step) = totp::step(secret, form.text("code").unwrap_or_default(), now, None) else {
                let why = Some("the code is not that of the app: is its clock right?");
                return Ok(show(door, entered, secret, why)?.status(Code::Refused.status()));
            };
            keep(door, visitor, ask, entered, new, step).await
        }
        _ => Err(wrong_method(&ask.method, "GET or POST")),
    }
}

fn show(door: &Door, entered: &Entered, secret: &str, refused: Option<&'static str>) -> Result<Reply, Problem> {
    let name = entered.operator.name.clone();
    let node = door.parts.directory.own_name();
    let csrf = entered.session.as_ref().map(|(token, _)| token.csrf());
    let groups: Vec<&str> = secret.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
    let address = totp::address(secret, node.as_str(), &name);
    Reply::page(&Page {
        frame: Frame { csrf, ..door.frame("Choose a password") },
        refused,
        picture: Picture::of(&address),
        address,
        secret: groups.join(" "),
        name,
        least: password::LEAST,
    })
}

/// Keeps the password and the secret, ends every session of before and begins a new one.
async fn keep(
    door: &Door,
    visitor: &Visitor,
    ask: &Ask,
    entered: &Entered,
    new: &str,
    step: i64,
) -> Result<Reply, Problem> {
    let (parts, name) = (door.parts.as_ref(), &entered.operator.name);
    let store = parts.store.as_ref();
    let Some((before, row)) = &entered.session else { return Ok(Reply::see_other("/")) };
    let found = store.find_revised::<Credential>(vec![name.clone().to_value()]).await?;
    let gone = || Problem::new(Code::Conflict, "the one-time password is void", "ask an administrator for another");
    let (credential, revision) = found.filter(|(credential, _)| credential.once.is_some()).ok_or_else(gone)?;
    if password::fits(new.to_owned(), Some(credential.password)).await? {
        let why = Some("the one-time password cannot be kept");
        let secret = row.enrolling.as_deref().unwrap_or_default();
        return Ok(show(door, entered, secret, why)?.status(Code::Refused.status()));
    }
    let begun = trail::begin(parts, &entered.operator, "password set", None).await?;
    let set = async {
        let now = parts.clock.now();
        let password = password::hash(new.to_owned()).await?;
        let (operator, totp) = (name.clone(), row.enrolling.clone());
        let kept = Credential { operator, password, once: None, totp, step: Some(step), set: now };
        let mut batch = Batch::new();
        batch.update(&kept, revision);
        operators::end_sessions(store, &mut batch, name).await?;
        let opening = Opening {
            operator: name.clone(),
            means: "password and code",
            remote: visitor.remote.ip(),
            agent: ask.header("user-agent").map(str::to_owned),
            certificate: None,
            enrolling: None,
        };
        let token = session::open(store, &parts.config.page, &mut batch, opening, Some(before), now).await?;
        store.commit(batch).await?;
        Ok(token)
    };
    let set: Result<_, Problem> = set.await;
    trail::end(parts, begun, &set).await;
    let token = set?;
    tracing::info!(operator = %name, "password and one-time codes set at the page");
    Ok(Reply::see_other("/").with(SET_COOKIE, token.cookie()))
}

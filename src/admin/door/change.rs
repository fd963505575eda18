//! Another password: for whoever knows the present one and has the app. Every other session ends with it.

use hyper::Method;
use hyper::header::SET_COOKIE;

use super::enter::Entered;
use super::session::{self, Opening};
use super::visitor::Visitor;
use super::{Door, password, totp};
use crate::admin::api::wrong_method;
use crate::admin::http::{Ask, Form, Reply};
use crate::admin::page::Frame;
use crate::admin::problem::{Code, Problem};
use crate::admin::{operators, trail};
use crate::store::records::Credential;
use crate::store::{Batch, Column};

#[derive(askama::Template)]
#[template(path = "password.html")]
struct Page {
    frame: Frame,
    refused: Option<&'static str>,
    least: usize,
}

/// Answers `/password`. The token of the form has been checked.
pub(super) async fn serve(door: &Door, visitor: &Visitor, ask: &Ask, entered: &Entered) -> Result<Reply, Problem> {
    if entered.session.is_none() {
        return Ok(Reply::see_other("/"));
    }
    match ask.method {
        Method::GET | Method::HEAD => show(door, entered, None),
        Method::POST => {
            let form = ask.form()?;
            match take(door, visitor, ask, &form, entered).await? {
                Ok(reply) => Ok(reply),
                Err((code, why)) => Ok(show(door, entered, Some(why))?.status(code.status())),
            }
        }
        _ => Err(wrong_method(&ask.method, "GET or POST")),
    }
}

fn show(door: &Door, entered: &Entered, refused: Option<&'static str>) -> Result<Reply, Problem> {
    Reply::page(&Page { frame: entered.frame(door, "Change the password"), refused, least: password::LEAST })
}

async fn take(
    door: &Door,
    visitor: &Visitor,
    ask: &Ask,
    form: &Form,
    entered: &Entered,
) -> Result<Result<Reply, (Code, &'static str)>, Problem> {
    const WRONG: &str = "the present password or the code is wrong";
    let field = |name| form.text(name).unwrap_or_default();
    let (present, new) = (field("present"), field("password"));
    if let Some(why) = password::fault(new, field("again")) {
        return Ok(Err((Code::Refused, why)));
    }
    let (parts, name) = (door.parts.as_ref(), &entered.operator.name);
    let (store, now) = (parts.store.as_ref(), parts.clock.now());
    // A session that somebody left open is no place to guess from, either.
    if door.pace.attempt(name, visitor.remote.ip(), now).is_err() || present.len() > password::MOST {
        return Ok(Err((Code::TooMany, "too many tries: wait a while")));
    }
    let found = store.find_revised::<Credential>(vec![name.clone().to_value()]).await?;
    let fits = password::fits(present.to_owned(), found.as_ref().map(|(found, _)| found.password.clone())).await?;
    let Some((credential, revision)) = found.filter(|_| fits) else { return Ok(Err((Code::NotPermitted, WRONG))) };
    let step = credential.totp.as_deref().and_then(|secret| totp::step(secret, field("code"), now, credential.step));
    let Some(step) = step else { return Ok(Err((Code::NotPermitted, WRONG))) };
    let begun = trail::begin(parts, &entered.operator, "password set", None).await?;
    let set = async {
        let password = password::hash(new.to_owned()).await?;
        let mut batch = Batch::new();
        batch.update(&Credential { password, step: Some(step), set: now, ..credential }, revision);
        operators::end_sessions(store, &mut batch, name).await?;
        let opening = Opening {
            operator: name.clone(),
            means: "password and code",
            remote: visitor.remote.ip(),
            agent: ask.header("user-agent").map(str::to_owned),
            certificate: None,
            enrolling: None,
        };
        let token = session::open(store, &parts.config.page, &mut batch, opening, None, now).await?;
        store.commit(batch).await?;
        Ok(token)
    };
    let set: Result<_, Problem> = set.await;
    trail::end(parts, begun, &set).await;
    let token = set?;
    door.pace.succeeded(name, visitor.remote.ip());
    tracing::info!(operator = %name, "password changed at the page");
    Ok(Ok(Reply::see_other("/sessions").with(SET_COOKIE, token.cookie())))
}

//! Signing out, here or everywhere, and the list of one's own sessions.

use hyper::Method;
use hyper::header::SET_COOKIE;

use super::Door;
use super::enter::Entered;
use super::session::{is_alive, no_cookie};
use crate::admin::api::wrong_method;
use crate::admin::http::{Ask, Reply};
use crate::admin::page::Frame;
use crate::admin::problem::Problem;
use crate::admin::{operators, trail};
use crate::ids::Digest;
use crate::store::records::{Credential, Session};
use crate::store::{Batch, Column};

#[derive(askama::Template)]
#[template(path = "sessions.html")]
struct Page {
    frame: Frame,
    sessions: Vec<Session>,
    /// The one that looks at the page.
    own: Digest,
    /// Whether there is a password to be changed.
    has_password: bool,
}

/// Answers `/sign-out` and `/sessions`. Their token has been checked.
pub(super) async fn serve(door: &Door, ask: &Ask, entered: &Entered) -> Result<Reply, Problem> {
    let Some((_, own)) = &entered.session else { return Ok(Reply::see_other("/")) };
    let path: Vec<&str> = ask.path.iter().map(String::as_str).collect();
    match (path.as_slice(), &ask.method) {
        (["sessions"], &Method::GET | &Method::HEAD) => {
            ask.only(&[])?;
            show(door, entered, own).await
        }
        (["sign-out"], &Method::POST) => {
            let everywhere = ask.form()?.ticked("everywhere");
            end(door, entered, own, everywhere).await
        }
        (["sessions"], _) => Err(wrong_method(&ask.method, "GET")),
        _ => Err(wrong_method(&ask.method, "POST")),
    }
}

async fn show(door: &Door, entered: &Entered, own: &Session) -> Result<Reply, Problem> {
    let parts = door.parts.as_ref();
    let mut sessions = operators::sessions(parts.store.as_ref(), &own.operator).await?;
    let now = parts.clock.now();
    sessions.retain(|session| is_alive(session, &parts.config.page, now));
    sessions.reverse();
    let key = vec![own.operator.clone().to_value()];
    let has_password = parts.store.find::<Credential>(key).await?.is_some_and(|found| found.totp.is_some());
    let frame = entered.frame(door, "Your sessions");
    Reply::page(&Page { frame, sessions, own: own.token.clone(), has_password })
}

async fn end(door: &Door, entered: &Entered, own: &Session, everywhere: bool) -> Result<Reply, Problem> {
    let parts = door.parts.as_ref();
    let store = parts.store.as_ref();
    let act = if everywhere { "sign out everywhere" } else { "sign out" };
    let begun = trail::begin(parts, &entered.operator, act, None).await?;
    let ended = async {
        let mut batch = Batch::new();
        batch.delete::<Session>(vec![own.token.to_value()]);
        if everywhere {
            operators::end_sessions(store, &mut batch, &own.operator).await?;
        }
        store.commit(batch).await?;
        Ok(())
    };
    let ended: Result<(), Problem> = ended.await;
    trail::end(parts, begun, &ended).await;
    ended?;
    tracing::info!(operator = %entered.operator, everywhere, "signed out of the page");
    Ok(Reply::see_other("/sign-in").with(SET_COOKIE, no_cookie()))
}

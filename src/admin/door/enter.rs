//! Every request that comes to the door: whose it is, whether it may go on, and where to. Whatever needs a session is
//! refused before its body is read.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::{Request, Response};

use super::session::{self, Token};
use super::visitor::Visitor;
use super::{Door, change, csrf, headers, sessions, setup, sign_in};
use crate::admin::auth::Operator;
use crate::admin::call::Call;
use crate::admin::http::{Ask, Body, Reply, answer as reply};
use crate::admin::page::{self, Frame, assets};
use crate::admin::problem::{Code, Problem};
use crate::admin::{client, operators, server};
use crate::store::records::Session;

/// Bytes of what anybody may send without being in: a sign-in.
const STRANGERS_BODY: usize = 8 * 1_024;

/// Somebody who is in.
pub(super) struct Entered {
    pub(super) operator: Operator,
    /// The session, with its token; nothing for a program that shows its certificate with each request.
    pub(super) session: Option<(Token, Session)>,
}

/// Answers one request.
pub(super) async fn answer(door: Arc<Door>, visitor: Arc<Visitor>, request: Request<Incoming>) -> Response<Body> {
    let is_api = Ask::is_of_api(request.uri().path());
    let response = match enter(&door, &visitor, request).await {
        Ok(response) => response,
        Err(problem) => unread(refused(&door, is_api, problem)),
    };
    headers::harden(response)
}

/// A body that was not read is in the way of the next request.
fn unread(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// What went wrong, for a program or for a person who is not in.
fn refused(door: &Door, is_api: bool, problem: Problem) -> Response<Body> {
    if is_api {
        return reply(Err(problem));
    }
    page::problem(door.frame("This did not work"), &problem)
}

async fn enter(door: &Door, visitor: &Visitor, request: Request<Incoming>) -> Result<Response<Body>, Problem> {
    let path = request.uri().path().to_owned();
    if let Some(name) = path.strip_prefix("/assets/") {
        return Ok(assets::serve(request.method(), name)?.into_response());
    }
    if !csrf::is_safe(request.method()) {
        csrf::check_origin(request.headers())?;
    }
    let parts = door.parts.as_ref();
    if path == "/sign-in" {
        let before = Token::of(request.headers());
        let ask = Ask::read(request, STRANGERS_BODY, parts.config.read_time).await?;
        return Ok(sign_in::serve(door, visitor, &ask, before.as_ref()).await?.into_response());
    }
    let Some(entered) = entered(door, visitor, &request).await? else { return outside(&request) };
    if entered.session.as_ref().is_some_and(|(_, session)| session.enrolling.is_some()) && path != "/sign-out" {
        let ask = Ask::read(request, STRANGERS_BODY, parts.config.read_time).await?;
        return Ok(setup::serve(door, visitor, &ask, &entered).await?.into_response());
    }
    let safe = csrf::is_safe(request.method());
    let read = Ask::read(request, server::body_limit(parts, &path), parts.config.read_time).await;
    let checked = read.and_then(|ask| if safe { Ok(ask) } else { check(&ask, &entered).map(|()| ask) });
    let ask = match checked {
        Ok(ask) => ask,
        Err(problem) => return Ok(unread(entered.call(door).answer_unread(&path, problem))),
    };
    let own = match path.as_str() {
        "/sign-out" | "/sessions" => sessions::serve(door, &ask, &entered).await,
        "/password" => change::serve(door, visitor, &ask, &entered).await,
        _ => {
            let csrf = entered.session.as_ref().map(|(token, _)| token.csrf());
            return Ok(Call::new(parts, entered.operator, door.owner, ask).with_csrf(csrf).answer().await);
        }
    };
    Ok(match own {
        Ok(reply) => reply.into_response(),
        Err(problem) => entered.call(door).answer_unread(&path, problem),
    })
}

/// Who it is: by the session of the cookie or, for a program, by the certificate alone.
async fn entered(door: &Door, visitor: &Visitor, request: &Request<Incoming>) -> Result<Option<Entered>, Problem> {
    let parts = door.parts.as_ref();
    let store = parts.store.as_ref();
    let Some(token) = Token::of(request.headers()) else {
        if !request.uri().path().starts_with("/api/") {
            return Ok(None);
        }
        let Some(key) = visitor.key(&parts.directory) else { return Ok(None) };
        let found = operators::certified(store, &key).await?;
        return Ok(found.map(|operator| Entered { operator, session: None }));
    };
    let found = session::find(store, &parts.config.page, &token, parts.clock.now()).await?;
    let Some(session) = found else { return Ok(None) };
    if session.certificate.is_some() && session.certificate != visitor.key(&parts.directory) {
        return Ok(None);
    }
    // An operator who was removed meanwhile is nobody; so is one whose certificate was taken away.
    let operator = operators::named(store, &session.operator, session.certificate.as_ref()).await?;
    Ok(operator.map(|operator| Entered { operator, session: Some((token, session)) }))
}

/// What is said to whoever is not in.
fn outside(request: &Request<Incoming>) -> Result<Response<Body>, Problem> {
    let address = request.uri().path_and_query().map_or("/", |address| address.as_str());
    if Ask::is_of_api(request.uri().path()) || address == "/live" || !csrf::is_safe(request.method()) {
        return Err(Problem::new(Code::NotSignedIn, "you are not signed in", "sign in at /sign-in, and try again"));
    }
    let to = if address == "/" { "/sign-in".to_owned() } else { format!("/sign-in?to={}", client::encode(address)) };
    Ok(Reply::see_other(&to).into_response())
}

/// Refuses a change that our own pages, or a program that means it, did not send.
fn check(ask: &Ask, entered: &Entered) -> Result<(), Problem> {
    let kind = ask.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if let Some((token, _)) = &entered.session {
        let form = if ask.header("x-csrf").is_none() && !ask.is_api() { Some(ask.form()?) } else { None };
        let given = ask.header("x-csrf").or_else(|| form.as_ref()?.text("csrf"));
        return csrf::check_token(&token.csrf(), given);
    }
    // These are all that a form of another site can send with the certificate of a browser.
    if ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", ""].contains(&kind.as_str()) {
        let fix = "send application/json, or application/octet-stream for a file";
        return Err(Problem::new(Code::NotPermitted, format!("{kind:?} is not taken with a certificate alone"), fix));
    }
    Ok(())
}

impl Entered {
    /// The frame of one of the door's own pages, with all that is around every page.
    pub(super) fn frame(&self, door: &Door, title: &str) -> Frame {
        self.call(door).frame(title, "")
    }

    /// What they ask for where no request could be read: nothing.
    fn call<'a>(&self, door: &'a Door) -> Call<'a> {
        let csrf = self.session.as_ref().map(|(token, _)| token.csrf());
        Call::new(&door.parts, self.operator.clone(), door.owner, Ask::nothing()).with_csrf(csrf)
    }
}

impl Door {
    /// The frame of a page for whoever is not in.
    pub(super) fn frame(&self, title: &str) -> Frame {
        let parts = &self.parts;
        Frame::bare(title, parts.directory.own_name().to_string(), parts.clock.now())
    }
}

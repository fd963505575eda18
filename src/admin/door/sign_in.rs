//! The sign-in: by certificate, or by name, password and one-time code. Whatever is wrong, the answer and its time are
//! the same; what is right is never said in part.

use hyper::Method;
use hyper::header::{HeaderValue, RETRY_AFTER, SET_COOKIE};

use super::session::{self, Opening, Token};
use super::visitor::Visitor;
use super::{Door, password, totp};
use crate::admin::api::wrong_method;
use crate::admin::auth::Operator;
use crate::admin::http::{Ask, Form, Reply};
use crate::admin::page::Frame;
use crate::admin::problem::{Code, Problem};
use crate::admin::{operators, trail};
use crate::clock::{Timestamp, span};
use crate::store::records::Credential;
use crate::store::{Batch, Column, StoreError};

#[derive(askama::Template)]
#[template(path = "sign_in.html")]
struct Page {
    frame: Frame,
    /// Why the last try was refused.
    refused: Option<String>,
    /// Who can sign in by the certificate that the browser showed.
    certified: Option<String>,
    /// Where to go then.
    to: String,
}

/// Answers `/sign-in`. `before` is what the browser holds already: it is never taken on.
pub(super) async fn serve(door: &Door, visitor: &Visitor, ask: &Ask, before: Option<&Token>) -> Result<Reply, Problem> {
    match ask.method {
        Method::GET | Method::HEAD => {
            let to = place(ask.parameter::<String>("to")?.as_deref());
            show(door, visitor, to, None).await
        }
        Method::POST => {
            let form = ask.form()?;
            let to = place(form.text("to"));
            match take(door, visitor, ask, &form, before).await? {
                Taken::In(reply) => Ok(reply.with_place(&to)),
                Taken::Refused { status, why, wait } => {
                    let reply = show(door, visitor, to, Some(why)).await?.status(status);
                    Ok(match wait {
                        Some(wait) => reply.with(RETRY_AFTER, HeaderValue::from(wait)),
                        None => reply,
                    })
                }
            }
        }
        _ => Err(wrong_method(&ask.method, "GET or POST")),
    }
}

/// What became of a try.
enum Taken {
    In(In),
    Refused {
        status: u16,
        why: String,
        /// Seconds until the next try.
        wait: Option<u64>,
    },
}

/// Somebody is in.
struct In {
    token: Token,
    enrolling: bool,
}

impl In {
    fn with_place(self, to: &str) -> Reply {
        let address = if self.enrolling { "/setup" } else { to };
        Reply::see_other(address).with(SET_COOKIE, self.token.cookie())
    }
}

async fn show(door: &Door, visitor: &Visitor, to: String, refused: Option<String>) -> Result<Reply, Problem> {
    let certified = certified(door, visitor).await?.map(|(operator, _)| operator.name);
    Reply::page(&Page { frame: door.frame("Sign in"), refused, certified, to })
}

async fn certified(door: &Door, visitor: &Visitor) -> Result<Option<(Operator, crate::ids::Digest)>, Problem> {
    let Some(key) = visitor.key(&door.parts.directory) else { return Ok(None) };
    let operator = operators::certified(door.parts.store.as_ref(), &key).await?;
    Ok(operator.map(|operator| (operator, key)))
}

async fn take(
    door: &Door,
    visitor: &Visitor,
    ask: &Ask,
    form: &Form,
    before: Option<&Token>,
) -> Result<Taken, Problem> {
    if form.ticked("certificate") {
        let Some((operator, key)) = certified(door, visitor).await? else {
            return Ok(refused("the certificate of this browser is no operator's"));
        };
        let opening = Opening { certificate: Some(key), ..opening(&operator, "certificate", visitor, ask) };
        return enter(door, &operator, Batch::new(), opening, before).await;
    }
    let (name, secret) = (form.text("name").unwrap_or_default(), form.text("password").unwrap_or_default());
    let now = door.parts.clock.now();
    if let Err(wait) = door.pace.attempt(name, visitor.remote.ip(), now) {
        tracing::warn!(remote = %visitor.remote, "tries to sign in come too fast");
        let seconds = wait.as_secs().saturating_add(1);
        let why =
            format!("too many tries: wait {} and try again", span::words(std::time::Duration::from_secs(seconds)));
        return Ok(Taken::Refused { status: Code::TooMany.status(), why, wait: Some(seconds) });
    }
    if name.chars().count() > 64 || secret.len() > password::MOST {
        return Ok(wrong(visitor));
    }
    let store = door.parts.store.as_ref();
    let operator = operators::named(store, name, None).await?;
    let found = store.find_revised::<Credential>(vec![name.to_owned().to_value()]).await?;
    let hash = found.as_ref().filter(|_| operator.is_some()).map(|(credential, _)| credential.password.clone());
    let fits = password::fits(secret.to_owned(), hash).await?;
    let code = form.text("code").unwrap_or_default();
    let (Some(operator), Some((credential, revision)), true) = (operator, found, fits) else {
        return Ok(wrong(visitor));
    };
    let Some((credential, enrolling)) = second(credential, code, now)? else { return Ok(wrong(visitor)) };
    let means = if enrolling.is_some() { "one-time password" } else { "password and code" };
    let mut batch = Batch::new();
    // Of two tries with the same code at the same time one finds the credential changed.
    batch.update(&credential, revision);
    let opening = Opening { enrolling, ..opening(&operator, means, visitor, ask) };
    let taken = enter(door, &operator, batch, opening, before).await?;
    if matches!(taken, Taken::In(_)) {
        door.pace.succeeded(name, visitor.remote.ip());
    }
    Ok(taken)
}

/// The second proof: the code; or, with a one-time password, its time. Then the credential as it is to be kept, and the
/// secret that is to be set up.
fn second(credential: Credential, code: &str, now: Timestamp) -> Result<Option<(Credential, Option<String>)>, Problem> {
    if let Some(until) = credential.once {
        return Ok(if now < until { Some((credential, Some(totp::secret()?))) } else { None });
    }
    let step = credential.totp.as_deref().and_then(|secret| totp::step(secret, code, now, credential.step));
    Ok(step.map(|step| (Credential { step: Some(step), ..credential }, None)))
}

fn opening(operator: &Operator, means: &'static str, visitor: &Visitor, ask: &Ask) -> Opening {
    Opening {
        operator: operator.name.clone(),
        means,
        remote: visitor.remote.ip(),
        agent: ask.header("user-agent").map(str::to_owned),
        certificate: None,
        enrolling: None,
    }
}

async fn enter(
    door: &Door,
    operator: &Operator,
    mut batch: Batch,
    opening: Opening,
    before: Option<&Token>,
) -> Result<Taken, Problem> {
    let parts = door.parts.as_ref();
    let enrolling = opening.enrolling.is_some();
    let (means, remote) = (opening.means, opening.remote);
    let target = format!("{means}, from {remote}");
    let begun = trail::begin(parts, operator, "sign in", Some(target)).await?;
    let store = parts.store.as_ref();
    let opened = async {
        let now = parts.clock.now();
        operators::still(store, &mut batch, &operator.name).await?;
        let token = session::open(store, &parts.config.page, &mut batch, opening, before, now).await?;
        match store.commit(batch).await {
            Ok(()) => Ok(Ok(token)),
            Err(StoreError::Conflict { .. }) => Ok(Err(refused(WRONG))),
            Err(error) => Err(Problem::from(error)),
        }
    };
    let opened = opened.await;
    let outcome = match &opened {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) => Err(Problem::new(Code::Conflict, WRONG, "")),
        Err(problem) => Err(problem.clone()),
    };
    trail::end(parts, begun, &outcome).await;
    Ok(match opened? {
        Ok(token) => {
            tracing::info!(%operator, %remote, means, "signed in at the page");
            Taken::In(In { token, enrolling })
        }
        Err(taken) => taken,
    })
}

/// What is said whatever was wrong.
const WRONG: &str = "name, password or code is wrong";

fn wrong(visitor: &Visitor) -> Taken {
    // Not the name: people write passwords there.
    tracing::warn!(remote = %visitor.remote, "a sign-in at the page was refused");
    refused(WRONG)
}

fn refused(why: &str) -> Taken {
    Taken::Refused { status: Code::NotSignedIn.status(), why: why.to_owned(), wait: None }
}

/// An address of ours to go to after the sign-in; the start page for anything that could lead elsewhere.
fn place(to: Option<&str>) -> String {
    let ours = |to: &&str| {
        to.starts_with('/')
            && !to.starts_with("//")
            && !to.starts_with("/sign")
            && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    to.filter(ours).unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_our_own_pages_only() {
        for (to, place_) in [
            (None, "/"),
            (Some("/events/1?all=1"), "/events/1?all=1"),
            (Some("https://evil.example/"), "/"),
            (Some("//evil.example/"), "/"),
            (Some("/\\evil.example/"), "/"),
            (Some("/sign-out"), "/"),
            (Some("/a\r\nset-cookie: x"), "/"),
        ] {
            assert_eq!(place(to), place_, "{to:?}");
        }
    }
}

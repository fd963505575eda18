//! Sessions: what a browser holds after a sign-in (a random token in a cookie), and what the store keeps of it (the
//! token's SHA-256), so that whoever reads the store cannot act as anybody.

use std::net::IpAddr;
use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::{COOKIE, HeaderValue};

use super::{PageConfig, random};
use crate::admin::operators;
use crate::admin::problem::Problem;
use crate::clock::Timestamp;
use crate::ids::Digest;
use crate::store::records::Session;
use crate::store::{Batch, Column, Store, StoreError};

/// Sessions of one operator at most: with one more the oldest ends.
pub(in crate::admin) const SESSIONS: usize = 32;

/// `__Host-`: browsers take it over TLS only, from this host only, for every path (RFC 6265bis §4.1.3.2).
const NAME: &str = "__Host-ridd";

/// The use of a session is written so often, not at every request.
const SEEN: Duration = Duration::from_secs(60);

/// Characters kept of what a browser says it is.
const AGENT: usize = 160;

/// What a browser holds. Never logged, never kept.
pub(super) struct Token(String);

impl Token {
    fn fresh() -> Result<Self, Problem> {
        Ok(Self(random()?))
    }

    /// The token in the request's cookie, if there is one in our form.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, token) = pairs.into_iter().find(|(name, _)| *name == NAME)?;
        let well = token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        well.then(|| Self(token.to_owned()))
    }

    /// How the store knows it.
    pub(super) fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// What every form of the session carries: it follows from the token, and the token does not follow from it.
    pub(super) fn csrf(&self) -> String {
        Digest::of_parts([b"csrf:".as_slice(), self.0.as_bytes()]).to_string()
    }

    /// The cookie that gives it to the browser, for as long as that is open.
    pub(super) fn cookie(&self) -> HeaderValue {
        let text = format!("{NAME}={}; Path=/; Secure; HttpOnly; SameSite=Strict", self.0);
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
    }
}

/// The cookie that takes the token from the browser.
pub(super) fn no_cookie() -> HeaderValue {
    HeaderValue::from_static("__Host-ridd=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// What a new session is made of.
pub(super) struct Opening {
    pub(super) operator: String,
    pub(super) means: &'static str,
    pub(super) remote: IpAddr,
    pub(super) agent: Option<String>,
    pub(super) certificate: Option<Digest>,
    pub(super) enrolling: Option<String>,
}

/// Adds a session with a fresh token to the batch. What the browser held before ends; so do sessions of the operator that
/// have run out, and the oldest if there are too many.
pub(super) async fn open(
    store: &dyn Store,
    config: &PageConfig,
    batch: &mut Batch,
    opening: Opening,
    before: Option<&Token>,
    now: Timestamp,
) -> Result<Token, Problem> {
    let token = Token::fresh()?;
    if let Some(before) = before {
        batch.delete::<Session>(vec![before.digest().to_value()]);
    }
    let known = operators::sessions(store, &opening.operator).await?;
    let (alive, dead): (Vec<_>, Vec<_>) = known.iter().partition(|session| is_alive(session, config, now));
    let many = alive.iter().take((alive.len() + 1).saturating_sub(SESSIONS));
    for session in dead.iter().chain(many) {
        batch.delete::<Session>(vec![session.token.to_value()]);
    }
    let Opening { operator, means, remote, agent, certificate, enrolling } = opening;
    let agent = agent.map(|agent| agent.chars().filter(|c| !c.is_control()).take(AGENT).collect());
    batch.insert(&Session {
        token: token.digest(),
        operator,
        means: means.to_owned(),
        remote: remote.to_canonical().to_string(),
        agent,
        begun: now,
        seen: now,
        certificate,
        enrolling,
    });
    Ok(token)
}

/// The session of that token, unless it has run out.
pub(super) async fn find(
    store: &dyn Store,
    config: &PageConfig,
    token: &Token,
    now: Timestamp,
) -> Result<Option<Session>, StoreError> {
    let key = vec![token.digest().to_value()];
    let Some((session, revision)) = store.find_revised::<Session>(key.clone()).await? else { return Ok(None) };
    let mut batch = Batch::new();
    if !is_alive(&session, config, now) {
        batch.delete::<Session>(key);
        store.commit(batch).await?;
        return Ok(None);
    }
    if now.since(session.seen) >= SEEN {
        batch.update(&Session { seen: now, ..session.clone() }, revision);
        match store.commit(batch).await {
            // Another request of the session wrote it, or it was signed out: the next request finds that.
            Ok(()) | Err(StoreError::Conflict { .. }) => {}
            Err(error) => tracing::debug!(%error, "the use of a session could not be written"),
        }
    }
    Ok(Some(session))
}

/// Whether the session has not run out.
pub(super) fn is_alive(session: &Session, config: &PageConfig, now: Timestamp) -> bool {
    // What is written to the minute only may be a minute old.
    now.since(session.seen) < config.idle_time.max(SEEN) && now.since(session.begun) < config.session_time
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        [(COOKIE, HeaderValue::from_str(cookie).unwrap())].into_iter().collect()
    }

    #[test]
    fn only_a_token_of_our_form_is_read_from_the_cookie() {
        let token = "0f".repeat(32);
        assert_eq!(Token::of(&headers(&format!("a=b; {NAME}={token}; c=d"))).unwrap().0, token);
        for bad in [String::new(), format!("{NAME}="), format!("ridd={token}"), format!("{NAME}={token}0")] {
            assert!(Token::of(&headers(&bad)).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_cookie_is_for_this_host_and_not_for_scripts() {
        let token = Token::fresh().unwrap();
        let cookie = token.cookie();
        let cookie = cookie.to_str().unwrap();
        assert_eq!(cookie, format!("__Host-ridd={}; Path=/; Secure; HttpOnly; SameSite=Strict", token.0));
        assert_ne!(token.digest().to_string(), token.csrf());
        assert_ne!(Token::fresh().unwrap().0, token.0);
    }

    #[test]
    fn a_session_runs_out() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let session = Session {
            token: Digest::of(b"token"),
            operator: "ann".to_owned(),
            means: "certificate".to_owned(),
            remote: "192.0.2.1".to_owned(),
            agent: None,
            begun: at(0),
            seen: at(4_000),
            certificate: None,
            enrolling: None,
        };
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        let config = PageConfig { idle_time: minutes(10), session_time: minutes(100), ..PageConfig::default() };
        assert!(is_alive(&session, &config, at(4_599)));
        assert!(!is_alive(&session, &config, at(4_600)), "idle");
        let used = Session { seen: at(5_999), ..session };
        assert!(is_alive(&used, &config, at(5_999)));
        assert!(!is_alive(&used, &config, at(6_000)), "old");
    }
}

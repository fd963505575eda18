//! What operators sign in with at the page, as administrators give it out: a password for one sign-in, new one-time codes.
//! `api::operators` gives the orders; what operators do about it themselves is in `door`.
//!
//! Whatever is given out voids what was there: the write holds only if nobody has signed in since the sessions that it ends
//! were listed (a sign-in writes the credential, too).

use std::time::Duration;

use super::door::{password, totp};
use super::operators::{end_sessions, known};
use super::problem::{Code, Problem};
use crate::clock::Timestamp;
use crate::store::records::Credential;
use crate::store::{Batch, Column, Store, StoreError};

/// How often it is tried while the operator signs in, and in, and in.
const TRIES: usize = 8;

/// Gives the operator a new password for one sign-in within `life`, at which another is chosen and one-time codes are set
/// up; whatever they had is void, and their sessions end.
pub(super) async fn reset(
    store: &dyn Store,
    name: &str,
    now: Timestamp,
    life: Duration,
) -> Result<(String, Timestamp), Problem> {
    known(store, name).await?;
    let (clear, hash) = password::fresh().await?;
    let until = now + life;
    replace(store, name, |_| {
        let (operator, password, once) = (name.to_owned(), hash.clone(), Some(until));
        Ok(Credential { operator, password, once, totp: None, step: None, set: now })
    })
    .await?;
    Ok((clear, until))
}

/// Gives the operator a new secret for one-time codes; the password stays, and the sessions end.
pub(super) async fn renew_codes(store: &dyn Store, name: &str) -> Result<String, Problem> {
    known(store, name).await?;
    let secret = totp::secret()?;
    replace(store, name, |before| match before {
        Some(before) if before.once.is_none() => {
            Ok(Credential { totp: Some(secret.clone()), step: None, ..before.clone() })
        }
        _ => {
            let message = format!("{name} has no password yet, beside which codes could be asked for");
            Err(Problem::new(Code::Conflict, message, format!("`ridd operator reset {name}` gives one")))
        }
    })
    .await?;
    Ok(secret)
}

/// Writes the credential that `make` makes of the present one, and ends every session.
async fn replace(
    store: &dyn Store,
    name: &str,
    make: impl Fn(Option<&Credential>) -> Result<Credential, Problem>,
) -> Result<(), Problem> {
    let mut tries = 0;
    loop {
        let batch = replacing(store, name, &make).await?;
        tries += 1;
        match store.commit(batch).await {
            Ok(()) => return Ok(()),
            Err(StoreError::Conflict { .. }) if tries < TRIES => {}
            Err(error) => return Err(error.into()),
        }
    }
}

async fn replacing(
    store: &dyn Store,
    name: &str,
    make: impl Fn(Option<&Credential>) -> Result<Credential, Problem>,
) -> Result<Batch, Problem> {
    let found = store.find_revised::<Credential>(vec![name.to_owned().to_value()]).await?;
    let made = make(found.as_ref().map(|(before, _)| before))?;
    let mut batch = Batch::new();
    match found {
        Some((_, revision)) => batch.update(&made, revision),
        None => batch.insert(&made),
    };
    // After the credential was read: whoever signs in from now on makes the batch fail.
    end_sessions(store, &mut batch, name).await?;
    Ok(batch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Digest;
    use crate::store::Scan;
    use crate::store::records::{Operator, Role, Session};

    fn session(token: &[u8]) -> Session {
        Session {
            token: Digest::of(token),
            operator: "ann".to_owned(),
            means: "password and code".to_owned(),
            remote: "192.0.2.1".to_owned(),
            agent: None,
            begun: Timestamp::default(),
            seen: Timestamp::default(),
            certificate: None,
            enrolling: None,
        }
    }

    /// Signs ann in, as the door does: the credential is written with the session.
    async fn sign_in(store: &dyn Store, token: &[u8]) {
        let found = store.find_revised::<Credential>(vec!["ann".to_owned().to_value()]).await.unwrap();
        let (credential, revision) = found.unwrap();
        let mut batch = Batch::new();
        batch.update(&credential, revision).insert(&session(token));
        store.commit(batch).await.unwrap();
    }

    #[tokio::test]
    async fn nobody_stays_in_who_signs_in_while_the_password_is_reset() {
        let dir = tempfile::tempdir().unwrap();
        let store = crate::store::open(&crate::store::Config::default().resolved(dir.path())).unwrap();
        let store = store.as_ref();
        let (now, life) = (Timestamp::default(), Duration::from_secs(60));
        assert_eq!(reset(store, "ann", now, life).await.unwrap_err().code, Code::NotFound);
        let (name, by) = ("ann".to_owned(), "uid 0".to_owned());
        let (user, person, unit, certificates) = (None, None, None, None);
        let mut batch = Batch::new();
        batch.put(&Operator { name, user, role: Role::Viewer, person, unit, certificates, added: now, by });
        store.commit(batch).await.unwrap();
        reset(store, "ann", now, life).await.unwrap();
        assert_eq!(renew_codes(store, "ann").await.unwrap_err().code, Code::Conflict, "no password of one's own yet");
        sign_in(store, b"one").await;
        let make = |before: Option<&Credential>| Ok(Credential { once: None, ..before.unwrap().clone() });
        let late = replacing(store, "ann", make).await.unwrap();
        sign_in(store, b"two").await;
        assert!(matches!(store.commit(late).await, Err(StoreError::Conflict { .. })), "two would have stayed in");
        replace(store, "ann", make).await.unwrap();
        assert!(store.list::<Session>(Scan::of::<Session>(9)).await.unwrap().is_empty());
        let secret = renew_codes(store, "ann").await.unwrap();
        let found = store.find::<Credential>(vec!["ann".to_owned().to_value()]).await.unwrap().unwrap();
        assert_eq!((found.totp, found.step, found.once), (Some(secret), None, None));
    }
}

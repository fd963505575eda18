//! Passwords: argon2id with a salt of their own, hashed away from the threads that serve, and only so many at once, for
//! each takes 19 MiB.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::fill;
use crate::admin::problem::{Code, Problem};

/// Characters of a password that an operator chooses, at least.
pub(super) const LEAST: usize = 12;

/// Bytes of a password at most: more are not hashed.
pub(super) const MOST: usize = 256;

/// Hashes computed at once.
static ROOM: Semaphore = Semaphore::const_new(2);

/// The hash of no password, made with the same effort: for whoever has none, so that the answer takes as long.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// 32 characters that are not taken for one another.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz234567890";

/// What is wrong with a password that somebody chooses, if anything is.
pub(super) fn fault(new: &str, again: &str) -> Option<&'static str> {
    if new.chars().count() < LEAST {
        Some("the password is too short")
    } else if new.len() > MOST {
        Some("the password is too long")
    } else if new != again {
        Some("the two passwords differ")
    } else {
        None
    }
}

/// A new random password of 100 bits, in four groups, and its hash.
pub(in crate::admin) async fn fresh() -> Result<(String, String), Problem> {
    let mut bytes = [0; 20];
    fill(&mut bytes)?;
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    let groups: Vec<String> = bytes.chunks(5).map(|group| group.iter().map(letter).collect()).collect();
    let clear = groups.join("-");
    let hash = hash(clear.clone()).await?;
    Ok((clear, hash))
}

/// The hash of the password in the PHC form.
pub(super) async fn hash(password: String) -> Result<String, Problem> {
    let mut salt = [0; 16];
    fill(&mut salt)?;
    let hashed = apart(move || Argon2::default().hash_password_with_salt(password.as_bytes(), &salt)).await?;
    let failed = |error| Problem::new(Code::Failed, format!("the password cannot be hashed: {error}"), "");
    Ok(hashed.map_err(failed)?.to_string())
}

/// Whether it is the password of that hash. Without a hash it takes as long, and is not.
pub(super) async fn fits(password: String, hash: Option<String>) -> Result<bool, Problem> {
    let known = hash.is_some();
    let hash = hash.unwrap_or_else(|| NOBODYS.to_owned());
    let verified = apart(move || {
        // A hash that cannot be read is nobody's, too.
        let parsed = PasswordHash::new(&hash).or_else(|_| PasswordHash::new(NOBODYS));
        parsed.is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
    });
    Ok(verified.await? && known)
}

#[cfg(test)]
thread_local! {
    /// How often a password was hashed for the test that runs on this thread.
    pub(in crate::admin) static HASHED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Does the work on a thread of its own, when there is room.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    #[cfg(test)]
    HASHED.set(HASHED.get() + 1);
    let failed = |why: String| Problem::new(Code::Failed, format!("the password could not be checked: {why}"), "");
    let place = ROOM.acquire().await.map_err(|error| failed(error.to_string()))?;
    let done = spawn_blocking(work).await.map_err(|error| failed(error.to_string()));
    drop(place);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let (clear, hash) = fresh().await.unwrap();
        assert_eq!((clear.len(), clear.matches('-').count()), (23, 3));
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(fits(clear.clone(), Some(hash.clone())).await.unwrap());
        assert!(!fits("other".to_owned(), Some(hash)).await.unwrap());
        assert!(!fits(clear.clone(), None).await.unwrap());
        assert!(!fits(clear, Some("no hash".to_owned())).await.unwrap());
    }

    #[test]
    fn nobodys_hash_takes_the_effort_of_every_other() {
        assert!(PasswordHash::new(NOBODYS).is_ok());
        assert!(NOBODYS.contains("m=19456,t=2,p=1"));
    }
}

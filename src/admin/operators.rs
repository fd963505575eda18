//! Who the operators are: by name, with a role, kept in the store; some are local users, some sign in at the page. `server`
//! and `door` ask here at every request, so that an edit takes effect at once; `api::operators` makes the edits.

use super::auth::Operator;
use super::problem::{Code, Problem};
use crate::clock::Timestamp;
use crate::ids::{Digest, PeerName};
use crate::store::records::{self, Credential, LocalOperator, Role, Session};
use crate::store::{Batch, Column, Precondition, Record, Scan, Store, StoreError, Value};

/// Operators at most.
pub(super) const MOST: usize = 1_000;

/// Characters of an operator's name at most.
const NAME_LIMIT: usize = 64;

/// Certificates of one operator at most.
const CERTIFICATES: usize = 8;

/// Moves the operators of a store that was written before there was a page to where they are now.
pub(super) async fn adopt(store: &dyn Store) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    for old in store.list::<LocalOperator>(Scan::of::<LocalOperator>(MOST)).await? {
        let LocalOperator { user, name, role, person, unit, added, by } = old;
        batch.delete::<LocalOperator>(vec![user.to_value()]);
        batch.put(&records::Operator { name, user: Some(user), role, person, unit, certificates: None, added, by });
    }
    if batch.is_empty() { Ok(()) } else { store.commit(batch).await }
}

/// The operator that is this local user. `owner` is the user who owns the socket: that user and root are administrators
/// whatever the table says, so that nobody can lock the last door; the table may give them a name.
pub(super) async fn whoever(store: &dyn Store, user: u32, owner: u32) -> Result<Operator, Problem> {
    // Two at once, of two administrators at the same time, would be one too many to say who asks.
    let scan = Scan::of::<records::Operator>(2).by("by_user").with(vec![i64::from(user).to_value()]);
    let row = store.list::<records::Operator>(scan).await.map(only);
    if is_owner(user, owner) {
        // Those two get in even when the store cannot be read, which they may have to mend.
        let row = row.ok().flatten();
        let (name, person) = row.map_or_else(|| (format!("uid {user}"), None), |row| (row.name, row.person));
        return Ok(Operator { user: Some(user), name, role: Role::Administrator, person, unit: None });
    }
    match row? {
        Some(row) => Ok(acting(row, Some(user))),
        None => {
            let message = format!("user {user} is no operator of this node");
            let fix = format!("an administrator adds you with `ridd operator add {user} --role ROLE`");
            Err(Problem::new(Code::NotPermitted, message, fix))
        }
    }
}

/// The one, if there is one and no other.
fn only<T>(all: Vec<T>) -> Option<T> {
    let mut all = all.into_iter();
    all.next().filter(|_| all.next().is_none())
}

/// The operator of that name, who acts over the page; `certificate` is the key by which the session began, which must be
/// theirs still.
pub(super) async fn named(
    store: &dyn Store,
    name: &str,
    certificate: Option<&Digest>,
) -> Result<Option<Operator>, StoreError> {
    let row = store.find::<records::Operator>(key(name)).await?;
    let row = row.filter(|row| certificate.is_none_or(|spki| pins(row).any(|pin| pin == spki.as_str())));
    Ok(row.map(|row| acting(row, None)))
}

/// The operator to whom the certificate of that key (SHA-256 of SPKI) is pinned. A key that two have is nobody's.
pub(super) async fn certified(store: &dyn Store, spki: &Digest) -> Result<Option<Operator>, StoreError> {
    let all = store.list::<records::Operator>(Scan::of::<records::Operator>(MOST)).await?;
    let found = only(all.into_iter().filter(|row| pins(row).any(|pin| pin == spki.as_str())).collect());
    Ok(found.map(|row| acting(row, None)))
}

/// Adds to the batch that the operator is still as this finds them: nobody who is removed meanwhile gets a session.
///
/// # Errors
/// If there is no such operator.
pub(super) async fn still(store: &dyn Store, batch: &mut Batch, name: &str) -> Result<(), Problem> {
    let (_, revision) = known(store, name).await?;
    batch.preconditions.push(unchanged(name, revision));
    Ok(())
}

fn key(name: &str) -> Vec<Value> {
    vec![name.to_owned().to_value()]
}

fn unchanged(name: &str, revision: i64) -> Precondition {
    Precondition::Revision { table: records::Operator::TABLE, key: key(name), revision }
}

fn acting(row: records::Operator, user: Option<u32>) -> Operator {
    Operator { user, name: row.name, role: row.role, person: row.person, unit: row.unit }
}

/// The keys of the operator's certificates.
pub(super) fn pins(row: &records::Operator) -> impl Iterator<Item = &str> {
    row.certificates.iter().flat_map(|pins| pins.lines())
}

/// Whether the user is an administrator by being who they are.
pub(super) fn is_owner(user: u32, owner: u32) -> bool {
    user == owner || user == 0
}

/// What an edit wants of an operator.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) user: Option<u32>,
    pub(super) role: Role,
    pub(super) person: Option<String>,
    pub(super) unit: Option<PeerName>,
    /// A certificate to sign in with, beside those that the operator has.
    pub(super) certificate: Option<Digest>,
}

/// Writes the operator, new or changed. A local user who had another name has this one now.
pub(super) async fn put(
    store: &dyn Store,
    wanted: Wanted,
    (owner, own_name): (u32, &PeerName),
    (by, now): (&Operator, Timestamp),
) -> Result<records::Operator, Problem> {
    // What is checked is what is written over: of two who change one operator at the same time, one is told.
    let found = store.find_revised::<records::Operator>(key(&wanted.name)).await?;
    let all = store.list::<records::Operator>(Scan::of::<records::Operator>(MOST)).await?;
    check(&wanted, owner, &all)?;
    let limited = matches!(wanted.role, Role::UnitContact | Role::Implementer);
    // At a unit, it is the unit's own systems that its people answer for.
    let unit = limited.then(|| wanted.unit.as_ref().unwrap_or(own_name).to_string());
    let Wanted { name, user, role, person, certificate, .. } = wanted;
    let mut batch = Batch::new();
    let before = found.as_ref().map(|(before, _)| before);
    let mut pins: Vec<String> = before.into_iter().flat_map(pins).map(str::to_owned).collect();
    pins.extend(certificate.map(|spki| spki.to_string()).filter(|spki| !pins.contains(spki)));
    let certificates = (!pins.is_empty()).then(|| pins.join("\n"));
    let user = user.map(i64::from).or_else(|| before.and_then(|before| before.user));
    let row = records::Operator { name, user, role, person, unit, certificates, added: now, by: by.to_string() };
    let namesake = all.iter().find(|one| one.user.is_some() && one.user == user && one.name != row.name);
    if let Some(namesake) = namesake {
        let (namesake, revision) = known(store, &namesake.name).await?;
        if namesake.user != user {
            let message = format!("somebody else has changed {} meanwhile", namesake.name);
            return Err(Problem::new(Code::Conflict, message, "look at the operators and try again"));
        }
        forget(store, &mut batch, &namesake.name, revision).await?;
    }
    match found {
        Some((_, revision)) => batch.update(&row, revision),
        None => {
            // Whoever had that name once has left nothing by which the new one could be acted for.
            batch.delete::<Credential>(key(&row.name));
            end_sessions(store, &mut batch, &row.name).await?;
            batch.insert(&row)
        }
    };
    store.commit(batch).await?;
    Ok(row)
}

/// Removes the operator with all that lets them in, and says who it was.
pub(super) async fn remove(store: &dyn Store, name: &str) -> Result<records::Operator, Problem> {
    let (row, revision) = known(store, name).await?;
    let mut batch = Batch::new();
    forget(store, &mut batch, name, revision).await?;
    store.commit(batch).await?;
    Ok(row)
}

/// Takes one certificate from the operator; whoever is in by it is out.
pub(super) async fn unpin(
    store: &dyn Store,
    name: &str,
    spki: &Digest,
    (by, now): (&Operator, Timestamp),
) -> Result<records::Operator, Problem> {
    let (row, revision) = known(store, name).await?;
    let kept: Vec<&str> = pins(&row).filter(|pin| *pin != spki.as_str()).collect();
    if kept.len() == pins(&row).count() {
        let message = format!("{name} has no certificate with the key {spki}");
        return Err(Problem::new(Code::NotFound, message, "`ridd operator show` lists those there are"));
    }
    let certificates = (!kept.is_empty()).then(|| kept.join("\n"));
    let row = records::Operator { certificates, added: now, by: by.to_string(), ..row };
    let mut batch = Batch::new();
    batch.update(&row, revision);
    for session in sessions(store, name).await?.iter().filter(|session| session.certificate.as_ref() == Some(spki)) {
        batch.delete::<Session>(vec![session.token.to_value()]);
    }
    store.commit(batch).await?;
    Ok(row)
}

/// The operator with the revision of the row.
pub(super) async fn known(store: &dyn Store, name: &str) -> Result<(records::Operator, i64), Problem> {
    let found = store.find_revised::<records::Operator>(key(name)).await?;
    found.ok_or_else(|| Problem::not_found("operator", name, "ridd operator list"))
}

/// Adds to the batch what removes the operator, who must be as at that revision, the credential and the sessions.
async fn forget(store: &dyn Store, batch: &mut Batch, name: &str, revision: i64) -> Result<(), StoreError> {
    batch.preconditions.push(unchanged(name, revision));
    batch.delete::<records::Operator>(key(name));
    batch.delete::<Credential>(key(name));
    end_sessions(store, batch, name).await
}

/// Adds to the batch what ends every session of the operator.
pub(super) async fn end_sessions(store: &dyn Store, batch: &mut Batch, name: &str) -> Result<(), StoreError> {
    for session in sessions(store, name).await? {
        batch.delete::<Session>(vec![session.token.to_value()]);
    }
    Ok(())
}

/// The operator's sessions, the oldest first.
pub(super) async fn sessions(store: &dyn Store, name: &str) -> Result<Vec<Session>, StoreError> {
    let scan = Scan::of::<Session>(super::door::SESSIONS).by("by_operator");
    store.list(scan.with(key(name))).await
}

fn check(wanted: &Wanted, owner: u32, all: &[records::Operator]) -> Result<(), Problem> {
    let refuse = |message: String, fix: &str| Err(Problem::new(Code::Refused, message, fix));
    let name = &wanted.name;
    let user = wanted.user.map(i64::from);
    let others = || all.iter().filter(|one| one.name != *name && (user.is_none() || one.user != user));
    if let Some(user) = wanted.user
        && is_owner(user, owner)
        && wanted.role != Role::Administrator
    {
        let message = format!("user {user} runs this node or is root, and stays administrator");
        return refuse(message, "give the role to another user");
    }
    let own_number = wanted.user.map(|user| format!("uid {user}"));
    let plain = !name.is_empty() && name.chars().count() <= NAME_LIMIT && !name.chars().any(char::is_control);
    // Records name operators, the clock and users without a name side by side.
    let reserved = name == "clock" || (name.starts_with("uid ") && Some(name) != own_number.as_ref());
    if !plain || name.trim() != name || reserved {
        let fix = format!("a name has 1 to {NAME_LIMIT} characters, is not clock, and does not begin with \"uid \"");
        return refuse(format!("{name:?} cannot be an operator's name"), &fix);
    }
    if let Some(other) = others().find(|one| one.name.eq_ignore_ascii_case(name)) {
        return refuse(format!("there is an operator {} already", other.name), "choose another name");
    }
    // The row of that name, if it belongs to another user: nobody is to take over a name by the way.
    let taken = all.iter().find(|one| one.name == *name && one.user.is_some() && user.is_some() && one.user != user);
    if let Some(other) = taken {
        let number = other.user.unwrap_or_default();
        return refuse(
            format!("user {number} is called {name} already"),
            "choose another name, or remove that one first",
        );
    }
    if wanted.unit.is_some() && !matches!(wanted.role, Role::UnitContact | Role::Implementer) {
        let message = format!("the role {} is not limited to a unit", wanted.role);
        return refuse(message, "leave the unit out, or give the role unit-contact or implementer");
    }
    if let Some(spki) = &wanted.certificate {
        if let Some(holder) = others().find(|one| pins(one).any(|pin| pin == spki.as_str())) {
            return refuse(
                format!("the certificate is {}'s already", holder.name),
                "one certificate is one operator's",
            );
        }
        let own = all.iter().find(|one| one.name == *name);
        if own.is_some_and(|own| pins(own).count() >= CERTIFICATES) {
            let fix = "take those that are out of use away with `ridd operator unpin`";
            return refuse(format!("{name} has {CERTIFICATES} certificates already"), fix);
        }
    }
    if others().count() + 1 > MOST {
        return refuse(format!("there are {MOST} operators already"), "remove some with `ridd operator remove`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(user: u32, name: &str, role: Role) -> Wanted {
        Wanted { name: name.to_owned(), user: Some(user), role, person: None, unit: None, certificate: None }
    }

    fn known(user: i64, name: &str) -> records::Operator {
        let (added, by) = (Timestamp::default(), "uid 0".to_owned());
        let (name, user) = (name.to_owned(), Some(user));
        let (person, unit, certificates) = (None, None, None);
        records::Operator { name, user, role: Role::Viewer, person, unit, certificates, added, by }
    }

    #[test]
    fn the_last_way_in_cannot_be_closed() {
        for user in [0, 500] {
            let refused = check(&wanted(user, "boss", Role::Viewer), 500, &[]).unwrap_err();
            assert_eq!(refused.code, Code::Refused);
            check(&wanted(user, "boss", Role::Administrator), 500, &[]).unwrap();
        }
    }

    #[test]
    fn names_say_who_it_was() {
        let all = [known(1000, "ann"), known(1001, "bob")];
        for good in ["ann", "Dr. Zoë", "uid 1000"] {
            check(&wanted(1000, good, Role::Officer), 500, &all).unwrap();
        }
        for bad in ["", " ann", "clock", "uid 0", "a\nb", "Bob", &"a".repeat(65)] {
            let refused = check(&wanted(1000, bad, Role::Officer), 500, &all).unwrap_err();
            assert_eq!(refused.code, Code::Refused, "{bad:?}");
        }
    }

    #[tokio::test]
    async fn operators_of_before_the_page_are_still_there() {
        let dir = tempfile::tempdir().unwrap();
        let store = crate::store::open(&crate::store::Config::default().resolved(dir.path())).unwrap();
        let (name, by, added) = ("ann".to_owned(), "uid 0".to_owned(), Timestamp::default());
        let mut batch = Batch::new();
        batch.put(&LocalOperator { user: 1000, name, role: Role::Officer, person: None, unit: None, added, by });
        store.commit(batch).await.unwrap();
        for _ in 0..2 {
            adopt(store.as_ref()).await.unwrap();
            let found = whoever(store.as_ref(), 1000, 500).await.unwrap();
            assert_eq!((found.name.as_str(), found.role), ("ann", Role::Officer));
        }
        assert!(whoever(store.as_ref(), 1001, 500).await.is_err());
    }

    #[test]
    fn a_certificate_is_one_operators() {
        let spki = Digest::of(b"key");
        let holder = records::Operator { certificates: Some(spki.to_string()), ..known(1000, "ann") };
        let with = |name| Wanted { user: None, certificate: Some(spki.clone()), ..wanted(0, name, Role::Viewer) };
        check(&with("ann"), 500, std::slice::from_ref(&holder)).unwrap();
        assert_eq!(check(&with("bob"), 500, &[holder]).unwrap_err().code, Code::Refused);
    }

    #[test]
    fn only_units_people_are_limited_to_a_unit() {
        let unit = Some("rid.unit.example".parse().unwrap());
        let limited = |role| Wanted { unit: unit.clone(), ..wanted(1000, "ann", role) };
        check(&limited(Role::Implementer), 500, &[]).unwrap();
        assert_eq!(check(&limited(Role::Officer), 500, &[]).unwrap_err().code, Code::Refused);
    }

    #[test]
    fn there_are_so_many_operators_and_no_more() {
        let all: Vec<_> = (0..MOST).map(|n| known(i64::try_from(n).unwrap() + 2_000, &format!("op {n}"))).collect();
        assert!(check(&wanted(1000, "ann", Role::Officer), 500, &all).is_err());
        check(&wanted(2_000, "ann", Role::Officer), 500, &all).unwrap();
    }
}

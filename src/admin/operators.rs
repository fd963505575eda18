//! Who the operators are: local users with a name and a role, kept in the store. `server` asks here at every request,
//! so that an edit takes effect at once; `api::operators` makes the edits.

use super::auth::Operator;
use super::problem::{Code, Problem};
use crate::clock::Timestamp;
use crate::ids::PeerName;
use crate::store::records::{self, Role};
use crate::store::{Batch, Column, Scan, Store};

/// Operators at most.
pub(super) const MOST: usize = 1_000;

/// Characters of an operator's name at most.
const NAME_LIMIT: usize = 64;

/// The operator that is this user. `owner` is the user who owns the socket: that user and root are administrators
/// whatever the table says, so that nobody can lock the last door; the table may give them a name.
pub(super) async fn whoever(store: &dyn Store, user: u32, owner: u32) -> Result<Operator, Problem> {
    let row = store.find::<records::Operator>(vec![i64::from(user).to_value()]).await;
    if is_owner(user, owner) {
        // Those two get in even when the store cannot be read, which they may have to mend.
        let row = row.ok().flatten();
        let (name, person) = row.map_or_else(|| (format!("uid {user}"), None), |row| (row.name, row.person));
        return Ok(Operator { user, name, role: Role::Administrator, person, unit: None });
    }
    match row? {
        Some(row) => Ok(Operator { user, name: row.name, role: row.role, person: row.person, unit: row.unit }),
        None => {
            let message = format!("user {user} is no operator of this node");
            let fix = format!("an administrator adds you with `ridd operator add {user} --role ROLE`");
            Err(Problem::new(Code::NotPermitted, message, fix))
        }
    }
}

/// Whether the user is an administrator by being who they are.
pub(super) fn is_owner(user: u32, owner: u32) -> bool {
    user == owner || user == 0
}

/// What an edit wants of an operator.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) user: u32,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) person: Option<String>,
    pub(super) unit: Option<PeerName>,
}

/// Writes the operator, new or changed.
pub(super) async fn put(
    store: &dyn Store,
    wanted: Wanted,
    (owner, own_name): (u32, &PeerName),
    (by, now): (&Operator, Timestamp),
) -> Result<records::Operator, Problem> {
    let all = store.list::<records::Operator>(Scan::of::<records::Operator>(MOST)).await?;
    check(&wanted, owner, &all)?;
    let limited = matches!(wanted.role, Role::UnitContact | Role::Implementer);
    // At a unit, it is the unit's own systems that its people answer for.
    let unit = limited.then(|| wanted.unit.as_ref().unwrap_or(own_name).to_string());
    let Wanted { user, name, role, person, .. } = wanted;
    let row = records::Operator { user: user.into(), name, role, person, unit, added: now, by: by.to_string() };
    let mut batch = Batch::new();
    batch.put(&row);
    store.commit(batch).await?;
    Ok(row)
}

fn check(wanted: &Wanted, owner: u32, all: &[records::Operator]) -> Result<(), Problem> {
    let refuse = |message: String, fix: &str| Err(Problem::new(Code::Refused, message, fix));
    let name = &wanted.name;
    let others = || all.iter().filter(|one| one.user != i64::from(wanted.user));
    if is_owner(wanted.user, owner) && wanted.role != Role::Administrator {
        let message = format!("user {} runs this node or is root, and stays administrator", wanted.user);
        return refuse(message, "give the role to another user");
    }
    let own_number = format!("uid {}", wanted.user);
    let plain = !name.is_empty() && name.chars().count() <= NAME_LIMIT && !name.chars().any(char::is_control);
    // Records name operators, the clock and users without a name side by side.
    if !plain || name.trim() != name || name == "clock" || (name.starts_with("uid ") && *name != own_number) {
        let fix = format!("a name has 1 to {NAME_LIMIT} characters, is not clock, and does not begin with \"uid \"");
        return refuse(format!("{name:?} cannot be an operator's name"), &fix);
    }
    if let Some(other) = others().find(|one| one.name.eq_ignore_ascii_case(name)) {
        return refuse(format!("user {} is called {name} already", other.user), "choose another with --name");
    }
    if wanted.unit.is_some() && !matches!(wanted.role, Role::UnitContact | Role::Implementer) {
        let message = format!("the role {} is not limited to a unit", wanted.role);
        return refuse(message, "leave the unit out, or give the role unit-contact or implementer");
    }
    if others().count() + 1 > MOST {
        return refuse(format!("there are {MOST} operators already"), "remove some with `ridd operator remove`");
    }
    Ok(())
}

/// Removes the operator and says who it was.
pub(super) async fn remove(store: &dyn Store, user: u32) -> Result<records::Operator, Problem> {
    let key = vec![i64::from(user).to_value()];
    let found = store.find::<records::Operator>(key.clone()).await?;
    let row = found.ok_or_else(|| Problem::not_found("operator with uid", user, "ridd operator list"))?;
    let mut batch = Batch::new();
    batch.delete::<records::Operator>(key);
    store.commit(batch).await?;
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(user: u32, name: &str, role: Role) -> Wanted {
        Wanted { user, name: name.to_owned(), role, person: None, unit: None }
    }

    fn known(user: i64, name: &str) -> records::Operator {
        let (added, by) = (Timestamp::default(), "uid 0".to_owned());
        records::Operator { user, name: name.to_owned(), role: Role::Viewer, person: None, unit: None, added, by }
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

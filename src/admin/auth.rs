//! Who may do what on the admin socket, and the proof of it that every handler asks for.
//!
//! The kernel says which user holds the other end of the socket. That user becomes an [`Operator`]: so far only the
//! socket's owner and root are let in, both as administrators; a later table of operators and roles changes only
//! [`Operator::of`] and [`Act::allowed`].

use std::fmt;
use std::marker::PhantomData;

use super::problem::{Code, Problem};

/// What an operator may do at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Everything.
    Administrator,
}

/// The person (or program) on the other end of the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    uid: u32,
    role: Role,
}

impl Operator {
    /// The operator that is this user, if it is one; `owner` is the user who owns the socket.
    pub(super) fn of(uid: u32, owner: u32) -> Result<Self, Problem> {
        if uid == owner || uid == 0 {
            return Ok(Self { uid, role: Role::Administrator });
        }
        let message = format!("user {uid} may not administer this node: only user {owner}, who runs it, and root may");
        Err(Problem::new(Code::NotPermitted, message, "run the command as that user, for instance with sudo -u"))
    }
}

/// How an operator is named in the log.
impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "uid {}", self.uid)
    }
}

/// A kind of act that takes a permission.
pub(super) trait Act {
    /// Whether the role may do it.
    fn allowed(role: Role) -> bool;
    /// Its name in refusals.
    const NAME: &'static str;
}

/// Looking at what the node knows.
#[derive(Debug)]
pub(super) struct Look;

/// Changing something, or sending something.
#[derive(Debug)]
pub(super) struct Change;

impl Act for Look {
    const NAME: &'static str = "look at this";

    fn allowed(role: Role) -> bool {
        matches!(role, Role::Administrator)
    }
}

impl Act for Change {
    const NAME: &'static str = "change this";

    fn allowed(role: Role) -> bool {
        matches!(role, Role::Administrator)
    }
}

/// Proof that this operator may do acts of this kind. Only [`permit`] makes one.
#[derive(Debug)]
pub(super) struct Permitted<A> {
    operator: Operator,
    act: PhantomData<A>,
}

impl<A> Permitted<A> {
    /// Who acts: to be named in the log and in records.
    pub(super) fn operator(&self) -> &Operator {
        &self.operator
    }
}

/// The permission check.
pub(super) fn permit<A: Act>(operator: &Operator) -> Result<Permitted<A>, Problem> {
    if A::allowed(operator.role) {
        return Ok(Permitted { operator: operator.clone(), act: PhantomData });
    }
    let message = format!("{operator} has not the right to {}", A::NAME);
    Err(Problem::new(Code::NotPermitted, message, "ask an administrator of this node"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_and_root_are_let_in() {
        assert!(Operator::of(1000, 1000).is_ok());
        assert!(Operator::of(0, 1000).is_ok());
        let refused = Operator::of(1001, 1000).unwrap_err();
        assert_eq!(refused.code, Code::NotPermitted);
    }
}

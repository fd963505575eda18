//! Who may do what on the admin socket, and the proof of it that every handler asks for.
//!
//! The kernel says which user holds the other end of the socket; `operators` turns that user into an [`Operator`] with
//! a role. Which roles may do acts of which kind stands here, once, and [`permit`] is the only way to a [`Permitted`].

use std::fmt;
use std::marker::PhantomData;

use super::problem::{Code, Problem};
use crate::store::records::{Role, System};

/// The person (or program) who asks, over the socket or the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    /// The user's number on this machine; nothing over the page.
    pub(super) user: Option<u32>,
    /// What the log and the records call the operator.
    pub(super) name: String,
    pub(super) role: Role,
    /// The person of the roster who this is.
    pub(super) person: Option<String>,
    /// The unit whose systems a unit contact's or an implementer's acts are limited to.
    pub(super) unit: Option<String>,
}

/// How an operator is named in the log.
impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A kind of act that takes a permission.
pub(super) trait Act {
    /// Its name in refusals.
    const NAME: &'static str;
    /// The roles that may do it.
    const ROLES: &'static [Role];
}

macro_rules! acts {
    ($($(#[$doc:meta])* $act:ident = $name:literal for $($role:ident)+;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub(super) struct $act;

            impl Act for $act {
                const NAME: &'static str = $name;
                const ROLES: &'static [Role] = &[$(Role::$role),+];
            }
        )+

        /// Every kind with its roles.
        #[cfg(test)]
        const ACTS: &[(&str, &[Role])] = &[$((stringify!($act), $act::ROLES)),+];
    };
}

acts! {
    /// Seeing how the node does, significant events and, within [`Limits`], systems.
    Follow = "look at this" for Viewer Officer Manager Administrator UnitContact Implementer;
    /// Looking at everything the node knows: messages, incidents, peers, the outbox, the configuration.
    Look = "look at what the node exchanges" for Viewer Officer Manager Administrator;
    /// Looking at who did what.
    Audit = "look at what others did" for Manager Administrator;
    /// Peers, certificates, configuration, the outbox, operators, inventory and roster.
    ChangeNode = "change the node" for Administrator;
    /// Sending and asking by hand, and deciding about what is held.
    HandleMessages = "send or decide about messages" for Officer Manager Administrator;
    /// Opening significant events, alerts, validation.
    Coordinate = "coordinate significant events" for Officer Manager Administrator;
    /// Confirming, waiving, closing, reopening, calling off.
    Manage = "confirm, waive or end a significant event" for Manager Administrator;
    /// A unit's progress, completion and exceptions, within [`Limits`].
    ReportUnit = "report for a unit" for UnitContact Officer Manager Administrator;
    /// Systems corrected, within [`Limits`].
    ReportCorrected = "report systems corrected" for Implementer UnitContact Officer Manager Administrator;
    /// Acknowledging a notice by its code, which is what proves the right.
    Acknowledge = "acknowledge notices" for Viewer Officer Manager Administrator UnitContact Implementer;
}

/// Whose systems an operator's acts may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits<'a> {
    unit: Option<&'a str>,
    person: Option<&'a str>,
}

impl<'a> Limits<'a> {
    /// The only unit, if there is a limit.
    pub(super) fn unit(self) -> Option<&'a str> {
        self.unit
    }

    /// Whether it is one person's systems only.
    pub(super) fn is_personal(self) -> bool {
        self.person.is_some()
    }

    /// Whether this unit's part is shown.
    pub(super) fn show_unit(self, unit: &str) -> bool {
        self.unit.is_none_or(|own| own.eq_ignore_ascii_case(unit))
    }

    /// Whether acts for this unit as a whole are within the limits.
    pub(super) fn cover_unit(self, unit: &str) -> bool {
        self.person.is_none() && self.unit.is_none_or(|own| own.eq_ignore_ascii_case(unit))
    }

    /// Whether the system is within the limits: of the own unit and, for an implementer who is a person of the roster,
    /// owned or administered by that person.
    pub(super) fn cover(self, system: &System) -> bool {
        let administrators = || system.administrators.iter().flat_map(|names| names.lines());
        self.unit.is_none_or(|own| own.eq_ignore_ascii_case(&system.unit))
            && self.person.is_none_or(|person| administrators().chain(system.owner.as_deref()).any(|one| one == person))
    }
}

/// Whose they are, in words.
impl fmt::Display for Limits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.unit, self.person) {
            (None, _) => f.write_str("every unit"),
            (Some(unit), None) => write!(f, "{unit}"),
            (Some(unit), Some(person)) => write!(f, "the systems of {unit} that {person} owns or administers"),
        }
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

    /// Whose systems the act may touch: a unit contact's or an implementer's own unit's, and of those, for an
    /// implementer who is a person of the roster, that person's. Everybody else has no limit.
    pub(super) fn limits(&self) -> Limits<'_> {
        let operator = &self.operator;
        // A row without a unit cannot be made; if there is one all the same, it covers nothing.
        let unit = Some(operator.unit.as_deref().unwrap_or_default());
        match operator.role {
            Role::UnitContact => Limits { unit, person: None },
            Role::Implementer => Limits { unit, person: operator.person.as_deref() },
            Role::Viewer | Role::Officer | Role::Manager | Role::Administrator => Limits { unit: None, person: None },
        }
    }
}

/// The permission check.
pub(super) fn permit<A: Act>(operator: &Operator) -> Result<Permitted<A>, Problem> {
    if A::ROLES.contains(&operator.role) {
        return Ok(Permitted { operator: operator.clone(), act: PhantomData });
    }
    let message = format!("{operator}, {}, has not the right to {}", operator.role, A::NAME);
    let roles: Vec<_> = A::ROLES.iter().map(|role| role.as_str()).collect();
    let fix = format!("it takes one of the roles {}: `ridd operator add` gives them", roles.join(", "));
    Err(Problem::new(Code::NotPermitted, message, fix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    fn operator(role: Role) -> Operator {
        let (person, unit) = (Some("ann".to_owned()), Some("rid.unit.example".to_owned()));
        Operator { user: Some(1000), name: "ann".to_owned(), role, person, unit }
    }

    fn system(unit: &str, owner: &str, administrators: &str) -> System {
        System {
            name: "sql1".to_owned(),
            unit: unit.to_owned(),
            owner: Some(owner.to_owned()),
            administrators: Some(administrators.to_owned()),
            addresses: None,
            cpes: None,
            note: None,
            changed: Timestamp::default(),
            by: "uid 0".to_owned(),
        }
    }

    #[test]
    fn each_role_may_do_its_part_and_no_more() {
        let may = |role: Role| {
            let acts = ACTS.iter().filter(|(_, roles)| roles.contains(&role)).map(|(act, _)| *act);
            acts.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(may(Role::Viewer), "Follow Look Acknowledge");
        assert_eq!(may(Role::Officer), "Follow Look HandleMessages Coordinate ReportUnit ReportCorrected Acknowledge");
        let process = "HandleMessages Coordinate Manage ReportUnit ReportCorrected Acknowledge";
        assert_eq!(may(Role::Manager), format!("Follow Look Audit {process}"));
        assert_eq!(may(Role::Administrator), format!("Follow Look Audit ChangeNode {process}"));
        assert_eq!(may(Role::UnitContact), "Follow ReportUnit ReportCorrected Acknowledge");
        assert_eq!(may(Role::Implementer), "Follow ReportCorrected Acknowledge");
    }

    #[test]
    fn a_refusal_names_the_roles_that_may() {
        let refused = permit::<ChangeNode>(&operator(Role::Viewer)).unwrap_err();
        assert_eq!(refused.code, Code::NotPermitted);
        assert_eq!(refused.message, "ann, viewer, has not the right to change the node");
        assert!(refused.fix.contains("administrator"), "{refused}");
        assert_eq!(permit::<Look>(&operator(Role::Viewer)).unwrap().operator().name, "ann");
    }

    #[test]
    fn units_reach_their_own_systems_only() {
        let limits =
            |role, check: &dyn Fn(Limits<'_>) -> bool| check(permit::<Follow>(&operator(role)).unwrap().limits());
        let own = system("RID.unit.example", "bob", "ann\ncarl");
        let owned = system("rid.unit.example", "ann", "carl");
        let strange = system("rid.unit.example", "bob", "carl\nanna");
        let other = system("rid.other.example", "ann", "ann");
        for (role, covered) in [
            (Role::Officer, [true, true, true, true, true, true]),
            (Role::UnitContact, [true, true, true, false, true, false]),
            (Role::Implementer, [true, true, false, false, false, false]),
        ] {
            let systems = [&own, &owned, &strange, &other].map(|system| limits(role, &|limits| limits.cover(system)));
            let units =
                ["rid.unit.example", "rid.other.example"].map(|unit| limits(role, &|limits| limits.cover_unit(unit)));
            assert_eq!([&systems[..], &units[..]].concat(), covered, "{role}");
        }
    }

    #[test]
    fn no_unit_is_no_limit_lifted() {
        let nowhere = Operator { unit: None, ..operator(Role::UnitContact) };
        let permitted = permit::<Follow>(&nowhere).unwrap();
        assert!(!permitted.limits().cover(&system("rid.unit.example", "ann", "ann")));
    }
}

//! Places in the significant-event process: what somebody is called as. Named by the roster's file, by the plan's owners
//! and by `ridd roster who`.

use crate::store::worded;

worded! {
    /// A person's or team's place in the process.
    pub enum Place: "place" {
        /// The critical infrastructure program manager.
        ProgramManager = "program-manager",
        /// The chief information officer.
        Cio = "cio",
        /// The department's CIRT, on watch at all hours.
        CirtWatch = "cirt-watch",
        /// An operating unit's significant event contact.
        UnitContact = "unit-contact",
        /// An operating unit's own CIRT.
        UnitCirt = "unit-cirt",
        /// Owns systems.
        Owner = "owner",
        /// Administers systems.
        Administrator = "administrator",
    }
}

impl Place {
    /// The place that is next up where a person names nobody above.
    pub fn above(self) -> Option<Self> {
        match self {
            Self::Owner | Self::Administrator | Self::UnitCirt => Some(Self::UnitContact),
            Self::UnitContact | Self::CirtWatch => Some(Self::ProgramManager),
            Self::ProgramManager => Some(Self::Cio),
            Self::Cio => None,
        }
    }

    /// Whether the place is filled once for all units, so that a unit which has nobody there has the department's.
    pub fn is_shared(self) -> bool {
        matches!(self, Self::ProgramManager | Self::Cio | Self::CirtWatch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_up_ends_at_the_cio() {
        for &place in Place::ALL {
            let mut at = place;
            for _ in Place::ALL {
                at = at.above().unwrap_or(at);
            }
            assert_eq!(at, Place::Cio, "{place}");
        }
    }
}

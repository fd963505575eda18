//! What the `restriction` of a document lets us do with it: RFC 5070 §3.2, RFC 7970 §3.3.1.

use crate::peers::Relation;

/// How far a document may travel. The order is from the loosest to the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sharing {
    /// `public`, `white`: anyone may have it.
    Free,
    /// `need-to-know`, `partner`, `green`, `amber`, `default`: those who need it or with whom it was agreed.
    Known,
    /// `private`, `red`, none given, or a word we do not know.
    Private,
}

impl Sharing {
    /// What that value of a `restriction` attribute allows. None given counts as `private` (RFC 7970 §3.3.1).
    pub fn of(restriction: Option<&str>) -> Self {
        match restriction {
            Some("public" | "white") => Self::Free,
            Some("need-to-know" | "partner" | "green" | "amber" | "default") => Self::Known,
            _ => Self::Private,
        }
    }

    /// Whether what came from a peer of relation `from` may go to one of relation `to`; `request` if it would go as our
    /// own Request. What an authority or the parent restricts travels only inside our own alert: to units, as our Request.
    pub(super) fn allows(self, from: Relation, to: Relation, request: bool) -> bool {
        match (self, from) {
            (Self::Free, _) => true,
            (_, Relation::Authority | Relation::Parent) => to == Relation::Unit && request,
            (Self::Known, _) => to != Relation::Authority,
            (Self::Private, _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7970_3_3_1_no_restriction_counts_as_private() {
        assert_eq!(Sharing::of(None), Sharing::Private);
        assert_eq!(Sharing::of(Some("private")), Sharing::Private);
        assert_eq!(Sharing::of(Some("made-up")), Sharing::Private);
        assert_eq!(Sharing::of(Some("white")), Sharing::Free);
    }

    #[test]
    fn what_an_authority_restricts_goes_only_to_units_as_our_request() {
        for sharing in [Sharing::Known, Sharing::Private] {
            assert!(sharing.allows(Relation::Authority, Relation::Unit, true));
            assert!(!sharing.allows(Relation::Authority, Relation::Unit, false));
            assert!(!sharing.allows(Relation::Authority, Relation::Peer, true));
            assert!(!sharing.allows(Relation::Authority, Relation::Authority, true));
        }
        assert!(Sharing::Free.allows(Relation::Authority, Relation::Peer, false));
    }
}

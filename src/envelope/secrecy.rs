//! What must be encrypted: the restriction's consequence (RFC 6545 §9.1, RFC 7970 §3.3.1). Pure.

use crate::peers::{Encryption, Policy};
use crate::rid::Standard;
use crate::xml::{self, Node};

/// What a restriction asks for, the weaker first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    /// In clear text: `public`, `white`.
    Clear,
    /// As is agreed: `green`.
    Agreed,
    /// Encrypted: `private`, `need-to-know`, `amber`, `red` and whatever is none of the others.
    Encrypted,
}

impl Asked {
    fn of(restriction: &str) -> Self {
        match xml::trim(restriction) {
            "public" | "white" => Self::Clear,
            "green" => Self::Agreed,
            _ => Self::Encrypted,
        }
    }
}

/// Whether the document in that message is encrypted for the peer of that policy. The strictest restriction in the message
/// rules, for a document is encrypted as a whole; an Incident without one is `private`, and so is what is no IODEF.
pub(super) fn must_encrypt(policy: &Policy, rid_policy: Option<&str>, root: Node<'_>) -> bool {
    let asked = match Standard::of(root) {
        // It is already.
        Standard::Encrypted => return false,
        standard if standard.is_iodef() => document(root).max(rid_policy.map(Asked::of)),
        _ => rid_policy.map(Asked::of),
    };
    match (policy.encryption, asked.unwrap_or(Asked::Encrypted)) {
        (Encryption::Never, _) | (_, Asked::Clear) => false,
        (Encryption::Always, _) | (Encryption::ByRestriction, Asked::Encrypted) => true,
        (Encryption::ByRestriction, Asked::Agreed) => policy.encrypt_green,
    }
}

/// The strictest restriction in an IODEF document.
fn document(root: Node<'_>) -> Option<Asked> {
    let incidents = root.elements().filter(|node| node.name() == "Incident");
    let incidents = incidents.map(|incident| incident.attribute("restriction").map_or(Asked::Encrypted, Asked::of));
    let parts = root.descendants().filter_map(|node| node.attribute("restriction")).map(Asked::of);
    incidents.chain(parts).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Document, Limits};

    fn encrypted(policy: &Policy, rid_policy: Option<&str>, incident: &str) -> bool {
        let ns = "urn:ietf:params:xml:ns:iodef-2.0";
        let text = format!("<IODEF-Document xmlns='{ns}'><Incident {incident}</Incident></IODEF-Document>");
        let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
        must_encrypt(policy, rid_policy, document.root())
    }

    #[test]
    fn the_restriction_rules_unless_the_policy_says_otherwise() {
        let usual = Policy::default();
        for (restriction, wanted) in [
            (">", true),
            ("restriction='private'>", true),
            ("restriction='need-to-know'>", true),
            ("restriction='default'>", true),
            ("restriction='amber'>", true),
            ("restriction='red'>", true),
            ("restriction='public'>", false),
            ("restriction=' white '>", false),
            ("restriction='green'>", false),
            ("restriction='public'><Contact restriction='private'/>", true),
        ] {
            assert_eq!(encrypted(&usual, None, restriction), wanted, "{restriction}");
        }
        let green = Policy { encrypt_green: true, ..Policy::default() };
        assert!(encrypted(&green, None, "restriction='green'>"));
        let always = Policy { encryption: Encryption::Always, ..Policy::default() };
        assert!(encrypted(&always, None, "restriction='green'>"));
        assert!(!encrypted(&always, None, "restriction='public'>"), "public MUST be sent in clear text");
        let never = Policy { encryption: Encryption::Never, ..Policy::default() };
        assert!(!encrypted(&never, None, "restriction='red'>"));
    }

    #[test]
    fn the_stricter_of_rid_policy_and_document_rules() {
        let usual = Policy::default();
        assert!(encrypted(&usual, Some("private"), "restriction='public'>"));
        assert!(encrypted(&usual, Some("public"), "restriction='private'>"));
        assert!(!encrypted(&usual, Some("public"), "restriction='public'>"));
    }
}

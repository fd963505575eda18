//! What a pinned key may be used for. A pin that says nothing is for everything.

use crate::store::records::Pin;
use crate::store::worded;

worded! {
    /// One use of a pinned key.
    pub enum PinUse: "use of a pinned key" {
        /// It proves a connection.
        Tls = "tls",
        /// It signs messages.
        Sign = "sign",
        /// Messages to the peer are encrypted for it.
        Encrypt = "encrypt",
    }
}

impl PinUse {
    /// Whether the pin is for this use.
    pub fn of(self, pin: &Pin) -> bool {
        pin.uses.as_deref().is_none_or(|words| words.split_whitespace().any(|word| word == self.as_str()))
    }

    /// The uses of a pin, in order.
    pub fn all_of(pin: &Pin) -> Vec<Self> {
        Self::ALL.iter().copied().filter(|one| one.of(pin)).collect()
    }

    /// The uses as the record keeps them; none and all of them are kept as nothing.
    pub(super) fn write(uses: &[Self]) -> Option<String> {
        let words: Vec<_> = Self::ALL.iter().filter(|one| uses.contains(one)).map(|one| one.as_str()).collect();
        (!words.is_empty() && words.len() < Self::ALL.len()).then(|| words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::ids::Digest;

    #[test]
    fn a_pin_is_for_what_it_says_or_for_everything() {
        let pin = |uses: &[PinUse]| Pin {
            peer: "unit.example.org".parse().unwrap(),
            spki: Digest::of(b"key"),
            certificate: None,
            not_after: None,
            added: Timestamp::from_micros(0),
            uses: PinUse::write(uses),
        };
        for uses in [&[][..], PinUse::ALL] {
            assert_eq!(pin(uses).uses, None);
            assert_eq!(PinUse::all_of(&pin(uses)), PinUse::ALL);
        }
        let two = pin(&[PinUse::Encrypt, PinUse::Sign, PinUse::Sign]);
        assert_eq!(two.uses.as_deref(), Some("sign encrypt"));
        assert_eq!(PinUse::all_of(&two), [PinUse::Sign, PinUse::Encrypt]);
        assert!(!PinUse::Tls.of(&two));
    }
}

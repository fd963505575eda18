//! The one-time codes of a notice: eight characters that can be read out over a telephone, and the longer one in its link,
//! which nobody types. Only their digests are kept.

use std::fmt;

use uuid::Uuid;

use crate::ids::Digest;

/// Crockford's base 32: no I, L, O and U, which are taken for others.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters of the code in a link: 160 random bits, which no number of guesses finds.
const LINK: usize = 32;

/// A code, written as two groups of four with a hyphen; in a link, [`LINK`] characters.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Code(String);

impl Code {
    /// One that nobody can guess in the few tries there are: 40 random bits.
    pub(super) fn fresh() -> Self {
        let mut text = random();
        text.insert(4, '-');
        Self(text)
    }

    /// One for a link: 160 random bits.
    pub(super) fn fresh_link() -> Self {
        Self(std::iter::repeat_with(random).take(LINK / 8).collect())
    }

    /// Reads the code of a link; nothing if it cannot be one.
    pub(super) fn read_link(text: &str) -> Option<Self> {
        let sound = text.len() == LINK && text.bytes().all(|byte| LETTERS.contains(&byte));
        sound.then(|| Self(text.to_owned()))
    }

    /// Reads a code as people write it: in lower case, without the hyphen, with O for 0 and I or L for 1.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut letters = String::with_capacity(9);
        for letter in text.chars().filter(|letter| !matches!(letter, '-' | ' ' | '\t')) {
            let letter = match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            u8::try_from(letter).ok().filter(|byte| LETTERS.contains(byte))?;
            if letters.len() == 4 {
                letters.push('-');
            }
            letters.push(letter);
        }
        (letters.len() == 9).then_some(Self(letters))
    }

    /// As it is told to the person.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is kept.
    pub(super) fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }
}

/// Eight letters: 40 random bits.
fn random() -> String {
    // The version and the variant of a UUID stand in its later bytes: all bits of these are random.
    let bytes = Uuid::new_v4().into_bytes();
    let mut bits = bytes.iter().take(5).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let mut text = String::with_capacity(9);
    for _ in 0..8 {
        let letter = usize::try_from(bits & 31).ok().and_then(|number| LETTERS.get(number)).unwrap_or(&b'0');
        text.push(char::from(*letter));
        bits >>= 5;
    }
    text
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_back_as_people_write_it() {
        let code = Code::fresh();
        let text = code.as_str();
        assert_eq!((text.len(), text.as_bytes()[4]), (9, b'-'));
        for written in
            [text.to_owned(), text.to_lowercase(), text.replace('-', ""), format!(" {} ", text.replace('-', " "))]
        {
            assert_eq!(Code::read(&written).unwrap().digest(), code.digest(), "{written}");
        }
        assert_eq!(Code::read("oil0-1111").unwrap().as_str(), "0110-1111");
        for wrong in ["", "1234-567", "1234-56789", "1234-567U", "äöüß-1234"] {
            assert_eq!(Code::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_code_of_a_link_is_long_and_never_taken_for_a_short_one() {
        let (one, other) = (Code::fresh_link(), Code::fresh_link());
        assert_eq!((one.as_str().len(), one == other), (32, false));
        assert_eq!(Code::read_link(one.as_str()).unwrap().digest(), one.digest());
        assert_eq!(Code::read(one.as_str()), None);
        for wrong in
            ["", Code::fresh().as_str(), &"U".repeat(32), &one.as_str()[1..], "../../../../etc/passwd/////////"]
        {
            assert_eq!(Code::read_link(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn codes_differ_in_every_place() {
        let codes: Vec<Code> = (0..200).map(|_| Code::fresh()).collect();
        for at in (0..9).filter(|at| *at != 4) {
            let seen: std::collections::BTreeSet<u8> = codes.iter().map(|code| code.as_str().as_bytes()[at]).collect();
            assert!(seen.len() > 16, "place {at}: {seen:?}");
        }
    }
}

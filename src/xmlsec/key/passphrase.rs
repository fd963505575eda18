//! The passphrase of an encrypted key: read from a file (a systemd credential, say), never shown, wiped when dropped.

use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::xmlsec::key::KeyError;
use crate::xmlsec::key::file::read_bounded;

/// The longest passphrase, in bytes.
const MAX: usize = 1_024;

/// A passphrase.
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// Takes the bytes as they are.
    ///
    /// # Errors
    /// Empty, or longer than 1,024 bytes.
    pub fn new(bytes: Vec<u8>) -> Result<Self, KeyError> {
        let bytes = Zeroizing::new(bytes);
        if bytes.is_empty() || bytes.len() > MAX {
            return Err(KeyError::PassphraseLength { length: bytes.len(), limit: MAX });
        }
        Ok(Self(bytes))
    }

    /// Reads the file; one line end at its end is not part of the passphrase.
    ///
    /// Who may read the file is not judged: a systemd credential looks readable by the group though it is not.
    ///
    /// # Errors
    /// The file cannot be read, or holds nothing or too much.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let bytes = Zeroizing::new(read_bounded(path)?);
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Self::new(line.to_vec()).map_err(|source| KeyError::In { path: path.to_owned(), source: Box::new(source) })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_is_not_part_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("passphrase");
        for (written, read) in [("a b\n", "a b"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("a", "a")] {
            std::fs::write(&path, written).unwrap();
            assert_eq!(Passphrase::read(&path).unwrap().bytes(), read.as_bytes());
        }
        std::fs::write(&path, "\n").unwrap();
        let error = Passphrase::read(&path).unwrap_err().to_string();
        assert!(error.contains("0 bytes"), "{error}");
    }

    #[test]
    fn it_is_not_shown() {
        let passphrase = Passphrase::new(b"open sesame".to_vec()).unwrap();
        assert_eq!(format!("{passphrase:?}"), "Passphrase(…)");
    }
}

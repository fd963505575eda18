//! The seam to whoever knows keys: which of them a signature may have been made with. Implemented by the caller over the
//! peer's pinned certificates or the configured CAs (full path validation and revocation are done there).

/// What a message says of the key it was signed with. It brings no key: it merely chooses among trusted ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyHint {
    /// The certificates in KeyInfo (DER, not judged), in order; usually the signer's first.
    pub certificates: Vec<Vec<u8>>,
}

/// A key that may be believed, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    /// Whom a signature with it names: the signer, in the words of whoever trusts it.
    pub signer: String,
    /// Its SubjectPublicKeyInfo (DER).
    pub spki: Vec<u8>,
}

/// The answer to a hint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// The keys to try, the likeliest first. Only the first few are tried.
    pub keys: Vec<TrustedKey>,
    /// Why what the hint named is not among them, if it named something: for people to read.
    pub refused: Vec<String>,
}

/// Whoever knows which keys to believe.
pub trait Trust {
    /// The keys with which a signature that comes with this hint may have been made.
    fn candidates(&self, hint: &KeyHint) -> Candidates;
}

/// Keys that are believed as they are, whatever a message says: those of certificates that are pinned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pinned {
    /// The keys.
    pub keys: Vec<TrustedKey>,
}

impl Trust for Pinned {
    fn candidates(&self, hint: &KeyHint) -> Candidates {
        // The first certificate is the signer's own; where it is pinned, its key is the one to try first.
        let mut keys = self.keys.clone();
        if let Some(own) = hint.certificates.first() {
            keys.sort_by_key(|key| memchr::memmem::find(own, &key.spki).is_none());
        }
        Candidates { keys, refused: Vec::new() }
    }
}

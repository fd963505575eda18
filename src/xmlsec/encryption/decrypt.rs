//! Decrypting: what each EncryptedData stands for is put back in its place, in new bytes.
//!
//! Whoever changes an encrypted message learns from us only that it does not decrypt: every way in which a key or the
//! content fails gives the same error.

use std::ops::Range;

use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::xml::{Document, Item, Limits, Node, escape_attribute};
use crate::xmlsec::encryption::hint::Verdict;
use crate::xmlsec::encryption::{
    Config, ContentAlgorithm, DataType, EncryptedData, EncryptedKey, EncryptionError, Hint, KeyMethod, XENC,
};
use crate::xmlsec::key::{Decrypter, KeyKind};

/// A document with what was encrypted for us in clear text.
#[derive(Clone, Debug)]
pub struct Decrypted {
    /// The new document.
    pub bytes: Vec<u8>,
    /// What was decrypted, in order.
    pub parts: Vec<Part>,
    /// What is for others only and stays as it is: the path of each EncryptedData and whom it says it is for.
    pub for_others: Vec<(String, String)>,
}

/// One part of a document that was decrypted.
#[derive(Clone, Debug)]
pub struct Part {
    /// The path of the EncryptedData in the old document.
    pub path: String,
    /// Where what it stood for is in the new document, in bytes.
    pub range: Range<usize>,
    /// What it stood for.
    pub data_type: DataType,
    /// How the content was encrypted.
    pub content: ContentAlgorithm,
    /// How its key came to us.
    pub method: KeyMethod,
    /// Which of our keys opened it, as a place in the list that was given.
    pub key: usize,
    /// How many recipients it had.
    pub recipients: usize,
}

/// Decrypts all that is encrypted for one of our keys. What is encrypted inside of what was encrypted stays so: call again.
///
/// What comes out is well-formed where it stands: no plain text can reach beyond its place.
///
/// # Errors
/// Nothing is encrypted; something is outside the profile or its limits; nothing is for us; something that is for us
/// does not decrypt, or is not what it says it is.
pub fn decrypt(
    document: &Document<'_>,
    keys: &[&dyn Decrypter],
    config: &Config,
    limits: &Limits,
) -> Result<Decrypted, EncryptionError> {
    let source = document.source();
    let mut out = Vec::with_capacity(source.len());
    let mut parts = Vec::new();
    let mut for_others = Vec::new();
    let mut refusal = None;
    let mut attempts = Attempts { left: config.attempts, limit: config.attempts };
    let mut at = 0;
    for element in encrypted(document.root(), config)? {
        let data = EncryptedData::read(element, config)?;
        let (plain, entry, key) = match data.open(keys, &mut attempts) {
            Ok(opened) => opened,
            Err(EncryptionError::NotForUs { position, recipients }) => {
                for_others.push((element.path(), recipients.clone()));
                refusal.get_or_insert(EncryptionError::NotForUs { position, recipients });
                continue;
            }
            Err(error) => return Err(error),
        };
        data.judge(&plain, limits)?;
        let range = element.range();
        out.extend_from_slice(source.get(at..range.start).unwrap_or_default().as_bytes());
        let start = out.len();
        out.extend_from_slice(&plain);
        at = range.end;
        parts.push(Part {
            path: element.path(),
            range: start..out.len(),
            data_type: data.data_type,
            content: data.content,
            method: entry.method.clone(),
            key,
            recipients: data.keys.len(),
        });
    }
    if parts.is_empty() {
        return Err(refusal.unwrap_or(EncryptionError::Nothing));
    }
    out.extend_from_slice(source.get(at..).unwrap_or_default().as_bytes());
    Ok(Decrypted { bytes: out, parts, for_others })
}

/// How many operations with private keys the document may still cost.
struct Attempts {
    left: usize,
    limit: usize,
}

impl Attempts {
    fn one_more(&mut self, at: Node<'_>) -> Result<(), EncryptionError> {
        let what = "operations with private keys";
        let none_left = || EncryptionError::TooMany { position: at.position(), what, limit: self.limit };
        self.left = self.left.checked_sub(1).ok_or_else(none_left)?;
        Ok(())
    }
}

/// The outermost EncryptedData elements in document order.
fn encrypted<'a>(root: Node<'a>, config: &Config) -> Result<Vec<Node<'a>>, EncryptionError> {
    let mut found = Vec::new();
    let mut here = Some(root);
    while let Some(node) = here {
        let inside = if node.is(XENC, "EncryptedData") {
            if found.len() == config.parts {
                let position = node.position();
                return Err(EncryptionError::TooMany { position, what: "encrypted parts", limit: config.parts });
            }
            found.push(node);
            None
        } else {
            node.elements().next()
        };
        // Down, else to the next beside it or beside what it is in.
        let mut up = Some(node);
        here = inside.or_else(|| {
            while let Some(node) = up {
                if node == root {
                    return None;
                }
                if let Some(next) = node.next() {
                    return Some(next);
                }
                up = node.parent();
            }
            None
        });
    }
    Ok(found)
}

impl EncryptedData<'_> {
    /// The plain bytes, with the EncryptedKey and the key of ours that opened it.
    fn open(
        &self,
        keys: &[&dyn Decrypter],
        attempts: &mut Attempts,
    ) -> Result<(Vec<u8>, &EncryptedKey, usize), EncryptionError> {
        let mut candidates = Vec::new();
        for entry in &self.keys {
            for (place, key) in keys.iter().enumerate().filter(|(_, key)| entry.fits(**key)) {
                candidates.push((Hint::verdict_of(&entry.hints, *key), entry, place, *key));
            }
        }
        // What names another key is not tried: a hop would do the work of a private key for nothing, message by message.
        candidates.retain(|(verdict, ..)| *verdict != Verdict::Another);
        candidates.sort_by_key(|(verdict, ..)| *verdict);
        let sealed = if candidates.is_empty() { Vec::new() } else { self.cipher_value()? };
        for (_, entry, place, key) in &candidates {
            attempts.one_more(self.element)?;
            let Some(content_key) = entry.unwrap(*key)? else { continue };
            if let Some(plain) = opened(&sealed, &content_key, self.content) {
                return Ok((plain, entry, *place));
            }
        }
        // Only the hints decide which of the two is said, never how a key failed.
        let meant = |(verdict, entry, ..): &(Verdict, &EncryptedKey, usize, &dyn Decrypter)| {
            *verdict == Verdict::Ours || entry.hints.is_empty()
        };
        let position = self.element.position();
        Err(if candidates.iter().any(meant) {
            EncryptionError::Undecryptable { position }
        } else {
            EncryptionError::NotForUs { position, recipients: self.recipients() }
        })
    }

    /// Whom it is for, in words.
    #[must_use]
    pub fn recipients(&self) -> String {
        const SHOWN: usize = 5;
        let one = |entry: &EncryptedKey| match entry.hints.first() {
            Some(hint) => hint.to_string(),
            None => format!("somebody by {}", entry.method),
        };
        let mut words: Vec<_> = self.keys.iter().take(SHOWN).map(one).collect();
        if let Some(more @ 1..) = self.keys.len().checked_sub(SHOWN) {
            words.push(format!("{more} more"));
        }
        words.join(", ")
    }

    /// What was decrypted must be what EncryptedData says, in the scope of the namespaces it stands in, and no more: a
    /// plain text that closed what is open around it would change what was not encrypted.
    fn judge(&self, plain: &[u8], limits: &Limits) -> Result<(), EncryptionError> {
        let expected = match self.data_type {
            DataType::Element => "element",
            DataType::Content => "content of an element",
        };
        let wrong = |why: String| EncryptionError::Plaintext { position: self.element.position(), expected, why };
        let parent = self.element.parent();
        if parent.is_none() && self.data_type == DataType::Content {
            return Err(wrong("a document has one element, not content".to_owned()));
        }
        let mut probe = b"<in-place".to_vec();
        for (prefix, name) in
            parent.iter().flat_map(|parent| parent.namespaces()).filter(|(prefix, _)| *prefix != "xml")
        {
            let colon = if prefix.is_empty() { "" } else { ":" };
            probe.extend_from_slice(format!(" xmlns{colon}{prefix}=\"{}\"", escape_attribute(name)).as_bytes());
        }
        probe.push(b'>');
        probe.extend_from_slice(plain);
        probe.extend_from_slice(b"</in-place>");
        let document = Document::parse(&probe, limits).map_err(|error| wrong(error.to_string()))?;
        let mut items = document.root().items();
        match (self.data_type, items.next(), items.next()) {
            (DataType::Content, ..) | (DataType::Element, Some(Item::Element(_)), None) => Ok(()),
            _ => Err(wrong("it is not one element and nothing else".to_owned())),
        }
    }
}

impl EncryptedKey {
    /// Whether the key is of the kind and size that this is for.
    fn fits(&self, key: &dyn Decrypter) -> bool {
        match (&self.method, key.public_key().kind()) {
            (KeyMethod::Transport, KeyKind::Rsa { bits }) => self.cipher_value.len() == bits.div_ceil(8),
            (KeyMethod::Agreement(agreement), kind) => agreement.curve == kind,
            (KeyMethod::Transport, _) => false,
        }
    }

    /// The key of the content; none if it does not open.
    fn unwrap(&self, key: &dyn Decrypter) -> Result<Option<Zeroizing<Vec<u8>>>, EncryptionError> {
        match &self.method {
            KeyMethod::Transport => Ok(key.transport(&self.cipher_value).ok()),
            KeyMethod::Agreement(agreement) => {
                let Ok(secret) = key.agree(&agreement.originator) else { return Ok(None) };
                agreement.wrap.unwrap(agreement.digest, &secret, &agreement.info, &self.cipher_value)
            }
        }
    }
}

/// The plain bytes; none if they were not sealed with this key. A key that is longer than the algorithm's is cut: libxmlsec
/// makes such, and its published vector has one.
fn opened(sealed: &[u8], key: &[u8], algorithm: ContentAlgorithm) -> Option<Vec<u8>> {
    let key = key.get(..algorithm.key_length())?;
    let (vector, content) = sealed.split_at_checked(NONCE_LEN)?;
    let key = LessSafeKey::new(UnboundKey::new(algorithm.aead(), key).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(vector).ok()?;
    let mut plain = content.to_vec();
    let length = key.open_in_place(nonce, Aad::empty(), &mut plain).ok()?.len();
    plain.truncate(length);
    Some(plain)
}

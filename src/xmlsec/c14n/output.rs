//! Where canonical bytes go: into a buffer, or straight into a digest.

use aws_lc_rs::digest::{Context, Digest};

use crate::xmlsec::DigestAlgorithm;

/// How many bytes are gathered before the digest sees them: it is slow in small pieces.
const GATHERED: usize = 8 << 10;

/// Takes canonical bytes in order.
pub trait Output {
    /// Takes some more.
    fn put(&mut self, text: &str);
}

impl Output for Vec<u8> {
    #[inline]
    fn put(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }
}

impl Output for String {
    #[inline]
    fn put(&mut self, text: &str) {
        self.push_str(text);
    }
}

/// Digests what it takes.
pub struct Digesting {
    context: Context,
    gathered: Vec<u8>,
}

impl Digesting {
    /// Nothing taken yet.
    #[must_use]
    pub fn new(algorithm: DigestAlgorithm) -> Self {
        Self { context: Context::new(algorithm.primitive()), gathered: Vec::with_capacity(GATHERED + 1_024) }
    }

    /// The digest of all that was taken.
    #[must_use]
    pub fn finish(mut self) -> Digest {
        self.context.update(&self.gathered);
        self.context.finish()
    }
}

impl std::fmt::Debug for Digesting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digesting")
    }
}

impl Output for Digesting {
    #[inline]
    fn put(&mut self, text: &str) {
        self.gathered.extend_from_slice(text.as_bytes());
        if self.gathered.len() >= GATHERED {
            self.context.update(&self.gathered);
            self.gathered.clear();
        }
    }
}

/// Text as canonical XML writes it between tags (Canonical XML §2.3).
pub(super) fn put_text(out: &mut impl Output, text: &str) {
    put_escaped(out, text, &TEXT);
}

/// Text as canonical XML writes it in an attribute's value.
pub(super) fn put_value(out: &mut impl Output, text: &str) {
    put_escaped(out, text, &VALUE);
}

/// For each byte, which of `REFERENCES` stands for it; 0 for itself.
type Table = [u8; 256];
const REFERENCES: [&str; 8] = ["", "&amp;", "&lt;", "&gt;", "&quot;", "&#x9;", "&#xA;", "&#xD;"];
static TEXT: Table = table(&[(b'&', 1), (b'<', 2), (b'>', 3), (b'\r', 7)]);
static VALUE: Table = table(&[(b'&', 1), (b'<', 2), (b'"', 4), (b'\t', 5), (b'\n', 6), (b'\r', 7)]);

const fn table(entries: &[(u8, u8)]) -> Table {
    let mut table = [0; 256];
    let mut at = 0;
    while at < entries.len() {
        table[entries[at].0 as usize] = entries[at].1;
        at += 1;
    }
    table
}

#[inline]
fn put_escaped(out: &mut impl Output, text: &str, table: &Table) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| table[usize::from(byte)] != 0) {
        let (clean, special) = rest.split_at(at);
        out.put(clean);
        let reference = special.bytes().next().map_or(0, |byte| table[usize::from(byte)]);
        out.put(REFERENCES[usize::from(reference)]);
        // All special bytes are ASCII: one byte is one character.
        rest = special.get(1..).unwrap_or_default();
    }
    out.put(rest);
}

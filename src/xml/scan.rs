//! The scan before the parser: one pass over the bytes that refuses what we never parse (other encodings and versions,
//! DTDs, documents beyond [`Limits`]) and the few namespace faults that the parser lets pass.
//!
//! Called by [`Document::parse`](crate::xml::Document::parse) only. It costs a small fraction of the parse, never looks
//! at a byte more than a few times, and allocates nothing unless it refuses. A document that is both too big and not
//! well-formed is called malformed where the scan can see that (unclosed tags); all else is left to the parser.

use memchr::{memchr, memchr3, memmem};

use crate::xml::declaration::{declaration, other_encoding, start_of};
use crate::xml::scope::Scope;
use crate::xml::{Fault, Limits, Position, XmlError, dtd};

/// Checks `bytes` and returns them as text.
///
/// # Errors
/// See the module's words: malformed or forbidden, with a position.
pub(crate) fn scan<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str, XmlError> {
    run(bytes, limits, dtd::verdict)
}

/// The same for a document whose DTD has been taken out: another one is a fault of form.
pub(super) fn scan_without_dtd<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str, XmlError> {
    run(bytes, limits, |_, _, _| Fault::Malformed)
}

/// What to call a document with a DTD at that byte.
type Verdict = fn(&[u8], usize, &Limits) -> Fault;

fn run<'a>(bytes: &'a [u8], limits: &Limits, dtd: Verdict) -> Result<&'a str, XmlError> {
    if bytes.len() > limits.size {
        return Err(too_much(bytes, 0, "size", limits.size, "bytes of the whole document"));
    }
    if let Some(error) = other_encoding(bytes) {
        return Err(error);
    }
    declaration(bytes)?;
    let text = std::str::from_utf8(bytes).map_err(|error| {
        refuse(bytes, Fault::Malformed, error.valid_up_to(), "UTF-8 (RFC 6545 section 5.5)", "bytes that are not UTF-8")
    })?;
    let mut scan = Scan {
        bytes,
        limits,
        dtd,
        at: 0,
        depth: 0,
        elements: 0,
        comments: 0,
        next_xmlns: 0,
        scope: Scope::default(),
        no_characters: Vec::new(),
        colons: Vec::new(),
        breach: None,
    };
    scan.references();
    scan.colons();
    scan.run()?;
    Ok(text)
}

pub(super) fn refuse(
    bytes: &[u8],
    fault: Fault,
    at: usize,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> XmlError {
    XmlError { fault, position: Position::of(bytes, at), expected: expected.into(), found: found.into() }
}

fn too_much(bytes: &[u8], at: usize, what: &str, limit: usize, unit: &str) -> XmlError {
    refuse(bytes, Fault::Forbidden, at, format!("at most {limit} {unit} (xml.{what})"), "more")
}

struct Scan<'a> {
    bytes: &'a [u8],
    limits: &'a Limits,
    dtd: Verdict,
    at: usize,
    depth: usize,
    elements: usize,
    comments: usize,
    /// The next `xmlns` at or after `at`, so that only tags that declare something are looked into.
    next_xmlns: usize,
    scope: Scope<'a>,
    /// References that name no character, wherever they stand.
    no_characters: Vec<usize>,
    /// Colons behind white space, wherever they stand: in a tag they may begin an attribute's name.
    colons: Vec<usize>,
    /// The first limit that was exceeded; the scan goes on to see whether the tags balance at all.
    breach: Option<XmlError>,
}

impl Scan<'_> {
    fn breach(&mut self, at: usize, what: &str, limit: usize, unit: &str) {
        if self.breach.is_none() {
            self.breach = Some(too_much(self.bytes, at, what, limit, unit));
        }
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Counts character references and marks those that name no character (XML 1.0 §4.1).
    fn references(&mut self) {
        let mut count = 0;
        for at in memchr::memchr_iter(b'&', self.bytes) {
            let Some(rest) = self.bytes.get(at..).and_then(|rest| rest.strip_prefix(b"&#")) else { continue };
            count += 1;
            if count > self.limits.character_references {
                let limit = self.limits.character_references;
                self.breach(at, "character-references", limit, "character references");
                return;
            }
            let end = rest.iter().take(12).position(|b| *b == b';').unwrap_or(0);
            let number = std::str::from_utf8(rest.get(..end).unwrap_or_default()).unwrap_or_default();
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            if code.is_ok_and(|code| char::from_u32(code).is_none()) {
                self.no_characters.push(at);
            }
        }
    }

    /// Marks colons that may begin a name, which no name may (Namespaces in XML 1.0 §4) and the parser lets pass.
    fn colons(&mut self) {
        // Asked for the whole document first, without a branch, so that it costs a fraction of going from colon to colon:
        // most documents have one in each tag, behind a prefix, and none behind white space.
        let behind = self.bytes.iter().zip(self.bytes.get(1..).unwrap_or_default());
        if !behind.fold(false, |any, (before, byte)| any | ((*byte == b':') & (*before <= b' '))) {
            return;
        }
        for at in memchr::memchr_iter(b':', self.bytes) {
            if at.checked_sub(1).and_then(|before| self.bytes.get(before)).is_some_and(u8::is_ascii_whitespace) {
                self.colons.push(at);
            }
        }
    }

    /// Refuses names that begin with a colon in the tag from `start` to `end`.
    fn names(&self, start: usize, end: usize) -> Result<(), XmlError> {
        let refused =
            |at| Err(refuse(self.bytes, Fault::Malformed, at, "a name", "a colon at the beginning of a name"));
        if self.bytes.get(start) == Some(&b':') {
            return refused(start);
        }
        let first = self.colons.partition_point(|at| *at < start);
        let mut quote = None;
        let mut seen = start;
        for at in self.colons.get(first..).unwrap_or_default().iter().take_while(|at| **at < end) {
            // In a value it is as good as any other character: quotes before it decide.
            for byte in self.bytes.get(seen..*at).unwrap_or_default() {
                match quote {
                    None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
                    Some(open) if open == byte => quote = None,
                    _ => {}
                }
            }
            seen = *at;
            if quote.is_none() {
                return refused(*at);
            }
        }
        Ok(())
    }

    /// Checks the target of a processing instruction (XML 1.0 §2.6, Namespaces in XML 1.0 §7), which the parser does only
    /// in part, and moves past it.
    fn instruction(&mut self) -> Result<(), XmlError> {
        let rest = self.rest().get(2..).unwrap_or_default();
        let length = rest.iter().position(|b| b.is_ascii_whitespace() || *b == b'?').unwrap_or(rest.len());
        let (target, after) = rest.split_at(length);
        let in_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_') || !b.is_ascii();
        let is_reserved = target.eq_ignore_ascii_case(b"xml") && (target != b"xml" || self.at != start_of(self.bytes));
        let ends = after.first() != Some(&b'?') || after.starts_with(b"?>");
        if target.is_empty() || is_reserved || !ends || !target.iter().all(in_name) {
            let expected = "a processing instruction with a name other than xml, then white space or \"?>\"";
            let found =
                format!("\"<?{}\"", String::from_utf8_lossy(target.get(..target.len().min(40)).unwrap_or_default()));
            return Err(refuse(self.bytes, Fault::Malformed, self.at, expected, found));
        }
        self.skip_past(b"?>")
    }

    fn run(&mut self) -> Result<(), XmlError> {
        self.find_xmlns();
        let mut text_start = 0;
        while let Some(offset) = memchr(b'<', self.rest()) {
            self.at += offset;
            let cdata = self.rest().starts_with(b"<![CDATA[");
            // CDATA sections and the text around them are one run.
            if !cdata {
                self.text(text_start);
            }
            match self.bytes.get(self.at + 1) {
                Some(b'!') => self.markup_declaration()?,
                Some(b'?') => self.instruction()?,
                Some(b'/') => self.end_tag()?,
                _ => self.start_tag()?,
            }
            if !cdata {
                text_start = self.at;
            }
        }
        if self.depth > 0 {
            let end = self.bytes.len();
            return Err(refuse(
                self.bytes,
                Fault::Malformed,
                end,
                "an end tag for each start tag",
                "the end of the document",
            ));
        }
        if let Some(at) = self.no_characters.first() {
            let found = "a reference to what is no character";
            return Err(refuse(self.bytes, Fault::Malformed, *at, "a reference to an XML character", found));
        }
        self.breach.take().map_or(Ok(()), Err)
    }

    fn text(&mut self, start: usize) {
        let length = self.at.saturating_sub(start);
        if length > self.limits.text_bytes {
            self.breach(start, "text-bytes", self.limits.text_bytes, "bytes of text between two tags");
        } else if length > self.limits.digits {
            let run = self.bytes.get(start..self.at).unwrap_or_default().trim_ascii();
            if run.len() > self.limits.digits && run.iter().all(u8::is_ascii_digit) {
                self.breach(start, "digits", self.limits.digits, "digits in one number");
            }
        }
    }

    /// Moves past the next `end`; counts comments and processing instructions.
    fn skip_past(&mut self, end: &[u8]) -> Result<(), XmlError> {
        let start = self.at;
        self.comments += 1;
        if self.comments > self.limits.comments {
            self.breach(start, "comments", self.limits.comments, "comments and processing instructions");
        }
        match memmem::find(self.bytes.get(start + 2..).unwrap_or_default(), end) {
            Some(offset) => {
                self.at = start + 2 + offset + end.len();
                // What stands in comments and CDATA sections is no reference.
                let behind = self.at;
                self.no_characters.retain(|at| *at < start || *at >= behind);
                Ok(())
            }
            None => {
                let wanted = String::from_utf8_lossy(end).into_owned();
                Err(refuse(self.bytes, Fault::Malformed, start, wanted, "the end of the document"))
            }
        }
    }

    fn markup_declaration(&mut self) -> Result<(), XmlError> {
        let rest = self.rest();
        if rest.starts_with(b"<!--") {
            self.at += 2;
            self.skip_past(b"-->")
        } else if rest.starts_with(b"<![CDATA[") {
            self.comments = self.comments.saturating_sub(1);
            self.skip_past(b"]]>")
        } else if rest.starts_with(b"<!DOCTYPE") && self.elements == 0 {
            let found = "a document type declaration";
            let fault = (self.dtd)(self.bytes, self.at, self.limits);
            Err(refuse(self.bytes, fault, self.at, "no DTD (RFC 6545 section 5.5)", found))
        } else {
            Err(refuse(self.bytes, Fault::Malformed, self.at, "a tag, a comment or a CDATA section", "\"<!\""))
        }
    }

    fn end_tag(&mut self) -> Result<(), XmlError> {
        let start = self.at;
        let Some(length) = memchr(b'>', self.rest()) else { return Err(self.unclosed(start)) };
        self.names(start + 2, start + length)?;
        self.at += length + 1;
        self.depth = match self.depth.checked_sub(1) {
            Some(depth) => depth,
            None => {
                let found = "one end tag more";
                return Err(refuse(self.bytes, Fault::Malformed, start, "a start tag for each end tag", found));
            }
        };
        self.scope.close(self.depth);
        Ok(())
    }

    fn unclosed(&self, start: usize) -> XmlError {
        refuse(self.bytes, Fault::Malformed, start, "\">\" at the end of a tag", "the end of the document")
    }

    fn start_tag(&mut self) -> Result<(), XmlError> {
        let start = self.at;
        let mut at = start + 1;
        let mut attributes = 0;
        let end = loop {
            let Some(offset) = self.bytes.get(at..).and_then(|rest| memchr3(b'>', b'"', b'\'', rest)) else {
                return Err(self.unclosed(start));
            };
            let found = at + offset;
            let byte = self.bytes.get(found).copied().unwrap_or(b'>');
            if byte == b'>' {
                break found;
            }
            if offset > self.limits.name_bytes && has_long_name(self.bytes.get(at..found), self.limits.name_bytes) {
                self.breach(start, "name-bytes", self.limits.name_bytes, "bytes of one name");
            }
            attributes += 1;
            let Some(close) = self.bytes.get(found + 1..).and_then(|rest| memchr(byte, rest)) else {
                return Err(self.unclosed(start));
            };
            at = found + 1 + close + 1;
        };
        if has_long_name(self.bytes.get(start + 1..end.min(start + 2 + self.limits.name_bytes)), self.limits.name_bytes)
        {
            self.breach(start, "name-bytes", self.limits.name_bytes, "bytes of one name");
        }
        self.names(start + 1, end)?;
        if attributes > self.limits.attributes {
            self.breach(start, "attributes", self.limits.attributes, "attributes on one element");
        }
        if end - start > self.limits.attribute_bytes {
            self.breach(start, "attribute-bytes", self.limits.attribute_bytes, "bytes of attributes on one element");
        }
        self.elements += 1;
        if self.elements > self.limits.elements {
            self.breach(start, "elements", self.limits.elements, "elements");
        }
        if self.bytes.get(end - 1) != Some(&b'/') {
            self.depth += 1;
            if self.depth > self.limits.depth {
                self.breach(start, "depth", self.limits.depth, "elements open at once");
            }
        }
        self.declarations(start, end)?;
        self.at = end + 1;
        Ok(())
    }

    fn find_xmlns(&mut self) {
        let from = self.at;
        let next = self.bytes.get(from..).and_then(|rest| memmem::find(rest, b"xmlns"));
        self.next_xmlns = next.map_or(usize::MAX, |offset| from + offset);
    }

    /// The namespace faults that the parser lets pass (Namespaces in XML 1.0 §2.2, §3, §6.3): `xmlns:p=""`,
    /// `xmlns:xmlns`, the same declaration twice, white space inside a namespace's name.
    fn declarations(&mut self, start: usize, end: usize) -> Result<(), XmlError> {
        if self.next_xmlns >= end {
            return Ok(());
        }
        let bytes = self.bytes;
        let mut seen: Vec<&[u8]> = Vec::new();
        let empty = bytes.get(end - 1) == Some(&b'/');
        let depth = if empty { self.depth + 1 } else { self.depth };
        for (name_at, name, value) in attributes(bytes, start, end) {
            let prefix = match name {
                b"xmlns" => &b""[..],
                _ => match name.strip_prefix(b"xmlns:") {
                    Some(prefix) => prefix,
                    None => continue,
                },
            };
            let refuse = |expected: &str, found: &str| Err(refuse(bytes, Fault::Malformed, name_at, expected, found));
            if prefix == b"xmlns" {
                return refuse("another prefix", "a declaration of the prefix xmlns");
            }
            if value.is_empty() && !prefix.is_empty() {
                return refuse("the name of a namespace after a prefix", "an empty one");
            }
            if value.iter().any(u8::is_ascii_whitespace) {
                return refuse("a URI reference as name of a namespace", "white space in it");
            }
            // An element with too many attributes is refused anyway.
            if seen.len() <= self.limits.attributes {
                if seen.contains(&prefix) {
                    return refuse("each prefix declared once on an element", "the same declaration again");
                }
                seen.push(prefix);
            }
            self.scope.declare(prefix, depth, self.limits.namespaces);
        }
        if !seen.is_empty() && self.scope.exceeds(self.limits.namespaces) {
            self.breach(start, "namespaces", self.limits.namespaces, "prefixes declared at once");
        }
        if empty {
            self.scope.close(self.depth);
        }
        self.at = end;
        self.find_xmlns();
        Ok(())
    }
}

/// The attributes of the start tag in `start..end` as (position, name, raw value). Its quotes are known to pair.
fn attributes(bytes: &[u8], start: usize, end: usize) -> impl Iterator<Item = (usize, &[u8], &[u8])> {
    let mut at = start;
    std::iter::from_fn(move || {
        let tag = bytes.get(at..end)?;
        let open = memchr::memchr2(b'"', b'\'', tag)?;
        let quote = tag.get(open).copied()?;
        let close = open + 1 + memchr(quote, tag.get(open + 1..)?)?;
        let before = tag.get(..open)?.trim_ascii_end();
        let before = before.strip_suffix(b"=").unwrap_or(before).trim_ascii_end();
        let name_start = before.iter().rposition(|b| b.is_ascii_whitespace()).map_or(0, |space| space + 1);
        let item = (at + name_start, before.get(name_start..)?, tag.get(open + 1..close)?);
        at += close + 1;
        Some(item)
    })
}

/// Whether the first `limit + 1` bytes of a tag hold no delimiter, or the piece between two values is one long name.
fn has_long_name(piece: Option<&[u8]>, limit: usize) -> bool {
    let Some(piece) = piece else { return false };
    piece.len() > limit
        && piece.split(|b| b.is_ascii_whitespace() || matches!(b, b'=' | b'/')).any(|name| name.len() > limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &[u8], limits: &Limits) -> Option<Fault> {
        scan(text, limits).err().map(|error| error.fault)
    }

    fn small() -> Limits {
        Limits {
            depth: 3,
            elements: 5,
            attributes: 2,
            attribute_bytes: 60,
            name_bytes: 8,
            text_bytes: 20,
            character_references: 2,
            comments: 2,
            digits: 6,
            namespaces: 2,
            size: 200,
            ..Limits::default()
        }
    }

    #[test]
    fn each_limit_refuses_one_more_than_it_allows() {
        let long = "x".repeat(100);
        let cases = [
            ("<a><b><c/></b></a>".to_owned(), "<a><b><c><d></d></c></b></a>".to_owned()),
            ("<a><b/><b/><b/><b/></a>".into(), "<a><b/><b/><b/><b/><b/></a>".into()),
            ("<a b='' c=''/>".into(), "<a b='' c='' d=''/>".into()),
            ("<a b='123456789'/>".into(), format!("<a b='{}'/>", &long[..60])),
            ("<abcdefgh/>".into(), "<abcdefghi/>".into()),
            ("<a abcdefgh='' b=''/>".into(), "<a abcdefghi='' b=''/>".into()),
            ("<a>12345 7890 2345 789</a>".into(), "<a>12345 7890 2345 7890x</a>".into()),
            ("<a>xxxxxxxx<![CDATA[]]></a>".into(), "<a>xxxxxxxxxx<![CDATA[yyyyyyyyyy]]></a>".into()),
            ("<a>&#32;&#32;</a>".into(), "<a>&#32;&#32;&#32;</a>".into()),
            ("<a><!-- --><!-- --></a>".into(), "<a><!-- --><?p ?><!-- --></a>".into()),
            ("<a> 123456 </a>".into(), "<a> 1234567 </a>".into()),
            ("<a/>".into(), format!("<a>{long}{long}</a>")),
            (
                "<a xmlns:p='u'><b xmlns:q='u'/><b xmlns='u' xmlns:p='v'/></a>".into(),
                "<a xmlns:p='u'><b xmlns:q='u'><c xmlns='u'/></b></a>".into(),
            ),
        ];
        for (good, bad) in cases {
            assert_eq!(fault(good.as_bytes(), &small()), None, "{good}");
            assert_eq!(fault(bad.as_bytes(), &small()), Some(Fault::Forbidden), "{bad}");
        }
    }

    #[test]
    fn what_is_too_deep_and_never_closed_is_malformed() {
        assert_eq!(fault(b"<a><a><a><a><a>", &small()), Some(Fault::Malformed));
    }

    #[test]
    fn only_utf_8_and_version_1_0_pass() {
        let limits = Limits::default();
        for good in [&b"<a/>"[..], b"\xef\xbb\xbf<a/>", b"<?xml version='1.0' encoding='utf-8'?><a/>"] {
            assert_eq!(fault(good, &limits), None, "{good:?}");
        }
        for bad in [
            &b"\xff\xfe<\0a\0/\0>\0"[..],
            b"<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
            b"<?xml version='1.1'?><a/>",
            b"<!DOCTYPE a><a/>",
        ] {
            assert_eq!(fault(bad, &limits), Some(Fault::Forbidden), "{bad:?}");
        }
        for bad in [
            &b"<?xml versions='1.0'?><a/>"[..],
            b"<?xml version='1.0' coding='utf-8'?><a/>",
            b"\xff\xfe<\0a\0/\0>",
            b"<a>\xff</a>",
            b"<?xml version='1.0' encoding='UTF-16'?><a/>",
            b"<?xml version='2.0'?><a/>",
            b"<!doctype a><a/>",
        ] {
            assert_eq!(fault(bad, &limits), Some(Fault::Malformed), "{bad:?}");
        }
    }

    #[test]
    fn namespace_faults_are_seen_in_tags_only() {
        let limits = Limits::default();
        for bad in [
            "<a xmlns='u' xmlns='v'/>",
            "<a xmlns='u v'/>",
            "<a>&#xD800;</a>",
            "<a>&#55296;</a>",
            "<a xmlns:p=''/>",
            "<a xmlns:xmlns='u'/>",
            "<a><b x='1' xmlns:p = \"\"/></a>",
        ] {
            assert_eq!(fault(bad.as_bytes(), &limits), Some(Fault::Malformed), "{bad}");
        }
        for good in ["<a><![CDATA[&#xD800;]]></a>", "<a> xmlns:p=''</a>", "<a xmlns=''/>", "<a b=\"xmlns:p=''\"/>"] {
            assert_eq!(fault(good.as_bytes(), &limits), None, "{good}");
        }
    }

    #[test]
    fn names_do_not_begin_with_a_colon() {
        let limits = Limits::default();
        for bad in ["<:a/>", "<a :b='1'/>", "<a b=':' \n:c='1'/>", "<a></:a>", "<a><b c='\"' :d=''/></a>"] {
            assert_eq!(fault(bad.as_bytes(), &limits), Some(Fault::Malformed), "{bad}");
        }
        for good in ["<a> :b </a>", "<a b=' :c=1'/>", "<a b=\"' :c\" d=' :'/>"] {
            assert_eq!(fault(good.as_bytes(), &limits), None, "{good}");
        }
    }

    #[test]
    fn processing_instructions_have_names_of_their_own() {
        let limits = Limits::default();
        for bad in
            ["<?XML x?><a/>", "<a><?xml x?></a>", "<a><?x&y z?></a>", "<a><?b:c d?></a>", "<a><?b?c?></a>", "<??><a/>"]
        {
            assert_eq!(fault(bad.as_bytes(), &limits), Some(Fault::Malformed), "{bad}");
        }
        for good in ["<?xml-stylesheet href='x'?><a/>", "<a><?b?></a>", "<a><?b c?d?></a>", "<a><?é ?></a>"] {
            assert_eq!(fault(good.as_bytes(), &limits), None, "{good}");
        }
    }
}

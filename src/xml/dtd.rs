//! Documents with a DTD are refused; here is decided what they are called. Well-formed apart from the DTD: forbidden.
//! Otherwise malformed. Called by the scan. The DTD itself is skipped, never read: nothing is declared, expanded or fetched.

use memchr::memmem;

use crate::xml::scan::scan_without_dtd;
use crate::xml::{Fault, Limits};

/// Whether the rest of the document would be well-formed (or too big) without the DTD that begins at `start`.
pub(super) fn verdict(bytes: &[u8], start: usize, limits: &Limits) -> Fault {
    let Some(end) = end(bytes, start) else { return Fault::Malformed };
    let (dtd, mut rest) = (bytes.get(start..end).unwrap_or_default(), bytes.to_vec());
    if let Some(hole) = rest.get_mut(start..end) {
        hole.fill(b' ');
    }
    blank_references(&mut rest, end, dtd);
    match scan_without_dtd(&rest, limits) {
        Err(error) => error.fault,
        Ok(text) => match roxmltree::Document::parse(text) {
            Ok(_) => Fault::Forbidden,
            Err(_) => Fault::Malformed,
        },
    }
}

/// Where the DTD ends: behind the `>` outside of its internal subset, its literals and its comments.
fn end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 2;
    let mut open = 0_usize;
    let mut subset = false;
    loop {
        let rest = bytes.get(at..)?;
        let byte = *rest.first()?;
        at += match byte {
            b'"' | b'\'' => 2 + memchr::memchr(byte, rest.get(1..)?)?,
            b'<' if rest.starts_with(b"<!--") => 7 + memmem::find(rest.get(4..)?, b"-->")?,
            b'<' if rest.starts_with(b"<?") => 4 + memmem::find(rest.get(2..)?, b"?>")?,
            _ => 1,
        };
        match byte {
            b'[' => subset = true,
            b']' => subset = false,
            b'<' if bytes.get(at - 1) == Some(&b'<') => open += 1,
            b'>' if open == 0 && !subset => return Some(at),
            b'>' => open = open.saturating_sub(1),
            _ => {}
        }
    }
}

/// Replaces references to entities that the DTD declares by blanks: they are no reason to call the rest malformed.
fn blank_references(rest: &mut [u8], from: usize, dtd: &[u8]) {
    let mut at = from;
    while let Some(offset) = rest.get(at..).and_then(|tail| memchr::memchr(b'&', tail)) {
        let start = at + offset;
        at = start + 1;
        let Some(length) = rest.get(at..).and_then(|tail| memchr::memchr(b';', tail.get(..64).unwrap_or(tail))) else {
            continue;
        };
        let name = rest.get(at..at + length).unwrap_or_default();
        if !name.is_empty()
            && !name.starts_with(b"#")
            && declares(dtd, name)
            && let Some(hole) = rest.get_mut(start..=at + length)
        {
            hole.fill(b' ');
        }
    }
}

fn declares(dtd: &[u8], name: &[u8]) -> bool {
    memmem::find_iter(dtd, b"<!ENTITY").any(|at| {
        let after = dtd.get(at + 8..).unwrap_or_default().trim_ascii_start();
        after.strip_prefix(name).and_then(<[u8]>::first).is_some_and(u8::is_ascii_whitespace)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_well_formed_but_for_its_dtd_is_forbidden() {
        let judge = |text: &str| verdict(text.as_bytes(), text.find("<!DOCTYPE").unwrap(), &Limits::default());
        for text in [
            "<!DOCTYPE a><a/>",
            "<!DOCTYPE a SYSTEM \"]>\"><a/>",
            "<!DOCTYPE a [<!ENTITY e \"<b>\"><!-- ]> ' --><?p ]>?>]><a>&e;</a>",
            "<!DOCTYPE a [<!ENTITY e '&e;'>]><a k='&e;'/>",
        ] {
            assert_eq!(judge(text), Fault::Forbidden, "{text}");
        }
        for text in [
            "<!DOCTYPE html><html><br></html>",
            "<!DOCTYPE a [<!ENTITY e \"x\">",
            "<!DOCTYPE a><!DOCTYPE a><a/>",
            "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&f;</a>",
        ] {
            assert_eq!(judge(text), Fault::Malformed, "{text}");
        }
    }
}

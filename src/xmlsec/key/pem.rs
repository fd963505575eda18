//! PEM text (RFC 7468) cut into its sections. Private keys pass through here, so what is decoded is wiped when dropped.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::xmlsec::key::KeyError;

/// No file has more sections than this that we would read.
const MAX_SECTIONS: usize = 1_000;

/// One section.
pub(super) struct Section<'a> {
    /// What it says it is, such as `PRIVATE KEY`.
    pub(super) label: &'a str,
    /// Its contents.
    pub(super) der: Zeroizing<Vec<u8>>,
    /// Whether it is encrypted in OpenSSL's traditional form, by headers before its contents.
    pub(super) traditional: bool,
}

/// The sections in order; text around them is ignored.
pub(super) fn sections(text: &str) -> Result<Vec<Section<'_>>, KeyError> {
    let mut found = Vec::new();
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----")) else {
            continue;
        };
        let damaged = |why| KeyError::Pem { label: label.to_owned(), why };
        let mut traditional = false;
        let mut base64 = Zeroizing::new(String::with_capacity(text.len()));
        loop {
            let line = lines.next().ok_or_else(|| damaged("its END line is missing"))?;
            match line.strip_prefix("-----END ").and_then(|rest| rest.strip_suffix("-----")) {
                Some(end) if end == label => break,
                Some(_) => return Err(damaged("its END line names another section")),
                // Headers of RFC 1421: only OpenSSL's traditional form has them.
                None if line.contains(':') => {
                    traditional |= line.starts_with("Proc-Type:") && line.contains("ENCRYPTED")
                }
                None => base64.push_str(line.trim()),
            }
        }
        let mut der = Zeroizing::new(Vec::with_capacity(base64.len()));
        STANDARD.decode_vec(base64.as_bytes(), &mut der).map_err(|_| damaged("its contents are no base64"))?;
        found.push(Section { label, der, traditional });
        if found.len() > MAX_SECTIONS {
            return Err(damaged("there are more than 1,000 sections"));
        }
    }
    Ok(found)
}

/// The labels of the sections, in words.
pub(super) fn labels(sections: &[Section<'_>]) -> String {
    let mut labels: Vec<_> = sections.iter().map(|section| section.label).collect();
    labels.dedup();
    if labels.is_empty() { "no PEM section".to_owned() } else { labels.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_cut_out_of_the_text_around_them() {
        let text = "Bag\n-----BEGIN A B-----\r\nAQID\r\n-----END A B-----\nx\n-----BEGIN C-----\n-----END C-----\n";
        let found = sections(text).unwrap();
        assert_eq!(labels(&found), "A B, C");
        assert_eq!(*found[0].der, [1, 2, 3]);
        assert!(found[1].der.is_empty() && !found[1].traditional);
    }

    #[test]
    fn what_is_damaged_is_said() {
        for (text, why) in [
            ("-----BEGIN A-----\nAQID\n", "missing"),
            ("-----BEGIN A-----\nAQID\n-----END B-----", "another"),
            ("-----BEGIN A-----\nAQ*D\n-----END A-----", "base64"),
        ] {
            let error = sections(text).err().unwrap().to_string();
            assert!(error.contains(why) && !error.contains("AQ"), "{error}");
        }
        let text = "-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nAQID\n-----END A-----";
        assert!(sections(text).unwrap()[0].traditional);
    }
}

//! What the tests of this folder share: documents read into outlines, after they were found valid.

use crate::iodef::outline::Outline;

/// The first Incident of a valid document.
pub(super) fn opened(bytes: &[u8]) -> Outline {
    let outline = Outline::judged(bytes, &Default::default(), &Default::default())
        .unwrap_or_else(|why| panic!("{why}: {}", String::from_utf8_lossy(bytes)));
    outline.into_iter().next().unwrap()
}

/// That of a file in `fixtures/`.
pub(super) fn fixture(path: &str) -> Outline {
    let path = format!("{}/fixtures/{path}", env!("CARGO_MANIFEST_DIR"));
    opened(&std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}")))
}

/// That of IODEF 2.0 with this Incident.
pub(super) fn one(incident: &str) -> Outline {
    let open = "<IODEF-Document version=\"2.00\" xml:lang=\"en\" xmlns=\"urn:ietf:params:xml:ns:iodef-2.0\">";
    opened(format!("{open}{incident}</IODEF-Document>").as_bytes())
}

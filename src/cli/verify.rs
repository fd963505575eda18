//! `ridd verify`: who signed what of each file, by keys that are given and by no others.
//!
//! One line per file, so that scripts can read it: path, verdict, and who signed what or why it does not count, parted by
//! tabs. A verdict is about the file as it lies there: what is encrypted in it cannot be judged and is said to be so.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use serde::Serialize;

use super::validate::{shown, single_line};
use super::{Ended, Exit, Failure, Globals, document, print};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::peers::{Anchors, Facts};
use crate::rid::signature::{DOCUMENT_PATH, SIGNATURE_PATH};
use crate::xml::Document;
use crate::xmlsec::key::Certificate;
use crate::xmlsec::signature::{Config, Covered, Judged, Places, verify};
use crate::xmlsec::{Candidates, KeyHint, Trust, TrustedKey};

/// Where Signature elements stand in RID.
pub(super) const PLACES: Places = Places { signature: SIGNATURE_PATH, document: DOCUMENT_PATH };

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Believe signatures with this key: a certificate or a public key in PEM form. May be given several times
    #[arg(long, value_name = "PEM")]
    cert: Vec<PathBuf>,

    /// Believe signatures with keys that this CA vouches for, now, in the certificates that the message brings
    #[arg(long, value_name = "PEM")]
    ca: Vec<PathBuf>,

    /// Revocation lists of those CAs
    #[arg(long, value_name = "PEM", requires = "ca")]
    crl: Vec<PathBuf>,

    /// The files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// What a file is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// There are signatures, and each of them holds or waits for decryption.
    Valid,
    /// It is no message, or a signature does not hold.
    Invalid,
    /// There is no signature.
    Unsigned,
}

/// One file as `--json` lists it.
#[derive(Debug, Serialize)]
struct Entry {
    path: String,
    verdict: Verdict,
    /// Whether a signature that holds covers the whole message.
    whole: bool,
    /// Why the file cannot be judged; null if it can.
    reason: Option<String>,
    signatures: Vec<Signed>,
}

/// One signature as `--json` lists it.
#[derive(Debug, Serialize)]
struct Signed {
    /// `holds`, `encrypted` (to be judged after decryption) or `broken`.
    state: &'static str,
    /// Where the Signature element begins and ends, in bytes.
    start: usize,
    end: usize,
    signer: Option<String>,
    algorithm: Option<&'static str>,
    covers: Vec<Covers>,
    reason: Option<String>,
}

/// What a signature covers, as `--json` lists it: an element is null for the whole message.
#[derive(Debug, Serialize)]
struct Covers {
    element: Option<String>,
    start: Option<usize>,
    end: Option<usize>,
}

pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    let given = Given::read(args)?;
    let mut entries = Vec::new();
    let mut unreadable = Vec::new();
    for path in &args.files {
        match document::read(path) {
            Ok(bytes) => {
                let entry = judge(path, &bytes, &given);
                if !globals.json {
                    print(entry.line())?;
                }
                entries.push(entry);
            }
            Err(failure) => unreadable.push(failure.to_string()),
        }
    }
    if globals.json {
        let json = serde_json::to_string_pretty(&entries);
        print(json.map_err(|error| Failure::failed(format_args!("cannot write JSON: {error}")))?)?;
    }
    if !unreadable.is_empty() {
        return Err(Failure::input(unreadable.join("\nridd: ")));
    }
    let all = entries.iter().all(|entry| entry.verdict == Verdict::Valid && entry.whole);
    Ok(if all { Exit::Done } else { Exit::No })
}

fn judge(path: &Path, bytes: &[u8], given: &Given) -> Entry {
    let path = path.to_string_lossy().into_owned();
    let refused = |verdict, reason: String| Entry {
        path: path.clone(),
        verdict,
        whole: false,
        reason: Some(reason),
        signatures: Vec::new(),
    };
    let message = match Document::parse(bytes, &document::limits()) {
        Ok(message) => message,
        Err(error) => return refused(Verdict::Invalid, error.to_string()),
    };
    let judged = verify(&message, &PLACES, given, &Config::default());
    if judged.is_empty() {
        return refused(Verdict::Unsigned, format!("no Signature in {}", path_of(SIGNATURE_PATH)));
    }
    let signatures: Vec<_> = judged.iter().map(Signed::of).collect();
    let holding = judged.iter().filter_map(|one| one.verdict.as_ref().ok());
    Entry {
        verdict: match signatures.iter().any(|one| one.state == "broken") {
            true => Verdict::Invalid,
            false if signatures.iter().any(|one| one.state == "holds") => Verdict::Valid,
            false => Verdict::Invalid,
        },
        whole: holding.into_iter().any(|verified| verified.is_whole()),
        reason: None,
        signatures,
        path,
    }
}

fn path_of(names: &[(&str, &str)]) -> String {
    names.iter().fold(String::new(), |path, (_, name)| path + "/" + name)
}

impl Signed {
    fn of(judged: &Judged) -> Self {
        let (start, end) = (judged.range.start, judged.range.end);
        match &judged.verdict {
            Ok(verified) => Self {
                state: "holds",
                start,
                end,
                signer: Some(verified.signer().to_owned()),
                algorithm: Some(verified.algorithm().name()),
                covers: verified.covered().iter().map(Covers::of).collect(),
                reason: None,
            },
            Err(error) => Self {
                state: if error.waits_for_decryption() { "encrypted" } else { "broken" },
                start,
                end,
                signer: None,
                algorithm: None,
                covers: Vec::new(),
                reason: Some(error.to_string()),
            },
        }
    }

    fn words(&self) -> String {
        let reason = self.reason.as_deref().unwrap_or_default();
        match &self.signer {
            Some(signer) => {
                let covers: Vec<_> = self.covers.iter().map(Covers::words).collect();
                format!("{signer} signed {}", covers.join(" and "))
            }
            None if self.state == "encrypted" => format!("a signature that cannot be judged yet: {reason}"),
            None => reason.to_owned(),
        }
    }
}

impl Covers {
    fn of(covered: &Covered) -> Self {
        match covered {
            Covered::WholeMessage => Self { element: None, start: None, end: None },
            Covered::Element { path, range } => {
                Self { element: Some(path.clone()), start: Some(range.start), end: Some(range.end) }
            }
        }
    }

    fn words(&self) -> String {
        match (&self.element, self.start, self.end) {
            (Some(element), Some(start), Some(end)) => format!("{element} (bytes {start}..{end})"),
            _ => "the whole message".to_owned(),
        }
    }
}

impl Entry {
    fn line(&self) -> String {
        let verdict = match self.verdict {
            Verdict::Valid => "valid",
            Verdict::Invalid => "invalid",
            Verdict::Unsigned => "unsigned",
        };
        let reasons = self.reason.iter().cloned().chain(self.signatures.iter().map(Signed::words));
        let reasons = reasons.collect::<Vec<_>>().join("; ");
        format!("{}\t{verdict}\t{}", shown(Path::new(OsStr::new(&self.path))), single_line(&reasons))
    }
}

/// The keys that were given, and the CAs.
struct Given {
    pinned: Vec<TrustedKey>,
    anchors: Option<Anchors>,
    now: Timestamp,
}

impl Given {
    fn read(args: &Args) -> Result<Self, Failure> {
        let now = SystemClock.now();
        let mut pinned = Vec::new();
        for file in &args.cert {
            pinned.extend(keys(file)?);
        }
        let anchors = match args.ca.as_slice() {
            [] => None,
            cas => Some(Anchors::read(cas, &args.crl, now).map_err(Failure::input)?),
        };
        Ok(Self { pinned, anchors, now })
    }
}

/// The keys in a PEM file: of its certificates, or public keys as they are.
fn keys(file: &Path) -> Result<Vec<TrustedKey>, Failure> {
    let bad = |why: &str| Failure::input(format_args!("{}: {why}", shown(file)));
    let bytes = document::read(file)?;
    let mut keys = Vec::new();
    for der in CertificateDer::pem_slice_iter(&bytes) {
        let der = der.map_err(|error| bad(&error.to_string()))?;
        let certificate = Certificate::read(&der).map_err(|error| bad(&error.to_string()))?;
        let signer = Facts::read(&der).map_or_else(|_| certificate.subject().to_owned(), |facts| name(&facts));
        keys.push(TrustedKey::new(signer, certificate.public_key().info()));
    }
    for der in SubjectPublicKeyInfoDer::pem_slice_iter(&bytes) {
        let der = der.map_err(|error| bad(&error.to_string()))?;
        keys.push(TrustedKey::new(format!("the key of {}", shown(file)), der.to_vec()));
    }
    if keys.is_empty() {
        return Err(bad("holds no certificate and no public key in PEM form"));
    }
    Ok(keys)
}

/// Whom a certificate names: a RID system by its DNS-IDs, anyone else by the subject.
fn name(facts: &Facts) -> String {
    if facts.dns_ids.is_empty() { facts.subject.clone() } else { facts.dns_ids.join(", ") }
}

impl Trust for Given {
    fn candidates(&self, hint: &KeyHint) -> Candidates {
        let mut found = Candidates::default();
        if let Some(anchors) = &self.anchors {
            for (at, der) in hint.certificates.iter().enumerate() {
                let others: Vec<_> = hint
                    .certificates
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != at)
                    .map(|(_, der)| der.clone())
                    .collect();
                match (anchors.judge(der, &others, self.now), Certificate::read(der)) {
                    (Ok(facts), Ok(certificate)) => {
                        let spki = certificate.public_key().info().to_vec();
                        found.keys.push(TrustedKey::new(name(&facts), spki));
                    }
                    (Ok(facts), Err(error)) => found.refused.push(format!("{}: {error}", name(&facts))),
                    (Err(refusal), _) => {
                        let whose = Facts::read(der).map_or_else(|_| "a certificate".to_owned(), |facts| facts.subject);
                        found.refused.push(format!("{whose}: {refusal}"));
                    }
                }
            }
            if hint.certificates.is_empty() && self.pinned.is_empty() {
                found.refused.push("the signature brings no certificate that a CA could vouch for".to_owned());
            }
        }
        let own =
            |key: &TrustedKey| hint.certificates.iter().any(|der| memchr::memmem::find(der, key.spki()).is_some());
        let (named, others): (Vec<_>, Vec<_>) = self.pinned.iter().cloned().partition(own);
        found.keys.extend(named);
        found.keys.extend(others);
        if self.pinned.is_empty() && self.anchors.is_none() {
            found.refused.push("give a certificate with --cert or a CA with --ca".to_owned());
        }
        found
    }
}

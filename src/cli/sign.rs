//! `ridd sign`: puts a signature into a RID message, for hand work and tests. No byte outside the Signature changes.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::validate::shown;
use super::verify::PLACES;
use super::{Ended, Exit, Failure, document};
use crate::rid::signature::{originals, signature_place};
use crate::xml::Document;
use crate::xmlsec::SignatureAlgorithm;
use crate::xmlsec::key::{Certificate, FileKey, Passphrase};
use crate::xmlsec::signature::{Config, Splice, find, sign_elements, sign_whole};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The private key in PEM form: PKCS#8, in clear text or encrypted, PKCS#1 or SEC1
    #[arg(long, value_name = "PEM")]
    key: PathBuf,

    /// The file with the passphrase of the key, on one line
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,

    /// The certificate of the key; it is put into the signature
    #[arg(long, value_name = "PEM")]
    cert: Option<PathBuf>,

    /// The signature algorithm [default: the key's usual one]
    #[arg(long, value_name = "NAME", value_parser = algorithm)]
    algorithm: Option<SignatureAlgorithm>,

    /// Sign the document's RecordItems, or the DateTime of its records if there is none, as the originator of a Request
    /// does, and not the message
    #[arg(long)]
    originator: bool,

    /// Write into this new file [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// The RID message; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

fn algorithm(name: &str) -> Result<SignatureAlgorithm, String> {
    let known = SignatureAlgorithm::ALL.into_iter().find(|one| one.name() == name);
    known.ok_or_else(|| format!("expected one of {}", SignatureAlgorithm::ALL.map(SignatureAlgorithm::name).join(", ")))
}

pub(crate) fn run(args: &Args) -> Ended {
    let key = key(args)?;
    let bytes = document::read(&args.file)?;
    let signed = if args.originator { originator(args, bytes, &key)? } else { whole(args, &bytes, &key)? };
    document::write(&signed, args.output.as_deref())?;
    Ok(Exit::Done)
}

fn key(args: &Args) -> Result<FileKey, Failure> {
    let passphrase = args.passphrase_file.as_deref().map(Passphrase::read).transpose().map_err(Failure::input)?;
    let key = FileKey::open(&args.key, passphrase.as_ref()).map_err(Failure::input)?;
    if let Some(mode) = key.exposure() {
        let warning = format!("ridd: {} can be read by others (mode {mode:o}); make it 0600", shown(&args.key));
        // A warning that cannot be written is no reason to stop.
        let _ = writeln!(std::io::stderr(), "{warning}");
    }
    let Some(file) = &args.cert else { return Ok(key) };
    let text = document::read(file)?;
    let text = String::from_utf8(text).map_err(|_| fault(file, "is no certificate in PEM form"))?;
    let certificate = Certificate::from_pem(&text).map_err(Failure::input)?;
    key.with_certificate(certificate).map_err(Failure::input)
}

fn fault(file: &Path, why: impl std::fmt::Display) -> Failure {
    Failure::input(format_args!("{}: {why}", shown(file)))
}

fn no_place(file: &Path) -> Failure {
    fault(file, "a RID message without ReportSchema has no place for a signature (RFC 6545 §5.1.1)")
}

fn whole(args: &Args, bytes: &[u8], key: &FileKey) -> Result<Vec<u8>, Failure> {
    let limits = document::limits();
    let message = Document::parse(bytes, &limits).map_err(|error| fault(&args.file, error))?;
    let place = signature_place(&message).ok_or_else(|| no_place(&args.file))?;
    // One more over the whole message would make the first one a broken one.
    if find(&message, &PLACES, &Config::default()).iter().any(|found| found.claims_whole()) {
        return Err(fault(&args.file, "the whole message is signed already; take that Signature out first"));
    }
    let splice = Splice { at: place.at, before: &place.before, after: &place.after };
    sign_whole(bytes, &splice, key, args.algorithm, &limits).map_err(|error| fault(&args.file, error))
}

/// One signature for as many records as one signature may name, until all are signed.
fn originator(args: &Args, mut bytes: Vec<u8>, key: &FileKey) -> Result<Vec<u8>, Failure> {
    let config = Config::default();
    let mut done = 0;
    loop {
        let message = Document::parse(&bytes, &document::limits()).map_err(|error| fault(&args.file, error))?;
        let place = signature_place(&message).ok_or_else(|| no_place(&args.file))?;
        let records = originals(&message);
        let next: Vec<_> = records.iter().skip(done).take(config.references).copied().collect();
        if next.is_empty() && done > 0 {
            return Ok(bytes);
        }
        if next.is_empty() {
            return Err(fault(
                &args.file,
                "there is no RecordItem to sign, nor the DateTime of a record (RFC 6545 §9.1)",
            ));
        }
        done += next.len();
        let splice = Splice { at: place.at, before: &place.before, after: &place.after };
        let signed = sign_elements(&message, &next, &splice, &PLACES, key, args.algorithm)
            .map_err(|error| fault(&args.file, error))?;
        bytes = signed;
    }
}

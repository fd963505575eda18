//! `ridd decrypt`: decrypts by hand what a document holds for one of the given keys.
//!
//! What comes out is as trustworthy as the signature around it and no more; that is not judged here.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Ended, Exit, Failure, Globals, document, print};
use crate::xml::Document;
use crate::xmlsec::encryption::{self, Decrypted};
use crate::xmlsec::key::{Certificate, Decrypter, FileKey, Passphrase};

/// Arguments of `ridd decrypt`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Private key (PEM: PKCS#8, also encrypted, PKCS#1 or SEC1); again for each further key
    #[arg(long = "key", required = true, value_name = "KEY")]
    keys: Vec<PathBuf>,

    /// Certificate (PEM) of one of the keys, by which a document may name the key
    #[arg(long = "cert", value_name = "CERT")]
    certificates: Vec<PathBuf>,

    /// The file with the passphrase of encrypted keys
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,

    /// Write into this new file, which only its owner may read [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// The document; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    if globals.json && args.output.is_none() {
        return Err(Failure::input("--json lists what was decrypted, so say with --output where the document goes"));
    }
    let keys = keys(args)?;
    let no = |error: &dyn std::fmt::Display| {
        let message = format!("{}: {error}", args.file.display());
        Failure { exit: Exit::No, message }
    };
    let limits = document::limits();
    let bytes = document::read(&args.file)?;
    let parsed = Document::parse(&bytes, &limits).map_err(|error| no(&error))?;
    let ours: Vec<&dyn Decrypter> = keys.iter().map(|key| key as &dyn Decrypter).collect();
    let decrypted = encryption::decrypt(&parsed, &ours, &encryption::Config::default(), &limits);
    let decrypted = decrypted.map_err(|error| no(&error))?;
    document::write(&decrypted.bytes, args.output.as_deref())?;
    match &args.output {
        Some(file) if globals.json => print(as_json(file, &decrypted, args).to_string())?,
        Some(file) => print(lines(file, &decrypted, args))?,
        None => {}
    }
    Ok(Exit::Done)
}

/// The keys, each with its certificates.
fn keys(args: &Args) -> Result<Vec<FileKey>, Failure> {
    let passphrase = args.passphrase_file.as_deref().map(Passphrase::read).transpose().map_err(Failure::input)?;
    let mut keys = Vec::new();
    for path in &args.keys {
        let key = FileKey::open(path, passphrase.as_ref()).map_err(Failure::input)?;
        if let Some(mode) = key.exposure() {
            let warning = format!("ridd: {} can be read by others (mode {mode:o}); make it 0600", path.display());
            // A warning that cannot be written is no reason to stop.
            let _ = writeln!(std::io::stderr(), "{warning}");
        }
        keys.push(key);
    }
    for path in &args.certificates {
        let wrong = |error: &dyn std::fmt::Display| Failure::input(format_args!("{}: {error}", path.display()));
        let text = String::from_utf8(document::read(path)?).map_err(|_| wrong(&"it is no certificate in PEM form"))?;
        let certificate = Certificate::from_pem(&text).map_err(|error| wrong(&error))?;
        let place = keys.iter().position(|key| key.public_key() == certificate.public_key());
        let place = place.ok_or_else(|| wrong(&"it is for none of the keys"))?;
        let key = keys.remove(place).with_certificate(certificate).map_err(|error| wrong(&error))?;
        keys.insert(place, key);
    }
    Ok(keys)
}

fn as_json(file: &Path, decrypted: &Decrypted, args: &Args) -> serde_json::Value {
    let parts = decrypted.parts.iter().map(|part| {
        json!({
            "element": part.path,
            "type": part.data_type,
            "from": part.range.start,
            "to": part.range.end,
            "content": part.content.to_string(),
            "method": part.method.to_string(),
            "key": args.keys.get(part.key),
            "recipients": part.recipients,
        })
    });
    let others = decrypted.for_others.iter().map(|(path, whom)| json!({ "element": path, "for": whom }));
    json!({
        "file": file,
        "size": decrypted.bytes.len(),
        "decrypted": parts.collect::<Vec<_>>(),
        "for-others": others.collect::<Vec<_>>(),
    })
}

fn lines(file: &Path, decrypted: &Decrypted, args: &Args) -> String {
    let mut lines = Vec::new();
    for part in &decrypted.parts {
        let key = args.keys.get(part.key).map(|key| key.display().to_string()).unwrap_or_default();
        lines.push(format!("{} decrypted with {key}: {}, {}", part.path, part.method, part.content));
    }
    lines.extend(decrypted.for_others.iter().map(|(path, whom)| format!("{path} is for others: {whom}")));
    lines.push(format!("{} bytes written to {}", decrypted.bytes.len(), file.display()));
    lines.join("\n")
}

//! `ridd encrypt`: encrypts a document by hand for the owners of certificates.
//!
//! In a RID message the content of each XMLDocument is encrypted, so that the policy stays in clear text (RFC 6545 §9.1);
//! in any document one element can be. A node encrypts what it sends by itself.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Ended, Exit, Failure, Globals, document, print};
use crate::rid;
use crate::xml::{Document, Node};
use crate::xmlsec::encryption::{self, ContentAlgorithm, DataType, EncryptionError, Recipient};
use crate::xmlsec::key::{Certificate, KeyError};

/// Arguments of `ridd encrypt`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Certificate (PEM) of who shall read it; again for each further reader. It is taken as given: look at it first
    #[arg(long = "for", required = true, value_name = "CERT")]
    certificates: Vec<PathBuf>,

    /// Encrypt this element, such as `/IODEF-Document/Incident[2]` [default: the content of each XMLDocument]
    #[arg(long, value_name = "PATH")]
    element: Option<String>,

    /// How the content is encrypted
    #[arg(long, value_enum, default_value_t = Cipher::Aes256Gcm)]
    cipher: Cipher,

    /// Write into this new file [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// The document; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Cipher {
    /// AES with a key of 256 bits in Galois/Counter Mode
    Aes256Gcm,
    /// AES with a key of 128 bits in Galois/Counter Mode
    Aes128Gcm,
}

impl From<Cipher> for ContentAlgorithm {
    fn from(cipher: Cipher) -> Self {
        match cipher {
            Cipher::Aes256Gcm => Self::Aes256Gcm,
            Cipher::Aes128Gcm => Self::Aes128Gcm,
        }
    }
}

pub(crate) fn run(args: &Args, globals: &Globals) -> Ended {
    if globals.json && args.output.is_none() {
        return Err(Failure::input("--json lists what was encrypted, so say with --output where the document goes"));
    }
    let recipients = args.certificates.iter().map(|path| recipient(path)).collect::<Result<Vec<_>, _>>()?;
    let (bytes, parts) = encrypted(document::read(&args.file)?, args, &recipients)?;
    document::write(&bytes, args.output.as_deref())?;
    if let Some(file) = &args.output {
        let readers: Vec<_> = recipients.iter().map(Recipient::words).collect();
        print(if globals.json {
            json!({ "file": file, "size": bytes.len(), "encrypted": parts, "recipients": readers }).to_string()
        } else {
            format!("{} encrypted for {}, written to {}", parts.join(", "), readers.join("; "), file.display())
        })?;
    }
    Ok(Exit::Done)
}

fn recipient(path: &Path) -> Result<Recipient, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::input(format_args!("{}: {error}", path.display()));
    let bytes = document::read(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| wrong(&"it is no text, so no certificate in PEM form"))?;
    let certificate = Certificate::from_pem(text).map_err(|error: KeyError| wrong(&error))?;
    Ok(Recipient::of_certificate(certificate))
}

/// The new document, and the paths of what is encrypted in it.
fn encrypted(mut bytes: Vec<u8>, args: &Args, recipients: &[Recipient]) -> Result<(Vec<u8>, Vec<String>), Failure> {
    let failure = |error: EncryptionError| match error {
        EncryptionError::Recipient { .. } | EncryptionError::Empty { .. } => Failure::input(error),
        error => Failure::failed(error),
    };
    let most = encryption::Config::default().parts;
    let mut parts = Vec::new();
    loop {
        let limits = document::limits();
        let parsed =
            Document::parse(&bytes, &limits).map_err(|error| Failure { exit: Exit::No, ..Failure::input(error) })?;
        let (target, data_type) = match &args.element {
            Some(_) if !parts.is_empty() => break,
            Some(path) => (document::at(&parsed, path)?, DataType::Element),
            None => match payload(parsed.root()) {
                Some(target) => (target, DataType::Content),
                None => break,
            },
        };
        if parts.len() == most {
            return Err(Failure::input(format_args!("more than {most} documents in one message")));
        }
        let path = target.path();
        let new = encryption::encrypt(&parsed, target, data_type, recipients, args.cipher.into()).map_err(failure)?;
        parts.push(path);
        bytes = new;
    }
    if parts.is_empty() {
        let why = "holds no XMLDocument of a RID message that is in clear text; say with --element what to encrypt";
        return Err(Failure::input(format_args!("{} {why}", args.file.display())));
    }
    Ok((bytes, parts))
}

/// The first XMLDocument of a RID message whose content is in clear text.
fn payload(root: Node<'_>) -> Option<Node<'_>> {
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if node.is(rid::NAMESPACE, "XMLDocument") {
            let sealed = node.elements().any(|child| child.is(crate::xmlsec::XENC, "EncryptedData"));
            if !sealed && !node.inner_range().is_empty() {
                return Some(node);
            }
            // A message inside a message goes with it.
            continue;
        }
        let mut children: Vec<_> = node.elements().collect();
        children.reverse();
        open.append(&mut children);
    }
    None
}

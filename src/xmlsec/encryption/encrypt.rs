//! Encrypting: one EncryptedData in the place of an element or of its content, no other byte changed.

use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, UnparsedPublicKey};
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use zeroize::Zeroizing;

use crate::xml::{Document, Node, escape_text};
use crate::xmlsec::base64;
use crate::xmlsec::encryption::algorithm::{CONCAT_KDF, ECDH_ES, MGF1_SHA256, RSA_OAEP, SHA256, curve_uri};
use crate::xmlsec::encryption::derive::{Digest, Wrap};
use crate::xmlsec::encryption::namespaces::self_contained;
use crate::xmlsec::encryption::{ContentAlgorithm, DS, DS11, DataType, EncryptionError, XENC, XENC11};
use crate::xmlsec::key::{Certificate, KeyError, KeyKind, PublicKey};

/// What ConcatKDF mixes in: one byte of zeros for each of its three parties, as the standard's example has it. They are
/// written with a byte before them that counts padding bits, of which there are none.
const INFO: ([u8; 3], &str) = ([0, 0, 0], "AlgorithmID=\"0000\" PartyUInfo=\"0000\" PartyVInfo=\"0000\"");

/// Somebody to encrypt for. That the key is theirs and still good is the business of whoever hands it over.
#[derive(Clone, Debug)]
pub struct Recipient {
    key: PublicKey,
    certificate: Option<Certificate>,
    name: Option<String>,
}

impl Recipient {
    /// Whoever has the private key of the certificate. It is named by the subject key identifier if it has one (RFC 5280
    /// §4.2.1.2), else the certificate goes along.
    #[must_use]
    pub fn of_certificate(certificate: Certificate) -> Self {
        Self { key: certificate.public_key().clone(), certificate: Some(certificate), name: None }
    }

    /// Whoever has the private key, known to both sides by a name.
    #[must_use]
    pub fn of_key(key: PublicKey, name: impl Into<String>) -> Self {
        Self { key, certificate: None, name: Some(name.into()) }
    }

    /// Who it is, in words.
    #[must_use]
    pub fn words(&self) -> &str {
        let subject = self.certificate.as_ref().map(Certificate::subject);
        subject.or(self.name.as_deref()).unwrap_or("a key without a name")
    }

    /// The kind of key.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.key.kind()
    }

    /// The hints by which the recipient finds what is meant for it.
    fn hints(&self, out: &mut String) {
        if let Some(name) = &self.name {
            element(out, "ds:KeyName", &escape_text(name));
        }
        let Some(certificate) = &self.certificate else { return };
        let (name, bytes) = match certificate.key_identifier() {
            Some(identifier) => ("ds:X509SKI", identifier),
            None => ("ds:X509Certificate", certificate.der()),
        };
        let mut value = String::new();
        base64::encode(bytes, &mut value);
        out.push_str("<ds:X509Data>");
        element(out, name, &value);
        out.push_str("</ds:X509Data>");
    }
}

/// Encrypts an element of the document, or its content, for all recipients; gives the new document.
///
/// The plain bytes are those of the document, but for namespaces that are declared further up: those are declared anew
/// on the outermost of the encrypted elements, where they are used.
///
/// # Errors
/// Nobody to encrypt for, or a key or certificate that is not for encryption; the element has no content.
pub fn encrypt(
    document: &Document<'_>,
    target: Node<'_>,
    data_type: DataType,
    recipients: &[Recipient],
    algorithm: ContentAlgorithm,
) -> Result<Vec<u8>, EncryptionError> {
    let source = document.source();
    let (range, plain) = match data_type {
        DataType::Element => {
            let range = target.range();
            (range.clone(), self_contained(source, range, std::iter::once(target), target.parent())?)
        }
        DataType::Content => {
            let range = target.inner_range();
            if range.is_empty() {
                return Err(EncryptionError::Empty { path: target.path() });
            }
            (range.clone(), self_contained(source, range, target.elements(), Some(target))?)
        }
    };
    let encrypted = encrypted_data(plain.as_bytes(), data_type, recipients, algorithm)?;
    let (before, after) = (source.get(..range.start), source.get(range.end..));
    Ok([before.unwrap_or_default(), &encrypted, after.unwrap_or_default()].concat().into_bytes())
}

/// The whole EncryptedData element.
pub(super) fn encrypted_data(
    plain: &[u8],
    data_type: DataType,
    recipients: &[Recipient],
    algorithm: ContentAlgorithm,
) -> Result<String, EncryptionError> {
    if recipients.is_empty() {
        return Err(EncryptionError::NoRecipient);
    }
    let mut key = Zeroizing::new(vec![0; algorithm.key_length()]);
    rand::fill(&mut key).map_err(|_| EncryptionError::Failed { what: "the random generator" })?;
    let mut out = String::with_capacity(plain.len() / 3 * 4 + 512 + recipients.len() * 1_024);
    out.push_str(&format!(
        "<xenc:EncryptedData xmlns:xenc=\"{XENC}\" xmlns:xenc11=\"{XENC11}\" xmlns:ds=\"{DS}\" Type=\"{}\">\
         <xenc:EncryptionMethod Algorithm=\"{}\"/><ds:KeyInfo>",
        data_type.uri(),
        algorithm.uri()
    ));
    for recipient in recipients {
        encrypted_key(recipient, &key, algorithm, &mut out)?;
    }
    out.push_str("</ds:KeyInfo>");
    cipher_data(&sealed(plain, &key, algorithm)?, &mut out);
    out.push_str("</xenc:EncryptedData>");
    Ok(out)
}

/// The initialization vector, the encrypted bytes and the tag (XML Encryption 1.1 §5.2.4). The key is used this once.
fn sealed(plain: &[u8], key: &[u8], algorithm: ContentAlgorithm) -> Result<Vec<u8>, EncryptionError> {
    let failed = |_| EncryptionError::Failed { what: "encrypting the content" };
    let mut vector = [0; NONCE_LEN];
    rand::fill(&mut vector).map_err(failed)?;
    let key = LessSafeKey::new(UnboundKey::new(algorithm.aead(), key).map_err(failed)?);
    let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + algorithm.aead().tag_len());
    sealed.extend_from_slice(&vector);
    sealed.extend_from_slice(plain);
    let content = sealed.get_mut(NONCE_LEN..).unwrap_or_default();
    let nonce = Nonce::assume_unique_for_key(vector);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::empty(), content).map_err(failed)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

/// The key of the content for one recipient.
fn encrypted_key(
    recipient: &Recipient,
    key: &[u8],
    algorithm: ContentAlgorithm,
    out: &mut String,
) -> Result<(), EncryptionError> {
    if let Some(certificate) = &recipient.certificate {
        certificate.may_encrypt().map_err(|source| unusable(recipient, source))?;
    }
    out.push_str("<xenc:EncryptedKey>");
    let wrapped = match recipient.kind() {
        KeyKind::Rsa { .. } => {
            out.push_str(&format!(
                "<xenc:EncryptionMethod Algorithm=\"{RSA_OAEP}\"><ds:DigestMethod Algorithm=\"{SHA256}\"/>\
                 <xenc11:MGF Algorithm=\"{MGF1_SHA256}\"/></xenc:EncryptionMethod><ds:KeyInfo>"
            ));
            recipient.hints(out);
            out.push_str("</ds:KeyInfo>");
            transport(recipient, key)?
        }
        KeyKind::P256 => agree(recipient, &ECDH_P256, key, algorithm, out)?,
        KeyKind::P384 => agree(recipient, &ECDH_P384, key, algorithm, out)?,
        kind @ KeyKind::Ed25519 => return Err(unusable(recipient, KeyError::Use { kind, what: "encryption" })),
    };
    cipher_data(&wrapped, out);
    out.push_str("</xenc:EncryptedKey>");
    Ok(())
}

fn unusable(recipient: &Recipient, source: KeyError) -> EncryptionError {
    EncryptionError::Recipient { recipient: recipient.words().to_owned(), source }
}

fn transport(recipient: &Recipient, key: &[u8]) -> Result<Vec<u8>, EncryptionError> {
    let failed = || unusable(recipient, KeyError::Failed { what: "key transport" });
    let public = PublicEncryptingKey::from_der(recipient.key.info()).map_err(|_| failed())?;
    let public = OaepPublicEncryptingKey::new(public).map_err(|_| failed())?;
    let mut wrapped = vec![0; public.ciphertext_size()];
    let length = public.encrypt(&OAEP_SHA256_MGF1SHA256, key, &mut wrapped, None).map(|wrapped| wrapped.len());
    wrapped.truncate(length.map_err(|_| failed())?);
    Ok(wrapped)
}

/// Agrees with a key made for this once, and says in `out` how.
fn agree(
    recipient: &Recipient,
    curve: &'static agreement::Algorithm,
    key: &[u8],
    algorithm: ContentAlgorithm,
    out: &mut String,
) -> Result<Vec<u8>, EncryptionError> {
    let failed = || unusable(recipient, KeyError::Failed { what: "key agreement" });
    let wrap = match algorithm {
        ContentAlgorithm::Aes128Gcm => Wrap::Aes128,
        ContentAlgorithm::Aes256Gcm => Wrap::Aes256,
    };
    let ephemeral = agreement::PrivateKey::generate(curve).map_err(|_| failed())?;
    let originator = ephemeral.compute_public_key().map_err(|_| failed())?;
    out.push_str(&format!(
        "<xenc:EncryptionMethod Algorithm=\"{}\"/><ds:KeyInfo><xenc:AgreementMethod Algorithm=\"{ECDH_ES}\">\
         <xenc11:KeyDerivationMethod Algorithm=\"{CONCAT_KDF}\"><xenc11:ConcatKDFParams {}>\
         <ds:DigestMethod Algorithm=\"{SHA256}\"/></xenc11:ConcatKDFParams></xenc11:KeyDerivationMethod>\
         <xenc:OriginatorKeyInfo><ds:KeyValue><dsig11:ECKeyValue xmlns:dsig11=\"{DS11}\">\
         <dsig11:NamedCurve URI=\"{}\"/><dsig11:PublicKey>",
        wrap.uri(),
        INFO.1,
        curve_uri(recipient.kind()).unwrap_or_default(),
    ));
    base64::encode(originator.as_ref(), out);
    out.push_str(
        "</dsig11:PublicKey></dsig11:ECKeyValue></ds:KeyValue></xenc:OriginatorKeyInfo><xenc:RecipientKeyInfo>",
    );
    recipient.hints(out);
    out.push_str("</xenc:RecipientKeyInfo></xenc:AgreementMethod></ds:KeyInfo>");
    let theirs = UnparsedPublicKey::new(curve, recipient.key.key());
    agreement::agree(&ephemeral, theirs, failed(), |secret| wrap.wrap(Digest::Sha256, secret, &INFO.0, key))
}

fn cipher_data(bytes: &[u8], out: &mut String) {
    out.push_str("<xenc:CipherData><xenc:CipherValue>");
    base64::encode(bytes, out);
    out.push_str("</xenc:CipherValue></xenc:CipherData>");
}

fn element(out: &mut String, name: &str, text: &str) {
    out.push_str(&format!("<{name}>{text}</{name}>"));
}

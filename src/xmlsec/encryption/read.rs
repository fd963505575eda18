//! Reading EncryptedData and EncryptedKey (XML Encryption 1.1 §3): what is of the profile is kept, all else is refused.
//! Nothing is decrypted here, so a hop that has none of the keys can still say whom something is for.

use crate::xml::Node;
use crate::xmlsec::base64;
use crate::xmlsec::encryption::algorithm::{
    Agreement, CONCAT_KDF, ECDH_ES, ENCRYPTED_KEY, MGF1_SHA256, RSA_OAEP, SHA256, SHA384, curve_uri,
};
use crate::xmlsec::encryption::children::{Children, attribute, known_attributes, named, one_of, refused, text};
use crate::xmlsec::encryption::derive::{Digest, Wrap};
use crate::xmlsec::encryption::{
    Config, ContentAlgorithm, DS, DS11, DataType, EncryptionError, Hint, KeyMethod, XENC, XENC11,
};
use crate::xmlsec::key::KeyKind;

/// The five parameters of ConcatKDF in the order in which they are mixed in (XML Encryption 1.1 §5.4.1).
const INFO: [&str; 5] = ["AlgorithmID", "PartyUInfo", "PartyVInfo", "SuppPubInfo", "SuppPrivInfo"];
/// Hexadecimal digits of one of them.
const MAX_INFO: usize = 4_096;

/// One EncryptedData of the profile.
#[derive(Clone, Debug)]
pub struct EncryptedData<'a> {
    pub(super) element: Node<'a>,
    pub(super) data_type: DataType,
    pub(super) content: ContentAlgorithm,
    pub(super) keys: Vec<EncryptedKey>,
    cipher_value: Node<'a>,
}

/// The key of the content, encrypted for one recipient.
#[derive(Clone, Debug)]
pub struct EncryptedKey {
    pub(super) method: KeyMethod,
    pub(super) hints: Vec<Hint>,
    pub(super) cipher_value: Vec<u8>,
}

impl EncryptedKey {
    /// How it is encrypted.
    #[must_use]
    pub const fn method(&self) -> &KeyMethod {
        &self.method
    }

    /// Whom it says it is for.
    #[must_use]
    pub fn hints(&self) -> &[Hint] {
        &self.hints
    }
}

impl<'a> EncryptedData<'a> {
    /// Reads the element.
    ///
    /// # Errors
    /// It is no EncryptedData, or something in it is outside the profile or its limits.
    pub fn read(element: Node<'a>, config: &Config) -> Result<Self, EncryptionError> {
        if !element.is(XENC, "EncryptedData") {
            return Err(refused(element, "EncryptedData", named(element)));
        }
        let mut children = Children::of(element, &["Id", "Type", "MimeType"])?;
        if element.attribute("MimeType").is_some() {
            one_of(element, "MimeType", &["text/xml", "application/xml"])?;
        }
        let data_type = match attribute(element, "Type")? {
            name if name == DataType::Element.uri() => DataType::Element,
            name if name == DataType::Content.uri() => DataType::Content,
            other => return Err(refused(element, "the Type Element or Content", other)),
        };
        let method = children.need(XENC, "EncryptionMethod")?;
        let content = match attribute(method, "Algorithm")? {
            name if name == ContentAlgorithm::Aes128Gcm.uri() => ContentAlgorithm::Aes128Gcm,
            name if name == ContentAlgorithm::Aes256Gcm.uri() => ContentAlgorithm::Aes256Gcm,
            other => return Err(refused(method, "AES-128-GCM or AES-256-GCM", other)),
        };
        let mut parameters = Children::of(method, &["Algorithm"])?;
        key_size(&mut parameters, content.key_length())?;
        parameters.end()?;
        let keys = Self::keys(children.need(DS, "KeyInfo")?, config)?;
        let cipher_value = cipher_value(children.need(XENC, "CipherData")?)?;
        children.end()?;
        Ok(Self { element, data_type, content, keys, cipher_value })
    }

    fn keys(info: Node<'a>, config: &Config) -> Result<Vec<EncryptedKey>, EncryptionError> {
        let mut keys = Vec::new();
        let mut children = Children::of(info, &["Id"])?;
        while let Some(child) = children.any() {
            match (child.namespace(), child.name()) {
                (XENC, "EncryptedKey") if keys.len() == config.recipients => {
                    let position = child.position();
                    return Err(EncryptionError::TooMany { position, what: "recipients", limit: config.recipients });
                }
                (XENC, "EncryptedKey") => keys.push(EncryptedKey::read(child)?),
                // The name of the content's key, which only who shares keys otherwise could use.
                (DS, "KeyName") => known_attributes(child, &[])?,
                _ => return Err(refused(child, "EncryptedKey", named(child))),
            }
        }
        if keys.is_empty() { Err(refused(info, "EncryptedKey", "none")) } else { Ok(keys) }
    }

    /// The element itself.
    #[must_use]
    pub const fn element(&self) -> Node<'a> {
        self.element
    }

    /// What it stands for.
    #[must_use]
    pub const fn data_type(&self) -> DataType {
        self.data_type
    }

    /// How the content is encrypted.
    #[must_use]
    pub const fn content(&self) -> ContentAlgorithm {
        self.content
    }

    /// Its keys, one for each recipient.
    #[must_use]
    pub fn keys_for(&self) -> &[EncryptedKey] {
        &self.keys
    }

    /// The initialization vector and the encrypted content with its tag.
    pub(super) fn cipher_value(&self) -> Result<Vec<u8>, EncryptionError> {
        decoded(self.cipher_value)
    }
}

impl EncryptedKey {
    fn read(element: Node<'_>) -> Result<Self, EncryptionError> {
        let mut children = Children::of(element, &["Id", "Type", "Recipient"])?;
        if element.attribute("Type").is_some() {
            one_of(element, "Type", &[ENCRYPTED_KEY])?;
        }
        let mut hints = Vec::new();
        hints.extend(element.attribute("Recipient").map(|name| Hint::Name(name.to_owned())));
        let method = children.need(XENC, "EncryptionMethod")?;
        let info = children.take(DS, "KeyInfo");
        let name = attribute(method, "Algorithm")?;
        let method = if name == RSA_OAEP {
            oaep(method)?;
            if let Some(info) = info {
                Hint::read(info, &mut hints)?;
            }
            KeyMethod::Transport
        } else if let Some(wrap) = Wrap::ALL.into_iter().find(|wrap| wrap.uri() == name) {
            Children::of(method, &["Algorithm"])?.end()?;
            let info = info.ok_or_else(|| refused(element, "KeyInfo with AgreementMethod", "none"))?;
            KeyMethod::Agreement(agreement(info, wrap, &mut hints)?)
        } else {
            return Err(refused(method, "RSA-OAEP of XML Encryption 1.1, or AES key wrap (128 or 256)", name));
        };
        let cipher_value = decoded(cipher_value(children.need(XENC, "CipherData")?)?)?;
        if let Some(name) = children.take(XENC, "CarriedKeyName") {
            text(name, &[])?;
        }
        children.end()?;
        Ok(Self { method, hints, cipher_value })
    }
}

/// RSA-OAEP with SHA-256 and MGF1 with SHA-256: what is not said would mean SHA-1, so it must be said.
fn oaep(method: Node<'_>) -> Result<(), EncryptionError> {
    let mut parameters = Children::of(method, &["Algorithm"])?;
    let digest = parameters.need(DS, "DigestMethod")?;
    let mgf = parameters.need(XENC11, "MGF")?;
    parameters.end()?;
    one_of(digest, "Algorithm", &[SHA256])?;
    one_of(mgf, "Algorithm", &[MGF1_SHA256])?;
    Children::of(digest, &["Algorithm"])?.end()?;
    Children::of(mgf, &["Algorithm"])?.end()
}

/// KeySize may repeat what the algorithm says.
fn key_size(parameters: &mut Children<'_>, bytes: usize) -> Result<(), EncryptionError> {
    let Some(size) = parameters.take(XENC, "KeySize") else { return Ok(()) };
    let (said, bits) = (text(size, &[])?, (bytes * 8).to_string());
    if crate::xml::trim(&said) == bits { Ok(()) } else { Err(refused(size, bits, said)) }
}

/// KeyInfo with AgreementMethod (XML Encryption 1.1 §5.6).
fn agreement(info: Node<'_>, wrap: Wrap, hints: &mut Vec<Hint>) -> Result<Agreement, EncryptionError> {
    let mut children = Children::of(info, &["Id"])?;
    let method = children.need(XENC, "AgreementMethod")?;
    children.end()?;
    one_of(method, "Algorithm", &[ECDH_ES])?;
    let mut children = Children::of(method, &["Algorithm"])?;
    let derivation = children.need(XENC11, "KeyDerivationMethod")?;
    one_of(derivation, "Algorithm", &[CONCAT_KDF])?;
    let mut parameters = Children::of(derivation, &["Algorithm"])?;
    let concat = parameters.need(XENC11, "ConcatKDFParams")?;
    parameters.end()?;
    let mut parameters = Children::of(concat, &INFO)?;
    let digest = parameters.need(DS, "DigestMethod")?;
    parameters.end()?;
    Children::of(digest, &["Algorithm"])?.end()?;
    let digest = match attribute(digest, "Algorithm")? {
        SHA256 => Digest::Sha256,
        name if SHA384.contains(&name) => Digest::Sha384,
        other => return Err(refused(digest, "SHA-256 or SHA-384", other)),
    };
    let mut mixed = Vec::new();
    for name in INFO {
        if let Some(value) = concat.attribute(name) {
            let bytes = hexadecimal(value).ok_or_else(|| {
                refused(concat, format!("{name} in whole bytes: hexadecimal digits that begin with 00"), value)
            })?;
            mixed.extend_from_slice(&bytes);
        }
    }
    let (curve, originator) = originator(children.need(XENC, "OriginatorKeyInfo")?)?;
    if let Some(recipient) = children.take(XENC, "RecipientKeyInfo") {
        Hint::read(recipient, hints)?;
    }
    children.end()?;
    Ok(Agreement { curve, originator, digest, info: mixed, wrap })
}

/// The originator's ephemeral key: an ECKeyValue with a named curve.
fn originator(info: Node<'_>) -> Result<(KeyKind, Vec<u8>), EncryptionError> {
    let mut children = Children::of(info, &["Id"])?;
    while let Some(name) = children.take(DS, "KeyName") {
        text(name, &[])?;
    }
    let value = children.need(DS, "KeyValue")?;
    children.end()?;
    let mut children = Children::of(value, &[])?;
    let key = children.need(DS11, "ECKeyValue")?;
    children.end()?;
    let mut children = Children::of(key, &["Id"])?;
    let named = children.need(DS11, "NamedCurve")?;
    let public = children.need(DS11, "PublicKey")?;
    children.end()?;
    Children::of(named, &["URI"])?.end()?;
    let uri = attribute(named, "URI")?;
    let curve = [KeyKind::P256, KeyKind::P384].into_iter().find(|curve| curve_uri(*curve) == Some(uri));
    let curve = curve.ok_or_else(|| refused(named, "P-256 or P-384", uri))?;
    let length = if curve == KeyKind::P256 { 65 } else { 97 };
    let point = decoded(public)?;
    if point.len() == length && point.first() == Some(&4) {
        Ok((curve, point))
    } else {
        Err(refused(public, format!("a point on {curve} in uncompressed form"), "something else"))
    }
}

/// A parameter of ConcatKDF: its first byte says how many bits of the last are padding, and we want none.
fn hexadecimal(value: &str) -> Option<Vec<u8>> {
    // An empty parameter mixes in nothing.
    if value.is_empty() {
        return Some(Vec::new());
    }
    let digits = value.strip_prefix("00").filter(|digits| digits.len() <= MAX_INFO && digits.is_ascii())?;
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return None };
    let byte = |pair: &[u8; 2]| {
        let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|nibble| u8::try_from(nibble).ok());
        Some(nibble(pair[0])? << 4 | nibble(pair[1])?)
    };
    pairs.iter().map(byte).collect()
}

/// CipherData with its value in it: a reference is never followed.
fn cipher_value(data: Node<'_>) -> Result<Node<'_>, EncryptionError> {
    let mut children = Children::of(data, &[])?;
    let value = children.need(XENC, "CipherValue")?;
    children.end()?;
    Ok(value)
}

fn decoded(node: Node<'_>) -> Result<Vec<u8>, EncryptionError> {
    base64::decode(&text(node, &[])?).ok_or_else(|| refused(node, "base64", "something else"))
}

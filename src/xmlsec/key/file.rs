//! A private key that lives in a PEM file: PKCS#8 (in clear text or encrypted), PKCS#1 or SEC1.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, UnparsedPublicKey};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    RsaEncoding,
};
use zeroize::{Zeroize as _, Zeroizing};

use crate::xmlsec::algorithm::SignatureAlgorithm;
use crate::xmlsec::key::structure::{Family, ec_words, inside, rsa_words};
use crate::xmlsec::key::{Certificate, Decrypter, KeyError, KeyKind, Passphrase, PublicKey, Signer, pbes2, pem};

/// No key file is longer, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// A private key of our own, read from a file.
pub struct FileKey {
    private: Private,
    public: PublicKey,
    certificates: Vec<Certificate>,
    name: Option<String>,
    exposure: Option<u32>,
}

enum Private {
    Rsa { sign: rsa::KeyPair, decrypt: OaepPrivateDecryptingKey },
    Ec { sign: EcdsaKeyPair, agree: agreement::PrivateKey },
    Ed25519(Ed25519KeyPair),
}

impl FileKey {
    /// Reads the file. The passphrase is used if the key in it is encrypted.
    ///
    /// # Errors
    /// The file cannot be read, or what stands in it is no key that is used; the error names the file.
    pub fn open(path: &Path, passphrase: Option<&Passphrase>) -> Result<Self, KeyError> {
        let bytes = Zeroizing::new(read_bounded(path)?);
        let within = |source| KeyError::In { path: path.to_owned(), source: Box::new(source) };
        let text = std::str::from_utf8(&bytes).map_err(|_| within(KeyError::NoKey { found: "no text".to_owned() }))?;
        let mut key = Self::from_pem(text, passphrase).map_err(within)?;
        key.exposure = exposure(path);
        Ok(key)
    }

    /// Reads PEM text with exactly one private key; other sections are ignored.
    ///
    /// # Errors
    /// What was found and what to do about it.
    pub fn from_pem(text: &str, passphrase: Option<&Passphrase>) -> Result<Self, KeyError> {
        let sections = pem::sections(text)?;
        let keys: Vec<_> = sections.iter().filter(|section| section.label.ends_with("PRIVATE KEY")).collect();
        let key = match keys.as_slice() {
            [] => return Err(KeyError::NoKey { found: pem::labels(&sections) }),
            [key] => key,
            several => return Err(KeyError::SeveralKeys { count: several.len() }),
        };
        if key.traditional {
            return Err(KeyError::Encryption { found: "OpenSSL's traditional form (Proc-Type)".to_owned() });
        }
        match key.label {
            "PRIVATE KEY" => Self::from_pkcs8(&key.der),
            "ENCRYPTED PRIVATE KEY" => {
                let clear = pbes2::decrypt(&key.der, passphrase.ok_or(KeyError::PassphraseNeeded)?)?;
                // A wrong passphrase passes the padding once in 256 times.
                inside(&clear).map_err(|_| KeyError::Passphrase)?;
                Self::from_pkcs8(&clear)
            }
            "RSA PRIVATE KEY" => Self::from_rsa(rsa::KeyPair::from_der(&key.der), || rsa_words(&key.der)),
            "EC PRIVATE KEY" => Self::from_ec(&key.der, || ec_words(&key.der)),
            other => Err(KeyError::Kind { found: format!("the form {other}") }),
        }
    }

    /// The PKCS#8 in clear text of an encrypted key in PEM text, for TLS, which reads no encrypted one; nothing if there is no
    /// encrypted key.
    ///
    /// # Errors
    /// There is no passphrase, or it does not open the key.
    pub fn opened(text: &str, passphrase: Option<&Passphrase>) -> Result<Option<Zeroizing<Vec<u8>>>, KeyError> {
        let sections = pem::sections(text)?;
        let Some(key) = sections.iter().find(|section| section.label == "ENCRYPTED PRIVATE KEY") else {
            return Ok(None);
        };
        let clear = pbes2::decrypt(&key.der, passphrase.ok_or(KeyError::PassphraseNeeded)?)?;
        inside(&clear).map_err(|_| KeyError::Passphrase)?;
        Ok(Some(clear))
    }

    /// The same key with a certificate for it, which hints in KeyInfo may name and which signatures carry.
    ///
    /// # Errors
    /// The certificate is for another key.
    pub fn with_certificate(mut self, certificate: Certificate) -> Result<Self, KeyError> {
        if certificate.public_key() != &self.public {
            return Err(KeyError::Certificate { subject: certificate.subject().to_owned() });
        }
        self.certificates.push(certificate);
        Ok(self)
    }

    /// The same key with a name for it, which a `KeyName` may ask for.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The permissions of the file, if others than its owner may read or write it; to be warned of.
    #[must_use]
    pub const fn exposure(&self) -> Option<u32> {
        self.exposure
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let inside = inside(der)?;
        let refused = || KeyError::Kind { found: inside.words() };
        match inside.family() {
            Family::Rsa => Self::from_rsa(rsa::KeyPair::from_pkcs8(der), || inside.words()),
            Family::Ec => Self::from_ec(der, || inside.words()),
            Family::Ed25519 => {
                let pair = Ed25519KeyPair::from_pkcs8(der).map_err(|_| refused())?;
                let public = public(pair.public_key())?;
                Ok(Self::new(Private::Ed25519(pair), public))
            }
            Family::Other => Err(refused()),
        }
    }

    fn from_rsa(
        pair: Result<rsa::KeyPair, aws_lc_rs::error::KeyRejected>,
        words: impl FnOnce() -> String,
    ) -> Result<Self, KeyError> {
        let sign = pair.map_err(|_| KeyError::Kind { found: words() })?;
        let failed = |_| KeyError::Failed { what: "taking over the RSA key" };
        let pkcs8: Pkcs8V1Der<'_> = sign.as_der().map_err(failed)?;
        let decrypt =
            PrivateDecryptingKey::from_pkcs8(pkcs8.as_ref()).map_err(|_| failed(aws_lc_rs::error::Unspecified))?;
        let decrypt = OaepPrivateDecryptingKey::new(decrypt).map_err(failed)?;
        let public = public(sign.public_key())?;
        Ok(Self::new(Private::Rsa { sign, decrypt }, public))
    }

    fn from_ec(der: &[u8], words: impl FnOnce() -> String) -> Result<Self, KeyError> {
        for (signing, agreement) in
            [(&ECDSA_P256_SHA256_FIXED_SIGNING, &ECDH_P256), (&ECDSA_P384_SHA384_FIXED_SIGNING, &ECDH_P384)]
        {
            // A key on the other curve is refused, not taken for one on this.
            let Ok(sign) = EcdsaKeyPair::from_private_key_der(signing, der) else { continue };
            let agree = agreement::PrivateKey::from_private_key_der(agreement, der)
                .map_err(|_| KeyError::Failed { what: "taking over the EC key" })?;
            let public = public(sign.public_key())?;
            return Ok(Self::new(Private::Ec { sign, agree }, public));
        }
        Err(KeyError::Kind { found: words() })
    }

    const fn new(private: Private, public: PublicKey) -> Self {
        Self { private, public, certificates: Vec::new(), name: None, exposure: None }
    }
}

fn public(key: &impl AsDer<PublicKeyX509Der<'static>>) -> Result<PublicKey, KeyError> {
    let info = key.as_der().map_err(|_| KeyError::Failed { what: "writing the public key" })?;
    PublicKey::read(info.as_ref())
}

/// Secrets are not shown.
impl std::fmt::Debug for FileKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileKey({})", self.public.kind())
    }
}

impl Signer for FileKey {
    fn algorithms(&self) -> &[SignatureAlgorithm] {
        use SignatureAlgorithm::{
            EcdsaSha256, EcdsaSha384, Ed25519, PssSha256, PssSha384, PssSha512, RsaSha256, RsaSha384, RsaSha512,
        };
        match self.public.kind() {
            KeyKind::Rsa { .. } => &[RsaSha256, RsaSha384, RsaSha512, PssSha256, PssSha384, PssSha512],
            KeyKind::P256 => &[EcdsaSha256],
            KeyKind::P384 => &[EcdsaSha384],
            KeyKind::Ed25519 => &[Ed25519],
        }
    }

    fn sign(&self, algorithm: SignatureAlgorithm, bytes: &[u8]) -> Result<Vec<u8>, KeyError> {
        if !self.algorithms().contains(&algorithm) {
            return Err(KeyError::Algorithm { kind: self.public.kind(), algorithm });
        }
        let signed = match &self.private {
            Private::Rsa { sign, .. } => {
                let mut value = vec![0; sign.public_modulus_len()];
                sign.sign(encoding(algorithm), &SystemRandom::new(), bytes, &mut value).map(|()| value)
            }
            Private::Ec { sign, .. } => sign.sign(&SystemRandom::new(), bytes).map(|value| value.as_ref().to_vec()),
            Private::Ed25519(pair) => pair.try_sign(bytes).map(|value| value.as_ref().to_vec()),
        };
        signed.map_err(|_| KeyError::Failed { what: "signing" })
    }

    fn certificate(&self) -> Option<&[u8]> {
        self.certificates.first().map(Certificate::der)
    }
}

/// How RSA signs; what is no RSA signature has been refused before.
fn encoding(algorithm: SignatureAlgorithm) -> &'static dyn RsaEncoding {
    match algorithm {
        SignatureAlgorithm::RsaSha384 => &signature::RSA_PKCS1_SHA384,
        SignatureAlgorithm::RsaSha512 => &signature::RSA_PKCS1_SHA512,
        SignatureAlgorithm::PssSha256 => &signature::RSA_PSS_SHA256,
        SignatureAlgorithm::PssSha384 => &signature::RSA_PSS_SHA384,
        SignatureAlgorithm::PssSha512 => &signature::RSA_PSS_SHA512,
        _ => &signature::RSA_PKCS1_SHA256,
    }
}

impl Decrypter for FileKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn transport(&self, cipher_value: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let Private::Rsa { decrypt, .. } = &self.private else {
            return Err(KeyError::Use { kind: self.public.kind(), what: "key transport (RSA-OAEP)" });
        };
        let mut buffer = Zeroizing::new(vec![0; decrypt.min_output_size()]);
        let clear = decrypt.decrypt(&OAEP_SHA256_MGF1SHA256, cipher_value, &mut buffer, None);
        let length = clear.map(|clear| clear.len()).map_err(|_| KeyError::Failed { what: "key transport" })?;
        buffer.truncate(length);
        Ok(buffer)
    }

    fn agree(&self, originator: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let Private::Ec { agree, .. } = &self.private else {
            return Err(KeyError::Use { kind: self.public.kind(), what: "key agreement (ECDH-ES)" });
        };
        let failed = KeyError::Failed { what: "key agreement" };
        let theirs = UnparsedPublicKey::new(agree.algorithm(), originator);
        agreement::agree(agree, theirs, failed, |secret| Ok(Zeroizing::new(secret.to_vec())))
    }
}

/// The file's bytes, if it is no longer than a key file may be.
pub(super) fn read_bounded(path: &Path) -> Result<Vec<u8>, KeyError> {
    let cannot = |source| KeyError::File { path: path.to_owned(), source };
    let file = File::open(path).map_err(cannot)?;
    let mut bytes = Vec::with_capacity(file.metadata().map_or(0, |of| of.len().min(MAX_FILE)) as usize + 1);
    let read = file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if read as u64 > MAX_FILE {
        bytes.zeroize();
        return Err(KeyError::TooLong { path: path.to_owned(), limit: MAX_FILE });
    }
    Ok(bytes)
}

#[cfg(unix)]
fn exposure(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn exposure(_path: &Path) -> Option<u32> {
    None
}

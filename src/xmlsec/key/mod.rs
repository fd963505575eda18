//! Keys: what signs, what decrypts, and whose public keys we encrypt for.
//!
//! [`Signer`] and [`Decrypter`] are the seams behind which a private key may live anywhere; [`FileKey`] is one that lives
//! in a PEM file, in clear text or as encrypted PKCS#8. Called by the signature and encryption modules, by `envelope` and
//! by the command line. No secret is ever logged or part of an error's text; what is held in memory is wiped when it is
//! dropped.

mod certificate;
mod error;
mod file;
mod passphrase;
mod pbes2;
mod pem;
mod public;
mod structure;
#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

pub use certificate::Certificate;
pub use error::KeyError;
pub use file::FileKey;
pub use passphrase::Passphrase;
pub use public::{KeyKind, PublicKey};

use crate::xmlsec::algorithm::SignatureAlgorithm;

/// Makes signatures with one private key.
pub trait Signer: Send + Sync {
    /// What it can make, the preferred one first.
    fn algorithms(&self) -> &[SignatureAlgorithm];

    /// Signs the bytes, in the form that XML Signature wants: ECDSA as r and s, each of the curve's length, in a row.
    ///
    /// # Errors
    /// The key does not make such signatures, or it failed.
    fn sign(&self, algorithm: SignatureAlgorithm, bytes: &[u8]) -> Result<Vec<u8>, KeyError>;

    /// The certificate (DER) of the key, for KeyInfo.
    fn certificate(&self) -> Option<&[u8]>;
}

/// Opens what was encrypted for one private key (XML Encryption 1.1 §5.5 and §5.6).
pub trait Decrypter: Send + Sync {
    /// The public key: it says which EncryptedKey elements can be meant for us at all.
    fn public_key(&self) -> &PublicKey;

    /// The certificates issued for it; a hint in KeyInfo may name any of them.
    fn certificates(&self) -> &[Certificate];

    /// The name by which a `KeyName` may ask for it.
    fn name(&self) -> Option<&str>;

    /// Key transport: opens the cipher value with RSA-OAEP, SHA-256 and MGF1 with SHA-256 (§5.5.2).
    ///
    /// # Errors
    /// It is no RSA key, or the value was not made for it; which of its checks failed is not said.
    fn transport(&self, cipher_value: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError>;

    /// Key agreement: the shared secret Z of ECDH-ES with the originator's point in uncompressed form (§5.6.4).
    ///
    /// # Errors
    /// It is no key on that curve, or the point is not on it.
    fn agree(&self, originator: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError>;
}

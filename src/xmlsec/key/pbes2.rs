//! Encrypted PKCS#8 (RFC 5958 §3) by PBES2 (RFC 8018 §6.2): PBKDF2 and AES-CBC, both from the provider. Scrypt, SHA-1
//! and what is older are refused by name.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::{FixedLength, IV_LEN_128_BIT};
use aws_lc_rs::pbkdf2::{self, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA384, PBKDF2_HMAC_SHA512};
use x509_parser::asn1_rs::Tag;
use zeroize::Zeroizing;

use crate::xmlsec::key::structure::{element, identifier, number};
use crate::xmlsec::key::{KeyError, Passphrase};

const WHAT: &str = "encrypted PKCS#8 key";
/// More rounds than this are an error of who wrote the file: they take seconds.
const MAX_ROUNDS: u32 = 20_000_000;

/// Decrypts; the result is a PKCS#8 key.
pub(super) fn decrypt(der: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let (all, _) = element(der, Tag::Sequence, WHAT)?;
    let (scheme, rest) = element(all, Tag::Sequence, WHAT)?;
    let (encrypted, _) = element(rest, Tag::OctetString, WHAT)?;
    let (scheme, parameters) = identifier(scheme, WHAT)?;
    if scheme != "1.2.840.113549.1.5.13" {
        return Err(refused(&scheme));
    }
    let (parameters, _) = element(parameters, Tag::Sequence, WHAT)?;
    let (derivation, rest) = element(parameters, Tag::Sequence, WHAT)?;
    let (cipher, _) = element(rest, Tag::Sequence, WHAT)?;
    let (cipher, iv) = identifier(cipher, WHAT)?;
    let (iv, _) = element(iv, Tag::OctetString, WHAT).map_err(|_| refused(&cipher))?;
    let algorithm = match cipher.as_str() {
        "2.16.840.1.101.3.4.1.2" => &AES_128,
        "2.16.840.1.101.3.4.1.22" => &AES_192,
        "2.16.840.1.101.3.4.1.42" => &AES_256,
        other => return Err(refused(other)),
    };
    let key = derive(derivation, passphrase, key_length(algorithm))?;
    let iv = <[u8; IV_LEN_128_BIT]>::try_from(iv)
        .map_err(|_| KeyError::Malformed { what: WHAT, why: "its initialization vector is not 16 bytes".to_owned() })?;
    let mut clear = Zeroizing::new(encrypted.to_vec());
    let length = UnboundCipherKey::new(algorithm, &key)
        .and_then(PaddedBlockDecryptingKey::cbc_pkcs7)
        .and_then(|key| {
            key.decrypt(&mut clear, DecryptionContext::Iv128(FixedLength::from(iv))).map(|clear| clear.len())
        })
        .map_err(|_| KeyError::Passphrase)?;
    clear.truncate(length);
    Ok(clear)
}

fn key_length(algorithm: &Algorithm) -> usize {
    if *algorithm == AES_128 {
        16
    } else if *algorithm == AES_192 {
        24
    } else {
        32
    }
}

/// PBKDF2 (RFC 8018 §5.2, §A.2).
fn derive(derivation: &[u8], passphrase: &Passphrase, length: usize) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let (function, parameters) = identifier(derivation, WHAT)?;
    if function != "1.2.840.113549.1.5.12" {
        return Err(refused(&function));
    }
    let (parameters, _) = element(parameters, Tag::Sequence, WHAT)?;
    let (salt, rest) = element(parameters, Tag::OctetString, WHAT)?;
    let (rounds, rest) = number(rest, WHAT)?;
    // The length of the key may be given; the cipher says it anyway.
    let rest = number(rest, WHAT).map_or(rest, |(_, rest)| rest);
    // Without a name the pseudo-random function is HMAC SHA-1.
    let (hash, _) = match rest {
        [] => ("1.2.840.113549.2.7".to_owned(), rest),
        rest => element(rest, Tag::Sequence, WHAT).and_then(|(hash, _)| identifier(hash, WHAT))?,
    };
    let hash = match hash.as_str() {
        "1.2.840.113549.2.9" => PBKDF2_HMAC_SHA256,
        "1.2.840.113549.2.10" => PBKDF2_HMAC_SHA384,
        "1.2.840.113549.2.11" => PBKDF2_HMAC_SHA512,
        other => return Err(refused(other)),
    };
    let rounds = NonZeroU32::new(rounds).filter(|rounds| rounds.get() <= MAX_ROUNDS).ok_or_else(|| {
        KeyError::Malformed { what: WHAT, why: format!("PBKDF2 with {rounds} rounds, expected 1 to {MAX_ROUNDS}") }
    })?;
    let mut key = Zeroizing::new(vec![0; length]);
    pbkdf2::derive(hash, rounds, salt, passphrase.bytes(), &mut key);
    Ok(key)
}

fn refused(identifier: &str) -> KeyError {
    let found = match identifier {
        "1.3.6.1.4.1.11591.4.11" => "scrypt",
        "1.2.840.113549.2.7" => "PBKDF2 with HMAC SHA-1",
        "1.2.840.113549.3.7" => "DES-EDE3-CBC",
        "1.2.840.113549.3.2" => "RC2-CBC",
        "2.16.840.1.101.3.4.1.6" | "2.16.840.1.101.3.4.1.26" | "2.16.840.1.101.3.4.1.46" => "AES-GCM",
        other if other.starts_with("1.2.840.113549.1.12.") => "a PKCS#12 scheme",
        other if other.starts_with("1.2.840.113549.1.5.") => "PBES1",
        other => return KeyError::Encryption { found: format!("the algorithm {other}") },
    };
    KeyError::Encryption { found: found.to_owned() }
}

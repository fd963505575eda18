//! The outer structure of a private key (RFC 5958, RFC 8017, RFC 5915), read as far as it takes to say what a key is: the
//! provider judges whether it is right, but does not say what it refuses.

use x509_parser::asn1_rs::{Any, FromDer as _, Integer, Oid, Tag};

use crate::xmlsec::key::KeyError;

/// Cuts one element of that kind off `input`: its contents, and what follows.
pub(super) fn element<'a>(input: &'a [u8], tag: Tag, what: &'static str) -> Result<(&'a [u8], &'a [u8]), KeyError> {
    let (rest, any) = Any::from_der(input).map_err(|error| malformed(what, error))?;
    if any.header.tag() != tag {
        return Err(KeyError::Malformed { what, why: format!("expected {tag}, found {}", any.header.tag()) });
    }
    Ok((any.data, rest))
}

/// Cuts an object identifier off `input`: its dotted form, and what follows.
pub(super) fn identifier<'a>(input: &'a [u8], what: &'static str) -> Result<(String, &'a [u8]), KeyError> {
    let (rest, oid) = Oid::from_der(input).map_err(|error| malformed(what, error))?;
    Ok((oid.to_id_string(), rest))
}

/// Cuts an unsigned number that fits 32 bits off `input`.
pub(super) fn number<'a>(input: &'a [u8], what: &'static str) -> Result<(u32, &'a [u8]), KeyError> {
    let (rest, integer) = Integer::from_der(input).map_err(|error| malformed(what, error))?;
    let number = integer.as_u32().map_err(|error| malformed(what, error))?;
    Ok((number, rest))
}

fn malformed(what: &'static str, error: impl std::fmt::Display) -> KeyError {
    KeyError::Malformed { what, why: error.to_string() }
}

/// What a PKCS#8 key says it is: the names of its algorithm and of its parameters, and the key inside.
pub(super) struct Inside<'a> {
    algorithm: String,
    parameters: Option<String>,
    key: &'a [u8],
}

/// Opens PKCS#8 (RFC 5958 §2).
pub(super) fn inside(pkcs8: &[u8]) -> Result<Inside<'_>, KeyError> {
    const WHAT: &str = "PKCS#8 key";
    let (all, _) = element(pkcs8, Tag::Sequence, WHAT)?;
    let (_, rest) = number(all, WHAT)?;
    let (algorithm, rest) = element(rest, Tag::Sequence, WHAT)?;
    let (key, _) = element(rest, Tag::OctetString, WHAT)?;
    let (name, parameters) = identifier(algorithm, WHAT)?;
    let parameters = identifier(parameters, WHAT).ok().map(|(name, _)| name);
    Ok(Inside { algorithm: name, parameters, key })
}

impl Inside<'_> {
    /// The kind of key in words, for an error.
    pub(super) fn words(&self) -> String {
        match (self.algorithm.as_str(), self.parameters.as_deref()) {
            (RSA, _) => rsa_words(self.key),
            ("1.2.840.113549.1.1.10", _) => "RSASSA-PSS only".to_owned(),
            (EC, parameters) => curve_words(parameters),
            ("1.3.101.110", _) => "X25519".to_owned(),
            ("1.3.101.111", _) => "X448".to_owned(),
            ("1.3.101.112", _) => "Ed25519".to_owned(),
            ("1.3.101.113", _) => "Ed448".to_owned(),
            ("1.2.840.10040.4.1", _) => "DSA".to_owned(),
            (other, _) => format!("the algorithm {other}"),
        }
    }

    /// Which reader the key is for.
    pub(super) fn family(&self) -> Family {
        match self.algorithm.as_str() {
            RSA => Family::Rsa,
            EC => Family::Ec,
            "1.3.101.112" => Family::Ed25519,
            _ => Family::Other,
        }
    }
}

const RSA: &str = "1.2.840.113549.1.1.1";
const EC: &str = "1.2.840.10045.2.1";

/// The families of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// RSA.
    Rsa,
    /// On an elliptic curve of SEC 1.
    Ec,
    /// Ed25519.
    Ed25519,
    /// Any other.
    Other,
}

/// How long the modulus of an RSAPrivateKey (RFC 8017 §A.1.2) is, in words.
pub(super) fn rsa_words(key: &[u8]) -> String {
    const WHAT: &str = "RSA key";
    let modulus = element(key, Tag::Sequence, WHAT).and_then(|(all, _)| {
        let (_, rest) = number(all, WHAT)?;
        element(rest, Tag::Integer, WHAT)
    });
    match modulus {
        Ok((modulus, _)) => {
            let start = modulus.iter().position(|byte| *byte != 0).unwrap_or(modulus.len());
            let significant = modulus.get(start..).unwrap_or_default();
            let unused = significant.first().map_or(0, |byte| byte.leading_zeros() as usize);
            format!("RSA of {} bits", (significant.len() * 8).saturating_sub(unused))
        }
        Err(_) => "RSA that is damaged".to_owned(),
    }
}

/// The curve of an ECPrivateKey (RFC 5915), in words.
pub(super) fn ec_words(key: &[u8]) -> String {
    const WHAT: &str = "EC key";
    let parameters = element(key, Tag::Sequence, WHAT).and_then(|(all, _)| {
        let (_, rest) = number(all, WHAT)?;
        let (_, rest) = element(rest, Tag::OctetString, WHAT)?;
        let (parameters, _) = element(rest, Tag(0), WHAT)?;
        identifier(parameters, WHAT)
    });
    curve_words(parameters.ok().as_ref().map(|(name, _)| name.as_str()))
}

fn curve_words(name: Option<&str>) -> String {
    match name {
        Some("1.2.840.10045.3.1.7") => "P-256 that is damaged".to_owned(),
        Some("1.3.132.0.34") => "P-384 that is damaged".to_owned(),
        Some("1.3.132.0.35") => "P-521".to_owned(),
        Some("1.3.132.0.33") => "P-224".to_owned(),
        Some("1.3.132.0.10") => "secp256k1".to_owned(),
        Some(other) => format!("the curve {other}"),
        None => "a curve without a name".to_owned(),
    }
}

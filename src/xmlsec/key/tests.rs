//! Trials of keys in files: each form is read or refused by its name, and what a key signs its public key verifies.

use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

use crate::xmlsec::algorithm::SignatureAlgorithm;
use crate::xmlsec::key::{Certificate, Decrypter as _, FileKey, KeyError, KeyKind, Passphrase, Signer as _};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("certs").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap()
}

fn key(name: &str) -> FileKey {
    FileKey::from_pem(&text(name), None).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.as_bytes().to_vec()).unwrap()
}

#[test]
fn each_form_of_a_key_is_the_same_key() {
    for (pkcs8, other, kind) in [
        ("keys/rsa-2048.pem", "keys/rsa-2048-pkcs1.pem", KeyKind::Rsa { bits: 2048 }),
        ("keys/p256.pem", "keys/p256-sec1.pem", KeyKind::P256),
        ("keys/p384.pem", "keys/p384-sec1.pem", KeyKind::P384),
    ] {
        assert_eq!(key(pkcs8).public_key().kind(), kind);
        assert_eq!(key(pkcs8).public_key(), key(other).public_key());
    }
    assert_eq!(key("keys/ed25519.pem").public_key().kind(), KeyKind::Ed25519);
}

#[test]
fn encrypted_keys_open_with_their_passphrase_only() {
    for name in ["encrypted", "encrypted-sha384", "encrypted-sha512"] {
        let text = text(&format!("keys/{name}.pem"));
        let opened = FileKey::from_pem(&text, Some(&passphrase("open sesame"))).unwrap();
        assert_eq!(opened.public_key(), key("keys/p256.pem").public_key());
        assert!(matches!(FileKey::from_pem(&text, Some(&passphrase("open"))), Err(KeyError::Passphrase)));
        assert!(matches!(FileKey::from_pem(&text, None), Err(KeyError::PassphraseNeeded)));
    }
}

#[test]
fn what_is_not_read_is_refused_by_its_name() {
    let secret = passphrase("open sesame");
    for (name, said) in [
        ("keys/rsa-1024.pem", "RSA of 1024 bits"),
        ("keys/rsa-1024-pkcs1.pem", "RSA of 1024 bits"),
        ("keys/p521.pem", "P-521"),
        ("keys/p521-sec1.pem", "P-521"),
        ("keys/secp256k1.pem", "secp256k1"),
        ("keys/x25519.pem", "X25519"),
        ("keys/encrypted-sha1.pem", "PBKDF2 with HMAC SHA-1"),
        ("keys/encrypted-des.pem", "DES-EDE3-CBC"),
        ("keys/encrypted-scrypt.pem", "scrypt"),
        ("keys/encrypted-traditional.pem", "traditional form"),
        ("good.pem", "found CERTIFICATE"),
    ] {
        let error = FileKey::from_pem(&text(name), Some(&secret)).unwrap_err().to_string();
        assert!(error.contains(said) && error.contains("expected"), "{name}: {error}");
    }
    let two = text("keys/p256.pem") + &text("keys/p384.pem");
    assert!(matches!(FileKey::from_pem(&two, None), Err(KeyError::SeveralKeys { count: 2 })));
}

#[test]
fn damaged_keys_are_refused_and_not_shown() {
    use base64::Engine as _;
    for name in ["keys/p256.pem", "keys/rsa-2048.pem", "keys/encrypted.pem", "keys/p384-sec1.pem"] {
        let text = text(name);
        let label = text.lines().next().unwrap().trim_matches('-').strip_prefix("BEGIN ").unwrap();
        let base64: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        let der = base64::engine::general_purpose::STANDARD.decode(base64).unwrap();
        for length in 0..der.len() {
            let short = base64::engine::general_purpose::STANDARD.encode(&der[..length]);
            let pem = format!("-----BEGIN {label}-----\n{short}\n-----END {label}-----\n");
            let error = FileKey::from_pem(&pem, Some(&passphrase("open sesame"))).unwrap_err().to_string();
            assert!(length < 8 || !error.contains(&short), "{error}");
        }
    }
}

#[test]
fn what_is_signed_verifies() {
    use SignatureAlgorithm as A;
    let cases: [(&str, A, &dyn VerificationAlgorithm, usize); 9] = [
        ("rsa-2048", A::RsaSha256, &signature::RSA_PKCS1_2048_8192_SHA256, 256),
        ("rsa-2048", A::RsaSha384, &signature::RSA_PKCS1_2048_8192_SHA384, 256),
        ("rsa-2048", A::RsaSha512, &signature::RSA_PKCS1_2048_8192_SHA512, 256),
        ("rsa-2048", A::PssSha256, &signature::RSA_PSS_2048_8192_SHA256, 256),
        ("rsa-2048", A::PssSha384, &signature::RSA_PSS_2048_8192_SHA384, 256),
        ("rsa-2048", A::PssSha512, &signature::RSA_PSS_2048_8192_SHA512, 256),
        ("p256", A::EcdsaSha256, &signature::ECDSA_P256_SHA256_FIXED, 64),
        ("p384", A::EcdsaSha384, &signature::ECDSA_P384_SHA384_FIXED, 96),
        ("ed25519", A::Ed25519, &signature::ED25519, 64),
    ];
    for (name, algorithm, verification, length) in cases {
        let key = key(&format!("keys/{name}.pem"));
        let value = key.sign(algorithm, b"message").unwrap();
        assert_eq!(value.len(), length, "{algorithm}");
        let public = UnparsedPublicKey::new(verification, key.public_key().key());
        assert!(public.verify(b"message", &value).is_ok(), "{algorithm}");
        assert!(public.verify(b"massage", &value).is_err(), "{algorithm}");
        let others = cases.iter().filter(|case| case.0 != name);
        for (_, other, ..) in others {
            assert!(matches!(key.sign(*other, b"message"), Err(KeyError::Algorithm { .. })), "{name} {other}");
        }
    }
}

#[test]
fn agreement_is_mutual_and_for_keys_on_the_curve_only() {
    let (ours, theirs) = (key("keys/p256.pem"), key("node.key"));
    let there = ours.agree(theirs.public_key().key()).unwrap();
    assert_eq!(there, theirs.agree(ours.public_key().key()).unwrap());
    assert!(ours.agree(key("keys/p384.pem").public_key().key()).is_err());
    let mut off = theirs.public_key().key().to_vec();
    off[40] ^= 1;
    assert!(ours.agree(&off).is_err());
    assert!(matches!(ours.transport(&[0; 256]), Err(KeyError::Use { .. })));
    assert!(matches!(key("keys/rsa-2048.pem").agree(&off), Err(KeyError::Use { .. })));
}

#[test]
fn a_certificate_goes_with_its_key_only() {
    let certificate = || Certificate::from_pem(&text("node.pem")).unwrap();
    let key_of_it = key("node.key").with_certificate(certificate()).unwrap();
    assert_eq!(key_of_it.certificate(), Some(certificate().der()));
    assert!(matches!(key("good.key").with_certificate(certificate()), Err(KeyError::Certificate { .. })));
    assert!(Certificate::from_pem(&text("node.key")).unwrap_err().to_string().contains("found PRIVATE KEY"));
}

#[test]
fn a_file_that_others_can_read_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key.pem");
    std::fs::write(&file, text("keys/p256.pem")).unwrap();
    for (mode, exposed) in [(0o600, None), (0o400, None), (0o644, Some(0o644)), (0o620, Some(0o620))] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(FileKey::open(&file, None).unwrap().exposure(), exposed);
    }
    let error = FileKey::open(&dir.path().join("absent.pem"), None).unwrap_err().to_string();
    assert!(error.contains("absent.pem"), "{error}");
    std::fs::write(&file, vec![b'x'; (1 << 20) + 1]).unwrap();
    assert!(matches!(FileKey::open(&file, None), Err(KeyError::TooLong { .. })));
}

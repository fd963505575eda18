//! Our own private keys: what signs our messages and what opens those encrypted for us. Read here and nowhere else, with
//! the other credentials, so that a reload checks them all before any of them counts. Used by `envelope`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::certificate::may_sign;
use super::config::Config;
use super::fault::Fault;
use super::files::{self, ReadCertificate};
use crate::ids::Digest;
use crate::xmlsec::key::{Certificate, Decrypter, FileKey, KeyError, KeyKind, Passphrase, Signer};

/// How many former keys still open messages after reloads; beyond it the oldest is forgotten.
const FORMER: usize = 32;

/// The keys of the moment.
#[derive(Clone)]
pub struct Keys {
    signer: Arc<dyn Signer>,
    /// The present one first, then those that the configuration calls old, then those that a reload replaced.
    decrypters: Vec<Arc<dyn Decrypter>>,
    /// How many of them are in our files.
    filed: usize,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("decrypters", &self.decrypters.len()).finish_non_exhaustive()
    }
}

impl Keys {
    /// What signs our messages. Its certificate goes into the signature.
    pub fn signer(&self) -> &Arc<dyn Signer> {
        &self.signer
    }

    /// What opens messages for us, the present key first, then the former ones.
    pub fn decrypters(&self) -> &[Arc<dyn Decrypter>] {
        &self.decrypters
    }

    /// The digest of the public key that others should encrypt for, if there is one.
    pub(super) fn opens_with(&self) -> Option<Digest> {
        self.decrypters.first().map(|key| Digest::of(key.public_key().info()))
    }

    /// How many keys there are besides the present one.
    pub(super) fn former(&self) -> usize {
        self.decrypters.len().saturating_sub(1)
    }

    /// The same, and what `before` could open: messages for the former keys are still under way.
    pub(super) fn succeeding(mut self, before: &Self) -> Self {
        let known = |keys: &[Arc<dyn Decrypter>], one: &Arc<dyn Decrypter>| {
            keys.iter().any(|key| key.public_key() == one.public_key())
        };
        for one in &before.decrypters {
            if !known(&self.decrypters, one) {
                self.decrypters.push(Arc::clone(one));
            }
        }
        self.decrypters.truncate(self.filed.saturating_add(FORMER));
        self
    }
}

/// A certificate of ours beside the one of TLS, to be checked like that one.
pub(super) struct Papers {
    pub(super) file: PathBuf,
    /// The certificate, then its intermediate CAs.
    pub(super) chain: Vec<ReadCertificate>,
}

/// What was read.
pub(super) struct ReadKeys {
    pub(super) keys: Keys,
    pub(super) papers: Vec<Papers>,
}

/// Reads the keys and finds out whether they are what their certificates say.
pub(super) struct Reading<'a> {
    config: &'a Config,
    /// The certificate of TLS with its intermediate CAs, which the other two default to.
    tls: &'a [ReadCertificate],
    passphrase: Option<&'a Passphrase>,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
    papers: Vec<Papers>,
}

/// What a key is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Signing,
    Encryption,
}

impl Purpose {
    const fn word(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Encryption => "encryption",
        }
    }
}

/// The two files of one key.
#[derive(PartialEq, Eq)]
struct Pair<'a> {
    certificate: &'a Path,
    key: &'a Path,
}

/// The keys that the configuration names, with faults and warnings. Nothing if there is a fault.
pub(super) fn read(
    config: &Config,
    tls: &[ReadCertificate],
    passphrase: Option<&Passphrase>,
) -> (Option<ReadKeys>, Vec<Fault>, Vec<Fault>) {
    let mut reading = Reading { config, tls, passphrase, faults: Vec::new(), warnings: Vec::new(), papers: Vec::new() };
    let keys = reading.keys();
    let Reading { faults, warnings, papers, .. } = reading;
    (keys.filter(|_| faults.is_empty()).map(|keys| ReadKeys { keys, papers }), faults, warnings)
}

impl<'a> Reading<'a> {
    fn keys(&mut self) -> Option<Keys> {
        let config = self.config;
        let pair = |certificate: &'a Option<PathBuf>, key: &'a Option<PathBuf>| Pair {
            certificate: certificate.as_deref().unwrap_or(&config.certificate),
            key: key.as_deref().unwrap_or(&config.key),
        };
        let signing = pair(&config.signing_certificate, &config.signing_key);
        let encryption = pair(&config.encryption_certificate, &config.encryption_key);
        let signer = self.key(&signing, Purpose::Signing);
        let decrypter = match signing == encryption {
            true => signer.clone(),
            false => self.key(&encryption, Purpose::Encryption),
        };
        let decrypter = decrypter.filter(|key| self.may_encrypt(key, &encryption));
        let mut decrypters: Vec<Arc<dyn Decrypter>> = Vec::new();
        decrypters.extend(decrypter.map(|key| key as Arc<dyn Decrypter>));
        for file in &config.old_encryption_keys {
            decrypters.extend(self.old(file).map(|key| Arc::new(key) as Arc<dyn Decrypter>));
        }
        let signer = signer?;
        self.may_sign(&signer, &signing);
        let filed = decrypters.len();
        Some(Keys { signer, decrypters, filed })
    }

    fn fault(&mut self, file: &Path, why: impl Into<String>) {
        self.faults.push(Fault { file: file.to_owned(), why: why.into() });
    }

    fn warn(&mut self, file: &Path, why: impl Into<String>) {
        self.warnings.push(Fault { file: file.to_owned(), why: why.into() });
    }

    /// One key with its certificate.
    fn key(&mut self, pair: &Pair<'_>, purpose: Purpose) -> Option<Arc<FileKey>> {
        let leaf = self.leaf(pair.certificate)?;
        let key = self.open(pair.key, purpose)?;
        let certificate = match Certificate::read(&leaf.der) {
            Ok(certificate) => certificate,
            Err(error) => {
                self.fault(pair.certificate, error.to_string());
                return None;
            }
        };
        match key.with_certificate(certificate) {
            Ok(key) => Some(Arc::new(key)),
            // Of the key of TLS that is said already.
            Err(_) if pair.key == self.config.key && pair.certificate == self.config.certificate => None,
            Err(_) => {
                self.fault(pair.key, format!("is not the key of the certificate {}", pair.certificate.display()));
                None
            }
        }
    }

    /// The certificate in that file; one that TLS has not got is remembered for the checks that all must pass.
    fn leaf(&mut self, file: &Path) -> Option<ReadCertificate> {
        if file == self.config.certificate {
            return self.tls.first().cloned();
        }
        if let Some(papers) = self.papers.iter().find(|papers| papers.file == file) {
            return papers.chain.first().cloned();
        }
        match files::certificates(file) {
            Ok(chain) => {
                let leaf = chain.first().cloned();
                self.papers.push(Papers { file: file.to_owned(), chain });
                leaf
            }
            Err(mut found) => {
                self.faults.append(&mut found);
                None
            }
        }
    }

    fn open(&mut self, file: &Path, purpose: Purpose) -> Option<FileKey> {
        match FileKey::open(file, self.passphrase) {
            Ok(key) => {
                // Of the key of TLS that is said already.
                if file != self.config.key {
                    self.warnings.extend(files::readable_by_others(file));
                }
                Some(key)
            }
            Err(error) => {
                let why = match files::key_words(error) {
                    why if file == self.config.key => {
                        let what = purpose.word();
                        format!("{why}; name another one for this with peers.{what}-certificate and peers.{what}-key")
                    }
                    why => why,
                };
                self.fault(file, why);
                None
            }
        }
    }

    /// A former key, with the certificates that stand in the same file.
    fn old(&mut self, file: &Path) -> Option<FileKey> {
        let mut key = self.open(file, Purpose::Encryption)?;
        // Certificates help to find the key that a message is for; it opens without any, too.
        for read in files::certificates(file).unwrap_or_default() {
            match Certificate::read(&read.der) {
                Ok(one) if one.public_key() == key.public_key() => key = key.with_certificate(one).ok()?,
                Ok(_) | Err(_) => {}
            }
        }
        if key.public_key().kind() == KeyKind::Ed25519 {
            self.fault(file, KeyError::Use { kind: KeyKind::Ed25519, what: "encryption" }.to_string());
            return None;
        }
        Some(key)
    }

    fn may_sign(&mut self, key: &Arc<FileKey>, pair: &Pair<'_>) {
        let may = key.certificate().map(may_sign);
        if !matches!(may, Some(Ok(true))) {
            self.fault(
                pair.certificate,
                "does not allow signatures (keyUsage has neither digitalSignature nor nonRepudiation, RFC 5280 section 4.2.1.3); \
                 name another one with peers.signing-certificate and peers.signing-key",
            );
        }
        if let Some(leaf) = self.leaf(pair.certificate)
            && leaf.facts.dns_ids.len() > 1
        {
            let why = "carries several DNS-IDs, so that nodes that are not our peers take no signature of ours: \
                       whose it is must be clear";
            self.warn(pair.certificate, why);
        }
    }

    /// Whether the key is of use for opening. The key of TLS need not be: then nothing can be encrypted for us.
    fn may_encrypt(&mut self, key: &Arc<FileKey>, pair: &Pair<'_>) -> bool {
        let Some(Err(error)) = key.certificates().first().map(Certificate::may_encrypt) else { return true };
        if pair.certificate != self.config.certificate {
            self.fault(pair.certificate, error.to_string());
            return false;
        }
        let advice = "name another one with peers.encryption-certificate and peers.encryption-key";
        self.warn(pair.certificate, format!("nobody can encrypt for us: {error}; {advice}"));
        // What was encrypted all the same is opened if it can be.
        key.public_key().kind() != KeyKind::Ed25519
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rcgen::{KeyPair, KeyUsagePurpose};
    use rustls_pki_types::PrivatePkcs8KeyDer;

    use super::super::Relation;
    use super::super::testing::{Node, Wish, dns, name};
    use super::*;

    const OWN: &str = "dept.example.org";

    async fn node() -> Node {
        Node::new(OWN).await
    }

    fn sample(file: &str) -> String {
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("certs/keys").join(file)).unwrap()
    }

    /// Issues a certificate for the key, and writes both.
    fn issue(
        node: &Node,
        what: &str,
        pair: &KeyPair,
        names: &[&str],
        usages: Vec<KeyUsagePurpose>,
    ) -> (PathBuf, PathBuf) {
        let wish = Wish { names: dns(names), usages, ..Wish::default() };
        let at = |end: &str| node.layout.pki().join(format!("{what}.{end}"));
        fs::write(at("pem"), node.wished_pem(wish, pair).1).unwrap();
        fs::write(at("key"), pair.serialize_pem()).unwrap();
        (at("pem"), at("key"))
    }

    async fn reload(node: &Node, config: &Config) -> Result<super::super::Changes, String> {
        node.directory.reload_with(config).await.map_err(|error| error.to_string())
    }

    /// Somebody's key, to agree with.
    fn originator() -> FileKey {
        FileKey::from_pem(&sample("p256.pem"), None).unwrap()
    }

    /// The secret by which a message for that certificate (DER) of ours is encrypted.
    fn encrypted(certificate: &[u8]) -> Vec<u8> {
        let recipient = Certificate::read(certificate).unwrap();
        originator().agree(recipient.public_key().key()).unwrap().to_vec()
    }

    /// Whether one of the keys finds that secret.
    fn opened(keys: &Keys, secret: &[u8]) -> bool {
        let originator = originator();
        let agreed = keys.decrypters().iter().filter_map(|key| key.agree(originator.public_key().key()).ok());
        agreed.into_iter().any(|found| *found == secret)
    }

    #[tokio::test]
    async fn the_key_of_tls_signs_and_opens_if_no_other_is_named() {
        let node = node().await;
        let keys = node.directory.keys();
        let own = node.directory.own_chain().remove(0);
        assert_eq!(keys.signer().certificate(), Some(own.as_ref()));
        assert_eq!(keys.decrypters().len(), 1);
        assert!(opened(&keys, &encrypted(&own)));
    }

    #[tokio::test]
    async fn a_reload_with_another_key_still_opens_what_was_encrypted_for_the_former_one() {
        let node = node().await;
        let under_way = encrypted(&node.directory.own_chain()[0]);
        for former in 1..3 {
            node.renew(&[OWN], 90);
            let changes = reload(&node, &node.config()).await.unwrap();
            let said = format!("; former keys that still open: {former}");
            assert!(changes.changed.iter().any(|line| line.ends_with(&said)), "{changes:?}");
            let keys = node.directory.keys();
            assert_eq!(keys.decrypters().len(), former + 1);
            assert!(opened(&keys, &under_way));
            let own = node.directory.own_chain().remove(0);
            assert_eq!(keys.signer().certificate(), Some(own.as_ref()), "what signs is the new one");
            assert!(opened(&keys, &encrypted(&own)));
        }
        node.add("unit.example.org", Relation::Unit, &[]).await;
        assert_eq!(node.directory.keys().decrypters().len(), 3, "an edit keeps them");
    }

    #[tokio::test]
    async fn an_old_key_of_the_configuration_opens_after_a_restart() {
        let node = node().await;
        let under_way = encrypted(&node.directory.own_chain()[0]);
        let old = node.layout.pki().join("old.key");
        fs::copy(node.layout.node_key(), &old).unwrap();
        node.renew(&[OWN], 90);
        let read = |config: &Config| {
            let chain = files::certificates(&config.certificate).unwrap();
            read(config, &chain, None).0.unwrap().keys
        };
        assert!(!opened(&read(&node.config()), &under_way));
        assert!(opened(&read(&Config { old_encryption_keys: vec![old], ..node.config() }), &under_way));
    }

    #[tokio::test]
    async fn signing_and_encryption_have_certificates_of_their_own() {
        let node = node().await;
        let ([one, two], names) = ([(); 2].map(|()| KeyPair::generate().unwrap()), [OWN]);
        let (sign, sign_key) = issue(&node, "sign", &one, &names, vec![KeyUsagePurpose::DigitalSignature]);
        let (secret, secret_key) = issue(&node, "encrypt", &two, &names, vec![KeyUsagePurpose::KeyAgreement]);
        let config = Config {
            signing_certificate: Some(sign.clone()),
            signing_key: Some(sign_key.clone()),
            encryption_certificate: Some(secret.clone()),
            encryption_key: Some(secret_key.clone()),
            ..node.config()
        };
        let changes = reload(&node, &config).await.unwrap();
        assert!(changes.changed[0].starts_with("our signing certificate is the one until 2026-09-09"), "{changes:?}");
        let keys = node.directory.keys();
        let der = |file: &Path| files::certificates(file).unwrap().remove(0).der;
        assert_eq!(keys.signer().certificate(), Some(der(&sign).as_ref()));
        assert_eq!(keys.decrypters()[0].public_key(), Certificate::read(&der(&secret)).unwrap().public_key());
        assert_eq!(node.directory.ends().iter().filter(|one| one.whose == "ours").count(), 3);

        let swapped = Config {
            signing_certificate: Some(secret.clone()),
            signing_key: Some(secret_key.clone()),
            encryption_certificate: Some(sign.clone()),
            encryption_key: Some(sign_key.clone()),
            ..node.config()
        };
        let said = reload(&node, &swapped).await.unwrap_err();
        for part in ["encrypt.pem: does not allow signatures", "sign.pem: the certificate is for Digital Signature"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let crossed = Config { signing_key: Some(secret_key), ..config.clone() };
        let said = reload(&node, &crossed).await.unwrap_err();
        assert!(said.contains("encrypt.key: is not the key of the certificate"), "{said}");
        let (other, other_key) = issue(&node, "other", &two, &["other.example.org"], vec![]);
        let other = Config { signing_certificate: Some(other), signing_key: Some(other_key), ..config };
        let said = reload(&node, &other).await.unwrap_err();
        assert!(
            said.contains("other.pem: must carry our own name dept.example.org and no wildcard, but carries other"),
            "{said}"
        );
    }

    #[tokio::test]
    async fn an_encrypted_key_opens_with_its_passphrase_only() {
        let node = node().await;
        let text = sample("encrypted.pem");
        let secret = Passphrase::new(b"open sesame".to_vec()).unwrap();
        let clear = FileKey::opened(&text, Some(&secret)).unwrap().unwrap();
        let pair = KeyPair::try_from(&PrivatePkcs8KeyDer::from(clear.to_vec())).unwrap();
        issue(&node, "node", &pair, &[OWN], vec![]);
        fs::write(node.layout.node_key(), text).unwrap();
        let said = reload(&node, &node.config()).await.unwrap_err();
        assert!(said.contains("node.key: is encrypted; say with peers.passphrase-file"), "{said}");
        let file = node.data.path().join("passphrase");
        let config = Config { passphrase_file: Some(file.clone()), ..node.config() };
        let said = reload(&node, &config).await.unwrap_err();
        assert!(said.contains("passphrase: cannot be read") && !said.contains("is encrypted"), "{said}");
        fs::write(&file, "open says me\n").unwrap();
        let said = reload(&node, &config).await.unwrap_err();
        assert!(said.contains("node.key: the passphrase does not open the key"), "{said}");
        fs::write(&file, "open sesame\n").unwrap();
        reload(&node, &config).await.unwrap();
        let own = node.directory.own_chain().remove(0);
        assert!(opened(&node.directory.keys(), &encrypted(&own)));
        // Renewing under the same key reads it, too.
        let layout = super::super::Layout::configured(node.data.path(), config);
        let lifetime = super::super::issue::Lifetime::days(30, super::super::testing::start()).unwrap();
        let renewed = super::super::issue::renew(&layout, &node.authority, lifetime).unwrap();
        assert_eq!(renewed.facts.spki, super::super::Facts::read(&own).unwrap().spki);
    }

    #[tokio::test]
    async fn a_tls_key_that_cannot_do_it_is_a_fault_for_signing_and_a_warning_for_encryption() {
        let node = node().await;
        issue(&node, "node", &KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap(), &[OWN], vec![]);
        let changes = reload(&node, &node.config()).await.unwrap();
        assert!(changes.warnings[0].contains("node.pem: nobody can encrypt for us: a key of Ed25519"), "{changes:?}");
        assert_eq!(node.directory.keys().decrypters().len(), 1, "the former one");
        let pair = KeyPair::generate().unwrap();
        issue(&node, "node", &pair, &[OWN], vec![KeyUsagePurpose::KeyAgreement]);
        let said = reload(&node, &node.config()).await.unwrap_err();
        assert!(said.contains("node.pem: does not allow signatures"), "{said}");
        assert_eq!(name(OWN), node.directory.own_name());
    }
}

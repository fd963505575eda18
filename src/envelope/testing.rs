//! For tests, here and in other parts: nodes that have no keys at all, and nodes that know each other's keys.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::{Carried, Config, Draft, Envelopes, IncidentId, Keyring, MsgDestination, Opened, Reading, Standard};
use crate::ids::{IncidentName, PeerName};
use crate::peers::{Encryption, MsgType, Policy, Signatures};
use crate::xmlsec::encryption::Recipient;
use crate::xmlsec::key::{Decrypter, FileKey, Signer};
use crate::xmlsec::{Pinned, Trust, TrustedKey};

/// Nobody has keys here: nothing is signed and nothing encrypted.
pub(crate) struct NoKeys;

impl Keyring for NoKeys {
    fn signer(&self) -> Arc<dyn Signer> {
        unreachable!("its policies sign nothing")
    }

    fn decrypters(&self) -> Vec<Arc<dyn Decrypter>> {
        Vec::new()
    }

    fn policy(&self, _: &PeerName) -> Arc<Policy> {
        Arc::new(Policy { signatures: Signatures::Off, encryption: Encryption::Never, ..Policy::default() })
    }

    fn signers_of(&self, _: &PeerName) -> Box<dyn Trust + '_> {
        Box::new(Pinned::default())
    }

    fn originators(&self) -> Box<dyn Trust + '_> {
        Box::new(Pinned::default())
    }

    fn recipients(&self, peer: &PeerName) -> Result<Vec<Recipient>, String> {
        Err(format!("{peer} has no key"))
    }
}

/// The nodes whose keys [`FewKeys`] knows, and their keys.
const KEYS: [(&str, &str); 3] = [("first.example", "p256"), ("middle.example", "rsa-2048"), ("last.example", "p384")];

/// One of a few nodes that know each other's keys; nobody else has any.
pub(crate) struct FewKeys {
    own: PeerName,
    keys: Vec<(PeerName, Arc<FileKey>)>,
    policy: Policy,
}

impl FewKeys {
    /// The keys as that node has them, which treats all its peers so.
    pub(crate) fn of(own: &str, policy: Policy) -> Self {
        let read = |(node, key): (&str, &str)| {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("certs/keys").join(format!("{key}.pem"));
            (name(node), Arc::new(FileKey::open(&file, None).unwrap().with_name(node)))
        };
        Self { own: name(own), keys: KEYS.map(read).into(), policy }
    }

    fn key(&self, name: &PeerName) -> Option<&Arc<FileKey>> {
        self.keys.iter().find(|(known, _)| known == name).map(|(_, key)| key)
    }

    fn trusted(&self, wanted: impl Fn(&PeerName) -> bool) -> Box<dyn Trust + '_> {
        let keys = self.keys.iter().filter(|(name, _)| wanted(name));
        let keys = keys.map(|(name, key)| TrustedKey::new(name.as_str(), key.public_key().info())).collect();
        Box::new(Pinned { keys })
    }
}

impl Keyring for FewKeys {
    fn signer(&self) -> Arc<dyn Signer> {
        let key: Arc<FileKey> = Arc::clone(self.key(&self.own).unwrap());
        key
    }

    fn decrypters(&self) -> Vec<Arc<dyn Decrypter>> {
        let key: Arc<FileKey> = Arc::clone(self.key(&self.own).unwrap());
        vec![key]
    }

    fn policy(&self, _: &PeerName) -> Arc<Policy> {
        Arc::new(self.policy.clone())
    }

    fn signers_of(&self, peer: &PeerName) -> Box<dyn Trust + '_> {
        self.trusted(|name| name == peer)
    }

    fn originators(&self) -> Box<dyn Trust + '_> {
        self.trusted(|_| true)
    }

    fn recipients(&self, peer: &PeerName) -> Result<Vec<Recipient>, String> {
        let key = self.key(peer).ok_or_else(|| format!("{peer} has no key: pin one"))?;
        Ok(vec![Recipient::of_key(key.public_key().clone(), peer.as_str())])
    }
}

pub(crate) fn name(text: &str) -> PeerName {
    text.parse().unwrap()
}

/// What that node opens and seals with.
pub(super) fn envelopes(own: &str, policy: Policy) -> Envelopes {
    Envelopes::new(Arc::new(FewKeys::of(own, policy)), Reading::default(), Config::default())
}

/// A message of that type for that peer, whose document is restricted so and holds a record.
pub(super) fn draft(msg_type: MsgType, to: &str, restriction: &str) -> Draft {
    let document = format!(
        "<IODEF-Document xmlns=\"urn:ietf:params:xml:ns:iodef-1.0\" version=\"1.00\" lang=\"en\">\
         <Incident purpose=\"traceback\" restriction=\"{restriction}\"><IncidentID name=\"first.example\">7</IncidentID>\
         <ReportTime>2003-01-25T05:30:00Z</ReportTime><Assessment><Impact lang=\"en\" type=\"dos\"/></Assessment>\
         <Contact role=\"creator\" type=\"organization\"><ContactName>CSIRT</ContactName></Contact><EventData>\
         <Record><RecordData><RecordItem dtype=\"string\">packet</RecordItem></RecordData></Record></EventData>\
         </Incident></IODEF-Document>"
    );
    Draft {
        msg_type,
        to: name(to),
        address: Some("127.0.0.1".parse().unwrap()),
        destination: MsgDestination::RidSystem,
        incident: Some(IncidentId {
            incident: IncidentName { name: "first.example".to_owned(), id: "7".to_owned() },
            instance: Some("1".to_owned()),
        }),
        restriction: Some(restriction.to_owned()),
        regions: vec!["PeerToPeer".to_owned()],
        traffic: vec!["Attack".to_owned()],
        status: None,
        source: None,
        payload: Some(Carried {
            standard: Standard::Iodef1,
            bytes: document.into(),
            namespaces: Vec::new(),
            signatures: Vec::new(),
        }),
        readers: Vec::new(),
    }
}

/// The message as that node opens it under the default policy, come from that peer.
pub(super) fn open(own: &str, from: &str, message: &Bytes) -> Result<Opened, super::Unopened> {
    envelopes(own, Policy::default()).open(&name(from), message.clone())
}

/// Who signed what, in order; of elements only their names.
pub(super) fn signed(opened: &Opened) -> Vec<(&str, &str)> {
    let element = |covers: &str| {
        let path = covers.split(' ').next().unwrap_or_default();
        path.rfind('/').map_or(0, |at| at + 1)..path.len()
    };
    let proofs = opened.proven().signatures.iter();
    proofs.map(|proof| (proof.signer.as_str(), &proof.covers[0][element(&proof.covers[0])])).collect()
}

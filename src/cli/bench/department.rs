//! The department that `bench alert` and `bench clock` measure: a node of its own process with an authority above it, many
//! units below it, and an inventory with systems of each.
//!
//! The units are no nodes: one listener in this process answers as all of them ([`Stub`]), each with a certificate and a
//! DNS-ID of its own. The inventory and the peers are entered over the admin socket, as an administrator does it.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;

use crate::admin::api::operators::{OperatorOrder, OperatorView};
use crate::admin::api::peers::{AddOrder, ChangeOrder, PeerView, PinOrder};
use crate::admin::{path, with_parameters};
use crate::cli::Failure;
use crate::cli::child::Node;
use crate::clock::{Clock, SystemClock};
use crate::daemon::yardstick::{Answer, Connection, Identity, Papers, Stub, Visitor};
use crate::ids::{IncidentName, PeerName};
use crate::inventory::ImportReport;
use crate::peers::issue::{Algorithm, Authority, Lifetime, Request};
use crate::peers::{Encryption, Policy as Treatment, Relation, Signatures};
use crate::rid::{Host, IncidentId, MsgType, Policy, draft};
use crate::store::records::Role;

/// The data call that all are made from.
const CALL: &str = include_str!("../../../fixtures/data-call/slammer-2.0.xml");
/// What stands in it where each call has its own.
const NUMBER: &str = ">2003-0125-1<";
const AUTHORITY: &str = "name=\"authority.example\"";
const ISSUED: &str = "<GenerationTime>2003-01-25T08:00:00Z<";
const VULNERABILITY: &str = "CVE-2002-0649";
/// The platform of every system; the call names it.
const CPE: &str = "cpe:2.3:a:microsoft:sql_server:2000:sp2:*:*:*:*:*:*";
/// So many systems are imported at once.
const IMPORT: usize = 5_000;

/// A department with its authority and its units. Ends with the value.
pub(super) struct Department {
    pub(super) node: Node,
    /// Not running: it only posts.
    authority: Node,
    units: Vec<Identity>,
    /// Everything's files; removed last.
    _dir: tempfile::TempDir,
}

impl Department {
    /// Makes the files of a department with so many units; nothing runs yet. `coordination` are lines of that table.
    pub(super) fn prepare(parent: &Path, units: usize, coordination: &str) -> Result<Self, Failure> {
        let dir = fs::create_dir_all(parent)
            .and_then(|()| tempfile::Builder::new().prefix("bench-").tempdir_in(parent))
            .map_err(|why| Failure::input(format_args!("no directory in {}: {why}", parent.display())))?;
        let configuration = format!(
            "[transport]\nlisten = [\"127.0.0.1:0\"]\n\n[admin]\nlisten = \"127.0.0.1:0\"\nconnections = 1024\n\n\
             [admin.page]\nlisten = \"127.0.0.1:0\"\nconnections = 1100\n\n[store]\nurl = \"sqlite:store\"\n\n\
             [coordination]\n{coordination}"
        );
        let name = |text: &str| text.parse::<PeerName>().map_err(Failure::failed);
        let authority = Node::prepare(&dir.path().join("authority"), &name("authority.bench.example")?, "")?;
        let node = Node::prepare(&dir.path().join("node"), &name("cirt.bench.example")?, &configuration)?;
        node.trusts(&authority.layout, &authority.name)?;
        let lifetime = Lifetime::days(1, SystemClock.now()).map_err(Failure::failed)?;
        let above = name("units.bench.example")?;
        let (ca, of_ca) = Authority::create(&above, Algorithm::EcdsaP256, lifetime).map_err(Failure::failed)?;
        let trusted = node.layout.trust().join("units.pem");
        fs::write(&trusted, &of_ca.certificate).map_err(Failure::failed)?;
        let units = (0..units)
            .map(|number| {
                let unit = name(&unit(number))?;
                let request = Request { names: vec![unit.clone()], algorithm: Algorithm::EcdsaP256, lifetime };
                let issued = ca.issue(&request).map_err(Failure::failed)?;
                Ok(Identity { name: unit.to_string(), certificate: issued.certificate, key: issued.key })
            })
            .collect::<Result<_, Failure>>()?;
        Ok(Self { node, authority, units, _dir: dir })
    }

    /// The units, listening and giving these answers.
    pub(super) async fn stub(&self, answer: Answer) -> Result<Stub, Failure> {
        Stub::bind(&self.units, &self.node.layout.ca(), answer).await.map_err(Failure::failed)
    }

    /// Starts the node, with the authority and the units that listen there as its peers, and so many systems in its
    /// inventory.
    pub(super) async fn start(&mut self, stub: &str, systems: usize) -> Result<(), Failure> {
        self.node.start()?;
        let certificate = fs::read_to_string(self.authority.layout.node()).map_err(Failure::failed)?;
        self.introduce(self.authority.name.clone(), "127.0.0.1:1", Relation::Authority, certificate).await?;
        for unit in &self.units {
            let name = unit.name.parse().map_err(Failure::failed)?;
            self.introduce(name, stub, Relation::Unit, unit.certificate.clone()).await?;
        }
        let client = self.node.client();
        let to = with_parameters("inventory/file", &[("format", Some("csv".to_owned()))]);
        for first in (0..systems).step_by(IMPORT) {
            let file = self.systems(first..systems.min(first + IMPORT));
            client.post_bytes::<ImportReport>(&to, file.into()).await.map_err(Failure::failed)?;
        }
        Ok(())
    }

    async fn introduce(&self, name: PeerName, address: &str, as_: Relation, pin: String) -> Result<(), Failure> {
        let order = AddOrder {
            name,
            address: address.to_owned(),
            relation: as_,
            policy: Some(plain()),
            networks: Vec::new(),
            pins: vec![PinOrder { certificate: Some(pin), ..PinOrder::default() }],
        };
        self.node.client().post::<PeerView>("peers", &order).await.map(drop).map_err(Failure::failed)
    }

    /// From now on the units are treated so.
    pub(super) async fn treat(&self, policy: &Treatment) -> Result<(), Failure> {
        let client = self.node.client();
        for unit in &self.units {
            let order = ChangeOrder { policy: Some(policy.clone()), ..ChangeOrder::default() };
            let to = path(["peers", &unit.name]);
            client.patch::<PeerView>(&to, &order).await.map_err(Failure::failed)?;
        }
        Ok(())
    }

    /// Systems of those numbers, dealt out to the units in turn.
    fn systems(&self, numbers: std::ops::Range<usize>) -> String {
        let mut text = String::from("name,unit,addresses,cpes\n");
        for number in numbers {
            let (unit, [_, a, b, c]) = (unit(number % self.units.len().max(1)), (number as u32).to_be_bytes());
            // Writing to a text does not fail.
            let _: std::fmt::Result = writeln!(text, "sql{number}.{unit},{unit},10.{a}.{b}.{c},{CPE}");
        }
        text
    }

    /// What the authority speaks to the node.
    pub(super) fn as_authority(&self) -> Result<Arc<ClientConfig>, Failure> {
        let of = &self.authority.layout;
        let papers = Papers { certificate: of.node(), key: of.node_key(), ca: self.node.layout.ca() };
        papers.client().map_err(Failure::failed)
    }

    /// What the node speaks to its units, for a client that does nothing else.
    pub(super) fn to_units(&self) -> Result<Arc<ClientConfig>, Failure> {
        let of = &self.node.layout;
        let ca = of.trust().join("units.pem");
        Papers { certificate: of.node(), key: of.node_key(), ca }.client().map_err(Failure::failed)
    }

    /// A connection of the authority to the node.
    pub(super) async fn connect(&self, tls: &Arc<ClientConfig>) -> Result<Connection, Failure> {
        let name = self.node.name.to_string();
        Connection::open(self.node.address()?, &name, tls).await.map_err(Failure::failed)
    }

    /// An operator, added with a certificate by our CA, who signs in with it at the page.
    pub(super) async fn visitor(&self) -> Result<Visitor, Failure> {
        let of = &self.node.layout;
        let lifetime = Lifetime::days(1, SystemClock.now()).map_err(Failure::failed)?;
        let name: PeerName = "operator.bench.example".parse().map_err(Failure::failed)?;
        let ca = Authority::open(&of.ca(), &of.ca_key()).map_err(Failure::failed)?;
        let request = Request { names: vec![name], algorithm: Algorithm::EcdsaP256, lifetime };
        let issued = ca.issue(&request).map_err(Failure::failed)?;
        let papers = self._dir.path().join("operator");
        let papers =
            Papers { certificate: papers.with_extension("pem"), key: papers.with_extension("key"), ca: of.ca() };
        fs::write(&papers.certificate, &issued.certificate).map_err(Failure::failed)?;
        fs::write(&papers.key, &issued.key).map_err(Failure::failed)?;
        let (user, person, unit) = (None, None, None);
        let certificate = Some(issued.certificate);
        let order = OperatorOrder {
            name: Some("bench".to_owned()),
            user,
            role: Role::Administrator,
            person,
            unit,
            certificate,
        };
        self.node.client().post::<OperatorView>("operators", &order).await.map_err(Failure::failed)?;
        let address = self.node.page().ok_or_else(|| Failure::failed("the node serves no page"))?;
        let tls = papers.client().map_err(Failure::failed)?;
        Visitor::sign_in(address, self.node.name.as_str(), &tls).await.map_err(Failure::failed)
    }

    /// The authority's data call of that number, issued now, about a vulnerability of its own.
    pub(super) fn call(&self, number: u64) -> Result<Vec<u8>, Failure> {
        let (id, from) = (format!("2003-{number:06}"), self.authority.name.as_str());
        let document = CALL
            .replace(NUMBER, &format!(">{id}<"))
            .replace(AUTHORITY, &format!("name=\"{from}\""))
            .replace(ISSUED, &format!("<GenerationTime>{}<", SystemClock.now()))
            .replace(VULNERABILITY, &format!("CVE-2003-{number:06}"));
        let incident = IncidentName { name: from.to_owned(), id };
        let incident = IncidentId { incident, instance: Some("1".to_owned()) };
        let to = Host::of(Some(self.node.name.as_str()), None);
        let policy = Policy::to(to, MsgType::Report, Some(incident));
        draft::report(&policy, document.as_bytes().into()).map_err(Failure::failed)
    }
}

fn unit(number: usize) -> String {
    format!("unit{number}.bench.example")
}

/// Neither signatures nor encryption, as `bench ingest` has it.
pub(super) fn plain() -> Treatment {
    Treatment { signatures: Signatures::WhenPresent, encryption: Encryption::Never, ..Treatment::default() }
}

/// Waits for something that happens in no more than this time.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

//! The nodes of the demonstration, how they stand to each other, and what they know of systems and people.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;

use super::super::Failure;
use super::super::child::Node;

/// The timetable, in seconds.
const PLAN: &str = include_str!("../../../fixtures/demo/plan.toml");

/// What a node knows of systems and people.
struct Knowledge {
    inventory: &'static str,
    roster: &'static str,
}

/// The department's.
const DEPARTMENT: Knowledge = Knowledge {
    inventory: include_str!("../../../fixtures/demo/inventory-department.csv"),
    roster: include_str!("../../../fixtures/demo/roster-department.toml"),
};
const UNIT1: Knowledge = Knowledge {
    inventory: include_str!("../../../fixtures/demo/inventory-unit1.csv"),
    roster: include_str!("../../../fixtures/demo/roster-unit1.toml"),
};
const LAB: Knowledge = Knowledge {
    inventory: include_str!("../../../fixtures/demo/inventory-lab.csv"),
    roster: include_str!("../../../fixtures/demo/roster-lab.toml"),
};
const UNIT2: Knowledge = Knowledge {
    inventory: include_str!("../../../fixtures/demo/inventory-unit2.csv"),
    roster: include_str!("../../../fixtures/demo/roster-unit2.toml"),
};

/// How unit 2 treats the department: a person looks at its Requests first.
const HOLDING: &str = r#"{"messages": {"InvestigationRequest": "hold"}}"#;

/// An authority, a department, its three units, and a unit of the first of them.
pub(super) struct Stage {
    pub(super) authority: Node,
    pub(super) department: Node,
    pub(super) unit1: Node,
    pub(super) lab: Node,
    pub(super) unit2: Node,
    pub(super) unit3: Node,
    /// Removed with all the nodes' files when it goes; after the nodes, for it stands last.
    dir: tempfile::TempDir,
}

impl Stage {
    /// Makes the nodes and starts them; all their mail goes to that server.
    pub(super) fn set(mail: SocketAddr) -> Result<Self, Failure> {
        let dir = tempfile::Builder::new().prefix("ridd-demo-").tempdir().map_err(Failure::failed)?;
        let node = |name: &str, issuing: &str| {
            let name = name.parse().map_err(Failure::failed)?;
            let data = dir.path().join(format!("{name}"));
            let node = Node::prepare(&data, &name, &configuration(name.as_str(), issuing, mail))?;
            write(&data.join("plan.toml"), PLAN.as_bytes())?;
            Ok::<_, Failure>(node)
        };
        let mut stage = Self {
            authority: node("authority.example", "person")?,
            department: node("cirt.department.example", "person")?,
            unit1: node("unit1.example", "automatic")?,
            lab: node("lab.unit1.example", "automatic")?,
            unit2: node("unit2.example", "automatic")?,
            unit3: node("unit3.example", "automatic")?,
            dir,
        };
        for (one, other, ..) in stage.pairs() {
            one.trusts(&other.layout, &other.name)?;
            other.trusts(&one.layout, &one.name)?;
        }
        for node in stage.nodes_mut() {
            node.start()?;
        }
        Ok(stage)
    }

    /// Has the nodes pin each other's certificates, as their administrators would.
    pub(super) fn introduce(&self) -> Result<(), Failure> {
        let holding = self.write("hold-requests.json", HOLDING.as_bytes())?;
        for (one, other, here, there) in self.pairs() {
            introduce(one, other, here, None)?;
            let policy = (other.name == self.unit2.name).then_some(holding.as_str());
            introduce(other, one, there, policy)?;
        }
        Ok(())
    }

    /// Gives whoever plays a name at each node, as records have it.
    pub(super) fn name_staff(&self) -> Result<(), Failure> {
        for node in self.nodes() {
            let data = fs::metadata(node.layout.data()).map_err(Failure::failed)?;
            node.command(&["operator", "add", &data.uid().to_string(), "--role", "administrator", "--name", "staff"])?;
        }
        Ok(())
    }

    /// Has the nodes take in their inventories and rosters; what each says to that.
    pub(super) fn inform(&self) -> Result<Vec<(&Node, String)>, Failure> {
        let nodes = [(&self.department, DEPARTMENT), (&self.unit1, UNIT1), (&self.lab, LAB), (&self.unit2, UNIT2)];
        let mut said = Vec::new();
        for (node, knowledge) in nodes {
            let inventory = self.write("inventory.csv", knowledge.inventory.as_bytes())?;
            let roster = self.write("roster.toml", knowledge.roster.as_bytes())?;
            said.push((node, node.command(&["inventory", "import", &inventory])?));
            said.push((node, node.command(&["roster", "import", &roster])?));
        }
        Ok(said)
    }

    /// All nodes.
    pub(super) fn nodes(&self) -> [&Node; 6] {
        [&self.authority, &self.department, &self.unit1, &self.lab, &self.unit2, &self.unit3]
    }

    fn nodes_mut(&mut self) -> [&mut Node; 6] {
        let Self { authority, department, unit1, lab, unit2, unit3, .. } = self;
        [authority, department, unit1, lab, unit2, unit3]
    }

    /// The node of that name.
    pub(super) fn named(&self, name: &str) -> Option<&Node> {
        self.nodes().into_iter().find(|node| node.name.as_str() == name)
    }

    /// Who talks with whom, and how the second stands to the first, and the first to the second.
    fn pairs(&self) -> [(&Node, &Node, &'static str, &'static str); 5] {
        let Self { authority, department, unit1, lab, unit2, unit3, .. } = self;
        [
            (authority, department, "peer", "authority"),
            (department, unit1, "unit", "parent"),
            (department, unit2, "unit", "parent"),
            (department, unit3, "unit", "parent"),
            (unit1, lab, "unit", "parent"),
        ]
    }

    /// Writes a file that a command can name.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<String, Failure> {
        let path = self.dir.path().join(name);
        write(&path, bytes)?;
        Ok(path.display().to_string())
    }

    /// Leaves everything running and says how to look around.
    pub(super) fn keep(&mut self, event: Option<&str>) -> String {
        self.dir.disable_cleanup(true);
        let department = self.department.layout.data().display().to_string();
        let pids = self.nodes().iter().filter_map(|node| node.pid()).map(|pid| pid.to_string()).collect::<Vec<_>>();
        let folder = self.dir.path().display();
        let event = event.unwrap_or("EVENT");
        let page = self.department.page().map(|address| format!("https://{address}/")).unwrap_or_default();
        let text = format!(
            "\nThe nodes go on running. To look around at the department:\n\
             \n  ridd --data {department} event show {event}\
             \n  ridd --data {department} event log {event}\
             \n  ridd --data {department} notice list {event}\
             \n  ridd --data {department} message list\
             \n  ridd --data {department} inventory list\
             \n\nIts page is {page}; the browser does not know the certificate. Sign in as staff with the password of\
             \n\n  ridd --data {department} operator reset staff\
             \n\nThe other nodes' directories and all logs are in {folder}. To end it:\n\
             \n  kill {} && rm -r {folder}",
            pids.join(" ")
        );
        for node in self.nodes_mut() {
            node.let_go();
        }
        text
    }
}

/// Free ports of the loopback, a mail server on it, and waiting times that suit a demonstration.
fn configuration(name: &str, issuing: &str, mail: SocketAddr) -> String {
    format!(
        "[transport]\nlisten = [\"127.0.0.1:0\"]\n\n\
         [admin]\nlisten = \"127.0.0.1:0\"\n\n\
         [admin.page]\nlisten = \"127.0.0.1:0\"\n\n\
         [exchange]\npending-after = \"2s\"\n\n\
         [outbox]\nfirst-retry = \"200ms\"\nlongest-retry = \"1s\"\n\n\
         [coordination]\nplan = \"plan.toml\"\nissuing = \"{issuing}\"\n\n\
         [coordination.sender]\nname = \"CIRT of {name}\"\nemail = \"cirt@{name}\"\n\n\
         [notify.email]\nserver = \"{mail}\"\nsecurity = \"plain\"\nfrom = \"CIRT of {name} <cirt@{name}>\"\n"
    )
}

fn write(path: &std::path::Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(|error| Failure::failed(format_args!("cannot write {}: {error}", path.display())))
}

/// Makes `other` a peer of `node`, as an administrator does it.
fn introduce(node: &Node, other: &Node, relation: &str, policy: Option<&str>) -> Result<(), Failure> {
    let address = other.address()?.to_string();
    let pin = other.layout.node().display().to_string();
    let mut arguments = vec!["peer", "add", other.name.as_str(), &address, "--relation", relation];
    arguments.extend(["--certificate", &pin]);
    arguments.extend(policy.into_iter().flat_map(|file| ["--policy", file]));
    node.command(&arguments).map(drop)
}

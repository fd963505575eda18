//! The nodes of the demonstration and how they stand to each other.

use std::fs;

use super::super::Failure;
use super::super::child::Node;

/// Free ports of the loopback, and retries that suit a demonstration.
const CONFIGURATION: &str = "\
[transport]
listen = [\"127.0.0.1:0\"]

[admin]
listen = \"127.0.0.1:0\"
";

/// Four nodes that know each other as an authority, a department and its units do.
pub(super) struct Stage {
    pub(super) authority: Node,
    pub(super) department: Node,
    alpha: Node,
    bravo: Node,
    /// Removed with all the nodes' files when it goes; after the nodes, for it stands last.
    dir: tempfile::TempDir,
}

impl Stage {
    /// Makes the nodes, starts them and has them pin each other's certificates.
    pub(super) fn set() -> Result<Self, Failure> {
        let dir = tempfile::Builder::new().prefix("ridd-demo-").tempdir().map_err(Failure::failed)?;
        let node = |name: &str| {
            let name = name.parse().map_err(Failure::failed)?;
            Node::prepare(&dir.path().join(format!("{name}")), &name, CONFIGURATION)
        };
        let mut stage = Self {
            authority: node("authority.example")?,
            department: node("cirt.department.example")?,
            alpha: node("alpha.unit.example")?,
            bravo: node("bravo.unit.example")?,
            dir,
        };
        for (one, other) in stage.pairs() {
            one.trusts(&other.layout, &other.name)?;
            other.trusts(&one.layout, &one.name)?;
        }
        // The units must be able to tell who began a Request that the department hands on (RFC 6545 §9.3.2).
        for unit in stage.units() {
            unit.trusts(&stage.authority.layout, &stage.authority.name)?;
        }
        for node in [&mut stage.authority, &mut stage.department, &mut stage.alpha, &mut stage.bravo] {
            node.start()?;
        }
        for ((one, other), (here, there)) in stage.pairs().into_iter().zip(RELATIONS) {
            introduce(one, other, here)?;
            introduce(other, one, there)?;
        }
        Ok(stage)
    }

    /// All nodes.
    pub(super) fn nodes(&self) -> [&Node; 4] {
        [&self.authority, &self.department, &self.alpha, &self.bravo]
    }

    /// The operating units.
    pub(super) fn units(&self) -> [&Node; 2] {
        [&self.alpha, &self.bravo]
    }

    /// Who talks with whom.
    fn pairs(&self) -> [(&Node, &Node); 3] {
        [(&self.authority, &self.department), (&self.department, &self.alpha), (&self.department, &self.bravo)]
    }

    /// Writes a file that a command can name.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<String, Failure> {
        let path = self.dir.path().join(name);
        fs::write(&path, bytes)
            .map_err(|error| Failure::failed(format_args!("cannot write {}: {error}", path.display())))?;
        Ok(path.display().to_string())
    }

    /// Leaves everything running and says how to look around.
    pub(super) fn keep(&mut self) -> String {
        self.dir.disable_cleanup(true);
        let department = self.department.layout.data().display().to_string();
        let pids = self.nodes().iter().filter_map(|node| node.pid()).map(|pid| pid.to_string()).collect::<Vec<_>>();
        let folder = self.dir.path().display();
        let text = format!(
            "\nThe nodes go on running. To look around at the department:\n\
             \n  ridd --data {department} status\
             \n  ridd --data {department} message list\
             \n  ridd --data {department} incident list\
             \n  ridd --data {department} outbox list --state delivered\
             \n  ridd --data {department} peer list\
             \n\nThe other nodes' directories and all logs are in {folder}. To end it:\n\
             \n  kill {} && rm -r {folder}",
            pids.join(" ")
        );
        for node in [&mut self.authority, &mut self.department, &mut self.alpha, &mut self.bravo] {
            node.let_go();
        }
        text
    }
}

/// How the second of each pair stands to the first, and the first to the second.
const RELATIONS: [(&str, &str); 3] = [("peer", "authority"), ("unit", "parent"), ("unit", "parent")];

/// Makes `other` a peer of `node`, as an administrator does it.
fn introduce(node: &Node, other: &Node, relation: &str) -> Result<(), Failure> {
    let address = other.address()?.to_string();
    let pin = other.layout.node().display().to_string();
    let arguments = ["peer", "add", other.name.as_str(), &address, "--relation", relation, "--certificate", &pin];
    node.command(&arguments).map(drop)
}

//! The nodes that the trials play on: an authority, a department with its inventory and roster, an affected unit and another.

use super::network::{Node, Nodes, carry};
use crate::coordination::Config;
use crate::coordination::decide::Command;
use crate::coordination::state::Standing;
use crate::envelope::Limits;
use crate::peers::{MsgType, Relation};

pub(super) const AUTHORITY: &str = "authority.example";
pub(super) const DEPARTMENT: &str = "cirt.department.example";
pub(super) const UNIT: &str = "rid.unit1.example";
pub(super) const OTHER: &str = "rid.unit2.example";

pub(super) const CALL: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/coordination/call-structured-2.0.xml"));

pub(super) const SYSTEMS: &str = "\
name,unit,owner,administrators,addresses,cpes
sql1,rid.unit1.example,pat,sam,192.0.2.1,cpe:2.3:a:microsoft:sql_server:2000:sp2:*:*:*:*:*:*
sql2,rid.unit1.example,pat,,192.0.2.2,cpe:2.3:a:microsoft:sql_server:2000:*:*:*:*:*:*:*
web1,rid.unit2.example,,,192.0.2.3,cpe:2.3:a:apache:http_server:1.3:*:*:*:*:*:*:*
";

pub(super) const ROSTER: &str = "\
[[person]]
id = 'cipm'
name = 'Program manager'
place = 'program-manager'
channels = [{ email = 'cipm@department.example' }]

[[person]]
id = 'watch'
name = 'CIRT watch'
place = 'cirt-watch'
channels = [{ pager = '5550100' }, { email = 'watch@department.example' }]

[[person]]
id = 'contact1'
name = 'Contact of unit 1'
place = 'unit-contact'
unit = 'rid.unit1.example'
channels = [{ email = 'contact@unit1.example' }]
";

pub(super) const UNITS_ROSTER: &str = "\
[[person]]
id = 'contact'
name = 'Contact'
place = 'program-manager'
channels = [{ email = 'contact@unit1.example' }]

[[person]]
id = 'pat'
name = 'Pat'
place = 'owner'
channels = [{ email = 'pat@unit1.example' }]

[[person]]
id = 'sam'
name = 'Sam'
place = 'administrator'
channels = [{ email = 'sam@unit1.example' }]
";

pub(super) async fn three() -> Nodes {
    under(Limits::default()).await
}

/// The same, where the authority and the department read messages under these limits.
pub(super) async fn under(limits: Limits) -> Nodes {
    let config = Config::default;
    let to = [(DEPARTMENT, Relation::Peer)];
    let authority = Node::reading(AUTHORITY, &to, ("", ""), config(), limits.clone()).await;
    let below = [(AUTHORITY, Relation::Authority), (UNIT, Relation::Unit), (OTHER, Relation::Unit)];
    let department = Node::reading(DEPARTMENT, &below, (SYSTEMS, ROSTER), config(), limits).await;
    let above = [(DEPARTMENT, Relation::Parent)];
    let unit = Node::new(UNIT, &above, (SYSTEMS, UNITS_ROSTER), config()).await;
    let other = Node::new(OTHER, &above, ("", ""), config()).await;
    Nodes::from([(AUTHORITY, authority), (DEPARTMENT, department), (UNIT, unit), (OTHER, other)])
}

pub(super) async fn order(node: &Node, command: Command) {
    node.coordination.order(&node.event().await, command, "officer").await.unwrap();
}

pub(super) fn standing(
    state: &crate::coordination::state::State,
    milestone: &'static str,
    unit: Option<&str>,
) -> Standing {
    let mark = match unit {
        Some(unit) => state.unit_mark(milestone, unit),
        None => state.event_mark(milestone),
    };
    mark.unwrap_or_else(|| panic!("{milestone} has no mark")).standing()
}

/// The call has come, and the alert has gone out to the unit.
pub(super) async fn alerted() -> Nodes {
    let nodes = three().await;
    nodes[AUTHORITY].send(DEPARTMENT, MsgType::InvestigationRequest, CALL).await;
    carry(&nodes).await;
    let department = &nodes[DEPARTMENT];
    let state = department.state().await;
    assert_eq!(state.units.keys().collect::<Vec<_>>(), [UNIT], "{:?}", department.log().await);
    assert_eq!(standing(&state, "units-identified", None), Standing::Met);
    let told = department.told().await;
    assert_eq!(told.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), ["5550100"]);
    department.coordination.answer(&told[0].1.code, false, "officer").await.unwrap();
    assert_eq!(standing(&*department.state().await, "cirt-notified", None), Standing::Met);
    order(department, Command::ApproveAlert).await;
    order(department, Command::IssueAlert).await;
    carry(&nodes).await;
    nodes
}

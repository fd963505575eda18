//! A node that is tried, and around it RID systems that play their part by hand, with a mail server for people.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::letters::Named;
use crate::harness::daemon::{Daemon, Setup};
use crate::harness::mailbox::Mailbox;
use crate::harness::peer::{self, Http, RidSystem, Scripted};
use crate::harness::pki::{Papers, Pki};
use crate::harness::wait;

/// The part of a text between two others.
pub(crate) fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    text.split_once(start)?.1.split_once(end).map(|(found, _)| found)
}

/// A RID message that came to someone who plays by hand.
#[derive(Clone, Debug)]
pub(crate) struct Came {
    pub(crate) text: String,
    pub(crate) token: Option<String>,
}

impl Came {
    fn new(http: &Http) -> Self {
        Self { text: http.text(), token: http.field("RID-Callback-Token").map(str::to_owned) }
    }

    pub(crate) fn msg_type(&self) -> &str {
        between(&self.text, "MsgType=\"", "\"").unwrap_or_default()
    }

    /// The incident of its RIDPolicy.
    pub(crate) fn about(&self) -> Named {
        let element = self.text.split_once("IncidentID ").unwrap_or_else(|| panic!("no IncidentID: {}", self.text)).1;
        let value = |name: &str| {
            let start = element.split_once('>').unwrap().0;
            between(start, &format!("{name}=\""), "\"").unwrap_or_default().to_owned()
        };
        Named { name: value("name"), instance: value("instance"), id: between(element, ">", "<").unwrap().to_owned() }
    }

    /// The systems it names by AssetID, in order.
    pub(crate) fn systems(&self) -> Vec<String> {
        let mut systems: Vec<String> = self
            .text
            .split("AssetID>")
            .skip(1)
            .step_by(2)
            .map(|rest| rest.split('<').next().unwrap().to_owned())
            .collect();
        systems.sort();
        systems
    }

    /// What an Acknowledgement says: AuthorizationStatus and Justification.
    pub(crate) fn status(&self) -> String {
        let value = |name: &str| between(&self.text, &format!("{name}=\""), "\"");
        [value("AuthorizationStatus"), value(" Justification")].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// Someone who plays a RID system by hand.
pub(crate) struct Hand {
    pub(crate) name: String,
    pub(crate) papers: Papers,
    system: RidSystem,
}

impl Hand {
    /// Takes whatever comes; Requests with a token that follows from the instance, so that the same Request sent again gets
    /// the same.
    async fn start(pki: &Pki, name: &str) -> Self {
        let papers = pki.issue(name);
        let system = RidSystem::start(&papers, &pki.ca(), |http| {
            let came = Came::new(http);
            if came.msg_type() != "InvestigationRequest" {
                return Scripted::empty(200);
            }
            let fields = format!("RID-Callback-Token: {}\r\n", token(&came.about()));
            Scripted { status: 202, fields, body: Vec::new() }
        })
        .await;
        Self { name: name.to_owned(), papers, system }
    }

    /// Posts one message to the node.
    pub(crate) async fn post(&self, node: &Daemon, body: &[u8]) -> Http {
        peer::post_once(node.rid, &self.papers, body).await.unwrap()
    }

    /// The same, which must be taken with that status.
    pub(crate) async fn tell(&self, node: &Daemon, body: &[u8], status: u16) -> Http {
        let answer = self.post(node, body).await;
        assert_eq!(answer.status(), status, "{}\n{}\n{}", answer.text(), String::from_utf8_lossy(body), node.log());
        answer
    }

    /// Answers a Request: a callback with its token.
    pub(crate) async fn reply(&self, node: &Daemon, to: &Came, body: &[u8]) -> Http {
        let mut stream = peer::connect(node.rid, Some(&self.papers)).await.unwrap();
        let answer = peer::post(&mut stream, body, Some(&token(&to.about()))).await.unwrap();
        assert_eq!(answer.status(), 200, "{}\n{}\n{}", answer.text(), String::from_utf8_lossy(body), node.log());
        answer
    }

    /// What came so far, in order.
    pub(crate) fn came(&self) -> Vec<Came> {
        self.system.came().iter().map(Came::new).collect()
    }

    /// Waits for a message that is as wanted.
    pub(crate) async fn message(&self, what: &str, node: &Daemon, wanted: impl Fn(&Came) -> bool) -> Came {
        let shown = || {
            let came: Vec<_> = self.came().iter().map(|came| (came.msg_type().to_owned(), came.about())).collect();
            format!("{what} at {}; came {came:?}; the node's log:\n{}", self.name, node.log())
        };
        wait::until(shown, async || self.came().into_iter().find(|came| wanted(came))).await
    }

    /// Waits for the Request of that instance.
    pub(crate) async fn request(&self, node: &Daemon, nth: usize) -> Came {
        let shown = || format!("Request {nth} at {}; the node's log:\n{}", self.name, node.log());
        wait::until(shown, async || self.requests().into_iter().nth(nth)).await
    }

    /// The Requests that came, each once however often it was sent; the same request must be the same bytes.
    pub(crate) fn requests(&self) -> Vec<Came> {
        let mut requests: Vec<Came> = Vec::new();
        for came in self.came().into_iter().filter(|came| came.msg_type() == "InvestigationRequest") {
            match requests.iter().find(|known| known.about() == came.about()) {
                Some(known) => assert_eq!(known.text, came.text, "one instance, one message (RFC 6545 §6.1)"),
                None => requests.push(came),
            }
        }
        requests
    }
}

fn token(about: &Named) -> String {
    format!("token-{}-{}", about.id, about.instance)
}

/// The node, who is around it, and where it keeps its files.
pub(crate) struct Scene {
    pub(crate) node: Daemon,
    pub(crate) hands: Vec<Hand>,
    pub(crate) mailbox: Mailbox,
    pub(crate) dir: tempfile::TempDir,
}

/// A person of a roster with an email address.
pub(crate) fn person(id: &str, place: &str, unit: &str) -> String {
    let unit = if unit.is_empty() { String::new() } else { format!("unit = \"{unit}\"\n") };
    format!(
        "[[person]]\nid = \"{id}\"\nname = \"{id}\"\nplace = \"{place}\"\n{unit}channels = [{{ email = \"{id}@example.org\" }}]\n\n"
    )
}

/// SQL Server 2000, which the data call is about.
const SQL: &str = "cpe:2.3:a:microsoft:sql_server:2000:*:*:*:*:*:*:*";
/// Something else.
const WEB: &str = "cpe:2.3:a:apache:http_server:2.4.1:*:*:*:*:*:*:*";

/// The department of most trials: two affected units with two systems each, one that runs something else.
const INVENTORY: &[(&str, &str, &str)] = &[
    ("sql1", "unit1.example", SQL),
    ("sql2", "unit1.example", SQL),
    ("sql3", "unit2.example", SQL),
    ("sql4", "unit2.example", SQL),
    ("web5", "unit3.example", WEB),
];

/// An authority's name.
pub(crate) const AUTHORITY: &str = "authority.example";
/// Another authority's.
pub(crate) const OTHER: &str = "other.example";
/// The units' names.
pub(crate) const UNITS: [&str; 3] = ["unit1.example", "unit2.example", "unit3.example"];

/// How the node of a scene is set up.
#[derive(Default)]
pub(crate) struct Stage {
    plan: Option<String>,
    tables: Vec<(String, String)>,
}

impl Stage {
    /// With these lines in `[coordination]`.
    pub(crate) fn set(lines: &str) -> Self {
        Self::default().table("coordination", lines)
    }

    /// With these lines in that table.
    pub(crate) fn table(mut self, table: &str, lines: &str) -> Self {
        self.tables.push((table.to_owned(), lines.to_owned()));
        self
    }

    /// With a timetable of these milestones, each with its due time, and so long to answer a notice.
    pub(crate) fn plan(mut self, answer_within: &str, steps: &[(&str, &str)]) -> Self {
        let steps: String = steps
            .iter()
            .map(|(milestone, after)| format!("[[step]]\nmilestone = \"{milestone}\"\nafter = \"{after}\"\n"))
            .collect();
        self.plan = Some(format!("name = \"trial\"\nanswer-within = \"{answer_within}\"\nquiet = \"2h\"\n{steps}"));
        self
    }
}

impl Scene {
    /// A node of that name with those around it, by name and relation.
    pub(crate) async fn with(name: &str, around: &[(&str, &str)], stage: Stage) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::make(dir.path(), "Coordination CA");
        let mailbox = Mailbox::start().await;
        let email =
            format!("server = \"{}\"\nsecurity = \"plain\"\nfrom = \"CIRT <cirt@example.org>\"", mailbox.address);
        let mut setup = Setup::named(name).with("notify.email", &email);
        if let Some(plan) = &stage.plan {
            let plan = write(dir.path(), "plan.toml", plan);
            setup = setup.with("coordination", &format!("plan = {plan:?}"));
        }
        for (table, lines) in &stage.tables {
            setup = setup.with(table, lines);
        }
        let node = Daemon::start(setup, &pki);
        let mut hands = Vec::new();
        for (name, relation) in around {
            let hand = Hand::start(&pki, name).await;
            node.knows_as(name, &hand.system.address.to_string(), relation, &hand.papers);
            hands.push(hand);
        }
        Self { node, hands, mailbox, dir }
    }

    /// A department with an authority, another, and three units.
    pub(crate) async fn department(stage: Stage) -> Self {
        let around = [
            (AUTHORITY, "authority"),
            (OTHER, "authority"),
            (UNITS[0], "unit"),
            (UNITS[1], "unit"),
            (UNITS[2], "unit"),
        ];
        let scene = Self::with("department.example", &around, stage).await;
        scene.runs(INVENTORY.iter().map(|(name, unit, cpe)| format!("{name},{unit},,,{cpe}")));
        let contacts: String =
            UNITS.iter().map(|unit| person(&format!("contact-{}", &unit[..5]), "unit-contact", unit)).collect();
        scene.calls(&[person("cipm", "program-manager", ""), person("watch", "cirt-watch", ""), contacts].concat());
        scene
    }

    /// Takes in an inventory: lines of name, unit, owner, addresses, cpes.
    pub(crate) fn runs(&self, lines: impl Iterator<Item = String>) {
        let text = std::iter::once("name,unit,owner,addresses,cpes".to_owned()).chain(lines).collect::<Vec<_>>();
        let file = self.file("inventory.csv", &text.join("\n"));
        self.node.ridd(&["inventory", "import", file.to_str().unwrap()]);
    }

    /// Takes in a roster.
    pub(crate) fn calls(&self, text: &str) {
        let file = self.file("roster.toml", text);
        self.node.ridd(&["roster", "import", file.to_str().unwrap()]);
    }

    /// A file beside the node's directory.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        write(self.dir.path(), name, text)
    }

    /// Someone who plays by hand.
    pub(crate) fn hand(&self, name: &str) -> &Hand {
        self.hands.iter().find(|hand| hand.name == name).unwrap()
    }

    /// The first unit's node.
    pub(crate) fn unit(&self, number: usize) -> &Hand {
        self.hand(UNITS[number - 1])
    }

    /// The authority's.
    pub(crate) fn authority(&self) -> &Hand {
        self.hand(AUTHORITY)
    }

    /// All events, in the order of their names.
    pub(crate) async fn events(&self) -> Vec<Value> {
        let list = self.node.ask("events?all=true&limit=1000").await;
        list["events"].as_array().cloned().unwrap_or_default()
    }

    /// The name of the one event, once it is there.
    pub(crate) async fn event(&self) -> String {
        let shown = || format!("an event at {}; its log:\n{}", self.node.setup.name, self.node.log());
        let events = wait::until(shown, async || Some(self.events().await).filter(|events| !events.is_empty())).await;
        assert_eq!(events.len(), 1, "{events:#?}");
        events[0]["id"].as_str().unwrap().to_owned()
    }

    /// The event with everything that is known of it.
    pub(crate) async fn detail(&self, event: &str) -> Value {
        self.node.ask(&format!("events/{event}")).await
    }

    /// Waits until the event is as wanted.
    pub(crate) async fn until(&self, event: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let last = std::cell::RefCell::new(Value::Null);
        let shown = || format!("{what} of {event}; it is {:#}; the node's log:\n{}", last.borrow(), self.node.log());
        wait::until(shown, async || {
            let detail = self.detail(event).await;
            let found = wanted(&detail);
            last.replace(detail.clone());
            found.then_some(detail)
        })
        .await
    }

    /// The entries of the event's log, as they stand in the store.
    pub(crate) async fn log(&self, event: &str) -> Vec<Value> {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let store = rusqlite::Connection::open_with_flags(self.node.data().join("store/ridd.db"), flags).unwrap();
        let mut query =
            store.prepare("SELECT number, kind, entry FROM event_log WHERE event = ?1 ORDER BY number").unwrap();
        let rows = query.query_map([event], |row| {
            let entry: Value = serde_json::from_str(&row.get::<_, String>(2)?).unwrap();
            Ok(serde_json::json!({ "number": row.get::<_, i64>(0)?, "kind": row.get::<_, String>(1)?, "entry": entry }))
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// How many entries of that kind it has.
    pub(crate) async fn logged(&self, event: &str, kind: &str) -> usize {
        self.log(event).await.iter().filter(|entry| entry["kind"] == kind).count()
    }
}

/// Writes a file.
pub(crate) fn write(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    path
}

/// A unit of an event as it is shown.
pub(crate) fn unit<'v>(event: &'v Value, name: &str) -> &'v Value {
    let units = event["units"].as_array().unwrap();
    units.iter().find(|unit| unit["unit"] == name).unwrap_or(&Value::Null)
}

/// Where a milestone of the event, or of one of its units, stands.
pub(crate) fn standing<'v>(of: &'v Value, milestone: &str) -> &'v str {
    let marks = of["milestones"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mark = marks.iter().find(|mark| mark["milestone"] == milestone);
    mark.and_then(|mark| mark["standing"].as_str()).unwrap_or("none")
}

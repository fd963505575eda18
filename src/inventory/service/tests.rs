//! The inventory over a real store.

use super::*;
use crate::clock::{ManualClock, Timestamp};
use crate::inventory::Certainty;
use crate::store;
use crate::store::records::PatchState;

const SQL: &str = "cpe:2.3:a:microsoft:sql_server:2000:*:*:*:*:*:*:*";
const CVE: &str = "CVE-2002-0649";

const FILE: &str = "\
name,unit,owner,administrators,addresses,cpes,note,patched,excepted
db-1,north.example,pat,\"sam kim\",192.0.2.1 2001:db8::1,cpe:/a:microsoft:sql_server:2000:sp2,\"rack 4, left\",,
db-2,North.example,,,192.0.2.2,cpe:/a:Microsoft:sql_server,,cve-2002-0649 CVE-2002-0650,
db-3,south.example,,,,cpe:2.3:a:microsoft:sql_server:7.0:*:*:*:*:*:*:* cpe:/o:microsoft:windows_2000,,,
db-4,south.example,,,,cpe:/a:microsoft:sql_server:2000,,,\"CVE-2002-0649 in a medical device, sealed\nCVE-2002-0650\"
printer,south.example,,,,,,,
";

struct Trial {
    _place: tempfile::TempDir,
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    inventory: Arc<Inventory>,
}

fn trial_with(config: Config) -> Trial {
    let place = tempfile::tempdir().unwrap();
    let store = store::open(&store::Config::at(format!("sqlite:{}", place.path().join("store").display()))).unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::parse("2003-01-25T06:00:00Z").unwrap()));
    let inventory = Inventory::new(store.clone(), config, clock.clone());
    Trial { _place: place, store, clock, inventory }
}

impl Trial {
    async fn import(&self, text: &str, format: Format) -> Result<ImportReport, InventoryError> {
        self.inventory.import(text.to_owned().into(), format, false, "uid 0").await
    }

    async fn faults(&self, text: &str, format: Format) -> Vec<String> {
        match self.import(text, format).await {
            Err(InventoryError::File { faults, .. }) => faults.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }

    async fn affected(&self, vulnerabilities: &[&str]) -> Vec<(String, String, Certainty)> {
        let vulnerabilities: Vec<_> = vulnerabilities.iter().map(|&name| name.to_owned()).collect();
        let found = self.inventory.affected(&[SQL.to_owned()], &vulnerabilities).await.unwrap();
        assert_eq!(found.unreadable, Vec::<String>::new());
        let of = |(unit, systems): (String, Vec<_>)| {
            systems
                .into_iter()
                .map(move |one: crate::inventory::AffectedSystem| (unit.clone(), one.name, one.certainty))
        };
        found.units.into_iter().flat_map(of).collect()
    }
}

fn names(found: &[(String, String, Certainty)]) -> Vec<&str> {
    found.iter().map(|(_, name, _)| name.as_str()).collect()
}

async fn trial() -> Trial {
    let trial = trial_with(Config::default());
    let report = trial.import(FILE, Format::Csv).await.unwrap();
    assert_eq!(report, ImportReport { systems: 5, added: 5, patches: 4, ..ImportReport::default() });
    trial
}

#[tokio::test]
async fn a_file_is_read_into_profiles() {
    let trial = trial().await;
    let (system, patches) = trial.inventory.show("db-1").await.unwrap().unwrap();
    let said = [&system.owner, &system.administrators, &system.addresses, &system.cpes, &system.note];
    let said = said.map(|field| field.as_deref().unwrap_or("-"));
    let cpe = "cpe:2.3:a:microsoft:sql_server:2000:sp2:*:*:*:*:*:*";
    assert_eq!(said, ["pat", "sam\nkim", "192.0.2.1\n2001:db8::1", cpe, "rack 4, left"]);
    assert_eq!((patches.len(), system.by.as_str(), system.changed), (0, "uid 0", trial.clock.now()));
    let (system, patches) = trial.inventory.show("db-4").await.unwrap().unwrap();
    assert_eq!((system.unit.as_str(), patches.len()), ("south.example", 2));
    assert_eq!(patches[0].evidence.as_deref(), Some("in a medical device, sealed"));
    assert!(patches.iter().all(|patch| patch.state == PatchState::Excepted));
    assert_eq!(trial.inventory.show("db-9").await.unwrap(), None);
    assert_eq!(trial.inventory.of_unit("North.example").await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_affected_is_what_is_meant_and_not_patched() {
    use Certainty::{Possibly, Surely};
    let trial = trial().await;
    let row = |unit: &str, name: &str, certainty| (unit.to_owned(), name.to_owned(), certainty);
    let (north, south) = ("north.example", "south.example");
    // The version of db-2 is not known; db-3 has another one; the printer is not known at all.
    let meant = [row(north, "db-1", Surely), row(north, "db-2", Possibly), row(south, "db-4", Surely)];
    assert_eq!(trial.affected(&[]).await, meant);
    assert_eq!(names(&trial.affected(&["cve-2002-0649"]).await), ["db-1"]);
    assert_eq!(names(&trial.affected(&["CVE-2002-0649", "CVE-2002-0650"]).await), ["db-1"]);
    // One that nobody has looked at yet is open everywhere.
    assert_eq!(names(&trial.affected(&["CVE-2002-0649", "CVE-2003-0001"]).await), ["db-1", "db-2", "db-4"]);
    let platforms = ["cpe:/a:microsoft:sql_server".to_owned(), "sql server 2000".to_owned()];
    let found = trial.inventory.affected(&platforms, &[CVE.to_owned()]).await.unwrap();
    assert_eq!((found.count(), found.closed, found.unnamed, found.systems), (2, 2, 1, 5));
    assert!(found.unreadable.len() == 1 && found.unreadable[0].contains("sql server 2000"), "{found:?}");
    assert_eq!(trial.inventory.affected(&[], &[]).await.unwrap().count(), 0);
}

#[tokio::test]
async fn what_others_write_in_their_batch_is_seen_when_it_is_committed() {
    let trial = trial().await;
    assert_eq!(names(&trial.affected(&[CVE]).await), ["db-1"]);
    let patch = |system: &str, state| Patch {
        system: system.to_owned(),
        vulnerability: CVE.to_lowercase(),
        state,
        at: trial.clock.now(),
        by: "north.example".to_owned(),
        evidence: None,
    };
    let mut batch = Batch::new();
    let pending =
        trial.inventory.mark(&mut batch, [patch("db-1", PatchState::Patched), patch("db-2", PatchState::Unpatched)]);
    // Read between the announcement and the commit, which must not be what is remembered.
    assert_eq!(names(&trial.affected(&[CVE]).await), ["db-1"]);
    trial.store.commit(batch).await.unwrap();
    assert_eq!(names(&trial.affected(&[CVE]).await), ["db-2"]);
    drop(pending);
    assert_eq!(names(&trial.affected(&[CVE]).await), ["db-2"]);
    // The same with the announcement gone before anybody looked.
    let mut batch = Batch::new();
    let pending = trial.inventory.mark(&mut batch, [patch("db-2", PatchState::Excepted)]);
    trial.store.commit(batch).await.unwrap();
    drop(pending);
    assert_eq!(names(&trial.affected(&[CVE]).await), Vec::<&str>::new());
}

#[tokio::test]
async fn systems_are_changed_added_and_removed() {
    let trial = trial().await;
    assert_eq!(trial.affected(&[]).await.len(), 3);
    let change =
        SystemChange { cpes: Some(vec![SQL.to_owned()]), note: Some(String::new()), ..SystemChange::default() };
    let changed = trial.inventory.set("printer", change.clone(), "uid 7").await.unwrap();
    assert_eq!((changed.unit.as_str(), changed.by.as_str(), changed.note), ("south.example", "uid 7", None));
    assert_eq!(trial.affected(&[]).await.len(), 4);
    assert!(matches!(
        trial.inventory.set("db-5", change.clone(), "uid 7").await,
        Err(InventoryError::NoSuchSystem { .. })
    ));
    let change = SystemChange { unit: Some("West.example".to_owned()), ..change };
    trial.inventory.set("db-5", change, "uid 7").await.unwrap();
    assert_eq!(trial.affected(&[]).await.last().unwrap().0, "west.example");
    trial.inventory.remove("db-4").await.unwrap();
    assert_eq!(trial.inventory.show("db-4").await.unwrap(), None);
    assert_eq!(trial.inventory.patches("db-4").await.unwrap(), []);
    assert_eq!(names(&trial.affected(&[]).await), ["db-1", "db-2", "printer", "db-5"]);
    assert!(matches!(trial.inventory.remove("db-4").await, Err(InventoryError::NoSuchSystem { .. })));
    let wrong =
        SystemChange { unit: Some("*.example".to_owned()), cpes: Some(vec!["x".to_owned()]), ..Default::default() };
    let Err(InventoryError::Fields { faults, .. }) = trial.inventory.set("db-1", wrong, "uid 7").await else {
        panic!()
    };
    assert_eq!(faults.iter().map(|fault| fault.field).collect::<Vec<_>>(), ["unit", "cpes"]);
}

#[tokio::test]
async fn a_file_with_faults_lists_them_all_and_changes_nothing() {
    let trial = trial().await;
    let before = trial.inventory.export(Format::Json).await.unwrap();
    let csv = "\
name,unit,cpes,colour
db-1,*.example,cpe:/a:v:p cpe:/a:v:x%02y sql,red
\"db
9\",north.example,,
db-8,north.example
db-1,north.example,,
,south.example,,
";
    let faults = trial.faults(csv, Format::Csv).await;
    let places: Vec<_> =
        faults.iter().map(|fault| fault.splitn(3, ": ").take(2).collect::<Vec<_>>().join(": ")).collect();
    let expected = ["line 1: colour", "line 2: unit", "line 2: cpes", "line 2: cpes", "line 3: name", "line 5: record"];
    assert_eq!(places, [&expected[..], &["line 6: name", "line 7: name"]].concat(), "{faults:#?}");
    let json = "[\n{\"name\": \"db-1\", \"unit\": 7, \"cpes\": [1]},\n\n{\"name\": \"new\"}, 3,\n{\"nam\": \"x\"}]";
    let faults = trial.faults(json, Format::Json).await;
    let places: Vec<_> =
        faults.iter().map(|fault| fault.splitn(3, ": ").take(2).collect::<Vec<_>>().join(": ")).collect();
    assert_eq!(
        places,
        ["line 2: cpes", "line 2: unit", "line 4: system", "line 5: nam", "line 5: name"],
        "{faults:#?}"
    );
    // Only beside the store it shows that a unit is missing.
    assert_eq!(trial.faults("[{\"name\": \"db-1\"}, {\"name\": \"new\"}]", Format::Json).await.len(), 1);
    for (text, format) in
        [("", Format::Csv), ("[", Format::Json), ("{}", Format::Json), ("name,unit\n\u{fffd},x,", Format::Csv)]
    {
        assert_eq!(trial.faults(text, format).await.len(), 1, "{text}");
    }
    assert_eq!(trial.inventory.export(Format::Json).await.unwrap(), before);
}

#[tokio::test]
async fn what_is_exported_can_be_imported_again() {
    let trial = trial().await;
    for format in [Format::Csv, Format::Json] {
        let file = trial.inventory.export(format).await.unwrap();
        let text = String::from_utf8(file.clone()).unwrap();
        let same = trial.import(&text, format).await.unwrap();
        assert_eq!(same, ImportReport { systems: 5, unchanged: 5, ..ImportReport::default() }, "{text}");
        let other = trial_with(Config::default());
        other.import(&text, format).await.unwrap();
        assert_eq!(String::from_utf8(other.inventory.export(format).await.unwrap()).unwrap(), text);
        let (system, patches) = other.inventory.show("db-4").await.unwrap().unwrap();
        let (first, firsts) = trial.inventory.show("db-4").await.unwrap().unwrap();
        assert_eq!((system.cpes, patches), (first.cpes, firsts));
    }
}

#[tokio::test]
async fn what_a_file_does_not_speak_of_stays() {
    let trial = trial().await;
    let dry = trial.inventory.import("name,note\ndb-1,moved\n".into(), Format::Csv, true, "uid 0").await.unwrap();
    assert_eq!(dry, ImportReport { dry_run: true, systems: 1, changed: 1, ..ImportReport::default() });
    let (system, _) = trial.inventory.show("db-1").await.unwrap().unwrap();
    assert_eq!(system.note.as_deref(), Some("rack 4, left"));
    trial.import("\u{feff}note,Name\nmoved,db-1\n", Format::Csv).await.unwrap();
    let (system, _) = trial.inventory.show("db-1").await.unwrap().unwrap();
    assert_eq!((system.note.as_deref(), system.owner.as_deref()), (Some("moved"), Some("pat")));
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let trial = trial().await;
    let list = |unit: &str, text: &str, after: &str, limit| {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let filter = Filter { unit: some(unit), text: some(text), after: some(after) };
        let inventory = trial.inventory.clone();
        async move {
            let (systems, more) = inventory.list(&filter, limit).await.unwrap();
            (systems.into_iter().map(|system| system.name).collect::<Vec<_>>().join(" "), more)
        }
    };
    assert_eq!(list("", "", "", 2).await, ("db-1 db-2".to_owned(), true));
    assert_eq!(list("", "", "db-2", 3).await, ("db-3 db-4 printer".to_owned(), false));
    assert_eq!(list("south.example", "", "db-3", 9).await, ("db-4 printer".to_owned(), false));
    assert_eq!(list("", "Windows_2000", "", 9).await, ("db-3".to_owned(), false));
    assert_eq!(list("", "SAM", "", 9).await, ("db-1".to_owned(), false));
}

#[tokio::test]
async fn limits_hold() {
    let limits = Config { import_bytes: 300, systems: 2, faults: 1, entries: 1, ..Config::default() };
    let trial = trial_with(limits);
    let too_large = trial.import(&"x".repeat(301), Format::Csv).await;
    assert!(matches!(too_large, Err(InventoryError::TooLarge { .. })), "{too_large:?}");
    let three = "name,unit\na,x.example\nb,x.example\nc,x.example\n";
    assert!(matches!(trial.import(three, Format::Csv).await, Err(InventoryError::TooMany { systems: 3, .. })));
    trial.import("name,unit\na,x.example\nb,x.example\n", Format::Csv).await.unwrap();
    let unit = SystemChange { unit: Some("x.example".to_owned()), ..SystemChange::default() };
    assert!(matches!(trial.inventory.set("c", unit, "uid 0").await, Err(InventoryError::TooMany { .. })));
    let faulty = "name,addresses\na,1 2\nb,3 4\n";
    let Err(InventoryError::File { faults, total }) = trial.import(faulty, Format::Csv).await else { panic!() };
    assert_eq!((faults.len(), total), (1, 2));
}

//! How the pages look: pictures of each for people to look at, and what axe-core finds that keeps somebody out.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::driver::{self, Browser, Script};
use super::site::{self, PAGE};
use crate::coordination::letters::{acknowledgement, progress};
use crate::coordination::scene::{Scene, UNITS, standing, unit};

/// The release of axe-core that `.ci/tools` fetches.
const AXE: &str = "axe-core-4.14.1/axe.min.js";

fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

/// The text of axe-core, if it is there.
fn axe() -> Option<String> {
    let path = target().join("tools").join(AXE);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        crate::harness::skip(&format!("{} is not there (.ci/tools fetches it)", path.display()));
    }
    text
}

/// Takes pictures of the page in light, in dark and as on a telephone; everything must fit on the last.
pub(super) async fn look(browser: &Browser, name: &str) {
    let file = |kind: &str| -> PathBuf { target().join("screenshots").join(format!("{name}-{kind}.png")) };
    browser.colours("light").await;
    browser.picture(&file("light"), 1280).await;
    browser.colours("dark").await;
    browser.picture(&file("dark"), 1280).await;
    browser.colours("light").await;
    browser.picture(&file("telephone"), 390).await;
    let over = "const root = document.documentElement; return root.scrollWidth - root.clientWidth";
    let over = browser.run(over).await;
    browser.devtools("Emulation.clearDeviceMetricsOverride", Value::Object(Default::default())).await;
    assert_eq!(over, 0, "{name} is wider than a telephone");
}

/// What axe finds in the page as it is: each rule that is broken, with the places.
async fn broken(browser: &Browser, axe: &str, only: &str) -> Vec<String> {
    let check = format!(
        "if (!window.axe) {{ {axe} }}
         return window.axe.run(document, {{ runOnly: {only}, resultTypes: ['violations'] }}).then((found) =>
           found.violations.map((one) => one.id + ': ' + one.help + ' ' +
             one.nodes.slice(0, 4).map((node) => node.html.slice(0, 200) + ' ' + node.any.map((a) => a.message).join()).join(' | ')));"
    );
    let found = browser.run(&check).await;
    found.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

/// A department in the middle of an event: one unit has answered and corrected a system, another has said nothing.
async fn busy() -> (Scene, String) {
    let (scene, event) = site::called().await;
    scene.node.ridd(&["alert", "edit", &event, "--prevent", "Block UDP 1434 at the border"]);
    scene.node.ridd(&["alert", "approve", &event]);
    scene.node.ridd(&["alert", "issue", &event]);
    let alert = scene.unit(1).request(&scene.node, 0).await;
    let about = alert.about();
    scene.unit(1).reply(&scene.node, &alert, &acknowledgement(&about, "AuthorizationStatus=\"Approved\"")).await;
    scene.unit(1).tell(&scene.node, &progress(&about, &["sql1"]), 200).await;
    scene
        .until(&event, "the unit's progress", |event| {
            let one = unit(event, UNITS[0]);
            one["corrected"] == 1 && standing(one, "alert-acknowledged") == "met"
        })
        .await;
    scene.unit(2).request(&scene.node, 0).await;
    (scene, event)
}

/// Every page by the name of its pictures.
async fn pages(scene: &Scene, event: &str) -> Vec<(&'static str, String)> {
    let message = scene.node.messages().await[0]["id"].as_str().unwrap().to_owned();
    // The alerts have left.
    let list = scene.node.ask("outbox?limit=1&state=delivered").await;
    let parcel = list["parcels"][0]["id"].as_str().unwrap();
    let of = |rest: &str| format!("/events/{event}{rest}");
    vec![
        ("now", "/".to_owned()),
        ("events", "/events".to_owned()),
        ("event", of("")),
        ("event-alert", of("/alert")),
        ("event-preview", of(&format!("/alert/{}", UNITS[0]))),
        ("event-unit", of(&format!("/units/{}", UNITS[0]))),
        ("event-notices", of("/notices")),
        ("event-evidence", of("/evidence")),
        ("event-log", of("/log")),
        ("event-report", of("/report")),
        ("messages", "/messages".to_owned()),
        ("message", format!("/messages/{message}")),
        ("outbox", "/outbox".to_owned()),
        ("peers", "/peers".to_owned()),
        ("peer", format!("/peers/{}", UNITS[0])),
        ("inventory", "/inventory".to_owned()),
        ("inventory-system", "/inventory/systems/sql1".to_owned()),
        ("inventory-affected", "/inventory/affected".to_owned()),
        ("inventory-import", "/inventory/import".to_owned()),
        ("roster", "/roster".to_owned()),
        ("roster-person", "/roster/persons/watch".to_owned()),
        ("roster-ladder", "/roster/ladder".to_owned()),
        ("roster-import", "/roster/import".to_owned()),
        ("audit", "/audit".to_owned()),
        ("audit-log", format!("/audit/log?event={event}")),
        ("operators", "/operators".to_owned()),
        ("status", "/status".to_owned()),
        ("operator", "/operators/ann".to_owned()),
        ("sessions", "/sessions".to_owned()),
        ("password", "/password".to_owned()),
        ("parcel", format!("/outbox/{parcel}")),
        ("problem", "/nothing".to_owned()),
    ]
}

/// Opens what is folded, so that it is looked at, too.
const UNFOLD: &str = "for (const one of document.querySelectorAll('details')) one.open = true";

#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_used_by_everybody() {
    if !driver::is_there() {
        return;
    }
    let Some(axe) = axe() else { return };
    let (scene, event) = busy().await;
    let once = site::operator(&scene.node, "ann", "administrator");
    let browser = Browser::start(&site::hosts(&scene.node), Script::On).await;
    let mut faults = Vec::new();
    let rules = "{ type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }";
    let contrast = "{ type: 'rule', values: ['color-contrast'] }";
    let mut check = async |name: &str| {
        browser.run(UNFOLD).await;
        look(&browser, name).await;
        faults.extend(broken(&browser, &axe, rules).await.into_iter().map(|one| format!("{name}, light: {one}")));
        browser.colours("dark").await;
        faults.extend(broken(&browser, &axe, contrast).await.into_iter().map(|one| format!("{name}, dark: {one}")));
        browser.colours("light").await;
    };
    browser.go(&format!("{PAGE}/sign-in")).await;
    check("sign-in").await;
    site::come_in(&browser, "ann", &once).await;
    check("setup").await;
    site::set_up(&browser).await;
    for (name, address) in pages(&scene, &event).await {
        browser.go(&format!("{PAGE}{address}")).await;
        assert_eq!(browser.place().await, address);
        assert_eq!(browser.has(".problem").await, name == "problem", "{name}: {}", browser.text("main").await);
        assert_eq!(browser.run("return document.querySelectorAll('h1').length").await, 1, "{name}");
        // All ten pages, and who it is, on one line of a window of 1280.
        let high = browser.run("return document.querySelector('header').offsetHeight").await;
        assert!(high.as_u64().is_some_and(|high| high < 60), "{name}: the navigation takes {high} pixels");
        check(name).await;
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

//! What the script adds: lists that keep themselves up to date, forms that outlive that, files that are read into forms.

use super::driver::{self, Browser, Script};
use super::site::{self, PAGE};
use crate::coordination::scene::{Scene, Stage};
use crate::harness::pki::Pki;
use crate::page::browser::between;

const MARK: &str = "window.mark = 'the same page'";

/// Whether nobody has loaded the page anew since [`MARK`].
async fn is_the_same(browser: &Browser) {
    assert_eq!(browser.run("return window.mark").await, "the same page", "nobody reloaded it");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_peers_parcels_and_messages_turn_before_the_eyes() {
    if !driver::is_there() {
        return;
    }
    let (scene, _) = site::called().await;
    let pki = Pki::make(&scene.dir.path().join("more"), "Another CA");
    let browser = site::signed_in(&scene.node, "administrator", Script::On).await;
    browser.go(&format!("{PAGE}/peers")).await;
    browser.says("main", "Add a peer").await;
    browser.run(MARK).await;
    // Nobody listens there: what is sent to it waits.
    scene.node.knows_as("unit9.example", "127.0.0.1:1", "unit", &pki.issue("unit9.example"));
    browser.says("table", "unit9.example").await;
    is_the_same(&browser).await;

    browser.go(&format!("{PAGE}/outbox?to=unit9.example")).await;
    browser.says("main", "No parcel fits").await;
    browser.run(MARK).await;
    let call = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/data-call/slammer-2.0.xml");
    scene.node.ridd(&["send", "unit9.example", call, "--type", "report"]);
    browser.says("table", "unit9.example").await;
    is_the_same(&browser).await;
    let list = scene.node.ask("outbox?to=unit9.example").await;
    scene.node.ridd(&["outbox", "cancel", list["parcels"][0]["id"].as_str().unwrap()]);
    browser.says("main", "No parcel fits").await;
    is_the_same(&browser).await;

    browser.go(&format!("{PAGE}/messages?peer=unit9.example")).await;
    browser.says("table", "unit9.example").await;
    let rows = "return document.querySelectorAll('tbody tr').length";
    assert_eq!(browser.run(rows).await, 1);
    browser.run(MARK).await;
    scene.node.ridd(&["send", "unit9.example", call, "--type", "report"]);
    crate::harness::wait::until(
        || "the second message".to_owned(),
        async || (browser.run(rows).await == 2).then_some(()),
    )
    .await;
    is_the_same(&browser).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_was_begun_is_not_saved_over_somebody_elses() {
    if !driver::is_there() {
        return;
    }
    let (scene, event) = site::called().await;
    let browser = site::signed_in(&scene.node, "officer", Script::On).await;
    let address = format!("{PAGE}/events/{event}/alert");
    browser.go(&address).await;
    browser.press("//summary[.='Edit the draft']").await;
    browser.fill("#title", " of mine").await;
    let seen = "return document.querySelector('#edit [name=seen]').value";
    let before = browser.run(seen).await;
    scene.node.ridd(&["alert", "edit", &event, "--prevent", "Block UDP 1434 at the border"]);
    browser.says(".facts", "Block UDP 1434 at the border").await;
    // What was typed is there still, and what it was typed over is not forgotten.
    let typed = browser.run("return document.querySelector('#title').value").await;
    assert!(typed.as_str().unwrap().ends_with(" of mine"), "{typed}");
    assert_eq!(browser.run(seen).await, before);
    assert_eq!(browser.run("return document.querySelector('#prevent').value").await, "", "as it was begun");
    browser.button("Save").await;
    browser.says(".problem", "somebody else has changed the draft").await;
    let draft = scene.node.ask(&format!("events/{event}/alert")).await;
    assert!(!draft["parts"]["title"].as_str().unwrap().ends_with(" of mine"), "{draft:#}");
    // From what stands there now it goes.
    browser.go(&address).await;
    browser.press("//summary[.='Edit the draft']").await;
    browser.fill("#title", " of mine").await;
    browser.button("Save").await;
    browser.says(".facts", " of mine").await;
    let draft = scene.node.ask(&format!("events/{event}/alert")).await;
    assert!(draft.to_string().contains("Block UDP 1434 at the border"), "{draft:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_read_into_the_form() {
    if !driver::is_there() {
        return;
    }
    let scene = Scene::department(site::listening(Stage::default())).await;
    let browser = site::signed_in(&scene.node, "administrator", Script::On).await;
    let text = "name,unit,note\nsql-ä1,unit1.example,\"über \"\"all\"\" & <b>\"\n";
    let file = scene.file("systems.csv", text);
    browser.go(&format!("{PAGE}/inventory/import")).await;
    browser.fill("#from", file.to_str().unwrap()).await;
    let value = "return document.querySelector('#file').value";
    crate::harness::wait::until(
        || "the text of the file".to_owned(),
        async || (browser.run(value).await == text).then_some(()),
    )
    .await;
    browser.button("Try").await;
    browser.says("[role=status], main", "would add 1 system,").await;
    browser.button("Import").await;
    browser.confirm().await;
    browser.says("main", "1 system added").await;
    let system = scene.node.ask("inventory/systems/sql-%C3%A41").await;
    assert!(system.to_string().contains("über \\\"all\\\" & <b>"), "{system:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_was_lost_is_replaced() {
    if !driver::is_there() {
        return;
    }
    let scene = Scene::department(site::listening(Stage::default())).await;
    let browser = site::signed_in(&scene.node, "administrator", Script::On).await;
    let given = scene.node.ridd(&["operator", "reset", "ann", "--totp"]);
    assert!(given.contains('█'), "{given}");
    let secret = between(&given, "secret=", "&").to_owned();
    browser.go(&format!("{PAGE}/operators/ann")).await;
    browser.arrives("/sign-in?to=%2Foperators%2Fann").await;
    browser.fill("#name", "ann").await;
    browser.fill("#password", crate::page::browser::PASSWORD).await;
    browser.fill("#code", &crate::page::browser::code(&secret, 1)).await;
    browser.button("Sign in").await;
    browser.arrives("/operators/ann").await;
    browser.says("h1", "ann").await;
}

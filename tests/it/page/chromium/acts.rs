//! What people do at the pages, from the sign-in to the button.

use super::driver::{self, Browser, ENTER, Script, TAB};
use super::site::{self, PAGE};
use crate::coordination::letters::acknowledgement;
use crate::coordination::scene::{Scene, Stage, UNITS, unit};
use crate::harness::pki::Pki;
use crate::page::browser::{PASSWORD, code};
use crate::page::{acknowledge, hostile};

/// Goes on with Tab until the focus is on what fits the selector.
async fn tab_to(browser: &Browser, selector: &str) {
    for _ in 0..200 {
        browser.keys(TAB).await;
        let script = format!("return document.activeElement.matches(`{selector}`)");
        if browser.run(&script).await == true {
            return;
        }
    }
    panic!("the keyboard does not lead to {selector} at {}", browser.place().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_signs_in_with_a_password_and_a_code() {
    if !driver::is_there() {
        return;
    }
    let scene = Scene::department(site::listening(Stage::default())).await;
    let once = site::operator(&scene.node, "ann", "manager");
    let browser = Browser::start(&site::hosts(&scene.node), Script::On).await;
    let secret = site::first_sign_in(&browser, "ann", &once).await;
    browser.says(".who", "ann, manager").await;
    browser.press(".who form button").await;
    browser.arrives("/sign-in").await;
    // Whoever is out is led to the sign-in, and from there to where they wanted to go.
    browser.go(&format!("{PAGE}/status")).await;
    browser.arrives("/sign-in?to=%2Fstatus").await;
    browser.fill("#name", "ann").await;
    browser.fill("#password", "not the password at all").await;
    browser.fill("#code", &code(&secret, 1)).await;
    browser.button("Sign in").await;
    browser.says("[role=alert]", "name, password or code is wrong").await;
    browser.fill("#name", "ann").await;
    browser.fill("#password", PASSWORD).await;
    browser.fill("#code", &code(&secret, 1)).await;
    browser.button("Sign in").await;
    browser.arrives("/status").await;
    browser.says("h1", "Status").await;
    // The session is not for scripts.
    assert_eq!(browser.run("return document.cookie").await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_approved_and_a_unit_turns_before_the_eyes() {
    if !driver::is_there() {
        return;
    }
    let (scene, event) = site::called().await;
    let browser = site::signed_in(&scene.node, "officer", Script::On).await;
    browser.press(".card h2 a").await;
    browser.arrives(&format!("/events/{event}")).await;
    browser.press("//nav[@class='tabs']//a[.='Alert']").await;
    browser.button("Approve").await;
    browser.says("main", "approved by ann").await;
    browser.button("Issue to 2 units").await;
    browser.confirm().await;
    let alert = scene.unit(1).request(&scene.node, 0).await;
    scene.until(&event, "the delivery", |event| unit(event, UNITS[0])["alert"] != "unsent").await;
    browser.go(PAGE).await;
    let row = format!("//table[@class='grid']//tr[th[contains(., '{}')]]", UNITS[0]);
    let cell = format!("{row}/td[2]");
    let before = browser.text(&cell).await;
    // What this page remembers, it would forget if it were loaded again.
    browser.run("window.mark = 'the same page'; document.querySelector('main').dataset.mark = 'kept'").await;
    let status = "AuthorizationStatus=\"Approved\"";
    scene.unit(1).reply(&scene.node, &alert, &acknowledgement(&alert.about(), status)).await;
    crate::harness::wait::until(
        || format!("the unit to turn at the page, where it stands at {before:?}"),
        async || {
            let now = browser.text(&cell).await;
            (!now.is_empty() && now != before).then_some(())
        },
    )
    .await;
    assert_eq!(browser.run("return window.mark").await, "the same page", "nobody reloaded it");
    assert!(browser.run("return document.querySelector('main').dataset.mark").await == "kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_goes_out_by_keyboard_alone() {
    if !driver::is_there() {
        return;
    }
    let (scene, event) = site::called().await;
    let once = site::operator(&scene.node, "ann", "officer");
    let browser = Browser::start(&site::hosts(&scene.node), Script::On).await;
    browser.go(&format!("{PAGE}/sign-in")).await;
    tab_to(&browser, ".skip").await;
    assert_eq!(browser.run("return document.activeElement.getBoundingClientRect().left >= 0").await, true, "seen");
    tab_to(&browser, "#name").await;
    browser.keys(&format!("ann{TAB}{once}{ENTER}")).await;
    browser.arrives("/setup").await;
    let secret: String = browser.text("#app ~ p code").await.split_whitespace().collect();
    tab_to(&browser, "#password").await;
    browser.keys(&format!("{PASSWORD}{TAB}{PASSWORD}{TAB}{}{ENTER}", code(&secret, 0))).await;
    browser.arrives("/").await;
    // The skip link leads past the navigation.
    browser.keys(&format!("{TAB}{ENTER}")).await;
    browser.arrives("/#main").await;
    tab_to(&browser, ".card h2 a").await;
    browser.keys(ENTER).await;
    browser.arrives(&format!("/events/{event}")).await;
    tab_to(&browser, &format!(".tabs a[href='/events/{event}/alert']")).await;
    let ring = "const s = getComputedStyle(document.activeElement); return s.outlineStyle + ' ' + s.outlineWidth";
    assert_eq!(browser.run(ring).await, "solid 3px", "the focus is seen");
    browser.keys(ENTER).await;
    browser.arrives(&format!("/events/{event}/alert")).await;
    tab_to(&browser, "button[value=approve]").await;
    browser.keys(ENTER).await;
    browser.says("main", "approved by ann").await;
    tab_to(&browser, "button[value=issue]").await;
    browser.keys(ENTER).await;
    browser.confirm().await;
    scene.unit(1).request(&scene.node, 0).await;
    scene.unit(2).request(&scene.node, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_goes_out_without_script() {
    if !driver::is_there() {
        return;
    }
    let (scene, event) = site::called().await;
    let browser = site::signed_in(&scene.node, "officer", Script::Off).await;
    browser.go(&format!("{PAGE}/events/{event}/alert")).await;
    // The page's script takes the place of nothing: it has not run.
    assert!(browser.has("script[src]").await);
    browser.button("Approve").await;
    browser.says("main", "approved by ann").await;
    browser.button("Issue to 2 units").await;
    scene.unit(1).request(&scene.node, 0).await;
    scene.unit(2).request(&scene.node, 0).await;
    browser.arrives(&format!("/events/{event}/alert")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_in_a_mail_is_answered_with_a_button() {
    if !driver::is_there() {
        return;
    }
    let scene = acknowledge::scene("").await;
    let event = acknowledge::alerted(&scene).await;
    let link = acknowledge::link_in(&scene.mailbox.mail("bob@example.org", "db2").await);
    let browser = Browser::start(&site::hosts(&scene.node), Script::On).await;
    browser.go(&format!("https://cirt.example.org{link}")).await;
    browser.says("main", "db2: to be corrected").await;
    super::looks::look(&browser, "acknowledge").await;
    browser.button("I acknowledge").await;
    browser.says("[role=status]", "Answered").await;
    browser.arrives(&link).await;
    browser.button("These systems are corrected").await;
    browser.says("main", "db2: corrected").await;
    assert!(!browser.has("form").await, "nothing is left to press");
    scene.until(&event, "bob's system corrected", |event| event["units"][0]["corrected"] == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_is_added_and_revoked() {
    if !driver::is_there() {
        return;
    }
    let scene = Scene::department(site::listening(Stage::default())).await;
    let pki = Pki::make(&scene.dir.path().join("more"), "Another CA");
    let papers = pki.issue("unit9.example");
    let browser = site::signed_in(&scene.node, "administrator", Script::On).await;
    browser.press("//nav[@aria-label='Pages']//a[.='Peers']").await;
    browser.fill("#name", "unit9.example").await;
    browser.fill("#address", "unit9.example:4590").await;
    browser.fill("#certificate", &std::fs::read_to_string(&papers.certificate).unwrap()).await;
    browser.button("Add").await;
    browser.arrives("/peers/unit9.example").await;
    browser.says(".facts", "active").await;
    let peer = scene.node.ask("peers/unit9.example").await;
    assert_eq!((&peer["relation"], peer["pins"].as_array().map(Vec::len)), (&"unit".into(), Some(1)), "{peer:#}");
    browser.press("//summary[.='Revoke']").await;
    browser.fill("#why", "its key was lost").await;
    browser.button("Revoke").await;
    browser.confirm().await;
    browser.says(".facts", "its key was lost").await;
    let peer = scene.node.ask("peers/unit9.example").await;
    assert_eq!(peer["state"], "revoked", "{peer:#}");
    browser.go(&format!("{PAGE}/peers?state=revoked")).await;
    browser.says("table", "unit9.example").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_of_strangers_runs_nowhere() {
    if !driver::is_there() {
        return;
    }
    let (scene, event) = hostile::scene().await;
    let once = scene.node.json(&["operator", "reset", hostile::OPERATOR])["password"].as_str().unwrap().to_owned();
    let browser = Browser::start(&site::hosts(&scene.node), Script::On).await;
    site::first_sign_in(&browser, hostile::OPERATOR, &once).await;
    for at in hostile::addresses(&scene, &event).await {
        browser.go(&format!("{PAGE}{at}")).await;
        let ran = browser.run("return [typeof window.wasHere, document.querySelectorAll('img').length]").await;
        assert_eq!(ran, serde_json::json!(["undefined", 0]), "{at}");
    }
}

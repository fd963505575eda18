//! What operators prove themselves with: that no answer tells who has what, and how it is given, renewed and taken away.

use super::super::api::operators::{Enrolment, OperatorView};
use super::super::door::password::HASHED;
use super::super::door::totp::code_at;
use super::super::{ClientError, operators, path};
use super::door::{Browser, PASSWORD, add, ann, between, issued, layout, next_code, reset};
use super::{Code, Trial, trial};
use crate::clock::Clock;
use crate::ids::Digest;
use crate::peers::Directory;
use crate::store::records::{self, Session};
use crate::store::{Batch, Scan};

async fn operator(trial: &Trial, name: &str) -> OperatorView {
    trial.client.get(&path(["operators", name])).await.unwrap()
}

#[tokio::test]
async fn the_same_work_is_done_for_every_name() {
    let trial = trial().await;
    let (_, secret) = ann(&trial).await;
    add(&trial, "bob", None).await;
    let (long, longer) = ("n".repeat(65), "p".repeat(300));
    let code = next_code(&trial, &secret);
    for (name, password, code, runs) in [
        ("nobody", PASSWORD, code.as_str(), 1),
        // An operator who was never given a password.
        ("bob", PASSWORD, &code, 1),
        ("ann", "wrong horse battery", &code, 1),
        ("ann", PASSWORD, "000000", 1),
        // What nobody can have is refused before, whoever it is.
        ("ann", &longer, &code, 0),
        ("nobody", &longer, &code, 0),
        (&long, PASSWORD, &code, 0),
    ] {
        let before = HASHED.get();
        let refused = Browser::new(&trial, None).sign_in(name, password, code).await;
        assert_eq!((refused.status, HASHED.get() - before), (401, runs), "{name}");
        trial.clock.advance(std::time::Duration::from_secs(600));
    }
}

#[tokio::test]
async fn new_codes_leave_the_password_and_end_the_sessions() {
    let trial = trial().await;
    let (mut browser, old) = ann(&trial).await;
    let given: Enrolment = trial.client.post("operators/ann/codes", &()).await.unwrap();
    assert_eq!(given.address, format!("otpauth://totp/node.example%3Aann?secret={}&issuer=node.example", given.secret));
    assert_ne!(given.secret, old);
    assert!(!format!("{given:?}").contains(&given.secret));
    assert_eq!(browser.get("/status").await.status, 303, "signed out");
    let code = next_code(&trial, &old);
    assert_eq!(browser.sign_in("ann", PASSWORD, &code).await.status, 401, "the former app");
    assert_eq!(browser.sign_in("ann", PASSWORD, "").await.status, 401, "no code");
    let code = next_code(&trial, &given.secret);
    assert_eq!(browser.sign_in("ann", PASSWORD, &code).await.status, 303);
    add(&trial, "bob", None).await;
    let none = trial.client.post::<Enrolment>("operators/bob/codes", &()).await;
    assert_eq!(trial.code(none).await, Code::Conflict, "codes beside no password");
    reset(&trial, "bob").await;
    let none = trial.client.post::<Enrolment>("operators/bob/codes", &()).await;
    assert_eq!(trial.code(none).await, Code::Conflict, "nor beside one that is good for once");
    // The same at the page, with a picture.
    let csrf = browser.csrf("/operators/ann").await;
    let page = browser.post("/operators/ann/codes", &[("csrf", &csrf)]).await;
    assert!(page.text.contains("<svg class=\"qr\"") && page.text.contains("It is shown this once"), "{}", page.text);
    let secret = between(&page.text, "class=\"secret\">", "<");
    assert_eq!(code_at(secret, trial.clock.now()).len(), 6);
}

#[tokio::test]
async fn one_certificate_of_several_is_taken_away() {
    let trial = trial().await;
    let own = layout(&trial);
    let (first, second) = (issued(&own, &trial, "ann.example"), issued(&own, &trial, "ann.example"));
    add(&trial, "ann", Some(&first.certificate)).await;
    add(&trial, "ann", Some(&second.certificate)).await;
    let spki = Directory::key_of(&first.certificate).unwrap();
    assert_eq!(operator(&trial, "ann").await.certificates.len(), 2);
    let (mut one, mut two) = (Browser::new(&trial, Some(&first)), Browser::new(&trial, Some(&second)));
    for browser in [&mut one, &mut two] {
        assert_eq!(browser.post("/sign-in", &[("certificate", "yes")]).await.status, 303);
    }
    let page = two.get("/operators/ann").await.text;
    assert!(page.contains(spki.as_str()), "{page}");
    let csrf = between(&page, "name=\"csrf\" value=\"", "\"").to_owned();
    let answer = two.post("/operators/ann/unpin", &[("csrf", &csrf), ("spki", spki.as_str())]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/operators/ann"), "{}", answer.text);
    assert_eq!(one.get("/status").await.status, 303, "out at once");
    assert_eq!(one.post("/sign-in", &[("certificate", "yes")]).await.status, 401);
    assert_eq!(two.get("/status").await.status, 200);
    let again = trial.client.delete::<OperatorView>(&format!("operators/ann/certificates/{spki}")).await;
    assert_eq!(trial.code(again).await, Code::NotFound);
    // A session that was begun with it and is there still, for it was written meanwhile, opens nothing.
    let store = trial.parts.store.as_ref();
    let mut session = store.list::<Session>(Scan::of::<Session>(9)).await.unwrap().remove(0);
    session.certificate = Some(spki.clone());
    assert!(operators::named(store, "ann", session.certificate.as_ref()).await.unwrap().is_none());
    let _: OperatorView = trial.client.delete("operators/ann").await.unwrap();
    let mut batch = Batch::new();
    batch.put(&session);
    store.commit(batch).await.unwrap();
    add(&trial, "ann", None).await;
    assert!(store.list::<Session>(Scan::of::<Session>(9)).await.unwrap().is_empty(), "a namesake inherits no session");
}

#[tokio::test]
async fn of_two_administrators_at_the_same_time_one_is_told() {
    let trial = trial().await;
    let store = trial.parts.store.as_ref();
    add(&trial, "ann", None).await;
    let (row, revision) = operators::known(store, "ann").await.unwrap();
    let mut late = Batch::new();
    late.update(&records::Operator { person: Some("watch".to_owned()), ..row.clone() }, revision);
    add(&trial, "ann", None).await;
    assert!(store.commit(late).await.is_err(), "an edit moves the revision");
    let client = &trial.client;
    let order = serde_json::json!({ "name": "bob", "role": "viewer" });
    let both = tokio::join!(
        client.post::<OperatorView>("operators", &order),
        client.post::<OperatorView>("operators", &order),
    );
    for answer in [both.0, both.1] {
        match answer {
            Ok(_) => {}
            Err(ClientError::Problem(problem)) => assert_eq!(problem.code, Code::Conflict, "{problem}"),
            Err(other) => panic!("{other}"),
        }
    }
    // A key that two have, for they were given it at the same time, is nobody's.
    let spki = Digest::of(b"key");
    let mut batch = Batch::new();
    batch.put(&records::Operator { certificates: Some(spki.to_string()), ..row.clone() });
    store.commit(batch).await.unwrap();
    assert_eq!(operators::certified(store, &spki).await.unwrap().unwrap().name, "ann");
    let mut batch = Batch::new();
    batch.put(&records::Operator { name: "eve".to_owned(), certificates: Some(spki.to_string()), ..row });
    store.commit(batch).await.unwrap();
    assert!(operators::certified(store, &spki).await.unwrap().is_none());
}

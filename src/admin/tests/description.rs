//! The table of the API's addresses, held to what is served, and the document that is made of it.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use hyper::Request;
use serde_json::{Value, json};

use super::operators::{ANN, add, become_user, trial};
use super::pages::send;
use super::{Problem, Trial};
use crate::admin::api::description::{ROWS, Row};
use crate::admin::problem::Code;
use crate::store::records::Role;

/// The address of the row with a name, which nothing has, in each place.
fn address(row: &Row) -> String {
    let sample = |part: &str| match part {
        "{peer}" | "{unit}" => "none.example".to_owned(),
        "{spki}" => "0".repeat(64),
        "{message}" | "{parcel}" => "0196a0c0-0000-7000-8000-000000000001".to_owned(),
        "{event}" => super::desk::EVENT.to_owned(),
        "{incident}" => "none.example%231".to_owned(),
        part => part.trim_matches(['{', '}']).to_owned(),
    };
    let parts: Vec<String> = row.path.split('/').map(sample).collect();
    format!("/api/v1{}", parts.join("/"))
}

/// What that method at that address is refused with, if it is refused.
async fn asked(trial: &Trial, method: &str, address: &str) -> Option<Problem> {
    // The one order that every role which may give any may give; nonsense for all others.
    let body = if address.ends_with("/orders") { r#"{"order":"corrected","systems":["sql1"]}"# } else { "{}" };
    let request = Request::builder().method(method).uri(address).body(body.to_owned()).unwrap();
    let answer = send(trial, request).await;
    (answer.status != 200).then(|| serde_json::from_str(&answer.text).unwrap())
}

#[tokio::test]
async fn every_row_is_served_to_those_whom_it_names() {
    let trial = trial().await;
    for role in Role::ALL {
        become_user(0);
        add(&trial.client, *role).await;
        become_user(ANN);
        for row in ROWS {
            let refused = asked(&trial, row.method, &address(row)).await.map(|problem| problem.code);
            let (method, path) = (row.method, row.path);
            assert!(!matches!(refused, Some(Code::NoSuchPath | Code::WrongMethod)), "{method} {path} is not served");
            let may = refused != Some(Code::NotPermitted);
            assert_eq!(may, row.roles.contains(role), "{method} {path} as {role}");
        }
    }
}

/// A well-formed order of each kind.
fn orders() -> Vec<Value> {
    let unit = "rid.unit1.example";
    vec![
        json!({ "order": "release" }),
        json!({ "order": "issued", "time": "2003-01-25T05:30:00Z" }),
        json!({ "order": "identify" }),
        json!({ "order": "met", "milestone": "cirt-notified" }),
        json!({ "order": "waive", "milestone": "validated", "why": "x" }),
        json!({ "order": "edit", "edit": {} }),
        json!({ "order": "approve" }),
        json!({ "order": "issue" }),
        json!({ "order": "inform", "units": [unit] }),
        json!({ "order": "corrected", "systems": ["sql1"] }),
        json!({ "order": "except", "system": "sql1", "why": "x" }),
        json!({ "order": "progress" }),
        json!({ "order": "complete" }),
        json!({ "order": "scan", "unit": unit, "result": "x" }),
        json!({ "order": "sign-off", "unit": unit, "evidence": "x" }),
        json!({ "order": "confirm" }),
        json!({ "order": "status", "to": unit }),
        json!({ "order": "note", "text": "x" }),
        json!({ "order": "close" }),
        json!({ "order": "reopen", "why": "x" }),
        json!({ "order": "cancel", "why": "x" }),
    ]
}

#[tokio::test]
async fn every_order_says_whom_it_is_for() {
    let trial = trial().await;
    let document: Value = trial.client.get("openapi.json").await.unwrap();
    let described = document["components"]["schemas"]["EventOrder"]["oneOf"].as_array().unwrap();
    assert_eq!(described.len(), orders().len());
    super::events::open(&trial.client).await;
    for order in orders() {
        let name = &order["order"];
        let schema = described.iter().find(|one| one["properties"]["order"]["const"] == *name);
        let roles = &schema.unwrap_or_else(|| panic!("{name} is not described"))["x-roles"];
        for role in Role::ALL {
            become_user(0);
            add(&trial.client, *role).await;
            become_user(ANN);
            let address = format!("/api/v1/events/{}/orders", super::desk::EVENT);
            let answer = send(&trial, Request::post(address).body(order.to_string()).unwrap()).await;
            let refused =
                serde_json::from_str::<Problem>(&answer.text).ok().map(|problem| (problem.code, problem.message));
            assert!(!matches!(refused, Some((Code::BadRequest, _))), "{name}: {refused:?}");
            // To be limited to a unit is another thing than to have no right at all.
            let may = !refused.is_some_and(|(_, message)| message.contains("has not the right"));
            let said = roles.as_array().is_some_and(|roles| roles.iter().any(|one| one == role.as_str()));
            assert_eq!(may, said, "{name} as {role}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn every_parameter_is_read() {
    let trial = trial().await;
    for row in ROWS {
        for parameter in row.parameters {
            let refused = asked(&trial, row.method, &format!("{}?{}=1", address(row), parameter.name)).await;
            let unknown = refused.filter(|problem| problem.message.starts_with("unknown parameter"));
            assert_eq!(unknown, None, "{} {}", row.method, row.path);
        }
        let problem = asked(&trial, row.method, &format!("{}?bogus=1", address(row))).await.unwrap();
        assert!(problem.message.starts_with("unknown parameter"), "{} {}: {problem}", row.method, row.path);
    }
}

#[tokio::test]
async fn what_is_not_described_is_not_served() {
    let trial = trial().await;
    let refused = asked(&trial, "PUT", "/api/v1/peers/none.example").await.unwrap();
    assert_eq!((refused.code, refused.fix.as_str()), (Code::WrongMethod, "use GET, PATCH or DELETE"));
    for path in ["/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/peers/a/b", "/api/v2/peers", "/api"] {
        assert_eq!(asked(&trial, "GET", path).await.unwrap().code, Code::NoSuchPath, "{path}");
    }
}

/// Every `$ref` in there.
fn refs<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|value| refs(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| refs(value, found)),
        _ => {}
    }
}

async fn document() -> Value {
    let trial = trial().await;
    trial.client.get("openapi.json").await.unwrap()
}

#[tokio::test]
async fn the_document_is_whole() {
    let document = document().await;
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    let operations: Vec<_> = paths.values().flat_map(|path| path.as_object().unwrap().values()).collect();
    assert_eq!(operations.len(), ROWS.len());
    let names: BTreeSet<_> = operations.iter().map(|operation| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(names.len(), operations.len(), "two operations have one name");
    for (path, operations) in paths {
        let named = path.split('/').filter(|part| part.starts_with('{')).count();
        for operation in operations.as_object().unwrap().values() {
            let parameters = operation["parameters"].as_array().unwrap();
            let described = parameters.iter().filter(|parameter| parameter["in"] == "path").count();
            assert_eq!(described, named, "{path}");
            let answer = operation["responses"]["200"]["content"].as_object().unwrap();
            assert!(!answer.is_empty(), "{path} answers nothing");
        }
    }
    let mut found = BTreeSet::new();
    refs(&document, &mut found);
    assert!(found.contains("#/components/schemas/Problem"));
    for one in found {
        let there = one.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        assert!(there.is_some(), "{one} leads nowhere");
    }
    // A second type of one name is told from the first by a number.
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(!name.ends_with(|last: char| last.is_ascii_digit()), "{name} is the name of two types");
        assert!(schema.get("description").is_some(), "{name} says not what it is");
    }
}

#[tokio::test]
async fn the_codes_of_problems_are_listed() {
    let document = document().await;
    let code = &document["components"]["schemas"]["Code"];
    let words: BTreeSet<_> =
        code["oneOf"].as_array().unwrap().iter().map(|one| one["const"].as_str().unwrap()).collect();
    assert_eq!(words, Code::ALL.iter().map(|code| code.as_str()).collect());
}

fn skip(why: &str) {
    assert!(std::env::var_os("RIDD_TEST_NO_SKIP").is_none(), "{why}: see .ci/tools");
    eprintln!("skipped: {why}");
}

#[tokio::test]
async fn an_outside_validator_takes_the_document() {
    let document = document().await;
    let script = "import sys, json\ntry:\n  from openapi_spec_validator import validate\nexcept ImportError:\n  sys.exit(77)\n\
        validate(json.load(sys.stdin))";
    let started = Command::new("python3").args(["-c", script]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut validator) = started else { return skip("there is no python3") };
    // It may be gone already, without having read.
    drop(validator.stdin.take().unwrap().write_all(document.to_string().as_bytes()));
    let ended = validator.wait_with_output().unwrap();
    match ended.status.code() {
        Some(77) => skip("python3 has no openapi_spec_validator"),
        _ => assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr)),
    }
}

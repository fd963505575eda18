//! The whole process, from the data call to the confirmation, between an authority, a department and a unit.

use std::time::Duration;

use super::network::{carry, pass};
use super::scene::{AUTHORITY, CALL, DEPARTMENT, OTHER, UNIT, alerted, order, standing, three};
use crate::coordination::decide::Command;
use crate::coordination::state::Standing;
use crate::peers::MsgType;
use crate::store::records::{EventState, Notice, NoticeState, Patch, PatchState};

#[tokio::test]
async fn an_event_goes_from_the_call_to_the_confirmation() {
    let nodes = alerted().await;
    let (department, unit) = (&nodes[DEPARTMENT], &nodes[UNIT]);
    let state = department.state().await;
    assert_eq!(standing(&state, "alert-issued", Some(UNIT)), Standing::Met);
    assert_eq!(standing(&state, "alert-acknowledged", Some(UNIT)), Standing::Met, "{:?}", department.log().await);
    assert!(nodes[OTHER].all::<crate::store::records::Event>().await.is_empty(), "an unaffected unit gets nothing");

    // At the unit: owners are told, and one reports what is corrected with the code.
    let mut told = unit.told().await;
    told.sort_by(|a, b| a.0.cmp(&b.0));
    let to: Vec<_> = told.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(to, ["contact@unit1.example", "pat@unit1.example", "sam@unit1.example"], "{:?}", unit.log().await);
    let answered = unit.coordination.answer(&told[2].1.code, true, "sam").await.unwrap();
    assert_eq!(answered.corrected, ["sql1"]);
    let pat = &told[1].1.code;
    unit.coordination.answer(pat, false, "pat").await.unwrap();
    assert!(unit.coordination.answer(pat, false, "pat").await.is_err(), "a code acknowledges once");
    carry(&nodes).await;
    let state = department.state().await;
    assert_eq!(standing(&state, "owners-notified", Some(UNIT)), Standing::Met, "{:?}", department.log().await);
    assert_eq!(state.units[UNIT].corrected(), 1);

    // Completion is refused while a system is open, and reported when an exception is stated.
    let event = unit.event().await;
    let early = unit.coordination.order(&event, Command::Complete(None), "contact").await;
    assert!(early.unwrap_err().to_string().contains("sql2"));
    order(unit, Command::Correct { systems: vec!["sql2".to_owned()], when: None, evidence: None, only: None }).await;
    order(unit, Command::Complete(None)).await;
    carry(&nodes).await;
    let state = department.state().await;
    assert_eq!(standing(&state, "unit-completed", Some(UNIT)), Standing::Met, "{:?}", department.log().await);
    let patches = department.all::<Patch>().await;
    assert!(patches.iter().all(|patch| patch.state == PatchState::Patched) && patches.len() >= 2, "{patches:?}");

    // A scan finds one of them unpatched: the unit is asked again, and completes again.
    let event = department.event().await;
    let scan = |result: &str| {
        format!(
            "system,vulnerability,result\nsql1,CVE-2002-0649,pass\nsql2,CVE-2002-0649,{result}\n\
             sql1,VU#484891,pass\nsql2,VU#484891,pass\n"
        )
    };
    department.coordination.scan(&event, UNIT, scan("fail").as_bytes(), "officer").await.unwrap();
    carry(&nodes).await;
    assert_eq!(unit.state().await.units[UNIT].unsettled().collect::<Vec<_>>(), ["sql2"], "{:?}", unit.log().await);
    order(unit, Command::Correct { systems: vec!["sql2".to_owned()], when: None, evidence: None, only: None }).await;
    order(unit, Command::Complete(None)).await;
    carry(&nodes).await;
    department.coordination.scan(&event, UNIT, scan("pass").as_bytes(), "officer").await.unwrap();
    let state = department.state().await;
    assert_eq!(standing(&state, "validated", Some(UNIT)), Standing::Met, "{:?}", department.log().await);

    // The program manager hears of it and confirms; the authority's Request gets its Result.
    let told = department.told().await;
    let (to, notice) = told.last().unwrap();
    assert_eq!(to, "cipm@department.example");
    department.coordination.answer(&notice.code, false, "cipm").await.unwrap();
    order(department, Command::Confirm { remark: None, despite: None }).await;
    carry(&nodes).await;
    let journal = nodes[AUTHORITY].journal().await;
    assert_eq!(
        journal.last().map(String::as_str),
        Some("in cirt.department.example Result-1 accepted"),
        "{journal:#?}"
    );
    order(department, Command::Close(None)).await;
    assert_eq!(department.state().await.state, EventState::Closed);
    for node in [department, unit] {
        assert_eq!(node.chained().await, node.state().await.head);
    }
}

#[tokio::test]
async fn nobody_who_is_silent_is_forgotten_and_nobody_is_called_twice_at_once() {
    let nodes = three().await;
    nodes[AUTHORITY].send(DEPARTMENT, MsgType::InvestigationRequest, CALL).await;
    carry(&nodes).await;
    let department = &nodes[DEPARTMENT];
    let mut told: Vec<String> = Vec::new();
    for _ in 0..6 {
        told.extend(department.told().await.into_iter().map(|(to, _)| to));
        pass(&nodes, Duration::from_secs(10 * 60)).await;
    }
    let first: Vec<&str> = told.iter().map(String::as_str).take(3).collect();
    assert_eq!(first, ["5550100", "watch@department.example", "cipm@department.example"]);
    assert_eq!(standing(&*department.state().await, "cirt-notified", None), Standing::Missed);
    let notices = department.all::<Notice>().await;
    assert!(notices.iter().all(|notice| notice.state != NoticeState::Failed));
    // The same moment again: nothing more happens.
    let before = department.log().await;
    pass(&nodes, Duration::ZERO).await;
    assert_eq!(department.log().await, before);
}

#[tokio::test]
async fn the_same_call_again_and_a_report_for_others_systems() {
    let nodes = alerted().await;
    let department = &nodes[DEPARTMENT];
    nodes[AUTHORITY].send(DEPARTMENT, MsgType::Report, CALL).await;
    carry(&nodes).await;
    assert_eq!(department.log().await.last().map(String::as_str), Some("authority.example repeated"));
    // Advisories of the same vulnerability join; of another one they do not.
    let advisory = CALL.replace("2003-0125-2", "ADV-1").replace("upgrade-software", "nothing");
    nodes[AUTHORITY].send(DEPARTMENT, MsgType::Report, &advisory).await;
    carry(&nodes).await;
    assert_eq!(department.state().await.advisories.len(), 1, "{:?}", department.log().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_answer_at_once_each_have_their_entry_and_the_chain_holds() {
    let nodes = alerted().await;
    let department = &nodes[DEPARTMENT];
    let event = department.event().await;
    let before = department.state().await.head;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..40 {
        let (coordination, event) = (department.coordination.clone(), event.clone());
        tasks.spawn(async move {
            coordination.order(&event, Command::Note(format!("remark {number}")), "officer").await.unwrap();
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    assert_eq!(department.state().await.head, before + 40);
    assert_eq!(department.chained().await, before + 40);
}

//! The seam to the process of significant events: what is taken up there is not relayed, and what it has to say leaves.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Notify;

use super::network::{NOW, Node, bytes_of, document, draft, message, name, opened, peer, reply, status};
use crate::clock::Timestamp;
use crate::coordination::{Arrived, Letter, NotPosted, Postman, Process, ProcessError, Ruling, Standing, Step, Taken};
use crate::envelope::{AuthorizationStatus, Draft, IncidentId, Justification, RequestStatus};
use crate::exchange::{Decision, Post};
use crate::ids::{IncidentName, MessageId};
use crate::outbox::{Hold, Load, Replies, Reply};
use crate::peers::{MsgType, Peer, Relation};
use crate::store::Batch;
use crate::store::records::{Body, Incident, Request, RequestState, Verdict};

/// A process that does what it is told, and notes what it was told.
struct Scripted {
    taken: Mutex<Taken>,
    heard: Arc<Mutex<Vec<String>>>,
    /// How often a batch is yet to be spoiled, so that its commit fails on a precondition.
    spoil: AtomicUsize,
    bell: Notify,
}

struct Noted(Arc<Mutex<Vec<String>>>, bool);

impl Hold for Noted {
    fn committed(mut self: Box<Self>) {
        self.1 = true;
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(if self.1 { "committed" } else { "dropped" }.to_owned());
    }
}

impl Scripted {
    fn hears(&self, step: &mut Step, what: String) {
        self.heard.lock().unwrap().push(what);
        if step.is_empty() {
            step.keep(Box::new(Noted(Arc::clone(&self.heard), false)));
        }
    }

    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

#[async_trait]
impl Process for Scripted {
    async fn arrived(&self, step: &mut Step, batch: &mut Batch, arrived: &Arrived<'_>) -> Result<Taken, ProcessError> {
        let by = match arrived.ruling {
            Ruling::Rights => String::new(),
            Ruling::Approved { by } => format!(" approved by {by}"),
            Ruling::Denied { by } => format!(" denied by {by}"),
        };
        let asked = if arrived.asked.is_some() { " answers" } else { "" };
        self.hears(step, format!("{} from {}{asked}{by}", arrived.msg_type, arrived.peer.name));
        if self.spoil.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            let body = Body { id: MessageId::fresh(), bytes: Vec::new() };
            batch.update(&body, 7);
        }
        Ok(self.taken.lock().unwrap().clone())
    }

    async fn delivered(&self, step: &mut Step, _: &mut Batch, load: &Load, _: &Reply) -> Result<(), ProcessError> {
        self.hears(step, format!("delivered to {}", load.parcel.recipient));
        Ok(())
    }

    async fn given_up(&self, step: &mut Step, _: &mut Batch, load: &Load, why: &str) -> Result<(), ProcessError> {
        self.hears(step, format!("given up {}: {why}", load.parcel.recipient));
        Ok(())
    }

    async fn query(&self, _: &Peer, incident: &IncidentName) -> Result<Option<Standing>, ProcessError> {
        let known = incident.id == "standing";
        let document = document("standing", "reporting", "private");
        Ok(known.then_some(Standing { document, restriction: Some("private".to_owned()) }))
    }

    async fn tick(&self, _: Timestamp, _: Option<&crate::store::lease::Fence>) -> Option<Timestamp> {
        None
    }

    fn bell(&self) -> &Notify {
        &self.bell
    }
}

/// A department whose process takes messages up so.
fn department(taken: Taken) -> (Node, Arc<Scripted>, Arc<Post>) {
    let process = Arc::new(Scripted {
        taken: Mutex::new(taken),
        heard: Arc::default(),
        spoil: AtomicUsize::new(0),
        bell: Notify::new(),
    });
    let peers = vec![
        peer("authority.example", Relation::Authority, None),
        peer("unit-a.example", Relation::Unit, None),
        peer("unit-b.example", Relation::Unit, None),
    ];
    let (node, post) = Node::processing("department.example", peers, Arc::<Scripted>::clone(&process));
    (node, process, post)
}

fn call() -> Bytes {
    message(MsgType::InvestigationRequest, "1", Some("1"), "mitigation")
}

fn letter(to: &str, msg_type: MsgType, instance: Option<&str>) -> Letter {
    let incident = IncidentName { name: "csirt.example".to_owned(), id: "1".to_owned() };
    Letter {
        to: name(to),
        msg_type,
        incident: IncidentId { incident, instance: instance.map(str::to_owned) },
        restriction: Some("need-to-know".to_owned()),
        document: (msg_type != MsgType::Acknowledgement).then(|| document("1", "mitigation", "need-to-know")),
        status: None,
        source: None,
        answers: None,
        parent: None,
    }
}

async fn posted(node: &Node, post: &Post, letters: &[Letter]) -> Vec<Result<MessageId, NotPosted>> {
    let mut batch = Batch::new();
    let posted = post.post(&mut batch, letters, NOW).await.unwrap();
    node.store.commit(batch).await.unwrap();
    Postman::posted(post, letters);
    posted
}

#[tokio::test]
async fn what_the_process_takes_up_is_approved_and_not_relayed() {
    let (node, process, _) = department(Taken::Accepted);
    let answer = node.post("authority.example", call(), None).await;
    assert_eq!(answer.status, 202);
    assert_eq!(process.heard(), ["InvestigationRequest from authority.example", "committed"]);
    let waiting: Vec<_> = node.waiting().await.into_iter().map(|parcel| parcel.recipient).collect();
    assert_eq!(waiting, ["authority.example"], "only the Acknowledgement");
    // Without it the static rules hold.
    *process.taken.lock().unwrap() = Taken::Nothing;
    node.post("authority.example", message(MsgType::InvestigationRequest, "2", Some("1"), "mitigation"), None).await;
    assert_eq!(node.waiting().await.len(), 4);
}

#[tokio::test]
async fn a_batch_that_meets_a_conflict_is_made_anew_and_the_first_step_dropped() {
    let (node, process, _) = department(Taken::Accepted);
    process.spoil.store(1, Ordering::SeqCst);
    assert_eq!(node.post("authority.example", call(), None).await.status, 202);
    let heard = "InvestigationRequest from authority.example";
    assert_eq!(process.heard(), [heard, "dropped", heard, "committed"]);
    assert_eq!(node.journal().await[0], "in authority.example InvestigationRequest-1 accepted");
}

#[tokio::test]
async fn what_the_process_refuses_is_denied_with_its_justification() {
    let denied = Taken::Denied { justification: Justification::CannotProcess, why: "no part of it".to_owned() };
    let (node, _, _) = department(denied);
    let answer = node.post("authority.example", call(), None).await;
    assert_eq!((answer.status, status(&answer.body).as_str()), (200, "Denied CannotProcess"));
    let report = message(MsgType::Report, "1", Some("1"), "mitigation");
    let answer = node.post("unit-a.example", report, None).await;
    assert_eq!(status(&answer.body), "Denied CannotProcess");
}

#[tokio::test]
async fn what_the_process_holds_is_decided_by_a_letter_or_by_hand() {
    let (node, process, post) = department(Taken::Held { why: "confirm it".to_owned() });
    assert_eq!(node.post("authority.example", call(), None).await.status, 202);
    let request = node.all::<Request>().await.remove(0);
    assert_eq!((request.state, request.open), (RequestState::Undecided, true));
    let approved = RequestStatus { authorization: AuthorizationStatus::Approved, justification: None };
    let mut letter = letter("authority.example", MsgType::Acknowledgement, Some("1"));
    letter.answers = Some(request.message.clone());
    letter.status = Some(approved);
    posted(&node, &post, &[letter]).await.remove(0).unwrap();
    let request = node.all::<Request>().await.remove(0);
    assert_eq!((request.state, request.due), (RequestState::Approved, None));
    assert_eq!(node.all::<crate::store::records::Message>().await[0].verdict, Verdict::Accepted);
    assert_eq!(node.waiting().await[0].token, request.token);
    // By hand: the process learns who.
    process.heard();
    node.post("authority.example", message(MsgType::InvestigationRequest, "2", Some("1"), "mitigation"), None).await;
    let held = node.all::<Request>().await.remove(1).message;
    *process.taken.lock().unwrap() = Taken::Accepted;
    node.exchange.decide(&held, Decision::Approve, "officer").await.unwrap();
    assert_eq!(process.heard()[2..], ["InvestigationRequest from authority.example approved by officer", "committed"]);
    assert_eq!(node.waiting().await.len(), 2, "two Acknowledgements and nothing relayed");
}

#[tokio::test]
async fn letters_about_one_incident_take_one_instance_each_and_none_holds_up_another() {
    let (node, _, post) = department(Taken::Accepted);
    let request = MsgType::InvestigationRequest;
    let letters = [
        letter("unit-a.example", request, None),
        letter("gone.example", request, None),
        letter("unit-b.example", request, Some("5")),
    ];
    let posted = posted(&node, &post, &letters).await;
    assert!(matches!(posted[1], Err(NotPosted::NoSuchPeer { .. })));
    assert_eq!(node.all::<Incident>().await[0].instance, 5);
    assert_eq!(
        node.journal().await,
        ["out unit-a.example InvestigationRequest-1 sent", "out unit-b.example InvestigationRequest-5 sent",]
    );
    // Our entry is in the path, as in all that we begin.
    let body = node.load(&node.waiting().await[0]).await.bytes;
    assert_eq!(opened(&body).content().payload.as_ref().unwrap().gist.path, ["department.example"]);
}

#[tokio::test]
async fn a_result_goes_as_the_callback_it_is_waited_for_and_later_as_a_report() {
    let (node, _, post) = department(Taken::Accepted);
    let token = node.post("authority.example", call(), None).await.token;
    let request = node.all::<Request>().await.remove(0);
    let mut result = letter("authority.example", MsgType::Result, Some("1"));
    result.answers = Some(request.message);
    posted(&node, &post, &[result.clone()]).await;
    assert!(!node.all::<Request>().await[0].open);
    posted(&node, &post, &[result]).await;
    let waiting = node.waiting().await;
    let tokens: Vec<_> = waiting.iter().map(|parcel| parcel.token.clone()).collect();
    assert_eq!(tokens, [token.clone(), token, None]);
    assert_eq!(
        node.journal().await[2..],
        ["out authority.example Result-1 sent", "out authority.example Report-1 sent"]
    );
}

#[tokio::test]
async fn what_became_of_a_parcel_and_its_answer_are_told_in_one_step() {
    let (node, process, post) = department(Taken::Accepted);
    posted(&node, &post, &[letter("unit-a.example", MsgType::InvestigationRequest, None)]).await;
    let parcel = node.waiting().await.remove(0);
    let load = node.load(&parcel).await;
    let denied = RequestStatus {
        authorization: AuthorizationStatus::Denied,
        justification: Some(Justification::SystemResource),
    };
    let body = bytes_of(&Draft { status: Some(denied), ..draft(MsgType::Acknowledgement, "1", Some("1")) });
    let answer = crate::exchange::Answer { status: 200, token: None, body };
    let entered = node.exchange.enter(&load, &reply(&answer)).await.unwrap();
    assert_eq!(process.heard(), ["delivered to unit-a.example", "Acknowledgement from unit-a.example answers"]);
    drop(entered);
    assert_eq!(process.heard(), ["dropped"]);
    let entered = node.exchange.given_up(&load, Some(&reply(&answer)), "refused: 409").await.unwrap();
    node.store.commit(entered.batch).await.unwrap();
    entered.hold.unwrap().committed();
    assert_eq!(
        process.heard(),
        ["Acknowledgement from unit-a.example answers", "given up unit-a.example: refused: 409", "committed"]
    );
}

#[tokio::test]
async fn a_query_about_a_significant_event_gets_where_it_stands() {
    let (node, _, _) = department(Taken::Nothing);
    let answer = node.post("authority.example", bytes_of(&draft(MsgType::Query, "standing", None)), None).await;
    assert_eq!(answer.status, 200);
    let opened = opened(&answer.body);
    assert_eq!(opened.content().type_word, "Report");
    assert_eq!(opened.content().payload.as_ref().unwrap().gist.purpose.as_deref(), Some("reporting"));
}

//! The channels to people against real servers on loopback: a mail server, a paging terminal, an HTTP server.

mod http;
mod mail;
mod page;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ridd::clock::{Clock, ManualClock, Timestamp};
use ridd::ids::{MessageId, ParcelId};
use ridd::notify::{self, Config};
use ridd::outbox::{Carrier, Load, NoticeText, Outcome, Parcel, ParcelKind};
use ridd::store::records::ParcelState;
use ridd::telemetry::Metrics;

/// When the trials take place.
fn start() -> Timestamp {
    Timestamp::parse("2003-01-25T05:30:00Z").unwrap()
}

/// The channels as configured, at work.
struct Channels(Vec<Arc<dyn Carrier>>);

impl Channels {
    fn new(config: &Config) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(start()));
        Self(notify::carriers(config, &"node.example".parse().unwrap(), &clock, &Metrics::new()).unwrap())
    }

    async fn send(&self, kind: ParcelKind, load: &Load) -> Outcome {
        self.0.iter().find(|carrier| carrier.kind() == kind).unwrap().carry(load).await
    }
}

fn text() -> NoticeText {
    NoticeText {
        subject: "SE-1: acknowledge the data call".to_owned(),
        short: "SE-1 data call: acknowledge with 123456".to_owned(),
        text: "A data call has come.\n.\nAcknowledge it with the code 123456.".to_owned(),
        code: "123456".to_owned(),
        event: "SE-1".parse().ok(),
        drill: false,
        test: false,
        respond_by: None,
        how: "ridd acknowledge 123456".to_owned(),
        link: None,
        alert: Some("Block UDP port 1434.".to_owned()),
    }
}

fn load(kind: ParcelKind, to: &str, text: &NoticeText) -> Load {
    let id = MessageId::fresh();
    let parcel = Parcel {
        id: ParcelId::fresh(),
        kind,
        recipient: to.to_owned(),
        lane: format!("{to} {kind}"),
        message: Some(id.clone()),
        token: None,
        address: None,
        state: ParcelState::Claimed,
        created: start(),
        due: start(),
        expires: start() + Duration::from_secs(3600),
        attempts: 1,
        holder: None,
        held_until: None,
        reason: None,
    };
    Load { parcel, bytes: Bytes::from(text.to_body(id).unwrap().bytes) }
}

/// What a delivery said; anything else fails the trial.
fn delivered(outcome: Outcome) -> String {
    match outcome {
        Outcome::Delivered(reply) => reply.note.unwrap(),
        other => panic!("{other:?}"),
    }
}

fn later(outcome: Outcome) -> String {
    match outcome {
        Outcome::Later { why, .. } => why,
        other => panic!("{other:?}"),
    }
}

fn refused(outcome: Outcome) -> String {
    match outcome {
        Outcome::Refused { why, .. } => why,
        other => panic!("{other:?}"),
    }
}

/// A file that only we may read.
fn secret(dir: &Path, name: &str, content: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = dir.join(name);
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

#[tokio::test]
async fn a_channel_that_is_not_configured_refuses_and_names_the_key() {
    let channels = Channels::new(&Config::default());
    for (kind, key) in [
        (ParcelKind::Email, "notify.email.server"),
        (ParcelKind::Pager, "notify.pager.server"),
        (ParcelKind::Fax, "notify.fax.domain"),
        (ParcelKind::Webhook, "notify.webhook.secret-file"),
    ] {
        let why = refused(channels.send(kind, &load(kind, "x", &text())).await);
        assert!(why.contains(key), "{why}");
    }
}

#[tokio::test]
async fn a_drill_tells_nobody_and_what_would_have_failed() {
    let channels = Channels::new(&Config::default());
    let drill = NoticeText { drill: true, ..text() };
    let note = delivered(channels.send(ParcelKind::Pager, &load(ParcelKind::Pager, "5550100", &drill)).await);
    assert_eq!(note, "drill: not sent; in earnest it would fail, for notify.pager.server is not set");
    let test = NoticeText { test: true, ..drill };
    refused(channels.send(ParcelKind::Pager, &load(ParcelKind::Pager, "5550100", &test)).await);
}

#[tokio::test]
async fn what_is_no_notice_is_refused() {
    let channels = Channels::new(&Config::default());
    let mut load = load(ParcelKind::Email, "duty@example.org", &text());
    load.bytes = Bytes::from_static(b"<RID/>");
    let why = refused(channels.send(ParcelKind::Email, &load).await);
    assert!(why.contains("is no notice"), "{why}");
}

//! `/live`: tells the pages that are open that something has changed (server-sent events), so that none has to ask. While
//! nothing happens, a stream costs one line in half a minute.
//!
//! Each line `changed` names one significant event (`event`; `null` for perhaps any), or what else has changed (`of`: the
//! word of a listing); a page asks again for itself when that concerns it.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::admin::api::wrong_method;
use crate::admin::auth::{Follow, Look, Permitted};
use crate::admin::call::Call;
use crate::admin::http::Reply;
use crate::admin::problem::{Code, Problem};
use crate::ids::EventId;
use crate::store::{Counts, Tiding, Tidings, Touched};

/// How often a line is sent though nothing has changed: proxies and browsers drop streams that are silent.
const BEAT: Duration = Duration::from_secs(30);
/// How long more news of events are waited for after the first: whatever 200 units do at once is told once.
const GATHER: Duration = Duration::from_millis(300);
/// The same for what is not an event: a busy outbox is told of once in so long.
const CALM: Duration = Duration::from_secs(1);
/// Events that are told by name; of more, only that there are.
const NAMED: usize = 16;
/// How long the browser waits before it connects again, in milliseconds.
const FIRST: &[u8] = b"retry: 3000\n\n";

/// What pages show beside events: the word that a page has in `data-live`, and the tables that it is made of.
const SHOWN: [(&str, &[&str]); 3] =
    [("outbox", &["parcels"]), ("peers", &["peers", "pins"]), ("messages", &["messages"])];

/// Answers `/live`.
pub(super) async fn serve(call: &Call<'_>, method: &Method) -> Result<Reply, Problem> {
    match *method {
        Method::GET => follow(call, &call.permit()?),
        _ => Err(wrong_method(method, "GET")),
    }
}

fn follow(call: &Call<'_>, _: &Permitted<Follow>) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    let most = call.parts.config.live_streams;
    let Some(events) = call.parts.officers.news(most) else {
        let message = format!("{most} pages are told what changes already");
        return Err(Problem::new(Code::Conflict, message, "reload the page by hand, or raise admin.live-streams"));
    };
    let (feed, fed) = mpsc::channel(1);
    // Whoever may not look at the lists is not told of them, either.
    let store = call.may::<Look>().then_some(&call.parts.store);
    let sources =
        Sources::new(events, store.and_then(|store| store.touched()), store.and_then(|store| store.tidings()));
    // Ends with the stream: whoever leaves drops `fed`.
    tokio::spawn(feed_all(feed, sources));
    Ok(Reply::fed("text/event-stream", fed))
}

async fn feed_all(feed: mpsc::Sender<Bytes>, mut sources: Sources) {
    let mut line = Bytes::from_static(FIRST);
    while feed.send(line).await.is_ok() {
        let next = tokio::select! {
            () = feed.closed() => return,
            next = sources.next() => next,
        };
        match next {
            Some(next) => line = next,
            None => return,
        }
    }
}

/// Where one stream hears from.
struct Sources {
    events: Receiver<EventId>,
    /// What this node commits, and what was told of it.
    own: Option<(Touched, Counts)>,
    /// What other nodes commit.
    others: Option<Tidings>,
}

/// What was heard first of each kind; the rest is looked up when it is told.
#[derive(Default)]
struct Heard {
    event: Option<Result<EventId, RecvError>>,
    own: bool,
    other: Option<Result<Tiding, RecvError>>,
}

impl Sources {
    fn new(events: Receiver<EventId>, own: Option<Touched>, others: Option<Tidings>) -> Self {
        let own = own.map(|mut own| {
            let told = own.borrow_and_update().clone();
            (own, told)
        });
        Self { events, own, others }
    }

    /// What is to be said next; nothing, if the node stops.
    async fn next(&mut self) -> Option<Bytes> {
        let beat = Instant::now() + BEAT;
        let mut heard = Heard::default();
        let mut due = beat;
        loop {
            tokio::select! {
                told = self.events.recv(), if heard.event.is_none() => {
                    if matches!(told, Err(RecvError::Closed)) {
                        return None;
                    }
                    heard.event = Some(told);
                    due = due.min(Instant::now() + GATHER);
                }
                () = changed(&mut self.own), if !heard.own => {
                    heard.own = true;
                    due = due.min(Instant::now() + CALM);
                }
                told = told(&mut self.others), if heard.other.is_none() => {
                    heard.other = Some(told);
                    due = due.min(Instant::now() + CALM);
                }
                () = sleep_until(due) => {
                    let text = self.words(std::mem::take(&mut heard));
                    if !text.is_empty() {
                        return Some(text.into());
                    }
                    // What was committed concerns no page.
                    if due >= beat {
                        return Some(Bytes::from_static(b": still here\n\n"));
                    }
                    due = beat;
                }
            }
        }
    }

    fn words(&mut self, heard: Heard) -> String {
        let mut text = String::new();
        if let Some(first) = heard.event {
            text = words(gathered(first.ok(), &mut self.events));
        }
        let mut tables = BTreeSet::new();
        if let Some((own, told)) = self.own.as_mut().filter(|_| heard.own) {
            let counts = own.borrow_and_update().clone();
            tables.extend(
                counts.iter().filter(|(table, count)| told.get(*table) != Some(count)).map(|(table, _)| *table),
            );
            *told = counts;
        }
        let all = match (heard.other, &mut self.others) {
            (Some(first), Some(others)) => named(first.ok(), others, &mut tables),
            _ => false,
        };
        for (word, of) in SHOWN {
            if all || of.iter().any(|table| tables.contains(table)) {
                text += &format!("event: changed\ndata: {{\"of\":\"{word}\"}}\n\n");
            }
        }
        text
    }
}

/// Waits until this node has committed something.
async fn changed(own: &mut Option<(Touched, Counts)>) {
    if let Some((own, _)) = own
        && own.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

/// Waits until another node has committed something.
async fn told(others: &mut Option<Tidings>) -> Result<Tiding, RecvError> {
    if let Some(tidings) = others {
        let told = tidings.recv().await;
        if !matches!(told, Err(RecvError::Closed)) {
            return told;
        }
        *others = None;
    }
    std::future::pending().await
}

/// Adds the tables that other nodes changed; whether it may be any.
fn named(first: Option<Tiding>, others: &mut Tidings, tables: &mut BTreeSet<&'static str>) -> bool {
    let mut all = false;
    let mut next = first;
    loop {
        match next {
            Some(Tiding::Row { table, .. } | Tiding::Table { table }) => drop(tables.insert(table)),
            Some(Tiding::Anything) | None => all = true,
        }
        next = match others.try_recv() {
            Ok(tiding) => Some(tiding),
            Err(TryRecvError::Lagged(_)) => None,
            Err(TryRecvError::Empty | TryRecvError::Closed) => return all,
        };
    }
}

/// The events that changed; nothing, if too many did to name them.
fn gathered(first: Option<EventId>, news: &mut Receiver<EventId>) -> Option<BTreeSet<EventId>> {
    let mut all = first.map(|first| BTreeSet::from([first]));
    loop {
        match news.try_recv() {
            Ok(event) => {
                if let Some(all) = &mut all {
                    all.insert(event);
                }
            }
            Err(TryRecvError::Lagged(_)) => all = None,
            Err(TryRecvError::Empty | TryRecvError::Closed) => return all.filter(|all| all.len() <= NAMED),
        }
    }
}

fn words(events: Option<BTreeSet<EventId>>) -> String {
    let one = |event: &str| format!("event: changed\ndata: {{\"event\":{event}}}\n\n");
    match events {
        None => one("null"),
        // The name of an event has no character that JSON escapes.
        Some(events) => events.iter().map(|event| one(&format!("\"{event}\""))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::{broadcast, watch};

    use super::*;

    fn id(number: usize) -> EventId {
        format!("SE-2003-01-25-{number}").parse().unwrap()
    }

    async fn read(fed: &mut mpsc::Receiver<Bytes>) -> String {
        String::from_utf8(fed.recv().await.unwrap().to_vec()).unwrap()
    }

    fn of(word: &str) -> String {
        format!("event: changed\ndata: {{\"of\":\"{word}\"}}\n\n")
    }

    fn touch(counts: &watch::Sender<Counts>, table: &'static str) {
        counts.send_modify(|counts| *counts.entry(table).or_default() += 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_changes_at_once_is_told_once_and_silence_is_broken() {
        let (tell, news) = broadcast::channel(64);
        let (feed, mut fed) = mpsc::channel(1);
        let feeding = tokio::spawn(feed_all(feed, Sources::new(news, None, None)));
        assert_eq!(fed.recv().await.unwrap(), FIRST);
        for number in [1, 2, 1] {
            tell.send(id(number)).unwrap();
        }
        let one = |number| format!("event: changed\ndata: {{\"event\":\"SE-2003-01-25-{number}\"}}\n\n");
        assert_eq!(read(&mut fed).await, one(1) + &one(2));
        assert_eq!(read(&mut fed).await, ": still here\n\n");
        (0..=NAMED).for_each(|number| drop(tell.send(id(number))));
        assert_eq!(read(&mut fed).await, "event: changed\ndata: {\"event\":null}\n\n");
        drop(fed);
        feeding.await.unwrap();
        assert_eq!(tell.receiver_count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_missed_news_is_told_to_look_at_everything() {
        let (tell, news) = broadcast::channel(2);
        let (feed, mut fed) = mpsc::channel(1);
        tokio::spawn(feed_all(feed, Sources::new(news, None, None)));
        (0..9).for_each(|number| drop(tell.send(id(number))));
        assert_eq!(fed.recv().await.unwrap(), FIRST);
        assert_eq!(read(&mut fed).await, "event: changed\ndata: {\"event\":null}\n\n");
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_outbox_is_told_of_once_a_second() {
        let (_tell, news) = broadcast::channel(2);
        let counts = watch::Sender::new(Counts::from([("parcels", 7), ("peers", 1)]));
        let (feed, mut fed) = mpsc::channel(1);
        tokio::spawn(feed_all(feed, Sources::new(news, Some(counts.subscribe()), None)));
        assert_eq!(fed.recv().await.unwrap(), FIRST);
        let begun = Instant::now();
        for _ in 0..3 {
            (0..1_000).for_each(|_| touch(&counts, "parcels"));
            assert_eq!(read(&mut fed).await, of("outbox"));
        }
        assert!(begun.elapsed() >= Duration::from_secs(3), "{:?}", begun.elapsed());
        touch(&counts, "pins");
        assert_eq!(read(&mut fed).await, of("peers"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_concerns_no_page_is_not_told_and_does_not_put_off_the_beat() {
        let (tell, news) = broadcast::channel(2);
        let counts = watch::Sender::new(Counts::new());
        let (feed, mut fed) = mpsc::channel(1);
        tokio::spawn(feed_all(feed, Sources::new(news, Some(counts.subscribe()), None)));
        assert_eq!(fed.recv().await.unwrap(), FIRST);
        let begun = Instant::now();
        let busy = async {
            loop {
                touch(&counts, "sessions");
                tokio::time::sleep(CALM / 4).await;
            }
        };
        let line = tokio::select! { line = read(&mut fed) => line, () = busy => unreachable!() };
        assert_eq!((line.as_str(), begun.elapsed()), (": still here\n\n", BEAT));
        // News of an event do not wait for the calm of a table.
        touch(&counts, "event_log");
        tell.send(id(1)).unwrap();
        let begun = Instant::now();
        assert!(read(&mut fed).await.contains("SE-2003-01-25-1"));
        assert!(begun.elapsed() < CALM);
    }

    #[tokio::test(start_paused = true)]
    async fn what_other_nodes_change_is_told_too() {
        let (_tell, news) = broadcast::channel(2);
        let (tidings, others) = broadcast::channel(2);
        let (feed, mut fed) = mpsc::channel(1);
        tokio::spawn(feed_all(feed, Sources::new(news, None, Some(others))));
        assert_eq!(fed.recv().await.unwrap(), FIRST);
        tidings.send(Tiding::Row { table: "peers", key: "a.example".to_owned() }).unwrap();
        tidings.send(Tiding::Table { table: "once" }).unwrap();
        assert_eq!(read(&mut fed).await, of("peers"));
        tidings.send(Tiding::Anything).unwrap();
        assert_eq!(read(&mut fed).await, of("outbox") + &of("peers") + &of("messages"));
        drop(tidings);
        assert_eq!(read(&mut fed).await, ": still here\n\n");
    }
}

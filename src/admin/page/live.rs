//! `/live`: tells the pages that are open that something has changed (server-sent events), so that none has to ask. While
//! nothing happens, a stream costs one line in half a minute.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::admin::api::wrong_method;
use crate::admin::auth::{Follow, Permitted};
use crate::admin::call::Call;
use crate::admin::http::Reply;
use crate::admin::problem::{Code, Problem};
use crate::ids::EventId;

/// How often a line is sent though nothing has changed: proxies and browsers drop streams that are silent.
const BEAT: Duration = Duration::from_secs(30);
/// How long more news are waited for after the first: whatever 200 units do at once is told once.
const GATHER: Duration = Duration::from_millis(300);
/// Events that are told by name; of more, only that there are.
const NAMED: usize = 16;
/// How long the browser waits before it connects again, in milliseconds.
const FIRST: &[u8] = b"retry: 3000\n\n";

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
    let Some(news) = call.parts.officers.news(most) else {
        let message = format!("{most} pages are told what changes already");
        return Err(Problem::new(Code::Conflict, message, "reload the page by hand, or raise admin.live-streams"));
    };
    let (feed, fed) = mpsc::channel(1);
    // Ends with the stream: whoever leaves drops `fed`.
    tokio::spawn(feed_all(feed, news));
    Ok(Reply::fed("text/event-stream", fed))
}

async fn feed_all(feed: mpsc::Sender<Bytes>, mut news: Receiver<EventId>) {
    let mut line = Bytes::from_static(FIRST);
    while feed.send(line).await.is_ok() {
        line = tokio::select! {
            () = feed.closed() => return,
            told = timeout(BEAT, news.recv()) => match told {
                Err(_) => Bytes::from_static(b": still here\n\n"),
                Ok(Err(RecvError::Closed)) => return,
                Ok(first) => {
                    sleep(GATHER).await;
                    words(gathered(first.ok(), &mut news))
                }
            },
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

fn words(events: Option<BTreeSet<EventId>>) -> Bytes {
    let one = |event: &str| format!("event: changed\ndata: {{\"event\":{event}}}\n\n");
    match events {
        None => one("null").into(),
        // The name of an event has no character that JSON escapes.
        Some(events) => events.iter().map(|event| one(&format!("\"{event}\""))).collect::<String>().into(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast;

    use super::*;

    fn id(number: usize) -> EventId {
        format!("SE-2003-01-25-{number}").parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_changes_at_once_is_told_once_and_silence_is_broken() {
        let (tell, news) = broadcast::channel(64);
        let (feed, mut fed) = mpsc::channel(1);
        let feeding = tokio::spawn(feed_all(feed, news));
        assert_eq!(fed.recv().await.unwrap(), FIRST);
        for number in [1, 2, 1] {
            tell.send(id(number)).unwrap();
        }
        let told = String::from_utf8(fed.recv().await.unwrap().to_vec()).unwrap();
        let one = |number| format!("event: changed\ndata: {{\"event\":\"SE-2003-01-25-{number}\"}}\n\n");
        assert_eq!(told, one(1) + &one(2));
        assert_eq!(fed.recv().await.unwrap(), ": still here\n\n");
        (0..=NAMED).for_each(|number| drop(tell.send(id(number))));
        assert_eq!(fed.recv().await.unwrap(), "event: changed\ndata: {\"event\":null}\n\n");
        drop(fed);
        feeding.await.unwrap();
        assert_eq!(tell.receiver_count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_missed_news_is_told_to_look_at_everything() {
        let (tell, news) = broadcast::channel(2);
        let (feed, mut fed) = mpsc::channel(1);
        tokio::spawn(feed_all(feed, news));
        (0..9).for_each(|number| drop(tell.send(id(number))));
        assert_eq!(fed.recv().await.unwrap(), FIRST);
        assert_eq!(fed.recv().await.unwrap(), "event: changed\ndata: {\"event\":null}\n\n");
    }
}

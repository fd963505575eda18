//! Waiting for something to become so, with a deadline.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Nothing that is waited for in trials takes longer on a machine that is not stuck.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer.
pub(crate) async fn until<T>(what: impl Fn() -> String, mut asked: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + LONG;
    let mut pause = Duration::from_millis(5);
    loop {
        if let Some(answer) = asked().await {
            return answer;
        }
        assert!(Instant::now() < end, "not within {LONG:?}: {}", what());
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

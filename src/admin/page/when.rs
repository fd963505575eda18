//! Instants as pages write them: `<time>` in UTC to the second, and beside it how long ago or in how long, which the
//! script keeps true.

use std::fmt;

use askama::filters::HtmlSafe;

use crate::clock::{Timestamp, span};

/// An instant on a page.
#[derive(Clone, Copy, Debug)]
pub(in crate::admin) struct When {
    at: Timestamp,
    now: Timestamp,
}

impl When {
    pub(super) fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { at, now }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nobody reads fractions of a second.
        let at = Timestamp::from_micros(self.at.seconds().saturating_mul(1_000_000));
        let text = at.to_string();
        let shown = text.replace('T', " ");
        let ago = if at <= self.now {
            format!("{} ago", span::words(whole(self.now.since(at))))
        } else {
            format!("in {}", span::words(whole(at.since(self.now))))
        };
        write!(f, "<time datetime=\"{text}\">{shown}</time> <span class=\"ago\">{ago}</span>")
    }
}

/// Instants are made of digits and letters of ours.
impl HtmlSafe for When {}

fn whole(span: std::time::Duration) -> std::time::Duration {
    std::time::Duration::from_secs(span.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_readable_by_people_and_programs() {
        let at = Timestamp::parse("2026-11-22T05:21:02.25Z").unwrap();
        let shown = |now: &str| When::new(at, Timestamp::parse(now).unwrap()).to_string();
        let time = "<time datetime=\"2026-11-22T05:21:02Z\">2026-11-22 05:21:02Z</time>";
        assert_eq!(shown("2026-11-22T06:26:02Z"), format!("{time} <span class=\"ago\">1 h 05 min ago</span>"));
        assert_eq!(shown("2026-11-22T05:20:00Z"), format!("{time} <span class=\"ago\">in 1 min 02 s</span>"));
        assert_eq!(shown("2026-11-22T05:21:02Z"), format!("{time} <span class=\"ago\">0 s ago</span>"));
    }
}

//! The timeline of an event for the terminal: for each milestone where it was due, where it was met, and a bar between the
//! two. Called by `ridd event timeline`. As wide as the terminal; in plain ASCII where the locale knows nothing else.

use std::time::Duration;

use crate::admin::event::{Bar, Lane, Standing, Timeline};
use crate::clock::{Timestamp, span};

use super::table::{one_line, second};

/// How wide a drawing is that goes to no terminal.
const WIDTH: usize = 110;
/// The scale is never drawn narrower than this.
const NARROWEST: usize = 24;

/// The signs of a drawing.
struct Signs {
    due: char,
    met: char,
    late: char,
    missed: char,
    open: char,
    waived: char,
    early: char,
    over: char,
    now: char,
    tick: char,
}

const UNICODE: Signs = Signs {
    due: '│',
    met: '●',
    late: '◆',
    missed: '✗',
    open: '○',
    waived: '–',
    early: '─',
    over: '━',
    now: '┊',
    tick: '·',
};

const ASCII: Signs = Signs {
    due: '|',
    met: '*',
    late: '!',
    missed: 'x',
    open: 'o',
    waived: 'w',
    early: '-',
    over: '=',
    now: ':',
    tick: '.',
};

/// Whether the locale promises nothing beyond ASCII.
pub(super) fn is_ascii() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].iter().filter_map(|name| std::env::var(name).ok());
    let locale = set.into_iter().find(|value| !value.is_empty()).unwrap_or_default().to_ascii_lowercase();
    !(locale.contains("utf-8") || locale.contains("utf8"))
}

/// The drawing, `width` columns wide if there is a terminal.
pub(super) fn draw(timeline: &Timeline, width: Option<u16>, ascii: bool) -> String {
    let signs = if ascii { &ASCII } else { &UNICODE };
    let layout = Layout::of(timeline, width.map_or(WIDTH, usize::from));
    let mut lines = heading(timeline);
    lines.push(layout.scale(timeline));
    for lane in &timeline.lanes {
        lines.push(one_line(lane.unit.as_deref().unwrap_or("the event")));
        lines.extend(lane.bars.iter().map(|bar| layout.row(timeline, bar, signs)));
    }
    let Signs { due, met, late, missed, open, waived, now, .. } = signs;
    lines.push(format!(
        "{due} due  {met} met in time  {late} met late  {missed} not met  {open} open  {waived} waived  {now} as of"
    ));
    let lines: Vec<_> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join("\n")
}

fn heading(timeline: &Timeline) -> Vec<String> {
    let drill = if timeline.drill { " (drill)" } else { "" };
    let as_of = span::words(timeline.shown.since(timeline.issued));
    vec![
        format!("{}  {}{drill}", timeline.event, one_line(&timeline.title)),
        format!("{}, E = {}, as of E+{as_of} = {}", timeline.state, second(timeline.issued), second(timeline.shown)),
        String::new(),
    ]
}

/// The columns of the drawing.
struct Layout {
    /// Of the names.
    names: usize,
    /// Of the scale.
    scale: usize,
    /// Whether there is room for the words.
    words: bool,
}

impl Layout {
    fn of(timeline: &Timeline, width: usize) -> Self {
        let bars = || timeline.lanes.iter().flat_map(|lane: &Lane| &lane.bars);
        let longest = |of: fn(&Bar) -> &str| bars().map(|bar| of(bar).chars().count()).max().unwrap_or(0);
        let names = longest(|bar| &bar.milestone) + 4;
        let words = longest(|bar| &bar.remark) + 2;
        let room = width.saturating_sub(names);
        match room.checked_sub(words) {
            Some(scale) if scale >= NARROWEST => Self { names, scale, words: true },
            _ => Self { names, scale: room.max(NARROWEST), words: false },
        }
    }

    fn column(&self, timeline: &Timeline, at: Timestamp) -> usize {
        let length = timeline.end.since(timeline.issued).as_micros().max(1);
        let part = at.since(timeline.issued).as_micros().min(length);
        let last = u128::try_from(self.scale.saturating_sub(1)).unwrap_or_default();
        usize::try_from(part.saturating_mul(last) / length).unwrap_or_default()
    }

    /// The places of the ticks, with how long after E each is.
    fn ticks(&self, timeline: &Timeline) -> Vec<(usize, Duration)> {
        let many = (0..=7_u32).map_while(|number| timeline.step.checked_mul(number));
        let after = many.take_while(|after| timeline.issued + *after <= timeline.end);
        after.map(|after| (self.column(timeline, timeline.issued + after), after)).collect()
    }

    fn scale(&self, timeline: &Timeline) -> String {
        // The last figure may stand above the words.
        let beyond = if self.words { 8 } else { 0 };
        let mut line = vec![' '; self.names + self.scale + beyond];
        let mut free = 0;
        for (column, after) in self.ticks(timeline) {
            let text = if after.is_zero() { "E".to_owned() } else { format!("+{}", span::words(after)) };
            let start = self.names + column;
            if start < free || start + text.chars().count() > line.len() {
                continue;
            }
            for (place, c) in line.iter_mut().skip(start).zip(text.chars()) {
                *place = c;
            }
            free = start + text.chars().count() + 1;
        }
        line.into_iter().collect()
    }

    fn row(&self, timeline: &Timeline, bar: &Bar, signs: &Signs) -> String {
        let mut cells = vec![' '; self.scale];
        let mut set = |column: usize, sign: char| {
            if let Some(cell) = cells.get_mut(column) {
                *cell = sign;
            }
        };
        for (column, _) in self.ticks(timeline) {
            set(column, signs.tick);
        }
        let now = self.column(timeline, timeline.shown);
        set(now, signs.now);
        let due = bar.due.map(|due| self.column(timeline, due));
        let end = match bar.standing {
            Standing::Missed => bar.due.map(|_| now),
            _ => bar.met.map(|met| self.column(timeline, met)),
        };
        if let (Some(due), Some(end)) = (due, end) {
            let sign = if bar.standing == Standing::Met { signs.early } else { signs.over };
            (due.min(end)..=due.max(end)).for_each(|column| set(column, sign));
        }
        if let Some(due) = due {
            set(due, signs.due);
        }
        let mark = match bar.standing {
            Standing::Met => end.map(|end| (end, signs.met)),
            Standing::Late => end.map(|end| (end, signs.late)),
            Standing::Missed => end.map(|end| (end, signs.missed)),
            Standing::Open => due.map(|due| (due, signs.open)),
            Standing::Waived => due.map(|due| (due, signs.waived)),
        };
        if let Some((column, sign)) = mark {
            set(column, sign);
        }
        let cells: String = cells.into_iter().collect();
        let names = self.names;
        match self.words {
            true => format!("{:names$}{cells}  {}", format!("  {}", bar.milestone), one_line(&bar.remark)),
            false => format!("{:names$}{cells}", format!("  {}", bar.milestone)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden;
    use super::*;

    #[test]
    fn drawings_are_as_agreed() {
        golden::compare(&["event-timeline"], |timeline: &Timeline| draw(timeline, None, false));
        golden::compare(&["event-timeline-running"], |timeline: &Timeline| draw(timeline, Some(100), true));
        golden::compare(&["event-timeline-narrow"], |timeline: &Timeline| draw(timeline, Some(60), false));
    }

    fn sample() -> Timeline {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cli/event-timeline.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [60_u16, 80, 100, 132, 200] {
            let drawing = draw(&sample(), Some(width), false);
            // Head and legend are words, which the terminal wraps.
            let rows = drawing.lines().filter(|line| line.starts_with("  "));
            let widest = rows.map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= usize::from(width), "{widest} of {width}");
        }
    }

    #[test]
    fn plain_drawings_have_nothing_beyond_ascii_of_ours() {
        let drawing = draw(&sample(), None, true);
        let rows = drawing.lines().filter(|line| line.starts_with("  "));
        assert!(rows.into_iter().all(str::is_ascii), "{drawing}");
    }
}

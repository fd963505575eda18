//! The drawing of the timeline: for each milestone a tick where it was due and a mark where it was met, joined by a bar, so
//! that the eye sees what was early and what was late. Shapes say the same as colours, and the words beside say it again;
//! title and description say it to whoever cannot see it.

use super::after_e;
use super::html::{class, escaped};
use crate::clock::{Timestamp, span};
use crate::coordination::state::Standing;
use crate::coordination::timeline::{Bar, Lane, Timeline};

/// Units that are drawn. Of more, those with the most milestones late.
const MOST: usize = 40;
const WIDTH: i64 = 1_080;
const LEFT: i64 = 176;
const RIGHT: i64 = 836;
const TOP: i64 = 34;
const ROW: i64 = 20;
const HEAD: i64 = 28;

/// The timeline as an `svg` element, and what is to be said beside it.
pub(super) fn draw(timeline: &Timeline) -> String {
    let lanes = chosen(timeline);
    let rows: usize = lanes.iter().map(|lane| lane.bars.len()).sum();
    let height = TOP + HEAD * count(lanes.len()) + ROW * count(rows) + 12;
    let mut out = format!(
        "<div class=\"wide\"><svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"timeline-title timeline-words\">\n\
         <title id=\"timeline-title\">Plan beside actual</title>\n<desc id=\"timeline-words\">{}</desc>\n",
        escaped(&words(timeline))
    );
    let scale = Scale { from: timeline.issued, to: timeline.end };
    grid(&mut out, timeline, &scale, height);
    let mut y = TOP;
    for lane in &lanes {
        let name = lane.unit.as_deref().unwrap_or("the event");
        y += HEAD;
        out += &format!("<text class=\"lane\" x=\"0\" y=\"{}\">{}</text>\n", y - 9, escaped(name));
        for (at, bar) in lane.bars.iter().enumerate() {
            if at % 2 == 0 {
                out += &format!(
                    "<rect class=\"stripe\" x=\"0\" y=\"{y}\" width=\"{WIDTH}\" height=\"{ROW}\" opacity=\".6\"/>\n"
                );
            }
            one(&mut out, timeline, bar, &scale, y + ROW / 2);
            y += ROW;
        }
    }
    out += "</svg></div>\n";
    out += "<p>Tick: due. Disc: met in time. Diamond: met late. Cross: not met. Ring: still open. Dash: waived. Dashed line: as of.</p>\n";
    let units = timeline.lanes.iter().filter(|lane| lane.unit.is_some()).count();
    if units > MOST {
        out += &format!(
            "<p>Drawn are {MOST} of {units} units, those with the most milestones late; the tables have all.</p>\n"
        );
    }
    out
}

/// From time to place.
struct Scale {
    from: Timestamp,
    to: Timestamp,
}

impl Scale {
    fn x(&self, at: Timestamp) -> i64 {
        let length = self.to.since(self.from).as_millis().max(1);
        let part = at.since(self.from).as_millis().min(length);
        let wide = u128::try_from(RIGHT - LEFT).unwrap_or_default();
        LEFT + i64::try_from(part * wide / length).unwrap_or_default()
    }
}

fn count(many: usize) -> i64 {
    i64::try_from(many).unwrap_or(i64::MAX / 1_000)
}

/// The lanes that are drawn, in their order.
fn chosen(timeline: &Timeline) -> Vec<&Lane> {
    let trouble =
        |lane: &Lane| lane.bars.iter().filter(|bar| matches!(bar.standing, Standing::Late | Standing::Missed)).count();
    let mut units: Vec<(usize, &Lane)> =
        timeline.lanes.iter().enumerate().filter(|(_, lane)| lane.unit.is_some()).collect();
    units.sort_by_key(|(at, lane)| (std::cmp::Reverse(trouble(lane)), *at));
    units.truncate(MOST);
    units.sort_by_key(|(at, _)| *at);
    let event = timeline.lanes.iter().filter(|lane| lane.unit.is_none());
    event.chain(units.into_iter().map(|(_, lane)| lane)).collect()
}

/// What the drawing shows, for whoever cannot see it.
fn words(timeline: &Timeline) -> String {
    let bars: Vec<&Bar> = timeline.bars().collect();
    let count = |standing| bars.iter().filter(|bar| bar.standing == standing).count();
    format!(
        "The milestones of {} from E to {}, those of the event first, then those of each unit: {} met in time, {} late, {} \
         missed, {} waived, {} open. The tables below say the same in words.",
        timeline.event,
        after_e(timeline.issued, timeline.end),
        count(Standing::Met),
        count(Standing::Late),
        count(Standing::Missed),
        count(Standing::Waived),
        count(Standing::Open),
    )
}

fn grid(out: &mut String, timeline: &Timeline, scale: &Scale, height: i64) {
    let mut at = timeline.issued;
    // The step leaves eight ticks at most; the limit only guards against a timeline that another version wrote.
    for _ in 0..=7 {
        if at > timeline.end {
            break;
        }
        let x = scale.x(at);
        let text =
            if at == timeline.issued { "E".to_owned() } else { format!("+{}", span::words(at.since(timeline.issued))) };
        *out += &format!("<line class=\"grid\" x1=\"{x}\" y1=\"22\" x2=\"{x}\" y2=\"{height}\"/>");
        *out += &format!("<text class=\"faint\" x=\"{x}\" y=\"14\" text-anchor=\"middle\">{text}</text>\n");
        at = at + timeline.step;
    }
    let x = scale.x(timeline.shown);
    *out += &format!("<line class=\"now\" x1=\"{x}\" y1=\"22\" x2=\"{x}\" y2=\"{height}\"/>\n");
}

/// One milestone: name, tick, mark, words.
fn one(out: &mut String, timeline: &Timeline, bar: &Bar, scale: &Scale, y: i64) {
    let class = class(bar.standing);
    let due = bar.due.map(|due| scale.x(due));
    // Where nothing happened, the bar runs to where we look from.
    let end = match (bar.standing, bar.met) {
        (_, Some(met)) => Some(scale.x(met)),
        (Standing::Missed, None) => Some(scale.x(timeline.shown)),
        _ => None,
    };
    *out += &format!("<g><title>{}: {}</title>", escaped(&bar.milestone), escaped(&bar.remark));
    *out += &format!("<text x=\"8\" y=\"{}\">{}</text>", y + 4, escaped(&bar.milestone));
    if let (Some(due), Some(end)) = (due, end) {
        *out += &format!("<line class=\"span {class}\" x1=\"{due}\" y1=\"{y}\" x2=\"{end}\" y2=\"{y}\"/>");
    }
    if let Some(due) = due {
        *out += &format!("<line class=\"plan\" x1=\"{due}\" y1=\"{}\" x2=\"{due}\" y2=\"{}\"/>", y - 7, y + 7);
    }
    *out += &mark(bar.standing, due, end, class, y);
    *out +=
        &format!("<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text></g>\n", RIGHT + 14, y + 4, escaped(&bar.remark));
}

fn mark(standing: Standing, due: Option<i64>, end: Option<i64>, class: &str, y: i64) -> String {
    match (standing, end, due) {
        (Standing::Met, Some(x), _) => format!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"5\"/>"),
        (Standing::Late, Some(x), _) => {
            format!("<path class=\"{class}\" d=\"M{x} {}l6 6-6 6-6-6z\"/>", y - 6)
        }
        (Standing::Missed, Some(x), _) => {
            format!("<path class=\"cross {class}\" d=\"M{} {}l9 9m0-9l-9 9\"/>", x - 4, y - 4)
        }
        (Standing::Open, _, Some(x)) => format!("<circle class=\"hollow {class}\" cx=\"{x}\" cy=\"{y}\" r=\"5\"/>"),
        (Standing::Waived, _, Some(x)) => {
            format!("<line class=\"cross {class}\" x1=\"{}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\"/>", x - 5, x + 5)
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordination::report::sample;

    #[test]
    fn places_follow_time_and_stay_in_the_drawing() {
        let scale = Scale { from: sample::at(0), to: sample::at(100) };
        assert_eq!(
            (scale.x(sample::at(0)), scale.x(sample::at(50)), scale.x(sample::at(100))),
            (LEFT, (LEFT + RIGHT) / 2, RIGHT)
        );
        assert_eq!(scale.x(sample::at(500)), RIGHT);
    }

    #[test]
    fn of_many_units_those_in_trouble_are_drawn() {
        let (state, _) = sample::whole();
        let mut timeline = Timeline::of(&state, sample::at(1_440));
        let calm = timeline.lanes.iter().find(|lane| lane.unit.as_deref() == Some(sample::NORTH)).cloned().unwrap();
        for number in 0..100 {
            let unit = Some(format!("rid.unit{number}.example"));
            timeline.lanes.insert(
                1,
                Lane { unit, bars: calm.bars.iter().filter(|bar| bar.standing == Standing::Met).cloned().collect() },
            );
        }
        let drawn = chosen(&timeline);
        assert_eq!(drawn.len(), MOST + 1);
        assert!(drawn[0].unit.is_none());
        for unit in [sample::SOUTH, sample::WEST] {
            assert!(drawn.iter().any(|lane| lane.unit.as_deref() == Some(unit)), "{unit}");
        }
        assert!(draw(&timeline).contains("Drawn are 40 of 103 units"));
    }
}

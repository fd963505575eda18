//! The plots of the measures: for each of the three that the process is judged by, a bar for each unit, with a line where the
//! plan has it and one at the median. What was too slow says so in words, not by its colour alone.

use std::cmp::Reverse;
use std::time::Duration;

use super::html::escaped;
use super::millis;
use crate::clock::span;
use crate::coordination::measures::{Measure, Measures, Summary};
use crate::coordination::state::Standing;

/// Units that one plot draws. Of more, those that took longest, those that are not there yet first.
const MOST: usize = 40;
const WIDTH: u64 = 1_080;
const LEFT: u64 = 250;
const RIGHT: u64 = 860;
const TOP: u64 = 30;
const ROW: u64 = 20;
/// Ticks of the scale at most.
const TICKS: u64 = 6;

/// The measures that are drawn, each with what it tells.
const PLOTS: [(Measure, &str); 3] = [
    (Measure::Acknowledge, "Time to acknowledge the alert, from its delivery"),
    (Measure::Notify, "Time to notify the owners, from E"),
    (Measure::Correct, "Time to correct the last system, from E"),
];

/// All plots as `figure` elements.
pub(super) fn draw(measures: &Measures) -> String {
    PLOTS.iter().map(|(measure, title)| plot(measures, *measure, title)).collect()
}

/// One unit in a plot.
struct Line<'a> {
    unit: &'a str,
    /// Milliseconds; nothing if it is not there yet.
    taken: Option<u64>,
}

fn plot(measures: &Measures, measure: Measure, title: &str) -> String {
    let Some(summary) = measures.summaries.iter().find(|summary| summary.measure == measure) else {
        return String::new();
    };
    let (lines, left_out) = lines(measures, measure);
    let longest = lines.iter().filter_map(|line| line.taken).chain(summary.planned).max().unwrap_or(0).max(1);
    let height = TOP + ROW * count(lines.len()) + 10;
    let name = measure.as_str();
    let mut out = format!(
        "<figure><figcaption>{title}</figcaption>\n<div class=\"wide\"><svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-labelledby=\"plot-{name}\">\n<title id=\"plot-{name}\">{title}. {}</title>\n",
        escaped(&words(measures, summary))
    );
    scale(&mut out, longest, height);
    for (line, at) in lines.iter().zip(0..) {
        one(&mut out, line, summary.planned, longest, TOP + ROW * at);
    }
    for (at, class) in [(summary.planned, "plan"), (summary.median, "now")] {
        let Some(x) = at.map(|at| place(at, longest)) else { continue };
        out += &format!("<line class=\"{class}\" x1=\"{x}\" y1=\"20\" x2=\"{x}\" y2=\"{height}\"/>\n");
    }
    out += "</svg></div>\n";
    out += &format!("<p>{}</p>\n", escaped(&words(measures, summary)));
    if left_out > 0 {
        out += &format!("<p>Not drawn: {left_out} units that were quicker; the table has all.</p>\n");
    }
    out + "</figure>\n"
}

/// The lines that are drawn, the longest first, and how many are not.
fn lines(measures: &Measures, measure: Measure) -> (Vec<Line<'_>>, usize) {
    let taken = |unit: &super::super::measures::UnitMeasures| unit.of(measure).map(whole_millis);
    let mut lines: Vec<Line<'_>> =
        measures.units.iter().map(|unit| Line { unit: &unit.unit, taken: taken(unit) }).collect();
    lines.sort_by_key(|line| (line.taken.is_some(), Reverse(line.taken)));
    let left_out = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    (lines, left_out)
}

fn whole_millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn count(many: usize) -> u64 {
    u64::try_from(many).unwrap_or(u64::MAX / 1_000)
}

fn place(taken: u64, longest: u64) -> u64 {
    let part = u128::from(taken.min(longest)) * u128::from(RIGHT - LEFT) / u128::from(longest);
    LEFT + u64::try_from(part).unwrap_or_default()
}

/// What the plot says, in a sentence.
fn words(measures: &Measures, summary: &Summary) -> String {
    let said = |what: &str, taken: Option<u64>| taken.map(|taken| format!(" {what} {}.", millis(taken)));
    let worst = match (summary.worst, &summary.worst_unit) {
        (Some(worst), Some(unit)) => format!(" Longest {} ({unit}).", millis(worst)),
        _ => String::new(),
    };
    format!(
        "{} of {} units.{}{}{worst}",
        summary.units,
        measures.units.len(),
        said("Solid line, the plan:", summary.planned).unwrap_or_default(),
        said("Dashed line, the median:", summary.median).unwrap_or_default(),
    )
}

fn scale(out: &mut String, longest: u64, height: u64) {
    const STEPS: [u64; 14] = [
        1_000,
        5_000,
        10_000,
        60_000,
        300_000,
        600_000,
        1_800_000,
        3_600_000,
        7_200_000,
        14_400_000,
        43_200_000,
        86_400_000,
        604_800_000,
        4_838_400_000,
    ];
    let step = STEPS.into_iter().find(|step| longest / step <= TICKS).unwrap_or(longest / TICKS).max(1);
    for number in 0..=TICKS {
        let at = step * number;
        if at > longest {
            break;
        }
        let x = place(at, longest);
        let text = span::words(Duration::from_millis(at));
        *out += &format!("<line class=\"grid\" x1=\"{x}\" y1=\"20\" x2=\"{x}\" y2=\"{height}\"/>");
        *out += &format!("<text class=\"faint\" x=\"{x}\" y=\"13\" text-anchor=\"middle\">{text}</text>\n");
    }
}

fn one(out: &mut String, line: &Line<'_>, planned: Option<u64>, longest: u64, y: u64) {
    *out += &format!("<text x=\"0\" y=\"{}\">{}</text>", y + 14, escaped(&shortened(line.unit)));
    let Some(taken) = line.taken else {
        *out += &format!("<text class=\"faint\" x=\"{}\" y=\"{}\">–</text>\n", LEFT + 6, y + 14);
        return;
    };
    let late = planned.filter(|planned| taken > *planned).map(|planned| taken - planned);
    let class = if late.is_some() { Standing::Late } else { Standing::Met }.as_str();
    let wide = (place(taken, longest) - LEFT).max(2);
    let said = match late {
        Some(late) => format!("{}, {} late", millis(taken), millis(late)),
        None => millis(taken),
    };
    *out += &format!("<rect class=\"{class}\" x=\"{LEFT}\" y=\"{}\" width=\"{wide}\" height=\"12\"/>", y + 4);
    *out += &format!("<text class=\"{class}\" x=\"{}\" y=\"{}\">{said}</text>\n", RIGHT + 14, y + 14);
}

/// The end of a long name tells units apart less than its beginning.
fn shortened(unit: &str) -> String {
    const FITS: usize = 36;
    if unit.chars().count() <= FITS {
        return unit.to_owned();
    }
    unit.chars().take(FITS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordination::measures::UnitMeasures;
    use crate::coordination::report::sample;

    #[test]
    fn what_took_too_long_says_so() {
        let (state, _) = sample::whole();
        let drawn = draw(&Measures::of(&state));
        assert!(drawn.contains("50 min, 20 min late"), "{drawn}");
        assert!(
            drawn.contains("3 of 3 units. Solid line, the plan: 30 min. Dashed line, the median: 15 min."),
            "{drawn}"
        );
        assert_eq!(drawn.matches("<figure>").count(), 3);
    }

    #[test]
    fn the_longest_come_first_and_those_who_are_not_there_before_them() {
        let (state, _) = sample::event(sample::AT_14_HOURS);
        let measures = Measures::of(&state);
        let (lines, left_out) = lines(&measures, Measure::Acknowledge);
        let told: Vec<_> = lines.iter().map(|line| line.unit).collect();
        assert_eq!((told, left_out), (vec![sample::WEST, sample::SOUTH, sample::NORTH], 0));
    }

    #[test]
    fn many_units_and_no_time_at_all_are_drawn() {
        let (state, _) = sample::whole();
        let mut measures = Measures::of(&state);
        measures.units = (0..100)
            .map(|number| UnitMeasures { unit: format!("<{}", "u".repeat(number)), millis: vec![Some(0); 5] })
            .collect();
        let drawn = draw(&measures);
        assert!(drawn.contains("Not drawn: 60 units") && drawn.contains("&lt;uu") && !drawn.contains("<uu"), "{drawn}");
        assert_eq!((place(0, 1), place(u64::MAX, 7)), (LEFT, RIGHT));
    }
}

//! Listings and cards for people. As wide as the terminal when there is one; one row a line when piped, so that other
//! programs can read it (though `--json` is better for them).

use std::io::{IsTerminal, stdout};

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

use crate::clock::Timestamp;

/// No terminal is treated as narrower than this.
const NARROWEST: u16 = 60;

/// The width of the terminal that standard output goes to, if it is one.
pub(super) fn width() -> Option<u16> {
    let width = stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    width.map(|(width, _)| width.0.max(NARROWEST))
}

/// A table with these headings; `empty` is said instead if there is no row.
pub(super) fn listing<const N: usize>(
    headings: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
    empty: &str,
) -> String {
    lay_out(headings, rows, empty, width())
}

/// The same for as many columns as there are headings.
pub(super) fn grid(headings: Vec<String>, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    lay_out(headings, rows, "", width())
}

fn lay_out<H: IntoIterator<Item: ToString>, R: IntoIterator<Item = String>>(
    headings: H,
    rows: impl IntoIterator<Item = R>,
    empty: &str,
    width: Option<u16>,
) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(headings.into_iter().map(|heading| heading.to_string()).collect::<Vec<_>>());
    match width {
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    for row in rows {
        table.add_row(row.into_iter().map(|cell| one_line(&cell)).collect::<Vec<_>>());
    }
    if table.is_empty() {
        return empty.to_owned();
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// One thing, a line for each of its facts; facts without a value are left out, further lines are indented.
pub(super) fn card<'a>(facts: impl IntoIterator<Item = (&'a str, Option<String>)>) -> String {
    let facts: Vec<_> = facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let indent = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + 2;
    let mut lines = Vec::new();
    for (name, value) in facts {
        for (at, line) in value.lines().enumerate() {
            let name = if at == 0 { name } else { "" };
            lines.push(format!("{name:indent$}{}", printable(line)));
        }
    }
    lines.join("\n")
}

/// The instant to the second: what a table has room for.
pub(super) fn second(at: Timestamp) -> String {
    Timestamp::from_micros(at.seconds().saturating_mul(1_000_000)).to_string()
}

/// What others wrote must neither break the table nor command the terminal.
pub(super) fn one_line(text: &str) -> String {
    printable(&text.replace(['\n', '\t'], " "))
}

fn printable(text: &str) -> String {
    // Besides the control characters, those that turn the direction of writing round.
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c.is_control() || turns(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<[String; 2]> {
        vec![["a".to_owned(), "one two three".to_owned()], ["bcd".to_owned(), "x\n\u{1b}[31my".to_owned()]]
    }

    #[test]
    fn piped_tables_have_one_row_a_line() {
        let text = lay_out(["NAME", "WHAT"], rows(), "none", None);
        assert_eq!(text, "NAME  WHAT\na     one two three\nbcd   x \u{fffd}[31my");
        assert_eq!(lay_out(["NAME"], Vec::<[String; 1]>::new(), "none", None), "none");
    }

    #[test]
    fn tables_on_a_terminal_keep_its_width() {
        let text = lay_out(["NAME", "WHAT"], rows(), "none", Some(16));
        assert!(text.lines().all(|line| line.chars().count() <= 16), "{text}");
        assert!(text.lines().count() > 3, "{text}");
    }

    #[test]
    fn cards_leave_out_what_is_not_known() {
        let facts = [("id", Some("1".to_owned())), ("token", None), ("warnings", Some("a\nb".to_owned()))];
        assert_eq!(card(facts), "id        1\nwarnings  a\n          b");
    }
}

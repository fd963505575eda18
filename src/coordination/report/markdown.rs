//! The report as Markdown: CommonMark with the tables of GitHub's dialect. Texts of others are escaped, so that none of them
//! becomes a heading, a link, markup or another column.

use super::content::{Block, Cell};

pub(super) fn write(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Title(text) => out += &format!("# {}\n\n", escaped(text)),
            Block::Warning(text) => out += &format!("> **{}**\n\n", escaped(text)),
            Block::Section(text) => out += &format!("## {text}\n\n"),
            Block::Step(text) => out += &format!("### {}\n\n", escaped(text)),
            Block::Text(text) => out += &format!("{}\n\n", escaped(text)),
            Block::Facts(facts) => {
                let rows: Vec<_> = facts.iter().map(|(name, value)| vec![(*name).to_owned(), escaped(value)]).collect();
                table(&mut out, &["", ""], &rows);
            }
            Block::Table(heads, rows) => {
                let rows: Vec<Vec<String>> =
                    rows.iter().map(|row| row.iter().map(|Cell { text, .. }| escaped(text)).collect()).collect();
                table(&mut out, heads, &rows);
            }
            // The section that holds the drawing says where it is instead.
            Block::Chart => {
                out += "The drawing of plan and actual is in the HTML form of this report, and in `ridd event timeline`.\n\n"
            }
            Block::Plots => out += "The plots of these figures are in the HTML form of this report.\n\n",
        }
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn table(out: &mut String, heads: &[&str], rows: &[Vec<String>]) {
    *out += &format!("| {} |\n|{}\n", heads.join(" | "), " --- |".repeat(heads.len()));
    for row in rows {
        *out += &format!("| {} |\n", row.join(" | "));
    }
    out.push('\n');
}

/// The text with everything escaped that means something to Markdown anywhere in a line.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '!' | '&' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_whitespace() || c.is_control() => out.push(' '),
            c if turns(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Characters that turn the direction of writing round.
pub(super) fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_others_stay_texts() {
        let text = escaped("a|b\n# c <script> *d* [e](f) `g` \u{202e}h");
        assert_eq!(text, "a\\|b \\# c \\<script\\> \\*d\\* \\[e\\](f) \\`g\\` \u{fffd}h");
    }
}

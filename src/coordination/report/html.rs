//! The report as one HTML file: styles and drawing inside, no script, nothing fetched (its policy forbids both), every text
//! escaped. It can be read in light and dark, printed, and heard.

use super::Report;
use super::content::{Block, Cell};
use super::markdown::turns;
use super::{plots, svg};
use crate::coordination::state::Standing;

/// The look of the page and of its drawing.
const STYLE: &str = include_str!("style.css");

pub(super) fn write(report: &Report, blocks: &[Block]) -> String {
    let body = extract(report, blocks);
    let title = escaped(&format!("{}: {}", report.timeline.event, report.timeline.title));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

/// The blocks alone, to stand in another page.
pub(super) fn extract(report: &Report, blocks: &[Block]) -> String {
    let mut body = String::new();
    for block in blocks {
        one(&mut body, report, block);
    }
    body
}

fn one(body: &mut String, report: &Report, block: &Block) {
    match block {
        Block::Title(text) => *body += &format!("<h1>{}</h1>\n", escaped(text)),
        Block::Warning(text) => *body += &format!("<p class=\"warning\">{}</p>\n", escaped(text)),
        Block::Section(text) => *body += &format!("<h2>{}</h2>\n", escaped(text)),
        Block::Step(text) => *body += &format!("<h3>{}</h3>\n", escaped(text)),
        Block::Text(text) => *body += &format!("<p>{}</p>\n", escaped(text)),
        Block::Facts(facts) => {
            *body += "<dl>\n";
            for (name, value) in facts {
                *body += &format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(name), escaped(value));
            }
            *body += "</dl>\n";
        }
        Block::Table(heads, rows) => table(body, heads, rows),
        Block::Chart => *body += &svg::draw(&report.timeline),
        Block::Plots => *body += &plots::draw(&report.measures),
    }
}

fn table(body: &mut String, heads: &[&str], rows: &[Vec<Cell>]) {
    *body += "<div class=\"wide\"><table>\n<thead><tr>";
    for head in heads {
        *body += &format!("<th scope=\"col\">{}</th>", escaped(head));
    }
    *body += "</tr></thead>\n<tbody>\n";
    for row in rows {
        *body += "<tr>";
        for Cell { text, standing } in row {
            let class = standing.map(|standing| format!(" class=\"{}\"", class(standing))).unwrap_or_default();
            *body += &format!("<td{class}>{}</td>", escaped(text));
        }
        *body += "</tr>\n";
    }
    *body += "</tbody>\n</table></div>\n";
}

/// The class by which the style colours a standing.
pub(super) fn class(standing: Standing) -> &'static str {
    standing.as_str()
}

/// The text as it may stand in HTML, in an element or a quoted attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            '\n' | '\t' => out.push(c),
            c if c.is_control() || turns(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_others_stay_texts() {
        assert_eq!(escaped("<b a='1'>\"&\u{1}\u{202e}"), "&lt;b a=&#39;1&#39;&gt;&quot;&amp;\u{fffd}\u{fffd}");
    }
}

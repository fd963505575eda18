//! A text as a PDF for paper: set in Helvetica, which every reader has, wrapped and paginated, each page with the event and
//! its number. Characters that the encoding of the standard fonts lacks become `?`.

use pdf_writer::{Content, Name, Pdf, Rect, Ref, Str, TextStr};

use super::config::Paper;

/// Points from each edge: fax machines lose what is nearer.
const MARGIN: f32 = 56.0;
/// Points; smaller is not readable at the coarse resolution of fax.
const SIZE: f32 = 11.0;
/// Points from line to line.
const LEADING: f32 = 14.0;
/// Points of the line above each page.
const HEAD_SIZE: f32 = 9.0;
/// No fax is longer; the last page says so.
const MAX_PAGES: usize = 50;

const FONT: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");

impl Paper {
    /// Width and height in points.
    const fn points(self) -> (f32, f32) {
        match self {
            Self::A4 => (595.0, 842.0),
            Self::Letter => (612.0, 792.0),
        }
    }
}

/// The PDF. `head` stands above every page beside its number, `title` above the text.
pub(super) fn write(head: &str, title: &str, text: &str, paper: Paper) -> Vec<u8> {
    let (width, height) = paper.points();
    let room = width - 2.0 * MARGIN;
    let mut lines: Vec<(Name<'static>, Vec<u8>)> = Vec::new();
    // Bold is up to a tenth wider.
    lines.extend(wrapped(&encoded(title), room * 0.9).into_iter().map(|line| (BOLD, line)));
    lines.push((FONT, Vec::new()));
    for line in text.lines() {
        lines.extend(wrapped(&encoded(line), room).into_iter().map(|line| (FONT, line)));
    }
    let per_page = (1..200_u8).take_while(|n| f32::from(*n) * LEADING < height - 2.0 * MARGIN - LEADING).count();
    let most = per_page * MAX_PAGES;
    if lines.len() > most {
        lines.truncate(most - 1);
        lines.push((BOLD, b"The rest does not fit into a fax: ask for the alert by mail.".to_vec()));
    }
    let count = lines.len().div_ceil(per_page);
    let (catalog, tree, font, bold, info) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4), Ref::new(5));
    let page_ref = |n: usize| Ref::new(i32::try_from(10 + 2 * n).unwrap_or(i32::MAX));
    let content_ref = |n: usize| Ref::new(i32::try_from(11 + 2 * n).unwrap_or(i32::MAX));
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    pdf.document_info(info).title(TextStr(title));
    pdf.pages(tree).kids((0..count).map(page_ref)).count(i32::try_from(count).unwrap_or(i32::MAX));
    pdf.type1_font(font).base_font(Name(b"Helvetica")).encoding_predefined(Name(b"WinAnsiEncoding"));
    pdf.type1_font(bold).base_font(Name(b"Helvetica-Bold")).encoding_predefined(Name(b"WinAnsiEncoding"));
    for (n, lines) in lines.chunks(per_page).enumerate() {
        let mut page = pdf.page(page_ref(n));
        page.media_box(Rect::new(0.0, 0.0, width, height)).parent(tree).contents(content_ref(n));
        page.resources().fonts().pair(FONT, font).pair(BOLD, bold);
        drop(page);
        let number = format!("page {} of {count}", n + 1);
        pdf.stream(content_ref(n), &content(head, &number, lines, (width, height)));
    }
    pdf.finish()
}

/// What stands on one page.
fn content(head: &str, number: &str, lines: &[(Name<'static>, Vec<u8>)], (width, height): (f32, f32)) -> Vec<u8> {
    let mut content = Content::new();
    let top = height - MARGIN;
    let number = encoded(number);
    for (x, text) in [(MARGIN, encoded(head)), (width - MARGIN - advance(&number) * HEAD_SIZE / 1000.0, number)] {
        content.begin_text().set_font(FONT, HEAD_SIZE).next_line(x, top + 6.0).show(Str(&text)).end_text();
    }
    content.set_line_width(0.5).move_to(MARGIN, top).line_to(width - MARGIN, top).stroke();
    content.begin_text().set_leading(LEADING).next_line(MARGIN, top - LEADING);
    for (font, line) in lines {
        content.set_font(*font, SIZE).next_line_show(Str(line));
    }
    content.end_text();
    content.finish().to_vec()
}

/// The text in the encoding of the font (WinAnsiEncoding: ISO 32000-1, Annex D).
fn encoded(text: &str) -> Vec<u8> {
    const UPPER: [(char, u8); 27] = [
        ('\u{20ac}', 0x80),
        ('\u{201a}', 0x82),
        ('\u{192}', 0x83),
        ('\u{201e}', 0x84),
        ('\u{2026}', 0x85),
        ('\u{2020}', 0x86),
        ('\u{2021}', 0x87),
        ('\u{2c6}', 0x88),
        ('\u{2030}', 0x89),
        ('\u{160}', 0x8a),
        ('\u{2039}', 0x8b),
        ('\u{152}', 0x8c),
        ('\u{17d}', 0x8e),
        ('\u{2018}', 0x91),
        ('\u{2019}', 0x92),
        ('\u{201c}', 0x93),
        ('\u{201d}', 0x94),
        ('\u{2022}', 0x95),
        ('\u{2013}', 0x96),
        ('\u{2014}', 0x97),
        ('\u{2dc}', 0x98),
        ('\u{2122}', 0x99),
        ('\u{161}', 0x9a),
        ('\u{203a}', 0x9b),
        ('\u{153}', 0x9c),
        ('\u{17e}', 0x9e),
        ('\u{178}', 0x9f),
    ];
    let expanded = text.replace('\t', "    ");
    let known = |c: char| match u32::from(c) {
        0x20..=0x7e | 0xa0..=0xff => u8::try_from(u32::from(c)).ok(),
        _ => UPPER.iter().find(|(upper, _)| *upper == c).map(|(_, code)| *code),
    };
    expanded.chars().map(|c| known(c).unwrap_or(b'?')).collect()
}

/// The lines that fit into `room` points; broken at spaces where there are any.
fn wrapped(line: &[u8], room: f32) -> Vec<Vec<u8>> {
    let most = room * 1000.0 / SIZE;
    let mut lines = Vec::new();
    let mut rest = line;
    loop {
        let mut sum = 0.0;
        let fits = rest.iter().take_while(|byte| {
            sum += f32::from(glyph(**byte));
            sum <= most
        });
        let fits = fits.count().max(1);
        if fits >= rest.len() {
            lines.push(rest.to_vec());
            return lines;
        }
        let (head, tail) = rest.split_at(fits);
        let at = head.iter().rposition(|byte| *byte == b' ').filter(|at| *at > 0 && tail.first() != Some(&b' '));
        let (now, after) = rest.split_at(at.unwrap_or(fits));
        lines.push(now.to_vec());
        rest = after.strip_prefix(b" ").unwrap_or(after);
    }
}

/// The width of the text in thousandths of its size.
fn advance(text: &[u8]) -> f32 {
    text.iter().map(|byte| f32::from(glyph(*byte))).sum()
}

/// The width of one glyph of Helvetica in thousandths of its size; those above ASCII are taken as wide as the widest.
fn glyph(byte: u8) -> u16 {
    const ASCII: [u16; 95] = [
        278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556,
        556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667,
        556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556,
        556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722,
        500, 500, 500, 334, 260, 334, 584,
    ];
    ASCII.get(usize::from(byte).wrapping_sub(0x20)).copied().unwrap_or(1000)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn lines_are_broken_at_spaces_and_lose_nothing() {
        let line = b"The quick brown fox jumps over the lazy dog and on and on".to_vec();
        let lines = wrapped(&line, 120.0);
        assert!(lines.len() > 2);
        assert!(lines.iter().all(|line| advance(line) * SIZE / 1000.0 <= 120.0));
        assert_eq!(lines.join(&b' '), line);
        let long = wrapped(&[b'W'; 100], 120.0);
        assert_eq!(long.concat(), [b'W'; 100]);
        assert_eq!(wrapped(b"", 120.0), [b""]);
        assert_eq!(wrapped(b"W", 1.0), [b"W"]);
    }

    #[test]
    fn what_the_font_lacks_becomes_a_question_mark() {
        assert_eq!(encoded("a\u{fc}\u{20ac}\u{4e2d}\tb\u{7}"), b"a\xfc\x80?    b?");
    }

    /// `pdftotext` (poppler) reads it and finds the text, page by page.
    #[test]
    fn an_outside_reader_finds_the_text() {
        let text: String = (1..=120).map(|n| format!("line {n}: UDP port 1434 \u{2014} gr\u{fc}\u{df}e\n")).collect();
        for paper in [Paper::A4, Paper::Letter] {
            let pdf = write("DRILL SE-1", "SE-1: action alert", &text, paper);
            let place = tempfile::tempdir().unwrap();
            let path = place.path().join("fax.pdf");
            std::fs::write(&path, pdf).unwrap();
            let Ok(output) = Command::new("pdftotext").args(["-layout", "-enc", "UTF-8"]).arg(&path).arg("-").output()
            else {
                assert!(std::env::var_os("RIDD_TEST_NO_SKIP").is_none(), "pdftotext is needed: see .ci/tools");
                eprintln!("skipped: no pdftotext (package poppler-utils)");
                return;
            };
            assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
            let found = String::from_utf8(output.stdout).unwrap();
            let pages: Vec<&str> = found.split('\u{c}').filter(|page| !page.trim().is_empty()).collect();
            assert_eq!(pages.len(), 3, "{found}");
            for (n, page) in pages.iter().enumerate() {
                let first = page.lines().next().unwrap();
                assert!(first.contains("DRILL SE-1") && first.contains(&format!("page {} of 3", n + 1)), "{first}");
            }
            assert!(pages[0].contains("SE-1: action alert"));
            for n in 1..=120 {
                assert!(found.contains(&format!("line {n}: UDP port 1434 \u{2014} gr\u{fc}\u{df}e")), "{n}");
            }
        }
    }

    #[test]
    fn a_fax_has_an_end() {
        let pdf = write("SE-1", "SE-1", &"line\n".repeat(10_000), Paper::A4);
        let text = String::from_utf8_lossy(&pdf);
        assert!(text.contains("/Count 50") && text.contains("The rest does not fit"));
    }
}

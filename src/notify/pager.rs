//! Notices as pages: one line of at most [`NoticeText::SHORT`] characters, over SNPP or by mail.

use std::sync::Arc;

use async_trait::async_trait;

use super::channel::{Line, Notice, refused};
use super::mail::{self, Letter, marked};
use super::smtp::Smtp;
use super::snpp::Snpp;
use crate::outbox::{NoticeText, Outcome};

/// Sends pages.
pub(super) enum Pager {
    /// To a paging terminal.
    Terminal(Snpp),
    /// By mail to `NUMBER@domain`.
    Mail(Arc<Smtp>, String),
}

#[async_trait]
impl Line for Pager {
    async fn send(&self, notice: &Notice<'_>) -> Outcome {
        let sound = |b: u8| b.is_ascii_graphic() && b != b'@';
        if notice.to.is_empty() || notice.to.len() > 64 || !notice.to.bytes().all(sound) {
            return refused(format!("{:?} is no pager's number; mend it in the roster", notice.to));
        }
        let page = page(notice.text);
        match self {
            Self::Terminal(snpp) => snpp.page(notice.to, &page).await,
            Self::Mail(smtp, domain) => {
                let Some(to) = mail::address(&format!("{}@{domain}", notice.to)) else {
                    return refused(format!("{:?} cannot stand before @{domain}; mend it in the roster", notice.to));
                };
                let subject = mail::subject(notice.text);
                smtp.send(Letter { id: notice.id, to, subject, text: page, pdf: None, made: notice.made }).await
            }
        }
    }
}

/// What the pager shows: one line of ASCII; what is too long is cut, but never the code.
fn page(text: &NoticeText) -> String {
    let words = marked(text, &text.short, "DRILL ", "TEST ");
    let words: Vec<&str> = words.split_whitespace().collect();
    let plain = |text: &str| -> Vec<char> {
        text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
    };
    let mut line = plain(&words.join(" "));
    if line.len() > NoticeText::SHORT {
        let code = plain(&text.code);
        line.truncate(NoticeText::SHORT.saturating_sub(code.len() + 1));
        line.push(' ');
        line.extend(code);
        line.truncate(NoticeText::SHORT);
    }
    line.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::channel::sample;

    #[test]
    fn a_page_is_one_line_of_ascii_and_keeps_its_code() {
        let mut text = sample();
        assert_eq!(page(&text), text.short);
        text.short = "Wurm auf\r\nPort 1434 \u{fc}berall".to_owned();
        assert_eq!(page(&text), "Wurm auf Port 1434 ?berall");
        text.short = format!("{} 123456", "long ".repeat(60));
        let cut = page(&text);
        assert_eq!(cut.len(), NoticeText::SHORT);
        assert!(cut.ends_with(" 123456"), "{cut}");
        text.drill = true;
        assert!(page(&text).starts_with("DRILL long"), "{}", page(&text));
    }
}

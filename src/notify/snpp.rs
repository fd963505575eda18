//! A client of the Simple Network Paging Protocol (RFC 1861): level 1 (PAGE, MESSage, SEND, QUIT), and of level 2 ALERt and
//! CALLerid, which a terminal of level 1 may decline.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::channel::{later, refused};
use super::url::Place;
use crate::outbox::{Outcome, Reply};

/// The port of SNPP.
pub(super) const PORT: u16 = 444;
/// Bytes of the longest reply line.
const MAX_LINE: u64 = 1024;
/// The terminal gets this long to answer the farewell.
const FAREWELL: Duration = Duration::from_secs(2);

/// A paging terminal.
pub(super) struct Snpp {
    pub(super) place: Place,
    pub(super) caller_id: Option<String>,
    /// Within this time the page must be handed over.
    pub(super) time: Duration,
}

/// Why a page was not taken.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    Broken(#[from] std::io::Error),
    #[error("it closed the connection")]
    Closed,
    #[error("its reply is no SNPP: three digits were expected, in a line of at most {MAX_LINE} bytes")]
    NoSnpp,
    #[error("it answered {step} with {code} {words}")]
    Answer { step: &'static str, code: u16, words: String },
}

/// What the terminal answered.
struct Answer {
    code: u16,
    words: String,
}

impl Answer {
    /// Success (2xx), and what level 3 says to a page for a two-way pager (8xx, 9xx).
    const fn taken(&self) -> bool {
        matches!(self.code, 200..=299 | 800..=999)
    }
}

/// A conversation with the terminal.
struct Talk {
    stream: BufReader<TcpStream>,
}

impl Talk {
    async fn answer(&mut self) -> Result<Answer, Trouble> {
        let mut line = Vec::new();
        (&mut self.stream).take(MAX_LINE).read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            return Err(Trouble::Closed);
        }
        let text = String::from_utf8_lossy(&line);
        let (code, words) = text.split_at_checked(3).ok_or(Trouble::NoSnpp)?;
        let code = code.parse().ok().filter(|_| line.ends_with(b"\n")).ok_or(Trouble::NoSnpp)?;
        let words = words.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
        Ok(Answer { code, words })
    }

    /// Says one line and reads the answer. Neither the pager's number nor the page has line ends.
    async fn ask(&mut self, line: &str) -> Result<Answer, Trouble> {
        self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await?;
        self.answer().await
    }

    /// The same; anything but success is trouble.
    async fn insist(&mut self, step: &'static str, line: &str) -> Result<(), Trouble> {
        let answer = self.ask(line).await?;
        if answer.taken() { Ok(()) } else { Err(Trouble::Answer { step, code: answer.code, words: answer.words }) }
    }
}

impl Snpp {
    /// Sends the page, which is one line, and says how that ended.
    pub(super) async fn page(&self, number: &str, page: &str) -> Outcome {
        let terminal = &self.place;
        let trouble = match timeout(self.time, self.hand_over(number, page)).await {
            Ok(Ok(mut talk)) => {
                // It has the page, whatever it says now.
                drop(timeout(FAREWELL, talk.ask("QUIT")).await);
                return Outcome::Delivered(Reply::noted(format!(
                    "the paging terminal {terminal} took it for {number}"
                )));
            }
            Ok(Err(trouble)) => trouble,
            Err(_) => return later(format!("the paging terminal {terminal} has not taken it within {:?}", self.time)),
        };
        let why = format!("the paging terminal {terminal} does not take the page for {number}: {trouble}");
        match trouble {
            // 550 and the like: no such pager, no such text. What SEND fails with is not of our making (RFC 1861: a reason that is not administrative).
            Trouble::Answer { step: "PAGE" | "MESS", code: 500..=599, .. } => refused(why),
            _ => later(why),
        }
    }

    async fn hand_over(&self, number: &str, page: &str) -> Result<Talk, Trouble> {
        let stream = TcpStream::connect((self.place.host.as_str(), self.place.port)).await?;
        let mut talk = Talk { stream: BufReader::new(stream) };
        let greeting = talk.answer().await?;
        if !greeting.taken() {
            return Err(Trouble::Answer { step: "the connection", code: greeting.code, words: greeting.words });
        }
        // Level 2; both may be declined without harm, unless the terminal hangs up.
        for line in [Some("ALER 1".to_owned()), self.caller_id.as_ref().map(|id| format!("CALL {id}"))] {
            let Some(line) = line else { continue };
            let answer = talk.ask(&line).await?;
            if answer.code == 421 {
                return Err(Trouble::Answer { step: "an option", code: answer.code, words: answer.words });
            }
        }
        talk.insist("PAGE", &format!("PAGE {number}")).await?;
        talk.insist("MESS", &format!("MESS {page}")).await?;
        talk.insist("SEND", "SEND").await?;
        Ok(talk)
    }
}

//! A mail server for the demonstration: takes every mail and keeps it in memory, so that the demonstration can show what
//! people would have got, and read the codes they would have answered with. On loopback only; no TLS, no users.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::clock::{Clock, SystemClock, Timestamp};

/// Bytes of the longest line.
const MAX_LINE: u64 = 4096;
/// Bytes of the largest mail.
const MAX_MAIL: usize = 4 << 20;
/// Mails kept; further ones are declined.
const MAX_MAILS: usize = 1000;

/// One mail as it came.
#[derive(Clone, Debug)]
pub(super) struct Mail {
    /// When it came.
    pub(super) at: Timestamp,
    /// Whom it is for, as RCPT named them.
    pub(super) to: Vec<String>,
    /// Header and body, as sent; quoted-printable where the sender chose so.
    pub(super) text: String,
}

impl Mail {
    /// The content of a header field, on one line.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        let head = self.text.split("\r\n\r\n").next()?;
        let mut lines = head.split("\r\n");
        let named = |line: &&str| line.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name));
        let (_, first) = lines.find(named)?.split_once(':')?;
        // A line that begins with white space goes on with the field (RFC 5322 §2.2.3).
        let more = lines.take_while(|line| line.starts_with([' ', '\t'])).map(str::trim);
        Some(std::iter::once(first.trim()).chain(more).collect::<Vec<_>>().join(" "))
    }
}

/// The mail server; it ends when this is dropped.
pub(super) struct Smtp {
    address: SocketAddr,
    mails: Arc<Mutex<Vec<Mail>>>,
    task: JoinHandle<()>,
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Smtp {
    /// Starts it on a free port of loopback.
    ///
    /// # Errors
    /// If there is none.
    pub(super) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let mails: Arc<Mutex<Vec<Mail>>> = Arc::default();
        let kept = Arc::clone(&mails);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mails = Arc::clone(&kept);
                tokio::spawn(async move {
                    // A sender that hangs up in the middle has sent nothing.
                    drop(timeout(Duration::from_secs(60), talk(stream, &mails)).await);
                });
            }
        });
        Ok(Self { address, mails, task })
    }

    /// Where it listens: for `notify.email.server`, with `security = "plain"`.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The mails that came after the first `seen`, in their order.
    pub(super) fn after(&self, seen: usize) -> Vec<Mail> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).iter().skip(seen).cloned().collect()
    }
}

async fn talk(stream: TcpStream, mails: &Mutex<Vec<Mail>>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.get_mut().write_all(b"220 ridd demo\r\n").await?;
    let mut to = Vec::new();
    loop {
        let line = line(&mut stream).await?;
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" | "HELO" | "NOOP" => "250 ridd demo",
            "MAIL" | "RSET" => {
                to.clear();
                "250 ok"
            }
            "RCPT" if to.len() >= 100 => "452 too many",
            "RCPT" => {
                let address = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
                to.extend(address.map(|(address, _)| address.to_owned()));
                "250 ok"
            }
            "DATA" if to.is_empty() => "503 for whom?",
            "DATA" => {
                stream.get_mut().write_all(b"354 go on\r\n").await?;
                let text = content(&mut stream).await?;
                keep(Mail { at: SystemClock.now(), to: std::mem::take(&mut to), text }, mails)
            }
            "QUIT" => return stream.get_mut().write_all(b"221 bye\r\n").await,
            _ => "502 not here",
        };
        stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

fn keep(mail: Mail, mails: &Mutex<Vec<Mail>>) -> &'static str {
    let mut mails = mails.lock().unwrap_or_else(PoisonError::into_inner);
    if mails.len() >= MAX_MAILS {
        return "452 full";
    }
    mails.push(mail);
    "250 kept"
}

/// One line with its end.
async fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    stream.take(MAX_LINE).read_line(&mut line).await?;
    if line.ends_with('\n') { Ok(line) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// The content after DATA, without the points that SMTP adds (RFC 5321 §4.5.2).
async fn content(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut text = String::new();
    loop {
        let line = line(stream).await?;
        if line == ".\r\n" {
            return Ok(text);
        }
        if text.len() + line.len() > MAX_MAIL {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_sent_is_kept() {
        let server = Smtp::start().await.unwrap();
        let mut stream = BufReader::new(TcpStream::connect(server.address()).await.unwrap());
        let say = "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nSubject: code 1\r\n\r\n..x\r\n.\r\nQUIT\r\n";
        stream.get_mut().write_all(say.as_bytes()).await.unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).await.unwrap();
        assert!(answers.ends_with("250 kept\r\n221 bye\r\n"), "{answers}");
        let mail = server.after(0).remove(0);
        assert_eq!((mail.to, mail.text.as_str()), (vec!["c@d".to_owned()], "Subject: code 1\r\n\r\n.x\r\n"));
        assert_eq!(server.after(0)[0].field("subject").as_deref(), Some("code 1"));
        assert!(server.after(1).is_empty());
    }
}

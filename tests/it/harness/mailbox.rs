//! A mail server that keeps what it is given, and can be out of order for a while.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// One mail as it came, with those for whom it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) text: String,
}

impl Mail {
    /// A header field that stands on one line.
    pub(crate) fn field(&self, name: &str) -> &str {
        let line = self.text.lines().take_while(|line| !line.is_empty()).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        });
        line.unwrap_or_default()
    }

    /// Whether it has these words, wherever its lines are broken.
    pub(crate) fn says(&self, words: &str) -> bool {
        let flat: Vec<&str> = self.text.split_whitespace().collect();
        flat.join(" ").contains(words)
    }

    /// The code that answers the notice.
    pub(crate) fn code(&self) -> &str {
        let (_, behind) =
            self.text.split_once("ridd notice ack ").unwrap_or_else(|| panic!("no code in {}", self.text));
        behind.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap_or_default()
    }
}

/// The server, with what it took.
pub(crate) struct Mailbox {
    /// `HOST:PORT`.
    pub(crate) address: String,
    mails: Arc<Mutex<Vec<Mail>>>,
    down: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

impl Mailbox {
    /// Listens on a free port.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (mails, down) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (kept, off) = (Arc::clone(&mails), Arc::clone(&down));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Whoever comes while it is out of order is hung up on.
                if !off.load(Ordering::SeqCst) {
                    let kept = Arc::clone(&kept);
                    tokio::spawn(async move { talk(stream, &kept).await });
                }
            }
        });
        Self { address, mails, down, task }
    }

    /// Out of order from now on, or in order again.
    pub(crate) fn out_of_order(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// What came so far, in order.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    /// Waits for a mail to that address whose text has these words.
    pub(crate) async fn mail(&self, to: &str, words: &str) -> Mail {
        let shown = || {
            let came: Vec<_> =
                self.mails().iter().map(|mail| format!("{}: {}", mail.to, mail.field("subject"))).collect();
            format!("a mail to {to} with {words:?}; came {came:#?}")
        };
        let found = async || self.mails().into_iter().find(|mail| mail.to == to && mail.says(words));
        super::wait::until(shown, found).await
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// SMTP as far as it is needed; a client that hangs up ends it.
async fn talk(stream: TcpStream, kept: &Mutex<Vec<Mail>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.get_mut().write_all(b"220 mail.example ready\r\n").await.ok()?;
    let mut mail = Mail::default();
    loop {
        let line = line(&mut stream).await?;
        let answer = match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "RCPT" => {
                mail.to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                "250 ok"
            }
            "DATA" => {
                stream.get_mut().write_all(b"354 go on\r\n").await.ok()?;
                loop {
                    let line = self::line(&mut stream).await?;
                    if line == "." {
                        break;
                    }
                    mail.text.extend([line.strip_prefix('.').unwrap_or(&line), "\n"]);
                }
                kept.lock().unwrap().push(std::mem::take(&mut mail));
                "250 taken"
            }
            "QUIT" => {
                stream.get_mut().write_all(b"221 bye\r\n").await.ok()?;
                return Some(());
            }
            _ => "250 ok",
        };
        stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}

/// A line without its end; nothing at the end of the connection.
async fn line(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}

//! Tidings: what we have changed is told to the other nodes, and what they have changed is heard.
//!
//! One connection of its own does both; nothing of it is in the transaction of a commit, for NOTIFY there would hold up all
//! others. What is told is gathered meanwhile, so that a busy node tells seldom and much at a time. NOTIFY may be lost (the
//! line was cut, the one who tells died): the table `commits`, in which each node counts its commits, is looked at each
//! second, and whoever has counted further than was heard has told something that was lost. Once a minute everything is
//! to be looked at in any case.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, broadcast, mpsc};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_postgres::{AsyncMessage, Client};
use uuid::Uuid;

use super::connect::{Connector, Line, Purpose};
use super::group::Writes;
use super::statements::Statements;
use crate::store::table::{ColumnKind, Table, Value};
use crate::store::{StoreError, Tiding};

/// The channel.
const CHANNEL: &str = "ridd";
/// More rows of one table than this are told as the table.
const ROWS: usize = 32;
/// PostgreSQL takes less than 8000 bytes at once.
const LONGEST: usize = 7900;
/// At least so long from one telling to the next.
const PAUSE: Duration = Duration::from_millis(20);
/// How often the counters are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// After so many looks everything is to be read anew.
const ROUND: u32 = 60;
/// So many tidings wait for a slow listener before it is told that it missed some.
const WAITING: usize = 1024;

/// What is told at once.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    /// Whose commits.
    by: String,
    /// The number of the last commit that was told before.
    after: i64,
    /// The number of the last commit told now.
    upto: i64,
    /// Tables, and the first columns of keys of rows; all rows where there is none.
    rows: Vec<(String, Option<String>)>,
}

/// What is to be told next. Where there are too many rows of a table, they are not kept.
#[derive(Debug, Default)]
struct Gathered {
    told: i64,
    upto: i64,
    rows: BTreeMap<&'static str, Option<BTreeSet<String>>>,
}

/// What is told and heard.
#[derive(Debug)]
pub(super) struct Teller {
    instance: Uuid,
    tables: Vec<&'static Table>,
    gathered: Mutex<Gathered>,
    more: Notify,
    tidings: broadcast::Sender<Tiding>,
}

impl Teller {
    pub(super) fn new(instance: Uuid, tables: &[&'static Table]) -> Arc<Self> {
        let (gathered, more) = (Mutex::default(), Notify::new());
        Arc::new(Self { instance, tables: tables.to_vec(), gathered, more, tidings: broadcast::Sender::new(WAITING) })
    }

    /// What other nodes change from now on.
    pub(super) fn tidings(&self) -> broadcast::Receiver<Tiding> {
        self.tidings.subscribe()
    }

    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what the commit of that number has changed. Waits for nothing.
    pub(super) fn committed(&self, number: i64, writes: &BTreeMap<&'static str, Writes<'_>>, statements: &Statements) {
        let mut gathered = self.gathered();
        gathered.upto = number;
        for (name, writes) in writes {
            let Some(table) = statements.named(name).map(|prepared| prepared.table) else { continue };
            // Nobody remembers what is only there to keep bytes.
            if table.columns.iter().any(|spec| spec.kind == ColumnKind::Bytes && !spec.optional) {
                continue;
            }
            let rows = gathered.rows.entry(table.name).or_insert_with(|| Some(BTreeSet::new()));
            let put = writes.inserts.iter().chain(&writes.upserts).map(|(row, _)| row.key(table));
            for key in writes.deletes.iter().cloned().chain(put) {
                let Some(known) = rows else { break };
                known.insert(key.first().map_or_else(String::new, text));
                if known.len() > ROWS {
                    *rows = None;
                }
            }
        }
        drop(gathered);
        self.more.notify_one();
    }

    /// What is to be said now, if anything.
    fn take(&self) -> Option<String> {
        let mut gathered = self.gathered();
        if gathered.upto == gathered.told {
            return None;
        }
        let rows = std::mem::take(&mut gathered.rows);
        let mut told =
            Told { by: self.instance.to_string(), after: gathered.told, upto: gathered.upto, rows: Vec::new() };
        gathered.told = gathered.upto;
        drop(gathered);
        for (table, keys) in &rows {
            match keys {
                None => told.rows.push(((*table).to_owned(), None)),
                Some(keys) => told.rows.extend(keys.iter().map(|key| ((*table).to_owned(), Some(key.clone())))),
            }
        }
        let long = serde_json::to_string(&told).unwrap_or_default();
        if !long.is_empty() && long.len() <= LONGEST {
            return Some(long);
        }
        told.rows = rows.keys().map(|table| ((*table).to_owned(), None)).collect();
        serde_json::to_string(&told).ok()
    }

    /// Tells and hears until the runtime ends.
    pub(super) async fn run(self: Arc<Self>, connector: Arc<Connector>) {
        let mut pause = PAUSE;
        let mut first = true;
        loop {
            match connector.connect(Purpose::Tell).await {
                Ok((client, line)) => {
                    let why = self.converse(&connector, client, line, first, &mut pause).await;
                    tracing::warn!(%why, "the line that tells and hears changes was cut");
                    first = false;
                }
                Err(why) => tracing::debug!(%why, "no line to tell and hear changes"),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LOOK);
        }
    }

    /// Tells and hears until the line is cut; why it was.
    async fn converse(
        &self,
        connector: &Connector,
        client: Client,
        mut line: Line,
        first: bool,
        pause: &mut Duration,
    ) -> StoreError {
        let (notes, mut heard_notes) = mpsc::channel(WAITING);
        let driver = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| line.poll_message(context)).await {
                if let AsyncMessage::Notification(note) = message
                    && notes.send(note.payload().to_owned()).await.is_err()
                {
                    return;
                }
            }
        });
        let limit = connector.patience() * 2;
        let ask = async |sql: String| match timeout(limit, client.simple_query(&sql)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(why)) => Err(connector.error("telling of changes", &why)),
            Err(_) => Err(connector.silent("it did not answer in time")),
        };
        let mut heard = Heard { ours: self.instance, upto: HashMap::new(), behind: HashMap::new() };
        let cut = async {
            ask(format!("LISTEN {CHANNEL}")).await?;
            heard.upto = counters(&client, connector).await?;
            *pause = PAUSE;
            if !first {
                self.tell(Tiding::Anything);
            }
            let mut looks = interval(LOOK);
            looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut looked = 0u32;
            loop {
                tokio::select! {
                    note = heard_notes.recv() => match note {
                        Some(note) => self.hear(&note, &mut heard),
                        None => return Err(connector.silent("the connection was closed")),
                    },
                    () = self.more.notified() => {
                        if let Some(told) = self.take() {
                            ask(format!("NOTIFY {CHANNEL}, '{}'", told.replace('\'', "''"))).await?;
                        }
                        sleep(PAUSE).await;
                    }
                    _ = looks.tick() => {
                        looked += 1;
                        let lost = heard.lost(counters(&client, connector).await?);
                        if lost || looked.is_multiple_of(ROUND) {
                            self.tell(Tiding::Anything);
                        }
                    }
                }
            }
        };
        let cut: Result<(), StoreError> = cut.await;
        driver.abort();
        cut.err().unwrap_or(StoreError::Closed)
    }

    fn tell(&self, tiding: Tiding) {
        // Nobody may be listening, which is no fault.
        let _ = self.tidings.send(tiding);
    }

    fn hear(&self, note: &str, heard: &mut Heard) {
        let read = serde_json::from_str::<Told>(note).ok().and_then(|told| Some((told.by.parse().ok()?, told)));
        let Some((by, told)): Option<(Uuid, Told)> = read else { return self.tell(Tiding::Anything) };
        if by == self.instance {
            return;
        }
        if heard.note(by, &told) {
            self.tell(Tiding::Anything);
        }
        for (name, key) in told.rows {
            // A table that we do not know is of a newer version.
            let Some(table) = self.tables.iter().find(|table| table.name == name).map(|table| table.name) else {
                continue;
            };
            self.tell(match key {
                Some(key) => Tiding::Row { table, key },
                None => Tiding::Table { table },
            });
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Null | Value::Bytes(_) => String::new(),
    }
}

/// How far each process has counted its commits.
async fn counters(client: &Client, connector: &Connector) -> Result<HashMap<Uuid, i64>, StoreError> {
    let asked = client.query("SELECT instance, number FROM commits", &[]);
    let rows = match timeout(connector.patience() * 2, asked).await {
        Ok(Ok(rows)) => rows,
        Ok(Err(why)) => return Err(connector.error("looking for changes", &why)),
        Err(_) => return Err(connector.silent("it did not answer in time")),
    };
    let read = |row: &tokio_postgres::Row| Some((row.try_get(0).ok()?, row.try_get(1).ok()?));
    Ok(rows.iter().filter_map(read).collect())
}

/// How far the others were heard.
#[derive(Debug)]
struct Heard {
    ours: Uuid,
    upto: HashMap<Uuid, i64>,
    /// Who had counted further than was heard when we last looked: what they told may be on its way.
    behind: HashMap<Uuid, i64>,
}

impl Heard {
    /// Notes what was told; whether something told before it was lost.
    fn note(&mut self, by: Uuid, told: &Told) -> bool {
        let before = self.upto.get(&by).copied().unwrap_or(0);
        self.upto.insert(by, told.upto.max(before));
        before < told.after
    }

    /// Notes how far the others have counted; whether something they told was lost.
    fn lost(&mut self, counters: HashMap<Uuid, i64>) -> bool {
        let mut lost = false;
        self.upto.retain(|by, _| counters.contains_key(by));
        let behind = std::mem::take(&mut self.behind);
        for (by, number) in counters {
            let heard = self.upto.get(&by).copied().unwrap_or(0);
            if by == self.ours || heard >= number {
                continue;
            }
            if behind.get(&by).is_some_and(|before| heard < *before) {
                lost = true;
                self.upto.insert(by, number);
            } else {
                self.behind.insert(by, number);
            }
        }
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(after: i64, upto: i64) -> Told {
        Told { by: String::new(), after, upto, rows: Vec::new() }
    }

    #[test]
    fn what_was_lost_is_noticed_and_what_is_on_its_way_is_not() {
        let (ours, other) = (Uuid::new_v4(), Uuid::new_v4());
        let mut heard = Heard { ours, upto: HashMap::from([(other, 5)]), behind: HashMap::new() };
        let counted = |number| HashMap::from([(other, number), (ours, 99)]);
        assert!(!heard.lost(counted(7)), "it may be on its way");
        assert!(!heard.note(other, &told(5, 7)));
        assert!(!heard.lost(counted(7)));
        assert!(!heard.lost(counted(8)));
        assert!(heard.lost(counted(9)), "what was counted a second ago was never told");
        assert!(!heard.lost(counted(9)));
        assert!(heard.note(other, &told(11, 12)), "10 and 11 were not heard");
        assert!(!heard.note(Uuid::new_v4(), &told(0, 3)), "a new node");
    }
}

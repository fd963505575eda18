//! Writing: one connection, one transaction for everything that waits, in at most two round trips to the server.
//!
//! READ COMMITTED with locks on what counts: see `group`. A group whose rows others have taken or hold is tried again. If
//! the line is cut when the COMMIT may have been sent, a new connection ends the old one's transaction and looks at the
//! number that each commit leaves in the table `commits`: the batch is then known to be committed or not. If that cannot
//! be found out in time, the outcome is [`StoreError::Undecided`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::ClientWrapper;
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row as Found, Statement};
use uuid::Uuid;

use super::connect::{Connector, Purpose};
use super::group::{self, Look, Outcome, Seen, Writes};
use super::notify::Teller;
use super::pipeline::{Step, chunks, keys, rows, together};
use super::statements::Statements;
use crate::store::batch::Batch;
use crate::store::queue::Engine;
use crate::store::table::Value;
use crate::store::{ServerState, StoreError};

/// A group is tried again at most so often when others are in the way.
const TRIES: u32 = 30;
/// After the server was not reached, it is left alone for so long, and twice as long each time, up to the second of them;
/// meanwhile whoever commits is told at once.
const REST: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// A connection that nobody has used for so long is asked first whether it is still there.
const IDLE: Duration = Duration::from_millis(5);
const MARK: &str = "INSERT INTO commits AS c VALUES ($1, $2, now()) \
                    ON CONFLICT (instance) DO UPDATE SET number = excluded.number, at = excluded.at";

/// Why a group was not written.
enum Failed {
    /// The batches must be written one by one.
    Apart(StoreError),
    /// A row that should be new is there, or others were in the way: again, and more carefully.
    Again(StoreError),
    /// The line was cut before the COMMIT was sent.
    Cut(StoreError),
    /// The line was cut when the COMMIT may have been sent.
    Unknown(Cut),
    /// The server does not serve us.
    Down(StoreError),
}

/// What is known of a commit that was cut.
struct Cut {
    number: i64,
    backend: Backend,
    results: Vec<Result<(), StoreError>>,
    why: StoreError,
}

/// The process on the server behind a connection.
#[derive(Clone, Debug)]
struct Backend {
    process: i32,
    begun: String,
}

struct Live {
    client: ClientWrapper,
    backend: Backend,
    used: Instant,
}

/// The server was not reached.
struct Down {
    until: Instant,
    rest: Duration,
    why: StoreError,
}

/// Writes, on the thread of the queue.
pub(super) struct Writer {
    runtime: Runtime,
    committer: Committer,
}

impl Writer {
    pub(super) fn new(runtime: Runtime, committer: Committer) -> Self {
        Self { runtime, committer }
    }
}

impl Engine for Writer {
    fn write(&mut self, group: &[Batch]) -> Vec<Result<(), StoreError>> {
        self.runtime.block_on(self.committer.write(group))
    }
}

/// The writing connection, and what it needs.
pub(super) struct Committer {
    connector: Arc<Connector>,
    statements: Arc<Statements>,
    teller: Arc<Teller>,
    instance: Uuid,
    number: i64,
    live: Option<Live>,
    down: Option<Down>,
}

impl Committer {
    pub(super) fn new(
        connector: Arc<Connector>,
        statements: Arc<Statements>,
        teller: Arc<Teller>,
        instance: Uuid,
    ) -> Self {
        Self { connector, statements, teller, instance, number: 0, live: None, down: None }
    }

    async fn write(&mut self, group: &[Batch]) -> Vec<Result<(), StoreError>> {
        let until = Instant::now() + self.connector.patience();
        let mut careful = false;
        for tries in 1.. {
            let failed = match self.attempt(group, careful).await {
                Ok(results) => return results,
                Err(failed) => failed,
            };
            let over = tries >= TRIES || Instant::now() >= until;
            match failed {
                Failed::Again(_) if !over => {
                    careful = true;
                    sleep(jitter(Duration::from_millis(2 << tries.min(6)))).await;
                }
                Failed::Cut(_) if !over => {}
                Failed::Unknown(cut) => match self.resolve(&cut, until).await {
                    Ok(true) => return cut.results,
                    Ok(false) if !over => {}
                    Ok(false) => return all(group, &cut.why),
                    Err(_) => {
                        let (place, why) = (self.connector.shown().to_owned(), cut.why.to_string());
                        let undecided = StoreError::Undecided { place, why };
                        return cut
                            .results
                            .into_iter()
                            .map(|result| result.and_then(|()| Err(undecided.again())))
                            .collect();
                    }
                },
                // One of them may be at fault, or too large for what room is left: each gets a transaction of its own.
                Failed::Apart(_) if group.len() > 1 => {
                    let mut results = Vec::with_capacity(group.len());
                    for batch in group {
                        results.extend(Box::pin(self.write(std::slice::from_ref(batch))).await);
                    }
                    return results;
                }
                Failed::Down(why) => {
                    if matches!(&why, StoreError::Server { state: ServerState::ReadOnly, .. }) {
                        // Another of the servers may be the one to write to by now.
                        self.live = None;
                    }
                    return all(group, &why);
                }
                Failed::Apart(why) | Failed::Again(why) | Failed::Cut(why) => return all(group, &why),
            }
        }
        Vec::new()
    }

    /// One try.
    async fn attempt(&mut self, group: &[Batch], careful: bool) -> Result<Vec<Result<(), StoreError>>, Failed> {
        let refused = group.iter().map(|batch| group::refused(batch, &self.statements).map_or(Ok(()), Err));
        let results: Vec<Result<(), StoreError>> = refused.collect();
        let sound: Vec<_> =
            group.iter().enumerate().filter(|(at, _)| results.get(*at).is_some_and(Result::is_ok)).collect();
        if sound.is_empty() {
            return Ok(results);
        }
        let Some(looks) = group::look(&sound, careful) else {
            let why = "a log is shortened and appended to by batches that came together".to_owned();
            let place = self.connector.shown().to_owned();
            return Err(Failed::Apart(StoreError::Backend { doing: "committing", place, why }));
        };
        self.connect().await.map_err(Failed::Down)?;
        let begun = !looks.is_empty();
        let seen = if begun { self.look(&looks).await? } else { BTreeMap::new() };
        let Outcome { results, writes } = group::decide(&sound, results, &looks, &seen);
        if writes.is_empty() {
            if begun {
                self.roll_back().await;
            }
            return Ok(results);
        }
        self.number += 1;
        match self.apply(&writes, begun).await {
            Ok(()) => {
                self.teller.committed(self.number, &writes, &self.statements);
                Ok(results)
            }
            Err(Failed::Unknown(cut)) => Err(Failed::Unknown(Cut { results, ..cut })),
            Err(other) => Err(other),
        }
    }

    /// Sees to it that there is a connection.
    async fn connect(&mut self) -> Result<(), StoreError> {
        if self.still_there().await {
            return Ok(());
        }
        self.live = None;
        if let Some(down) = &self.down
            && Instant::now() < down.until
        {
            return Err(down.why.again());
        }
        match self.dial().await {
            Ok(live) => {
                if self.down.take().is_some() {
                    tracing::info!(server = self.connector.shown(), "the store's server is back");
                }
                self.live = Some(live);
                Ok(())
            }
            Err(why) => {
                let rest = self.down.as_ref().map_or(REST.0, |down| (down.rest * 2).min(REST.1));
                self.down = Some(Down { until: Instant::now() + jitter(rest), rest, why: why.again() });
                Err(why)
            }
        }
    }

    /// Whether the connection there is can be used. One that nobody has used for a while is asked: a commit that is sent
    /// into a line that was cut long ago could not be told from one that was carried out.
    async fn still_there(&mut self) -> bool {
        let Some(live) = &mut self.live else { return false };
        let idle = live.used.elapsed() > IDLE;
        live.used = Instant::now();
        if idle {
            let asked = timeout(self.connector.connect_patience(), live.client.batch_execute("SELECT")).await;
            return matches!(asked, Ok(Ok(())));
        }
        !live.client.is_closed()
    }

    async fn dial(&self) -> Result<Live, StoreError> {
        const WHO: &str = "SELECT pg_backend_pid(), (SELECT backend_start::text FROM pg_stat_activity \
                           WHERE pid = pg_backend_pid()), current_setting('synchronous_commit')";
        let (client, line) = self.connector.connect(Purpose::Write).await?;
        let driver = tokio::spawn(async move {
            // Whoever waits for an answer is told.
            let _ = line.await;
        });
        let client = ClientWrapper::new(client, driver);
        let asked = async {
            let row = client.query_one(WHO, &[]).await?;
            let backend = Backend { process: row.try_get(0)?, begun: row.try_get(1)? };
            if row.try_get::<_, &str>(2)? == "off" {
                client.batch_execute("SET synchronous_commit = on").await?;
            }
            Ok::<_, Error>(backend)
        };
        match timeout(self.connector.connect_patience(), asked).await {
            Ok(Ok(backend)) => Ok(Live { client, backend, used: Instant::now() }),
            Ok(Err(why)) => Err(self.connector.error("connecting", &why)),
            Err(_) => Err(self.connector.silent("it did not answer in time")),
        }
    }

    /// Begins the transaction, locks what counts and looks at it.
    async fn look(&mut self, looks: &BTreeMap<&'static str, Look>) -> Result<BTreeMap<&'static str, Seen>, Failed> {
        let Some(live) = &self.live else { return Err(Failed::Down(StoreError::Closed)) };
        let limit = self.connector.patience() * 2;
        match timeout(limit, looked(live, &self.statements, looks)).await {
            Ok(Ok(seen)) => Ok(seen),
            Ok(Err(why)) => {
                let failed = self.judge(&why, "looking at what a batch relies on");
                self.roll_back().await;
                Err(failed)
            }
            Err(_) => {
                self.live = None;
                Err(Failed::Down(self.connector.silent("it did not answer in time")))
            }
        }
    }

    /// Writes everything and commits, in one round trip.
    async fn apply(&mut self, writes: &BTreeMap<&'static str, Writes<'_>>, begun: bool) -> Result<(), Failed> {
        let Some(live) = &self.live else { return Err(Failed::Down(StoreError::Closed)) };
        let backend = live.backend.clone();
        let unknown = |why| Failed::Unknown(Cut { number: self.number, backend, results: Vec::new(), why });
        let limit = self.connector.patience() * 2;
        let written = written(live, &self.statements, writes, (self.instance, self.number), begun);
        let why = match timeout(limit, written).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(why)) => why,
            Err(_) => {
                let failed = unknown(self.connector.silent("it did not answer in time"));
                self.live = None;
                return Err(failed);
            }
        };
        match self.judge(&why, "committing") {
            // All was sent together.
            Failed::Cut(why) => {
                let failed = unknown(why);
                self.live = None;
                Err(failed)
            }
            other => {
                if !begun {
                    return Err(other);
                }
                self.roll_back().await;
                Err(other)
            }
        }
    }

    /// What to make of an error.
    fn judge(&self, why: &Error, doing: &'static str) -> Failed {
        let ours = self.connector.error(doing, why);
        let Some(said) = why.as_db_error() else { return Failed::Cut(ours) };
        if matches!(said.parsed_severity(), Some(Severity::Fatal | Severity::Panic)) {
            return Failed::Cut(ours);
        }
        let again = [SqlState::UNIQUE_VIOLATION, SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
        match ours {
            ours if again.contains(said.code()) => Failed::Again(ours),
            ours @ StoreError::Server { .. } => Failed::Down(ours),
            ours => Failed::Apart(ours),
        }
    }

    /// Leaves no transaction open; a connection that does not answer is given up.
    async fn roll_back(&mut self) {
        let Some(live) = &self.live else { return };
        let undone = timeout(self.connector.patience(), live.client.batch_execute("ROLLBACK")).await;
        if !matches!(undone, Ok(Ok(()))) {
            self.live = None;
        }
    }

    /// Whether a commit that was cut has happened; asks until then.
    ///
    /// # Errors
    /// If it cannot be found out.
    async fn resolve(&mut self, cut: &Cut, until: Instant) -> Result<bool, StoreError> {
        loop {
            let asked = async {
                self.connect().await?;
                let Some(live) = &self.live else { return Err(StoreError::Closed) };
                match timeout(self.connector.patience(), resolved(live, self.instance, cut)).await {
                    Ok(Ok(found)) => Ok(found),
                    Ok(Err(why)) => Err(self.connector.error("looking whether a batch was committed", &why)),
                    Err(_) => Err(self.connector.silent("it did not answer in time")),
                }
            };
            match asked.await {
                Ok(committed) => {
                    tracing::warn!(committed, "the line was cut during a commit, whose outcome is known now");
                    return Ok(committed);
                }
                Err(why) if Instant::now() >= until => return Err(why),
                Err(_) => {
                    self.live = None;
                    sleep(jitter(REST.0)).await;
                }
            }
        }
    }
}

/// The same error for all.
fn all(group: &[Batch], why: &StoreError) -> Vec<Result<(), StoreError>> {
    group.iter().map(|_| Err(why.again())).collect()
}

/// Between a half and the whole of the span, at random, so that nodes that met do not meet again.
fn jitter(span: Duration) -> Duration {
    let random = u32::from(Uuid::new_v4().as_bytes()[0]);
    span / 2 + span * random / 510
}

/// Ends what is left of the old connection's transaction, and reads how far we have counted. Writes the row anew, so that
/// the answer is as durable as any commit: a server that waits for its standbys waits for them with this one too.
async fn resolved(live: &Live, instance: Uuid, cut: &Cut) -> Result<bool, Error> {
    const END: &str =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND backend_start::text = $2";
    while !live.client.query(END, &[&cut.backend.process, &cut.backend.begun]).await?.is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
    let read = "UPDATE commits SET at = now() WHERE instance = $1 RETURNING number";
    let row = live.client.query_opt(read, &[&instance]).await?;
    row.map_or(Ok(false), |row| Ok(row.try_get::<_, i64>(0)? >= cut.number))
}

/// Begins, locks and reads, in one round trip.
async fn looked(
    live: &Live,
    statements: &Statements,
    looks: &BTreeMap<&'static str, Look>,
) -> Result<BTreeMap<&'static str, Seen>, Error> {
    let client = &live.client;
    let mut asked: Vec<(&'static str, bool, Statement, Vec<&Vec<Value>>)> = Vec::new();
    let mut closed = String::from("BEGIN");
    for (name, look) in looks {
        let Some(prepared) = statements.named(name) else { continue };
        if look.close {
            closed = format!("{closed}; {}", prepared.close);
        }
        let sets = [
            (&prepared.lock, &look.lock, true),
            (&prepared.claim, &look.claim, true),
            (&prepared.share, &look.share, true),
            (&prepared.head, &look.heads, false),
        ];
        for (sql, set, rows) in sets {
            if !set.is_empty() {
                asked.push((name, rows, client.prepare_cached(sql).await?, set.iter().collect()));
            }
        }
    }
    let mut values = Vec::with_capacity(asked.len());
    for (name, _, _, list) in &asked {
        values.push(statements.named(name).map(|prepared| keys(prepared.table, list, true)).unwrap_or_default());
    }
    let mut steps: Vec<Step<'_, Vec<Found>>> = vec![Box::pin(async {
        client.batch_execute(&closed).await?;
        Ok(Vec::new())
    })];
    for ((_, _, statement, _), values) in asked.iter().zip(&values) {
        steps.push(Box::pin(async move {
            let values: Vec<_> = values.iter().map(|values| values as &(dyn ToSql + Sync)).collect();
            client.query(statement, &values).await
        }));
    }
    let mut found = together(steps).await.into_iter();
    found.next().transpose()?;
    let mut seen: BTreeMap<&'static str, Seen> = BTreeMap::new();
    for ((name, rows, _, list), found) in asked.iter().zip(found) {
        let seen = seen.entry(name).or_default();
        for row in found? {
            let (at, number): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
            let Some(key) = usize::try_from(at).ok().and_then(|at| list.get(at)) else { continue };
            let into = if *rows { &mut seen.revisions } else { &mut seen.heads };
            into.insert((*key).clone(), number);
        }
    }
    Ok(seen)
}

/// Writes everything with the mark of the commit, and commits, in one round trip.
async fn written(
    live: &Live,
    statements: &Statements,
    writes: &BTreeMap<&'static str, Writes<'_>>,
    (instance, number): (Uuid, i64),
    begun: bool,
) -> Result<(), Error> {
    let client = &live.client;
    let mut asked = Vec::new();
    for (name, writes) in writes {
        let Some(prepared) = statements.named(name) else { continue };
        let table = prepared.table;
        if !writes.deletes.is_empty() {
            let list: Vec<_> = writes.deletes.iter().collect();
            asked.push((client.prepare_cached(&prepared.delete).await?, keys(table, &list, false)));
        }
        for (sql, list) in [(&prepared.insert, &writes.inserts), (&prepared.upsert, &writes.upserts)] {
            for chunk in chunks(list) {
                asked.push((client.prepare_cached(sql).await?, rows(table, chunk)));
            }
        }
    }
    let mark = client.prepare_cached(MARK).await?;
    let mut steps: Vec<Step<'_, ()>> = Vec::with_capacity(asked.len() + 3);
    if !begun {
        steps.push(Box::pin(client.batch_execute("BEGIN")));
    }
    for (statement, values) in &asked {
        steps.push(Box::pin(async move {
            let values: Vec<_> = values.iter().map(|values| values as &(dyn ToSql + Sync)).collect();
            client.execute(statement, &values).await.map(drop)
        }));
    }
    steps.push(Box::pin(async { client.execute(&mark, &[&instance, &number]).await.map(drop) }));
    steps.push(Box::pin(client.batch_execute("COMMIT")));
    together(steps).await.into_iter().collect()
}

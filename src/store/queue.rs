//! The line of those who commit, and the one thread that writes for all of them.
//!
//! Everything that waits when the disk is free goes to it together (group commit): one sync for many batches. Used by
//! the embedded backends; a backend only says how a group is written.

use std::path::Path;
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use super::batch::Batch;
use super::{Committing, StoreError, pack};

/// The most batches written together: bounds how long the first of a group waits for the last.
const GROUP: usize = 256;

/// How a backend writes.
pub(super) trait Engine: Send + 'static {
    /// Writes the batches in this order and makes them durable. One result for each, in the same order; a batch that
    /// fails changes nothing and does not keep the others from being written.
    fn write(&mut self, group: &[Batch]) -> Vec<Result<(), StoreError>>;
}

/// What became of a batch, and the batch: it is dropped where it was made, because the memory of one thread is given
/// back by another at the price of a lock.
type Told = (Result<(), StoreError>, Batch);

struct Job {
    batch: Batch,
    tell: oneshot::Sender<Told>,
}

/// The line. Dropping it writes what still waits and ends the thread.
#[derive(Debug)]
pub(super) struct Queue {
    line: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Queue {
    /// Starts the committing thread. At most `depth` batches wait; more make those who bring them wait.
    pub(super) fn start(depth: usize, place: &Path, engine: impl Engine) -> Result<Self, StoreError> {
        let (line, jobs) = mpsc::channel(depth);
        let thread = thread::Builder::new().name("store-commit".to_owned()).spawn(move || work(jobs, engine));
        let thread = thread.map_err(|why| StoreError::from_io("starting the committing thread", place, &why))?;
        Ok(Self { line: Some(line), thread: Some(thread) })
    }

    /// Waits until the batch is durable, or has failed. A caller that gives up waiting leaves it undecided whether the
    /// batch is written.
    pub(super) async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.enqueue(batch).await?.await
    }

    /// Gives the batch its place in the line.
    pub(super) async fn enqueue(&self, batch: Batch) -> Result<Committing, StoreError> {
        if batch.is_empty() {
            return Ok(Box::pin(async { Ok(()) }));
        }
        let batch = pack::pack(batch).await?;
        let line = self.line.as_ref().ok_or(StoreError::Closed)?;
        let (tell, told) = oneshot::channel();
        line.send(Job { batch, tell }).await.map_err(|_| StoreError::Closed)?;
        Ok(Box::pin(answer(told)))
    }
}

#[cfg(not(test))]
async fn answer(told: oneshot::Receiver<Told>) -> Result<(), StoreError> {
    told.await.map_err(|_| StoreError::Closed)?.0
}

/// In tests a paused clock jumps as soon as the runtime has nothing to do, and it does not know of our thread. It does
/// know of blocking tasks, so one of them waits.
#[cfg(test)]
async fn answer(told: oneshot::Receiver<Told>) -> Result<(), StoreError> {
    let waited = tokio::task::spawn_blocking(move || told.blocking_recv());
    waited.await.map_err(|_| StoreError::Closed)?.map_err(|_| StoreError::Closed)?.0
}

impl Drop for Queue {
    fn drop(&mut self) {
        drop(self.line.take());
        if let Some(thread) = self.thread.take() {
            // A panic in it has been reported already, and those who waited were told that the store is closed.
            let _ = thread.join();
        }
    }
}

fn work(mut jobs: mpsc::Receiver<Job>, mut engine: impl Engine) {
    let mut group = Vec::with_capacity(GROUP);
    let mut tells = Vec::with_capacity(GROUP);
    while let Some(first) = jobs.blocking_recv() {
        let mut next = Some(first);
        while let Some(Job { batch, tell }) = next {
            group.push(batch);
            tells.push(tell);
            next = if group.len() < GROUP { jobs.try_recv().ok() } else { None };
        }
        let results = engine.write(&group);
        for ((tell, batch), result) in tells.drain(..).zip(group.drain(..)).zip(results) {
            // Whoever does not wait any longer need not be told.
            let _ = tell.send((result, batch));
        }
    }
}

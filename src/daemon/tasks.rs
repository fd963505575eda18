//! The node's long tasks by name, so that one that ends is known by it.

use std::collections::HashMap;
use std::future::Future;

use tokio::task::{Id, JoinSet};

/// The tasks that run.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    set: JoinSet<()>,
    names: HashMap<Id, &'static str>,
}

impl Tasks {
    /// Starts a task.
    pub(super) fn add(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let id = self.set.spawn(task).id();
        self.names.insert(id, name);
    }

    /// The next that ends, for whatever reason; `None` if none is left.
    pub(super) async fn ended(&mut self) -> Option<&'static str> {
        let id = match self.set.join_next_with_id().await? {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(%error, "a part of the node failed");
                error.id()
            }
        };
        Some(self.names.remove(&id).unwrap_or("a task"))
    }

    /// Waits until that task has ended.
    pub(super) async fn until_gone(&mut self, name: &'static str) {
        while self.names.values().any(|running| *running == name) {
            if self.ended().await.is_none() {
                return;
            }
        }
    }

    /// Waits until all have ended.
    pub(super) async fn until_all_gone(&mut self) {
        while self.ended().await.is_some() {}
    }

    /// Those that still run.
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.names.values().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tasks_are_known_by_their_names() {
        let mut tasks = Tasks::default();
        tasks.add("short", async {});
        tasks.add("endless", std::future::pending());
        assert_eq!(tasks.ended().await, Some("short"));
        assert_eq!(tasks.names(), ["endless"]);
        tasks.until_gone("short").await;
        tasks.add("failing", async { panic!("as the test wants it") });
        assert_eq!(tasks.ended().await, Some("failing"));
    }
}

//! The battery: one test for each sentence of the store's promise, run on every backend.
//!
//! A test is a function of a [`Bench`], which knows the backend's scheme and has a directory of its own.

pub(super) mod fixture;
mod leases;
mod promises;
mod scans;
mod upkeep;

use std::sync::Arc;

use crate::store::config::open_with;
use crate::store::{Batch, Config, Record, Store, StoreError, Table, Value, record};

record! {
    /// Something to keep.
    pub struct Thing: "things", version 1, key(name), index by_size(size), index by_owner(owner, size) {
        /// Its name.
        name: String,
        /// Its owner, if it has one.
        owner: Option<String>,
        /// Its size.
        size: i64,
        /// Its content.
        content: Option<Vec<u8>>,
    }
}

record! {
    /// One entry of a log.
    pub struct Entry: "entries", version 1, key(log, number) {
        /// The log.
        log: String,
        /// Its number, from 1.
        number: i64,
    }
}

/// The tables of the tests.
const TABLES: &[&Table] = &[Thing::TABLE, Entry::TABLE];

/// A place for one test.
struct Bench {
    scheme: &'static str,
    place: tempfile::TempDir,
}

impl Bench {
    fn new(scheme: &'static str) -> Self {
        Self { scheme, place: tempfile::tempdir().unwrap() }
    }

    fn config(&self) -> Config {
        Config::at(format!("{}:{}", self.scheme, self.place.path().join("store").display()))
    }

    fn open(&self) -> Arc<dyn Store> {
        self.open_with(TABLES).unwrap()
    }

    fn open_with(&self, tables: &[&'static Table]) -> Result<Arc<dyn Store>, StoreError> {
        open_with(&self.config(), tables)
    }
}

fn thing(name: &str, owner: Option<&str>, size: i64) -> Thing {
    Thing { name: name.to_owned(), owner: owner.map(str::to_owned), size, content: None }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

async fn put(store: &Arc<dyn Store>, things: &[Thing]) {
    let mut batch = Batch::new();
    for thing in things {
        batch.put(thing);
    }
    store.commit(batch).await.unwrap();
}

async fn find(store: &Arc<dyn Store>, name: &str) -> Option<Thing> {
    store.find(vec![text(name)]).await.unwrap()
}

/// Makes a test of each function for each backend.
macro_rules! battery {
    ($($module:ident :: { $($test:ident),+ $(,)? })+) => {
        battery! { @backend sqlite, "sqlite", $($module { $($test)+ })+ }
        #[cfg(feature = "sled")]
        battery! { @backend sled, "sled", $($module { $($test)+ })+ }
    };
    (@backend $backend:ident, $scheme:literal, $($module:ident { $($test:ident)+ })+) => {
        mod $backend {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$module::$test(super::Bench::new($scheme)).await;
                }
            )+)+
        }
    };
}

battery! {
    promises::{
        absent_means_no_row,
        revision_means_written_so_often,
        head_means_the_last_number,
        the_first_failed_precondition_is_named,
        all_or_nothing,
        one_conflict_fails_only_its_own_batch,
        a_later_change_sees_the_earlier,
        a_key_that_was_deleted_starts_anew,
        what_does_not_fit_its_table_is_refused,
        a_row_is_kept_as_another_store_has_it,
        unknown_tables_are_refused,
        everything_is_there_after_reopening,
        everything_that_waits_is_written_before_closing,
        bodies_of_any_size_come_back,
        sixty_four_tasks_commit_at_once,
        batches_are_seen_in_the_order_of_their_commits,
        counts_follow,
        one_process_at_a_time,
        an_older_row_is_read_and_rewritten,
        a_newer_row_is_refused,
        facts_name_the_engine,
    }
    fixture::{
        a_store_of_the_first_layout_is_read,
    }
    leases::{
        a_duty_has_one_holder,
        who_lost_a_duty_changes_nothing,
        a_holder_started_again_fences_its_former_self,
    }
    upkeep::{
        a_sound_store_checks_as_sound,
        changed_and_missing_bytes_are_found,
        a_backup_is_restored,
    }
    scans::{
        by_key,
        by_index_then_key,
        missing_values_come_first,
        prefixes_select,
        bounds_include_and_exclude,
        bounds_of_fewer_columns_take_all_below_them,
        bounds_of_missing_values,
        descending_is_the_reverse,
        limits_cut,
        a_changed_row_moves_in_its_indexes,
        unknown_orders_are_refused,
        every_scan_agrees_with_sorting,
    }
}

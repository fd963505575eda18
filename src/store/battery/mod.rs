//! The battery: one test for each sentence of the store's promise, run on every backend.
//!
//! A test is a function of a [`Bench`], which knows the backend's scheme and has a directory or a database of its own.

pub(super) mod fixture;
mod leases;
mod promises;
mod scans;
#[cfg(feature = "postgres")]
mod together;
mod upkeep;

use std::sync::Arc;

use crate::store::config::open_with;
#[cfg(feature = "postgres")]
use crate::store::postgres::fixture as fixture_server;
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
    /// The database of that test, if the store lives with a server.
    database: Option<String>,
}

impl Bench {
    /// A place of its own; `None` if the server that is needed is not there.
    fn new(scheme: &'static str) -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        #[cfg(feature = "postgres")]
        let database = match scheme {
            "postgres" => Some(fixture_server::shared()?.database()),
            _ => None,
        };
        #[cfg(not(feature = "postgres"))]
        let database = None;
        Some(Self { scheme, place, database })
    }

    /// What `store.url` is for this place.
    fn address(&self) -> String {
        match &self.database {
            None => format!("{}:{}", self.scheme, self.place.path().join("store").display()),
            #[cfg(feature = "postgres")]
            Some(database) => fixture_server::shared().unwrap().url("postgres", database),
            #[cfg(not(feature = "postgres"))]
            Some(_) => unreachable!("there is no server"),
        }
    }

    /// Runs SQL in the database of a store that lives with a server.
    #[cfg(feature = "postgres")]
    fn sql(&self, sql: &str) -> String {
        fixture_server::shared().unwrap().sql(self.database.as_deref().unwrap(), sql)
    }

    /// Has somebody else run SQL there, who holds what it locks.
    #[cfg(feature = "postgres")]
    fn hold(&self, sql: &str) -> fixture_server::Holder {
        fixture_server::shared().unwrap().hold(self.database.as_deref().unwrap(), sql)
    }

    /// Such a database as SQL, without what differs from one time to the next.
    #[cfg(feature = "postgres")]
    fn dump(&self) -> String {
        self.sql("DELETE FROM ridd.commits; UPDATE ridd.layout SET since = 'epoch'");
        fixture_server::shared().unwrap().dump(self.database.as_deref().unwrap(), "ridd")
    }

    fn config(&self) -> Config {
        Config::at(self.address())
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

/// Makes a test of each function for each backend: for all, for those with a directory of their own, for those that
/// several nodes may share.
macro_rules! battery {
    (
        all { $($all:ident :: { $($one:ident),+ $(,)? })+ }
        embedded { $($embedded:ident :: { $($alone:ident),+ $(,)? })+ }
        shared { $($shared:ident :: { $($both:ident),+ $(,)? })+ }
    ) => {
        battery! { @backend sqlite, "sqlite", $($all { $($one)+ })+ $($embedded { $($alone)+ })+ }
        #[cfg(feature = "sled")]
        battery! { @backend sled, "sled", $($all { $($one)+ })+ $($embedded { $($alone)+ })+ }
        #[cfg(feature = "postgres")]
        battery! { @backend postgres, "postgres", $($all { $($one)+ })+ $($shared { $($both)+ })+ }
    };
    (@backend $backend:ident, $scheme:literal, $($module:ident { $($test:ident)+ })+) => {
        mod $backend {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let Some(bench) = super::Bench::new($scheme) else { return };
                    super::$module::$test(bench).await;
                }
            )+)+
        }
    };
}

battery! {
    all {
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
    embedded {
        promises::{ one_process_at_a_time }
        upkeep::{
            a_backup_is_restored,
            a_store_in_use_is_copied_as_it_is_at_one_moment,
        }
    }
    shared {
        together::{
            a_new_row_is_one_nodes,
            no_change_is_lost,
            a_log_has_no_number_twice,
            an_absence_that_nobody_fills_holds_too,
            a_row_that_is_relied_on_does_not_change,
            a_claim_waits_for_nobody_and_a_change_does,
            rows_asked_for_together_are_as_they_were_committed,
            a_duty_is_one_nodes,
            what_the_other_changes_is_heard_and_ones_own_is_not,
            what_was_not_told_is_noticed,
            lines_that_are_cut_are_made_anew,
            a_cut_commit_is_there_or_not_as_told,
        }
    }
}

//! Lays the tables out, and brings older layouts up to date: forward only, under a lock, in one transaction.
//!
//! Everything is in the schema `ridd`. A table has the record's columns under their own names, and `_version` and
//! `_revision`; UUIDs are `uuid`, digests are `bytea` of 32 bytes, instants are microseconds. The view `show_TABLE` gives
//! digests as text and instants as `timestamptz`, and is what people may be let at. A column that a record gained is added; the rows that are there have NULL in it. `layout` says
//! the version of all this; `commits` has a row for each process that writes, with the number of its last commit.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use tokio_postgres::Client;

use super::connect::Connector;
use super::rows::sql_type;
use super::statements::ordered;
use crate::store::table::{ColumnKind, ColumnSpec, Index, Table};
use crate::store::{ServerState, StoreError};

/// Where everything is.
pub(super) const SCHEMA: &str = "ridd";
/// The version of what this file describes; a newer one is refused. 2: views show instants as times.
const LAYOUT: i64 = 2;
/// Whoever lays out holds this advisory lock of the database ("ridd").
const LOCK: i64 = 0x7269_6464;
/// What readers of the views are not shown: bytes of messages, and secrets of people.
const PRIVATE: [&str; 4] = ["bodies", "plains", "credentials", "sessions"];

/// Sees to it that the tables are there as this program needs them.
///
/// # Errors
/// [`StoreError::NewerLayout`] if a newer program laid them out; [`StoreError::Server`], unprepared, if they are not as
/// needed and our user may not change that.
pub(super) async fn ensure(
    client: &Client,
    connector: &Connector,
    tables: &[&'static Table],
) -> Result<(), StoreError> {
    let failed = |why: tokio_postgres::Error| connector.error("reading the layout", &why);
    let found = version(client).await.map_err(failed)?;
    let known = |found| StoreError::NewerLayout { place: connector.shown().to_owned(), found, known: LAYOUT };
    if let Some(newer) = found.filter(|found| *found > LAYOUT) {
        return Err(known(newer));
    }
    if found == Some(LAYOUT) && missing(client, tables).await.map_err(failed)?.is_empty() {
        return Ok(());
    }
    let ours = "SELECT coalesce((SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = $1), \
                has_database_privilege(current_database(), 'CREATE'))";
    let may: bool = client.query_one(ours, &[&SCHEMA]).await.map_err(failed)?.try_get(0).map_err(failed)?;
    if !may {
        let why = "tables or columns that this version needs are not there".to_owned();
        let place = connector.shown().to_owned();
        return Err(StoreError::Server { place, state: ServerState::Unprepared, why });
    }
    lay_out(client, connector, tables).await
}

/// The version of the layout, if there is one.
async fn version(client: &Client) -> Result<Option<i64>, tokio_postgres::Error> {
    let there = client.query_one("SELECT to_regclass('ridd.layout') IS NOT NULL", &[]).await?;
    if !there.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    let row = client.query_opt("SELECT max(version) FROM ridd.layout", &[]).await?;
    row.map_or(Ok(None), |row| row.try_get(0))
}

async fn lay_out(client: &Client, connector: &Connector, tables: &[&'static Table]) -> Result<(), StoreError> {
    let failed = |why: tokio_postgres::Error| connector.error("laying out the tables", &why);
    let begin = format!("BEGIN; SELECT pg_advisory_xact_lock({LOCK}); SET LOCAL client_min_messages = warning");
    client.batch_execute(&begin).await.map_err(failed)?;
    let laid_out = async {
        client.batch_execute(&base()).await?;
        // Read again: somebody else may have been faster.
        for statement in missing(client, tables).await? {
            client.batch_execute(&statement).await?;
        }
        client.batch_execute(&format!("{}; COMMIT", views(tables))).await
    };
    if let Err(why) = laid_out.await {
        let _ = client.batch_execute("ROLLBACK").await;
        return Err(failed(why));
    }
    Ok(())
}

fn base() -> String {
    format!(
        "CREATE SCHEMA IF NOT EXISTS {SCHEMA};
         CREATE TABLE IF NOT EXISTS {SCHEMA}.layout (version bigint PRIMARY KEY, since timestamptz NOT NULL DEFAULT now());
         INSERT INTO {SCHEMA}.layout (version) VALUES ({LAYOUT}) ON CONFLICT DO NOTHING;
         CREATE TABLE IF NOT EXISTS {SCHEMA}.commits
             (instance uuid PRIMARY KEY, number bigint NOT NULL, at timestamptz NOT NULL) WITH (fillfactor = 50)"
    )
}

/// The statements that make what is not there: tables, columns, indexes.
async fn missing(client: &Client, tables: &[&'static Table]) -> Result<Vec<String>, tokio_postgres::Error> {
    let mut present: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let columns = "SELECT c.relname::text, a.attname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
                   WHERE c.relnamespace = to_regnamespace($1::text) AND c.relkind = 'r' AND a.attnum > 0 AND NOT attisdropped";
    for row in client.query(columns, &[&SCHEMA]).await? {
        present.entry(row.try_get(0)?).or_default().insert(row.try_get(1)?);
    }
    let indexes = "SELECT c.relname::text, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class c \
                   JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = to_regnamespace($1::text) \
                   AND c.relkind = 'i' GROUP BY c.oid, c.relname";
    let mut indexed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in client.query(indexes, &[&SCHEMA]).await? {
        indexed.insert(row.try_get(0)?, row.try_get(1)?);
    }
    let mut statements = Vec::new();
    for table in tables {
        match present.get(table.name) {
            None => statements.push(create(table)),
            Some(there) => {
                let gained = table.columns.iter().filter(|spec| !there.contains(spec.name));
                statements.extend(
                    gained.map(|spec| {
                        format!("ALTER TABLE {SCHEMA}.\"{}\" ADD COLUMN {}", table.name, column(spec, false))
                    }),
                );
            }
        }
        for index in table.indexes {
            let name = format!("{}_{}", table.name, index.name);
            let order = table.order(Some(index.name));
            let there = indexed.get(&name);
            // An attribute of an index keeps the name that its column had when the index was made.
            if there.is_none_or(|there| !there.iter().eq(order.iter().copied())) {
                statements.push(create_index(table, index));
            }
        }
    }
    Ok(statements)
}

/// The names in quotes, with commas.
pub(super) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

fn column(spec: &ColumnSpec, needed: bool) -> String {
    let kind = match spec.kind {
        ColumnKind::Text => "text COLLATE \"C\"".to_owned(),
        kind => sql_type(kind).to_owned(),
    };
    let length = if spec.kind == ColumnKind::Digest {
        format!(" CHECK (octet_length(\"{}\") = 32)", spec.name)
    } else {
        String::new()
    };
    let null = if needed && !spec.optional { " NOT NULL" } else { "" };
    format!("\"{}\" {kind}{null}{length}", spec.name)
}

fn create(table: &Table) -> String {
    let name = table.name;
    let mut sql = format!("CREATE TABLE {SCHEMA}.\"{name}\" (");
    for spec in table.columns {
        let _ = write!(sql, "{}, ", column(spec, true));
    }
    let _ = write!(sql, "_version bigint NOT NULL, _revision bigint NOT NULL, PRIMARY KEY ({}))", quoted(table.key));
    // What we keep as bytes is compressed already.
    for spec in table.columns.iter().filter(|spec| spec.kind == ColumnKind::Bytes) {
        let _ = write!(sql, "; ALTER TABLE {SCHEMA}.\"{name}\" ALTER COLUMN \"{}\" SET STORAGE EXTERNAL", spec.name);
    }
    sql
}

fn create_index(table: &'static Table, index: &Index) -> String {
    let name = format!("{}_{}", table.name, index.name);
    let by = ordered(table, &table.order(Some(index.name)), false);
    format!("DROP INDEX IF EXISTS {SCHEMA}.\"{name}\"; CREATE INDEX \"{name}\" ON {SCHEMA}.\"{}\" ({by})", table.name)
}

/// The views, made anew: they cost nothing.
fn views(tables: &[&'static Table]) -> String {
    let view = |table: &&'static Table| {
        let shown = table.columns.iter().map(|spec| match spec.kind {
            ColumnKind::Digest => format!("encode(\"{0}\", 'hex') AS \"{0}\"", spec.name),
            ColumnKind::Instant => format!("to_timestamp(\"{0}\" / 1000000.0) AS \"{0}\"", spec.name),
            _ => format!("\"{}\"", spec.name),
        });
        let shown: Vec<_> = shown.collect();
        // Readers keep what they were granted unless the view is dropped, which it must be if a column came in between.
        format!(
            "CREATE TEMPORARY TABLE kept_grants ON COMMIT DROP AS SELECT DISTINCT grantee::text AS reader \
                 FROM information_schema.role_table_grants WHERE table_schema = '{SCHEMA}' \
                 AND table_name = 'show_{0}' AND privilege_type = 'SELECT' AND grantee <> current_user; \
             DROP VIEW IF EXISTS {SCHEMA}.\"show_{0}\"; \
             CREATE VIEW {SCHEMA}.\"show_{0}\" AS SELECT {1}, _version, _revision FROM {SCHEMA}.\"{0}\"; \
             DO $$ DECLARE reader text; BEGIN FOR reader IN SELECT * FROM kept_grants LOOP \
                 EXECUTE format('GRANT SELECT ON {SCHEMA}.\"show_{0}\" TO %I', reader); END LOOP; END $$; \
             DROP TABLE kept_grants",
            table.name,
            shown.join(", ")
        )
    };
    tables.iter().map(view).collect::<Vec<_>>().join("; ")
}

/// What lets the daemon's role read and write rows and nothing else, and a role of readers look at the views.
pub(super) fn grants(tables: &[&'static Table], daemon: Option<&str>, readers: Option<&str>) -> Vec<String> {
    let mut grants = Vec::new();
    let name = |role: &str| format!("\"{}\"", role.replace('"', "\"\""));
    if let Some(daemon) = daemon.map(name) {
        let names: Vec<_> = tables.iter().map(|table| format!("{SCHEMA}.\"{}\"", table.name)).collect();
        grants.push(format!("GRANT USAGE ON SCHEMA {SCHEMA} TO {daemon}"));
        grants.push(format!("GRANT SELECT ON {SCHEMA}.layout TO {daemon}"));
        grants.push(format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON {SCHEMA}.commits, {} TO {daemon}",
            names.join(", ")
        ));
    }
    if let Some(readers) = readers.map(name) {
        let shown = tables.iter().filter(|table| !PRIVATE.contains(&table.name));
        let names: Vec<_> = shown.map(|table| format!("{SCHEMA}.\"show_{}\"", table.name)).collect();
        grants.push(format!("GRANT USAGE ON SCHEMA {SCHEMA} TO {readers}"));
        grants.push(format!("GRANT SELECT ON {} TO {readers}", names.join(", ")));
    }
    grants
}

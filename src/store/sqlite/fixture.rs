//! Old stores for tests, as SQL text: a database file would be hundreds of KB that nobody can read.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use rusqlite::Connection;

/// Makes the file of a store from SQL.
pub(in crate::store) fn load(sql: &Path, store: &Path) {
    let connection = Connection::open(store.join(super::FILE)).unwrap();
    connection.execute_batch(&fs::read_to_string(sql).unwrap()).unwrap();
}

/// Writes a store as SQL.
pub(in crate::store) fn save(store: &Path, sql: &Path) {
    let connection = Connection::open(store.join(super::FILE)).unwrap();
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0)).unwrap();
    let mut text = String::from("-- A store as ridd wrote it; see src/store/battery/fixture.rs.\n");
    for pragma in ["page_size", "application_id", "user_version"] {
        writeln!(text, "PRAGMA {pragma} = {};", number(pragma)).unwrap();
    }
    let list = |query: &str| -> Vec<String> {
        let mut statement = connection.prepare(query).unwrap();
        let rows = statement.query_map((), |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    for made in list("SELECT sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY rowid") {
        writeln!(text, "{made};").unwrap();
    }
    for table in list("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name") {
        let columns = list(&format!("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info('{table}')"));
        for values in list(&format!("SELECT {} FROM \"{table}\"", columns.join(" || ', ' || "))) {
            writeln!(text, "INSERT INTO \"{table}\" VALUES ({values});").unwrap();
        }
    }
    fs::write(sql, text).unwrap();
}

//! The reference file, the defaults and the faulty files agree with the types.

use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::*;

fn read(text: &str) -> Result<Config, Faults> {
    read::config(text, "ridd.toml")
}

#[test]
fn the_reference_file_is_the_defaults() {
    assert_eq!(read(REFERENCE).unwrap_or_else(|faults| panic!("{faults}")), Config::default());
}

/// The leaves of a table as dotted keys.
fn leaves(table: &Table, path: &str, found: &mut Vec<String>) {
    for (key, value) in table {
        let dotted = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match value {
            Value::Table(inner) if !inner.is_empty() => leaves(inner, &dotted, found),
            _ => found.push(dotted),
        }
    }
}

#[test]
fn every_key_is_in_the_reference_file() {
    let mut keys = Vec::new();
    leaves(&Table::try_from(Config::default()).unwrap(), "", &mut keys);
    let mut written = Vec::new();
    leaves(&REFERENCE.parse::<Table>().unwrap(), "", &mut written);
    let missing: Vec<_> = keys.iter().filter(|key| !written.contains(key)).collect();
    assert!(missing.is_empty(), "config/ridd.toml lacks {missing:?}");
}

/// Keys without a default stand in the file as examples behind a `#`.
#[test]
fn the_examples_in_the_reference_file_are_valid() {
    let example = |line: &str| {
        let key = line.strip_prefix('#')?.split_once(" = ")?.0;
        (!key.is_empty() && key.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-')).then(|| line[1..].to_owned())
    };
    let uncommented: Vec<_> = REFERENCE.lines().map(|line| example(line).unwrap_or_else(|| line.to_owned())).collect();
    let text = uncommented.join("\n");
    assert_ne!(text, REFERENCE.trim_end());
    read(&text).unwrap_or_else(|faults| panic!("{faults}"));
}

#[test]
fn a_bogus_key_in_any_table_is_refused() {
    fn tables(table: &Table, path: &[String], found: &mut Vec<Vec<String>>) {
        found.push(path.to_vec());
        for (key, value) in table {
            if let Value::Table(inner) = value {
                let mut path = path.to_vec();
                path.push(key.clone());
                tables(inner, &path, found);
            }
        }
    }
    let reference: Table = REFERENCE.parse().unwrap();
    let mut paths = Vec::new();
    tables(&reference, &[], &mut paths);
    assert!(paths.len() > 1);
    for path in paths {
        let mut changed = reference.clone();
        let mut table = &mut changed;
        for key in &path {
            table = table.get_mut(key).unwrap().as_table_mut().unwrap();
        }
        table.insert("bogus".to_owned(), Value::Boolean(true));
        let faults = read(&changed.to_string()).expect_err(&path.join("."));
        assert_eq!(faults.faults.len(), 1, "{faults}");
        assert!(faults.faults[0].key.ends_with("bogus"), "{faults}");
    }
}

#[test]
fn the_effective_configuration_reads_back() {
    let written = Config::default().to_toml().unwrap();
    assert_eq!(read(&written).unwrap_or_else(|faults| panic!("{faults}\n{written}")), Config::default());
}

#[test]
fn relative_paths_count_from_the_data_directory() {
    let config = Config::default().resolved(Path::new("/var/lib/ridd"));
    assert_eq!(config.admin.socket, PathBuf::from("/var/lib/ridd/admin.sock"));
    assert_eq!(config.peers.key, PathBuf::from("/var/lib/ridd/pki/node.key"));
    assert_eq!(config.store.url, "sqlite:/var/lib/ridd/store");
    assert_eq!(config.clone().resolved(Path::new("/elsewhere")), config);
}

/// Each `fixtures/config/NAME.toml` is refused with the words of `NAME.txt`; `BLESS=1` writes them anew.
#[test]
fn faulty_files_give_their_message() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/config");
    let mut seen = 0;
    for entry in fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        seen += 1;
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let said = read::config(&text, &name).expect_err(&name).to_string() + "\n";
        let golden = path.with_extension("txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&golden, &said).unwrap();
        }
        assert_eq!(fs::read_to_string(&golden).unwrap_or_default(), said, "{name}");
    }
    assert!(seen >= 5, "{}", dir.display());
}

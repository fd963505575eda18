//! For tests: `fixtures/cli/NAME.json` is an answer of the API, `NAME.txt` what is made of it for people. A change of
//! either is seen in review; `BLESS=1` writes the words anew.

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Compares the words for each of the answers, and that the answers are exactly what the API would write.
pub(super) fn compare<T: Serialize + DeserializeOwned>(names: &[&str], words: impl Fn(&T) -> String) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cli");
    for name in names {
        let json = fs::read_to_string(dir.join(format!("{name}.json"))).unwrap();
        let answer: T = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{name}.json: {error}"));
        let written = serde_json::to_value(&answer).unwrap();
        assert_eq!(written, serde_json::from_str::<Value>(&json).unwrap(), "{name}.json");
        let said = words(&answer) + "\n";
        let golden = dir.join(format!("{name}.txt"));
        if std::env::var_os("BLESS").is_some() {
            fs::write(&golden, &said).unwrap();
        }
        assert_eq!(fs::read_to_string(&golden).unwrap_or_default(), said, "{name}.txt");
    }
}

/// Each pair of files belongs to a test: a forgotten one would prove nothing.
#[test]
fn every_fixture_is_compared() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cli");
    let mut tests = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match fs::read_to_string(&path) {
                Ok(text) => tests.push_str(&text),
                Err(_) if path.is_dir() => folders.push(path),
                Err(_) => {}
            }
        }
    }
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(tests.contains(&format!("\"{name}\"")), "no test compares fixtures/cli/{name}");
    }
}

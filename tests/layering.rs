//! Holds the code to `docs/architecture.md`: the arrow list, the fences of wrapped crates, and the length of files.

#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking, and what it skips by printing")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// No file may be longer than this, tests included; about 400 is what we aim at.
const LINE_CAP: usize = 600;

/// The files that stand above all parts.
const ROOTS: [&str; 2] = ["lib", "main"];

#[test]
fn arrows_point_to_earlier_lines() {
    let arrows = table("arrows");
    for (row, (part, allowed)) in arrows.iter().enumerate() {
        for target in allowed {
            let earlier = arrows[..row].iter().any(|(name, _)| name == target);
            assert!(earlier, "{part} -> {target} must point to an earlier line");
        }
    }
}

#[test]
fn parts_import_only_what_their_arrows_name() {
    let arrows = table("arrows");
    let mut breaches = Vec::new();
    for path in sources("src") {
        let own = part_of(&path);
        if ROOTS.contains(&own.as_str()) {
            continue;
        }
        let Some((_, allowed)) = arrows.iter().find(|(name, _)| *name == own) else {
            breaches.push(format!("{}: the arrow list has no line for {own}", path.display()));
            continue;
        };
        for named in parts_named(&code(&path)) {
            let known = arrows.iter().any(|(name, _)| *name == named);
            if known && named != own && !allowed.contains(&named) {
                breaches.push(format!("{}: {own} may not name {named}", path.display()));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn wrapped_crates_stay_where_they_are_wrapped() {
    let mut breaches = Vec::new();
    for (wrapped, homes) in table("fences") {
        for path in sources("src") {
            let at = path.to_string_lossy().into_owned();
            let home = homes.iter().any(|home| at.starts_with(home.as_str()));
            if !home && names_crate(&code(&path), &wrapped) {
                breaches.push(format!("{at}: {wrapped} belongs in {}", homes.join(", ")));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn files_stay_short() {
    let mut long = Vec::new();
    for path in sources("src").into_iter().chain(sources("tests")) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        if lines > LINE_CAP {
            long.push(format!("{}: {lines} lines, the cap is {LINE_CAP}", path.display()));
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn files_open_with_their_purpose() {
    let bare: Vec<_> = sources("src")
        .into_iter()
        .chain(sources("tests"))
        .filter(|path| !fs::read_to_string(path).unwrap().trim_start().starts_with("//!"))
        .map(|path| path.display().to_string())
        .collect();
    assert!(bare.is_empty(), "no `//!` at the top of: {}", bare.join(", "));
}

#[test]
fn the_checks_see_what_they_look_for() {
    let named =
        parts_named("use crate::{store::{Batch, records}, ids::Digest};\nlet x = crate::xml::Limits::default();");
    assert_eq!(named, ["ids", "store", "xml"].map(str::to_owned).into());
    assert!(names_crate("use sled::Db;", "sled"));
    assert!(!names_crate("self::sled::open(); hyper_sled::x", "sled"));
}

/// The rows `left -> right right …` of the fenced block of that name.
fn table(name: &str) -> Vec<(String, Vec<String>)> {
    let page = fs::read_to_string("docs/architecture.md").unwrap();
    let block = page.split(&format!("```{name}\n")).nth(1).expect("a fenced block of that name");
    let rows: Vec<_> = block
        .split("```")
        .next()
        .unwrap()
        .lines()
        .map(|line| {
            let (left, right) = line.split_once("->").expect("a row with an arrow");
            (left.trim().to_owned(), right.split_whitespace().map(str::to_owned).collect())
        })
        .collect();
    assert!(!rows.is_empty(), "{name} is empty");
    rows
}

fn sources(top: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![PathBuf::from(top)];
    while let Some(dir) = todo.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "no sources under {top}");
    found
}

fn part_of(path: &Path) -> String {
    let first = path.strip_prefix("src").unwrap().iter().next().unwrap();
    first.to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// The file without comments: a doc link is not an import.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// The first path segment after every `crate::`, also inside `crate::{a::…, b::…}`.
fn parts_named(code: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (at, found) in code.match_indices("crate::") {
        let rest = code[at + found.len()..].trim_start();
        match rest.strip_prefix('{') {
            Some(group) => named.extend(heads(group)),
            None => {
                named.insert(head(rest));
            }
        }
    }
    named
}

fn heads(group: &str) -> Vec<String> {
    let (mut depth, mut fresh, mut found) = (1, true, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => break,
            '}' => depth -= 1,
            ',' if depth == 1 => fresh = true,
            c if fresh && !c.is_whitespace() => {
                found.push(head(&group[at..]));
                fresh = false;
            }
            _ => {}
        }
    }
    found
}

fn head(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Whether the code names the crate itself: `sled::…`, but not `self::sled::…` nor `my_sled::…`.
fn names_crate(code: &str, wrapped: &str) -> bool {
    let call = format!("{wrapped}::");
    code.match_indices(&call).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

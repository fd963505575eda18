//! `ridd demo` plays to its end.

use std::process::Command;

use crate::harness::daemon::RIDD;

#[test]
fn the_demonstration_plays_to_its_end() {
    let output = Command::new(RIDD).arg("demo").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("Every step was taken"), "{out}");
    assert!(out.matches("→ authority.example").count() >= 4, "{out}");
}

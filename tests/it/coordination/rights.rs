//! Each does what is his: a unit's contact and an implementer at the real socket, as users of their own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use super::letters::{Named, alert, now};
use super::scene::{Scene, Stage, person};
use crate::harness::daemon::RIDD;
use crate::harness::skip;

/// A user that nobody has.
const USER: &str = "65534";

/// Runs the program as that user against the node; the exit code and what was said.
struct Other {
    program: String,
    socket: String,
    _dir: tempfile::TempDir,
}

impl Other {
    fn at(scene: &Scene) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("ridd");
        fs::copy(RIDD, &program).unwrap();
        let socket = scene.node.data().join("admin.sock");
        for (path, mode) in
            [(dir.path(), 0o755), (program.as_path(), 0o755), (scene.node.data(), 0o711), (socket.as_path(), 0o666)]
        {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let [program, socket] = [program, socket].map(|path| path.to_str().unwrap().to_owned());
        let other = Self { program, socket, _dir: dir };
        let output = other.command(&["--version"]).output();
        matches!(output, Ok(output) if output.status.success()).then_some(other)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("setpriv");
        command.args([&format!("--reuid={USER}"), &format!("--regid={USER}"), "--clear-groups", &self.program]);
        command.args(["--socket", &self.socket]).args(args).stdin(Stdio::null());
        command
    }

    fn may(&self, args: &[&str]) {
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn may_not(&self, args: &[&str]) {
        let output = self.command(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(4), "{args:?}: {said}");
        assert!(said.contains("operator") || said.contains("may"), "{args:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_and_an_implementer_do_their_part_and_no_more() {
    let stage = Stage::default().table("admin", "socket-mode = \"0660\"");
    let scene = Scene::with("unit1.example", &[("department.example", "parent")], stage).await;
    let sql = "cpe:2.3:a:microsoft:sql_server:2000:*:*:*:*:*:*:*";
    scene.runs(
        [("db1", "ann"), ("db2", "bob")].iter().map(|(name, owner)| format!("{name},unit1.example,{owner},,{sql}")),
    );
    scene.calls(
        &[person("contact", "unit-contact", ""), person("ann", "administrator", ""), person("bob", "owner", "")]
            .concat(),
    );
    let Some(other) = Other::at(&scene) else { return skip("setpriv cannot become another user here") };
    let about = Named::new("department.example", "D-17", "1");
    let department = scene.hand("department.example");
    department.tell(&scene.node, &alert(&about, &["db1", "db2"], now()), 202).await;
    let event = scene.event().await;
    let corrected = |system: &'static str| ["system", "corrected", &event, system].map(str::to_owned);
    let [db1, db2] = [corrected("db1"), corrected("db2")];
    let [db1, db2] = [&db1, &db2].map(|words| words.iter().map(String::as_str).collect::<Vec<_>>());
    other.may_not(&db1);
    scene.node.ridd(&[
        "operator",
        "add",
        USER,
        "--role",
        "implementer",
        "--name",
        "Ann",
        "--person",
        "ann",
        "--unit",
        "unit1.example",
    ]);
    other.may(&["event", "show", &event]);
    other.may_not(&db2);
    other.may(&db1);
    other.may_not(&["event", "complete", &event]);
    other.may_not(&["event", "note", &event, "let me in"]);
    other.may_not(&["system", "except", &event, "db2", "--why", "no time"]);
    scene.node.ridd(&["operator", "add", USER, "--role", "unit-contact", "--name", "Con", "--unit", "unit1.example"]);
    other.may(&["system", "except", &event, "db2", "--why", "cut off"]);
    other.may_not(&["event", "close", &event, "--why", "enough"]);
    other.may_not(&["event", "waive", &event, "corrected", "--why", "enough"]);
    other.may_not(&["inventory", "set", "db1", "--note", "mine"]);
    other.may(&["event", "complete", &event]);
    let acts = scene.node.json(&["audit", "acts", "--operator", "con"]);
    assert!(acts.to_string().contains("event complete"), "every act is attributed: {acts:#}");
}

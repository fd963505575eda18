//! A store that lives with a server: what is said when the server does not serve us, and that the node goes on by itself.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use ridd::ids::{Digest, MessageId};
use ridd::store::records::{Body, Once, TABLES};
use ridd::store::{self, Batch, Column, Config, Record, Scan, ServerState, Store, StoreError};

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::pki::{Leaf, Pki};
use crate::harness::postgres::{Manner, Server, shared};

/// Settings with limits that a trial can wait for.
fn config(url: String) -> Config {
    Config {
        connect_timeout: Duration::from_secs(2),
        statement_timeout: Duration::from_secs(1),
        wait_timeout: Duration::from_secs(1),
        ..Config::at(url)
    }
}

fn state(error: &StoreError) -> Option<ServerState> {
    if let StoreError::Server { state, .. } = error { Some(*state) } else { None }
}

/// How things stand when the store is opened.
fn opening(config: &Config) -> Option<ServerState> {
    store::open(config).err().as_ref().and_then(state)
}

fn once(text: &str) -> Once {
    Once { digest: Digest::of(text.as_bytes()), message: MessageId::fresh() }
}

async fn commit(store: &dyn Store, text: &str) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    batch.insert(&once(text));
    store.commit(batch).await
}

/// Commits until it succeeds; how long it took.
async fn goes_on(store: &dyn Store, text: &str) -> Duration {
    let begun = Instant::now();
    for round in 0.. {
        match commit(store, &format!("{text} {round}")).await {
            Ok(()) => break,
            Err(why) => assert!(begun.elapsed() < Duration::from_secs(30), "{why}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_let_in_is_told_so_and_a_corrected_password_helps() {
    let Some(server) = shared() else { return };
    let (place, database) = (tempfile::tempdir().unwrap(), server.database());
    server.sql("postgres", "CREATE ROLE with_password LOGIN SUPERUSER PASSWORD 'right'");
    let file = place.path().join("password");
    let with = |password: &str| {
        fs::write(&file, password).unwrap();
        Config { password_file: Some(file.clone()), ..config(server.url("with_password", &database)) }
    };
    assert_eq!(opening(&config(server.url("with_password", &database))), Some(ServerState::Refused), "no password");
    assert_eq!(opening(&with("wrong\n")), Some(ServerState::Refused));
    assert_eq!(opening(&config(server.url("postgres", "nowhere"))), Some(ServerState::Refused));
    assert!(matches!(store::open(&with("\n")), Err(StoreError::BadFile { .. })));
    let store = store::open(&with("right\n")).unwrap();
    commit(&*store, "let in").await.unwrap();
    server.sql("postgres", "ALTER ROLE with_password PASSWORD 'other'");
    cut(server, &database);
    let refused = commit(&*store, "refused").await.unwrap_err();
    assert_eq!(state(&refused), Some(ServerState::Refused), "{refused}");
    let facts = store.facts().await;
    assert!(facts.contains(&("state", "refused".to_owned())), "{facts:?}");
    fs::write(&file, "other\n").unwrap();
    goes_on(&*store, "let in again").await;
}

fn cut(server: &Server, database: &str) {
    let all = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'ridd'";
    server.sql("postgres", &format!("{all} AND datname = '{database}'"));
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tcp_the_server_must_prove_its_name() {
    let Some(server) = Server::start(Manner { tcp: true, ..Manner::default() }) else { return };
    let place = tempfile::tempdir().unwrap();
    let (ours, other) =
        (Pki::make(&place.path().join("ours"), "ours"), Pki::make(&place.path().join("other"), "other"));
    let database = server.database();
    let at = |host: &str, ca: &Path| Config {
        ca_file: Some(ca.to_owned()),
        ..config(format!("postgres://postgres@{host}:{}/{database}", server.port()))
    };
    assert_eq!(opening(&at("localhost", &ours.ca())), Some(ServerState::Unproven), "it has no certificate");
    let papers = ours.issue("localhost");
    server.present(&papers.certificate, &papers.key);
    let store = store::open(&at("localhost", &ours.ca())).unwrap();
    commit(&*store, "proven").await.unwrap();
    assert_eq!(opening(&at("127.0.0.1", &ours.ca())), Some(ServerState::Unproven), "that is another name");
    assert_eq!(opening(&at("localhost", &other.ca())), Some(ServerState::Unproven), "nobody vouches for it");
    let expired = ours.issue_leaf(&Leaf::named("localhost").expired());
    server.present(&expired.certificate, &expired.key);
    cut(&server, &database);
    let refused = commit(&*store, "expired").await.unwrap_err();
    assert_eq!(state(&refused), Some(ServerState::Unproven), "{refused}");
    server.present(&papers.certificate, &papers.key);
    goes_on(&*store, "renewed").await;
    let plain = config(format!("postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable", server.port()));
    commit(&*store::open(&plain).unwrap(), "on this machine").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_is_noticed_soon_and_found_again() {
    let Some(mut server) = Server::start(Manner { durable: true, ..Manner::default() }) else { return };
    let database = server.database();
    let store = store::open(&config(server.url("postgres", &database))).unwrap();
    for round in 0..2 {
        commit(&*store, &format!("before {round}")).await.unwrap();
        if round == 0 {
            server.kill()
        } else {
            server.stop()
        }
        for number in 0..20 {
            let begun = Instant::now();
            let gone = commit(&*store, &format!("gone {round} {number}")).await.unwrap_err();
            // The first may have been under way.
            let undecided = number == 0 && matches!(gone, StoreError::Undecided { .. });
            assert!(undecided || state(&gone) == Some(ServerState::Unreachable), "{gone}");
            let unread = store.find::<Once>(vec![Digest::of(b"x").to_value()]).await.unwrap_err();
            assert_eq!(state(&unread), Some(ServerState::Unreachable), "{unread}");
            assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
        }
        let facts = store.facts().await;
        assert!(facts.contains(&("state", "unreachable".to_owned())), "{facts:?}");
        server.begin();
        goes_on(&*store, &format!("back {round}")).await;
        for known in [format!("before {round}"), "before 0".to_owned()] {
            assert!(store.find::<Once>(vec![once(&known).digest.to_value()]).await.unwrap().is_some(), "{known}");
        }
    }
}

/// The server has committed and cannot say so any more: whoever asked for it is told that it is committed, and it is not written
/// again.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_cut_off_counts_once() {
    let Some(server) = Server::start(Manner::default()) else { return };
    let database = server.database();
    let store = store::open(&Config::at(server.url("postgres", &database))).unwrap();
    commit(&*store, "before").await.unwrap();
    // Commits now wait, on the disk already, for a standby that does not exist.
    let standbys = |names: &str| {
        server.sql("postgres", &format!("ALTER SYSTEM SET synchronous_standby_names = '{names}'"));
        server.sql("postgres", "SELECT pg_reload_conf()");
    };
    standbys("nobody");
    let begun = Instant::now();
    let waiting =
        || server.sql("postgres", "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    let until_waits = async |other_than: &str| loop {
        let process = waiting();
        if process != "0" && process != other_than {
            return process;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody waits for a standby");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let cutting = async {
        let process = until_waits("0").await;
        server.sql("postgres", &format!("SELECT pg_terminate_backend({process})"));
        // The next one looks what became of it.
        until_waits(&process).await;
        standbys("");
    };
    let (committed, ()) = tokio::join!(commit(&*store, "cut off"), cutting);
    committed.unwrap();
    assert_eq!(server.sql(&database, "SELECT count(*) FROM ridd.once"), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_only_read_and_once_promoted_has_all_that_was_acknowledged() {
    let Some(mut server) = Server::start(Manner { durable: true, ..Manner::default() }) else { return };
    let database = server.database();
    // Laid out before there is anybody to wait for.
    drop(store::open(&config(server.url("postgres", &database))).unwrap());
    let standby = server.standby();
    server.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
    server.sql("postgres", "SELECT pg_reload_conf()");
    assert_eq!(opening(&config(standby.url("postgres", &database))), Some(ServerState::ReadOnly));
    let (one, other) = (server.socket().display(), standby.socket().display());
    let url = format!("postgres://postgres@/{database}?host={one}&host={other}");
    let store = store::open(&config(url)).unwrap();
    let mut acknowledged = Vec::new();
    for number in 0..50 {
        commit(&*store, &format!("{number}")).await.unwrap();
        acknowledged.push(format!("{number}"));
    }
    let facts = store.facts().await;
    assert!(facts.iter().any(|(name, value)| *name == "standbys" && value.contains("sync")), "{facts:?}");
    server.kill();
    let alone = commit(&*store, "nobody to write to").await.unwrap_err();
    assert!(matches!(state(&alone), Some(ServerState::ReadOnly | ServerState::Unreachable)), "{alone}");
    standby.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = ''");
    standby.promote();
    goes_on(&*store, "after the failover").await;
    for text in acknowledged {
        assert!(store.find::<Once>(vec![once(&text).digest.to_value()]).await.unwrap().is_some(), "{text} is lost");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_given_up() {
    let Some(server) = shared() else { return };
    let database = server.database();
    let settings = Config { connections: 1, ..config(server.url("postgres", &database)) };
    let store = store::open(&settings).unwrap();
    commit(&*store, "before").await.unwrap();
    let holder = server.hold(&database, "LOCK TABLE ridd.once IN ACCESS EXCLUSIVE MODE");
    let key = || vec![once("before").digest.to_value()];
    let (one, other) = tokio::join!(store.find::<Once>(key()), store.find::<Once>(key()));
    for read in [one, other] {
        let busy = read.unwrap_err();
        assert_eq!(state(&busy), Some(ServerState::Busy), "{busy}");
    }
    let begun = Instant::now();
    let busy = commit(&*store, "meanwhile").await.unwrap_err();
    assert_eq!(state(&busy), Some(ServerState::Busy), "{busy}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    drop(holder);
    goes_on(&*store, "afterwards").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nodes_role_writes_rows_and_nothing_else() {
    let Some(server) = shared() else { return };
    let database = server.database();
    server.sql("postgres", "CREATE ROLE node_role LOGIN; CREATE ROLE readers_role; CREATE ROLE owner_role LOGIN");
    server.sql("postgres", &format!("ALTER DATABASE {database} OWNER TO owner_role"));
    let (node, owner) = (config(server.url("node_role", &database)), config(server.url("owner_role", &database)));
    assert_eq!(opening(&node), Some(ServerState::Unprepared));
    for _ in 0..2 {
        let grants = store::prepare(&owner, Some("node_role"), Some("readers_role")).unwrap();
        assert!(grants.iter().all(|grant| grant.starts_with("GRANT ")), "{grants:?}");
    }
    let store = store::open(&node).unwrap();
    commit(&*store, "as the node").await.unwrap();
    assert_eq!(store.count(Once::TABLE).await.unwrap(), 1);
    let (held, list) = (format!("show_{}", Once::TABLE.name), TABLES.iter().map(|table| table.name));
    assert!(list.clone().any(|name| name == "credentials"));
    for (role, sql, allowed) in [
        ("node_role", "CREATE TABLE ridd.more (n int)".to_owned(), false),
        ("node_role", "ALTER TABLE ridd.once ADD COLUMN n int".to_owned(), false),
        ("node_role", "TRUNCATE ridd.once".to_owned(), false),
        ("node_role", "UPDATE ridd.layout SET version = 0".to_owned(), false),
        ("readers_role", format!("SELECT * FROM ridd.{held}"), true),
        ("readers_role", "SELECT * FROM ridd.once".to_owned(), false),
        ("readers_role", "SELECT * FROM ridd.show_bodies".to_owned(), false),
        ("readers_role", "SELECT * FROM ridd.show_credentials".to_owned(), false),
        ("readers_role", format!("DELETE FROM ridd.{held}"), false),
    ] {
        let done = server.psql(&database, &format!("SET ROLE {role}; {sql}"));
        assert_eq!(done.status.success(), allowed, "{role}: {sql}: {}", String::from_utf8_lossy(&done.stderr));
    }
    let digest = server.sql(&database, "SELECT digest FROM ridd.show_once");
    assert_eq!(digest, once("as the node").digest.to_string());
    let operator = "(7, 'ann', 'viewer', 1043472600123000, 'root', 1, 1)";
    let columns = "(\"user\", name, role, added, \"by\", _version, _revision)";
    server.sql(&database, &format!("INSERT INTO ridd.operators {columns} VALUES {operator}"));
    let added = server.sql(&database, "SELECT added AT TIME ZONE 'UTC' FROM ridd.show_operators");
    assert_eq!(added, "2003-01-25 05:30:00.123", "instants are times for people");
    // What a newer program adds is added by the owner, and is no hindrance to the older.
    server
        .sql(&database, "ALTER TABLE ridd.once RENAME message TO gone; ALTER TABLE ridd.once ALTER gone DROP NOT NULL");
    assert_eq!(opening(&node), Some(ServerState::Unprepared));
    store::prepare(&owner, Some("node_role"), None).unwrap();
    server.sql(&database, "ALTER TABLE ridd.once ADD COLUMN later bigint");
    let again = store::open(&node).unwrap();
    commit(&*again, "later").await.unwrap();
    let seen = server.psql(&database, "SET ROLE readers_role; SELECT * FROM ridd.show_once");
    assert!(seen.status.success(), "readers keep their rights");
    server.sql(&database, "INSERT INTO ridd.layout VALUES (99)");
    assert!(matches!(store::open(&node), Err(StoreError::NewerLayout { found: 99, .. })));
    let bodies: Vec<Body> = again.list(Scan::of::<Body>(1)).await.unwrap();
    assert!(bodies.is_empty());
}

/// Answers one client as a server of that version would: it lets anybody in, may be written to, and whatever else it is
/// asked, the answer is its version (PostgreSQL, Frontend/Backend Protocol, message formats).
fn answer_with_version(mut line: TcpStream, version: i32) -> std::io::Result<()> {
    let message =
        |kind: u8, body: &[u8]| [&[kind][..], &u32::try_from(body.len() + 4).unwrap().to_be_bytes(), body].concat();
    let read = |line: &mut TcpStream| {
        let mut length = [0; 4];
        line.read_exact(&mut length)?;
        let mut body = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap() - 4];
        line.read_exact(&mut body)
    };
    let ready = message(b'Z', b"I");
    read(&mut line)?;
    line.write_all(&[message(b'R', &[0; 4]), ready.clone()].concat())?;
    // One column called v, of no table, int4 (23) of four bytes, without modifier, in binary.
    let column = [&[0, 1][..], b"v\0", &[0; 6], &[0, 0, 0, 23, 0, 4], &[0xff; 4], &[0, 1]].concat();
    let row = [&[0, 1, 0, 0, 0, 4][..], &version.to_be_bytes()].concat();
    // Whether it may only be read: a text (25).
    let words = [&[0, 1][..], b"r\0", &[0; 6], &[0, 0, 0, 25, 0xff, 0xff], &[0xff; 4], &[0, 0]].concat();
    let off = [&[0, 1, 0, 0, 0, 3][..], b"off"].concat();
    loop {
        let mut kind = [0];
        line.read_exact(&mut kind)?;
        read(&mut line)?;
        line.write_all(&match &kind {
            b"Q" => [message(b'T', &words), message(b'D', &off), message(b'C', b"SHOW\0"), ready.clone()].concat(),
            b"P" => message(b'1', b""),
            b"D" => [message(b't', &[0, 0]), message(b'T', &column)].concat(),
            b"B" => message(b'2', b""),
            b"E" => [message(b'D', &row), message(b'C', b"SELECT 1\0")].concat(),
            b"C" => message(b'3', b""),
            b"S" => ready.clone(),
            b"X" => return Ok(()),
            other => panic!("not thought of: {other:?}"),
        })?;
    }
}

/// There is no such server here, so its part is played.
#[test]
fn a_server_that_is_too_old_is_told_so() {
    for (version, words) in [(140_019, "its version is 14"), (90_603, "its version is 9")] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || answer_with_version(listener.accept().unwrap().0, version));
        let error = store::open(&config(format!("postgres://ridd@127.0.0.1:{port}/ridd?sslmode=disable"))).err();
        let error = error.expect("it is not used");
        assert_eq!(state(&error), Some(ServerState::Old), "{error}");
        let said = error.to_string();
        assert!(said.contains(words) && said.contains("needs PostgreSQL 15 or later"), "{said}");
        server.join().unwrap().ok();
    }
}

/// A whole node on a server that is lost: it says so where people look, and goes on by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_says_that_its_server_is_gone_and_goes_on_by_itself() {
    let Some(mut server) = Server::start(Manner { durable: true, ..Manner::default() }) else { return };
    let (place, database) = (tempfile::tempdir().unwrap(), server.database());
    let pki = Pki::make(&place.path().join("pki"), "CA");
    let store = format!("url = \"{}\"\nstatement-timeout = \"1s\"", server.url("postgres", &database));
    let node = Daemon::start(Setup::named("node.example").with("store", &store), &pki);
    let status = node.ridd(&["status"]);
    assert!(status.contains("postgres 1") && status.contains("reachable"), "{status}");
    server.kill();
    let begun = Instant::now();
    while node.metric("ridd_store_failing") < 1.0 {
        assert!(begun.elapsed() < Duration::from_secs(60));
        let told = node.try_ridd(&["status"]);
        let said = String::from_utf8_lossy(&[told.stdout, told.stderr].concat()).into_owned();
        assert!(said.contains("does not answer") || said.contains("is not known"), "{said}");
        std::thread::sleep(Duration::from_millis(100));
    }
    server.begin();
    let begun = Instant::now();
    while node.metric("ridd_store_failing") > 0.0 {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(100));
    }
    let status = node.ridd(&["status"]);
    assert!(status.contains("reachable"), "{status}");
}

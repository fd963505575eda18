//! A real browser: Chromium without a window, driven through chromedriver by the words of WebDriver (W3C, JSON over HTTP on
//! the loopback). Nothing of it outlives the trial.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::harness::wait;

/// The name under which WebDriver hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What WebDriver calls the keys that write nothing.
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";

/// Where a browser finds a node: host names with the address that stands behind each, and the one key that it trusts.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    pub(crate) at: Vec<(&'static str, SocketAddr)>,
    /// SHA-256 of the SubjectPublicKeyInfo of the node's certificate, in base 64.
    pub(crate) key: String,
}

/// How a browser is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    On,
    Off,
}

/// A browser with one page.
pub(crate) struct Browser {
    driver: Child,
    at: SocketAddr,
    session: String,
    chromium: Option<u64>,
    _profile: tempfile::TempDir,
}

/// The path of a program, if it is installed.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Whether chromedriver and Chromium are there.
pub(crate) fn is_there() -> bool {
    let missing = ["chromedriver", "chromium"].into_iter().find(|name| program(name).is_none());
    if let Some(name) = missing {
        crate::harness::skip(&format!("{name} is not installed (.ci/tools does it)"));
    }
    missing.is_none()
}

/// Starts chromedriver; its port, unless it has ended at once.
fn drive() -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines.by_ref().map(Result::unwrap).find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse::<u16>().ok()
    });
    std::thread::spawn(move || lines.for_each(drop));
    if port.is_none() {
        driver.kill().ok();
        driver.wait().unwrap();
    }
    Some((driver, port?))
}

impl Browser {
    pub(crate) async fn start(hosts: &Hosts, script: Script) -> Self {
        // It takes a port that is free for IPv4 and ends if another has it for IPv6.
        let (driver, port) = (0..8).find_map(|_| drive()).expect("chromedriver tells its port");
        let profile = tempfile::tempdir().unwrap();
        let at = SocketAddr::from(([127, 0, 0, 1], port));
        let mut browser = Self { driver, at, session: String::new(), chromium: None, _profile: profile };
        let wanted = browser.wanted(hosts, script);
        let opened = browser.call(Method::POST, "/session", wanted).await.unwrap();
        browser.session = format!("/session/{}", opened["sessionId"].as_str().unwrap());
        browser.chromium = opened["capabilities"]["goog:processID"].as_u64();
        browser
    }

    /// The capabilities: no network but the nodes of the trial, no trust but in their key.
    fn wanted(&self, hosts: &Hosts, script: Script) -> Value {
        let mut rules: Vec<_> = hosts.at.iter().map(|(name, address)| format!("MAP {name} {address}")).collect();
        rules.push("MAP * ~NOTFOUND".to_owned());
        rules.push("EXCLUDE 127.0.0.1".to_owned());
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-background-networking".to_owned(),
            "--window-size=1280,900".to_owned(),
            "--hide-scrollbars".to_owned(),
            "--lang=en".to_owned(),
            format!("--host-resolver-rules={}", rules.join(",")),
            format!("--ignore-certificate-errors-spki-list={}", hosts.key),
            format!("--user-data-dir={}", self._profile.path().display()),
        ];
        let mut chromium = json!({ "binary": program("chromium"), "args": arguments });
        if script == Script::Off {
            chromium["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome", "unhandledPromptBehavior": "ignore", "goog:chromeOptions": chromium,
            "timeouts": { "pageLoad": 60_000, "script": 60_000, "implicit": 0 },
        } } })
    }

    /// One command of WebDriver; what it answers, or which error.
    async fn call(&self, method: Method, path: &str, body: Value) -> Result<Value, Value> {
        let stream = TcpStream::connect(self.at).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let body = if method == Method::POST { Bytes::from(body.to_string()) } else { Bytes::new() };
        let request = Request::builder().method(method).uri(path).header("host", self.at.to_string());
        let request = request.header("content-type", "application/json").body(Full::new(body)).unwrap();
        let (head, body) = sender.send_request(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        drop(sender);
        connection.await.unwrap().unwrap();
        let mut answer: Value = serde_json::from_slice(&bytes).unwrap();
        if head.status.is_success() { Ok(answer["value"].take()) } else { Err(answer["value"].take()) }
    }

    async fn order(&self, path: &str, body: Value) -> Result<Value, Value> {
        self.call(Method::POST, &format!("{}{path}", self.session), body).await
    }

    async fn ask(&self, path: &str) -> Value {
        self.call(Method::GET, &format!("{}{path}", self.session), Value::Null).await.unwrap()
    }

    /// Goes to that address.
    pub(crate) async fn go(&self, address: &str) {
        self.order("/url", json!({ "url": address })).await.unwrap();
    }

    /// Where it is: path and query.
    pub(crate) async fn place(&self) -> String {
        let address = self.ask("/url").await;
        let (_, behind) = address.as_str().unwrap().split_once("://").unwrap();
        behind.split_once('/').map_or_else(String::new, |(_, path)| format!("/{path}"))
    }

    /// Runs a function's body in the page, past its policy; what it returns.
    pub(crate) async fn run(&self, script: &str) -> Value {
        let ran = self.order("/execute/sync", json!({ "script": script, "args": [] })).await;
        ran.unwrap_or_else(|error| panic!("{}: {error:#}", script.chars().take(200).collect::<String>()))
    }

    /// A command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.order("/goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await.unwrap()
    }

    async fn found(&self, using: &str, value: &str) -> Option<String> {
        let found = self.order("/element", json!({ "using": using, "value": value })).await.ok()?;
        found[ELEMENT].as_str().map(str::to_owned)
    }

    /// Waits for the element that fits the selector (XPath if it begins with a slash).
    async fn element(&self, selector: &str) -> String {
        let using = if selector.starts_with('/') { "xpath" } else { "css selector" };
        let at = self.place().await;
        wait::until(|| format!("{selector} at {at}"), async || self.found(using, selector).await).await
    }

    /// Whether such an element is there now.
    pub(crate) async fn has(&self, selector: &str) -> bool {
        let using = if selector.starts_with('/') { "xpath" } else { "css selector" };
        self.found(using, selector).await.is_some()
    }

    /// Presses what fits the selector, once it is there.
    pub(crate) async fn press(&self, selector: &str) {
        let element = self.element(selector).await;
        self.order(&format!("/element/{element}/click"), json!({})).await.unwrap();
    }

    /// Presses the button with these words.
    pub(crate) async fn button(&self, words: &str) {
        self.press(&format!("//main//button[starts-with(normalize-space(), '{words}')]")).await;
    }

    /// Says yes to the question that stands before the page.
    pub(crate) async fn confirm(&self) {
        wait::until(|| "a question".to_owned(), async || self.order("/alert/accept", json!({})).await.ok()).await;
    }

    /// Writes into what fits the selector.
    pub(crate) async fn fill(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        self.order(&format!("/element/{element}/value"), json!({ "text": text })).await.unwrap();
    }

    /// What stands in the element that fits the selector, as it is seen.
    pub(crate) async fn text(&self, selector: &str) -> String {
        let element = self.element(selector).await;
        // It may have been replaced meanwhile.
        match self.call(Method::GET, &format!("{}/element/{element}/text", self.session), Value::Null).await {
            Ok(text) => text.as_str().unwrap_or_default().to_owned(),
            Err(_) => String::new(),
        }
    }

    /// Waits until what fits the selector says that.
    pub(crate) async fn says(&self, selector: &str, words: &str) {
        let last = std::cell::RefCell::new(String::new());
        let shown = || format!("{words:?} in {selector}; it says {:?}", last.borrow());
        wait::until(shown, async || {
            let text = self.text(selector).await;
            let found = text.contains(words);
            last.replace(text);
            found.then_some(())
        })
        .await;
    }

    /// Waits until the page has that address.
    pub(crate) async fn arrives(&self, path: &str) {
        let last = std::cell::RefCell::new(String::new());
        let shown = || format!("to arrive at {path}; it is at {}", last.borrow());
        wait::until(shown, async || {
            let place = self.place().await;
            let there = place == path;
            last.replace(place);
            there.then_some(())
        })
        .await;
    }

    /// Types keys, one after another, wherever the focus is.
    pub(crate) async fn keys(&self, text: &str) {
        let stroke = |key: char| [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })];
        let strokes: Vec<Value> = text.chars().flat_map(stroke).collect();
        let keyboard = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
        self.order("/actions", keyboard).await.unwrap();
    }

    /// Writes the whole page as a picture.
    pub(crate) async fn picture(&self, file: &Path, width: u32) {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let way = json!({ "format": "png", "captureBeyondViewport": true });
        let shot = self.devtools("Page.captureScreenshot", way).await;
        let bytes = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, shot["data"].as_str().unwrap()).unwrap();
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }

    /// Shows pages in these colours: `light` or `dark`.
    pub(crate) async fn colours(&self, scheme: &str) {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", media).await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Chromium and all that it has started end with the session.
        if let Ok(mut stream) = std::net::TcpStream::connect(self.at) {
            use std::io::{Read, Write};
            stream.set_read_timeout(Some(std::time::Duration::from_secs(10))).ok();
            let end = format!("DELETE {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.session, self.at);
            if stream.write_all(end.as_bytes()).is_ok() {
                stream.read_exact(&mut [0; 1]).ok();
            }
        }
        if let Some(chromium) = self.chromium {
            Command::new("kill").args(["-KILL", &chromium.to_string()]).stderr(Stdio::null()).status().ok();
        }
        self.driver.kill().ok();
        self.driver.wait().ok();
    }
}

//! The ready line: one line of JSON on standard output once everything listens, for whoever started the node.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use serde::Serialize;

/// What the line says.
#[derive(Debug, Serialize)]
pub(super) struct Ready<'a> {
    /// Always true.
    pub(super) ready: bool,
    /// The first address of the RID port.
    pub(super) rid: Option<SocketAddr>,
    /// All of them.
    pub(super) addresses: &'a [SocketAddr],
    /// The admin socket.
    pub(super) admin: &'a Path,
    /// The listener for metrics and health, unless it is off.
    pub(super) metrics: Option<SocketAddr>,
    /// The operators' page, unless it is off.
    pub(super) page: Option<SocketAddr>,
    /// The listener that the links in notices lead to, unless it is off.
    pub(super) acknowledge: Option<SocketAddr>,
    /// The node's own name.
    pub(super) name: &'a str,
    /// The version of the program.
    pub(super) version: &'a str,
}

impl Ready<'_> {
    /// Writes the line. A closed standard output is no reason not to serve.
    pub(super) fn write(&self, mut to: impl Write) {
        let written = serde_json::to_string(self)
            .map_err(std::io::Error::other)
            .and_then(|line| writeln!(to, "{line}").and_then(|()| to.flush()));
        if let Err(error) = written {
            tracing::debug!(%error, "nobody reads the ready line");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_line_is_one_line_of_json() {
        let rid: SocketAddr = "127.0.0.1:4590".parse().unwrap();
        let ready = Ready {
            ready: true,
            rid: Some(rid),
            addresses: &[rid],
            admin: Path::new("/run/ridd/admin.sock"),
            metrics: None,
            page: None,
            acknowledge: None,
            name: "unit.example.org",
            version: "1.2.3",
        };
        let mut line = Vec::new();
        ready.write(&mut line);
        assert_eq!(
            String::from_utf8(line).unwrap(),
            "{\"ready\":true,\"rid\":\"127.0.0.1:4590\",\"addresses\":[\"127.0.0.1:4590\"],\
             \"admin\":\"/run/ridd/admin.sock\",\"metrics\":null,\"page\":null,\"acknowledge\":null,\
             \"name\":\"unit.example.org\",\"version\":\"1.2.3\"}\n"
        );
    }
}

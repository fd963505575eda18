//! The address of a server, `postgres://USER@HOST[:PORT][,HOST2…]/DATABASE[?…]`, read and judged before anything is asked.
//!
//! Called when the settings are checked and when the store is opened. The password never stands in the address: it is
//! in a file of its own, so that addresses may be shown and logged.

use std::net::IpAddr;

use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::store::StoreError;

/// A server's address, judged.
#[derive(Clone, Debug)]
pub(super) struct Address {
    /// How the client is told; without the password.
    pub(super) client: tokio_postgres::Config,
    /// Whether the line is encrypted and the server must prove its name.
    pub(super) tls: bool,
    /// For people: the address as given, without what follows the question mark.
    pub(super) shown: String,
}

impl Address {
    /// Reads the address.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`] says what is wrong and what would be right.
    pub(super) fn read(url: &str) -> Result<Self, StoreError> {
        let (place, parameters) = url.split_once('?').unwrap_or((url, ""));
        let bad = |why| StoreError::BadUrl { url: shown(url), why };
        let mut kept = Vec::new();
        let mut tls = None;
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslmode", "verify-full")) => tls = Some(true),
                Some(("sslmode", "disable")) => tls = Some(false),
                Some(("sslmode", _)) => {
                    return Err(bad("sslmode is verify-full (the default over TCP) or disable (on this machine only)"));
                }
                Some(("host" | "port" | "target_session_attrs", _)) => kept.push(parameter),
                _ => {
                    return Err(bad("after the question mark stand host, port, sslmode and target_session_attrs only"));
                }
            }
        }
        let mut client: tokio_postgres::Config = format!("{place}?{}", kept.join("&"))
            .parse()
            .map_err(|_| bad("expected postgres://USER@HOST[:PORT][,HOST2…]/DATABASE"))?;
        if client.get_password().is_some() {
            return Err(bad(
                "the password must not stand here: write it into a file and name that in store.password-file",
            ));
        }
        if client.get_user().is_none_or(str::is_empty) {
            return Err(bad("there is no user: write postgres://USER@HOST/DATABASE"));
        }
        if client.get_dbname().is_none_or(str::is_empty) {
            return Err(bad("there is no database: write postgres://USER@HOST/DATABASE"));
        }
        if client.get_hosts().is_empty() {
            return Err(bad("there is no host: write postgres://USER@HOST/DATABASE, or ?host=DIR for a socket in DIR"));
        }
        let sockets = client.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        let here = client.get_hosts().iter().all(on_this_machine);
        let tls = tls.unwrap_or(!sockets);
        if !tls && !here {
            return Err(bad("sslmode=disable is for a server on this machine only: leave it out"));
        }
        client.ssl_mode(if tls { SslMode::Require } else { SslMode::Disable });
        if !parameters.contains("target_session_attrs=") {
            client.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        Ok(Self { client, tls, shown: shown(url) })
    }
}

/// The address without its parameters, and without a password if there is one against all advice.
fn shown(url: &str) -> String {
    let place = url.split_once('?').map_or(url, |(place, _)| place);
    let Some((scheme, rest)) = place.split_once("://") else { return place.to_owned() };
    match rest.rsplit_once('@') {
        Some((user, host)) => format!("{scheme}://{}@{host}", user.split(':').next().unwrap_or("")),
        None => place.to_owned(),
    }
}

fn on_this_machine(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_used_is_refused_without_the_password() {
        for bad in [
            "postgres://",
            "postgres://db.example/ridd",
            "postgres://ridd@/ridd",
            "postgres://ridd@db.example",
            "postgres://ridd:secret@db.example/ridd",
            "postgres://ridd@db.example/ridd?sslmode=disable",
            "postgres://ridd@127.0.0.1,db.example/ridd?sslmode=disable",
            "postgres://ridd@db.example/ridd?sslmode=require",
            "postgres://ridd@db.example/ridd?options=-c",
            "postgres://ridd@db.example:port/ridd",
        ] {
            let why = Address::read(bad).unwrap_err().to_string();
            assert!(why.starts_with("store.url = ") && !why.contains("secret"), "{bad}: {why}");
        }
    }

    #[test]
    fn the_line_is_encrypted_unless_it_stays_on_this_machine() {
        for (good, tls, hosts) in [
            ("postgres://ridd@db.example/ridd", true, 1),
            ("postgres://ridd@db1.example:5433,db2.example/ridd", true, 2),
            ("postgresql://ridd@127.0.0.1/ridd?sslmode=disable", false, 1),
            ("postgres://ridd@localhost/ridd", true, 1),
            ("postgres://ridd@/ridd?host=/var/run/postgresql", false, 1),
        ] {
            let address = Address::read(good).unwrap_or_else(|why| panic!("{why}"));
            assert_eq!((address.tls, address.client.get_hosts().len()), (tls, hosts), "{good}");
            assert_eq!(address.client.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        }
    }
}

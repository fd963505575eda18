//! Addresses of gateways and webhooks, read strictly: what is not understood whole is refused.

use std::net::{IpAddr, Ipv6Addr};

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// A DNS name, or an IP address without brackets.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Place {
    /// Reads `HOST`, `HOST:PORT`, `[IPv6]` or `[IPv6]:PORT`; `port` holds where none is written.
    pub(super) fn parse(text: &str, port: u16) -> Option<Self> {
        let (host, rest) = match text.strip_prefix('[') {
            Some(inner) => {
                let (host, rest) = inner.split_once(']')?;
                host.parse::<Ipv6Addr>().ok()?;
                (host, rest)
            }
            None => {
                let (host, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
                let sound = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
                if host.is_empty() || host.len() > 253 || !sound {
                    return None;
                }
                (host, rest)
            }
        };
        let port = match rest {
            "" => port,
            rest => rest.strip_prefix(':')?.parse().ok().filter(|port| *port != 0)?,
        };
        Some(Self { host: host.to_owned(), port })
    }
}

/// `HOST:PORT`, with brackets where the host is an IPv6 address.
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V6(host)) => write!(f, "[{host}]:{}", self.port),
            _ => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// The address of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) tls: bool,
    pub(super) place: Place,
    /// The host and port as written, for the Host field.
    pub(super) authority: String,
    /// Path and query, beginning with `/`.
    pub(super) target: String,
}

impl Url {
    /// Reads `https://HOST[:PORT][/PATH]`, or `http://…`. User information and fragments are refused.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (tls, rest) = match text.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix("http://")?),
        };
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let place = Place::parse(authority, if tls { 443 } else { 80 })?;
        let sound = target.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'#' | b'"' | b'<' | b'>' | b'\\'));
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        sound.then(|| Self { tls, place, authority: authority.to_owned(), target })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back_as_written() {
        for (text, shown) in [
            ("mail.example.org", "mail.example.org:587"),
            ("mail.example.org:25", "mail.example.org:25"),
            ("[2001:db8::1]:25", "[2001:db8::1]:25"),
            ("[::1]", "[::1]:587"),
        ] {
            assert_eq!(Place::parse(text, 587).unwrap().to_string(), shown);
        }
        for text in ["", ":25", "a b", "a:0", "a:x", "a:1:2", "::1", "[::1", "a@b", "[a]"] {
            assert_eq!(Place::parse(text, 587), None, "{text}");
        }
    }

    #[test]
    fn a_url_gives_its_parts() {
        let url = Url::parse("https://hooks.example.org:8443/a/b?c=d").unwrap();
        assert!(url.tls);
        assert_eq!((url.place.port, url.authority.as_str()), (8443, "hooks.example.org:8443"));
        assert_eq!(url.target, "/a/b?c=d");
        assert_eq!(Url::parse("http://127.0.0.1?x").unwrap().target, "/?x");
        for text in ["ftp://a/", "https://", "https://u:p@a/", "https://a/ b", "https://a/#f", "a/b", "https://a\r\n/"]
        {
            assert_eq!(Url::parse(text), None, "{text}");
        }
    }
}

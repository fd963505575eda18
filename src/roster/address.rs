//! What is an address on which channel. Only its form is judged: whether somebody is there, a test notice tells.

use crate::store::records::ParcelKind;

/// What is wrong with the address, and what would be right.
pub(super) fn wrong(kind: ParcelKind, address: &str) -> Option<String> {
    let right = match kind {
        ParcelKind::Email if !is_mail(address) => "an email address such as watch@cirt.example",
        ParcelKind::Pager if !is_pager(address) && !is_mail(address) => {
            "a pager's id (letters, digits, + - . _) or the email address that pages it"
        }
        ParcelKind::Fax if !is_number(address) => "a telephone number such as +1 202 555 0100",
        ParcelKind::Webhook if !is_url(address) => "a URL such as https://pager.example/ridd, without user or password",
        ParcelKind::Rid => "a channel for people",
        ParcelKind::Email | ParcelKind::Pager | ParcelKind::Fax | ParcelKind::Webhook => return None,
    };
    Some(format!("{address:?} is no {kind} address: write {right}"))
}

/// The form of RFC 5321 without quoting: what every mail system takes.
fn is_mail(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let dots = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    !local.is_empty() && local.len() <= 64 && local.chars().all(atom) && dots && is_host(domain)
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

fn is_pager(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._".contains(&b))
}

fn is_number(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let rest = text.strip_prefix('+').unwrap_or(text);
    (3..=20).contains(&digits)
        && rest.starts_with(|c: char| c.is_ascii_digit() || c == '(')
        && rest.bytes().all(|byte| byte.is_ascii_digit() || b" -().".contains(&byte))
}

/// Names a host, and nothing that a log must not show.
fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => {
            if host.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            ("v6", port.strip_prefix(':').unwrap_or(if port.is_empty() { "1" } else { "" }))
        }
        None => authority.split_once(':').unwrap_or((authority, "1")),
    };
    is_host(host)
        && port.parse::<u16>().is_ok_and(|port| port > 0)
        && text.len() <= 2_000
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !text.contains('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_judged_by_channel() {
        let right = [
            (ParcelKind::Email, "first.last+ridd@cirt.example"),
            (ParcelKind::Pager, "5550100"),
            (ParcelKind::Pager, "5550100@pages.example"),
            (ParcelKind::Fax, "+1 (202) 555-0100"),
            (ParcelKind::Webhook, "https://pager.example:8443/hook?team=a"),
            (ParcelKind::Webhook, "http://[::1]:8080/"),
            (ParcelKind::Webhook, "http://127.0.0.1/"),
        ];
        for (kind, address) in right {
            assert_eq!(wrong(kind, address), None, "{kind} {address}");
        }
        let faulty = [
            (ParcelKind::Email, "watch"),
            (ParcelKind::Email, "a b@cirt.example"),
            (ParcelKind::Email, ".a@cirt.example"),
            (ParcelKind::Email, "a@-cirt.example"),
            (ParcelKind::Email, "a@cirt.example\r\nBcc: b@cirt.example"),
            (ParcelKind::Pager, ""),
            (ParcelKind::Pager, "555 0100"),
            (ParcelKind::Fax, "fax"),
            (ParcelKind::Fax, "12"),
            (ParcelKind::Fax, "+1 202 555 0100 ext 5"),
            (ParcelKind::Webhook, "pager.example/hook"),
            (ParcelKind::Webhook, "ftp://pager.example/"),
            (ParcelKind::Webhook, "https://user:secret@pager.example/"),
            (ParcelKind::Webhook, "https:///hook"),
            (ParcelKind::Webhook, "https://pager.example:0/"),
            (ParcelKind::Webhook, "https://[::g]/"),
            (ParcelKind::Rid, "peer.example"),
        ];
        for (kind, address) in faulty {
            assert!(wrong(kind, address).is_some(), "{kind} {address}");
        }
    }
}

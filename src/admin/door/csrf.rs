//! Requests that another site made a browser send: told by where the browser says they come from, and by the token that
//! only our own forms carry. Both must be right.

use hyper::{HeaderMap, Method};

use crate::admin::problem::{Code, Problem};

/// Whether the request changes nothing by its method.
pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Refuses a request that a browser says another site made it send.
pub(super) fn check_origin(headers: &HeaderMap) -> Result<(), Problem> {
    let field = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let ours = match (field("sec-fetch-site"), field("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            field("host").is_some_and(|host| origin.strip_prefix("https://").is_some_and(|from| from == host))
        }
        // No browser of this age leaves out both.
        (None, None) => true,
    };
    if ours { Ok(()) } else { Err(refusal("the request comes from another site")) }
}

/// Refuses a request that does not carry the session's token.
pub(super) fn check_token(expected: &str, given: Option<&str>) -> Result<(), Problem> {
    let same =
        |given: &str| aws_lc_rs::constant_time::verify_slices_are_equal(given.as_bytes(), expected.as_bytes()).is_ok();
    match given {
        Some(given) if same(given) => Ok(()),
        Some(_) => Err(refusal("the form is not of this session")),
        None => Err(refusal("the form carries no token of its session")),
    }
}

fn refusal(message: &str) -> Problem {
    Problem::new(Code::NotPermitted, message, "go back, load the page anew, and send it from there")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_our_own_pages_send_forms() {
        let host = ("host", "node.example:4591");
        for (fields, ours) in [
            (vec![host], true),
            (vec![host, ("sec-fetch-site", "same-origin")], true),
            (vec![host, ("sec-fetch-site", "none")], true),
            (vec![host, ("sec-fetch-site", "same-site")], false),
            (vec![host, ("sec-fetch-site", "cross-site")], false),
            (vec![host, ("sec-fetch-site", "cross-site"), ("origin", "https://node.example:4591")], false),
            (vec![host, ("origin", "https://node.example:4591")], true),
            (vec![host, ("origin", "http://node.example:4591")], false),
            (vec![host, ("origin", "https://node.example")], false),
            (vec![host, ("origin", "https://evil.example")], false),
            (vec![host, ("origin", "null")], false),
            (vec![("origin", "https://node.example:4591")], false),
        ] {
            assert_eq!(check_origin(&headers(&fields)).is_ok(), ours, "{fields:?}");
        }
    }

    #[test]
    fn the_token_is_the_sessions_own() {
        check_token("abc", Some("abc")).unwrap();
        for bad in [None, Some(""), Some("abd"), Some("abcd")] {
            assert_eq!(check_token("abc", bad).unwrap_err().code, Code::NotPermitted);
        }
    }
}

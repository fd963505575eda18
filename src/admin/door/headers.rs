//! What browsers are told about every answer of the door: run nothing and load nothing that is not ours, show it in no
//! frame, guess no type, and come back over TLS only.

use hyper::Response;
use hyper::header::{HeaderName, HeaderValue};

/// Header fields of every answer.
const FIELDS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("strict-transport-security", "max-age=31536000"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    // Not `no-referrer`, under which browsers say `Origin: null` even of our own forms.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// Adds the fields, in the place of any of that name.
pub(super) fn harden<B>(mut response: Response<B>) -> Response<B> {
    for (name, value) in FIELDS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

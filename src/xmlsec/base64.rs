//! Base64 as XML carries it (`xs:base64Binary`): with white space anywhere.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;

/// Decodes; none if it is no base64.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    if !text.bytes().any(|byte| space(&byte)) {
        return STANDARD.decode(text).ok();
    }
    let dense: Vec<u8> = text.bytes().filter(|byte| !space(byte)).collect();
    STANDARD.decode(dense).ok()
}

/// The bytes, encoded.
pub(super) fn encoded(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Appends the bytes, encoded, to `out`.
pub(super) fn encode(bytes: &[u8], out: &mut String) {
    STANDARD.encode_string(bytes, out);
}

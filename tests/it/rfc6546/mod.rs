//! RFC 6546, section by section: what the wire demands, tried on the real binary.

mod section_3_client;
mod section_3_http;
mod section_3_tls;

//! Style and script of the pages, inside the program. Their names carry a digest of what they hold, so that browsers may
//! keep them for ever and never show new pages with an old style.

use std::sync::LazyLock;

use hyper::Method;
use hyper::header::{CACHE_CONTROL, HeaderValue};

use crate::admin::api::wrong_method;
use crate::admin::http::Reply;
use crate::admin::problem::{Code, Problem};
use crate::ids::Digest;

/// Hexadecimal digits of the digest in a name.
const DIGITS: usize = 16;

/// One file that is served as it is.
#[derive(Debug)]
pub(in crate::admin) struct Asset {
    address: String,
    content_type: &'static str,
    bytes: &'static [u8],
}

impl Asset {
    fn new(stem: &str, ending: &str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let digest = Digest::of(bytes);
        let digits = digest.as_str().get(..DIGITS).unwrap_or_default();
        Self { address: format!("/assets/{stem}-{digits}.{ending}"), content_type, bytes }
    }

    /// Where it is served.
    pub(in crate::admin) fn address(&self) -> &str {
        &self.address
    }
}

/// How the pages look.
pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("page", "css", "text/css; charset=utf-8", include_bytes!("assets/page.css")));

/// What makes the pages better where script runs.
pub(super) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("page", "js", "text/javascript; charset=utf-8", include_bytes!("assets/page.js")));

/// Whether that is the name of the style.
pub(in crate::admin) fn is_style(name: &str) -> bool {
    STYLE.address().strip_prefix("/assets/") == Some(name)
}

/// Answers `/assets/NAME`. Nothing is looked up on the disk, whatever the name says.
pub(in crate::admin) fn serve(method: &Method, name: &str) -> Result<Reply, Problem> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(wrong_method(method, "GET"));
    }
    let all = [&*STYLE, &*SCRIPT];
    let found = all.into_iter().find(|asset| asset.address().strip_prefix("/assets/") == Some(name));
    let Some(asset) = found else {
        return Err(Problem::new(
            Code::NoSuchPath,
            "there is no such asset",
            "reload the page: the node is newer than it",
        ));
    };
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    Ok(Reply::bytes(asset.content_type, asset.bytes).with(CACHE_CONTROL, forever))
}

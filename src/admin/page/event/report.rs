//! `/events/ID/report`: the report after action as far as it is written, with its drawings, and the whole of it to download.

use hyper::header::{CONTENT_DISPOSITION, HeaderValue};

use super::head::{Head, back, frame};
use crate::admin::api::events::report;
use crate::admin::auth::{Look, Permitted};
use crate::admin::call::Call;
use crate::admin::http::Reply;
use crate::admin::page::Frame;
use crate::admin::problem::Problem;
use crate::ids::EventId;

#[derive(askama::Template)]
#[template(path = "event/report.html")]
struct Page {
    frame: Frame,
    head: Head,
    /// What the report itself has escaped.
    extract: String,
    html: String,
    markdown: String,
}

/// The report on a page.
pub(super) async fn show(call: &Call<'_>, permitted: &Permitted<Look>, event: &EventId) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    let state = call.parts.officers.state(event).await?;
    Reply::page(&Page {
        frame: frame(call, &state, "Report"),
        head: Head::of(call, &state, "report"),
        extract: report(call, permitted, event).await?.extract(),
        html: back(event, &["report.html"]),
        markdown: back(event, &["report.md"]),
    })
}

/// The whole report as one HTML file.
pub(super) async fn html(call: &Call<'_>, permitted: &Permitted<Look>, event: &EventId) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    let text = report(call, permitted, event).await?.html();
    Ok(file(event, "html", Reply::bytes("text/html; charset=utf-8", text)))
}

/// The whole report as Markdown.
pub(super) async fn markdown(call: &Call<'_>, permitted: &Permitted<Look>, event: &EventId) -> Result<Reply, Problem> {
    call.ask.only(&[])?;
    let text = report(call, permitted, event).await?.markdown();
    Ok(file(event, "md", Reply::bytes("text/markdown; charset=utf-8", text)))
}

/// A file to be kept. The name of an event has no character that a header could not have.
fn file(event: &EventId, ending: &str, reply: Reply) -> Reply {
    let name = format!("attachment; filename=\"{event}.{ending}\"");
    reply.with(CONTENT_DISPOSITION, HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment")))
}

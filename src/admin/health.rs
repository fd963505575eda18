//! The listener for machines that watch the node: `GET /metrics`, `/healthz`, `/readyz`, in clear and without any right.

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::{Method, Request, Response};

use super::Parts;
use super::http::{Body, respond};
use crate::telemetry::Metrics;

const TEXT: &str = "text/plain; charset=utf-8";

/// Answers one request. Its body, if any, is not read.
pub(super) fn answer(parts: &Parts, request: &Request<Incoming>) -> Response<Body> {
    let said = |status, text: &str| respond(status, TEXT, Bytes::from(format!("{text}\n")));
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return said(405, "only GET");
    }
    match request.uri().path() {
        "/metrics" => {
            parts.metrics.ready(parts.control.ready().is_ok());
            respond(200, Metrics::CONTENT_TYPE, parts.metrics.render().into())
        }
        // Whoever can answer is alive.
        "/healthz" => said(200, "ok"),
        "/readyz" => match parts.control.ready() {
            Ok(()) => said(200, "ready"),
            Err(why) => said(503, &format!("not ready: {why}")),
        },
        _ => said(404, "there are /metrics, /healthz and /readyz"),
    }
}

//! Pages as a browser gets them, over the socket: what is rendered, and what forms do. Who may come in over TLS is tested
//! where the door is.

use hyper::{Request, Response};
use tokio::net::UnixStream;

use super::operators::{ANN, become_user};
use super::{Trial, trial};

/// An answer, read as text.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: hyper::HeaderMap,
    pub(super) text: String,
}

impl Answer {
    /// The header field, or nothing.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Gets the page at that address.
pub(super) async fn get(trial: &Trial, address: &str) -> Answer {
    send(trial, Request::get(address).body(String::new()).unwrap()).await
}

/// Sends a form. Keys and values must be percent-encoded already.
pub(super) async fn post(trial: &Trial, address: &str, form: &str) -> Answer {
    let request = Request::post(address).header("content-type", "application/x-www-form-urlencoded");
    send(trial, request.body(form.to_owned()).unwrap()).await
}

pub(super) async fn send(trial: &Trial, mut request: Request<String>) -> Answer {
    use http_body_util::BodyExt;
    request.headers_mut().insert("host", "localhost".parse().unwrap());
    let stream = UnixStream::connect(trial.client.socket()).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake::<_, String>(io).await.unwrap();
    let connection = tokio::spawn(connection);
    let answer: Response<_> = sender.send_request(request).await.unwrap();
    let (head, body) = answer.into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    drop(sender);
    connection.await.unwrap().unwrap();
    Answer { status: head.status.as_u16(), headers: head.headers, text }
}

#[tokio::test]
async fn the_start_page_has_its_assets() {
    let trial = trial().await;
    let page = get(&trial, "/").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.text.contains("node.example"), "{}", page.text);
    assert!(page.text.contains(" aria-current=\"page\""), "{}", page.text);
    let assets: Vec<_> = page.text.split('"').filter(|word| word.starts_with("/assets/")).collect();
    assert_eq!(assets.len(), 2);
    for address in assets {
        let asset = get(&trial, address).await;
        assert_eq!(asset.status, 200, "{address}");
        assert!(asset.header("cache-control").contains("immutable"), "{address}");
    }
}

#[tokio::test]
async fn what_went_wrong_is_a_page_too_and_escaped() {
    let trial = trial().await;
    let page = get(&trial, "/%3Cscript%3E").await;
    assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"));
    assert!(page.text.contains("&#60;script&#62; is no page"), "{}", page.text);
    for (address, status) in [
        ("/assets/..%2F..%2Fetc%2Fpasswd", 404),
        ("/assets/../../../../etc/passwd", 404),
        ("/assets/page.css", 404),
        ("/status?full=1", 400),
        ("/%ff", 400),
    ] {
        assert_eq!(get(&trial, address).await.status, status, "{address}");
    }
    assert_eq!(post(&trial, "/status", "").await.status, 405);
    let large = post(&trial, "/peers", &"x".repeat(5_000)).await;
    assert_eq!((large.status, large.header("content-type")), (413, "text/html; charset=utf-8"));
    assert!(large.text.contains("larger than 4096 bytes") && large.text.contains("<nav"), "{}", large.text);
    assert!(get(&trial, "/api/v2").await.text.contains("\"no-such-path\""), "programs are answered in JSON");
}

#[tokio::test]
async fn the_status_page_warns() {
    let trial = super::operators::trial().await;
    let page = get(&trial, "/status").await;
    assert!(page.text.contains("something runs out"), "{}", page.text);
    *trial.fake.unready.lock().unwrap() = Some("the disk is <full>".to_owned());
    assert!(get(&trial, "/status").await.text.contains("Not taking messages: the disk is &#60;full&#62;"));
    become_user(ANN);
    assert_eq!(get(&trial, "/status").await.status, 403);
}

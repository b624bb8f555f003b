//! A small HTTP client for the tests of this crate: one connection a request, nothing hidden.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) content_type: String,
    pub(crate) warnings: Vec<String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Sends a request and returns the answer with its body still to be read.
pub(crate) async fn open(
    url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Response<Incoming> {
    let address = url.strip_prefix("http://").expect("a plain URL");
    let stream = TcpStream::connect(address).await.expect("connect");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("handshake");
    tokio::spawn(connection);
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", address)
        .header("user-agent", "recorder/1");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::from(body.to_owned()))).expect("a request");
    sender.send_request(request).await.expect("an answer")
}

pub(crate) async fn send(
    url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let response = open(url, method, path, headers, body).await;
    let text = |name: &str| {
        response.headers().get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned()
    };
    let (code, content_type) = (response.status().as_u16(), text("content-type"));
    let warnings = response
        .headers()
        .get_all("warning")
        .iter()
        .filter_map(|it| it.to_str().ok())
        .map(str::to_owned)
        .collect();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    Answer { code, content_type, warnings, body: String::from_utf8_lossy(&body).into_owned() }
}

pub(crate) async fn post(url: &str, path: &str, body: &Value) -> Answer {
    send(url, "POST", path, &[("content-type", "application/json")], &body.to_string()).await
}

pub(crate) async fn get(url: &str, path: &str) -> Answer {
    send(url, "GET", path, &[], "").await
}

/// A watch, read event by event.
pub(crate) struct Events {
    response: Response<Incoming>,
    rest: String,
}

impl Events {
    pub(crate) async fn open(url: &str, path: &str) -> Events {
        Events { response: open(url, "GET", path, &[], "").await, rest: String::new() }
    }

    /// The next event; `None` when the server has closed the watch.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((line, rest)) = self.rest.split_once('\n') {
                let event = serde_json::from_str(line).expect("an event");
                self.rest = rest.to_owned();
                return Some(event);
            }
            let frame = self.response.frame().await?.expect("a frame");
            if let Ok(data) = frame.into_data() {
                self.rest.push_str(std::str::from_utf8(&data).expect("text"));
            }
        }
    }

    /// Waits for the end of the connection: true when it broke instead of being closed in order.
    pub(crate) async fn is_cut_off(&mut self) -> bool {
        loop {
            match self.response.frame().await {
                Some(Ok(_)) => {}
                Some(Err(_)) => return true,
                None => return false,
            }
        }
    }

    /// Type and name of the next event.
    pub(crate) async fn next_short(&mut self) -> String {
        match self.next().await {
            None => "end".to_owned(),
            Some(event) => {
                let name = event["object"]["metadata"]["name"].as_str().unwrap_or_default();
                format!("{} {name}", event["type"].as_str().unwrap_or_default())
            }
        }
    }
}

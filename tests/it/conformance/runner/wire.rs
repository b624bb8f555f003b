//! A small HTTP client: plain or TLS, connections kept for the next request of the same person, nothing hidden and nothing repeated.
//!
//! Not our SDK's transport, so that the suite does not depend on what it helps to test.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

/// What an answer may take; far more than anything that works does.
const PATIENCE: Duration = Duration::from_secs(90);

/// Who asks.
#[derive(Clone, Default)]
pub(crate) struct Credential {
    pub(crate) token: Option<String>,
    /// How to speak TLS, client certificate included; plain text without.
    pub(crate) tls: Option<Arc<ClientConfig>>,
    /// Connections that wait for a request.
    idle: Arc<Mutex<Vec<Sender>>>,
}

type Sender = http1::SendRequest<Full<Bytes>>;

impl Credential {
    pub(crate) fn new(token: Option<String>, tls: Option<Arc<ClientConfig>>) -> Credential {
        Credential { token, tls, idle: Arc::default() }
    }

    fn keep(&self, sender: Sender) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
    }

    fn kept(&self) -> Option<Sender> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Credential").finish_non_exhaustive()
    }
}

/// What is asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a str,
    /// After how many lines of the answer the connection is closed.
    pub(crate) first: Option<usize>,
}

/// What was answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    /// 0 where there was no whole answer; the body says why.
    pub(crate) code: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The values of a header, by commas.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let all: Vec<&str> = self
            .headers
            .iter()
            .filter(|(it, _)| it.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Asks a server that listens on `HOST:PORT`.
pub(crate) async fn send(address: &str, who: &Credential, ask: Ask<'_>) -> Answer {
    let sent = tokio::time::timeout(PATIENCE, exchange(address, who, &ask)).await;
    match sent {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Answer { body: error.into_bytes(), ..Answer::default() },
        Err(_) => Answer { body: b"no whole answer in 90 s".to_vec(), ..Answer::default() },
    }
}

async fn exchange(address: &str, who: &Credential, ask: &Ask<'_>) -> Result<Answer, String> {
    let mut request = Request::builder()
        .method(ask.method)
        .uri(ask.path)
        .header("host", address)
        .header("user-agent", "recorder/1");
    if let Some(token) = &who.token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    for (name, value) in ask.headers {
        request = request.header(name, value);
    }
    let body = Full::new(Bytes::from(ask.body.to_owned()));
    let mut request = request.body(body).map_err(|error| format!("no request: {error}"))?;
    let (response, sender) = loop {
        let kept = who.kept();
        let (mut sender, was_kept) = match kept {
            Some(sender) => (sender, true),
            None => (connect(address, who).await?, false),
        };
        if sender.ready().await.is_err() && was_kept {
            continue;
        }
        match sender.try_send_request(request).await {
            Ok(response) => break (response, sender),
            // The server had closed it, and has seen nothing of the request.
            Err(mut error) => match error.take_message() {
                Some(unsent) if was_kept => request = unsent,
                _ => return Err(format!("no answer: {}", error.into_error())),
            },
        }
    };
    let (parts, body) = response.into_parts();
    let headers = parts.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let (code, headers) = (parts.status.as_u16(), headers.collect());
    let body = read(body, ask.first).await?;
    if ask.first.is_none() {
        who.keep(sender);
    }
    Ok(Answer { code, headers, body })
}

async fn connect(address: &str, who: &Credential) -> Result<Sender, String> {
    let stream = TcpStream::connect(address).await.map_err(|error| format!("no connection: {error}"))?;
    let _ = stream.set_nodelay(true);
    let broken = |error: hyper::Error| format!("no connection: {error}");
    let Some(tls) = &who.tls else {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        tokio::spawn(connection);
        return Ok(sender);
    };
    let host = address.rsplit_once(':').map_or(address, |it| it.0).to_owned();
    let name = ServerName::try_from(host).map_err(|error| format!("no name for TLS: {error}"))?;
    let stream = TlsConnector::from(tls.clone()).connect(name, stream).await;
    let stream = stream.map_err(|error| format!("no TLS: {error}"))?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn read(mut body: Incoming, first: Option<usize>) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|error| format!("the answer broke off: {error}\n{}", String::from_utf8_lossy(&all)))?;
        if let Ok(data) = frame.into_data() {
            all.extend_from_slice(&data);
        }
        if let Some(first) = first {
            let end = all
                .iter()
                .enumerate()
                .filter(|(_, it)| **it == b'\n')
                .map(|it| it.0 + 1)
                .nth(first.saturating_sub(1));
            if let Some(end) = end {
                all.truncate(end);
                break;
            }
        }
    }
    Ok(all)
}

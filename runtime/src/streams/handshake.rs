//! From a request to a WebSocket: key, answer and subprotocol (RFC 6455, section 4).
//!
//! The connection itself, its credentials and refused answers are the client's.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use ring::rand::{SecureRandom, SystemRandom};

use super::channels::Protocol;
use crate::error::{Kind, excerpt};
use crate::request::{Class, Headers, Request};
use crate::transport::Duplex;
use crate::{Client, Result};

/// What is added to a key before it is hashed (RFC 6455, section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// How long the server may take to agree: it may have to reach a node first.
const HANDSHAKE_TIME: Duration = Duration::from_secs(60);

/// Asks for a WebSocket that speaks one of `offered`, best first.
///
/// # Errors
///
/// Every answer but 101, and a 101 that does not fit what was asked.
pub(super) async fn open(
    client: &Client,
    mut request: Request,
    offered: &[Protocol],
) -> Result<(Protocol, Box<dyn Duplex>)> {
    let key =
        key().ok_or_else(|| client.error(&request, Kind::Request, "the system gives no random bytes"))?;
    let names: Vec<&str> = offered.iter().map(|protocol| protocol.name()).collect();
    request.class = Class::Stream;
    request.headers.set("connection", "Upgrade");
    request.headers.set("upgrade", "websocket");
    request.headers.set("sec-websocket-version", "13");
    request.headers.set("sec-websocket-key", key.as_str());
    request.headers.set("sec-websocket-protocol", names.join(", "));
    let limit = request.timeout.unwrap_or(HANDSHAKE_TIME);
    let upgraded = tokio::time::timeout(limit, client.upgrade(&request)).await;
    let (headers, io) = upgraded.unwrap_or_else(|_| {
        Err(client.error(&request, Kind::Timeout, format!("no answer to the upgrade within {limit:?}")))
    })?;
    let protocol = agreed(&headers, &key, offered).map_err(|why| {
        client
            .error(&request, Kind::Decode, why)
            .with_help("streams need WebSocket: does a proxy between, or an old server, not speak it?")
    })?;
    Ok((protocol, io))
}

/// What was agreed on.
fn agreed(headers: &Headers, key: &str, offered: &[Protocol]) -> Result<Protocol, String> {
    let is = |name, wanted: &str| headers.get(name).is_some_and(|value| value.eq_ignore_ascii_case(wanted));
    if !is("upgrade", "websocket") {
        return Err("the server switched to something else than a WebSocket".to_owned());
    }
    let accepts = headers.get("connection").unwrap_or_default();
    if !accepts.split(',').any(|token| token.trim().eq_ignore_ascii_case("upgrade")) {
        return Err("the server switched without saying so in `Connection`".to_owned());
    }
    if headers.get("sec-websocket-accept").map(str::trim) != Some(accept(key).as_str()) {
        return Err("the answer to the WebSocket's key is wrong: it is to another request".to_owned());
    }
    if let Some(extension) = headers.get("sec-websocket-extensions") {
        return Err(format!("an extension that was not asked for: {}", excerpt(extension.as_bytes(), 64)));
    }
    let names = || offered.iter().map(|protocol| protocol.name()).collect::<Vec<_>>().join(" nor ");
    match headers.get("sec-websocket-protocol").map(str::trim) {
        None => Err(format!("the server speaks neither {}", names())),
        Some(chosen) => offered.iter().copied().find(|protocol| protocol.name() == chosen).ok_or_else(|| {
            format!("the server chose {}, which was not offered", excerpt(chosen.as_bytes(), 64))
        }),
    }
}

/// Sixteen random bytes.
fn key() -> Option<String> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(STANDARD.encode(bytes))
}

/// What a server answers to a key.
pub(super) fn accept(key: &str) -> String {
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_a_key_is_that_of_the_specification() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        let (one, two) = (key().unwrap(), key().unwrap());
        assert!(one.len() == 24 && one != two);
    }

    #[test]
    fn only_an_answer_to_what_was_asked_is_agreed_on() {
        let good = [
            ("upgrade", "WebSocket"),
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            ("sec-websocket-protocol", "v4.channel.k8s.io"),
        ];
        let agreed = |changed: &str, value: Option<&str>| {
            let mut headers = Headers::default();
            for (name, usual) in good.iter().copied().filter(|(name, _)| *name != changed) {
                headers.add(name, usual);
            }
            if let Some(value) = value {
                headers.add(changed, value);
            }
            agreed(&headers, "dGhlIHNhbXBsZSBub25jZQ==", &[Protocol::V5, Protocol::V4])
        };
        assert_eq!(agreed("", None), Ok(Protocol::V4));
        assert_eq!(agreed("sec-websocket-protocol", Some("v5.channel.k8s.io")), Ok(Protocol::V5));
        for (name, value, why) in [
            ("upgrade", None, "something else"),
            ("upgrade", Some("SPDY/3.1"), "something else"),
            ("connection", Some("close"), "Connection"),
            ("sec-websocket-accept", None, "key"),
            ("sec-websocket-accept", Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOp="), "key"),
            ("sec-websocket-extensions", Some("permessage-deflate"), "extension"),
            ("sec-websocket-protocol", None, "neither v5"),
            ("sec-websocket-protocol", Some("channel.k8s.io"), "not offered"),
        ] {
            let error = agreed(name, value).unwrap_err();
            assert!(error.contains(why), "{name}: {error}");
        }
    }
}

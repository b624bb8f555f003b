//! Going through a proxy: CONNECT for https, whole URLs for http, SOCKS5 for both. Which one is in `proxy_choice.rs`.
//!
//! A proxy's password goes to the proxy and nowhere else, least of all into a message.

use std::fmt;

use base64::Engine;
use http::HeaderValue;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::SocksV5;
use rustls_pki_types::ServerName;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower_service::Service;

use super::connector::{Resolver, place};
use super::failure::reasons;
use super::origin::Origin;
use super::{Duplex, Failure, FailureKind};

/// The most that a proxy may say before it lets us through.
const HEAD_LIMIT: usize = 16 << 10;

/// A proxy and how it is spoken to.
#[derive(Clone)]
pub(super) struct Proxy {
    way: Way,
    /// An IPv6 address is in brackets.
    host: String,
    port: u16,
    user: Option<(SecretString, SecretString)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Http,
    Https,
    Socks,
}

impl Proxy {
    /// The proxy that a URL means; `None` where it means none that we could go through.
    pub(super) fn parse(url: &str) -> Option<Proxy> {
        let (scheme, rest) = url.split_once("://")?;
        let (way, default) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (Way::Http, 80),
            "https" => (Way::Https, 443),
            "socks5" | "socks5h" => (Way::Socks, 1080),
            _ => return None,
        };
        let authority = rest.split(['/', '?', '#']).next()?;
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority),
        };
        let place: http::uri::Authority = place.parse().ok()?;
        let user = match user {
            None => None,
            Some(user) => {
                let (name, password) = user.split_once(':').unwrap_or((user, ""));
                Some((unescape(name)?, unescape(password)?))
            }
        };
        // A port that is no number must not become the default one.
        let port = match place.as_str().strip_prefix(place.host()) {
            Some("") | Some(":") => default,
            _ => place.port_u16().filter(|port| *port > 0)?,
        };
        (!place.host().is_empty()).then(|| Proxy { way, host: place.host().to_owned(), port, user })
    }

    pub(super) fn way(&self) -> Way {
        self.way
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The name that the proxy's certificate has to show.
    pub(super) fn server_name(&self) -> Option<ServerName<'static>> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let host = host.strip_suffix('.').unwrap_or(host);
        ServerName::try_from(host.to_owned()).ok()
    }

    /// The value of `Proxy-Authorization`.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        let (name, password) = self.user.as_ref()?;
        let pair = SecretString::from(format!("{}:{}", name.expose_secret(), password.expose_secret()));
        let encoded = base64::engine::general_purpose::STANDARD.encode(pair.expose_secret());
        let mut value = HeaderValue::try_from(format!("Basic {encoded}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Has the proxy connect us with the server.
    pub(super) async fn tunnel(&self, io: &mut Box<dyn Duplex>, origin: &Origin) -> Result<(), Failure> {
        let broken =
            |error: std::io::Error| refused(None, &format!("the proxy broke off: {}", reasons(&error)));
        let to = origin.host_and_port();
        let mut request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n").into_bytes();
        if let Some(value) = self.authorization() {
            request.extend_from_slice(b"Proxy-Authorization: ");
            request.extend_from_slice(value.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        io.write_all(&request).await.map_err(broken)?;
        io.flush().await.map_err(broken)?;
        let mut head = Vec::new();
        let end = loop {
            if let Some(end) = memchr::memmem::find(&head, b"\r\n\r\n") {
                break end + 4;
            }
            if head.len() > HEAD_LIMIT {
                return Err(refused(None, "the proxy's answer is too long"));
            }
            if io.read_buf(&mut head).await.map_err(broken)? == 0 {
                return Err(refused(None, "the proxy closed the connection"));
            }
        };
        let Some(status) = status(&head) else { return Err(refused(None, "the proxy does not speak HTTP")) };
        match status {
            // TLS is begun by us: nothing can have come yet.
            200..300 if head.len() == end => Ok(()),
            200..300 => Err(refused(None, "the proxy sent more than an answer")),
            407 if self.user.is_none() => Err(refused(
                Some(status),
                "the proxy asks for a user name and password (407): put them into its URL",
            )),
            407 => Err(refused(Some(status), "the proxy does not accept this user name and password (407)")),
            _ => {
                Err(refused(Some(status), &format!("the proxy refused the connection with status {status}")))
            }
        }
    }

    /// A connection to the server over SOCKS5; names are resolved by the proxy, as Go does for both schemes.
    pub(super) async fn socks(
        &self,
        tcp: HttpConnector<Resolver>,
        origin: &Origin,
    ) -> Result<Box<dyn Duplex>, Failure> {
        let mut socks = SocksV5::new(place(&self.host, self.port)?, tcp);
        if let Some((name, password)) = &self.user {
            socks = socks.with_auth(name.expose_secret().to_owned(), password.expose_secret().to_owned());
        }
        let to = place(origin.authority().host(), origin.port())?;
        match socks.call(to).await {
            Ok(io) => Ok(Box::new(io.into_inner())),
            Err(error) => Err(refused(None, &format!("the proxy did not connect us: {}", reasons(&error)))),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("way", &self.way)
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

fn refused(status: Option<u16>, message: &str) -> Failure {
    Failure::new(FailureKind::Proxy(status), message)
}

/// The status in the first line of an answer.
fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    words.next()?;
    let status: u16 = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
    (100..600).contains(&status).then_some(status)
}

/// A part of a URL as it is meant: `%40` is an `@`.
fn unescape(text: &str) -> Option<SecretString> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().map(SecretString::from)
}

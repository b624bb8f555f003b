//! Going through a proxy: CONNECT for https, whole URLs for http, SOCKS5 for both. Which one is in `proxy_choice.rs`.
//!
//! What goes wrong is said with the proxy's address and where it was configured. A proxy's password goes to the proxy and nowhere else, least of all into a message.

use std::fmt;
use std::future::{Ready, ready};
use std::io;
use std::task::{Context, Poll};

use base64::Engine;
use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::proxy::SocksV5;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower_service::Service;

use super::connector::place;
use super::failure::reasons;
use super::origin::Origin;
use super::{Duplex, Failure, FailureKind, Phase};

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
    /// Where it was configured.
    from: String,
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
        // A password that is not escaped would end the authority early: a part of it would be taken for the host, and shown.
        if rest.get(authority.len()..)?.contains('@') {
            return None;
        }
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
        (!place.host().is_empty()).then(|| Proxy {
            way,
            host: place.host().to_owned(),
            port,
            user,
            from: String::new(),
        })
    }

    /// The same proxy, with the place where it was configured.
    pub(super) fn from(self, from: String) -> Proxy {
        Proxy { from, ..self }
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
        let broken = |error: io::Error| self.no_proxy(&format!("broke off: {}", reasons(&error)));
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
                return Err(self.no_proxy("gave an answer that is too long"));
            }
            if io.read_buf(&mut head).await.map_err(broken)? == 0 {
                return Err(self.no_proxy("closed the connection"));
            }
        };
        let Some(status) = status(&head) else { return Err(self.no_proxy("does not speak HTTP")) };
        match status {
            // TLS is begun by us: nothing can have come yet.
            200..300 if head.len() == end => Ok(()),
            200..300 => Err(self.failure(
                None,
                &format!("answered {status} with a page in place of a connection"),
                "is this a proxy, or does a login page of the network answer? Nothing was sent",
            )),
            _ => Err(self.refused(status, &to)),
        }
    }

    /// The proxy answered with a status that is no success.
    fn refused(&self, status: u16, to: &str) -> Failure {
        let (said, hint) = match status {
            407 if self.user.is_none() => (
                "asks for a user name and a password (407)".to_owned(),
                "put them into its URL: http://user:password@host:port; nothing was sent".to_owned(),
            ),
            407 => (
                "does not accept this user name and password (407)".to_owned(),
                "are they right, and %-escaped in its URL? Nothing was sent".to_owned(),
            ),
            _ => {
                let hint = match status {
                    403 => format!("the proxy does not allow connections to {to}; nothing was sent"),
                    502..=504 => format!("the proxy cannot reach {to}; nothing was sent"),
                    _ => "the proxy did not let the connection through; nothing was sent".to_owned(),
                };
                (format!("refused the connection with status {status}"), hint)
            }
        };
        self.failure(Some(status), &said, &hint)
    }

    /// A connection to the server over SOCKS5; names are resolved by the proxy, as Go does for both schemes.
    pub(super) async fn socks(
        &self,
        io: Box<dyn Duplex>,
        origin: &Origin,
    ) -> Result<Box<dyn Duplex>, Failure> {
        let mut socks = SocksV5::new(place(&self.host, self.port)?, Connected(Some(TokioIo::new(io))));
        if let Some((name, password)) = &self.user {
            socks = socks.with_auth(name.expose_secret().to_owned(), password.expose_secret().to_owned());
        }
        let to = place(origin.authority().host(), origin.port())?;
        match socks.call(to).await {
            Ok(io) => Ok(io.into_inner()),
            Err(error) => {
                let said = format!("did not connect us: {}", reasons(&error));
                let hint = format!(
                    "does it speak SOCKS5, accept the user name and password, and reach {}? Nothing was sent",
                    origin.host_and_port()
                );
                Err(self.failure(None, &said, &hint))
            }
        }
    }

    /// Nothing can be said to the proxy.
    pub(super) fn unreachable(&self, failure: Failure) -> Failure {
        let hint = "is the proxy's address right, and is it running? Nothing was sent";
        match failure.kind {
            FailureKind::Request => failure,
            _ => self.failure(None, &format!("cannot be reached: {}", failure.message), hint),
        }
    }

    /// TLS with the proxy itself did not come about.
    pub(super) fn insecure(&self, error: &io::Error) -> Failure {
        let said = format!("cannot be spoken to over TLS: {}", reasons(error));
        let hint = "does it speak TLS (else its URL begins with http://), and is its certificate by an authority that \
                    is trusted for the server? Nothing was sent";
        self.failure(None, &said, hint)
    }

    /// The proxy took too long; whether it was there at all.
    pub(super) fn late(&self, there: bool, origin: &Origin) -> Failure {
        let to = origin.host_and_port();
        let hint = match self.way {
            _ if !there => "is the proxy's address right, and is it running? Nothing was sent".to_owned(),
            Way::Http => format!("does it speak HTTP, and can it reach {to}? Nothing was sent"),
            Way::Https => format!("does it speak TLS, and can it reach {to}? Nothing was sent"),
            Way::Socks => format!("does it speak SOCKS5, and can it reach {to}? Nothing was sent"),
        };
        let failure = self.failure(None, "did not answer in time", &hint);
        Failure { kind: FailureKind::ConnectTimeout(Phase::Proxy), ..failure }
    }

    /// What answers does not behave as a proxy does.
    fn no_proxy(&self, said: &str) -> Failure {
        let hint =
            "is this an HTTP proxy, and the scheme of its URL right (http, https, socks5)? Nothing was sent";
        self.failure(None, said, hint)
    }

    /// A failure that names the proxy, never its user.
    fn failure(&self, status: Option<u16>, said: &str, hint: &str) -> Failure {
        let from = match self.from.as_str() {
            "" => String::new(),
            from => format!(" ({from})"),
        };
        let message = format!("the proxy {}:{}{from} {said}", self.host, self.port);
        Failure::new(FailureKind::Proxy(status), message).with_hint(hint)
    }
}

/// A connection that stands already, for what wants to open one.
struct Connected(Option<TokioIo<Box<dyn Duplex>>>);

impl Service<Uri> for Connected {
    type Response = TokioIo<Box<dyn Duplex>>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().ok_or_else(|| io::Error::other("there is one connection only")))
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

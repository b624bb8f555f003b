//! What a caller can ask of an error where no answer came, or none that was whole, in time or for us.
//!
//! What the server itself says is in `predicates`.

use std::borrow::Cow;

use super::{ConnectFailure, Error, Kind};

impl Error {
    /// A word for what it is, for spans: the HTTP status where there is one.
    pub(crate) fn type_name(&self) -> Cow<'static, str> {
        match self.kind() {
            Kind::Status { http, .. } => http.to_string().into(),
            Kind::Connect(failure) => match failure {
                ConnectFailure::Dns => "dns",
                ConnectFailure::Refused => "connection_refused",
                ConnectFailure::Tls => "tls",
                ConnectFailure::Timeout { .. } => "connect_timeout",
                ConnectFailure::Proxy { .. } => "proxy",
                ConnectFailure::NotProcessed => "not_processed",
                ConnectFailure::Other => "connect",
            }
            .into(),
            Kind::Transport => "connection_lost".into(),
            Kind::Truncated => "truncated".into(),
            Kind::Timeout => "timeout".into(),
            Kind::Stalled => "stalled".into(),
            Kind::TooLarge => "body_too_large".into(),
            Kind::Content => "unexpected_content".into(),
            Kind::Decode => "decode".into(),
            Kind::Auth => "auth".into(),
            Kind::Config => "config".into(),
            Kind::Request => "request".into(),
            // Made of answers, not by sending.
            _ => "_OTHER".into(),
        }
    }

    /// There is no connection to the server, or it did not begin with the request: nothing was done.
    ///
    /// # Troubleshooting
    /// Check the address, DNS, the proxy, and for TLS the certificate authority; [`Error::connect_failure`] tells which of
    /// them. Nothing was sent, so repeating is safe.
    pub fn is_connect(&self) -> bool {
        matches!(self.kind(), Kind::Connect(_))
    }

    /// Why there is no connection; `None` for errors that are none of connecting.
    pub fn connect_failure(&self) -> Option<ConnectFailure> {
        match self.kind() {
            Kind::Connect(failure) => Some(*failure),
            _ => None,
        }
    }

    /// The connection broke while the request was under way, or the answer ended too early.
    ///
    /// # Troubleshooting
    /// Reads have been tried again already. For a write [`Error::is_ambiguous`] tells whether it may have been done.
    pub fn is_transport(&self) -> bool {
        matches!(self.kind(), Kind::Transport | Kind::Truncated)
    }

    /// The answer ended before it was whole: nothing of it is given out, so that no list is silently short.
    ///
    /// # Troubleshooting
    /// Reads have been tried again already; something between here and the server cuts long answers off.
    pub fn is_truncated(&self) -> bool {
        matches!(self.kind(), Kind::Truncated)
    }

    /// The answer began and then stopped coming, while the connection stayed up.
    ///
    /// # Troubleshooting
    /// The server, or an aggregated API server behind it, hangs. `Config::stall_timeout` says how long is too long.
    pub fn is_stalled(&self) -> bool {
        matches!(self.kind(), Kind::Stalled)
    }

    /// A write may have been done or not: the connection broke, time ran out, or a gateway gave up after it was sent.
    ///
    /// It is never repeated by this crate.
    ///
    /// # Troubleshooting
    /// Read the object and look whether the change is there. `apply`, and an update with the resourceVersion that was read,
    /// can simply be repeated.
    pub fn is_ambiguous(&self) -> bool {
        self.0.ambiguous
    }

    /// The server points elsewhere, which is never followed: credentials go to nobody but the server that was configured.
    ///
    /// # Troubleshooting
    /// [`Error::redirect_location`] says where to. Is the server's URL complete, and does it begin with `https`?
    pub fn is_redirect(&self) -> bool {
        self.http_status().is_some_and(|status| (300..400).contains(&status) && status != 304)
    }

    /// Where the server points to instead, as it says so itself: not to be trusted.
    pub fn redirect_location(&self) -> Option<&str> {
        self.0.location.as_deref().filter(|_| self.is_redirect())
    }

    /// The answer is a success, and not what an API server answers with: a page for people mostly, JSON without any of
    /// `kind`, `apiVersion`, `metadata` and `items`, or nothing at all.
    ///
    /// # Troubleshooting
    /// A proxy, a login page or another server stands at this address; the message shows how its answer begins.
    pub fn is_unexpected_content(&self) -> bool {
        matches!(self.kind(), Kind::Content)
    }

    /// The answer is longer than is taken, after decompression.
    ///
    /// # Troubleshooting
    /// Ask for pages with `limit`, or raise `Client::max_response_bytes`.
    pub fn is_body_too_large(&self) -> bool {
        matches!(self.kind(), Kind::TooLarge)
    }
}

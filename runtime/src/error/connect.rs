//! Why there is no connection, as callers can tell it.
//!
//! Deliberately the steps of the way and no error codes of a system: they differ between systems, these do not.

use std::fmt;

/// Why there was no connection to the server; see [`Error::connect_failure`](super::Error::connect_failure).
///
/// ```
/// # fn why(error: &clientset_runtime::Error) -> &'static str {
/// use clientset_runtime::ConnectFailure;
///
/// match error.connect_failure() {
///     Some(ConnectFailure::Dns | ConnectFailure::Refused) => "is the server up?",
///     Some(ConnectFailure::Proxy { status: Some(407), .. }) => "the proxy wants a password",
///     Some(_) => "another reason",
///     None => "there was a connection",
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectFailure {
    /// The server's name does not resolve.
    Dns,
    /// Nobody listens at the server's address.
    Refused,
    /// The server is not who it should be, or does not speak TLS as we do.
    Tls,
    /// A step took longer than the connect timeout.
    #[non_exhaustive]
    Timeout {
        /// Which step.
        phase: ConnectPhase,
    },
    /// The proxy did not let the connection through.
    #[non_exhaustive]
    Proxy {
        /// What the proxy answered with, where it spoke HTTP: 407 where it wants a password.
        status: Option<u16>,
    },
    /// There was a connection, and the server said that it did not begin with the request.
    NotProcessed,
    /// Another reason; the message has it.
    Other,
}

/// A step on the way to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectPhase {
    /// Resolving the name and reaching the address.
    Connect,
    /// The proxy's answer.
    Proxy,
    /// The TLS handshake.
    Tls,
}

impl fmt::Display for ConnectPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ConnectPhase::Connect => "connecting",
            ConnectPhase::Proxy => "waiting for the proxy",
            ConnectPhase::Tls => "the TLS handshake",
        })
    }
}

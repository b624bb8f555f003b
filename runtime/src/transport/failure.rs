//! Errors of the libraries below, as failures: what provably happened, and the whole chain of reasons on one line.
//!
//! Nothing here sees a URL or a header, so none can be shown.

use std::error::Error;
use std::io;

use rustls::CertificateError as Cert;

use super::{Failure, FailureKind, Phase};

impl Failure {
    pub(super) fn new(kind: FailureKind, message: impl Into<String>) -> Failure {
        Failure { kind, message: message.into(), hint: None }
    }

    pub(super) fn with_hint(self, hint: impl Into<String>) -> Failure {
        Failure { hint: Some(hint.into()), ..self }
    }

    pub(super) fn request(message: &str) -> Failure {
        Failure::new(FailureKind::Request, message)
    }

    /// Nothing came of connecting in time.
    pub(super) fn late(phase: Phase) -> Failure {
        let message = match phase {
            Phase::Connect => "connecting took too long",
            Phase::Proxy => "the proxy did not answer in time",
            Phase::Tls => "the TLS handshake took too long",
        };
        let failure = Failure::new(FailureKind::ConnectTimeout(phase), message);
        match phase {
            Phase::Tls => failure.with_hint(
                "something is there, but does not answer; does it speak TLS, and is it the API server's port?",
            ),
            Phase::Connect | Phase::Proxy => failure,
        }
    }

    /// What HTTP/2 says of one stream.
    pub(super) fn of_stream(error: &h2::Error) -> Failure {
        // A GOAWAY of the server reaches only streams above the last one that it looked at.
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        let kind = match error.is_remote() && (error.is_go_away() || refused) {
            true => FailureKind::Unsent,
            false => FailureKind::Broken,
        };
        Failure::new(kind, reasons(error))
    }

    /// What HTTP/1.1 says of a request that has begun to go out, or of its answer.
    pub(super) fn of_exchange(error: &hyper::Error) -> Failure {
        if error.is_parse() && error.to_string().contains("too large") {
            return Failure::new(FailureKind::Broken, "the head of the answer is too large");
        }
        let failure = Failure::new(FailureKind::Broken, reasons(error));
        match error.is_parse() {
            true => failure.with_hint("is this an HTTP server, and the port that of the API server?"),
            false => failure,
        }
    }

    /// Why TLS did not come about.
    pub(super) fn of_handshake(error: &io::Error) -> Failure {
        let Some(reason) = tls_reason(error) else {
            return Failure::new(FailureKind::Connect, reasons(error));
        };
        let failure = Failure::new(FailureKind::Tls, reasons(error));
        match reason {
            rustls::Error::InvalidMessage(_) => failure.with_hint(
                "what answers does not speak TLS; if it speaks plain HTTP, the URL begins with http://; or is the port another?",
            ),
            rustls::Error::AlertReceived(_) => failure.with_hint(
                "the server broke the handshake off: does it want a client certificate, or does it not accept ours?",
            ),
            rustls::Error::InvalidCertificate(why) => match why {
                Cert::NotValidForName | Cert::NotValidForNameContext { .. } => failure.with_hint(
                    "is the host in the URL the server's? `tls-server-name` sets another name to check the certificate by",
                ),
                Cert::Expired | Cert::ExpiredContext { .. } | Cert::NotValidYet | Cert::NotValidYetContext { .. } => {
                    failure.with_hint("is this machine's clock right? Else the server needs another certificate")
                }
                _ => failure,
            },
            _ => failure,
        }
    }

    /// Why no TCP connection came about; `name` is what would have to resolve: "the server's name".
    pub(super) fn of_connecting(name: &str, error: &(dyn Error + 'static)) -> Failure {
        let mut kind = FailureKind::Connect;
        let mut cause = Some(error);
        while let Some(reason) = cause {
            if let Some(UnknownHost(why)) = reason.downcast_ref() {
                let why = reasons(why);
                let why = why.strip_prefix("failed to lookup address information: ").unwrap_or(&why);
                return Failure::new(FailureKind::Dns, format!("{name} does not resolve: {why}"));
            } else if io_kind(reason) == Some(io::ErrorKind::ConnectionRefused) {
                kind = FailureKind::Refused;
            } else if io_kind(reason) == Some(io::ErrorKind::TimedOut) {
                kind = FailureKind::ConnectTimeout(Phase::Connect);
            }
            cause = reason.source();
        }
        Failure::new(kind, reasons(error))
    }
}

/// A name that did not resolve.
#[derive(Debug)]
pub(super) struct UnknownHost(pub(super) io::Error);

impl std::fmt::Display for UnknownHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name does not resolve")
    }
}

impl Error for UnknownHost {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// Every reason once, outermost first, on one line.
pub(super) fn reasons(error: &(dyn Error + 'static)) -> String {
    let mut message = String::new();
    let mut cause = Some(error);
    while let Some(reason) = cause {
        let text = reason.to_string().replace(['\r', '\n'], " ");
        if message.is_empty() {
            message = text;
        } else if !message.contains(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
        cause = reason.source();
    }
    message
}

fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    error.downcast_ref::<io::Error>().map(io::Error::kind)
}

/// What TLS says inside an IO error, which hides what it wraps from `source()`.
fn tls_reason(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

/// Whether the server refused to shake hands: then it did nothing of what was sent with it.
pub(super) fn refused_handshake(error: &io::Error) -> bool {
    use rustls::AlertDescription as Alert;
    matches!(
        tls_reason(error),
        Some(rustls::Error::AlertReceived(
            Alert::HandshakeFailure
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::CertificateRequired
                | Alert::UnknownCA
                | Alert::AccessDenied
                | Alert::DecryptError
        ))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_begun_is_told_from_what_broke() {
        let wrapped = |kind| io::Error::new(kind, "inner\nline");
        let failure = Failure::of_connecting("the server's name", &wrapped(io::ErrorKind::ConnectionRefused));
        assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Refused, "inner line"));
        let unknown = UnknownHost(wrapped(io::ErrorKind::Other));
        let failure = Failure::of_connecting("the server's name", &unknown);
        assert_eq!(failure.kind, FailureKind::Dns);
        assert_eq!(failure.message, "the server's name does not resolve: inner line");
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired);
        let alert = io::Error::new(io::ErrorKind::InvalidData, alert);
        assert!(refused_handshake(&alert));
        assert_eq!(Failure::of_handshake(&alert).kind, FailureKind::Tls);
        assert_eq!(Failure::of_handshake(&wrapped(io::ErrorKind::UnexpectedEof)).kind, FailureKind::Connect);
        assert_eq!(
            Failure::of_stream(&h2::Error::from(h2::Reason::REFUSED_STREAM)).kind,
            FailureKind::Broken
        );
    }
}

//! What errors say where no answer came, or one that does not come from an API: what happened, and what to do about it.
//!
//! The answers of API servers are read in `error::response`.

use std::time::Duration;

use super::Client;
use super::attempts::Attempts;
use crate::error::{self, ConnectFailure, ConnectPhase, Error, Kind};
use crate::request::{Headers, Request};
use crate::transport::{Failure, FailureKind, Phase};

/// What to do about a write that may have been done.
const AMBIGUOUS: &str = "the server may have done what was asked; read before repeating it";

impl Client {
    /// No answer came.
    pub(super) fn failed(&self, request: &Request, attempts: &Attempts, failure: &Failure) -> Error {
        let message = error::excerpt(failure.message.as_bytes(), error::BODY_SHOWN);
        let (connect, help) = match failure.kind {
            FailureKind::Request => return self.error(request, Kind::Request, message),
            FailureKind::Encoding => return self.error(request, Kind::Decode, message),
            FailureKind::Broken => {
                let error = self.error(request, Kind::Transport, message);
                let error = match &failure.hint {
                    Some(hint) => self.with_origin(error.with_help(hint)),
                    None => error,
                };
                return if attempts.may_be_done() && !failure.kind.is_unsent() {
                    error.with_more_help(AMBIGUOUS).that_is_ambiguous(true)
                } else {
                    error
                };
            }
            FailureKind::Tls => (ConnectFailure::Tls, ""),
            FailureKind::Dns => {
                (ConnectFailure::Dns, "is the server's name right, and the network up? Nothing was sent")
            }
            FailureKind::Refused => {
                (ConnectFailure::Refused, "is the server running and its address right? Nothing was sent")
            }
            FailureKind::Connect => {
                (ConnectFailure::Other, "is the server running and its address right? Nothing was sent")
            }
            FailureKind::Proxy(status) => (
                ConnectFailure::Proxy { status },
                "the proxy did not let the connection through; nothing was sent",
            ),
            FailureKind::Unsent => (
                ConnectFailure::NotProcessed,
                "the server did not begin with it, so it is safe to send it again",
            ),
            FailureKind::ConnectTimeout(phase) => (
                ConnectFailure::Timeout { phase: step(phase) },
                "nothing answers at this address in time; a firewall or a VPN may be between",
            ),
        };
        let help = match (&failure.hint, failure.kind) {
            (Some(hint), _) => hint.clone(),
            (None, FailureKind::Tls) => self.trusted(),
            (None, _) => help.to_owned(),
        };
        let error = self.error(request, Kind::Connect(connect), message).with_help(help);
        match failure.kind {
            // Where the proxy is configured is said already, and may be elsewhere.
            FailureKind::Proxy(_) | FailureKind::ConnectTimeout(Phase::Proxy) => {
                match self.shared.config.place() {
                    Some(place) => error.with_more_help(format!("the server is configured by {place}")),
                    None => error,
                }
            }
            _ => self.with_origin(error),
        }
    }

    /// Whom this client lets in as the server.
    fn trusted(&self) -> String {
        let asked = "is the certificate authority the cluster's?";
        match &self.shared.config.tls().ca {
            Some(ca) => match ca.path() {
                Some(path) => format!("{asked} It is {}", path.display()),
                None => format!("{asked} It is given inline"),
            },
            None => {
                "no certificate authority is set, so the platform's are used: is the server's among them?"
                    .to_owned()
            }
        }
    }

    /// An answer came and broke off.
    pub(super) fn cut_off(&self, request: &Request, attempts: &Attempts, failure: &Failure) -> Error {
        let why = error::excerpt(failure.message.as_bytes(), 512);
        let error = match failure.kind {
            FailureKind::Encoding => self
                .error(request, Kind::Decode, format!("the answer cannot be read: {why}"))
                .with_help("`Config::disable_compression` does without"),
            _ => self.error(request, Kind::Truncated, format!("the answer broke off: {why}")),
        };
        if attempts.may_be_done() {
            error
                .with_help("the server had begun to say that it did what was asked; read before repeating it")
                .that_is_ambiguous(true)
        } else {
            error
        }
    }

    /// The caller's patience is at its end.
    pub(super) fn out_of_time(
        &self,
        request: &Request,
        attempts: &Attempts,
        limit: Option<Duration>,
    ) -> Error {
        let limit = limit.unwrap_or_default();
        let error = self.error(request, Kind::Timeout, format!("no answer within {limit:?}"));
        let error =
            if attempts.may_be_done() { error.with_help(AMBIGUOUS).that_is_ambiguous(true) } else { error };
        attempts.explain(error)
    }

    /// A body that began did not go on.
    pub(super) fn stalled(&self, request: &Request, patience: Duration, read: usize) -> Error {
        let message = format!("the answer stopped after {read} bytes, and nothing came for {patience:?}");
        self.error(request, Kind::Stalled, message).with_help(
            "the connection is up, the server hangs; `Config::stall_timeout` says how long to wait",
        )
    }

    /// What this client can add to what an answer with a failure says.
    pub(super) fn known_better(
        &self,
        request: &Request,
        status: u16,
        headers: &Headers,
        error: Error,
    ) -> Error {
        // A gateway gave up on the server, or the server on its storage: who knows how far it came.
        let error = error.that_is_ambiguous(!request.method.is_read() && matches!(status, 502 | 504));
        let error = if error.is_ambiguous() { error.with_more_help(AMBIGUOUS) } else { error };
        match headers.get("location").filter(|_| (300..400).contains(&status)) {
            Some(location) => self.redirected(error, location),
            None => self.who_asked(status, headers, error),
        }
    }

    /// Who asked, where that decides.
    fn who_asked(&self, status: u16, headers: &Headers, error: Error) -> Error {
        let page = headers.get("content-type").is_some_and(|media| media.starts_with("text/html"));
        let help = match (status, self.shared.config.credential_shown()) {
            (401 | 403, _) if page => error::NO_API.to_owned(),
            (401, None) => "no credentials were sent, since none are configured".to_owned(),
            (401, Some(shown)) => {
                format!("{shown} was not accepted: is it expired, or meant for another cluster?")
            }
            (403, None) => {
                return self.with_origin(
                    error.with_more_help("no credentials were sent, since none are configured"),
                );
            }
            (400, _) if error.to_string().contains("HTTP request to an HTTPS server") => {
                "this server speaks TLS: should its URL begin with https://?".to_owned()
            }
            _ => return error,
        };
        self.with_origin(error.with_help(help))
    }

    fn redirected(&self, error: Error, location: &str) -> Error {
        // What is in the query of a login page's URL is nobody's business.
        let shown = location.split(['?', '#']).next().unwrap_or_default();
        let shown = error::excerpt(shown.as_bytes(), 256);
        let help = if is_here(&self.shared.server, location) {
            format!("it points to {shown}, on itself: is the `server:` URL missing a path?")
        } else {
            format!(
                "it points to {shown}: is the `server:` URL that of the API server, and its scheme right?"
            )
        };
        let error = error.with_help(format!("{help} Redirects are never followed"));
        self.with_origin(error.with_location(location))
    }

    /// The error with the file and the context that the server and the credentials are from, where there is a file.
    pub(super) fn with_origin(&self, error: Error) -> Error {
        self.shared.config.named_in(error)
    }
}

/// Whether `location` is on this server.
fn is_here(server: &str, location: &str) -> bool {
    let relative = !location.starts_with("//") && !location.contains("://");
    relative
        || origin(server).is_some_and(|here| origin(location).is_some_and(|it| it.eq_ignore_ascii_case(here)))
}

/// Scheme, host and port of a URL, as they are written.
fn origin(url: &str) -> Option<&str> {
    let host = url.find("://")? + 3;
    let end = url.get(host..)?.find(['/', '?', '#']).map_or(url.len(), |end| host + end);
    url.get(..end)
}

fn step(phase: Phase) -> ConnectPhase {
    match phase {
        Phase::Connect => ConnectPhase::Connect,
        Phase::Proxy => ConnectPhase::Proxy,
        Phase::Tls => ConnectPhase::Tls,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_a_redirect_stays_on_the_server_is_told_by_scheme_host_and_port() {
        let server = "https://api.example.com:6443/prefix";
        for (location, here) in [
            ("/elsewhere", true),
            ("elsewhere", true),
            ("?x", true),
            ("https://API.example.com:6443", true),
            ("https://api.example.com:6443/x", true),
            ("https://api.example.com/x", false),
            ("http://api.example.com:6443/x", false),
            ("//api.example.com:6443/x", false),
            ("https://api.example.com:6443.evil.test/x", false),
            ("", true),
        ] {
            assert_eq!(is_here(server, location), here, "{location}");
        }
    }
}

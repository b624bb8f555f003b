//! What can be seen of requests from outside: a span for each, an event for each other try, and the numbers.
//!
//! Names are OpenTelemetry's for HTTP clients. Never a query, a header or a body: those can be private. With nobody
//! listening it costs a look at a flag.

use std::time::Duration;

use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Span, debug_span};

use super::Client;
use super::attempts::Attempts;
use super::middleware::{RequestHeaders, ResponseInfo};
use crate::Result;
use crate::error::Error;
use crate::request::{Headers, Request};
use crate::transport::Outgoing;

/// A wait for one's turn that is worth a word.
const LONG_WAIT: Duration = Duration::from_secs(1);

/// The server in the words of spans and metrics.
pub(super) struct Endpoint {
    /// `host` or `host:port`, as in the URL.
    pub(super) host: String,
    address: String,
    port: u16,
}

impl Endpoint {
    pub(super) fn of(server: &str) -> Endpoint {
        let (scheme, rest) = server.split_once("://").unwrap_or(("https", server));
        let host = rest.split('/').next().unwrap_or_default();
        let default = if scheme == "http" { 80 } else { 443 };
        // In `[::1]:6443` and `[::1]` only what is behind the bracket can be a port.
        let after = host.rfind(']').map_or(0, |bracket| bracket + 1);
        let colon = host.get(after..).and_then(|rest| rest.rfind(':')).map(|colon| after + colon);
        let (address, port) = match colon {
            Some(colon) => (
                host.get(..colon).unwrap_or_default(),
                host.get(colon + 1..).and_then(|port| port.parse().ok()).unwrap_or(default),
            ),
            None => (host, default),
        };
        let address = address.trim_start_matches('[').trim_end_matches(']').to_owned();
        Endpoint { host: host.to_owned(), address, port }
    }
}

impl Client {
    /// The span of a call; disabled where nobody wants it.
    pub(super) fn span(&self, request: &Request) -> Span {
        let ask = request.ask.as_ref();
        debug_span!(
            "request",
            otel.kind = "client",
            http.request.method = request.method.as_str(),
            server.address = self.shared.endpoint.address,
            server.port = self.shared.endpoint.port,
            url.path = request.path.as_str(),
            k8s.verb = ask.map(|ask| ask.verb),
            k8s.group = ask.map(|ask| ask.group.as_ref()),
            k8s.version = ask.map(|ask| ask.version.as_ref()),
            k8s.resource = ask.map(|ask| ask.resource.as_str()),
            k8s.namespace.name = ask.and_then(|ask| ask.namespace.as_deref()),
            http.response.status_code = Empty,
            http.request.resend_count = Empty,
            "error.type" = Empty,
        )
    }

    /// Waits until the rate limit, where there is one, lets the next request go.
    pub(super) async fn turn(&self, request: &Request, resends: u32) {
        let calls = self.shared.config.calls();
        let Some(limit) = &calls.rate_limit else { return };
        let waited = limit.turn().await;
        if let Some(metrics) = &calls.metrics {
            metrics.rate_limiter_duration(&self.info(request, resends), waited);
        }
        if waited > LONG_WAIT {
            tracing::info!(
                url.path = request.path.as_str(),
                waited = ?waited,
                "a request waited because of the rate limit of this client, not because of the server"
            );
        }
    }

    /// What is to be seen before a try. The moment is that of its beginning, where anybody wants to know.
    pub(super) fn before_try(
        &self,
        request: &Request,
        attempts: &Attempts,
        outgoing: &mut Outgoing,
    ) -> Result<Option<Instant>> {
        let calls = self.shared.config.calls();
        if calls.middleware.is_empty() && calls.metrics.is_none() {
            return Ok(None);
        }
        let info = self.info(request, attempts.resends());
        for hook in &calls.middleware {
            hook.before(&info, &mut RequestHeaders(&mut outgoing.headers))
                .map_err(|error| error.in_context(|| request.context(&self.shared.server)))?;
        }
        Ok(Some(Instant::now()))
    }

    /// What is to be seen after it.
    pub(super) fn after_try(
        &self,
        request: &Request,
        attempts: &Attempts,
        begun: Option<Instant>,
        head: Option<(u16, &Headers)>,
    ) {
        let Some(begun) = begun else { return };
        let calls = self.shared.config.calls();
        let info = self.info(request, attempts.resends());
        if let Some(metrics) = &calls.metrics {
            metrics.request_result(&info, &code(head.map(|(status, _)| status)));
        }
        let response = ResponseInfo { head, latency: begun.elapsed() };
        for hook in calls.middleware.iter().rev() {
            hook.after(&info, &response);
        }
    }

    /// There is another try.
    pub(super) fn on_retry(
        &self,
        request: &Request,
        attempts: &Attempts,
        status: Option<u16>,
        wait: Duration,
    ) {
        if let Some(metrics) = &self.shared.config.calls().metrics {
            metrics.request_retry(&self.info(request, attempts.resends()), &code(status));
        }
        tracing::debug!(
            http.response.status_code = status,
            http.request.resend_count = attempts.resends(),
            wait = ?wait,
            "the request is sent again"
        );
    }

    /// The call is over.
    pub(super) fn on_end(
        &self,
        request: &Request,
        attempts: &Attempts,
        span: &Span,
        begun: Option<Instant>,
        outcome: std::result::Result<(u16, Option<usize>), &Error>,
    ) {
        if !span.is_disabled() {
            if attempts.resends() > 0 {
                span.record("http.request.resend_count", attempts.resends());
            }
            let status = match outcome {
                Ok((status, _)) => Some(status),
                Err(error) => error.http_status(),
            };
            if let Some(status) = status {
                span.record("http.response.status_code", status);
            }
            if let Err(error) = outcome {
                span.record("error.type", error.type_name().as_ref());
            }
        }
        if let (Some(metrics), Some(begun)) = (&self.shared.config.calls().metrics, begun) {
            let info = self.info(request, attempts.resends());
            metrics.request_duration(&info, begun.elapsed());
            metrics.request_size(&info, request.body.len() as u64);
            if let Ok((_, Some(bytes))) = outcome {
                metrics.response_size(&info, bytes as u64);
            }
        }
    }

    /// Now, where somebody measures.
    pub(super) fn measured(&self) -> Option<Instant> {
        self.shared.config.calls().metrics.as_ref().map(|_| Instant::now())
    }
}

/// The label that client-go gives to how a try ended.
fn code(status: Option<u16>) -> std::borrow::Cow<'static, str> {
    match status {
        Some(status) => status.to_string().into(),
        None => "<error>".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_address_and_port_are_told_from_its_url() {
        for (server, host, address, port) in [
            ("https://203.0.113.7", "203.0.113.7", "203.0.113.7", 443),
            ("http://a.example.com/x/y", "a.example.com", "a.example.com", 80),
            ("https://a.example.com:6443/x", "a.example.com:6443", "a.example.com", 6443),
            ("https://[::1]:6443", "[::1]:6443", "::1", 6443),
            ("https://[2001:db8::1]/x", "[2001:db8::1]", "2001:db8::1", 443),
            ("", "", "", 443),
        ] {
            let endpoint = Endpoint::of(server);
            assert_eq!(
                (endpoint.host.as_str(), endpoint.address.as_str(), endpoint.port),
                (host, address, port)
            );
        }
    }
}

//! The whole way of a request: credentials, sending, what the answer means, another try or the end.
//!
//! Deliberately the order of the steps only; each of them is elsewhere.

use std::time::Duration;

use jiff::Timestamp;
use tracing::Instrument as _;

use super::attempts::Attempts;
use super::{Client, Response};
use crate::Result;
use crate::error::{self, Error};
use crate::inflate;
use crate::request::{Headers, Request, retry};
use crate::transport::{Answer, Duplex, Upgrade};

impl Client {
    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    ///
    /// Everything but an answer of 2xx, said of this request and server.
    pub(crate) async fn call(&self, request: &Request) -> Result<Response> {
        let span = self.span(request);
        let calling = async {
            // Before the timeout begins: a client that limits itself must not make its requests fail.
            self.turn(request, 0).await;
            let begun = self.measured();
            let timeout = request.timeout.or(self.shared.request_timeout);
            let mut attempts = Attempts::new(self, request, timeout);
            let outcome = match attempts.deadline {
                None => self.exchange(request, &mut attempts).await,
                Some(deadline) => tokio::time::timeout_at(deadline, self.exchange(request, &mut attempts))
                    .await
                    .unwrap_or_else(|_| Err(self.out_of_time(request, &attempts, timeout))),
            };
            let end = outcome.as_ref().map(|response| (response.status, Some(response.body.len())));
            self.on_end(request, &attempts, &span, begun, end);
            outcome
        };
        calling.instrument(span.clone()).await
    }

    async fn exchange(&self, request: &Request, attempts: &mut Attempts) -> Result<Response> {
        loop {
            let Answer { status, headers, mut body } = self.head(request, attempts).await?;
            match self.read(request, &headers, &mut body).await {
                Ok(Ok(body)) => {
                    attempts.succeeded(self);
                    return self.of_the_api(request, Response { status, headers, body });
                }
                Err(error) => {
                    return Err(attempts.explain(error.that_is_ambiguous(attempts.may_be_done())));
                }
                Ok(Err(failure)) => {
                    drop(body);
                    match attempts.after_failure(self, &failure) {
                        Some(wait) => self.pause(request, attempts, None, wait).await,
                        None => return Err(attempts.explain(self.cut_off(request, attempts, &failure))),
                    }
                }
            }
        }
    }

    /// Sends a request and hands out the answer's body as it comes, if it has begun within `limit`.
    ///
    /// # Errors
    ///
    /// As [`Client::call`], up to the head of the answer.
    pub(crate) async fn open_within(&self, request: &Request, limit: Option<Duration>) -> Result<Answer> {
        let span = self.span(request);
        let opening = async {
            self.turn(request, 0).await;
            let begun = self.measured();
            let mut attempts = Attempts::new(self, request, limit);
            let opened = match attempts.deadline {
                None => self.head(request, &mut attempts).await,
                Some(deadline) => tokio::time::timeout_at(deadline, self.head(request, &mut attempts))
                    .await
                    .unwrap_or_else(|_| Err(self.out_of_time(request, &attempts, limit))),
            };
            self.on_end(
                request,
                &attempts,
                &span,
                begun,
                opened.as_ref().map(|answer| (answer.status, None)),
            );
            let answer = opened?;
            attempts.succeeded(self);
            self.stream_of_the_api(request, answer).await
        };
        opening.instrument(span.clone()).await
    }

    /// Turns a connection of its own into a stream of bytes, for another protocol than HTTP.
    ///
    /// Credentials are renewed once after a 401, as for every request; nothing is sent again otherwise.
    ///
    /// # Errors
    ///
    /// Every answer but 101, said of this request and server.
    #[cfg_attr(not(feature = "streams"), allow(dead_code))]
    pub(crate) async fn upgrade(&self, request: &Request) -> Result<(Headers, Box<dyn Duplex>)> {
        let span = self.span(request);
        let upgrading = async {
            self.turn(request, 0).await;
            let begun = self.measured();
            let mut attempts = Attempts::new(self, request, None);
            // It is a GET, and starts programs.
            attempts.read = false;
            let upgraded = self.switched(request, &mut attempts).await;
            self.on_end(request, &attempts, &span, begun, upgraded.as_ref().map(|_| (101, None)));
            upgraded
        };
        upgrading.instrument(span.clone()).await
    }

    async fn switched(
        &self,
        request: &Request,
        attempts: &mut Attempts,
    ) -> Result<(Headers, Box<dyn Duplex>)> {
        loop {
            let presented = self.presented().await?;
            let mut outgoing = self.outgoing(request, &presented)?;
            let transport = self.transport(&presented)?;
            let begun = self.before_try(request, attempts, &mut outgoing)?;
            attempts.under_way = true;
            let upgrade = transport.upgrade(outgoing).await;
            let head = upgrade.as_ref().ok().map(|upgrade| match upgrade {
                Upgrade::Switched { headers, .. } => (101, headers),
                Upgrade::Refused(answer) => (answer.status, &answer.headers),
            });
            self.after_try(request, attempts, begun, head);
            let Answer { status, headers, mut body } =
                match upgrade.map_err(|failure| self.failed(request, attempts, &failure))? {
                    Upgrade::Switched { headers, io } => return Ok((headers, io)),
                    Upgrade::Refused(answer) => plain(answer),
                };
            if self.renewed(attempts, status, &presented) {
                continue;
            }
            let text = self.read_failure(&mut body).await;
            return Err(self.refused(request, status, &headers, &text, None));
        }
    }

    /// The head of an answer of 2xx, after as many tries as the rules allow.
    async fn head(&self, request: &Request, attempts: &mut Attempts) -> Result<Answer> {
        loop {
            let presented = self.presented().await?;
            let mut outgoing = self.outgoing(request, &presented)?;
            let transport = self.transport(&presented)?;
            let begun = self.before_try(request, attempts, &mut outgoing)?;
            attempts.under_way = true;
            let sent = transport.send(outgoing).await;
            let head = sent.as_ref().ok().map(|answer| (answer.status, &answer.headers));
            self.after_try(request, attempts, begun, head);
            let Answer { status, headers, mut body } = match sent {
                Ok(answer) => plain(answer),
                Err(failure) => match attempts.after_failure(self, &failure) {
                    Some(wait) => {
                        self.pause(request, attempts, None, wait).await;
                        continue;
                    }
                    None => return Err(attempts.explain(self.failed(request, attempts, &failure))),
                },
            };
            self.warn(request, &headers);
            if (200..300).contains(&status) {
                return Ok(Answer { status, headers, body });
            }
            if self.renewed(attempts, status, &presented) {
                continue;
            }
            if request.any_status {
                return Ok(Answer { status, headers, body });
            }
            let text = self.read_failure(&mut body).await;
            drop(body);
            let after =
                headers.get("retry-after").and_then(|value| retry::retry_after(value, Timestamp::now));
            let error = self.refused(request, status, &headers, &text, after);
            match attempts.after_answer(self, request, status, after, &error) {
                Some(wait) => self.pause(request, attempts, Some(status), wait).await,
                None => return Err(attempts.explain(error)),
            }
        }
    }

    /// The time before another try, and whatever it has to wait for beside.
    async fn pause(&self, request: &Request, attempts: &Attempts, status: Option<u16>, wait: Duration) {
        self.on_retry(request, attempts, status, wait);
        tokio::time::sleep(wait).await;
        self.turn(request, attempts.resends()).await;
    }

    /// The error for an answer of this status.
    fn refused(
        &self,
        request: &Request,
        status: u16,
        headers: &Headers,
        text: &[u8],
        after: Option<Duration>,
    ) -> Error {
        let error = error::from_answer(request, &self.shared.server, status, text, after);
        self.known_better(request, status, headers, error)
    }
}

/// The answer with a body as it was before somebody compressed it.
fn plain(mut answer: Answer) -> Answer {
    let gzip = |encoding: &str| ["gzip", "x-gzip"].iter().any(|it| encoding.trim().eq_ignore_ascii_case(it));
    if answer.headers.get("content-encoding").is_some_and(gzip) {
        answer.headers.remove("content-encoding");
        answer.headers.remove("content-length");
        answer.body = inflate::body(answer.body);
    }
    answer
}

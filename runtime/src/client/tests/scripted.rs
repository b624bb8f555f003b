//! A transport that plays a script, for what is about time: no socket is involved, so the clock can be a virtual one.

use std::collections::VecDeque;
use std::sync::Mutex;

use futures_util::StreamExt as _;
use tokio::time::Instant;

use super::*;
use crate::transport::{Body, BoxFuture, Upgrade};

/// What one request meets with.
pub(super) enum Act {
    /// An answer with these headers and this body, which may break off or never end.
    Answer(u16, Vec<(&'static str, String)>, Body),
    Fail(FailureKind),
    /// Nothing ever comes.
    Silence,
}

impl Act {
    pub(super) fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Act {
        Act::bytes(status, headers, body.as_bytes().to_vec())
    }

    pub(super) fn bytes(status: u16, headers: &[(&'static str, &str)], body: Vec<u8>) -> Act {
        let body = futures_util::stream::iter([Ok(Bytes::from(body))]);
        Act::Answer(status, owned(headers), Body::new(body))
    }

    /// An answer whose body begins like this and then neither goes on nor ends.
    pub(super) fn stalling(status: u16, start: &'static str) -> Act {
        let body =
            futures_util::stream::iter([Ok(Bytes::from(start))]).chain(futures_util::stream::pending());
        Act::Answer(status, Vec::new(), Body::new(body))
    }

    /// An answer whose body begins like this and breaks off.
    pub(super) fn cut(status: u16, start: &'static str) -> Act {
        let body = futures_util::stream::iter([Ok(Bytes::from(start)), Err(failure(FailureKind::Broken))]);
        Act::Answer(status, Vec::new(), Body::new(body))
    }

    pub(super) fn busy(status: u16, retry_after: &str) -> Act {
        Act::answer(status, &[("retry-after", retry_after)], &crate::testing::status(status, "Busy"))
    }
}

fn owned(headers: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

pub(super) fn failure(kind: FailureKind) -> Failure {
    Failure { kind, message: format!("it is {kind:?}"), hint: None }
}

/// Plays its acts in order, and notes when each began. After the last one it fails as if nobody was there.
#[derive(Default)]
pub(super) struct Script {
    acts: Mutex<VecDeque<Act>>,
    begun: Mutex<Vec<Instant>>,
    pub(super) sent: Mutex<Vec<Outgoing>>,
}

impl Script {
    /// A client whose requests meet with these acts.
    pub(super) fn client(acts: impl IntoIterator<Item = Act>) -> (Client, Arc<Script>) {
        Script::configured(Config::new("http://203.0.113.7"), acts)
    }

    pub(super) fn configured(config: Config, acts: impl IntoIterator<Item = Act>) -> (Client, Arc<Script>) {
        let script = Arc::new(Script { acts: Mutex::new(acts.into_iter().collect()), ..Script::default() });
        let client = Client::over(config, script.clone());
        (client, script)
    }

    pub(super) fn count(&self) -> usize {
        self.begun.lock().unwrap().len()
    }

    /// The seconds between the tries.
    pub(super) fn waits(&self) -> Vec<f64> {
        let begun = self.begun.lock().unwrap();
        begun.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect()
    }
}

impl Transport for Script {
    fn send(&self, outgoing: Outgoing) -> BoxFuture<'_, std::result::Result<Answer, Failure>> {
        self.begun.lock().unwrap().push(Instant::now());
        self.sent.lock().unwrap().push(outgoing);
        let act = self.acts.lock().unwrap().pop_front().unwrap_or(Act::Fail(FailureKind::Refused));
        Box::pin(async move {
            match act {
                Act::Answer(status, fields, body) => {
                    let mut headers = Headers::default();
                    for (name, value) in fields {
                        headers.add(name, value);
                    }
                    Ok(Answer { status, headers, body })
                }
                Act::Fail(kind) => Err(failure(kind)),
                Act::Silence => std::future::pending().await,
            }
        })
    }

    fn upgrade(&self, _: Outgoing) -> BoxFuture<'_, std::result::Result<Upgrade, Failure>> {
        Box::pin(async { Err(failure(FailureKind::Request)) })
    }
}

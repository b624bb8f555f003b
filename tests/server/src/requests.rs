//! What was asked of the server, kept for tests that want to look, within bounds.
//!
//! Nothing is decided by it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::asked::{Asked, Verb};
use crate::fault::On;
use crate::request::Incoming;
use crate::server::TestServer;

/// The bodies that are kept take no more than this together, whatever the limits are.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// A request as it came in, for tests that ask what their code sent.
///
/// Shown as a line: `GET /api/v1/namespaces/default/pods?limit=500 200`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// What is asked for, in the terms of the API.
    pub verb: Verb,
    /// The API group, empty for the core group and for what is no resource.
    pub group: String,
    /// The plural of the resource, empty for what is no resource (`/version`, discovery).
    pub resource: String,
    /// The subresource, or empty.
    pub subresource: String,
    /// The namespace in the path, or empty.
    pub namespace: String,
    /// The name in the path, or empty.
    pub name: String,
    /// `GET`, `POST` …
    pub method: String,
    /// The path as it was sent, percent encoding and all.
    pub path: String,
    /// The query without `?`.
    pub query: String,
    /// The `Content-Type`, or empty.
    pub content_type: String,
    /// The `Accept` headers, joined by commas.
    pub accept: String,
    /// The `User-Agent`, or empty.
    pub user_agent: String,
    /// Whether there was an `Authorization` header. What it said is not kept.
    pub authorized: bool,
    /// The body, up to the limit that [`Builder::request_limits`](crate::Builder::request_limits) sets.
    pub body: Vec<u8>,
    /// The status code of the answer, once there is one.
    pub status: Option<u16>,
}

impl ReceivedRequest {
    fn of(incoming: &Incoming, body_bytes: usize) -> ReceivedRequest {
        let Asked { verb, target } = Asked::of(incoming);
        ReceivedRequest {
            verb,
            group: target.group,
            resource: target.resource,
            subresource: target.subresource.unwrap_or_default(),
            namespace: target.namespace.unwrap_or_default(),
            name: target.name.unwrap_or_default(),
            method: incoming.method.clone(),
            path: incoming.path.clone(),
            query: incoming.query_text.clone(),
            content_type: incoming.content_type.clone(),
            accept: incoming.accept.clone(),
            user_agent: incoming.user_agent.clone(),
            authorized: incoming.presented.authorization.is_some(),
            body: incoming.body.get(..body_bytes).unwrap_or(&incoming.body).to_vec(),
            status: None,
        }
    }
}

// What was sent may be secret: the body is told by its length.
impl fmt::Debug for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReceivedRequest({self}, {} bytes)", self.body.len())
    }
}

impl fmt::Display for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        if !self.query.is_empty() {
            write!(f, "?{}", self.query)?;
        }
        match self.status {
            Some(status) => write!(f, " {status}"),
            None => Ok(()),
        }
    }
}

/// How much is kept of what was asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestLimits {
    pub(crate) requests: usize,
    pub(crate) body_bytes: usize,
}

/// Whoever wants to hear of answers as they are given.
#[derive(Clone)]
pub(crate) struct Listener(pub(crate) Arc<dyn Fn(&ReceivedRequest) + Send + Sync>);

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

/// The newest requests.
#[derive(Debug)]
pub(crate) struct RequestLog {
    limits: RequestLimits,
    listener: Option<Listener>,
    kept: Mutex<Kept>,
    news: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The number of the first that is kept.
    first: u64,
    requests: VecDeque<ReceivedRequest>,
    /// Of all bodies.
    bytes: usize,
}

impl Kept {
    fn push(&mut self, request: ReceivedRequest, most: usize) {
        self.bytes += request.body.len();
        self.requests.push_back(request);
        while self.requests.len() > most || self.bytes > MOST_BYTES {
            let Some(oldest) = self.requests.pop_front() else { return };
            self.bytes -= oldest.body.len();
            self.first += 1;
        }
    }
}

/// The number of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number(u64);

impl RequestLog {
    pub(crate) fn new(limits: RequestLimits, listener: Option<Listener>) -> Self {
        RequestLog { limits, listener, kept: Mutex::default(), news: watch::Sender::new(0) }
    }

    pub(crate) fn remember(&self, incoming: &Incoming) -> (Number, ReceivedRequest) {
        let request = ReceivedRequest::of(incoming, self.limits.body_bytes);
        let mut kept = self.kept();
        let number = kept.first + kept.requests.len() as u64;
        kept.push(request.clone(), self.limits.requests);
        drop(kept);
        self.news.send_modify(|it| *it += 1);
        (Number(number), request)
    }

    /// Notes what was answered, and tells who wants to know.
    pub(crate) fn answered(&self, Number(number): Number, mut request: ReceivedRequest, status: u16) {
        request.status = Some(status);
        let mut kept = self.kept();
        let place = number.checked_sub(kept.first).and_then(|it| usize::try_from(it).ok());
        if let Some(known) = place.and_then(|it| kept.requests.get_mut(it)) {
            known.status = Some(status);
        }
        drop(kept);
        self.news.send_modify(|it| *it += 1);
        if let Some(Listener(tell)) = &self.listener {
            tell(&request);
        }
    }

    pub(crate) fn all(&self) -> Vec<ReceivedRequest> {
        self.kept().requests.iter().cloned().collect()
    }

    pub(crate) fn of(&self, on: &On) -> Vec<ReceivedRequest> {
        let mut count = on.count();
        let kept = self.kept();
        kept.requests.iter().filter(|it| on.matches(it) && count.is_due(on)).cloned().collect()
    }

    /// The first that is due, among those that came and those to come; if need be, once it is answered.
    pub(crate) async fn wait_for(&self, on: &On, answered: bool) -> ReceivedRequest {
        let mut news = self.news.subscribe();
        loop {
            // Seen before they are read, so that what comes in between wakes.
            news.borrow_and_update();
            {
                let mut count = on.count();
                let kept = self.kept();
                let due = kept.requests.iter().find(|it| on.matches(it) && count.is_due(on));
                if let Some(request) = due.filter(|it| it.status.is_some() || !answered) {
                    return request.clone();
                }
            }
            // The sender is this object and outlives the borrow.
            let _ = news.changed().await;
        }
    }

    pub(crate) fn clear(&self) {
        let mut kept = self.kept();
        kept.first += kept.requests.len() as u64;
        kept.requests.clear();
        kept.bytes = 0;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TestServer {
    /// The requests so far, in the order in which they came: the newest 10,000, or as many as were set, as long as their bodies take no
    /// more than 64 MiB together.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.shared.requests.all()
    }

    /// Those of the requests so far that are meant.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use clientset_testserver::{TestServer, Verb, on};
    /// # let server = TestServer::start().await?;
    /// assert_eq!(server.requests_of(&on(Verb::List).resource("pods")).len(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn requests_of(&self, on: &On) -> Vec<ReceivedRequest> {
        self.shared.requests.of(on)
    }

    /// Waits for a request: the first that is meant, be it one of those so far or one to come. It may not be answered yet.
    ///
    /// It waits as long as it takes; a test that wants to fail sooner puts a timeout around it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use clientset_testserver::{TestServer, Verb, on};
    /// # let server = TestServer::start().await?;
    /// let second = server.wait_for(on(Verb::List).resource("pods").nth(2));
    /// # drop(second); // nobody asks in this example
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_for(&self, on: On) -> ReceivedRequest {
        self.shared.requests.wait_for(&on, false).await
    }

    /// The same, until the request is answered: what it has done is there. A watch is answered when it begins.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use clientset_testserver::{TestServer, Verb, on};
    /// # let server = TestServer::start().await?;
    /// let written = server.wait_for_answer(on(Verb::Patch).resource("configmaps").name("settings"));
    /// # drop(written); // nobody writes in this example
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_for_answer(&self, on: On) -> ReceivedRequest {
        self.shared.requests.wait_for(&on, true).await
    }

    /// Forgets the requests so far, so that a test sees only what comes next.
    pub fn clear_requests(&self) {
        self.shared.requests.clear();
    }
}

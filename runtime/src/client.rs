//! The client: one server, one identity, and the way every request takes: credentials, sending, trying again, failing.
//!
//! It deliberately knows no resource; what is asked for comes as a [`Request`].

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use secrecy::ExposeSecret;

use crate::auth::{Authenticator, Presented};
use crate::config::Config;
use crate::error::{self, Error, Kind};
use crate::options::{FieldValidation, WriteDefaults};
use crate::request::{Headers, Request, retry};
use crate::transport::{
    Answer, Body, Duplex, Failure, FailureKind, HttpTransport, Outgoing, Transport, Upgrade,
};
use crate::{Result, UnknownFieldPolicy};

/// The most that an answer may hold, unless set: larger than any list a server gives, smaller than a machine.
const MAX_RESPONSE: usize = 512 << 20;
/// The most that is read of an answer with a failure, and how long that may take.
const MAX_FAILURE: usize = 1 << 20;
const FAILURE_TIME: Duration = Duration::from_secs(10);

/// A connection to one API server as one user. Cheap to clone: clones share connections and credentials.
///
/// ```no_run
/// # async fn run() -> clientset_runtime::Result<()> {
/// use clientset_runtime::Client;
/// use clientset_runtime::config::Config;
///
/// let client = Client::new(Config::new("https://203.0.113.7:6443").bearer_token("…"))?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    unknown_fields: UnknownFieldPolicy,
    defaults: WriteDefaults,
    max_response: usize,
    max_retries: u32,
    /// Tests wait less.
    retry_floor: Duration,
}

struct Shared {
    /// The server's URL with its path prefix, without a slash at the end.
    server: String,
    namespace: String,
    /// What connections are made from; credentials are not used from here.
    config: Config,
    transport: Arc<dyn Transport>,
    /// The transport for the certificate that an exec plugin gave last, and which one that was.
    presenting: Mutex<Option<(u64, Arc<dyn Transport>)>>,
    auth: Authenticator,
    /// User agent and impersonation, the same for every request.
    headers: Vec<(String, String)>,
    request_timeout: Option<Duration>,
}

/// An answer that was read to its end.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
}

impl AsRef<Client> for Client {
    fn as_ref(&self) -> &Client {
        self
    }
}

impl Client {
    /// A client for this configuration. Nothing is sent and no connection is opened yet.
    ///
    /// # Errors
    ///
    /// When the configuration contradicts itself, or a certificate, a key or a proxy in it cannot be used.
    pub fn new(config: Config) -> Result<Client> {
        let auth = Authenticator::new(&config)?;
        let transport = Arc::new(HttpTransport::new(&config)?);
        let mut headers = vec![("user-agent".to_owned(), config.user_agent_header().to_owned())];
        headers.extend(config.impersonation_headers());
        let unknown_fields = config.unknown_field_policy();
        Ok(Client {
            shared: Arc::new(Shared {
                server: config.server().to_owned(),
                namespace: config.namespace().to_owned(),
                request_timeout: config.request_timeout_value(),
                transport,
                presenting: Mutex::new(None),
                auth,
                headers,
                config,
            }),
            unknown_fields,
            defaults: WriteDefaults::default(),
            max_response: MAX_RESPONSE,
            max_retries: retry::MAX_RETRIES,
            retry_floor: retry::FLOOR,
        })
    }

    /// The same client with this rule for updates that would delete members which this build does not know.
    pub fn unknown_fields(mut self, policy: UnknownFieldPolicy) -> Client {
        self.unknown_fields = policy;
        self
    }

    /// The same client, which gives up on answers longer than this many bytes. 512 MiB unless set.
    ///
    /// Watches and logs that are streamed are not bound by it.
    pub fn max_response_bytes(mut self, limit: usize) -> Client {
        self.max_response = limit;
        self
    }

    /// The same client, whose writes go through everything but storing, whatever their options say.
    pub fn dry_run(mut self) -> Client {
        self.defaults.dry_run = true;
        self
    }

    /// The same client, with a field manager for writes that name none.
    pub fn field_manager(mut self, manager: impl Into<String>) -> Client {
        self.defaults.field_manager = Some(manager.into());
        self
    }

    /// The same client, with a rule about unknown members for writes that have none.
    pub fn field_validation(mut self, validation: FieldValidation) -> Client {
        self.defaults.field_validation = Some(validation);
        self
    }

    /// The same client, which sends a request again at most this often when the server asks for that. 10 unless set.
    pub fn max_retries(mut self, retries: u32) -> Client {
        self.max_retries = retries;
        self
    }

    /// The field manager for writes that name none.
    pub fn default_field_manager(&self) -> Option<&str> {
        self.defaults.field_manager.as_deref()
    }

    /// The server's URL, for messages.
    pub fn server(&self) -> &str {
        &self.shared.server
    }

    /// The namespace that the configuration means when none is said.
    pub fn default_namespace(&self) -> &str {
        &self.shared.namespace
    }

    #[cfg(test)]
    fn impatient(mut self) -> Client {
        self.retry_floor = Duration::from_millis(1);
        self
    }

    pub(crate) fn defaults(&self) -> &WriteDefaults {
        &self.defaults
    }

    pub(crate) fn unknown_field_policy(&self) -> UnknownFieldPolicy {
        self.unknown_fields
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    ///
    /// Everything but an answer of 2xx, said of this request and server.
    pub(crate) async fn call(&self, request: &Request) -> Result<Response> {
        let timeout = request.timeout.or(self.shared.request_timeout);
        match timeout {
            None => self.exchange(request).await,
            Some(limit) => tokio::time::timeout(limit, self.exchange(request)).await.unwrap_or_else(|_| {
                Err(self
                    .error(request, Kind::Timeout, format!("no answer within {limit:?}"))
                    .with_help("the server may have done what was asked; read before repeating a write"))
            }),
        }
    }

    async fn exchange(&self, request: &Request) -> Result<Response> {
        let mut attempts = Attempts::default();
        loop {
            let Answer { status, headers, mut body } = self.head(request, &mut attempts).await?;
            match self.read(request, &mut body, self.max_response).await? {
                Ok(body) => return Ok(Response { status, headers, body }),
                Err(failure) => match attempts.reconnect(request, &failure) {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => {
                        let message = format!("the answer broke off: {}", failure.message);
                        return Err(attempts.explain(self.error(request, Kind::Transport, message)));
                    }
                },
            }
        }
    }

    /// Sends a request and hands out the answer's body as it comes.
    ///
    /// # Errors
    ///
    /// As [`Client::call`], up to the head of the answer.
    pub(crate) async fn open(&self, request: &Request) -> Result<Answer> {
        self.head(request, &mut Attempts::default()).await
    }

    /// The same, giving up where the answer has not begun within `limit`.
    ///
    /// # Errors
    ///
    /// As [`Client::open`], and when the time is up.
    pub(crate) async fn open_within(&self, request: &Request, limit: Option<Duration>) -> Result<Answer> {
        let Some(limit) = limit else { return self.open(request).await };
        let message = || format!("no answer within {limit:?}");
        let opened = tokio::time::timeout(limit, self.open(request)).await;
        opened.unwrap_or_else(|_| Err(self.error(request, Kind::Timeout, message())))
    }

    /// Turns a connection of its own into a stream of bytes, for another protocol than HTTP.
    ///
    /// Credentials are renewed once after a 401, as for every request; nothing is sent again otherwise.
    ///
    /// # Errors
    ///
    /// Every answer but 101, said of this request and server.
    pub(crate) async fn upgrade(&self, request: &Request) -> Result<(Headers, Box<dyn Duplex>)> {
        let mut attempts = Attempts::default();
        loop {
            let presented = self.shared.auth.presented().await?;
            let outgoing = self.outgoing(request, &presented);
            let upgrade = self.transport(&presented)?.upgrade(outgoing).await;
            let Answer { status, mut body, .. } =
                match upgrade.map_err(|failure| self.failed(request, failure))? {
                    Upgrade::Switched { headers, io } => return Ok((headers, io)),
                    Upgrade::Refused(answer) => answer,
                };
            if status == 401 && !attempts.renewed {
                attempts.renewed = true;
                if self.shared.auth.refuse(&presented) {
                    continue;
                }
            }
            let text =
                tokio::time::timeout(FAILURE_TIME, self.read_start(&mut body)).await.unwrap_or_default();
            return Err(error::from_answer(request, &self.shared.server, status, &text, None));
        }
    }

    /// The head of an answer of 2xx, after as many tries as the rules allow.
    async fn head(&self, request: &Request, attempts: &mut Attempts) -> Result<Answer> {
        loop {
            let presented = self.shared.auth.presented().await?;
            let outgoing = self.outgoing(request, &presented);
            let Answer { status, headers, mut body } = match self.transport(&presented)?.send(outgoing).await
            {
                Ok(answer) => answer,
                Err(failure) => match attempts.reconnect(request, &failure) {
                    Some(wait) => {
                        tokio::time::sleep(wait).await;
                        continue;
                    }
                    None => return Err(attempts.explain(self.failed(request, failure))),
                },
            };
            if (200..300).contains(&status) {
                return Ok(Answer { status, headers, body });
            }
            if status == 401 && !attempts.renewed {
                attempts.renewed = true;
                if self.shared.auth.refuse(&presented) {
                    continue;
                }
            }
            if request.any_status {
                return Ok(Answer { status, headers, body });
            }
            // A foreign page may be long; a Status never is. What cannot be read of it does not matter.
            let text =
                tokio::time::timeout(FAILURE_TIME, self.read_start(&mut body)).await.unwrap_or_default();
            drop(body);
            let after =
                headers.get("retry-after").and_then(|value| retry::retry_after(value, Timestamp::now()));
            let error = error::from_answer(request, &self.shared.server, status, &text, after);
            let error = match headers.get("location").filter(|_| (300..400).contains(&status)) {
                Some(location) => error.with_help(format!(
                    "it points to {}; redirects are never followed: is the server's URL complete?",
                    error::excerpt(location.as_bytes(), 256)
                )),
                None => error,
            };
            let wait = retry::again(status, after, attempts.retries, self.retry_floor);
            match wait.filter(|_| attempts.retries < self.max_retries) {
                Some(wait) => {
                    attempts.retries += 1;
                    attempts.last = Some(error.to_string());
                    tokio::time::sleep(wait).await;
                }
                None if attempts.retries > 0 => {
                    let tries = attempts.retries + 1;
                    return Err(error.with_note(format!("after {tries} tries")));
                }
                None => return Err(error),
            }
        }
    }

    /// The connections to use: those that present the exec plugin's certificate, where there is one.
    fn transport(&self, presented: &Presented) -> Result<Arc<dyn Transport>> {
        let Some(identity) = &presented.identity else {
            return Ok(self.shared.transport.clone());
        };
        let mut presenting = self.shared.presenting.lock().unwrap_or_else(PoisonError::into_inner);
        match &*presenting {
            Some((generation, transport)) if *generation == identity.generation => Ok(transport.clone()),
            // Requests under way keep the old connections until they end; the identity of a new one is the new one.
            _ => {
                let transport: Arc<dyn Transport> =
                    Arc::new(HttpTransport::presenting(&self.shared.config, identity)?);
                *presenting = Some((identity.generation, transport.clone()));
                Ok(transport)
            }
        }
    }

    fn outgoing(&self, request: &Request, presented: &Presented) -> Outgoing {
        let mut headers = request.headers.clone();
        for (name, value) in &self.shared.headers {
            if name != "user-agent" || headers.get(name).is_none() {
                headers.add(name.clone(), value.clone());
            }
        }
        // Inflating is not ours yet, and a compressed watch must not be buffered by anybody on the way.
        headers.set("accept-encoding", "identity");
        if let Some(value) = &presented.authorization {
            headers.set("authorization", value.expose_secret());
        }
        Outgoing {
            method: request.method,
            url: format!("{}{}", self.shared.server, request.target()),
            headers,
            body: request.body.clone(),
            class: request.class,
        }
    }

    /// A whole body; the outer error is final, the inner one can be worth another try.
    async fn read(&self, request: &Request, body: &mut Body, limit: usize) -> Result<Result<Bytes, Failure>> {
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        while let Some(chunk) = body.chunk().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(failure) => return Ok(Err(failure)),
            };
            if first.len() + rest.len() + chunk.len() > limit {
                return Err(self
                    .error(request, Kind::Decode, format!("the answer is longer than {limit} bytes"))
                    .with_help("ask for pages with `limit`, or raise `Client::max_response_bytes`"));
            }
            if first.is_empty() && rest.is_empty() {
                first = chunk;
            } else {
                if rest.is_empty() {
                    rest.extend_from_slice(&std::mem::take(&mut first));
                }
                rest.extend_from_slice(&chunk);
            }
        }
        Ok(Ok(if rest.is_empty() { first } else { rest.freeze() }))
    }

    async fn read_start(&self, body: &mut Body) -> Vec<u8> {
        let mut text = Vec::new();
        while let Some(Ok(chunk)) = body.chunk().await {
            text.extend_from_slice(&chunk[..chunk.len().min(MAX_FAILURE - text.len())]);
            if text.len() >= MAX_FAILURE {
                break;
            }
        }
        text
    }

    fn failed(&self, request: &Request, failure: Failure) -> Error {
        let (kind, help) = match failure.kind {
            FailureKind::Request => (Kind::Request, None),
            FailureKind::Tls => (
                Kind::Connect,
                Some("is the certificate authority the cluster's, and the name in the URL the server's?"),
            ),
            FailureKind::Dns | FailureKind::Refused | FailureKind::Connect => {
                (Kind::Connect, Some("is the server running and its address right? Nothing was sent"))
            }
            FailureKind::Proxy(_) => {
                (Kind::Connect, Some("the proxy did not let the connection through; nothing was sent"))
            }
            FailureKind::Unsent => (Kind::Connect, Some("the server did not begin with it")),
            FailureKind::ConnectTimeout(_) => (
                Kind::Connect,
                Some("nothing answers at this address in time; a firewall or a VPN may be between"),
            ),
            FailureKind::Broken if request.method.is_read() => (Kind::Transport, None),
            FailureKind::Broken => {
                (Kind::Transport, Some("the server may have done what was asked; read before repeating it"))
            }
        };
        let error = self.error(request, kind, error::excerpt(failure.message.as_bytes(), error::BODY_SHOWN));
        match help {
            Some(help) => error.with_help(help),
            None => error,
        }
    }

    /// An error about this request and server.
    pub(crate) fn error(&self, request: &Request, kind: Kind, message: impl Into<String>) -> Error {
        Error::new(kind, request.context(&self.shared.server), message)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("server", &self.shared.server)
            .field("namespace", &self.shared.namespace)
            .field("auth", &self.shared.auth)
            .field("unknown_fields", &self.unknown_fields)
            .finish_non_exhaustive()
    }
}

/// What has been tried of one request.
#[derive(Default)]
struct Attempts {
    /// How often the server asked for another try.
    retries: u32,
    /// How often the connection broke.
    reconnects: u32,
    /// Whether the credentials were renewed.
    renewed: bool,
    /// What the try before this one ended with.
    last: Option<String>,
}

impl Attempts {
    /// How long to wait before a read goes out again on another connection.
    fn reconnect(&mut self, request: &Request, failure: &Failure) -> Option<Duration> {
        let worth = match failure.kind {
            // Without a connection nothing was sent, but a server that is down is better said soon.
            FailureKind::Broken => request.method.is_read() && self.reconnects < retry::MAX_RECONNECTS,
            _ => false,
        };
        if !worth {
            return None;
        }
        self.reconnects += 1;
        self.last = Some(failure.message.clone());
        Some(Duration::from_millis(100u64 << self.reconnects))
    }

    fn explain(&self, error: Error) -> Error {
        match &self.last {
            Some(last) => error
                .with_note(format!("the try before ended with: {}", error::excerpt(last.as_bytes(), 256))),
            None => error,
        }
    }
}

#[cfg(test)]
mod tests;

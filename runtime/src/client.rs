//! The client: one server, one identity, and the settings that every request of it shares.
//!
//! The way that a request takes is in the modules below: `call` (the whole way), `send` (one try), `attempts` (whether
//! there is another), `read` (bodies), `failure` (what errors say). It deliberately knows no resource; what is asked for
//! comes as a [`Request`](crate::request::Request).

mod attempts;
mod call;
mod content;
mod failure;
mod metrics;
mod middleware;
mod observe;
mod rate;
mod read;
mod send;
mod warn;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::auth::Authenticator;
use crate::config::Config;
use crate::error::{Error, Kind};
use crate::options::{FieldValidation, WriteDefaults};
use crate::request::retry::{self, Budget};
use crate::request::{Headers, Request};
use crate::transport::{HttpTransport, Transport};
use crate::{Result, UnknownFieldPolicy};

pub use metrics::Metrics;
pub use middleware::{Middleware, RequestHeaders, RequestInfo, ResponseInfo};
pub(crate) use rate::RateLimit;

/// The most that an answer may hold, unless set: larger than any list a server gives, smaller than a machine.
const MAX_RESPONSE: usize = 512 << 20;

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
    auth: Authenticator,
    /// User agent and impersonation, the same for every request.
    headers: Headers,
    request_timeout: Option<Duration>,
    /// What tries that nobody asked for may cost all requests together.
    budget: Budget,
    endpoint: observe::Endpoint,
    /// Which warnings are in the log already.
    said: warn::Said,
    /// What watches that go on know together.
    watching: crate::watch::Memory,
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
        let mut headers = Headers::default();
        headers.add("user-agent", config.user_agent_header());
        for (name, value) in config.impersonation_headers() {
            // Checked already; acting as oneself instead of another must not happen by a mistake here.
            if !headers.add(&name, value) {
                let message = format!("the impersonation header {name:?} cannot be sent");
                return Err(Error::new(Kind::Config, config.origin(), message));
            }
        }
        let unknown_fields = config.unknown_field_policy();
        Ok(Client {
            shared: Arc::new(Shared {
                server: config.server().to_owned(),
                namespace: config.namespace().to_owned(),
                request_timeout: config.request_timeout_value(),
                transport,
                auth,
                headers,
                budget: Budget::new(),
                endpoint: observe::Endpoint::of(config.server()),
                said: warn::Said::default(),
                watching: crate::watch::Memory::default(),
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

    /// The same client, which sends a request again at most this often. 10 unless set; 0 sends everything once.
    ///
    /// An answer of 429 or 503 with `Retry-After` is followed for every verb: the server says that it did not do what was
    /// asked, and when to come back. Reads follow it after every 5xx, and are also tried again, up to four times, after 429,
    /// 500, 502, 503 and 504 without it and where the connection fails. A write that may have been done is never sent again; see
    /// [`Error::is_ambiguous`]. No wait lasts longer than a minute or, where there is a timeout, than that. The tries
    /// that no server asked for have a budget that all clones share, so that a server that is down is not stormed.
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

    /// A client over something else than the network.
    #[cfg(test)]
    pub(crate) fn over(config: Config, transport: Arc<dyn Transport>) -> Client {
        let mut client = Client::new(config).unwrap();
        Arc::get_mut(&mut client.shared).unwrap().transport = transport;
        client
    }

    #[cfg(test)]
    fn impatient(mut self) -> Client {
        self.retry_floor = Duration::from_millis(1);
        self
    }

    pub(crate) fn defaults(&self) -> &WriteDefaults {
        &self.defaults
    }

    pub(crate) fn watching(&self) -> &crate::watch::Memory {
        &self.shared.watching
    }

    pub(crate) fn unknown_field_policy(&self) -> UnknownFieldPolicy {
        self.unknown_fields
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

#[cfg(test)]
mod tests;

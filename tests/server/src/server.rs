//! `TestServer`: starting, asking where it is, stopping.
//!
//! Nothing about Kubernetes is decided here.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::catalog::Catalog;
use crate::clock::{self, Clock};
use crate::fault::Faults;
use crate::http::Port;
use crate::requests::{Listener, ReceivedRequest, RequestLimits, RequestLog};
use crate::security::{self, Security};
use crate::store::{Limits, Store};
use crate::{http, load};

/// What a server is told at its start.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) all_apis: bool,
    pub(crate) history: Limits,
    pub(crate) controllers: bool,
    pub(crate) bookmark_interval: Duration,
    pub(crate) watch_timeout: Duration,
    pub(crate) requests: RequestLimits,
    pub(crate) listener: Option<Listener>,
    pub(crate) clock: Clock,
}

/// What all connections of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) address: SocketAddr,
    pub(crate) catalog: RwLock<Catalog>,
    pub(crate) store: Mutex<Store>,
    pub(crate) requests: RequestLog,
    pub(crate) faults: Arc<Faults>,
    pub(crate) security: Security,
}

/// An API server inside this process, for tests.
///
/// It listens on a free port of the loopback interface, keeps everything in memory, and is gone when it is dropped. Any number of
/// them run side by side.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use clientset_testserver::TestServer;
///
/// let server = TestServer::start().await?;
/// assert!(server.url().starts_with("http://127.0.0.1:"));
/// // … point a client at `server.url()` or write `server.kubeconfig()` to a file …
/// assert!(server.requests().is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TestServer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) port: Port,
    pub(crate) task: JoinHandle<()>,
    /// What is not newer was there from the start.
    pub(crate) first_revision: u64,
}

impl TestServer {
    /// Starts a server with the settings that suit most tests.
    ///
    /// It answers from the moment this returns.
    ///
    /// # Errors
    ///
    /// When no port of the loopback interface can be had.
    pub async fn start() -> io::Result<TestServer> {
        TestServer::builder().start().await
    }

    /// Settings for a server that is to be other than usual.
    pub fn builder() -> Builder {
        Builder {
            port: 0,
            load: Vec::new(),
            first_resource_version: 1,
            security: security::Settings::default(),
            settings: Settings {
                all_apis: false,
                history: Limits { changes: 10_000, bytes: 256 * 1024 * 1024 },
                controllers: true,
                bookmark_interval: Duration::from_secs(60),
                watch_timeout: Duration::from_secs(1800),
                requests: RequestLimits { requests: 10_000, body_bytes: 64 * 1024 },
                listener: None,
                clock: Clock::system(),
            },
        }
    }

    /// Forgets all history: watches and lists that ask for an older version get 410 Gone from now on.
    pub fn compact(&self) {
        self.shared.store().compact();
    }

    /// The newest resourceVersion.
    pub fn resource_version(&self) -> u64 {
        self.shared.store().revision()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // The connections are tasks of this task and end with it.
        self.task.abort();
    }
}

/// Settings of a [`TestServer`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is started"]
pub struct Builder {
    port: u16,
    load: Vec<String>,
    first_resource_version: u64,
    pub(crate) security: security::Settings,
    settings: Settings,
}

impl Builder {
    /// Listens on this port instead of any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Serves also the alpha and beta APIs that a real server has switched off by default.
    pub fn all_apis(mut self, on: bool) -> Self {
        self.settings.all_apis = on;
        self
    }

    /// Where versions begin; whoever asks for an older one gets 410 Gone. 1 unless set.
    ///
    /// For servers that follow each other on one port: a client of the one before, which goes on from its last version, must not
    /// find that version in the history of the next one, where it means something else.
    pub fn first_resource_version(mut self, version: u64) -> Self {
        // Room to count on, for clients that read versions as signed numbers too.
        self.first_resource_version = version.clamp(1, u64::MAX >> 2);
        self
    }

    /// How many changes of each resource are remembered, for watches and old pages. 10,000 unless set.
    pub fn history_limit(mut self, changes: usize) -> Self {
        self.settings.history.changes = changes.max(1);
        self
    }

    /// How many bytes all remembered changes together may take; the oldest are forgotten first. 256 MiB unless set.
    pub fn history_bytes(mut self, bytes: usize) -> Self {
        self.settings.history.bytes = bytes;
        self
    }

    /// Whether garbage is collected and deleted namespaces are emptied, as kube-controller-manager does. On unless set.
    pub fn controllers(mut self, on: bool) -> Self {
        self.settings.controllers = on;
        self
    }

    /// How often a watch that wants bookmarks gets one. A minute unless set.
    pub fn bookmark_interval(mut self, interval: Duration) -> Self {
        self.settings.bookmark_interval = interval.max(Duration::from_millis(1));
        self
    }

    /// How long a watch lasts that names no `timeoutSeconds`. Half an hour unless set.
    pub fn watch_timeout(mut self, timeout: Duration) -> Self {
        self.settings.watch_timeout = timeout;
        self
    }

    /// How many requests are kept for [`TestServer::requests`], and how many bytes of each body. 10,000 and 64 KiB unless set.
    pub fn request_limits(mut self, requests: usize, body_bytes: usize) -> Self {
        self.settings.requests = RequestLimits { requests, body_bytes };
        self
    }

    /// Tells of each request as it is answered, with its status.
    ///
    /// ```
    /// # use clientset_testserver::TestServer;
    /// let builder = TestServer::builder().on_answer(|request| eprintln!("{request}"));
    /// ```
    pub fn on_answer(mut self, tell: impl Fn(&ReceivedRequest) + Send + Sync + 'static) -> Self {
        self.settings.listener = Some(Listener(Arc::new(tell)));
        self
    }

    /// Begins with these objects, as [`TestServer::load`] takes them in.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use clientset_testserver::TestServer;
    /// let yaml = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}";
    /// let server = TestServer::builder().load(yaml).start().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn load(mut self, yaml: impl Into<String>) -> Self {
        self.load.push(yaml.into());
        self
    }

    /// Goes by this clock instead of the system's.
    pub fn clock(mut self, clock: &Clock) -> Self {
        self.settings.clock = clock.clone();
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// When the port cannot be had, when no certificate can be made, and when an object of [`load`](Builder::load) is refused.
    pub async fn start(self) -> io::Result<TestServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await.map_err(|error| {
            let (kind, port) = (error.kind(), self.port);
            io::Error::new(kind, format!("the test server cannot listen on 127.0.0.1:{port}: {error}"))
        })?;
        let shared = Arc::new(Shared {
            address: listener.local_addr()?,
            catalog: RwLock::new(Catalog::new(self.settings.all_apis)),
            store: Mutex::new(Store::starting_at(self.first_resource_version, self.settings.history)),
            requests: RequestLog::new(self.settings.requests, self.settings.listener.clone()),
            faults: Arc::default(),
            security: Security::new(self.security)?,
            settings: self.settings,
        });
        clock::sync_by(&shared.settings.clock, || {
            crate::seed::seed(&shared);
            security::seed(&shared);
        });
        let first_revision = shared.store().revision();
        for yaml in &self.load {
            clock::sync_by(&shared.settings.clock, || load::load(&shared, yaml))
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        }
        let (port, serving) = http::serve(listener, shared.clone());
        Ok(TestServer { shared, port, task: tokio::spawn(serving), first_revision })
    }
}

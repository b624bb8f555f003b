//! What the tests of faults share: a server behind a proxy, a client in front of it, over each version of HTTP.

use std::time::Duration;

use clientset::core::v1::ConfigMap;
use clientset::{Client, Clientset, Config};
use clientset_testserver::{Builder, TestServer};

use super::canary;
use super::proxy::ChaosProxy;
use crate::harness::named;

/// The version of HTTP that a client and the embedded server agree on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Http {
    One,
    Two,
}

impl Http {
    pub(crate) const BOTH: [Http; 2] = [Http::One, Http::Two];
}

/// A server, a proxy before it, and how a client gets there. The token contains the canary.
pub(crate) struct Rig {
    http: Http,
    pub(crate) server: TestServer,
    pub(crate) proxy: ChaosProxy,
}

impl Rig {
    pub(crate) async fn new(http: Http) -> Rig {
        Rig::with(http, |it| it).await
    }

    pub(crate) async fn with(http: Http, settings: impl FnOnce(Builder) -> Builder) -> Rig {
        canary::watch();
        let builder = TestServer::builder().token(canary::secret("token"));
        let server = settings(builder.tls()).start().await.expect("a server");
        let proxy = ChaosProxy::to_url(&server.url()).await;
        Rig { http, server, proxy }
    }

    /// A client's configuration that leads through the proxy.
    pub(crate) fn config(&self) -> Config {
        self.config_to(&self.proxy.address().to_string())
    }

    fn config_to(&self, address: &str) -> Config {
        let authority = self.server.ca_pem().expect("it speaks TLS");
        Config::new(format!("https://{address}"))
            .certificate_authority_pem(authority)
            .bearer_token(canary::secret("token"))
            .connect_timeout(Duration::from_secs(5))
            .http2(self.http == Http::Two)
    }

    /// A client through the proxy.
    pub(crate) fn client(&self) -> Clientset {
        client(self.config())
    }

    /// A client that goes past the proxy.
    pub(crate) fn direct(&self) -> Clientset {
        let url = self.server.url();
        client(self.config_to(url.split("://").last().expect("an address")))
    }
}

pub(crate) fn client(config: Config) -> Clientset {
    canary::watch();
    Clientset::from_client(Client::new(config).expect("a client"))
}

/// A ConfigMap with one entry.
pub(crate) fn map(name: &str, value: &str) -> ConfigMap {
    ConfigMap {
        metadata: named(name),
        data: Some([("value".to_owned(), value.to_owned())].into()),
        ..Default::default()
    }
}

/// The error of what has to fail, after a look that it shows no secret; and its text.
#[track_caller]
pub(crate) fn failure<T>(result: clientset::Result<T>) -> (clientset::Error, String) {
    let Err(error) = result else { panic!("it succeeds") };
    let text = canary::clean_error(&error);
    (error, text)
}

/// Fails where it takes longer than this.
pub(crate) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> T {
    let begun = tokio::time::timeout(limit, future).await;
    begun.unwrap_or_else(|_| panic!("it takes longer than {limit:?}"))
}

//! The client of `clientset-runtime`, ready to speak to the server. With the feature `client`.
//!
//! It gets what any other client gets: the kubeconfig.

use clientset_runtime::{Client, Config, Result};

use crate::server::TestServer;

impl TestServer {
    /// A client of this server, with everything that the kubeconfig says: address, authority, credentials, namespace `default`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use clientset_testserver::TestServer;
    /// let server = TestServer::start().await?;
    /// let version = server.client()?.discovery().server_version().await?;
    /// assert_eq!(version.git_version, "v1.37.1");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// `Clientset::from_client(server.client()?)` makes the typed one.
    ///
    /// # Errors
    ///
    /// When the client cannot be built, which is a mistake of ours.
    pub fn client(&self) -> Result<Client> {
        Client::new(self.config()?)
    }

    /// The configuration of a client of this server, to be changed before a client is made of it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use clientset_testserver::TestServer;
    /// # let server = TestServer::start().await?;
    /// let config = server.config()?.user_agent("my-controller/1.0");
    /// assert_eq!(config.namespace(), "default");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the kubeconfig is not understood, which is a mistake of ours.
    pub fn config(&self) -> Result<Config> {
        Config::from_kubeconfig_str(self.kubeconfig())
    }
}

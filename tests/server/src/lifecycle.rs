//! A server that goes away and comes back, as servers do: connections cut, the port closed, a restart, the end.
//!
//! What is stored is not touched, but for the history that a restart loses; going back in time is in `snapshot`.

use std::io;

use crate::server::TestServer;

impl TestServer {
    /// Runs a test with a server of its own, on a runtime of its own: for tests that are not `async` themselves.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use clientset_testserver::TestServer;
    ///
    /// TestServer::run(async |server| {
    ///     assert!(server.requests().is_empty());
    /// })
    /// # }
    /// ```
    ///
    /// When it returns the server has stopped. In an `async` test, [`TestServer::start`] does the same with a line less.
    ///
    /// # Errors
    ///
    /// When there can be no runtime, or no port of the loopback interface.
    pub fn run<T>(test: impl AsyncFnOnce(&TestServer) -> T) -> io::Result<T> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let server = TestServer::start().await?;
            let outcome = test(&server).await;
            server.stop().await;
            Ok(outcome)
        })
    }

    /// Ends all connections, watches too, and goes on accepting new ones.
    ///
    /// # Errors
    ///
    /// When the runtime that the server was started on is gone.
    pub async fn cut_connections(&self) -> io::Result<()> {
        self.port.cut().await
    }

    /// Ends all connections and refuses new ones, until [`bring_up`](TestServer::bring_up). The port stays taken.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use clientset_testserver::TestServer;
    /// let server = TestServer::start().await?;
    /// let address = server.url().replace("http://", "");
    /// server.take_down().await?;
    /// assert!(std::net::TcpStream::connect(&address).is_err());
    /// server.bring_up().await?;
    /// assert!(std::net::TcpStream::connect(&address).is_ok());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the port is lost to somebody else.
    pub async fn take_down(&self) -> io::Result<()> {
        self.port.close().await
    }

    /// Accepts connections again, on the same port.
    ///
    /// # Errors
    ///
    /// When the port is lost to somebody else.
    pub async fn bring_up(&self) -> io::Result<()> {
        self.port.open().await
    }

    /// Goes away and comes back on the same port: connections end, history is forgotten as a new watch cache has none, objects stay.
    ///
    /// Watches that come back with their last resourceVersion get 410 Gone, unless nothing has changed since.
    ///
    /// # Errors
    ///
    /// When the port is lost to somebody else.
    pub async fn restart(&self) -> io::Result<()> {
        self.take_down().await?;
        self.compact();
        self.bring_up().await
    }

    /// Ends the server and waits until its connections are closed and its port is free.
    ///
    /// Dropping it does the same, as soon as the runtime gets to it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use clientset_testserver::TestServer;
    /// let server = TestServer::start().await?;
    /// let address = server.url().replace("http://", "");
    /// server.stop().await;
    /// assert!(std::net::TcpListener::bind(address).is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn stop(mut self) {
        // A server whose runtime is gone has stopped already.
        let _ = self.port.cut().await;
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

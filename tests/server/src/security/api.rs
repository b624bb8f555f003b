//! What a test says and asks about users: the methods of `Builder` and `TestServer` that are about who may come in.
//!
//! What they mean is in the other modules here.

use std::io;

use serde_json::{Value, json};

use super::{ClientCertificate, Secret, User, base64};
use crate::server::{Builder, TestServer};

impl TestServer {
    /// Where it listens: `http://127.0.0.1:PORT`, or `https://…` with TLS, without a slash at the end.
    pub fn url(&self) -> String {
        let scheme = if self.ca_pem().is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.shared.address)
    }

    /// A kubeconfig (YAML) whose current context leads here as the administrator, credentials included.
    pub fn kubeconfig(&self) -> String {
        self.kubeconfig_with(&self.shared.security.admin_credentials())
    }

    /// The same for one of the users that the server was [told of](Builder::user): with a token, or with TLS a client certificate.
    ///
    /// `None` where no such user is known, or has neither.
    pub fn kubeconfig_as(&self, user: &str) -> Option<String> {
        Some(self.kubeconfig_with(&self.shared.security.credentials(user)?))
    }

    fn kubeconfig_with(&self, user: &Value) -> String {
        let mut cluster = json!({"server": self.url()});
        if let Some(pem) = self.ca_pem() {
            cluster["certificate-authority-data"] = base64(pem).into();
        }
        let members = |value: &Value, inset: &str| {
            let all = value.as_object().into_iter().flatten();
            let lines: Vec<String> = all.map(|(key, it)| format!("\n{inset}{key}: {it}")).collect();
            if lines.is_empty() { " {}".to_owned() } else { lines.concat() }
        };
        let (cluster, user) = (members(&cluster, "    "), members(user, "    "));
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: test\n  cluster:{cluster}\ncontexts:\n- name: test\n  context:\n    cluster: test\n    user: test\n    namespace: default\ncurrent-context: test\nusers:\n- name: test\n  user:{user}\n"
        )
    }

    /// The certificate of the authority that signs for this server and its clients (PEM); `None` without [TLS](Builder::tls).
    pub fn ca_pem(&self) -> Option<&str> {
        self.shared.security.certificates.authority_pem()
    }

    /// Makes a client certificate for a user: the name is its `CN`, the groups are what the server takes its holder to be in.
    ///
    /// The `O` of the certificate names the first group only.
    ///
    /// # Errors
    ///
    /// When the server has no [TLS](Builder::tls), or the certificate cannot be made.
    pub fn client_certificate(&self, name: &str, groups: &[&str]) -> io::Result<ClientCertificate> {
        self.shared.security.certificates.issue(name, groups)
    }
}

impl Builder {
    /// Lets in only who shows this bearer token; everybody else gets 401. Short for a user `admin` in `system:masters`.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.security.admin = Some(Secret::new(token));
        self
    }

    /// Lets in a user by bearer token or client certificate; nobody is let in any more who is not known.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use clientset_testserver::{TestServer, User};
    ///
    /// let server = TestServer::builder()
    ///     .rbac(true)
    ///     .user(User::new("alice").group("dev").token("alice-secret"))
    ///     .start()
    ///     .await?;
    /// let may_do_everything = server.kubeconfig();
    /// let may_do_nothing_yet = server.kubeconfig_as("alice").expect("alice has a token");
    /// assert!(may_do_nothing_yet.contains("alice-secret") && !may_do_everything.contains("alice-secret"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn user(mut self, user: User) -> Self {
        self.security.users.push(user);
        self
    }

    /// Whether a request without credentials is `system:anonymous` instead of 401.
    ///
    /// As with the real server this is so where RBAC decides, unless it is set otherwise.
    pub fn anonymous(mut self, on: bool) -> Self {
        self.security.anonymous = Some(on);
        self
    }

    /// Whether roles and bindings decide what a user may do.
    ///
    /// The roles that a real server makes at its start are there, `cluster-admin`, `admin`, `edit` and `view` among them. The user of
    /// [`TestServer::kubeconfig`] is in `system:masters` and may do everything. Without it everybody may who is let in.
    pub fn rbac(mut self, on: bool) -> Self {
        self.security.rbac = on;
        self
    }

    /// Speaks HTTPS with a certificate of an authority that is made at the start: [`TestServer::ca_pem`].
    ///
    /// The certificate is good for `localhost` and `127.0.0.1`. The kubeconfigs carry all that a client needs.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use clientset_testserver::TestServer;
    ///
    /// let server = TestServer::builder().tls().start().await?;
    /// assert!(server.url().starts_with("https://127.0.0.1:"));
    /// assert!(server.kubeconfig().contains("certificate-authority-data"));
    /// let alice = server.client_certificate("alice", &["dev"])?;
    /// assert!(alice.certificate.starts_with("-----BEGIN CERTIFICATE-----"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn tls(mut self) -> Self {
        self.security.tls = true;
        self
    }
}

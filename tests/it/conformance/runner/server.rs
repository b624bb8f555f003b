//! The two servers that a conversation can be played on, and what a file can ask of the embedded one.
//!
//! A new setting is a row in [`SETTINGS`].

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clientset_testserver::{Builder, TestServer, User};
use serde_json::{Value, json};

use super::kubeconfig;
use super::wire::Credential;

/// What an embedded server is started with.
pub(crate) struct Embedded {
    pub(crate) builder: Builder,
    pub(crate) people: HashMap<String, Credential>,
}

/// What `# server: name=value` does to the embedded server. The real one is what it is.
type Setting = (&'static str, fn(Embedded, &str) -> Embedded);

/// The settings that a file can ask for, by name.
const SETTINGS: &[Setting] = &[
    ("token", |mut it, value| {
        it.builder = it.builder.token(value);
        for name in ["admin", "cert-admin"] {
            it.people.insert(name.to_owned(), token(value));
        }
        it
    }),
    ("rbac", |mut it, _| {
        let nobody = User::new("nobody-special").uid("nobody-special").token("user-token");
        it.builder = it.builder.rbac(true).token("admin-token").user(nobody);
        for name in ["admin", "cert-admin"] {
            it.people.insert(name.to_owned(), token("admin-token"));
        }
        it
    }),
    ("anonymous", |mut it, value| {
        it.builder = it.builder.anonymous(value != "off");
        it
    }),
    ("tls", |mut it, _| {
        it.builder = it.builder.tls();
        it
    }),
    ("history", |mut it, value| {
        it.builder = it.builder.history_limit(value.parse().unwrap_or(1));
        it
    }),
];

fn token(text: &str) -> Credential {
    Credential::new(Some(text.to_owned()), None)
}

/// A server to play on.
#[derive(Debug)]
pub(crate) struct Server {
    /// `HOST:PORT`
    pub(crate) address: String,
    /// By what `@as` calls them.
    pub(crate) people: HashMap<String, Credential>,
    /// Real servers do some things a moment after they say so, and keep what is not removed.
    pub(crate) is_real: bool,
    /// The file it came from.
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Stops when this is dropped.
    embedded: Option<TestServer>,
}

impl Server {
    /// Starts an embedded server as a file asks for it.
    pub(crate) async fn embedded(settings: &[(String, String)]) -> Result<Server, String> {
        // The control plane that the answers come from has every API on.
        let builder = TestServer::builder().all_apis(true);
        let people = [
            ("admin", Credential::default()),
            ("cert-admin", Credential::default()),
            ("user", token("user-token")),
            ("anonymous", Credential::default()),
        ];
        let people = people.into_iter().map(|(name, it)| (name.to_owned(), it)).collect();
        let mut setup = Embedded { builder, people };
        for (name, value) in settings {
            let known = SETTINGS.iter().find(|it| it.0 == name);
            let (_, apply) = known.ok_or_else(|| format!("`# server: {name}` is no setting"))?;
            setup = apply(setup, value);
        }
        let server = setup.builder.start().await.map_err(|error| error.to_string())?;
        let mut people = setup.people;
        if server.ca_pem().is_some() {
            let secure = kubeconfig::of_embedded(&server)?.people;
            for (name, who) in &mut people {
                who.tls = secure.get(name).or(secure.get("anonymous")).and_then(|it| it.tls.clone());
            }
            if let (Some(who), Some(secure)) = (people.get_mut("cert-admin"), secure.get("cert-admin")) {
                who.clone_from(secure);
            }
        }
        let address = server.url().split_once("://").map(|it| it.1.to_owned()).unwrap_or_default();
        Ok(Server { address, people, is_real: false, kubeconfig: None, embedded: Some(server) })
    }

    /// The real server that a kubeconfig leads to.
    pub(crate) fn real(path: &Path) -> Result<Server, String> {
        let contexts = kubeconfig::read(path)?;
        Ok(Server {
            address: contexts.address,
            people: contexts.people,
            is_real: true,
            kubeconfig: Some(path.to_owned()),
            embedded: None,
        })
    }

    /// A kubeconfig for other programs, with a context for each person.
    pub(crate) fn written_kubeconfig(&self) -> String {
        let url = self.embedded.as_ref().map_or_else(|| format!("http://{}", self.address), TestServer::url);
        let mut cluster = json!({"server": url});
        // Most programs show tokens to nobody but a server behind TLS.
        if let Some(pem) = self.embedded.as_ref().and_then(TestServer::ca_pem) {
            cluster["certificate-authority-data"] = STANDARD.encode(pem).into();
        }
        let cluster = json!([{"name": "it", "cluster": cluster}]);
        let user = |(name, who): (&String, &Credential)| match &who.token {
            Some(token) => json!({"name": name, "user": {"token": token}}),
            None => json!({"name": name, "user": {}}),
        };
        let context = |name: &String| json!({"name": name, "context": {"cluster": "it", "user": name}});
        let users: Vec<Value> = self.people.iter().map(user).collect();
        let contexts: Vec<Value> = self.people.keys().map(context).collect();
        json!({"apiVersion": "v1", "kind": "Config", "clusters": cluster, "users": users, "contexts": contexts,
            "current-context": "admin"})
        .to_string()
    }

    /// The credentials of who is named by `@as`.
    pub(crate) fn person(&self, name: &str) -> Result<Credential, String> {
        let Some(token) = name.strip_prefix("token:") else {
            return self
                .people
                .get(name)
                .cloned()
                .ok_or_else(|| format!("`@as {name}`: nobody is called so"));
        };
        let tls = self.people.get("anonymous").and_then(|it| it.tls.clone());
        Ok(Credential::new(Some(token.to_owned()), tls))
    }
}

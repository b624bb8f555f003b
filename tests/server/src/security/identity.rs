//! Who asks: the users that a test declares, and the identity that a request turns out to have.
//!
//! How an identity is proven is in `authenticate`, what it may do in `rbac`.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value, json};

pub(crate) const ANONYMOUS: &str = "system:anonymous";
pub(crate) const AUTHENTICATED: &str = "system:authenticated";
pub(crate) const UNAUTHENTICATED: &str = "system:unauthenticated";
pub(crate) const MASTERS: &str = "system:masters";
pub(crate) const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// A text that must not show up anywhere.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[hidden]")
    }
}

/// A user that a server knows by a bearer token: name, groups, and what else an authenticator may tell.
///
/// Everybody who is authenticated is in the group `system:authenticated` besides; members of `system:masters` may do everything.
/// With [`Builder::tls`](crate::Builder::tls) a user can do without a token and show a client certificate.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use clientset_testserver::{TestServer, User};
///
/// let alice = User::new("alice").group("dev").group("ops").token("alice-secret");
/// let server = TestServer::builder().user(alice).start().await?;
/// assert!(server.kubeconfig_as("alice").is_some());
/// assert!(server.kubeconfig_as("bob").is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a user does nothing until a server knows it"]
pub struct User {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) groups: Vec<String>,
    pub(crate) extra: BTreeMap<String, Vec<String>>,
    pub(crate) tokens: Vec<Secret>,
}

impl User {
    /// A user without groups, uid or token.
    pub fn new(name: impl Into<String>) -> User {
        User {
            name: name.into(),
            uid: String::new(),
            groups: Vec::new(),
            extra: BTreeMap::new(),
            tokens: Vec::new(),
        }
    }

    /// Adds a group.
    pub fn group(mut self, group: impl Into<String>) -> User {
        self.groups.push(group.into());
        self
    }

    /// Sets the uid, which is empty unless set.
    pub fn uid(mut self, uid: impl Into<String>) -> User {
        self.uid = uid.into();
        self
    }

    /// Adds a value of an extra attribute.
    pub fn extra(mut self, key: impl Into<String>, value: impl Into<String>) -> User {
        self.extra.entry(key.into()).or_default().push(value.into());
        self
    }

    /// Adds a bearer token that this user is known by.
    pub fn token(mut self, token: impl Into<String>) -> User {
        self.tokens.push(Secret::new(token));
        self
    }

    /// Who a request with these credentials is.
    pub(crate) fn identity(&self) -> Identity {
        let identity = Identity {
            name: self.name.clone(),
            uid: self.uid.clone(),
            groups: self.groups.clone(),
            extra: self.extra.clone(),
        };
        identity.authenticated()
    }
}

/// Who a request is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) groups: Vec<String>,
    pub(crate) extra: BTreeMap<String, Vec<String>>,
}

impl Identity {
    pub(crate) fn anonymous() -> Self {
        let groups = vec![UNAUTHENTICATED.to_owned()];
        Identity { name: ANONYMOUS.to_owned(), groups, ..Identity::default() }
    }

    /// The one who may do everything.
    pub(crate) fn admin() -> Self {
        let groups = vec![MASTERS.to_owned()];
        Identity { name: "admin".to_owned(), uid: "admin".to_owned(), groups, ..Identity::default() }
            .authenticated()
    }

    pub(crate) fn service_account(namespace: &str, name: &str, uid: &str) -> Self {
        Identity {
            name: format!("{SERVICE_ACCOUNT}{namespace}:{name}"),
            uid: uid.to_owned(),
            groups: service_account_groups(namespace),
            ..Identity::default()
        }
    }

    /// With the group of everybody who is authenticated.
    pub(crate) fn authenticated(mut self) -> Self {
        let told = |it: &String| it == AUTHENTICATED || it == UNAUTHENTICATED;
        if self.name != ANONYMOUS && !self.groups.iter().any(told) {
            self.groups.push(AUTHENTICATED.to_owned());
        }
        self
    }

    pub(crate) fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|it| it == group)
    }

    /// The `UserInfo` of reviews; what is empty is left out.
    pub(crate) fn info(&self) -> Value {
        let mut all = Map::new();
        if !self.name.is_empty() {
            all.insert("username".to_owned(), self.name.as_str().into());
        }
        self.fill(&mut all);
        Value::Object(all)
    }

    /// Writes who made a certificate request into its spec, whatever was sent there.
    pub(crate) fn sign(&self, object: &mut Value) {
        let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else { return };
        for field in ["username", "uid", "groups", "extra"] {
            spec.remove(field);
        }
        spec.insert("username".to_owned(), self.name.as_str().into());
        self.fill(spec);
    }

    fn fill(&self, all: &mut Map<String, Value>) {
        if !self.uid.is_empty() {
            all.insert("uid".to_owned(), self.uid.as_str().into());
        }
        if !self.groups.is_empty() {
            all.insert("groups".to_owned(), json!(self.groups));
        }
        if !self.extra.is_empty() {
            all.insert("extra".to_owned(), json!(self.extra));
        }
    }
}

pub(crate) fn service_account_groups(namespace: &str) -> Vec<String> {
    vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")]
}

/// Namespace and name in the name of a service account's user.
pub(crate) fn split_service_account(name: &str) -> Option<(&str, &str)> {
    let (namespace, name) = name.strip_prefix(SERVICE_ACCOUNT)?.split_once(':')?;
    (crate::names::is_label(namespace) && namespace.len() <= 63 && is_subdomain(name))
        .then_some((namespace, name))
}

/// The node in the name of a node's user.
pub(crate) fn node_name(name: &str) -> Option<&str> {
    name.strip_prefix("system:node:").filter(|it| is_subdomain(it))
}

fn is_subdomain(name: &str) -> bool {
    name.len() <= 253 && crate::names::is_subdomain(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_shown() {
        let user = User::new("alice").group("dev").token("open sesame");
        let shown = format!("{user:?}");
        assert!(
            shown.contains("alice") && shown.contains("[hidden]") && !shown.contains("sesame"),
            "{shown}"
        );
    }

    #[test]
    fn names_of_service_accounts_and_nodes_are_read() {
        assert_eq!(split_service_account("system:serviceaccount:ns:a.b"), Some(("ns", "a.b")));
        for other in
            ["alice", "system:serviceaccount:ns", "system:serviceaccount:ns:a:b", "system:serviceaccount::a"]
        {
            assert_eq!(split_service_account(other), None, "{other}");
        }
        assert_eq!(node_name("system:node:one"), Some("one"));
        assert_eq!(node_name("system:node:"), None);
    }
}

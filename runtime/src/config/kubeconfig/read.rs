//! One kubeconfig file: from YAML to the model. Says everything that is wrong with the file, each with its place.
//!
//! Unknown members are left alone, null is the same as absent, and no value is ever repeated in a message.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use secrecy::{SecretSlice, SecretString};

use super::model::{AuthProvider, Cluster, Exec, KubeContext, Named, User};
use crate::yaml::{self, Node, Value};

/// Under this name a cluster keeps what its exec plugins are told.
const EXEC_EXTENSION: &str = "client.authentication.k8s.io/exec";

/// What `kubectl config view` shows in place of secrets and certificates.
const LEFT_OUT: &[&str] = &["REDACTED", "DATA+OMITTED"];
const LEFT_OUT_HELP: &str =
    "`kubectl config view` left this out; write the file with `kubectl config view --raw`";

/// One file's content.
#[derive(Default)]
pub(crate) struct File {
    pub(crate) clusters: Vec<Named<Cluster>>,
    pub(crate) users: Vec<Named<User>>,
    pub(crate) contexts: Vec<Named<KubeContext>>,
    pub(crate) current_context: Option<String>,
}

/// Reads one file's bytes; every problem is one line that starts with its place.
pub(crate) fn read(bytes: &[u8], path: Option<&Path>) -> Result<File, Vec<String>> {
    let document = yaml::parse(bytes).map_err(|error| vec![error.to_string()])?;
    let mut reader = Reader { problems: Vec::new(), path: path.map(Arc::from) };
    let mut file = File::default();
    for (key, node) in reader.members(document, "a kubeconfig") {
        match key.as_str() {
            "kind" => reader.constant(node, "kind", "Config"),
            "apiVersion" => reader.constant(node, "apiVersion", "v1"),
            "clusters" => file.clusters = reader.named(node, "clusters", "cluster", Reader::cluster),
            "users" => file.users = reader.named(node, "users", "user", Reader::user),
            "contexts" => file.contexts = reader.named(node, "contexts", "context", Reader::context),
            "current-context" => file.current_context = reader.text(node, "current-context"),
            _ => {}
        }
    }
    if reader.problems.is_empty() { Ok(file) } else { Err(reader.problems) }
}

struct Reader {
    problems: Vec<String>,
    path: Option<Arc<Path>>,
}

impl Reader {
    fn problem(&mut self, node: &Node, path: &str, message: &str) {
        self.problems.push(node.error(format!("{path}: {message}")).to_string());
    }

    fn wrong(&mut self, node: &Node, path: &str, expected: &str) {
        let found = node.kind();
        let hint = match node.value {
            Value::Number(_) | Value::Bool(_) if expected == "text" => "; put it in quotes",
            _ => "",
        };
        self.problem(node, path, &format!("expected {expected}, found {found}{hint}"));
    }

    fn members(&mut self, node: Node, path: &str) -> Vec<(String, Node)> {
        match node.value {
            Value::Map(members) => members,
            Value::Null => Vec::new(),
            _ => {
                self.wrong(&node, path, "a mapping");
                Vec::new()
            }
        }
    }

    fn items(&mut self, node: Node, path: &str) -> Vec<Node> {
        match node.value {
            Value::List(items) => items,
            Value::Null => Vec::new(),
            _ => {
                self.wrong(&node, path, "a list");
                Vec::new()
            }
        }
    }

    /// Text that is there and not empty.
    fn text(&mut self, node: Node, path: &str) -> Option<String> {
        match node.value {
            Value::String(text) => Some(text).filter(|text| !text.is_empty()),
            Value::Null => None,
            _ => {
                self.wrong(&node, path, "text");
                None
            }
        }
    }

    fn secret(&mut self, node: Node, path: &str) -> Option<SecretString> {
        if matches!(&node.value, Value::String(text) if LEFT_OUT.contains(&text.as_str())) {
            self.problem(&node, path, LEFT_OUT_HELP);
            return None;
        }
        self.text(node, path).map(SecretString::from)
    }

    fn flag(&mut self, node: Node, path: &str) -> bool {
        match node.value {
            Value::Bool(value) => value,
            Value::Null => false,
            _ => {
                self.wrong(&node, path, "true or false");
                false
            }
        }
    }

    fn texts(&mut self, node: Node, path: &str) -> Vec<String> {
        let items = self.items(node, path).into_iter().enumerate();
        // An empty argument is an argument, so `text` with its filter will not do here.
        items
            .filter_map(|(index, item)| match item.value {
                Value::String(text) => Some(text),
                Value::Null => Some(String::new()),
                _ => {
                    self.wrong(&item, &format!("{path}[{index}]"), "text");
                    None
                }
            })
            .collect()
    }

    fn data(&mut self, node: Node, path: &str) -> Option<SecretSlice<u8>> {
        let (line, column) = (node.line, node.column);
        let text = self.text(node, path)?;
        let compact: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        if LEFT_OUT.contains(&text.as_str()) {
            let node = Node { line, column, value: Value::Null };
            self.problem(&node, path, LEFT_OUT_HELP);
            return None;
        }
        match base64::engine::general_purpose::STANDARD.decode(&compact) {
            Ok(bytes) => Some(SecretSlice::from(bytes)),
            Err(_) => {
                let node = Node { line, column, value: Value::Null };
                self.problem(
                    &node,
                    path,
                    "not base64; put the PEM text in as base64, or name its file instead",
                );
                None
            }
        }
    }

    fn constant(&mut self, node: Node, path: &str, expected: &str) {
        let matches = matches!(&node.value, Value::String(text) if text == expected || text.is_empty());
        if !matches && !matches!(node.value, Value::Null) {
            self.problem(&node, path, &format!("expected {expected:?}: this is not a kubeconfig"));
        }
    }

    /// A list of `{name: .., <member>: ..}`; a name that stands twice in one file is an error.
    fn named<T: Default>(
        &mut self,
        node: Node,
        list: &str,
        member: &str,
        read: fn(&mut Self, Node, &str) -> T,
    ) -> Vec<Named<T>> {
        let mut entries: Vec<Named<T>> = Vec::new();
        let mut names = std::collections::HashMap::new();
        for (index, item) in self.items(node, list).into_iter().enumerate() {
            let path = format!("{list}[{index}]");
            let place = (item.line, item.column);
            if matches!(item.value, Value::Null) {
                continue;
            }
            let mut entry = Named { name: String::new(), value: T::default(), file: self.path.clone() };
            for (key, node) in self.members(item, &path) {
                if key == "name" {
                    entry.name = self.text(node, &format!("{path}.name")).unwrap_or_default();
                } else if key == member {
                    entry.value = read(self, node, &format!("{path}.{member}"));
                }
            }
            let first = names.insert(entry.name.clone(), place.0);
            if let Some(first) = first.filter(|_| !entry.name.is_empty()) {
                let node = Node { line: place.0, column: place.1, value: Value::Null };
                self.problem(
                    &node,
                    &path,
                    &format!("the name {:?} stands on line {first} already; rename one", entry.name),
                );
            }
            entries.push(entry);
        }
        entries
    }

    fn cluster(&mut self, node: Node, path: &str) -> Cluster {
        let mut cluster = Cluster::default();
        for (key, node) in self.members(node, path) {
            let path = &format!("{path}.{key}");
            match key.as_str() {
                "server" => cluster.server = self.text(node, path),
                "tls-server-name" => cluster.tls_server_name = self.text(node, path),
                "insecure-skip-tls-verify" => cluster.insecure_skip_tls_verify = self.flag(node, path),
                "certificate-authority" => cluster.certificate_authority = self.text(node, path),
                "certificate-authority-data" => cluster.certificate_authority_data = self.data(node, path),
                "proxy-url" => cluster.proxy_url = self.secret(node, path),
                "disable-compression" => cluster.disable_compression = self.flag(node, path),
                "extensions" => cluster.exec_config = self.exec_extension(node, path),
                _ => {}
            }
        }
        cluster
    }

    fn exec_extension(&mut self, node: Node, path: &str) -> Option<String> {
        let mut found = None;
        for item in self.items(node, path) {
            let (mut name, mut extension) = (None, None);
            for (key, node) in self.members(item, path) {
                match key.as_str() {
                    "name" => name = self.text(node, path),
                    "extension" => extension = Some(node),
                    _ => {}
                }
            }
            if name.as_deref() == Some(EXEC_EXTENSION) {
                found = extension.map(|node| node.to_json().to_string());
            }
        }
        found
    }

    fn user(&mut self, node: Node, path: &str) -> User {
        let mut user = User::default();
        for (key, node) in self.members(node, path) {
            let path = &format!("{path}.{key}");
            match key.as_str() {
                "client-certificate" => user.client_certificate = self.text(node, path),
                "client-certificate-data" => user.client_certificate_data = self.data(node, path),
                "client-key" => user.client_key = self.text(node, path),
                "client-key-data" => user.client_key_data = self.data(node, path),
                "token" => user.token = self.secret(node, path),
                "tokenFile" => user.token_file = self.text(node, path),
                "as" => user.impersonate = self.text(node, path),
                "as-uid" => user.impersonate_uid = self.text(node, path),
                "as-groups" => user.impersonate_groups = self.texts(node, path),
                "as-user-extra" => {
                    for (key, node) in self.members(node, path) {
                        let values = self.texts(node, &format!("{path}.{key}"));
                        user.impersonate_extra.push((key, values));
                    }
                }
                "username" => user.username = self.text(node, path),
                "password" => user.password = self.secret(node, path),
                "auth-provider" => user.auth_provider = self.auth_provider(node, path),
                "exec" if !matches!(node.value, Value::Null) => user.exec = Some(self.exec(node, path)),
                _ => {}
            }
        }
        user
    }

    fn auth_provider(&mut self, node: Node, path: &str) -> Option<AuthProvider> {
        if matches!(node.value, Value::Null) {
            return None;
        }
        let mut provider = AuthProvider { name: String::new(), config: BTreeMap::new(), stored: None };
        for (key, node) in self.members(node, path) {
            let path = &format!("{path}.{key}");
            match key.as_str() {
                "name" => provider.name = self.text(node, path).unwrap_or_default(),
                "config" => {
                    for (key, node) in self.members(node, path) {
                        let value = self.secret(node, &format!("{path}.{key}"));
                        provider.config.extend(value.map(|value| (key, value)));
                    }
                }
                _ => {}
            }
        }
        Some(provider)
    }

    fn exec(&mut self, node: Node, path: &str) -> Exec {
        let mut exec = Exec::default();
        for (key, node) in self.members(node, path) {
            let path = &format!("{path}.{key}");
            match key.as_str() {
                "command" => exec.command = self.text(node, path),
                "args" => exec.args = self.texts(node, path),
                "env" => exec.env = self.exec_env(node, path),
                "apiVersion" => exec.api_version = self.text(node, path),
                "installHint" => exec.install_hint = self.text(node, path),
                "provideClusterInfo" => exec.provide_cluster_info = self.flag(node, path),
                "interactiveMode" => exec.interactive_mode = self.text(node, path),
                _ => {}
            }
        }
        exec
    }

    fn exec_env(&mut self, node: Node, path: &str) -> Vec<(String, SecretString)> {
        let mut env = Vec::new();
        for (index, item) in self.items(node, path).into_iter().enumerate() {
            let path = &format!("{path}[{index}]");
            let (mut name, mut value) = (String::new(), None);
            for (key, node) in self.members(item, path) {
                match key.as_str() {
                    "name" => name = self.text(node, &format!("{path}.name")).unwrap_or_default(),
                    "value" => value = self.secret(node, &format!("{path}.value")),
                    _ => {}
                }
            }
            env.push((name, value.unwrap_or_else(|| SecretString::from(String::new()))));
        }
        env
    }

    fn context(&mut self, node: Node, path: &str) -> KubeContext {
        let mut context = KubeContext::default();
        for (key, node) in self.members(node, path) {
            let path = &format!("{path}.{key}");
            match key.as_str() {
                "cluster" => context.cluster = self.text(node, path),
                "user" => context.user = self.text(node, path),
                "namespace" => context.namespace = self.text(node, path),
                _ => {}
            }
        }
        context
    }
}

//! Objects from YAML, taken in through the same checks as over the API; and all objects as YAML, for comparison.
//!
//! What the checks are is decided in `verbs`.

use std::fmt;
use std::sync::{Arc, PoisonError};

use serde_json::{Value, json};

use crate::call::Reply;
use crate::catalog::Resource;
use crate::request::Incoming;
use crate::server::{Shared, TestServer};
use crate::store::Stored;
use crate::{body, clock, meta, represent, verbs};

/// A document that the server did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadError {
    /// Which document, counted from 1.
    pub document: usize,
    /// The line on which the document begins or is not YAML, counted from 1.
    pub line: usize,
    /// Why, in the server's words.
    pub message: String,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "document {} (line {}): {}", self.document, self.line, self.message)
    }
}

impl std::error::Error for LoadError {}

/// An object on its way in.
struct Loaded {
    document: usize,
    line: usize,
    value: Value,
}

impl Loaded {
    fn error(&self, message: impl Into<String>) -> LoadError {
        LoadError { document: self.document, line: self.line, message: message.into() }
    }

    /// What others need comes first.
    fn rank(&self) -> u8 {
        match self.value["kind"].as_str().unwrap_or_default() {
            "CustomResourceDefinition" => 0,
            "Namespace" => 1,
            _ => 2,
        }
    }
}

impl TestServer {
    /// Takes in objects from YAML (or JSON), several documents and `List`s too, as `kubectl create` would: with every check and default,
    /// unknown fields refused. CustomResourceDefinitions and Namespaces go first, wherever they stand. An object that is there
    /// already is replaced. A `status` is set through the status subresource, where the kind has one.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use clientset_testserver::TestServer;
    /// let server = TestServer::start().await?;
    /// server.load("
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: settings, namespace: shop}
    /// data: {color: blue}
    /// ---
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata: {name: shop}
    /// ").await?;
    /// let error = server.load("apiVersion: v1\nkind: Pot\nmetadata: {name: a}").await.unwrap_err();
    /// assert_eq!(error.to_string(), "document 1 (line 1): no resource is of kind Pot in v1");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The first document that is not YAML, no object, of a kind that is not served, or refused. What went before it stays.
    pub async fn load(&self, yaml: &str) -> Result<(), LoadError> {
        clock::sync_by(&self.shared.settings.clock, || load(&self.shared, yaml))
    }

    /// All objects as YAML documents, but for those that every server begins with and nothing has changed. In the order of groups,
    /// resources, namespaces and names, without what differs from run to run: uid, resourceVersion, creationTimestamp and
    /// managedFields. For comparison with what a test expects.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use clientset_testserver::TestServer;
    /// let server = TestServer::start().await?;
    /// assert_eq!(server.dump(), "");
    /// server.load("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {b: c}}").await?;
    /// let expected = "apiVersion: v1\ndata:\n  b: c\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: default\n";
    /// assert_eq!(server.dump(), expected);
    /// # Ok(())
    /// # }
    /// ```
    pub fn dump(&self) -> String {
        let image = self.shared.store().image();
        let catalog = self.shared.catalog.read().unwrap_or_else(PoisonError::into_inner);
        let changed = image.all().filter(|(_, _, it)| it.revision > self.first_revision);
        let documents: Vec<String> = changed
            .filter_map(|((group, plural), _, object)| {
                let resource = catalog.all().find(|it| it.is(group, plural))?;
                Some(represent::yaml::write(&comparable(resource, object)))
            })
            .collect();
        documents.join("---\n")
    }
}

fn comparable(resource: &Resource, object: &Stored) -> Value {
    let mut value = object.value.clone();
    for field in ["uid", "resourceVersion", "creationTimestamp", "managedFields"] {
        meta::remove(&mut value, field);
    }
    value["apiVersion"] = resource.api_version().into();
    value["kind"] = resource.kind.as_str().into();
    value
}

/// Takes in every document.
pub(crate) fn load(shared: &Arc<Shared>, yaml: &str) -> Result<(), LoadError> {
    let mut all = Vec::new();
    for (number, (line, text)) in documents(yaml).into_iter().enumerate() {
        let document = number + 1;
        // As many empty lines before it as there were others: what YAML says of lines is then right.
        let placed = format!("{}{text}", "\n".repeat(line - 1));
        match body::yaml(placed.as_bytes()) {
            Ok(Value::Null) => {}
            Ok(value) => all.extend(objects(value).into_iter().map(|value| Loaded { document, line, value })),
            Err(message) => return Err(LoadError { document, line, message }),
        }
    }
    all.sort_by_key(Loaded::rank);
    all.iter().try_for_each(|it| take(shared, it))
}

/// The documents of a stream, each with the line on which its text begins.
fn documents(yaml: &str) -> Vec<(usize, String)> {
    let mut all: Vec<(usize, String)> = vec![(1, String::new())];
    for (number, line) in yaml.lines().enumerate() {
        let is_mark = line.strip_prefix("---").is_some_and(|it| it.is_empty() || it.starts_with([' ', '\t']));
        if is_mark {
            all.push((number + 2, String::new()));
        } else if let Some((first, text)) = all.last_mut() {
            if text.is_empty() && (line.trim().is_empty() || line.trim_start().starts_with('#')) {
                *first = number + 2;
                continue;
            }
            text.push_str(line);
            text.push('\n');
        }
    }
    all.retain(|(_, text)| !text.trim().is_empty());
    all
}

fn objects(mut value: Value) -> Vec<Value> {
    let is_list = value["kind"].as_str().is_some_and(|it| it.ends_with("List"));
    match value.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) if is_list => items,
        Some(items) => {
            value["items"] = items;
            vec![value]
        }
        None => vec![value],
    }
}

fn take(shared: &Arc<Shared>, loaded: &Loaded) -> Result<(), LoadError> {
    let value = &loaded.value;
    if !value.is_object() {
        return Err(loaded.error("not an object"));
    }
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let (api_version, kind) = (text(&value["apiVersion"]), text(&value["kind"]));
    if api_version.is_empty() || kind.is_empty() {
        return Err(loaded.error("apiVersion and kind must be set"));
    }
    let found = {
        let catalog = shared.catalog.read().unwrap_or_else(PoisonError::into_inner);
        catalog.all().find(|it| it.kind == kind && it.api_version() == api_version).cloned()
    };
    let Some(resource) = found else {
        return Err(loaded.error(format!("no resource is of kind {kind} in {api_version}")));
    };
    let mut value = value.clone();
    if resource.namespaced && meta::namespace(&value).is_empty() && value["metadata"].is_object() {
        value["metadata"]["namespace"] = "default".into();
    }
    let root = if resource.group.is_empty() { "api" } else { "apis" };
    let collection = match resource.namespaced {
        true => {
            let namespace = escape(meta::namespace(&value));
            format!("/{root}/{api_version}/namespaces/{namespace}/{}", resource.plural)
        }
        false => format!("/{root}/{api_version}/{}", resource.plural),
    };
    let one = format!("{collection}/{}", escape(meta::name(&value)));
    let status = value.get("status").filter(|it| !it.is_null()).cloned();
    let mut answer = ask(shared, "POST", &collection, &value);
    if matches!(&answer, Err((409, _))) {
        let place = (resource.group.clone(), resource.plural.clone());
        let key = match resource.namespaced {
            true => format!("{}/{}", meta::namespace(&value), meta::name(&value)),
            false => meta::name(&value).to_owned(),
        };
        let revision = shared.store().get(&place, &key).map(|it| it.revision.to_string());
        value["metadata"]["resourceVersion"] = revision.into();
        answer = ask(shared, "PUT", &one, &value);
    }
    if let (Ok(()), Some(status), true) = (&answer, status, resource.has("status")) {
        answer = ask(shared, "PATCH", &format!("{one}/status"), &json!({ "status": status }));
    }
    answer.map_err(|(_, message)| loaded.error(message))
}

/// A request from inside; the code and the words of a refusal.
fn ask(shared: &Arc<Shared>, method: &str, path: &str, value: &Value) -> Result<(), (u16, String)> {
    let media = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let incoming = Incoming::from_inside(method, path, "fieldValidation=Strict", media, value);
    match verbs::answer(shared, &incoming).map(|it| it.outcome) {
        Some(Ok(Reply::Json { .. } | Reply::Watch(_))) => Ok(()),
        Some(Err(failure)) => Err((failure.code, failure.message)),
        None => Err((404, "404 page not found".to_owned())),
    }
}

/// A part of a path.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_know_their_lines() {
        let yaml = "# a comment\na: 1\n---\n\n# more\nb: |\n  ---\n  x\n--- # mark\nc: 3\n---\n";
        let all = documents(yaml);
        let shown: Vec<(usize, &str)> = all.iter().map(|(line, text)| (*line, text.trim_end())).collect();
        assert_eq!(shown, [(2, "a: 1"), (6, "b: |\n  ---\n  x"), (10, "c: 3")]);
    }
}

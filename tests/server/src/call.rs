//! One request to one resource: what the verbs have in common.
//!
//! The path to storage, who writes, the checks on options and the answer's form; each verb is in a module of its own.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::{Value, json};

use crate::apply::managers::Manager;
use crate::catalog::Resource;
use crate::crd::objects;
use crate::failure::{Cause, Failure, Outcome};
use crate::kinds;
use crate::represent::{Due, Form};
use crate::request::{Incoming, Target};
use crate::server::Shared;
use crate::store::{Place, Store, Stored};
use crate::transaction::Transaction;
use crate::verbs::watch::Watch;

/// What is answered.
pub(crate) enum Reply {
    Json { code: u16, body: Bytes },
    Watch(Box<Watch>),
}

impl Reply {
    pub(crate) fn value(code: u16, value: &Value) -> Reply {
        Reply::Json { code, body: Bytes::from(format!("{value}\n")) }
    }
}

/// A request to a resource that exists.
pub(crate) struct Call<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) incoming: &'a Incoming,
    pub(crate) resource: Arc<Resource>,
    pub(crate) target: Target,
    pub(crate) warnings: RefCell<Vec<String>>,
    /// What the answer looks like, once that is agreed on.
    pub(crate) form: OnceCell<Form>,
}

/// How unknown fields are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    Ignore,
    Warn,
    Strict,
}

/// The options of a writing request.
#[derive(Debug)]
pub(crate) struct WriteOptions {
    pub(crate) dry_run: bool,
    pub(crate) unknown: Unknown,
}

impl Call<'_> {
    pub(crate) fn store(&self) -> Transaction<'_> {
        self.shared.store()
    }

    /// Agrees with the client on the form of the answer.
    pub(crate) fn negotiate(&self, due: Due) -> Outcome<()> {
        let form = Form::negotiate(self.shared, self.incoming, &self.resource, due)?;
        self.form.get_or_init(|| form);
        Ok(())
    }

    pub(crate) fn place(&self) -> Place {
        (kinds::versions::group(&self.resource).to_owned(), self.resource.plural.clone())
    }

    pub(crate) fn name(&self) -> &str {
        self.target.name.as_deref().unwrap_or_default()
    }

    pub(crate) fn subresource(&self) -> &str {
        self.target.subresource.as_deref().unwrap_or_default()
    }

    /// The key of an object of this name.
    pub(crate) fn key(&self, name: &str) -> String {
        match &self.target.namespace {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name.to_owned(),
        }
    }

    /// What the keys of the collection start with.
    pub(crate) fn prefix(&self) -> String {
        self.target.namespace.as_ref().map(|it| format!("{it}/")).unwrap_or_default()
    }

    pub(crate) fn not_found(&self) -> Failure {
        Failure::not_found(&self.resource.group, &self.resource.plural, self.name())
    }

    pub(crate) fn find(&self, store: &Store) -> Outcome<Arc<Stored>> {
        let found = store.get(&self.place(), &self.key(self.name())).ok_or_else(|| self.not_found())?;
        Ok(objects::seen(&self.resource, found).unwrap_or_else(|| found.clone()))
    }

    pub(crate) fn invalid(&self, name: &str, causes: &[Cause]) -> Failure {
        Failure::invalid(kinds::versions::group(&self.resource), &self.resource.kind, name, causes)
    }

    /// Who writes: by parameter, else by the first word of the user agent.
    pub(crate) fn manager(&self, applies: bool) -> Manager {
        let asked = self.incoming.query.get("fieldManager");
        let agent = self.incoming.user_agent.split('/').next().unwrap_or_default();
        let name = match (asked, agent) {
            ("", "") => "unknown",
            ("", agent) => agent,
            (asked, _) => asked,
        };
        Manager {
            name: name.chars().take(128).collect(),
            applies,
            api_version: self.resource.api_version(),
            subresource: self.subresource().to_owned(),
        }
    }

    /// Checks the options of create, update and patch.
    pub(crate) fn write_options(&self, kind: &str, is_apply: bool) -> Outcome<WriteOptions> {
        let query = &self.incoming.query;
        let mut causes = Vec::new();
        let dry_run = query.dry_run().unwrap_or_else(|cause| {
            causes.push(cause);
            false
        });
        if kind == "PatchOptions" && !is_apply && query.has("force") {
            causes.push(Cause::forbidden("force", "may not be specified for non-apply patch"));
        }
        let manager = query.get("fieldManager");
        if is_apply && manager.is_empty() {
            causes.push(Cause::required("fieldManager", "is required for apply patch"));
        }
        if manager.chars().count() > 128 {
            let message = "Too long: may not be more than 128 bytes".to_owned();
            causes.push(Cause { reason: "FieldValueTooLong", field: "fieldManager".to_owned(), message });
        }
        if let Some((at, bad)) = manager.chars().enumerate().find(|(_, it)| it.is_control()) {
            let say = format!("invalid character U+{:04X} (at position {at})", u32::from(bad));
            causes.push(Cause::invalid("fieldManager", &manager.into(), &say));
        }
        let unknown = match query.get("fieldValidation") {
            "" | "Warn" => Unknown::Warn,
            "Ignore" => Unknown::Ignore,
            "Strict" => Unknown::Strict,
            other => {
                let supported = &["", "Ignore", "Strict", "Warn"];
                causes.push(Cause::unsupported("fieldValidation", &format!("\"{other}\""), supported));
                Unknown::Warn
            }
        };
        if causes.is_empty() {
            Ok(WriteOptions { dry_run, unknown })
        } else {
            Err(Failure::options(kind, &causes))
        }
    }

    /// The head of an object of this resource: `{"kind":…,"apiVersion":…,`.
    fn head(&self) -> String {
        head(&self.resource)
    }

    /// Answers with a stored object.
    pub(crate) fn object(&self, code: u16, object: &Stored) -> Reply {
        let json = kinds::versions::json(&self.resource, object);
        let mut body = BytesMut::with_capacity(json.len() + 64);
        body.put_slice(self.head().as_bytes());
        body.put_slice(json.get(1..).unwrap_or_default());
        body.put_u8(b'\n');
        Reply::Json { code, body: body.freeze() }
    }

    /// Answers with an object that is not stored as it is (dry run, last state).
    pub(crate) fn unstored(&self, code: u16, value: &Value) -> Reply {
        let json = kinds::versions::seen(&self.resource, value).to_string();
        Reply::Json {
            code,
            body: Bytes::from(format!("{}{}\n", self.head(), json.get(1..).unwrap_or_default())),
        }
    }

    /// `Status` Success for what was deleted.
    pub(crate) fn deleted(&self, object: &Value) -> Reply {
        let mut details = json!({
            "name": crate::meta::name(object),
            "kind": self.resource.plural,
            "uid": crate::meta::text(object, "uid"),
        });
        if !self.resource.group.is_empty() {
            details["group"] = self.resource.group.as_str().into();
        }
        let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details});
        Reply::value(200, &status)
    }
}

/// The start of an object's JSON, up to and with the comma before its first own member.
pub(crate) fn head(resource: &Resource) -> String {
    format!("{{\"kind\":\"{}\",\"apiVersion\":\"{}\",", resource.kind, resource.api_version())
}

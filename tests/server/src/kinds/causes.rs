//! Where a rule found what: field paths as the real server writes them, and the causes collected on the way.
//!
//! The words common to many rules are here; the rules are not.

use std::fmt;

use serde_json::Value;

use crate::failure::Cause;

/// The path of a field: `spec.containers[0].ports[1].name`, `metadata.labels[a/b]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct At(String);

impl At {
    pub(crate) fn new(path: &str) -> At {
        At(path.to_owned())
    }

    pub(crate) fn is(&self, path: &str) -> bool {
        self.0 == path
    }

    pub(crate) fn field(&self, name: &str) -> At {
        if self.0.is_empty() { At(name.to_owned()) } else { At(format!("{}.{name}", self.0)) }
    }

    pub(crate) fn index(&self, index: usize) -> At {
        At(format!("{}[{index}]", self.0))
    }

    pub(crate) fn key(&self, key: &str) -> At {
        At(format!("{}[{key}]", self.0))
    }
}

impl fmt::Display for At {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl From<&At> for String {
    fn from(at: &At) -> String {
        at.0.clone()
    }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Causes(pub(crate) Vec<Cause>);

impl Causes {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn required(&mut self, at: &At, detail: &str) {
        self.0.push(Cause::required(at, detail));
    }

    pub(crate) fn invalid(&mut self, at: &At, value: impl Into<Value>, detail: &str) {
        self.0.push(Cause::invalid(at, &value.into(), detail));
    }

    /// With a value that is shown as this text.
    pub(crate) fn invalid_shown(&mut self, at: &At, shown: &str, detail: &str) {
        let message = if detail.is_empty() {
            format!("Invalid value: {shown}")
        } else {
            format!("Invalid value: {shown}: {detail}")
        };
        self.0.push(Cause { reason: "FieldValueInvalid", field: at.into(), message });
    }

    /// With a value that is not shown at all.
    pub(crate) fn invalid_unshown(&mut self, at: &At, detail: &str) {
        let message = format!("Invalid value: {detail}");
        self.0.push(Cause { reason: "FieldValueInvalid", field: at.into(), message });
    }

    /// A value that is none of those supported, shown as this text.
    pub(crate) fn unsupported_shown(&mut self, at: &At, shown: &str, supported: &[&str]) {
        self.0.push(Cause::unsupported(at, shown, supported));
    }

    pub(crate) fn forbidden(&mut self, at: &At, detail: &str) {
        self.0.push(Cause::forbidden(at, detail));
    }

    pub(crate) fn duplicate(&mut self, at: &At, value: impl Into<Value>) {
        self.0.push(Cause::duplicate(at, &value.into()));
    }

    pub(crate) fn not_found(&mut self, at: &At, value: impl Into<Value>) {
        let message = format!("Not found: {}", value.into());
        self.0.push(Cause { reason: "FieldValueNotFound", field: at.into(), message });
    }

    /// A value that is none of those supported, which are given in the order of the message.
    pub(crate) fn unsupported(&mut self, at: &At, value: impl Into<Value>, supported: &[&str]) {
        self.0.push(Cause::unsupported(at, &value.into().to_string(), supported));
    }

    pub(crate) fn too_long(&mut self, at: &At, most: usize) {
        let message = format!("Too long: may not be more than {most} bytes");
        self.0.push(Cause { reason: "FieldValueTooLong", field: at.into(), message });
    }

    pub(crate) fn too_many(&mut self, at: &At, count: usize, most: usize) {
        let message = format!("Too many: {count}: must have at most {most} items");
        self.0.push(Cause { reason: "FieldValueTooMany", field: at.into(), message });
    }
}

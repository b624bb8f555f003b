//! What changed between two surfaces of an API, and whether it breaks code or objects that were written against the
//! old one. Descriptions are not compared.

use std::collections::BTreeSet;
use std::fmt;

use crate::diag::Place;
use crate::surface::{Bound, Field, Resource, Schema, Surface};

/// One change.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// What it is about.
    pub aspect: Aspect,
    /// Whether code that was written against the old one can stop compiling, or objects can be refused.
    pub breaking: bool,
    /// Whose: `io.k8s.api.core.v1.Pod.spec`, `GET /api/v1/pods`, `example.com/v1 Widget.spec.size`.
    pub what: String,
    /// What happened to it.
    pub text: String,
    /// Where it stands in the new inputs, or in the old ones if it is gone. Known for CRDs.
    pub place: Option<Place>,
}

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Aspect {
    /// A group-version came or went.
    GroupVersion,
    /// A kind came or went.
    Kind,
    /// A type that is no kind came or went.
    Type,
    /// A verb of a path, or a subresource with its verbs.
    Verb,
    /// A resource is in namespaces, or no longer.
    Scope,
    /// A field came or went.
    Field,
    /// A field has another type.
    Form,
    /// A field is required or optional now.
    Required,
    /// The values that a field permits.
    Enum,
    /// What else a server checks of a field.
    Validation,
    /// What a server puts where the field is missing.
    Default,
    /// How server-side apply merges a field.
    Merge,
}

impl Aspect {
    /// One word for tools: `group-version`, `required`.
    pub fn name(self) -> &'static str {
        match self {
            Aspect::GroupVersion => "group-version",
            Aspect::Kind => "kind",
            Aspect::Type => "type",
            Aspect::Verb => "verb",
            Aspect::Scope => "scope",
            Aspect::Field => "field",
            Aspect::Form => "form",
            Aspect::Required => "required",
            Aspect::Enum => "enum",
            Aspect::Validation => "validation",
            Aspect::Default => "default",
            Aspect::Merge => "merge",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.breaking { "BREAKING" } else { "        " };
        write!(f, "{mark}  {}: {}", self.what, self.text)
    }
}

/// Every change from `old` to `new`, by aspect and what it is about.
///
/// Breaking is what can stop code from compiling that uses what was generated from `old` (a field that is gone, is of
/// another type, or is optional where it was required), and what can make a server refuse or drop what it took before (a
/// stricter check, a new required field).
pub fn compare(old: &Surface, new: &Surface) -> Vec<Change> {
    let mut changes = Changes(Vec::new());
    let versions = |surface: &Surface| surface.versions.keys().cloned().collect();
    changes.come_and_go(Aspect::GroupVersion, &versions(old), &versions(new), |name| {
        new.versions.get(name).or(old.versions.get(name)).cloned()
    });
    changes.come_and_go(Aspect::Verb, &old.verbs, &new.verbs, |_| None);
    let kinds =
        |surface: &Surface| surface.schemas.values().filter_map(|schema| schema.kind.clone()).collect();
    changes.come_and_go(Aspect::Kind, &kinds(old), &kinds(new), |name| {
        new.schemas.get(name).or(old.schemas.get(name)).and_then(|schema| schema.form.place.clone())
    });
    let types = |surface: &Surface| {
        let plain = surface.schemas.iter().filter(|(_, schema)| schema.kind.is_none());
        plain.map(|(name, _)| name.clone()).collect()
    };
    changes.come_and_go(Aspect::Type, &types(old), &types(new), |_| None);
    for (name, before) in &old.resources {
        match new.resources.get(name) {
            Some(after) => changes.resource(name, before, after),
            // Where the kind is gone too, that says it.
            None if kinds(new).contains(&kind_of(name, before)) => {
                changes.add(Aspect::Kind, true, name, "this name in URLs is gone", Some(&before.place));
            }
            None => {}
        }
    }
    for (name, before) in &old.schemas {
        if let Some(after) = new.schemas.get(name) {
            changes.schemas(name, before, after);
        }
    }
    let Changes(mut changes) = changes;
    changes.sort_by(|a, b| (a.aspect, &a.what, &a.text).cmp(&(b.aspect, &b.what, &b.text)));
    changes
}

/// `example.com/v1 Widget` of `widgets.example.com/v1`.
fn kind_of(name: &str, resource: &Resource) -> String {
    let group_version = name.split_once('.').map_or(name, |(_, rest)| rest);
    format!("{group_version} {}", resource.kind)
}

struct Changes(Vec<Change>);

impl Changes {
    fn add(
        &mut self,
        aspect: Aspect,
        breaking: bool,
        what: &str,
        text: impl Into<String>,
        place: Option<&Place>,
    ) {
        let (what, text) = (what.to_owned(), text.into());
        self.0.push(Change { aspect, breaking, what, text, place: place.cloned() });
    }

    fn come_and_go(
        &mut self,
        aspect: Aspect,
        old: &BTreeSet<String>,
        new: &BTreeSet<String>,
        place: impl Fn(&str) -> Option<Place>,
    ) {
        for name in old.difference(new) {
            self.add(aspect, true, name, "removed", place(name).as_ref());
        }
        for name in new.difference(old) {
            self.add(aspect, false, name, "added", place(name).as_ref());
        }
    }

    fn resource(&mut self, name: &str, old: &Resource, new: &Resource) {
        let scope = |resource: &Resource| if resource.namespaced { "Namespaced" } else { "Cluster" };
        if old.namespaced != new.namespaced {
            let text = format!("the scope was {}, is {}", scope(old), scope(new));
            self.add(Aspect::Scope, true, name, text, Some(&new.place));
        }
        if old.kind != new.kind {
            let text = format!("the kind was {}, is {}", old.kind, new.kind);
            self.add(Aspect::Kind, true, name, text, Some(&new.place));
        }
        for subresource in old.subresources.difference(&new.subresources) {
            let text = "removed (get, update, patch)";
            self.add(Aspect::Verb, true, &format!("{name}/{subresource}"), text, Some(&new.place));
        }
        for subresource in new.subresources.difference(&old.subresources) {
            // From then on writes to the object no longer change its status.
            let (breaking, text) = match *subresource {
                "status" => (true, "added: status is written through it only"),
                _ => (false, "added (get, update, patch)"),
            };
            self.add(Aspect::Verb, breaking, &format!("{name}/{subresource}"), text, Some(&new.place));
        }
    }

    fn schemas(&mut self, name: &str, old: &Schema, new: &Schema) {
        if old.fields.is_empty() && new.fields.is_empty() || old.kind.is_some() {
            self.field(name, &old.form, &new.form);
        }
        let is_within = |path: &str, fields: &dyn Fn(&str) -> bool| {
            let ends = path.char_indices().filter(|(_, letter)| ".[{".contains(*letter));
            ends.map(|(at, _)| &path[..at]).any(fields)
        };
        for (path, before) in &old.fields {
            let what = join_path(name, path);
            match new.fields.get(path) {
                Some(after) => self.field(&what, before, after),
                // What lies below something that is gone needs no row of its own.
                None if is_within(path, &|parent| {
                    old.fields.contains_key(parent) && !new.fields.contains_key(parent)
                }) => {}
                None if path.ends_with(['}', ']']) => self.field(&what, before, &looser(before)),
                None => {
                    let text = format!("removed ({})", before.form);
                    self.add(Aspect::Field, true, &what, text, before.place.as_ref());
                }
            }
        }
        for (path, after) in new.fields.iter().filter(|(path, _)| !old.fields.contains_key(*path)) {
            let what = join_path(name, path);
            let is_new_below = is_within(path, &|parent| {
                new.fields.contains_key(parent) && !old.fields.contains_key(parent)
            });
            if is_new_below {
                continue;
            }
            if path.ends_with(['}', ']']) {
                self.field(&what, &looser(after), after);
                continue;
            }
            let required = if after.required { ", required" } else { "" };
            let text = format!("added ({}{required})", after.form);
            // Objects of CRDs that are stored lack it, and so do the manifests that people have.
            let breaking = after.required && after.place.is_some();
            self.add(Aspect::Field, breaking, &what, text, after.place.as_ref());
        }
    }

    fn field(&mut self, what: &str, old: &Field, new: &Field) {
        let place = new.place.as_ref().or(old.place.as_ref());
        if old.form != new.form {
            self.add(Aspect::Form, true, what, format!("was {}, is {}", old.form, new.form), place);
        }
        // Both ways: the Rust field changes between `T` and `Option<T>`.
        match (old.required, new.required) {
            (false, true) => self.add(Aspect::Required, true, what, "is required now", place),
            (true, false) => self.add(Aspect::Required, true, what, "is optional now", place),
            _ => {}
        }
        match (old.nullable, new.nullable) {
            (true, false) => self.add(Aspect::Form, true, what, "may no longer be null", place),
            (false, true) => self.add(Aspect::Form, old.required, what, "may be null now", place),
            _ => {}
        }
        match (old.preserves, new.preserves) {
            (true, false) => {
                self.add(Aspect::Form, true, what, "no longer keeps members that it does not name", place);
            }
            (false, true) => {
                self.add(Aspect::Form, false, what, "keeps members that it does not name", place);
            }
            _ => {}
        }
        self.values(what, old, new, place);
        self.checks(what, old, new, place);
        if old.default != new.default {
            let shown = |default: &Option<String>| default.clone().unwrap_or_else(|| "nothing".to_owned());
            let text = format!("the default was {}, is {}", shown(&old.default), shown(&new.default));
            self.add(Aspect::Default, false, what, text, place);
        }
        if old.topology != new.topology {
            let shown = |text: &str| if text.is_empty() { "unspecified".to_owned() } else { text.to_owned() };
            let text = format!("merges as {}, was {}", shown(&new.topology), shown(&old.topology));
            self.add(Aspect::Merge, false, what, text, place);
        }
    }

    fn values(&mut self, what: &str, old: &Field, new: &Field, place: Option<&Place>) {
        match (old.values.is_empty(), new.values.is_empty()) {
            (true, false) => {
                let text = format!("has listed values now: {}", join(&new.values));
                self.add(Aspect::Enum, true, what, text, place);
            }
            (false, true) => {
                self.add(Aspect::Enum, true, what, "has no listed values any more", place);
            }
            _ => {
                let gone: BTreeSet<String> = old.values.difference(&new.values).cloned().collect();
                let come: BTreeSet<String> = new.values.difference(&old.values).cloned().collect();
                if !gone.is_empty() {
                    self.add(Aspect::Enum, true, what, format!("lost the values {}", join(&gone)), place);
                }
                if !come.is_empty() {
                    self.add(Aspect::Enum, false, what, format!("gained the values {}", join(&come)), place);
                }
            }
        }
    }

    fn checks(&mut self, what: &str, old: &Field, new: &Field, place: Option<&Place>) {
        for (name, bound) in crate::surface::BOUNDS {
            let (before, after) = (old.bounds.get(name), new.bounds.get(name));
            let (breaking, text) = match (before, after) {
                (None, Some(after)) => (true, format!("{name} is {after} now")),
                (Some(before), None) => (false, format!("{name} was {before}, is not limited")),
                (Some(before), Some(after)) if before != after => {
                    let stricter = if bound == Bound::Lower { after > before } else { after < before };
                    (stricter, format!("{name} was {before}, is {after}"))
                }
                _ => continue,
            };
            self.add(Aspect::Validation, breaking, what, text, place);
        }
        match (&old.pattern, &new.pattern) {
            (None, Some(after)) => {
                self.add(Aspect::Validation, true, what, format!("has to match {after} now"), place);
            }
            (Some(before), None) => {
                self.add(Aspect::Validation, false, what, format!("no longer has to match {before}"), place);
            }
            (Some(before), Some(after)) if before != after => {
                let text = format!("has to match {after}, was {before}");
                self.add(Aspect::Validation, true, what, text, place);
            }
            _ => {}
        }
        for rule in new.rules.difference(&old.rules) {
            self.add(Aspect::Validation, true, what, format!("has a new rule: {rule}"), place);
        }
        for rule in old.rules.difference(&new.rules) {
            self.add(Aspect::Validation, false, what, format!("a rule is gone: {rule}"), place);
        }
    }
}

/// The same items, with nothing that is checked of them.
fn looser(field: &Field) -> Field {
    Field { form: field.form.clone(), place: field.place.clone(), ..Field::default() }
}

fn join_path(name: &str, path: &str) -> String {
    if path.starts_with('[') { format!("{name}{path}") } else { format!("{name}.{path}") }
}

fn join(values: &BTreeSet<String>) -> String {
    values.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

//! What changed between two models, and whether it breaks code that was written against the old one. Descriptions and
//! defaults are not compared.

use std::collections::BTreeSet;
use std::fmt;

use super::model::{Field, Model, Schema};

/// One change.
#[derive(Debug, PartialEq)]
pub(crate) struct Change {
    /// What about.
    pub(crate) aspect: Aspect,
    /// Whether code written against the old one can stop compiling or working.
    pub(crate) breaking: bool,
    /// `io.k8s.api.core.v1.Pod.spec`, `GET /api/v1/pods`, …
    pub(crate) place: String,
    /// What happened there.
    pub(crate) text: String,
}

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Aspect {
    GroupVersion,
    Kind,
    Type,
    Verb,
    Field,
    Form,
    Required,
    Enum,
    Merge,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.breaking { "BREAKING" } else { "        " };
        write!(f, "{mark}  {}: {}", self.place, self.text)
    }
}

/// Every change from `old` to `new`, by aspect and place.
pub(crate) fn compare(old: &Model, new: &Model) -> Vec<Change> {
    let mut changes = Vec::new();
    come_and_go(&mut changes, Aspect::GroupVersion, &old.documents, &new.documents);
    come_and_go(&mut changes, Aspect::Verb, &old.verbs, &new.verbs);
    let kinds = |model: &Model| model.schemas.values().filter_map(|schema| schema.kind.clone()).collect();
    come_and_go(&mut changes, Aspect::Kind, &kinds(old), &kinds(new));
    let types = |model: &Model| {
        let plain = model.schemas.iter().filter(|(_, schema)| schema.kind.is_none());
        plain.map(|(name, _)| name.clone()).collect()
    };
    come_and_go(&mut changes, Aspect::Type, &types(old), &types(new));
    for (name, before) in &old.schemas {
        if let Some(after) = new.schemas.get(name) {
            schemas(&mut changes, name, before, after);
        }
    }
    changes.sort_by(|a, b| (a.aspect, &a.place).cmp(&(b.aspect, &b.place)));
    changes
}

fn come_and_go(changes: &mut Vec<Change>, aspect: Aspect, old: &BTreeSet<String>, new: &BTreeSet<String>) {
    let mut push = |place: &String, text: &str, breaking| {
        changes.push(Change { aspect, breaking, place: place.clone(), text: text.to_owned() });
    };
    old.difference(new).for_each(|place| push(place, "removed", true));
    new.difference(old).for_each(|place| push(place, "added", false));
}

fn schemas(changes: &mut Vec<Change>, name: &str, old: &Schema, new: &Schema) {
    if old.fields.is_empty() && new.fields.is_empty() {
        fields(changes, name, &old.form, &new.form);
    }
    for (field, before) in &old.fields {
        let place = format!("{name}.{field}");
        match new.fields.get(field) {
            Some(after) => fields(changes, &place, before, after),
            None => {
                let text = format!("removed ({})", before.form);
                changes.push(Change { aspect: Aspect::Field, breaking: true, place, text });
            }
        }
    }
    for (field, after) in new.fields.iter().filter(|(field, _)| !old.fields.contains_key(*field)) {
        let required = if after.required { ", required" } else { "" };
        changes.push(Change {
            aspect: Aspect::Field,
            breaking: false,
            place: format!("{name}.{field}"),
            text: format!("added ({}{required})", after.form),
        });
    }
}

fn fields(changes: &mut Vec<Change>, place: &str, old: &Field, new: &Field) {
    let mut push = |aspect, breaking, text| {
        changes.push(Change { aspect, breaking, place: place.to_owned(), text });
    };
    if old.form != new.form {
        push(Aspect::Form, true, format!("was {}, is {}", old.form, new.form));
    }
    // Both ways: the Rust field changes between `T` and `Option<T>`.
    match (old.required, new.required) {
        (false, true) => push(Aspect::Required, true, "is required now".to_owned()),
        (true, false) => push(Aspect::Required, true, "is optional now".to_owned()),
        _ => {}
    }
    match (old.values.is_empty(), new.values.is_empty()) {
        (true, false) => push(Aspect::Enum, true, format!("has listed values now: {}", join(&new.values))),
        (false, true) => push(Aspect::Enum, true, "has no listed values any more".to_owned()),
        _ => {
            let gone: BTreeSet<String> = old.values.difference(&new.values).cloned().collect();
            let come: BTreeSet<String> = new.values.difference(&old.values).cloned().collect();
            if !gone.is_empty() {
                push(Aspect::Enum, true, format!("lost the values {}", join(&gone)));
            }
            if !come.is_empty() {
                push(Aspect::Enum, false, format!("gained the values {}", join(&come)));
            }
        }
    }
    if old.topology != new.topology {
        let shown = |text: &str| if text.is_empty() { "unspecified".to_owned() } else { text.to_owned() };
        let text = format!("merges as {}, was {}", shown(&new.topology), shown(&old.topology));
        push(Aspect::Merge, false, text);
    }
}

fn join(values: &BTreeSet<String>) -> String {
    values.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn model(schemas: Value, paths: Value) -> Model {
        let document = json!({"openapi": "3.0.0", "paths": paths, "components": {"schemas": schemas}});
        Model::of_files(&[("a.json".to_owned(), document.to_string().into_bytes())].into(), "test").unwrap()
    }

    fn field(value: Value) -> Value {
        json!({"S": {"properties": {"f": value}}})
    }

    #[test]
    fn each_change_is_named_and_breaking_ones_are_marked() {
        let string = json!({"type": "string"});
        let kind = json!([{"group": "g", "version": "v1", "kind": "K"}]);
        let listed = |values: &[&str]| json!({"type": "string", "enum": values});
        for (old, new, breaking, text) in [
            (field(string.clone()), json!({"S": {}}), true, "S.f: removed (string)"),
            (json!({"S": {}}), field(string.clone()), false, "S.f: added (string)"),
            (field(string.clone()), field(json!({"type": "integer"})), true, "S.f: was string, is integer"),
            (
                field(string.clone()),
                json!({"S": {"properties": {"f": string}, "required": ["f"]}}),
                true,
                "S.f: is required now",
            ),
            (field(listed(&["A"])), field(listed(&["A", "B"])), false, "S.f: gained the values B"),
            (field(listed(&["A", "B"])), field(listed(&["A"])), true, "S.f: lost the values B"),
            (field(string.clone()), field(listed(&["A"])), true, "S.f: has listed values now: A"),
            (json!({}), json!({"S": {"x-kubernetes-group-version-kind": kind}}), false, "g/v1 K: added"),
            (json!({"S": {}}), json!({}), true, "S: removed"),
            (
                field(json!({"type": "array", "items": {}})),
                field(json!({"type": "array", "items": {}, "x-kubernetes-list-type": "set"})),
                false,
                "S.f: merges as set, was unspecified",
            ),
        ] {
            let changes = compare(&model(old, json!({})), &model(new, json!({})));
            let [change] = changes.as_slice() else { panic!("{text}: {changes:?}") };
            let shown = change.to_string();
            assert!(shown.ends_with(text), "{shown} is not {text}");
            assert_eq!(change.breaking, breaking, "{shown}");
        }
    }

    #[test]
    fn a_verb_that_goes_is_breaking_and_equal_models_have_no_changes() {
        let old = model(json!({}), json!({"/p": {"get": {}, "post": {}}}));
        let new = model(json!({}), json!({"/p": {"get": {}}}));
        let changes = compare(&old, &new);
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].to_string(), "BREAKING  POST /p: removed");
        assert_eq!(compare(&old, &old), []);
    }
}

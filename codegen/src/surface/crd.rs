//! CRDs to a surface: each served version a resource and a schema whose fields have their path as name.

use serde_json::Value;

use super::{Field, Resource, Schema, Surface, is_plain, members, required};
use crate::diag::Place;
use crate::pointer;
use crate::spec::crd::Crd;

/// How deep fields are told apart; what lies deeper is compared as a part of its parent's form.
const DEPTH: usize = 128;

impl Surface {
    pub(super) fn add_crd(&mut self, crd: &Crd) {
        let listed = crd.manifest.pointer("/spec/versions").and_then(Value::as_array);
        for version in &crd.versions {
            let Some((index, value)) =
                listed.into_iter().flatten().enumerate().find(|(_, value)| {
                    value.get("name").and_then(Value::as_str) == Some(version.name.as_str())
                })
            else {
                continue;
            };
            let group_version = format!("{}/{}", crd.group, version.name);
            let base = format!("{}/spec/versions/{index}", crd.place.pointer);
            let place = |pointer: String| Place::new(&crd.place.source, pointer);
            self.versions.entry(group_version.clone()).or_insert_with(|| place(base.clone()));
            let kept = [("status", version.status), ("scale", version.scale)];
            let resource = Resource {
                kind: crd.kind.clone(),
                namespaced: crd.namespaced,
                subresources: kept
                    .into_iter()
                    .filter(|(_, is_there)| *is_there)
                    .map(|(name, _)| name)
                    .collect(),
                place: place(format!("{}/spec", crd.place.pointer)),
            };
            self.resources.insert(format!("{}.{group_version}", crd.plural), resource);
            let name = format!("{group_version} {}", crd.kind);
            let mut schema = Schema { kind: Some(name.clone()), ..Schema::default() };
            if let Some(root) = value.pointer("/schema/openAPIV3Schema") {
                let pointer = format!("{base}/schema/openAPIV3Schema");
                schema.form = Field {
                    place: Some(place(pointer.clone())),
                    form: "object".to_owned(),
                    ..Field::of(root)
                };
                fields(root, "", &pointer, &crd.place.source, DEPTH, &mut schema);
            }
            self.schemas.insert(name, schema);
        }
    }
}

/// Adds the fields of an object, and those below them.
fn fields(value: &Value, path: &str, pointer: &str, source: &str, depth: usize, schema: &mut Schema) {
    if depth == 0 {
        return;
    }
    let required = required(value);
    for (name, property) in members(value.get("properties")) {
        if path.is_empty() && ["apiVersion", "kind"].contains(&name.as_str()) {
            continue;
        }
        let path = step(path, name);
        let mut pointer = format!("{pointer}/properties");
        pointer::push(&mut pointer, name);
        let field = Field::of(property);
        // The server fills in a default, so nobody has to say it.
        let is_required = required.contains(name.as_str()) && field.default.is_none();
        let field = Field { required: is_required, place: Some(Place::new(source, &*pointer)), ..field };
        below(property, &path, &pointer, source, depth, schema);
        schema.fields.insert(path, field);
    }
}

/// Goes through lists and maps to the fields of what they hold.
fn below(value: &Value, path: &str, pointer: &str, source: &str, depth: usize, schema: &mut Schema) {
    let (mut value, mut path, mut pointer) = (value, path.to_owned(), pointer.to_owned());
    for _ in 0..DEPTH {
        let (key, mark) = match (value.get("items"), value.get("additionalProperties")) {
            (Some(items), _) if items.is_object() => ("items", "[]"),
            (_, Some(values)) if values.is_object() => ("additionalProperties", "{}"),
            _ => break,
        };
        let Some(inner) = value.get(key) else { break };
        value = inner;
        path.push_str(mark);
        pointer = format!("{pointer}/{key}");
        let field = Field::of(value);
        // Items as such are only worth a row for what is checked of them.
        if field.is_checked() {
            let field = Field { place: Some(Place::new(source, &*pointer)), ..field };
            schema.fields.insert(path.clone(), field);
        }
    }
    fields(value, &path, &pointer, source, depth - 1, schema);
}

/// `spec` and `size` are `spec.size`; a name that is no plain word stands in brackets.
fn step(path: &str, name: &str) -> String {
    match (path.is_empty(), is_plain(name)) {
        (true, true) => name.to_owned(),
        (false, true) => format!("{path}.{name}"),
        (_, false) => format!("{path}[{}]", Value::from(name)),
    }
}

//! Defaults of a schema: each is a value that its own schema would take.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::cel;
use crate::failure::Cause;
use crate::schema::validate::{self, embedded};
use crate::schema::{Schema, prune};

pub(super) fn check(schema: &Arc<Schema>, at: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    walk(schema, at, &mut causes);
    causes
}

fn walk(schema: &Arc<Schema>, at: &str, causes: &mut Vec<Cause>) {
    if let Some(default) = &schema.default {
        one(schema, default, &format!("{at}.default"), causes);
    }
    if let Some(items) = &schema.items {
        walk(items, &format!("{at}.items"), causes);
    }
    // Nothing has a default below `additionalProperties` that was not refused before.
    for (name, inner) in &schema.properties {
        walk(inner, &format!("{at}.properties[{name}]"), causes);
    }
}

fn one(schema: &Arc<Schema>, default: &Value, at: &str, causes: &mut Vec<Cause>) {
    let mut holder = Map::new();
    holder.insert("x".to_owned(), default.clone());
    let mut whole = Value::Object(holder);
    prune::prune(&mut whole, &Arc::new(Schema::holding("x", schema.clone())));
    if whole["x"] != *default {
        causes.push(Cause::invalid(at, default, "must not have unknown fields"));
    }
    let mut found = embedded::check(default, schema, at);
    if found.is_empty() {
        found = validate::check(default, schema, at);
    }
    if found.is_empty() {
        found = cel::rules::check(default, schema, at);
    }
    causes.extend(found);
}

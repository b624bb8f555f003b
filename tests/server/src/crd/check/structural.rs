//! Structural schemas: every value has one place that says what it is; alternatives only restrict it.
//!
//! What the keywords themselves may be is judged in `openapi`.

use serde_json::{Value, json};

use super::{list, text};
use crate::failure::Cause;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// What the real server cannot even read as a structural schema, deepest first in the order of its conversion.
pub(super) fn unreadable(schema: &Value) -> Option<String> {
    const UNSUPPORTED: &[(&str, &str)] = &[
        ("id", "id"),
        ("$schema", "schema"),
        ("$ref", "$ref"),
        ("patternProperties", "patternProperties"),
        ("dependencies", "dependencies"),
        ("additionalItems", "additionalItems"),
        ("definitions", "definitions"),
    ];
    for (name, shown) in UNSUPPORTED {
        let is_set = match &schema[*name] {
            Value::Null => false,
            Value::String(it) => !it.is_empty() || *name == "$ref",
            Value::Object(it) => !it.is_empty() || *name == "dependencies" || *name == "additionalItems",
            _ => true,
        };
        if is_set {
            return Some(format!("OpenAPIV3Schema '{shown}' is not supported"));
        }
    }
    if schema["items"].is_array() {
        return Some("OpenAPIV3Schema 'items' must be a schema, but is an array".to_owned());
    }
    if schema["x-kubernetes-preserve-unknown-fields"] == false {
        return Some(
            "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined".to_owned(),
        );
    }
    let children = ["items", "additionalProperties", "not"].iter().map(|it| &schema[*it]);
    let lists = ["allOf", "anyOf", "oneOf"].iter().flat_map(|it| list(&schema[*it]));
    let properties = schema["properties"].as_object().into_iter().flat_map(|it| it.values());
    children.chain(lists).chain(properties).filter(|it| it.is_object()).find_map(unreadable)
}

/// What keeps a schema from being structural, in the order of the texts.
pub(super) fn check(schema: &Value, at: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    node(schema, Level::Root, at, &mut causes);
    complete(schema, Some(schema), at, at, &mut causes);
    causes.sort_by_key(|it| format!("{}: {}", it.field, it.message));
    causes
}

fn flag(schema: &Value, name: &str) -> bool {
    schema[name] == true
}

fn node(schema: &Value, level: Level, at: &str, causes: &mut Vec<Cause>) {
    let kind = text(&schema["type"]);
    let embedded = flag(schema, "x-kubernetes-embedded-resource");
    let preserve = flag(schema, "x-kubernetes-preserve-unknown-fields");
    let either = flag(schema, "x-kubernetes-int-or-string");
    let is_set = |name: &str| schema.get(name).is_some_and(|it| !it.is_null());
    if kind == "array" && !is_set("items") {
        causes.push(Cause::required(format!("{at}.items"), "must be specified"));
    }
    if schema["items"].is_object() {
        node(&schema["items"], Level::Item, &format!("{at}.items"), causes);
    }
    let properties = schema["properties"].as_object();
    for (name, inner) in properties.into_iter().flatten() {
        node(inner, Level::Field, &format!("{at}.properties[{name}]"), causes);
    }
    if is_set("additionalProperties") {
        let at = format!("{at}.additionalProperties");
        if level == Level::Root {
            causes.push(Cause::forbidden(at.clone(), "must not be used at the root"));
        }
        if schema["additionalProperties"].is_object() {
            node(&schema["additionalProperties"], Level::Field, &at, causes);
        }
    }
    if either {
        let say = "must be false if x-kubernetes-int-or-string is true";
        for (is_set, name) in
            [(preserve, "x-kubernetes-preserve-unknown-fields"), (embedded, "x-kubernetes-embedded-resource")]
        {
            if is_set {
                causes.push(Cause::invalid(format!("{at}.{name}"), &true.into(), say));
            }
        }
    }
    let either_of = json!([{"type": "integer"}, {"type": "string"}]);
    let skip_any = schema["anyOf"] == either_of;
    let skip_first = schema["allOf"][0]["anyOf"] == either_of;
    rules(schema, skip_any, skip_first, level, at, causes);

    let type_at = format!("{at}.type");
    if embedded && kind != "object" {
        let say = "must be object if x-kubernetes-embedded-resource is true";
        causes.push(match kind {
            "" => Cause::required(type_at.clone(), say),
            kind => Cause::invalid(type_at.clone(), &kind.into(), say),
        });
    } else if kind.is_empty() && !either && !preserve {
        let say = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        causes.push(Cause::required(type_at.clone(), say));
    }
    if embedded && is_set("additionalProperties") {
        let say = "must not be used if x-kubernetes-embedded-resource is set";
        causes.push(Cause::forbidden(format!("{at}.additionalProperties"), say));
    }
    if level == Level::Root && !kind.is_empty() && kind != "object" {
        causes.push(Cause::invalid(type_at, &kind.into(), "must be object at the root"));
    }
    if level == Level::Root || embedded {
        for name in ["kind", "apiVersion"] {
            let inner = &schema["properties"][name];
            if inner.is_object() && inner["type"] != "string" {
                let field = format!("{at}.properties[{name}].type");
                causes.push(Cause::invalid(field, &text(&inner["type"]).into(), "must be string"));
            }
        }
    }
    if schema["properties"]["metadata"].is_object() {
        metadata(&schema["properties"]["metadata"], level, embedded, at, causes);
    }
    if embedded && !preserve && properties.is_none_or(serde_json::Map::is_empty) {
        let say = "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
        causes.push(Cause::required(format!("{at}.properties"), say));
    }
}

/// Of metadata a schema restricts the name and `generateName` alone.
fn metadata(schema: &Value, level: Level, embedded: bool, at: &str, causes: &mut Vec<Cause>) {
    let at = format!("{at}.properties[metadata]");
    if (level == Level::Root || embedded) && schema["type"] != "object" {
        causes.push(Cause::invalid(format!("{at}.type"), &text(&schema["type"]).into(), "must be object"));
    }
    if level != Level::Root {
        return;
    }
    let properties = schema["properties"].as_object();
    let names_only =
        properties.is_none_or(|it| it.keys().all(|it| matches!(it.as_str(), "name" | "generateName")));
    let said = schema.as_object().into_iter().flatten();
    let more = said
        .filter(|(_, it)| !it.is_null())
        .any(|(name, _)| !matches!(name.as_str(), "type" | "properties" | "default"));
    if !names_only || more {
        let say = "must not specify anything other than name and generateName, but metadata is implicitly specified";
        causes.push(Cause::forbidden(at, say));
    }
}

fn rules(schema: &Value, skip_any: bool, skip_first: bool, level: Level, at: &str, causes: &mut Vec<Cause>) {
    for name in ["anyOf", "allOf", "oneOf"] {
        for (index, inner) in list(&schema[name]).iter().enumerate() {
            match name {
                "anyOf" if skip_any => {}
                _ => nested(
                    inner,
                    name == "allOf" && skip_first && index == 0,
                    level,
                    &format!("{at}.{name}[{index}]"),
                    causes,
                ),
            }
        }
    }
    if schema["not"].is_object() {
        nested(&schema["not"], false, level, &format!("{at}.not"), causes);
    }
    let pattern = text(&schema["pattern"]);
    if !pattern.is_empty()
        && let Err(error) = crate::schema::go_regex::compile(pattern)
    {
        let say = format!(
            "must be a valid regular expression, but isn't: error parsing regexp: {}",
            go_regex_error(pattern, &error)
        );
        causes.push(Cause::invalid(format!("{at}.pattern"), &pattern.into(), &say));
    }
}

/// The complaint of Go's reader about the most common mistakes.
fn go_regex_error(pattern: &str, error: &regex::Error) -> String {
    let text = error.to_string();
    let rest = |sign: char| pattern.rfind(sign).and_then(|at| pattern.get(at..)).unwrap_or_default();
    if text.contains("unclosed character class") {
        format!("missing closing ]: `{}`", rest('['))
    } else if text.contains("unclosed group") {
        format!("missing closing ): `{pattern}`")
    } else if text.contains("unopened group") {
        format!("unexpected ): `{pattern}`")
    } else if text.contains("repetition operator missing expression") {
        let sign = pattern.chars().find(|it| "*+?".contains(*it)).unwrap_or('*');
        format!("missing argument to repetition operator: `{sign}`")
    } else if text.contains("look-around") {
        let at = pattern.find("(?").unwrap_or_default();
        format!("invalid or unsupported Perl syntax: `{}`", pattern.get(at..at + 3).unwrap_or_default())
    } else {
        text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
    }
}

/// Inside of a logical rule there are value rules alone.
fn nested(schema: &Value, skip_any: bool, level: Level, at: &str, causes: &mut Vec<Cause>) {
    const EMPTY: &str = "must be empty to be structural";
    const UNDEFINED: &str = "must be undefined to be structural";
    const FALSE: &str = "must be false to be structural";
    rules(schema, skip_any, false, level, at, causes);
    if schema["items"].is_object() {
        nested(&schema["items"], false, level, &format!("{at}.items"), causes);
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        nested(inner, false, Level::Field, &format!("{at}.properties[{name}]"), causes);
    }
    for (name, say) in [
        ("type", EMPTY),
        ("additionalProperties", UNDEFINED),
        ("default", UNDEFINED),
        ("title", EMPTY),
        ("description", EMPTY),
        ("nullable", FALSE),
        ("x-kubernetes-preserve-unknown-fields", FALSE),
        ("x-kubernetes-embedded-resource", FALSE),
        ("x-kubernetes-int-or-string", FALSE),
        ("x-kubernetes-list-map-keys", EMPTY),
        ("x-kubernetes-list-type", UNDEFINED),
        ("x-kubernetes-map-type", UNDEFINED),
        ("x-kubernetes-validations", EMPTY),
    ] {
        let is_set = match schema.get(name) {
            None | Some(Value::Null | Value::Bool(false)) if name != "additionalProperties" => false,
            None | Some(Value::Null) => false,
            Some(Value::String(it)) => !it.is_empty() || say == UNDEFINED,
            Some(Value::Array(it)) => !it.is_empty(),
            Some(_) => true,
        };
        if is_set {
            causes.push(Cause::forbidden(format!("{at}.{name}"), say));
        }
    }
    if !schema["properties"]["metadata"].is_null() {
        let say = "must not be specified in a nested context";
        causes.push(Cause::forbidden(format!("{at}.properties[metadata]"), say));
    }
}

/// What a logical rule speaks of is defined outside of it.
fn complete(rule: &Value, schema: Option<&Value>, at: &str, from: &str, causes: &mut Vec<Cause>) {
    let Some(schema) = schema.filter(|it| it.is_object()) else {
        causes.push(Cause::required(at, &format!("because it is defined in {from}")));
        return;
    };
    if rule["not"].is_object() {
        complete_nested(&rule["not"], Some(schema), at, &format!("{from}.not"), causes);
    }
    for name in ["allOf", "anyOf", "oneOf"] {
        for (index, inner) in list(&rule[name]).iter().enumerate() {
            complete_nested(inner, Some(schema), at, &format!("{from}.{name}[{index}]"), causes);
        }
    }
}

fn complete_nested(rule: &Value, schema: Option<&Value>, at: &str, from: &str, causes: &mut Vec<Cause>) {
    complete(rule, schema, at, from, causes);
    let Some(schema) = schema.filter(|it| it.is_object()) else { return };
    if rule["items"].is_object() {
        let (at, from) = (format!("{at}.items"), format!("{from}.items"));
        complete_nested(&rule["items"], schema.get("items"), &at, &from, causes);
    }
    for (name, inner) in rule["properties"].as_object().into_iter().flatten() {
        let (at, from) = (format!("{at}.properties[{name}]"), format!("{from}.properties[{name}]"));
        match schema["properties"].get(name) {
            Some(it) => complete_nested(inner, Some(it), &at, &from, causes),
            None => causes.push(Cause::required(at, &format!("because it is defined in {from}"))),
        }
    }
}

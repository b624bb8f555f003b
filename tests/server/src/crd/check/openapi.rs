//! What the keywords of a definition's schema may be, node by node, and its CEL rules.
//!
//! Whether the schema is structural is judged in `structural`, its defaults in `defaults`.

use std::sync::Arc;

use serde_json::Value;

use super::{defaults, go_form, list, path, structural, text};
use crate::cel;
use crate::failure::{Cause, shown};
use crate::schema::Schema;
use crate::schema::validate::is_known_format;

/// What may stand at the root of a schema with a status subresource, as Go calls it.
const AT_ROOT: &[(&str, &str)] = &[
    ("Description", "description"),
    ("Type", "type"),
    ("Format", "format"),
    ("Title", "title"),
    ("Maximum", "maximum"),
    ("ExclusiveMaximum", "exclusiveMaximum"),
    ("Minimum", "minimum"),
    ("ExclusiveMinimum", "exclusiveMinimum"),
    ("MaxLength", "maxLength"),
    ("MinLength", "minLength"),
    ("Pattern", "pattern"),
    ("MaxItems", "maxItems"),
    ("MinItems", "minItems"),
    ("UniqueItems", "uniqueItems"),
    ("MultipleOf", "multipleOf"),
    ("Required", "required"),
    ("Items", "items"),
    ("Properties", "properties"),
    ("ExternalDocs", "externalDocs"),
    ("Example", "example"),
    ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields"),
    ("XValidations", "x-kubernetes-validations"),
];

/// What is wrong with the schema of a version, or of all of them.
pub(super) fn schema(holder: &Value, at: &str, has_status: bool, _old: Option<&Value>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let schema = &holder["openAPIV3Schema"];
    if !schema.is_object() {
        return causes;
    }
    let at = format!("{at}.openAPIV3Schema");
    if has_status {
        causes.extend(with_status(schema, &at));
    }
    if schema["nullable"] == true {
        causes.push(Cause::forbidden(format!("{at}.nullable"), "nullable cannot be true at the root"));
    }
    let unreadable = structural::unreadable(schema);
    let read = Arc::new(Schema::read(schema, true));
    let mut spine = None;
    if unreadable.is_none() {
        let mut found = structural::check(schema, &at);
        if found.is_empty() {
            found = defaults::check(&read, &at);
        }
        if found.is_empty() {
            spine = Some(&read);
        }
        causes.extend(found);
    }
    let mut walk = Walk::default();
    walk.node(schema, &at, &Inside { root: true, ..Inside::default() }, spine);
    causes.extend(walk.schema);
    causes.extend(walk.cel);
    if let (Some(why), true) = (unreadable, causes.is_empty()) {
        causes.push(Cause::invalid(at, &"".into(), &why));
    }
    causes
}

fn with_status(schema: &Value, at: &str) -> Option<Cause> {
    let mut set: Vec<&str> = schema
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, it)| {
            let is_set = !matches!(it, Value::Null | Value::Bool(false)) && it != "";
            is_set.then_some(name.as_str())
        })
        .collect();
    set.retain(|name| !AT_ROOT.iter().any(|it| it.1 == *name));
    if schema["type"].is_string() && schema["type"] != "object" {
        let say = "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
        return Some(Cause::invalid(format!("{at}.type"), &schema["type"], say));
    }
    if set.is_empty() {
        return None;
    }
    let names: Vec<&str> = AT_ROOT.iter().map(|it| it.0).collect();
    let say = format!(
        "only [{}] fields are allowed at the root of the schema if the status subresource is enabled",
        names.join(" ")
    );
    let message = format!("Invalid value: {}: {say}", go_form::schema(schema));
    Some(Cause { reason: "FieldValueInvalid", field: at.to_owned(), message })
}

/// What holds for everything below a node.
#[derive(Clone, Default)]
struct Inside {
    root: bool,
    metadata: bool,
    no_defaults: Option<String>,
    /// The first ancestor whose parts cannot be told apart from one revision to the next.
    uncorrelatable: Option<String>,
}

#[derive(Default)]
struct Walk {
    schema: Vec<Cause>,
    cel: Vec<Cause>,
}

impl Walk {
    fn node(&mut self, schema: &Value, at: &str, inside: &Inside, spine: Option<&Arc<Schema>>) {
        if !schema.is_object() {
            return;
        }
        let before = self.schema.len();
        self.keywords(schema, at, inside);
        self.children(schema, at, inside, spine);
        self.extensions(schema, at);
        self.rules(schema, at);
        if let (Some(spine), true) = (spine, self.schema.len() == before) {
            self.compile(schema, at, inside, spine);
        }
    }

    fn forbid(&mut self, at: &str, name: &str, say: &str) {
        self.schema.push(Cause::forbidden(format!("{at}.{name}"), say));
    }

    fn keywords(&mut self, schema: &Value, at: &str, inside: &Inside) {
        const TYPES: &[&str] = &["array", "boolean", "integer", "number", "object", "string"];
        let kind = text(&schema["type"]);
        if !kind.is_empty() && !TYPES.contains(&kind) {
            let shown = shown(&kind.into());
            self.schema.push(Cause::unsupported(format!("{at}.type"), &shown, TYPES));
        }
        let is_set = |name: &str| schema.get(name).is_some_and(|it| !it.is_null());
        if let (true, Some(why)) = (is_set("default"), &inside.no_defaults) {
            self.forbid(at, "default", &format!("must not be set {why}"));
        }
        for name in ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] {
            let empty = matches!(name, "id" | "patternProperties" | "definitions")
                && matches!(&schema[name], Value::Object(it) if it.is_empty())
                || schema[name] == "" && name == "id";
            if is_set(name) && !empty {
                self.forbid(at, name, &format!("{name} is not supported"));
            }
        }
        if kind == "null" {
            self.forbid(at, "type", "type cannot be set to null, use nullable as an alternative");
        }
        if !list(&schema["items"]).is_empty() {
            self.forbid(at, "items", "items must be a schema object and not an array");
        }
        if inside.metadata && schema["x-kubernetes-embedded-resource"] == true {
            let name = "x-kubernetes-embedded-resource";
            self.forbid(at, name, "must not be used inside of resource meta");
        }
        if schema["uniqueItems"] == true {
            let say = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
            self.forbid(at, "uniqueItems", say);
        }
    }

    fn children(&mut self, schema: &Value, at: &str, inside: &Inside, spine: Option<&Arc<Schema>>) {
        let inner = Inside { root: false, ..inside.clone() };
        let additional = &schema["additionalProperties"];
        let properties = schema["properties"].as_object().filter(|it| !it.is_empty());
        if !additional.is_null() {
            if properties.is_some() && *additional != Value::Bool(true) {
                let say = "additionalProperties and properties are mutual exclusive";
                self.forbid(at, "additionalProperties", say);
            }
            let mut inner = inner.clone();
            if inside.metadata {
                let why = "inside additionalProperties applying to object metadata";
                inner.no_defaults = Some(why.to_owned());
            }
            let spine = spine.and_then(|it| it.additional.as_ref());
            self.node(additional, &format!("{at}.additionalProperties"), &inner, spine);
        }
        let embedded = schema["x-kubernetes-embedded-resource"] == true;
        let map_type = text(&schema["x-kubernetes-map-type"]);
        for (name, child) in properties.into_iter().flatten() {
            let mut inner = inner.clone();
            if !matches!(map_type, "" | "granular" | "atomic") {
                inner.uncorrelatable.get_or_insert_with(|| at.to_owned());
            }
            if (inside.root || embedded) && matches!(name.as_str(), "metadata" | "kind" | "apiVersion") {
                inner.metadata = true;
                if inside.root {
                    inner.no_defaults = Some(format!("in top-level {name}"));
                }
            }
            let spine = spine.and_then(|it| it.properties.get(name));
            self.node(child, &format!("{at}.properties[{name}]"), &inner, spine);
        }
        self.node(&schema["not"], &format!("{at}.not"), &inner, None);
        for name in ["allOf", "oneOf", "anyOf"] {
            for (index, child) in list(&schema[name]).iter().enumerate() {
                self.node(child, &format!("{at}.{name}[{index}]"), &inner, None);
            }
        }
        for (name, child) in schema["definitions"].as_object().into_iter().flatten() {
            self.node(child, &format!("{at}.definitions[{name}]"), &inner, None);
        }
        let mut inner = inner;
        if schema["x-kubernetes-list-type"] != "map" {
            inner.uncorrelatable.get_or_insert_with(|| at.to_owned());
        }
        let spine = spine.and_then(|it| it.items.as_ref());
        self.node(&schema["items"], &format!("{at}.items"), &inner, spine);
        for (index, child) in list(&schema["items"]).iter().enumerate() {
            self.node(child, &format!("{at}.items[{index}]"), &inner, None);
        }
    }

    fn extensions(&mut self, schema: &Value, at: &str) {
        let kind = text(&schema["type"]);
        let given = |name: &str| schema.get(name).and_then(Value::as_str);
        let field = |name: &str| format!("{at}.{name}");
        if schema["x-kubernetes-preserve-unknown-fields"] == false {
            let at = field("x-kubernetes-preserve-unknown-fields");
            self.schema.push(Cause::invalid(at, &false.into(), "must be true or undefined"));
        }
        for (name, wanted, known) in [
            ("x-kubernetes-map-type", "object", &["atomic", "granular"][..]),
            ("x-kubernetes-list-type", "array", &["atomic", "set", "map"][..]),
        ] {
            let Some(value) = given(name) else { continue };
            if kind != wanted {
                let say = format!("must be {wanted} if {name} is specified");
                self.schema.push(match kind {
                    "" => Cause::required(field("type"), &say),
                    kind => Cause::invalid(field("type"), &kind.into(), &say),
                });
            } else if value == "set" {
                self.set_items(&schema["items"], &field("items"));
            }
            if !known.contains(&value) {
                self.schema.push(Cause::unsupported(field(name), &shown(&value.into()), known));
            }
        }
        let list_type = given("x-kubernetes-list-type");
        if !list(&schema["x-kubernetes-list-map-keys"]).is_empty() && list_type != Some("map") {
            let say = "must be map if x-kubernetes-list-map-keys is non-empty";
            let at = field("x-kubernetes-list-type");
            self.schema.push(match list_type {
                None => Cause::required(at, say),
                Some(it) => Cause::invalid(at, &it.into(), say),
            });
        }
        if list_type == Some("map") {
            self.map_list(schema, at);
        }
        if matches!(list_type, Some("map" | "set")) && schema["items"].is_object() {
            self.identities(schema, at);
        }
    }

    fn set_items(&mut self, items: &Value, at: &str) {
        let say = "must be atomic as item of a list with x-kubernetes-list-type=set";
        let inner = &items["x-kubernetes-list-type"];
        match text(&items["type"]) {
            "array" if !inner.is_null() && inner != "atomic" => {
                self.schema.push(Cause::invalid(format!("{at}.x-kubernetes-list-type"), inner, say));
            }
            "object" if items["x-kubernetes-map-type"] != "atomic" => {
                self.schema.push(Cause::invalid(format!("{at}.x-kubernetes-map-type"), inner, say));
            }
            _ => {}
        }
    }

    fn map_list(&mut self, schema: &Value, at: &str) {
        let keys = &schema["x-kubernetes-list-map-keys"];
        let items = &schema["items"];
        if list(keys).is_empty() {
            let say = "must not be empty if x-kubernetes-list-type is map";
            self.schema.push(Cause::required(format!("{at}.x-kubernetes-list-map-keys"), say));
        }
        if items.is_null() {
            let say = "must have a schema if x-kubernetes-list-type is map";
            self.schema.push(Cause::required(format!("{at}.items"), say));
        }
        if !items.is_object() {
            return;
        }
        if items["type"] != "object" {
            let say = "must be object if parent array's x-kubernetes-list-type is map";
            self.schema.push(Cause::invalid(format!("{at}.items.type"), &text(&items["type"]).into(), say));
            return;
        }
        let mut seen: Vec<&str> = Vec::new();
        for key in list(keys).iter().map(text) {
            let keys_at = format!("{at}.x-kubernetes-list-map-keys");
            match items["properties"].get(key) {
                Some(it) if matches!(text(&it["type"]), "array" | "object") => {
                    let say = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                    let at = format!("{at}.items.properties[{key}].type");
                    self.schema.push(Cause::invalid(at, &items["type"], say));
                }
                Some(_) => {}
                None => {
                    let say = "entries must all be names of item properties";
                    self.schema.push(Cause::invalid(keys_at.clone(), keys, say));
                }
            }
            if seen.contains(&key) {
                self.schema.push(Cause::invalid(keys_at, keys, "must not contain duplicate entries"));
            }
            seen.push(key);
        }
    }

    /// What tells items apart is there and is not null.
    fn identities(&mut self, schema: &Value, at: &str) {
        let items = &schema["items"];
        let list_type = text(&schema["x-kubernetes-list-type"]);
        if items["nullable"] == true {
            let say = format!("cannot be nullable when x-kubernetes-list-type is {list_type}");
            self.schema.push(Cause::forbidden(format!("{at}.items.nullable"), &say));
        }
        let keys = list(&schema["x-kubernetes-list-map-keys"]).iter().map(text);
        for key in keys.filter(|_| list_type == "map") {
            let Some(property) = items["properties"].get(key) else { continue };
            let at = format!("{at}.items.properties[{key}]");
            let required = list(&items["required"]).iter().any(|it| it == key);
            let why = "this property is in x-kubernetes-list-map-keys, so it";
            if !required && property["default"].is_null() {
                let say = format!("{why} must have a default or be a required property");
                self.schema.push(Cause::required(format!("{at}.default"), &say));
            }
            if property["nullable"] == true {
                self.schema
                    .push(Cause::forbidden(format!("{at}.nullable"), &format!("{why} cannot be nullable")));
            }
        }
    }

    /// The texts around CEL rules; the rules themselves are compiled later.
    fn rules(&mut self, schema: &Value, at: &str) {
        const REASONS: &[&str] =
            &["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
        let broken = |it: &str| it.contains(['\n', '\r']);
        for (index, rule) in list(&schema["x-kubernetes-validations"]).iter().enumerate() {
            let field = |name: &str| format!("{at}.x-kubernetes-validations[{index}].{name}");
            let (source, message) = (text(&rule["rule"]), text(&rule["message"]));
            let mut add = |it: Cause| self.schema.push(it);
            if source.trim().is_empty() {
                add(Cause::required(field("rule"), "rule is not specified"));
            } else if !message.is_empty() && message.trim().is_empty() {
                add(Cause::invalid(field("message"), &message.into(), "must be non-empty if specified"));
            } else if broken(message.trim()) {
                add(Cause::invalid(field("message"), &message.into(), "must not contain line breaks"));
            } else if broken(source.trim()) && message.trim().is_empty() {
                let say = "message must be specified if rule contains line breaks";
                add(Cause::required(field("message"), say));
            }
            let expression = text(&rule["messageExpression"]);
            if !expression.is_empty() && expression.trim().is_empty() {
                let say = "messageExpression must be non-empty if specified";
                add(Cause::required(field("messageExpression"), say));
            }
            if let Some(reason) = rule["reason"].as_str().filter(|it| !REASONS.contains(it)) {
                add(Cause::unsupported(field("reason"), &shown(&reason.into()), REASONS));
            }
            let given = text(&rule["fieldPath"]);
            if given.is_empty() {
                continue;
            }
            let mut wrong = |say: &str| add(Cause::invalid(field("fieldPath"), &given.into(), say));
            if given.trim().is_empty() {
                wrong("must be non-empty if specified");
            }
            if broken(given) {
                wrong("must not contain line breaks");
            }
            if path::resolve(given, schema, true).is_err() {
                wrong("must be a valid path");
            }
        }
    }

    fn compile(&mut self, schema: &Value, at: &str, inside: &Inside, spine: &Arc<Schema>) {
        let rules = list(&schema["x-kubernetes-validations"]);
        if rules.is_empty() {
            return;
        }
        let is_resource = inside.root || spine.embedded;
        for (index, rule) in rules.iter().enumerate() {
            let field = |name: &str| format!("{at}.x-kubernetes-validations[{index}].{name}");
            let quoted = |field: String, why: &str| Cause {
                reason: "FieldValueInvalid",
                field,
                message: format!("Invalid value: {}: {why}", go_form::rule(rule)),
            };
            let compiled = cel::rules::Rule::compile(rule, spine, is_resource);
            if let Err(why) = &compiled.program {
                self.cel.push(quoted(field("rule"), why));
            }
            if let Some(Err(why)) = &compiled.message_program {
                self.cel.push(quoted(field("messageExpression"), why));
            }
            if compiled.uses_old_self {
                if let Some(path) = &inside.uncorrelatable {
                    let say = format!(
                        "oldSelf cannot be used on the uncorrelatable portion of the schema within {path}"
                    );
                    self.cel.push(Cause::invalid(field("rule"), &rule["rule"], &say));
                }
            } else if let Some(optional) = rule["optionalOldSelf"].as_bool() {
                let say = "may not be set if oldSelf is not used in rule";
                self.cel.push(Cause::invalid(field("optionalOldSelf"), &optional.into(), say));
            }
        }
    }
}

/// What is warned of in the schemas of a definition, in the order of the real server.
pub(crate) fn warnings(crd: &Value) -> Vec<String> {
    let versions = list(&crd["spec"]["versions"]);
    let mut schemas: Vec<&Value> = versions.iter().map(|it| &it["schema"]["openAPIV3Schema"]).collect();
    if super::shared(versions, "schema").is_some() {
        schemas.truncate(1);
    }
    let (mut formats, mut sets) = (Vec::new(), Vec::new());
    for schema in schemas {
        warn(schema, &mut formats, &mut sets);
    }
    sets.sort();
    sets.dedup();
    formats.extend(sets);
    formats
}

fn warn(schema: &Value, formats: &mut Vec<String>, sets: &mut Vec<String>) {
    if !schema.is_object() {
        return;
    }
    let format = text(&schema["format"]);
    let known = match text(&schema["type"]) {
        "" | "string" => is_known_format(format),
        "integer" => matches!(format, "int32" | "int64"),
        "number" => matches!(format, "float" | "double"),
        _ => false,
    };
    if !format.is_empty() && !known {
        formats.push(format!("unrecognized format {}", shown(&format.into())));
    }
    let kind = text(&schema["items"]["type"]);
    if schema["x-kubernetes-list-type"] == "set" && matches!(kind, "object" | "array") {
        sets.push(format!(
            "x-kubernetes-list-type: set for items of type \"{kind}\" is not supported by server-side apply or CEL validation rules"
        ));
    }
    for name in ["items", "not", "additionalProperties"] {
        warn(&schema[name], formats, sets);
    }
    for name in ["allOf", "anyOf", "oneOf"] {
        list(&schema[name]).iter().for_each(|it| warn(it, formats, sets));
    }
    for inner in schema["properties"].as_object().into_iter().flat_map(|it| it.values()) {
        warn(inner, formats, sets);
    }
}

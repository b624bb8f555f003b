//! Parts of a definition as the real server's own types print them into messages: every field of the Go struct, in its order.

use std::fmt::Write as _;

use serde_json::Value;

use super::{all_same, list};
use crate::failure::shown;

/// Of a Go struct: its field, the JSON member and what it is when it is not set.
type Fields = &'static [(&'static str, &'static str, Form)];

#[derive(Clone, Copy)]
enum Form {
    Text,
    Flag,
    /// Printed as it is, `null` when it is not set.
    Plain,
    Schema,
    Schemas,
    SchemaMap,
    SchemaOrBool,
    Items,
    Rules,
}

const SCHEMA: Fields = &[
    ("ID", "id", Form::Text),
    ("Schema", "$schema", Form::Text),
    ("Ref", "$ref", Form::Plain),
    ("Description", "description", Form::Text),
    ("Type", "type", Form::Text),
    ("Nullable", "nullable", Form::Flag),
    ("Format", "format", Form::Text),
    ("Title", "title", Form::Text),
    ("Default", "default", Form::Plain),
    ("Maximum", "maximum", Form::Plain),
    ("ExclusiveMaximum", "exclusiveMaximum", Form::Flag),
    ("Minimum", "minimum", Form::Plain),
    ("ExclusiveMinimum", "exclusiveMinimum", Form::Flag),
    ("MaxLength", "maxLength", Form::Plain),
    ("MinLength", "minLength", Form::Plain),
    ("Pattern", "pattern", Form::Text),
    ("MaxItems", "maxItems", Form::Plain),
    ("MinItems", "minItems", Form::Plain),
    ("UniqueItems", "uniqueItems", Form::Flag),
    ("MultipleOf", "multipleOf", Form::Plain),
    ("Enum", "enum", Form::Plain),
    ("MaxProperties", "maxProperties", Form::Plain),
    ("MinProperties", "minProperties", Form::Plain),
    ("Required", "required", Form::Plain),
    ("Items", "items", Form::Items),
    ("AllOf", "allOf", Form::Schemas),
    ("OneOf", "oneOf", Form::Schemas),
    ("AnyOf", "anyOf", Form::Schemas),
    ("Not", "not", Form::Schema),
    ("Properties", "properties", Form::SchemaMap),
    ("AdditionalProperties", "additionalProperties", Form::SchemaOrBool),
    ("PatternProperties", "patternProperties", Form::SchemaMap),
    ("Dependencies", "dependencies", Form::Plain),
    ("AdditionalItems", "additionalItems", Form::SchemaOrBool),
    ("Definitions", "definitions", Form::SchemaMap),
    ("ExternalDocs", "externalDocs", Form::Plain),
    ("Example", "example", Form::Plain),
    ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields", Form::Plain),
    ("XEmbeddedResource", "x-kubernetes-embedded-resource", Form::Flag),
    ("XIntOrString", "x-kubernetes-int-or-string", Form::Flag),
    ("XListMapKeys", "x-kubernetes-list-map-keys", Form::Plain),
    ("XListType", "x-kubernetes-list-type", Form::Plain),
    ("XMapType", "x-kubernetes-map-type", Form::Plain),
    ("XValidations", "x-kubernetes-validations", Form::Rules),
];

const RULE: Fields = &[
    ("Rule", "rule", Form::Text),
    ("Message", "message", Form::Text),
    ("MessageExpression", "messageExpression", Form::Text),
    ("Reason", "reason", Form::Plain),
    ("FieldPath", "fieldPath", Form::Text),
    ("OptionalOldSelf", "optionalOldSelf", Form::Plain),
];

const COLUMN: Fields = &[
    ("Name", "name", Form::Text),
    ("Type", "type", Form::Text),
    ("Format", "format", Form::Text),
    ("Description", "description", Form::Text),
    ("Priority", "priority", Form::Plain),
    ("JSONPath", "jsonPath", Form::Text),
];

/// JSON as Go writes it: `<`, `>` and `&` are escaped.
fn json(value: &Value) -> String {
    let mut out = String::new();
    for it in shown(value).chars() {
        match it {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(it));
            }
            it => out.push(it),
        }
    }
    out
}

fn many<'a>(all: impl Iterator<Item = &'a Value>, one: impl Fn(&Value) -> String) -> String {
    format!("[{}]", all.map(one).collect::<Vec<_>>().join(","))
}

fn write(value: &Value, fields: Fields) -> String {
    let mut out = String::from("{");
    for (index, (go, name, form)) in fields.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let given = value.get(name).filter(|it| !it.is_null());
        let text = match (form, given) {
            (Form::Text, it) => json(it.unwrap_or(&Value::from(""))),
            (Form::Flag, it) => (it == Some(&Value::Bool(true))).to_string(),
            (_, None) => if *go == "Priority" { "0" } else { "null" }.to_owned(),
            (Form::Plain, Some(it)) => json(it),
            (Form::Schema, Some(it)) => schema(it),
            (Form::Schemas, Some(it)) => many(list(it).iter(), schema),
            (Form::SchemaMap, Some(it)) => {
                let all = it.as_object().into_iter().flatten();
                let mut all: Vec<String> =
                    all.map(|(name, it)| format!("{}:{}", json(&name.as_str().into()), schema(it))).collect();
                all.sort();
                format!("{{{}}}", all.join(","))
            }
            (Form::SchemaOrBool, Some(Value::Bool(it))) => format!("{{\"Allows\":{it},\"Schema\":null}}"),
            (Form::SchemaOrBool, Some(it)) => format!("{{\"Allows\":true,\"Schema\":{}}}", schema(it)),
            (Form::Items, Some(Value::Array(it))) => {
                format!("{{\"Schema\":null,\"JSONSchemas\":{}}}", many(it.iter(), schema))
            }
            (Form::Items, Some(it)) => format!("{{\"Schema\":{},\"JSONSchemas\":null}}", schema(it)),
            (Form::Rules, Some(it)) => many(list(it).iter(), rule),
        };
        let _ = write!(out, "\"{go}\":{text}");
    }
    out.push('}');
    out
}

/// A schema.
pub(crate) fn schema(value: &Value) -> String {
    write(value, SCHEMA)
}

/// A CEL rule.
pub(crate) fn rule(value: &Value) -> String {
    write(value, RULE)
}

/// The versions of a definition. What they share was moved to the top.
pub(crate) fn versions(given: &Value) -> String {
    if given.is_null() {
        return "null".to_owned();
    }
    let all = list(given);
    let own = |it: &Value, member: &str, form: &dyn Fn(&Value) -> String| match it.get(member) {
        Some(value) if !value.is_null() && !all_same(all, member) => form(value),
        _ => "null".to_owned(),
    };
    many(all.iter(), |it| {
        let flag = |name: &str| it[name] == true;
        let holder = |it: &Value| match it["openAPIV3Schema"].is_object() {
            true => format!("{{\"OpenAPIV3Schema\":{}}}", schema(&it["openAPIV3Schema"])),
            false => "{\"OpenAPIV3Schema\":null}".to_owned(),
        };
        let scale = |it: &Value| match it["scale"].is_object() {
            true => format!(
                "{{\"SpecReplicasPath\":{},\"StatusReplicasPath\":{},\"LabelSelectorPath\":{}}}",
                json(&it["scale"]["specReplicasPath"]),
                json(&it["scale"]["statusReplicasPath"]),
                json(&it["scale"]["labelSelectorPath"])
            ),
            false => "null".to_owned(),
        };
        let subresources = |it: &Value| {
            let status = if it["status"].is_object() { "{}" } else { "null" };
            format!("{{\"Status\":{status},\"Scale\":{}}}", scale(it))
        };
        format!(
            "{{\"Name\":{},\"Served\":{},\"Storage\":{},\"Deprecated\":{},\"DeprecationWarning\":{},\"Schema\":{},\"Subresources\":{},\"AdditionalPrinterColumns\":{},\"SelectableFields\":{}}}",
            json(&Value::from(it["name"].as_str().unwrap_or_default())),
            flag("served"),
            flag("storage"),
            flag("deprecated"),
            json(&it["deprecationWarning"]),
            own(it, "schema", &holder),
            own(it, "subresources", &subresources),
            own(it, "additionalPrinterColumns", &|it| many(list(it).iter(), |it| write(it, COLUMN))),
            own(it, "selectableFields", &|it| many(list(it).iter(), |it| {
                format!("{{\"JSONPath\":{}}}", json(&it["jsonPath"]))
            })),
        )
    })
}

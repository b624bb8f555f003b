//! A folder of OpenAPI v3 documents reduced to what users of a client see: verbs by path, and schemas with fields, types,
//! required members and enums. It is read for comparing only and shares nothing with the generator.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::failure::{Context, Failure, Result};
use crate::{files, workspace};

/// All documents of a folder as one.
#[derive(Debug, Default)]
pub(crate) struct Model {
    /// The documents' names without `.json`.
    pub(crate) documents: BTreeSet<String>,
    /// `GET /api/v1/pods` and its like.
    pub(crate) verbs: BTreeSet<String>,
    /// Schemas by name.
    pub(crate) schemas: BTreeMap<String, Schema>,
}

/// One schema.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Schema {
    /// `apps/v1 Deployment`, if it is a kind with exactly one place.
    pub(crate) kind: Option<String>,
    /// What it is if it has no fields.
    pub(crate) form: Field,
    /// Its fields.
    pub(crate) fields: BTreeMap<String, Field>,
}

/// One field, or a schema that is not an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Field {
    /// `string`, `[]Container`, `map[string]Quantity`, …
    pub(crate) form: String,
    /// Whether the object lists it as required.
    pub(crate) required: bool,
    /// The permitted values, where there is a list.
    pub(crate) values: BTreeSet<String>,
    /// Its list or map type with merge keys, as for server-side apply.
    pub(crate) topology: String,
}

impl Model {
    /// Reads every `.json` file of a folder.
    pub(crate) fn of_folder(folder: &Path) -> Result<Self> {
        let mut named = BTreeMap::new();
        for name in files::names(folder)? {
            if name.ends_with(".json") {
                named.insert(name.clone(), files::read(&folder.join(&name))?);
            }
        }
        if named.is_empty() {
            return Err(Failure::new(format!("{} holds no OpenAPI document", workspace::shown(folder)))
                .help("give a folder of .json files as specs/kubernetes or target/specs/1.N.P/kubernetes"));
        }
        Self::of_files(&named, &workspace::shown(folder))
    }

    /// Reads documents by file name; `place` is for errors.
    pub(crate) fn of_files(named: &BTreeMap<String, Vec<u8>>, place: &str) -> Result<Self> {
        let mut model = Self::default();
        // The same schema (ObjectMeta, say) stands in many documents, and in older ones an older form of it.
        let mut origin: BTreeMap<String, Rank> = BTreeMap::new();
        for (name, bytes) in named {
            let document: Value =
                serde_json::from_slice(bytes).context(|| format!("{place}/{name} is not JSON"))?;
            if document.get("openapi").is_none() {
                return Err(Failure::new(format!("{place}/{name} is not an OpenAPI v3 document")));
            }
            model.documents.insert(name.trim_end_matches(".json").to_owned());
            for (path, item) in members(&document["paths"]) {
                let verbs = ["get", "put", "post", "delete", "patch", "head", "options"];
                for verb in verbs.into_iter().filter(|verb| item.get(verb).is_some()) {
                    model.verbs.insert(format!("{} {path}", verb.to_uppercase()));
                }
            }
            let rank = rank(&document);
            for (schema, value) in members(&document["components"]["schemas"]) {
                if origin.get(schema).is_none_or(|known| *known < rank) {
                    origin.insert(schema.clone(), rank);
                    model.schemas.insert(schema.clone(), Schema::of(value));
                }
            }
        }
        Ok(model)
    }
}

/// How new a document is: servers write their version into it, the module's files do not.
type Rank = (u32, u32);

fn rank(document: &Value) -> Rank {
    let version = document["info"]["version"].as_str().unwrap_or_default().trim_start_matches('v');
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

impl Schema {
    fn of(value: &Value) -> Self {
        let kind = match value["x-kubernetes-group-version-kind"].as_array().map(Vec::as_slice) {
            Some([one]) => {
                let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
                let (group, version) = (text("group"), text("version"));
                let slash = if group.is_empty() { "" } else { "/" };
                Some(format!("{group}{slash}{version} {}", text("kind")))
            }
            _ => None,
        };
        let required: BTreeSet<&str> =
            value["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let fields = members(&value["properties"])
            .map(|(name, field)| (name.clone(), Field::of(field, required.contains(name.as_str()))))
            .collect();
        Self { kind, form: Field::of(value, false), fields }
    }
}

impl Field {
    fn of(value: &Value, required: bool) -> Self {
        let extension = |name: &str| value[format!("x-kubernetes-{name}")].as_str().unwrap_or_default();
        let keys: Vec<&str> = value["x-kubernetes-list-map-keys"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let topology = [extension("list-type"), extension("map-type"), &keys.join(",")]
            .iter()
            .filter(|part| !part.is_empty())
            .map(|part| part.to_string())
            .collect::<Vec<_>>()
            .join(" ");
        Self { form: form(value), required, values: values(value), topology }
    }
}

/// The permitted values, also those of a list's items or a map's values.
fn values(value: &Value) -> BTreeSet<String> {
    for inner in [&value["enum"], &value["items"]["enum"], &value["additionalProperties"]["enum"]] {
        if let Some(list) = inner.as_array() {
            return list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
    }
    BTreeSet::new()
}

fn form(value: &Value) -> String {
    if let Some(reference) = reference(value) {
        return reference.rsplit('/').next().unwrap_or(reference).to_owned();
    }
    if let Some(Value::Array(all)) = value.get("allOf")
        && let [one] = all.as_slice()
    {
        return form(one);
    }
    if value["x-kubernetes-int-or-string"] == true || value["format"] == "int-or-string" {
        return "int-or-string".to_owned();
    }
    match value["type"].as_str() {
        Some("array") => format!("[]{}", form(&value["items"])),
        Some("object") if value["additionalProperties"].is_object() => {
            format!("map[string]{}", form(&value["additionalProperties"]))
        }
        Some(name) => match value["format"].as_str() {
            Some(format) => format!("{name}({format})"),
            None => name.to_owned(),
        },
        None => match value["oneOf"].as_array() {
            Some(choices) => choices.iter().map(form).collect::<Vec<_>>().join(" or "),
            None => "any".to_owned(),
        },
    }
}

fn reference(value: &Value) -> Option<&str> {
    value.get("$ref")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn forms_are_written_as_people_say_them() {
        for (schema, expected) in [
            (json!({"type": "string"}), "string"),
            (json!({"type": "string", "format": "date-time"}), "string(date-time)"),
            (json!({"$ref": "#/components/schemas/io.k8s.X"}), "io.k8s.X"),
            (json!({"allOf": [{"$ref": "#/components/schemas/io.k8s.X"}], "default": {}}), "io.k8s.X"),
            (json!({"type": "array", "items": {"type": "string"}}), "[]string"),
            (json!({"type": "object", "additionalProperties": {"type": "integer"}}), "map[string]integer"),
            (json!({"type": "object"}), "object"),
            (json!({"oneOf": [{"type": "string"}, {"type": "number"}]}), "string or number"),
            (json!({}), "any"),
        ] {
            assert_eq!(form(&schema), expected);
        }
    }

    #[test]
    fn the_newest_document_tells_what_a_shared_schema_is() {
        let document = |version: &str, field: &str| {
            let schemas = json!({"S": {"properties": {field: {"type": "string"}}}});
            let text =
                json!({"openapi": "3.0.0", "info": {"version": version}, "components": {"schemas": schemas}});
            text.to_string().into_bytes()
        };
        let files =
            [("a.json", ("unversioned", "old")), ("b.json", ("1.37", "new")), ("c.json", ("1.9", "older"))]
                .map(|(name, (version, field))| (name.to_owned(), document(version, field)));
        let model = Model::of_files(&files.into(), "test").unwrap();
        assert!(model.schemas["S"].fields.contains_key("new"), "{model:?}");
    }

    #[test]
    fn a_broken_document_is_named() {
        let files = [("a.json".to_owned(), b"{".to_vec())].into();
        let error = Model::of_files(&files, "there").unwrap_err().to_string();
        assert!(error.contains("there/a.json"), "{error}");
    }
}

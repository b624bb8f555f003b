//! Schemas: what an OpenAPI document or a CRD says about an object, in the form that the server walks.
//!
//! One type serves the built-in kinds and custom resources. What is done with it (pruning, defaulting, validation,
//! merging) lives in the modules beside it.

pub(crate) mod builtin;
pub(crate) mod defaults;
pub(crate) mod forms;
pub(crate) mod go_regex;
pub(crate) mod prune;
pub(crate) mod rules;
pub(crate) mod types;
pub(crate) mod validate;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

/// How the items of a list are told apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum ListKind {
    #[default]
    Atomic,
    Set,
    Map(Vec<String>),
}

/// One node.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    /// Its own name, when it is a built-in type.
    pub(crate) name: Option<&'static str>,
    /// Another type by name, of the built-in ones.
    reference: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) format: Option<String>,
    pub(crate) properties: BTreeMap<String, Arc<Schema>>,
    pub(crate) additional: Option<Arc<Schema>>,
    pub(crate) items: Option<Arc<Schema>>,
    pub(crate) required: Vec<String>,
    pub(crate) values: Vec<Value>,
    pub(crate) default: Option<Value>,
    pub(crate) nullable: bool,
    pub(crate) list: ListKind,
    pub(crate) atomic_map: bool,
    /// A member whose type is atomic elsewhere.
    granular: bool,
    pub(crate) preserve_unknown: bool,
    pub(crate) int_or_string: bool,
    pub(crate) embedded: bool,
    /// Strategic merge patch: how, and by which key.
    pub(crate) patch_strategy: Option<String>,
    pub(crate) patch_merge_key: Option<String>,
    /// Of a CRD: what values must fulfil besides their types.
    pub(crate) rules: rules::Rules,
    /// Of a CRD's root: what it says itself about `metadata`, `apiVersion` and `kind`.
    pub(crate) declared: BTreeMap<String, Arc<Schema>>,
    /// Whether this is the whole of a custom resource.
    pub(crate) is_resource: bool,
    /// Of a CRD: Go's zero values are no part of its objects.
    pub(crate) custom: bool,
}

impl Schema {
    /// Reads a node; unknown keywords are left to validation.
    pub(crate) fn read(value: &Value, custom: bool) -> Schema {
        let mut schema = Schema { custom, ..Schema::default() };
        let Some(all) = value.as_object() else { return schema };
        let text = |key: &str| all.get(key).and_then(Value::as_str).map(str::to_owned);
        let flag = |key: &str| all.get(key).and_then(Value::as_bool).unwrap_or(false);
        let child =
            |key: &str| all.get(key).filter(|it| it.is_object()).map(|it| Arc::new(Schema::read(it, custom)));
        schema.reference = text("$ref");
        schema.kind = text("type");
        schema.format = text("format");
        if let Some(properties) = all.get("properties").and_then(Value::as_object) {
            schema.properties = properties
                .iter()
                .map(|(name, it)| (name.clone(), Arc::new(Schema::read(it, custom))))
                .collect();
        }
        schema.additional = child("additionalProperties");
        if all.get("additionalProperties").and_then(Value::as_bool) == Some(true) {
            schema.additional = Some(Arc::new(if custom {
                Schema::nothing()
            } else {
                Schema { preserve_unknown: true, ..Schema::default() }
            }));
        }
        schema.items = child("items");
        schema.required = strings(all.get("required"));
        schema.values = all.get("enum").and_then(Value::as_array).cloned().unwrap_or_default();
        schema.default = all.get("default").filter(|it| !it.is_null()).cloned();
        schema.nullable = flag("nullable");
        schema.list = match all.get("x-kubernetes-list-type").and_then(Value::as_str) {
            Some("set") => ListKind::Set,
            Some("map") => ListKind::Map(strings(all.get("x-kubernetes-list-map-keys"))),
            _ => ListKind::Atomic,
        };
        schema.atomic_map = text("x-kubernetes-map-type").as_deref() == Some("atomic");
        schema.granular = text("x-kubernetes-map-type").as_deref() == Some("granular");
        schema.preserve_unknown = flag("x-kubernetes-preserve-unknown-fields");
        schema.int_or_string = flag("x-kubernetes-int-or-string");
        schema.embedded = flag("x-kubernetes-embedded-resource");
        schema.patch_strategy = text("x-kubernetes-patch-strategy");
        schema.patch_merge_key = text("x-kubernetes-patch-merge-key");
        if custom {
            schema.rules = rules::Rules::read(all);
        }
        schema
    }

    /// A part of a custom resource about which nothing is said, whose members nobody knows.
    pub(crate) fn nothing() -> Schema {
        Schema { custom: true, ..Schema::default() }
    }

    /// An object of a custom resource with one member.
    pub(crate) fn holding(name: &str, member: Arc<Schema>) -> Schema {
        let properties = BTreeMap::from([(name.to_owned(), member)]);
        Schema { kind: Some("object".to_owned()), custom: true, properties, ..Schema::default() }
    }

    /// The schema of a member, whether declared or by `additionalProperties`.
    pub(crate) fn member(self: &Arc<Self>, name: &str) -> Option<Arc<Schema>> {
        let this = self.resolved();
        if let Some(member) = this.properties.get(name).or(this.additional.as_ref()) {
            return Some(member.clone());
        }
        match (this.embedded, name) {
            (true, "apiVersion" | "kind") => {
                Some(Arc::new(Schema { kind: Some("string".to_owned()), custom: true, ..Schema::default() }))
            }
            (true, "metadata") => builtin::named(builtin::OBJECT_META),
            _ => None,
        }
    }

    /// Whether a node (resolved) names this member itself.
    pub(crate) fn declares(&self, name: &str) -> bool {
        self.properties.contains_key(name)
            || (self.embedded && matches!(name, "apiVersion" | "kind" | "metadata"))
    }

    pub(crate) fn item(self: &Arc<Self>) -> Option<Arc<Schema>> {
        self.resolved().items.clone()
    }

    /// The node itself, or the type that it names.
    pub(crate) fn resolved(self: &Arc<Self>) -> Arc<Schema> {
        match &self.reference {
            None => self.clone(),
            Some(name) if self.granular => builtin::granular(name).unwrap_or_else(|| self.clone()),
            Some(name) => builtin::named(name).unwrap_or_else(|| self.clone()),
        }
    }

    /// A type that says nothing about its inside: raw JSON, a time, a quantity.
    pub(crate) fn is_opaque(&self) -> bool {
        self.properties.is_empty() && self.additional.is_none() && self.items.is_none()
    }

    /// Whether it is nothing but this other type.
    pub(crate) fn refers_to(&self, name: &str) -> bool {
        self.reference.as_deref() == Some(name)
    }

    /// A part of a custom resource about which nothing is said.
    pub(crate) fn is_silent(&self) -> bool {
        self.custom && self.kind.is_none() && !self.preserve_unknown && !self.int_or_string
    }

    /// Raw JSON, where null is a value like any other.
    pub(crate) fn is_raw(&self) -> bool {
        self.kind.is_none() && self.reference.as_deref().is_none_or(|it| it.ends_with(".JSON"))
    }

    /// Gives a node its `metadata`, `apiVersion` and `kind`, which a CRD leaves out.
    pub(crate) fn into_resource(mut self) -> Schema {
        self.is_resource = true;
        let declared = ["apiVersion", "kind", "metadata"].into_iter();
        self.declared =
            declared.filter_map(|name| Some((name.to_owned(), self.properties.remove(name)?))).collect();
        let string = |custom| Arc::new(Schema { kind: Some("string".into()), custom, ..Schema::default() });
        self.properties.insert("apiVersion".to_owned(), string(self.custom));
        self.properties.insert("kind".to_owned(), string(self.custom));
        let meta = Schema { reference: Some(builtin::OBJECT_META.to_owned()), ..Schema::default() };
        self.properties.insert("metadata".to_owned(), Arc::new(meta));
        self
    }
}

pub(crate) fn strings(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;

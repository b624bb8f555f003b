//! The values of the language: made of JSON as the schema says, compared, printed.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::functions::semver::Semver;
use super::time;
use super::types::{self, escape};
use super::url::Url;
use crate::kinds::quantity::Quantity;
use crate::schema::{ListKind, Schema};

/// A key of a map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Bool(bool),
    Int(i64),
    /// Beyond what an int can hold.
    Uint(u64),
    Text(Arc<str>),
}

/// A list, and how its items are told apart when lists are compared.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) items: Vec<Val>,
    pub(crate) kind: ListKind,
}

/// A value.
#[derive(Debug, Clone)]
pub(crate) enum Val {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Arc<str>),
    Bytes(Arc<[u8]>),
    /// In nanoseconds.
    Duration(i64),
    Time(Timestamp),
    List(Arc<List>),
    Map(Arc<BTreeMap<Key, Val>>),
    /// By escaped names.
    Object(Arc<BTreeMap<String, Val>>),
    Optional(Option<Arc<Val>>),
    Type(&'static str),
    Ip(IpAddr),
    Cidr(IpAddr, u8),
    Url(Arc<Url>),
    Quantity(Quantity),
    Semver(Arc<Semver>),
    Format(&'static str),
}

impl Val {
    pub(crate) fn text(text: &str) -> Val {
        Val::Text(Arc::from(text))
    }

    pub(crate) fn list(items: Vec<Val>) -> Val {
        Val::List(Arc::new(List { items, kind: ListKind::Atomic }))
    }

    pub(crate) fn some(value: Val) -> Val {
        Val::Optional(Some(Arc::new(value)))
    }

    pub(crate) fn key(&self) -> Option<Key> {
        Some(match self {
            Val::Bool(it) => Key::Bool(*it),
            Val::Int(it) => Key::Int(*it),
            Val::Uint(it) => i64::try_from(*it).map_or(Key::Uint(*it), Key::Int),
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
            Val::Double(it) if it.fract() == 0.0 && it.abs() < 9e15 => Key::Int(*it as i64),
            Val::Text(it) => Key::Text(it.clone()),
            _ => return None,
        })
    }

    /// How much work it is to look at all of it.
    pub(crate) fn weight(&self) -> u64 {
        match self {
            Val::Text(it) => it.len() as u64 / 10 + 1,
            Val::Bytes(it) => it.len() as u64 / 10 + 1,
            Val::List(it) => it.items.len() as u64 + 1,
            Val::Map(it) => it.len() as u64 + 1,
            Val::Object(it) => it.len() as u64 + 1,
            _ => 1,
        }
    }

    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Val::Null => "null_type",
            Val::Bool(_) => "bool",
            Val::Int(_) => "int",
            Val::Uint(_) => "uint",
            Val::Double(_) => "double",
            Val::Text(_) => "string",
            Val::Bytes(_) => "bytes",
            Val::Duration(_) => "google.protobuf.Duration",
            Val::Time(_) => "google.protobuf.Timestamp",
            Val::List(_) => "list",
            Val::Map(_) => "map",
            Val::Object(_) => "object",
            Val::Optional(_) => "optional_type",
            Val::Type(_) => "type",
            Val::Ip(_) => "net.IP",
            Val::Cidr(..) => "net.CIDR",
            Val::Url(_) => "kubernetes.URL",
            Val::Quantity(_) => "kubernetes.Quantity",
            Val::Semver(_) => "kubernetes.Semver",
            Val::Format(_) => "kubernetes.NamedFormat",
        }
    }

    /// The value of a schema's JSON. What the schema does not know is not there.
    pub(crate) fn of_json(value: &Value, schema: &Arc<Schema>, is_resource: bool) -> Val {
        match value {
            Value::Null => Val::Null,
            Value::Bool(it) => Val::Bool(*it),
            Value::Number(it) => match (it.as_i64(), schema.kind.as_deref()) {
                (Some(it), kind) if kind != Some("number") || schema.int_or_string => Val::Int(it),
                _ => Val::Double(it.as_f64().unwrap_or_default()),
            },
            Value::String(it) => text_of(it, schema),
            Value::Array(items) => {
                let nothing = || Arc::new(Schema::nothing());
                let inner = schema.items.clone().unwrap_or_else(nothing);
                let items = items.iter().map(|it| Val::of_json(it, &inner, inner.embedded)).collect();
                Val::List(Arc::new(List { items, kind: schema.list.clone() }))
            }
            Value::Object(all) => {
                if let (false, Some(inner)) = (is_resource, schema.additional.as_ref()) {
                    let pairs = all.iter().map(|(name, it)| {
                        (Key::Text(Arc::from(name.as_str())), Val::of_json(it, inner, inner.embedded))
                    });
                    return Val::Map(Arc::new(pairs.collect()));
                }
                let metadata = types::metadata();
                let pairs = all.iter().filter_map(|(name, it)| {
                    let value = match (is_resource, name.as_str()) {
                        (true, "metadata") => Val::of_json(it, &metadata, false),
                        (true, "kind" | "apiVersion") => Val::text(it.as_str().unwrap_or_default()),
                        _ => {
                            let inner = schema.properties.get(name)?;
                            Val::of_json(it, inner, inner.embedded)
                        }
                    };
                    // Names that cannot be written are not seen.
                    Some((escape(name)?, value))
                });
                Val::Object(Arc::new(pairs.collect()))
            }
        }
    }
}

fn text_of(text: &str, schema: &Schema) -> Val {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let of_format = match schema.format.as_deref().filter(|_| !schema.int_or_string) {
        Some("byte") => STANDARD.decode(text).ok().map(|it| Val::Bytes(it.into())),
        Some("duration") => time::duration(text).map(Val::Duration),
        Some("date-time") => time::timestamp(text).map(Val::Time),
        Some("date") => time::timestamp(&format!("{text}T00:00:00Z")).map(Val::Time),
        _ => None,
    };
    of_format.unwrap_or_else(|| Val::text(text))
}

/// Whether two values are the same. Numbers are compared by what they are worth.
pub(crate) fn same(one: &Val, other: &Val) -> bool {
    match (one, other) {
        (Val::Null, Val::Null) => true,
        (Val::Bool(one), Val::Bool(other)) => one == other,
        (Val::Text(one), Val::Text(other)) => one == other,
        (Val::Bytes(one), Val::Bytes(other)) => one == other,
        (Val::List(one), Val::List(other)) => same_lists(one, other),
        (Val::Map(one), Val::Map(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, it)| other.get(key).is_some_and(|other| same(it, other)))
        }
        (Val::Object(one), Val::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, it)| other.get(key).is_some_and(|other| same(it, other)))
        }
        (Val::Optional(one), Val::Optional(other)) => match (one, other) {
            (Some(one), Some(other)) => same(one, other),
            (None, None) => true,
            _ => false,
        },
        (Val::Type(one), Val::Type(other)) | (Val::Format(one), Val::Format(other)) => one == other,
        (Val::Ip(one), Val::Ip(other)) => one == other,
        (Val::Cidr(one, bits), Val::Cidr(other, other_bits)) => one == other && bits == other_bits,
        (Val::Url(one), Val::Url(other)) => one == other,
        (one, other) => compare(one, other) == Some(Ordering::Equal),
    }
}

fn same_lists(one: &List, other: &List) -> bool {
    if one.items.len() != other.items.len() {
        return false;
    }
    match (&one.kind, &other.kind) {
        (ListKind::Set | ListKind::Map(_), _) | (_, ListKind::Set | ListKind::Map(_)) => {
            one.items.iter().all(|it| other.items.iter().any(|other| same(it, other)))
        }
        _ => one.items.iter().zip(&other.items).all(|(one, other)| same(one, other)),
    }
}

/// The keys of an item of a map list.
fn keys_of(item: &Val, keys: &[String]) -> Vec<Option<Val>> {
    let Val::Object(all) = item else { return Vec::new() };
    keys.iter().map(|it| all.get(&escape(it)?).cloned()).collect()
}

/// Two lists as one: sets without repeating, map lists with the later items in the place of earlier ones.
pub(crate) fn joined(one: &List, other: &List) -> List {
    let mut items = one.items.clone();
    match &one.kind {
        ListKind::Atomic => items.extend(other.items.iter().cloned()),
        ListKind::Set => {
            for item in &other.items {
                if !items.iter().any(|it| same(it, item)) {
                    items.push(item.clone());
                }
            }
        }
        ListKind::Map(keys) => {
            for item in &other.items {
                let wanted = keys_of(item, keys);
                let fits = |it: &&mut Val| {
                    let found = keys_of(it, keys);
                    found.len() == wanted.len()
                        && found.iter().zip(&wanted).all(|pair| match pair {
                            (Some(one), Some(other)) => same(one, other),
                            (one, other) => one.is_none() && other.is_none(),
                        })
                };
                match items.iter_mut().find(fits) {
                    Some(place) => *place = item.clone(),
                    None => items.push(item.clone()),
                }
            }
        }
    }
    List { items, kind: one.kind.clone() }
}

/// The order of two values that have one.
#[expect(clippy::cast_precision_loss, reason = "numbers of different types are compared as doubles")]
pub(crate) fn compare(one: &Val, other: &Val) -> Option<Ordering> {
    match (one, other) {
        (Val::Int(one), Val::Int(other)) => Some(one.cmp(other)),
        (Val::Uint(one), Val::Uint(other)) => Some(one.cmp(other)),
        (Val::Double(one), Val::Double(other)) => one.partial_cmp(other),
        (Val::Int(one), Val::Uint(other)) => Some(i128::from(*one).cmp(&i128::from(*other))),
        (Val::Uint(one), Val::Int(other)) => Some(i128::from(*one).cmp(&i128::from(*other))),
        (Val::Int(one), Val::Double(other)) => (*one as f64).partial_cmp(other),
        (Val::Double(one), Val::Int(other)) => one.partial_cmp(&(*other as f64)),
        (Val::Uint(one), Val::Double(other)) => (*one as f64).partial_cmp(other),
        (Val::Double(one), Val::Uint(other)) => one.partial_cmp(&(*other as f64)),
        (Val::Text(one), Val::Text(other)) => Some(one.cmp(other)),
        (Val::Bytes(one), Val::Bytes(other)) => Some(one.cmp(other)),
        (Val::Bool(one), Val::Bool(other)) => Some(one.cmp(other)),
        (Val::Duration(one), Val::Duration(other)) => Some(one.cmp(other)),
        (Val::Time(one), Val::Time(other)) => Some(one.cmp(other)),
        (Val::Quantity(one), Val::Quantity(other)) => one.partial_cmp(other),
        (Val::Semver(one), Val::Semver(other)) => Some(one.order(other)),
        _ => None,
    }
}

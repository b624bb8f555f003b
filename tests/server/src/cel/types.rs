//! The types of expressions, those of schemas among them, and when one fits another.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::parse;
use crate::schema::Schema;

/// A type.
#[derive(Debug, Clone)]
pub(crate) enum Type {
    Dyn,
    /// Of what is wrong already.
    Error,
    Null,
    /// `bool`, `int`, `string`, …, and Kubernetes' own (`quantity`, `ip`).
    Plain(&'static str),
    List(Box<Type>),
    Map(Box<Type>, Box<Type>),
    Optional(Box<Type>),
    Of(Box<Type>),
    /// An object of a schema; at the root of a resource it has kind, apiVersion and the name too.
    Object(Arc<Schema>, bool),
    /// Not known yet.
    Variable(usize),
}

/// The types that have no parts, with the names that the real server prints.
const PLAIN: &[(&str, &str)] = &[
    ("bool", "bool"),
    ("int", "int"),
    ("uint", "uint"),
    ("double", "double"),
    ("string", "string"),
    ("bytes", "bytes"),
    ("duration", "duration"),
    ("timestamp", "timestamp"),
    ("quantity", "kubernetes.Quantity"),
    ("ip", "net.IP"),
    ("cidr", "net.CIDR"),
    ("url", "kubernetes.URL"),
    ("semver", "kubernetes.Semver"),
    ("format", "kubernetes.NamedFormat"),
];

pub(crate) const BOOL: Type = Type::Plain("bool");
pub(crate) const INT: Type = Type::Plain("int");
pub(crate) const STRING: Type = Type::Plain("string");

impl Type {
    pub(crate) fn list(of: Type) -> Type {
        Type::List(Box::new(of))
    }

    pub(crate) fn map(key: Type, value: Type) -> Type {
        Type::Map(Box::new(key), Box::new(value))
    }

    pub(crate) fn optional(of: Type) -> Type {
        Type::Optional(Box::new(of))
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        matches!(self, Type::Plain(it) if *it == name)
    }

    /// The type of the values of a schema; `None` where rules cannot see them.
    pub(crate) fn of_schema(schema: &Arc<Schema>, is_resource: bool) -> Option<Type> {
        if schema.int_or_string {
            return Some(Type::Dyn);
        }
        Some(match schema.kind.as_deref()? {
            "array" => {
                let items = schema.items.as_ref()?;
                Type::list(Type::of_schema(items, items.embedded)?)
            }
            "object" => match &schema.additional {
                Some(it) if !it.is_silent() => Type::map(STRING, Type::of_schema(it, it.embedded)?),
                _ => Type::Object(schema.clone(), is_resource),
            },
            "string" => match schema.format.as_deref() {
                Some("byte") => Type::Plain("bytes"),
                Some("duration") => Type::Plain("duration"),
                Some("date" | "date-time") => Type::Plain("timestamp"),
                _ => STRING,
            },
            "boolean" => BOOL,
            "number" => Type::Plain("double"),
            "integer" => INT,
            _ => return None,
        })
    }

    /// The type of a field of an object, by its escaped name.
    pub(crate) fn field(schema: &Arc<Schema>, is_resource: bool, name: &str) -> Option<Type> {
        if let (true, Some(own)) = (is_resource, resource_field(name)) {
            return Some(own);
        }
        let (_, inner) = schema.properties.iter().find(|it| is_called(it.0, name))?;
        Type::of_schema(inner, inner.embedded)
    }
}

/// What every resource has.
fn resource_field(name: &str) -> Option<Type> {
    match name {
        "kind" | "apiVersion" => Some(STRING),
        "metadata" => Some(Type::Object(metadata(), false)),
        _ => None,
    }
}

/// Of metadata the names alone.
pub(crate) fn metadata() -> Arc<Schema> {
    static SCHEMA: OnceLock<Arc<Schema>> = OnceLock::new();
    let make = || {
        let text = serde_json::json!({"type": "string"});
        let names = serde_json::json!({"type": "object", "properties": {"name": text, "generateName": text}});
        Arc::new(Schema::read(&names, true))
    };
    SCHEMA.get_or_init(make).clone()
}

/// Whether a property is called so in rules: reserved words need no escape behind a dot.
fn is_called(property: &str, name: &str) -> bool {
    escape(property).is_some_and(|it| it == name || (property == name && it == format!("__{name}__")))
}

/// A property's name as rules write it; `None` for one that they cannot.
pub(crate) fn escape(name: &str) -> Option<String> {
    if name.starts_with(|it: char| it.is_ascii_digit()) || name.is_empty() {
        return None;
    }
    if parse::RESERVED.contains(&name) || matches!(name, "true" | "false" | "null" | "in") {
        return Some(format!("__{name}__"));
    }
    if !name.chars().all(|it| it.is_ascii_alphanumeric() || "_.-/".contains(it)) {
        return None;
    }
    let name = name.replace("__", "\u{0}");
    let name = name.replace('.', "__dot__").replace('-', "__dash__").replace('/', "__slash__");
    Some(name.replace('\u{0}', "__underscores__"))
}

impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Dyn | Type::Variable(_) => out.write_str("dyn"),
            Type::Error => out.write_str("!error!"),
            Type::Null => out.write_str("null"),
            Type::Plain(name) => {
                out.write_str(PLAIN.iter().find(|it| it.0 == *name).map_or(*name, |it| it.1))
            }
            Type::List(of) => write!(out, "list({of})"),
            Type::Map(key, value) => write!(out, "map({key}, {value})"),
            Type::Optional(of) => write!(out, "optional_type({of})"),
            Type::Of(of) => write!(out, "type({of})"),
            Type::Object(..) => out.write_str("object"),
        }
    }
}

/// What is known of the variables.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known(Vec<Option<Type>>);

impl Known {
    pub(crate) fn fresh(&mut self) -> Type {
        self.0.push(None);
        Type::Variable(self.0.len() - 1)
    }

    /// A type with what is known put in.
    pub(crate) fn resolve(&self, of: &Type) -> Type {
        match of {
            Type::Variable(index) => match self.0.get(*index) {
                Some(Some(it)) => self.resolve(it),
                _ => of.clone(),
            },
            Type::List(it) => Type::list(self.resolve(it)),
            Type::Map(key, value) => Type::map(self.resolve(key), self.resolve(value)),
            Type::Optional(it) => Type::optional(self.resolve(it)),
            Type::Of(it) => Type::Of(Box::new(self.resolve(it))),
            other => other.clone(),
        }
    }

    fn occurs(&self, index: usize, of: &Type) -> bool {
        match self.resolve(of) {
            Type::Variable(it) => it == index,
            Type::List(it) | Type::Optional(it) | Type::Of(it) => self.occurs(index, &it),
            Type::Map(key, value) => self.occurs(index, &key) || self.occurs(index, &value),
            _ => false,
        }
    }

    /// Whether a value of one type can stand where another is asked for; learns what variables must be.
    pub(crate) fn fits(&mut self, given: &Type, wanted: &Type) -> bool {
        let (given, wanted) = (self.resolve(given), self.resolve(wanted));
        match (&given, &wanted) {
            (Type::Variable(one), Type::Variable(other)) if one == other => true,
            (Type::Variable(index), other) | (other, Type::Variable(index)) => {
                if self.occurs(*index, other) {
                    return false;
                }
                if let Some(place) = self.0.get_mut(*index) {
                    *place = Some(other.clone());
                }
                true
            }
            (Type::Dyn | Type::Error, _) | (_, Type::Dyn | Type::Error) => true,
            (Type::Null, Type::Null) => true,
            (Type::Null, other) | (other, Type::Null) => match other {
                Type::Object(..) | Type::Optional(_) => true,
                Type::Plain(it) => !matches!(*it, "bool" | "int" | "uint" | "double" | "string" | "bytes"),
                _ => false,
            },
            (Type::Plain(one), Type::Plain(other)) => one == other,
            (Type::List(one), Type::List(other)) | (Type::Optional(one), Type::Optional(other)) => {
                self.fits(one, other)
            }
            // Types are compared whatever they are of.
            (Type::Of(_), Type::Of(_)) => true,
            (Type::Map(key, value), Type::Map(other_key, other)) => {
                self.fits(key, other_key) && self.fits(value, other)
            }
            (Type::Object(one, _), Type::Object(other, _)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

/// Reads a type as the table of functions writes it; `A` and `B` become these variables.
pub(crate) fn read(text: &str, variables: &[Type; 2]) -> Type {
    let inside = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(it) = inside("list") {
        return Type::list(read(it, variables));
    }
    if let Some(it) = inside("optional") {
        return Type::optional(read(it, variables));
    }
    if let Some(it) = inside("type") {
        return Type::Of(Box::new(read(it, variables)));
    }
    if let Some((key, value)) = inside("map").and_then(|it| it.split_once(';')) {
        return Type::map(read(key, variables), read(value, variables));
    }
    let [first, second] = variables;
    match text {
        "A" => first.clone(),
        "B" => second.clone(),
        "dyn" => Type::Dyn,
        name => PLAIN.iter().find(|it| it.0 == name).map_or(Type::Error, |it| Type::Plain(it.0)),
    }
}

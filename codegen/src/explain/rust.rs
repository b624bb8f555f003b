//! Types of the IR as people read them: `Option<Vec<Part>>`. For answers only; emission writes its own tokens.

use crate::ir::{Api, Field, Shape, Ty, Type};

/// The generated or core type at the bottom of lists and maps.
pub(super) fn named(ty: &Ty) -> Option<&str> {
    match ty.leaf() {
        Ty::Named(id) => Some(id),
        _ => None,
    }
}

/// `example::v1::WidgetSpec`, `clientset::core::v1::PodSpec`.
pub(super) fn path(ty: &Type) -> String {
    let home = if ty.external { "clientset::" } else { "" };
    format!("{home}{}::{}", ty.module, ty.name)
}

/// The file of the output that holds a type.
pub(super) fn file(ty: &Type) -> Option<String> {
    let module = &ty.module;
    (!ty.external).then(|| format!("{}/{}/{}.rs", module.group, module.version, ty.file))
}

/// What kind of item a type is.
pub(super) fn what(ty: &Type) -> &'static str {
    match ty.shape {
        Shape::Object(_) => "struct",
        Shape::Enum(_) | Shape::IntEnum(_) => "enum",
        Shape::List(_) | Shape::Alias(_) => "type",
    }
}

/// Documentation as plain text: without the backslashes that Markdown needs.
pub(super) fn plain(docs: &[String]) -> Vec<String> {
    let plain = |line: &String| {
        let mut text = String::new();
        let mut letters = line.chars().peekable();
        while let Some(letter) = letters.next() {
            match letters.peek() {
                Some(next) if letter == '\\' && next.is_ascii_punctuation() => {}
                _ => {
                    text.push(letter);
                    continue;
                }
            }
            text.extend(letters.next());
        }
        text
    };
    docs.iter().map(plain).collect()
}

/// The type of a member.
pub(super) fn form(api: &Api, field: &Field) -> String {
    let form = text(api, &field.ty);
    let is_optional = !field.required || field.nullable;
    let is_boxed = match &field.ty {
        Ty::Named(id) => api.types.get(id).is_some_and(|ty| matches!(ty.shape, Shape::Object(_))),
        _ => false,
    };
    match (is_optional, is_boxed) {
        (true, true) => format!("Option<Box<{form}>>"),
        (true, false) => format!("Option<{form}>"),
        (false, _) => form,
    }
}

/// The members of a type with their forms; the values of an enum.
pub(super) fn members(api: &Api, ty: &Type) -> Vec<(String, String)> {
    match &ty.shape {
        Shape::Object(fields) => fields.iter().map(|field| (field.name.clone(), form(api, field))).collect(),
        Shape::Enum(variants) | Shape::IntEnum(variants) => {
            variants.iter().map(|variant| (variant.name.clone(), variant.value.clone())).collect()
        }
        Shape::List(_) | Shape::Alias(_) => Vec::new(),
    }
}

fn text(api: &Api, ty: &Ty) -> String {
    match ty {
        Ty::Bool => "bool".to_owned(),
        Ty::I32 => "i32".to_owned(),
        Ty::I64 | Ty::OneOfInt(_) => "i64".to_owned(),
        Ty::F64 => "f64".to_owned(),
        Ty::String | Ty::OneOf(_) => "String".to_owned(),
        Ty::Runtime(name) => name.clone(),
        Ty::Named(id) => match api.types.get(id) {
            Some(ty) if ty.external => path(ty),
            Some(ty) => ty.name.clone(),
            None => "RawJson".to_owned(),
        },
        Ty::List(inner) => format!("Vec<{}>", text(api, inner)),
        Ty::Map(inner) => format!("Map<{}>", text(api, inner)),
        Ty::Nullable(inner) => format!("Option<{}>", text(api, inner)),
    }
}

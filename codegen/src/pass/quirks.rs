//! Puts right what the specification says wrongly, row by row of quirks.toml. A row whose expectation no longer
//! holds fails the run: upstream has changed, so the row has to go or to change too.

use super::Tables;
use crate::diag::{Code, Place, Report};
use crate::ir::{Api, Field, Shape, Ty, Type};
use crate::spec::schema::GroupVersionKind;
use crate::spec::tables::{Facts, Quirk};

pub(super) fn run(api: &mut Api, tables: &Tables<'_>, report: &mut Report) {
    for quirk in &tables.quirks.quirk {
        let place = Place::new(tables.quirks_name, quirk.id.clone());
        if quirk.why.trim().is_empty() || quirk.set == Facts::default() {
            report.error(Code::BadTable, &place, "a quirk needs `set` and a `why`", "");
        }
        if let Err(what) = apply(api, quirk)
            && tables.strict
        {
            report.error(
                Code::StaleRow,
                &place,
                what,
                "see what the specification says now, and change or remove the row",
            );
        }
    }
}

fn apply(api: &mut Api, quirk: &Quirk) -> Result<(), String> {
    let (schema, property) = match quirk.target.split_once('#') {
        Some((schema, property)) => (schema, Some(property)),
        None => (quirk.target.as_str(), None),
    };
    let ty = api.types.get_mut(schema).ok_or_else(|| format!("there is no schema `{schema}`"))?;
    match property {
        None => apply_to_type(ty, quirk),
        Some(property) => {
            let field = match &mut ty.shape {
                Shape::Object(fields) => fields.iter_mut().find(|field| field.json == property),
                _ => None,
            };
            apply_to_field(field.ok_or_else(|| format!("`{schema}` has no property `{property}`"))?, quirk)
        }
    }
}

fn apply_to_type(ty: &mut Type, quirk: &Quirk) -> Result<(), String> {
    let Facts { required, list_type, list_map_keys, kind, gvk } = &quirk.set;
    if required.is_some() || list_type.is_some() || list_map_keys.is_some() || kind.is_some() {
        return Err("only `gvk` can be set on a schema; name a property after `#`".to_owned());
    }
    if let Some(expected) = &quirk.expect.gvk {
        let found =
            ty.gvk.as_ref().map_or(String::new(), |gvk| format!("{}/{}", gvk.api_version(), gvk.kind));
        if found != *expected {
            return Err(format!("expected the kind `{expected}`, found `{found}`"));
        }
    }
    if let Some(gvk) = gvk {
        ty.gvk = parse_gvk(gvk)?;
    }
    Ok(())
}

fn parse_gvk(text: &str) -> Result<Option<GroupVersionKind>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let (api_version, kind) =
        text.rsplit_once('/').ok_or("`gvk` is `group/version/Kind` or `version/Kind`")?;
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    Ok(Some(GroupVersionKind { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() }))
}

fn apply_to_field(field: &mut Field, quirk: &Quirk) -> Result<(), String> {
    let Facts { required, list_type, list_map_keys, kind, gvk } = &quirk.expect;
    let differs = |what: &str, expected: &dyn std::fmt::Debug, found: &dyn std::fmt::Debug| {
        Err(format!("expected {what} = {expected:?}, found {found:?}"))
    };
    if let Some(expected) = required
        && *expected != field.required
    {
        return differs("required", expected, &field.required);
    }
    if let Some(expected) = list_type
        && field.list_type.as_ref() != Some(expected)
    {
        return differs("list_type", expected, &field.list_type);
    }
    if let Some(expected) = list_map_keys
        && *expected != field.list_map_keys
    {
        return differs("list_map_keys", expected, &field.list_map_keys);
    }
    if let Some(expected) = kind
        && type_named(expected) != field.ty
    {
        return differs("type", expected, &field.ty);
    }
    if gvk.is_some() || quirk.set.gvk.is_some() {
        return Err("a property has no `gvk`".to_owned());
    }
    let Facts { required, list_type, list_map_keys, kind, gvk: _ } = &quirk.set;
    if let Some(required) = required {
        field.required = *required;
    }
    if let Some(list_type) = list_type {
        field.list_type = Some(list_type.clone());
    }
    if let Some(keys) = list_map_keys {
        field.list_map_keys = keys.clone();
    }
    if let Some(kind) = kind {
        field.ty = type_named(kind);
    }
    Ok(())
}

fn type_named(name: &str) -> Ty {
    match name {
        "bool" => Ty::Bool,
        "i32" => Ty::I32,
        "i64" => Ty::I64,
        "f64" => Ty::F64,
        "String" => Ty::String,
        name if name.starts_with("io.k8s.") => Ty::Named(name.to_owned()),
        name => Ty::runtime(name),
    }
}

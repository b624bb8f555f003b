//! The bodies of the macros `object!`, `open_enum!` and `resource!`: rows of facts, laid out here since no
//! formatter lays out the body of a macro.

use proc_macro2::Literal;

use crate::ir::{Api, Field, Resource, Ty, Type, Variant};

fn literal(text: &str) -> String {
    Literal::string(text).to_string()
}

/// `object! { Pod = "v1" "Pod" { 0 metadata "metadata" [1] Message required; … } }`
pub(super) fn object(api: &Api, ty: &Type, fields: &[Field]) -> String {
    let head = match &ty.gvk {
        Some(gvk) => format!("{} = {} {}", ty.name, literal(&gvk.api_version()), literal(&gvk.kind)),
        None => ty.name.clone(),
    };
    if fields.is_empty() {
        return format!("object! {{ {head} {{}} }}");
    }
    let mut text = format!("object! {{\n    {head} {{\n");
    for (index, field) in fields.iter().enumerate() {
        text.push_str(&format!("        {index} {};\n", row(api, field)));
    }
    text.push_str("    }\n}");
    text
}

fn row(api: &Api, field: &Field) -> String {
    let numbers: Vec<String> = field.number.iter().map(u32::to_string).collect();
    let wire = super::wire(&field.ty, &|id| api.is_enum(id));
    let mut row = format!("{} {} [{}] {wire}", field.name, literal(&field.json), numbers.join(", "));
    if field.required {
        row.push_str(" required");
    }
    if matches!(field.ty, Ty::List(_)) {
        match field.list_type.as_deref() {
            Some("atomic") => row.push_str(" atomic"),
            Some("set") => row.push_str(" set"),
            Some("map") => {
                let keys: Vec<String> = field.list_map_keys.iter().map(|key| literal(key)).collect();
                row.push_str(&format!(" map[{}]", keys.join(", ")));
            }
            _ => {}
        }
    }
    row
}

/// `open_enum! { RestartPolicy { Always "Always"; … } }`
pub(super) fn open_enum(ty: &Type, variants: &[Variant]) -> String {
    let mut text = format!("open_enum! {{\n    {} {{\n", ty.name);
    for variant in variants {
        text.push_str(&format!("        {} {};\n", variant.name, literal(&variant.value)));
    }
    text.push_str("    }\n}");
    text
}

/// `resource! { Pod = "" "v1" "Pod" "pods" Namespaced }`
pub(super) fn resource(ty: &Type, resource: &Resource) -> Option<String> {
    let gvk = ty.gvk.as_ref()?;
    let scope = if resource.namespaced { "Namespaced" } else { "Cluster" };
    let facts = [&gvk.group, &gvk.version, &gvk.kind, &resource.plural].map(|fact| literal(fact));
    Some(format!("resource! {{ {} = {} {scope} }}", ty.name, facts.join(" ")))
}

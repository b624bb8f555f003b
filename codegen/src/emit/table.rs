//! The bodies of the macros `object!`, `open_enum!`, `open_int_enum!` and `resource!`: rows of facts, laid out here
//! since no formatter lays out the body of a macro.

use proc_macro2::Literal;

use crate::ir::{Api, Field, Resource, Ty, Type, Variant, id};

fn literal(text: &str) -> String {
    Literal::string(text).to_string()
}

/// JSON as a literal that people can read. What is not ASCII is escaped, since it may change the direction of text.
fn json_literal(json: &str) -> String {
    let hashes = (1..8).map(|count| "#".repeat(count)).find(|hashes| !json.contains(&format!("\"{hashes}")));
    match hashes {
        _ if !json.contains(['"', '\\']) => literal(json),
        Some(hashes) if json.bytes().all(|byte| (0x20..0x7f).contains(&byte)) => {
            format!("r{hashes}\"{json}\"{hashes}")
        }
        _ => literal(json),
    }
}

/// The default of a member. Documents say `""`, `0` or `{}` of most members that are required, where it means nothing;
/// their other defaults are facts as those of CRDs are.
pub(super) fn default<'a>(owner: &str, field: &'a Field) -> Option<&'a str> {
    match id::is_custom(owner) {
        true => field.default.as_deref(),
        false => field.telling_default().filter(|_| !field.required),
    }
}

/// `object! { Pod = "v1" "Pod" { 0 metadata "metadata" [1] Message required; … } }`
pub(super) fn object(api: &Api, id: &str, ty: &Type, fields: &[Field]) -> String {
    let mut head = match &ty.gvk {
        Some(gvk) => format!("{} = {} {}", ty.name, literal(&gvk.api_version()), literal(&gvk.kind)),
        None => ty.name.clone(),
    };
    if ty.preserves {
        head.push_str(" + preserved");
    }
    if fields.is_empty() {
        return format!("object! {{ {head} {{}} }}");
    }
    let mut text = format!("object! {{\n    {head} {{\n");
    for (index, field) in fields.iter().enumerate() {
        text.push_str(&format!("        {index} {};\n", row(api, id, field)));
    }
    text.push_str("    }\n}");
    text
}

fn row(api: &Api, owner: &str, field: &Field) -> String {
    let numbers: Vec<String> = field.number.iter().map(u32::to_string).collect();
    let mut wire = super::wire(&field.ty, &|id| api.is_enum(id));
    if wire == "String" && matches!(field.ty.leaf(), Ty::Named(id) if api.is_int_enum(id)) {
        wire = "Varint";
    }
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
    if let Some(default) = default(owner, field) {
        row.push_str(&format!(" = {}", json_literal(default)));
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

/// `open_int_enum! { StatusCode { V301 301; … } }`
pub(super) fn open_int_enum(ty: &Type, variants: &[Variant]) -> String {
    let mut text = format!("open_int_enum! {{\n    {} {{\n", ty.name);
    for variant in variants {
        // Decimal text of an integer, made by us.
        text.push_str(&format!("        {} {};\n", variant.name, variant.value));
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

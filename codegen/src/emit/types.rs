//! Structs, open enums and list aliases, each followed by its table.

use quote::quote;

use super::file::{Items, doc, docs};
use super::scope::{Scope, ident};
use super::table;
use crate::diag::Report;
use crate::ir::{Api, Field, Shape, Ty, Type, Variant};
use crate::lower::types::OBJECT_META;
use crate::text::is_hidden;

/// Emits one type.
pub(super) fn run(
    api: &Api,
    id: &str,
    ty: &Type,
    scope: &mut Scope<'_>,
    items: &mut Items,
    report: &mut Report,
) {
    match &ty.shape {
        Shape::Object(fields) => object(api, id, ty, fields, scope, items, report),
        Shape::Enum(variants) => open_enum(ty, variants, scope, items, report),
        Shape::IntEnum(variants) => open_int_enum(ty, variants, scope, items, report),
        Shape::List(item) => list(ty, item, scope, items, report),
        // The pass `externs` leaves none.
        Shape::Alias(_) => {}
    }
}

fn object(
    api: &Api,
    id: &str,
    ty: &Type,
    fields: &[Field],
    scope: &mut Scope<'_>,
    items: &mut Items,
    report: &mut Report,
) {
    let name = ident(&ty.name);
    let type_docs = type_docs(ty);
    let mut members = Vec::new();
    for field in fields {
        let (docs, name) = (docs(&field.docs), ident(&field.name));
        let ty = member_type(api, id, field, scope);
        members.push(quote!(#docs pub #name: #ty));
    }
    if ty.preserves {
        let (map, raw) = (scope.runtime("Map"), scope.runtime("RawJson"));
        let docs = doc("The members that the schema does not name, which a server keeps.");
        members.push(quote!(#docs pub preserved: #map<#raw>));
    }
    if ty.gvk.is_some() {
        let unknown = scope.runtime("UnknownFields");
        let docs = doc("The members that this build does not know, by path.");
        members.push(quote!(#docs pub unknown: #unknown));
    }
    items.push(
        quote! {
            #type_docs
            #[derive(Clone, Default, PartialEq)]
            pub struct #name { #(#members),* }
        },
        report,
    );
    scope.use_macro("object");
    items.push_text(table::object(api, id, ty, fields));
    if id == OBJECT_META {
        scope.use_macro("object_metadata");
        items.push_text(format!("object_metadata! {{ {name} }}"));
    }
}

/// The description, or what stands for one, and below it what a server checks of the type as a whole.
fn type_docs(ty: &Type) -> proc_macro2::TokenStream {
    if ty.docs.is_empty() { doc(&format!("{} of {}.", ty.name, ty.module)) } else { docs(&ty.docs) }
}

/// Required is plain, optional is an `Option`, an optional object is boxed. Where a server fills in what is missing,
/// `null` is a value of its own.
fn member_type(api: &Api, owner: &str, field: &Field, scope: &mut Scope<'_>) -> proc_macro2::TokenStream {
    let ty = scope.ty(&field.ty);
    let is_object = match &field.ty {
        Ty::Named(id) => !api.is_enum(id),
        Ty::Runtime(_) => super::wire(&field.ty, &|_| false) == "Message",
        _ => false,
    };
    if field.required && !field.nullable {
        return ty;
    }
    let ty = if is_object { quote!(Box<#ty>) } else { ty };
    if field.nullable && table::default(owner, field).is_some() {
        quote!(Option<Option<#ty>>)
    } else {
        quote!(Option<#ty>)
    }
}

fn open_enum(ty: &Type, variants: &[Variant], scope: &mut Scope<'_>, items: &mut Items, report: &mut Report) {
    let name = ident(&ty.name);
    let (type_docs, members) = (type_docs(ty), members(variants));
    let other = doc("Any other value, as it was read.");
    items.push(
        quote! {
            #type_docs
            #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub enum #name { #(#members,)* #other Other(String) }
        },
        report,
    );
    scope.use_macro("open_enum");
    items.push_text(table::open_enum(ty, variants));
}

fn open_int_enum(
    ty: &Type,
    variants: &[Variant],
    scope: &mut Scope<'_>,
    items: &mut Items,
    report: &mut Report,
) {
    let name = ident(&ty.name);
    let (type_docs, members) = (type_docs(ty), members(variants));
    let other = doc("Any other value, as it was read.");
    items.push(
        quote! {
            #type_docs
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub enum #name { #(#members,)* #other Other(i64) }
        },
        report,
    );
    scope.use_macro("open_int_enum");
    items.push_text(table::open_int_enum(ty, variants));
}

fn members(variants: &[Variant]) -> Vec<proc_macro2::TokenStream> {
    let members = variants.iter().map(|variant| {
        let name = ident(&variant.name);
        let docs = if variant.docs.is_empty() {
            doc(&format!("`{}`", quoted(&variant.value)))
        } else {
            docs(&variant.docs)
        };
        quote!(#docs #name)
    });
    members.collect()
}

/// A value inside a code span.
fn quoted(value: &str) -> String {
    value
        .chars()
        .filter(|letter| !is_hidden(*letter))
        .map(|letter| if letter == '`' { '\'' } else { letter })
        .collect()
}

fn list(ty: &Type, item: &str, scope: &mut Scope<'_>, items: &mut Items, report: &mut Report) {
    let name = ident(&ty.name);
    let docs = type_docs(ty);
    let list = scope.runtime("List");
    let item = scope.generated(item);
    items.push(quote!(#docs pub type #name = #list<#item>;), report);
}

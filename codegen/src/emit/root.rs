//! The `mod.rs` at the root of a package: its groups, its CustomResourceDefinitions, and the trait by which a
//! `Clientset` leads to its clients.

use std::collections::BTreeSet;

use quote::quote;

use super::Settings;
use super::crds::files_of;
use super::file::{Header, Items, doc, printable};
use super::module::group_client;
use super::scope::ident;
use crate::FileSet;
use crate::diag::Report;
use crate::ir::Api;

/// What no user of a package can mend, and what is no fault in code that is generated: parts of it are not used, and a
/// binary shows nothing to the outside.
const ALLOW: &str = "#![allow(dead_code, missing_docs, unreachable_pub, unused_imports, nonstandard_style)]\n\
#![allow(clippy::all, clippy::pedantic, clippy::nursery)]\n";

/// Emits the root.
pub(super) fn run(api: &Api, settings: &Settings<'_>, files: &mut FileSet, report: &mut Report) {
    let groups: BTreeSet<&str> = api.versions.keys().map(|module| module.group.as_str()).collect();
    let mut head = ALLOW.to_owned();
    head.push('\n');
    for group in &groups {
        // The formatter leaves alone what is below.
        head.push_str(&format!("#[rustfmt::skip]\npub mod {group};\n"));
    }
    let runtime = ident(settings.config.runtime());
    let mut items = Items::default();
    let mut crds = Vec::new();
    for group in &groups {
        let label = ident(group);
        for (crd, _) in files_of(api, group) {
            // One of its versions, no matter which: all hold the same definition.
            let ty = crd.versions.iter().rev().find_map(|version| api.types.get(&version.ty));
            let Some(ty) = ty else { continue };
            let (version, kind) = (ident(&ty.module.version), ident(&ty.name));
            crds.push(quote!(#label::#version::#kind::crd()));
        }
    }
    let docs = doc("Every CustomResourceDefinition of this package: what `ensure_crds` tells a cluster.");
    let count = proc_macro2::Literal::usize_unsuffixed(crds.len());
    items.push(
        quote!(#[rustfmt::skip] #docs pub const CRDS: [::#runtime::Crd; #count] = [#(#crds),*];),
        report,
    );
    let (mut declared, mut defined) = (Vec::new(), Vec::new());
    for (module, version) in api.versions.iter().filter(|(_, version)| !version.resources.is_empty()) {
        let (group, label) = (ident(&module.group), ident(&module.version));
        let (accessor, client) = (ident(&module.accessor()), ident(&group_client(module)));
        let docs = doc(&format!("The clients of {}.", printable(&version.title(module))));
        declared.push(quote!(#docs fn #accessor(&self) -> #group::#label::#client;));
        defined.push(quote! {
            fn #accessor(&self) -> #group::#label::#client {
                #group::#label::#client::new(self.client())
            }
        });
    }
    let docs = doc("Leads from a `Clientset` to the clients of this package: one method a group-version.");
    items.push(quote!(#[rustfmt::skip] #docs pub trait ClientsetExt { #(#declared)* }), report);
    items.push(quote!(#[rustfmt::skip] impl ClientsetExt for ::#runtime::Clientset { #(#defined)* }), report);
    let header = Header {
        by: settings.by,
        source: settings.all,
        what: "Typed clients for custom resources: a module a group, in it one a version.".to_owned(),
    };
    files.insert("mod.rs".to_owned(), items.finish(&header, &head));
}

//! What is above the group-versions: the `mod.rs` of each group, and the `Clientset` that leads to all of them.

use std::collections::BTreeMap;

use quote::quote;

use super::file::{Header, Items, doc, printable};
use super::module::group_client;
use super::scope::ident;
use super::{Home, Settings, crds};
use crate::FileSet;
use crate::diag::Report;
use crate::ir::{Api, Module, Version};

/// Emits the groups and the clientset.
pub(super) fn run(api: &Api, settings: &Settings<'_>, files: &mut FileSet, report: &mut Report) {
    let mut groups: BTreeMap<&str, Vec<(&Module, &Version)>> = BTreeMap::new();
    for (module, version) in &api.versions {
        groups.entry(&module.group).or_default().push((module, version));
    }
    for (group, versions) in groups {
        let mut text = String::new();
        if !crds::files_of(api, group).is_empty() {
            text.push_str("pub(crate) mod crds;\n");
        }
        for (module, version) in &versions {
            if version.gated && settings.home == Home::Crate {
                text.push_str(&format!("#[cfg(feature = \"{}\")]\n", module.feature()));
            }
            text.push_str(&format!("pub mod {};\n", module.version));
        }
        let name = versions.iter().map(|(_, version)| version.group.as_str()).next().unwrap_or_default();
        let name = if name.is_empty() { group } else { name };
        let header = Header {
            by: settings.by,
            source: settings.source_of_group(api, group),
            what: format!("The versions of the API group {}.", printable(name)),
        };
        let path = settings.home.file(&format!("{group}/mod.rs"));
        files.insert(path, Items::default().finish(&header, &text));
    }
    if settings.home == Home::Crate {
        clientset(api, settings, files, report);
    }
}

fn clientset(api: &Api, settings: &Settings<'_>, files: &mut FileSet, report: &mut Report) {
    let runtime = settings.config.runtime();
    let mut methods = Vec::new();
    for (module, version) in api.versions.iter().filter(|(_, version)| !version.resources.is_empty()) {
        let (group, label) = (ident(&module.group), ident(&module.version));
        let (accessor, client) = (ident(&module.accessor()), ident(&group_client(module)));
        let docs = doc(&format!("The clients of {}.", printable(&version.title(module))));
        let feature = module.feature();
        let gate = version.gated.then(|| quote!(#[cfg(feature = #feature)]));
        methods.push(quote! {
            #docs
            #gate
            pub fn #accessor(&self) -> crate::#group::#label::#client {
                crate::#group::#label::#client::new(&self.client)
            }
        });
    }
    let mut items = Items::default();
    let docs =
        doc("The clients of every group-version whose feature is on, over one connection to one server.");
    items.push(quote!(#docs #[derive(Clone, Debug)] pub struct Clientset { client: Client }), report);
    let new = super::file::docs(&[
        "A clientset for the server of a configuration.".to_owned(),
        String::new(),
        "# Errors".to_owned(),
        String::new(),
        "When the configuration cannot be used: a file that is not there, a URL that is none.".to_owned(),
    ]);
    let from = doc("A clientset over a client that is there already.");
    let client = doc("The client of the runtime underneath.");
    items.push(
        quote! {
            impl Clientset {
                #new
                pub fn new(config: Config) -> Result<Self> { Ok(Self { client: Client::new(config)? }) }
                #from
                pub fn from_client(client: Client) -> Self { Self { client } }
                #client
                pub fn client(&self) -> &Client { &self.client }
                #(#methods)*
            }
        },
        report,
    );
    let header = Header {
        by: settings.by,
        source: settings.all,
        what: "The clientset: one method a group-version.".to_owned(),
    };
    let imports = format!("use {runtime}::{{Client, Config, Result}};");
    files.insert("src/clientset.rs".to_owned(), items.finish(&header, &imports));
}

//! The files of one group-version: one a kind, the shared types, the client of the group-version and the `mod.rs`
//! that shows all of them flat.

use std::collections::{BTreeMap, BTreeSet};

use quote::quote;

use super::file::{Header, Items, doc, printable};
use super::scope::{self, Scope, ident};
use super::{Home, Settings, client, types};
use crate::FileSet;
use crate::diag::Report;
use crate::ir::{Api, Module, Shape, Ty, Type, Version};
use crate::names;

/// The name of the client of a group-version: `CoreV1`.
pub(crate) fn group_client(module: &Module) -> String {
    format!(
        "{}{}",
        names::pascal(&module.group, &Default::default()),
        names::pascal(&module.version, &Default::default())
    )
}

/// Emits one group-version.
pub(super) fn run(
    api: &Api,
    module: &Module,
    settings: &Settings<'_>,
    files: &mut FileSet,
    report: &mut Report,
) {
    let version = &api.versions[module];
    let own: Vec<(&String, &Type)> =
        api.types.iter().filter(|(_, ty)| ty.module == *module && !ty.external).collect();
    let mut defined: BTreeSet<String> = own.iter().map(|(_, ty)| ty.name.clone()).collect();
    for resource in &version.resources {
        defined.extend([resource.client.clone(), format!("All{}", resource.client)]);
    }
    let mut by_file: BTreeMap<&str, Vec<(&String, &Type)>> = BTreeMap::new();
    for (id, ty) in own {
        by_file.entry(&ty.file).or_default().push((id, ty));
    }
    let folder = settings.home.file(&format!("{}/{}", module.group, module.version));
    let emit = Emit { api, module, version, settings, defined: &defined, folder: &folder };
    for (file, types) in &by_file {
        emit.types(file, types, files, report);
    }
    let mut modules: Vec<&str> = by_file.keys().copied().collect();
    let letters: Vec<&str> = modules.iter().filter_map(|file| file.strip_prefix("types/")).collect();
    if !letters.is_empty() {
        let what =
            format!("The types of {} that several kinds share, by initial letter.", version.title(module));
        files.insert(format!("{folder}/types/mod.rs"), emit.module_list(&letters, "", what));
        modules.retain(|file| !file.starts_with("types/"));
        modules.push("types");
    }
    if !version.resources.is_empty() {
        emit.client(files, report);
        modules.push("client");
    }
    modules.sort();
    let what = format!("The types and clients of {}.", version.title(module));
    let text = emit.module_list(&modules, &emit.reexports(), what);
    files.insert(format!("{folder}/mod.rs"), text);
}

/// How many objects may hold each other, outermost first.
const DEEP: usize = 20;

/// How many types each type of a file leads through to the innermost. Types that hold themselves end at a limit.
fn heights<'a>(types: &[(&'a String, &'a Type)]) -> BTreeMap<&'a str, usize> {
    let mut heights: BTreeMap<&str, usize> = types.iter().map(|(id, _)| (id.as_str(), 0)).collect();
    for _ in 0..100 {
        let mut is_stable = true;
        for (id, ty) in types {
            let Shape::Object(fields) = &ty.shape else { continue };
            let inner = fields.iter().filter_map(|field| match field.ty.leaf() {
                Ty::Named(id) => heights.get(id.as_str()).map(|height| height + 1),
                _ => None,
            });
            let height = inner.max().unwrap_or_default();
            if heights.insert(id, height) != Some(height) {
                is_stable = false;
            }
        }
        if is_stable {
            return heights;
        }
    }
    // Circles: no order is better than another.
    BTreeMap::new()
}

struct Emit<'a> {
    api: &'a Api,
    module: &'a Module,
    version: &'a Version,
    settings: &'a Settings<'a>,
    defined: &'a BTreeSet<String>,
    folder: &'a str,
}

impl Emit<'_> {
    fn header(&self, what: String) -> Header<'_> {
        Header { by: self.settings.by, source: &self.version.source, what }
    }

    /// The input of what is in one file of a package: the CRD if it is one, else the group.
    fn header_of<'b>(&'b self, mut sources: impl Iterator<Item = &'b str>, what: String) -> Header<'b> {
        let header = self.header(what);
        if self.settings.home == Home::Crate {
            return header;
        }
        let first = sources.next().unwrap_or(&self.version.group);
        let source = if sources.all(|other| other == first) { first } else { &self.version.group };
        Header { source, ..header }
    }

    /// The inputs of the resources.
    fn sources(&self) -> impl Iterator<Item = &str> {
        self.version.resources.iter().map(|resource| resource.place.source.as_str())
    }

    fn scope(&self, file: &str) -> Scope<'_> {
        Scope::new(self.api, self.settings, self.module, self.defined, file)
    }

    fn types(&self, file: &str, types: &[(&String, &Type)], files: &mut FileSet, report: &mut Report) {
        let (mut items, mut scope) = (Items::default(), self.scope(file));
        for (_, ty) in types {
            scope.define(&ty.name);
        }
        let kind = types.iter().find(|(_, ty)| ty.gvk.is_some() && !matches!(ty.shape, Shape::List(_)));
        let mut sorted: Vec<&(&String, &Type)> = types.iter().collect();
        // The kind first, its list next, then the others as the alphabet has them. Where they are deep, the innermost
        // come first: rustc decides about a chain of boxes link by link, and gives up on a long one.
        let heights = heights(types);
        let is_deep = heights.values().any(|height| *height > DEEP);
        sorted.sort_by_key(|(id, ty)| {
            let height = heights.get(id.as_str()).copied().filter(|_| is_deep);
            (height, Some(*id) != kind.map(|(id, _)| *id), !matches!(ty.shape, Shape::List(_)), &ty.name)
        });
        let resource =
            kind.and_then(|(id, _)| self.version.resources.iter().find(|resource| resource.kind == **id));
        for (id, ty) in sorted {
            types::run(self.api, id, ty, &mut scope, &mut items, report);
            if let Some(resource) = resource.filter(|resource| resource.kind == **id) {
                client::facts(self.api, self.module, id, ty, resource, &mut scope, &mut items);
                client::run(ty, resource, self.settings, &mut scope, &mut items, report);
            }
        }
        let title = self.version.title(self.module);
        let what = match (kind, resource) {
            (Some((_, ty)), Some(_)) => {
                format!("{} of {title}: the kind, its own types and its clients.", ty.name)
            }
            (Some((_, ty)), None) => format!("{} of {title}: the kind and its own types.", ty.name),
            (None, _) => format!("Types of {title} that several kinds share."),
        };
        let sources = types.iter().map(|(_, ty)| ty.place.source.as_str());
        let text = items.finish(&self.header_of(sources, what), &scope.imports());
        files.insert(format!("{}/{file}.rs", self.folder), text);
    }

    /// What the module shows of other versions of its group, or under a second name.
    fn reexports(&self) -> String {
        let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for reexport in &self.version.reexports {
            let Some(ty) = self.api.types.get(&reexport.id) else { continue };
            let from = if ty.module == *self.module {
                "self".to_owned()
            } else {
                format!("super::{}", ty.module.version)
            };
            let name = if ty.name == reexport.name {
                ty.name.clone()
            } else {
                format!("{} as {}", ty.name, reexport.name)
            };
            names.entry(from).or_default().insert(name);
        }
        names.iter().map(|(from, names)| scope::import(&format!("pub use {from}"), names)).collect()
    }

    /// A `mod.rs` that shows the contents of its files as its own.
    fn module_list(&self, modules: &[&str], reexports: &str, what: String) -> String {
        let mut text = String::new();
        for module in modules {
            text.push_str(&format!("mod {module};\n"));
        }
        text.push('\n');
        for module in modules {
            text.push_str(&format!("pub use self::{module}::*;\n"));
        }
        text.push_str(reexports);
        Items::default().finish(&self.header_of(self.sources(), what), &text)
    }

    /// The client of the group-version.
    fn client(&self, files: &mut FileSet, report: &mut Report) {
        let mut scope = self.scope("client");
        let mut items = Items::default();
        let client = scope.runtime("Client");
        let name = ident(&group_client(self.module));
        let title = printable(&self.version.title(self.module));
        let mut methods = Vec::new();
        for resource in &self.version.resources {
            let (accessor, ty) = (ident(&resource.accessor), self.client_type(&resource.client));
            let plural = resource.client.strip_suffix("Client").unwrap_or(&resource.client);
            if resource.namespaced {
                let docs = doc(&format!("{plural} of one namespace."));
                methods.push(quote! {
                    #docs
                    pub fn #accessor(&self, namespace: impl Into<String>) -> #ty { #ty::new(&self.client, namespace) }
                });
                if !resource.all_verbs.is_empty() {
                    let docs = doc(&format!("{plural} of all namespaces."));
                    let accessor = ident(&format!("all_{}", resource.accessor.trim_end_matches('_')));
                    let ty = self.client_type(&format!("All{}", resource.client));
                    methods.push(quote!(#docs pub fn #accessor(&self) -> #ty { #ty::new(&self.client) }));
                }
            } else {
                let docs = doc(&format!("{plural} of the cluster."));
                methods.push(quote!(#docs pub fn #accessor(&self) -> #ty { #ty::new(&self.client) }));
            }
        }
        let docs = doc(&format!("The clients of {title}."));
        items.push(quote!(#docs #[derive(Clone, Debug)] pub struct #name { client: #client }), report);
        let new = doc(&format!("The clients of {title} over a client of the runtime."));
        let generic = doc("The client of the runtime underneath.");
        items.push(
            quote! {
                impl #name {
                    #new
                    pub fn new(client: &#client) -> Self { Self { client: client.clone() } }
                    #(#methods)*
                    #generic
                    pub fn client(&self) -> &#client { &self.client }
                }
            },
            report,
        );
        let mut names: Vec<String> = Vec::new();
        for resource in &self.version.resources {
            names.push(resource.client.clone());
            if !resource.all_verbs.is_empty() {
                names.push(format!("All{}", resource.client));
            }
        }
        for name in names {
            scope.import_own(&name);
        }
        let what = format!("The client of {title}: one method a resource and scope.");
        let text = items.finish(&self.header_of(self.sources(), what), &scope.imports());
        files.insert(format!("{}/client.rs", self.folder), text);
    }

    fn client_type(&self, name: &str) -> proc_macro2::Ident {
        ident(name)
    }
}

//! The client of one resource: a newtype for one namespace (or the cluster) and one across all namespaces, whose
//! methods forward, one line each, to the generic client of the runtime. Only what the paths offer is there.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use super::file::{Items, doc};
use super::scope::{Scope, ident};
use super::{Settings, crds, subresource, table};
use crate::diag::Report;
use crate::ir::{Api, Module, Resource, Type, Verb};

/// Emits what makes a kind a `Resource`, and a `CustomResource` where it is one.
pub(super) fn facts(
    api: &Api,
    module: &Module,
    id: &str,
    ty: &Type,
    resource: &Resource,
    scope: &mut Scope<'_>,
    items: &mut Items,
) {
    if let Some(text) = table::resource(ty, resource) {
        scope.use_macro("resource");
        items.push_text(text);
    }
    if let Some(text) = crds::custom_resource(api, module, id, scope) {
        items.push_text(text);
    }
}

/// Emits the clients of a resource.
pub(super) fn run(
    ty: &Type,
    resource: &Resource,
    settings: &Settings<'_>,
    scope: &mut Scope<'_>,
    items: &mut Items,
    report: &mut Report,
) {
    let what = if resource.namespaced { "of one namespace" } else { "of the cluster" };
    let constructor = if resource.namespaced { Constructor::Namespaced } else { Constructor::Cluster };
    let mut methods = verbs(ty, &resource.verbs, scope);
    for (name, subresource) in &resource.subresources {
        methods.extend(subresource::run(ty, resource, name, subresource, settings, scope, report));
    }
    client(ty, &resource.client, what, constructor, methods, scope, items, report);
    if !resource.all_verbs.is_empty() {
        let methods = verbs(ty, &resource.all_verbs, scope);
        let name = format!("All{}", resource.client);
        client(ty, &name, "of all namespaces", Constructor::All, methods, scope, items, report);
    }
}

#[derive(Clone, Copy)]
enum Constructor {
    Namespaced,
    Cluster,
    All,
}

#[allow(clippy::too_many_arguments)] // one call site a constructor; a struct would only repeat the names
fn client(
    ty: &Type,
    name: &str,
    what: &str,
    constructor: Constructor,
    methods: Vec<TokenStream>,
    scope: &mut Scope<'_>,
    items: &mut Items,
    report: &mut Report,
) {
    scope.define(name);
    let plural = name.strip_prefix("All").filter(|_| matches!(constructor, Constructor::All)).unwrap_or(name);
    let docs = doc(&format!("{} {what}.", plural.strip_suffix("Client").unwrap_or(plural)));
    let (name, kind) = (ident(name), ident(&ty.name));
    let (api, client) = (scope.runtime("Api"), scope.runtime("Client"));
    items.push(quote!(#docs #[derive(Clone, Debug)] pub struct #name(#api<#kind>);), report);
    let new = match constructor {
        Constructor::Namespaced => quote! {
            pub(crate) fn new(client: &#client, namespace: impl Into<String>) -> Self {
                Self(#api::namespaced(client, namespace))
            }
        },
        Constructor::Cluster => quote! {
            pub(crate) fn new(client: &#client) -> Self { Self(#api::cluster(client)) }
        },
        Constructor::All => quote! {
            pub(crate) fn new(client: &#client) -> Self { Self(#api::all(client)) }
        },
    };
    let api_docs = doc("The generic client underneath.");
    items.push(
        quote! {
            impl #name {
                #new
                #(#methods)*
                #api_docs
                pub fn api(&self) -> &#api<#kind> { &self.0 }
            }
        },
        report,
    );
}

/// The methods of the resource itself.
fn verbs(ty: &Type, verbs: &BTreeSet<Verb>, scope: &mut Scope<'_>) -> Vec<TokenStream> {
    let kind = ident(&ty.name);
    let name = &ty.name;
    let mut methods = Vec::new();
    let mut method = |text: String, tokens: TokenStream| {
        let docs = doc(&text);
        methods.push(quote!(#docs #tokens));
    };
    for verb in verbs {
        match verb {
            Verb::Get => {
                let request = scope.runtime("GetRequest");
                method(
                    format!("Reads one {name}."),
                    quote!(pub fn get(&self, name: impl Into<String>) -> #request<#kind> { self.0.get(name) }),
                );
            }
            Verb::List => {
                let request = scope.runtime("ListRequest");
                method(
                    format!("Lists every {name}, or those that selectors choose, page by page if asked to."),
                    quote!(pub fn list(&self) -> #request<#kind> { self.0.list() }),
                );
            }
            Verb::Watch => {
                let request = scope.runtime("WatchRequest");
                method(
                    format!("Watches every {name}, or those that selectors choose, for changes."),
                    quote!(pub fn watch(&self) -> #request<#kind> { self.0.watch() }),
                );
            }
            Verb::Create => {
                let request = scope.runtime("CreateRequest");
                method(
                    format!("Creates one {name}."),
                    quote!(pub fn create(&self, object: &#kind) -> #request<#kind> { self.0.create(object) }),
                );
            }
            Verb::Update => {
                let request = scope.runtime("UpdateRequest");
                method(
                    format!("Replaces one {name}; `metadata` says which, and which version of it."),
                    quote!(pub fn update(&self, object: &#kind) -> #request<#kind> { self.0.update(object) }),
                );
            }
            Verb::Patch => {
                let (request, patch) = (scope.runtime("PatchRequest"), scope.runtime("Patch"));
                method(
                    format!("Changes one {name} by a patch."),
                    quote!(pub fn patch(&self, name: impl Into<String>, patch: &#patch) -> #request<#kind> {
                        self.0.patch(name, patch)
                    }),
                );
                let (request, body) = (scope.runtime("ApplyRequest"), scope.runtime("ApplyBody"));
                method(
                    format!("Applies what is wanted of one {name}: server-side apply."),
                    quote!(pub fn apply(&self, name: impl Into<String>, object: &impl #body) -> #request<#kind> {
                        self.0.apply(name, object)
                    }),
                );
                if verbs.contains(&Verb::Get) {
                    let request = scope.runtime("EditRequest");
                    method(
                        format!(
                            "Reads one {name}, changes it, sends the difference, and again if somebody was faster."
                        ),
                        quote!(pub fn edit(
                            &self,
                            name: impl Into<String>,
                            change: impl FnMut(&mut #kind) + Send + 'static,
                        ) -> #request<#kind> {
                            self.0.edit(name, change)
                        }),
                    );
                }
            }
            Verb::Delete => {
                let request = scope.runtime("DeleteRequest");
                method(
                    format!("Deletes one {name}."),
                    quote!(pub fn delete(&self, name: impl Into<String>) -> #request<#kind> { self.0.delete(name) }),
                );
            }
            Verb::DeleteCollection => {
                let request = scope.runtime("DeleteCollectionRequest");
                method(
                    format!("Deletes every {name} that selectors choose."),
                    quote!(pub fn delete_collection(&self) -> #request<#kind> { self.0.delete_collection() }),
                );
            }
            // A resource itself is never connected to.
            Verb::Connect => {}
        }
    }
    methods
}

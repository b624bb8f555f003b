//! The methods of subresources: by the subresource's own type, named `verb_subresource` unless names.toml knows a
//! better word.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::file::doc;
use super::scope::{Scope, ident};
use super::{Home, Settings};
use crate::diag::{Code, Report};
use crate::ir::{Connection, Resource, Subresource, Type, Verb};
use crate::names;

/// What all methods of one subresource share.
struct Context<'a, 'b> {
    owner: &'a Type,
    resource: &'a Resource,
    subresource: &'a str,
    /// The subresource in snake_case.
    words: String,
    settings: &'a Settings<'a>,
    scope: &'a mut Scope<'b>,
}

/// The methods of one subresource.
pub(super) fn run(
    owner: &Type,
    resource: &Resource,
    name: &str,
    subresource: &Subresource,
    settings: &Settings<'_>,
    scope: &mut Scope<'_>,
    report: &mut Report,
) -> Vec<TokenStream> {
    let words = match settings.names.subresources.get(name) {
        Some(words) => words.clone(),
        None => names::snake(name, &settings.names.words),
    };
    let mut context = Context { owner, resource, subresource: name, words, settings, scope };
    let mut methods = Vec::new();
    for (verb, ty) in &subresource.verbs {
        let known = match (verb, subresource.connection) {
            (Verb::Connect, connection) => context.connect(connection, &mut methods),
            _ => context.methods(*verb, ty.as_deref(), &mut methods),
        };
        if !known {
            let what = format!("no method is known for `{}` of the subresource `{name}`", verb.name());
            report.error(
                Code::UnknownApi,
                &resource.place,
                what,
                "teach codegen/src/emit/subresource.rs about it",
            );
        }
    }
    methods
}

impl Context<'_, '_> {
    /// The method's name: a row of names.toml, or `verb_subresource`.
    fn name(&self, verb: &str) -> proc_macro2::Ident {
        let row = format!("{}.{verb}", self.subresource);
        let name = self.settings.names.methods.get(&row).cloned();
        let name = name.unwrap_or_else(|| format!("{verb}_{}", self.words));
        ident(if names::is_identifier(&name) { &name } else { "subresource" })
    }

    /// The method of a subresource that is connected to. Streams are behind a feature of the crate.
    fn connect(&mut self, connection: Option<Connection>, methods: &mut Vec<TokenStream>) -> bool {
        let (kind, sub) = (&self.owner.name, self.subresource);
        let (name, path) = (self.name("connect"), Literal::string(sub));
        let feature = (self.settings.home == Home::Crate).then(|| quote!(#[cfg(feature = "streams")]));
        let (text, tokens) = match connection {
            Some(Connection::Exec) => {
                let request = self.scope.gated("ExecRequest");
                let tokens = quote! {
                    #feature
                    pub fn #name<S: Into<String>>(
                        &self,
                        name: impl Into<String>,
                        command: impl IntoIterator<Item = S>,
                    ) -> #request {
                        self.0.exec(name, #path, command)
                    }
                };
                self.copying(&feature, methods);
                (format!("Runs a program in a container of one {kind}, without a shell between."), tokens)
            }
            Some(Connection::Attach) => {
                let request = self.scope.gated("AttachRequest");
                let tokens = quote! {
                    #feature
                    pub fn #name(&self, name: impl Into<String>) -> #request { self.0.attach(name, #path) }
                };
                (format!("Attaches to the process that a container of one {kind} runs."), tokens)
            }
            Some(Connection::PortForward) => {
                let request = self.scope.gated("PortForwardRequest");
                let tokens = quote! {
                    #feature
                    pub fn #name(&self, name: impl Into<String>, port: u16) -> #request {
                        self.0.port_forward(name, #path, port)
                    }
                };
                (format!("Connects to a port of one {kind}."), tokens)
            }
            Some(Connection::Proxy) => {
                let request = self.scope.runtime("ProxyRequest");
                let tokens = quote! {
                    pub fn #name(&self, name: impl Into<String>) -> #request { self.0.proxy(name, #path) }
                };
                (
                    format!(
                        "Sends a request to what one {kind} serves: `name` is `web`, `web:80` or `https:web:443`."
                    ),
                    tokens,
                )
            }
            None => return false,
        };
        let docs = doc(&text);
        methods.push(quote!(#docs #tokens));
        true
    }

    /// What copies files by a program that is run.
    fn copying(&self, feature: &Option<TokenStream>, methods: &mut Vec<TokenStream>) {
        let (kind, path) = (&self.owner.name, Literal::string(self.subresource));
        let request = self.scope.gated("CopyFromRequest");
        let docs = doc(&format!("Copies a file or a folder out of a container of one {kind}, by its `tar`."));
        methods.push(quote! {
            #docs
            #feature
            pub fn copy_from(
                &self,
                name: impl Into<String>,
                path: impl AsRef<str>,
                local: impl Into<std::path::PathBuf>,
            ) -> #request {
                self.0.copy_from(name, #path, path, local)
            }
        });
        let request = self.scope.gated("CopyToRequest");
        let docs = doc(&format!("Copies a file or a folder into a container of one {kind}, by its `tar`."));
        methods.push(quote! {
            #docs
            #feature
            pub fn copy_to(
                &self,
                name: impl Into<String>,
                local: impl Into<std::path::PathBuf>,
                path: impl AsRef<str>,
            ) -> #request {
                self.0.copy_to(name, #path, local, path)
            }
        });
    }

    fn methods(&mut self, verb: Verb, ty: Option<&str>, methods: &mut Vec<TokenStream>) -> bool {
        let owner = ident(&self.owner.name);
        let (kind, sub) = (&self.owner.name, self.subresource);
        let path = Literal::string(sub);
        let is_own = ty == Some(self.resource.kind.as_str());
        let argument = if is_own { "object" } else { self.words.as_str() };
        let argument = ident(if names::is_identifier(argument) { argument } else { "object" });
        let mut method = |text: String, tokens: TokenStream| {
            let docs = doc(&text);
            methods.push(quote!(#docs #tokens));
        };
        match (verb, ty) {
            (Verb::Get, None) if sub == "log" => {
                let (name, request) = (self.name("get"), self.scope.runtime("LogRequest"));
                method(
                    format!("Reads the log of one {kind}."),
                    quote!(pub fn #name(&self, name: impl Into<String>) -> #request { self.0.logs(name) }),
                );
            }
            (Verb::Get, Some(ty)) => {
                let (name, request) = (self.name("get"), self.scope.runtime("GetRequest"));
                let ty = self.scope.generated(ty);
                method(
                    format!("Reads `{sub}` of one {kind}."),
                    quote!(pub fn #name(&self, name: impl Into<String>) -> #request<#ty> {
                        self.0.get_subresource(name, #path)
                    }),
                );
            }
            (Verb::Create, Some(ty)) => {
                let (name, request) = (self.name("create"), self.scope.runtime("CreateRequest"));
                let ty = self.scope.generated(ty);
                method(
                    format!("Creates `{sub}` of one {kind}."),
                    quote!(pub fn #name(&self, name: impl Into<String>, #argument: &#ty) -> #request<#ty> {
                        self.0.create_subresource(name, #path, #argument)
                    }),
                );
            }
            (Verb::Update, Some(_)) if is_own => {
                let (name, request) = (self.name("update"), self.scope.runtime("UpdateRequest"));
                method(
                    format!(
                        "Replaces `{sub}` of one {kind}; `metadata` says which, and which version of it."
                    ),
                    quote!(pub fn #name(&self, object: &#owner) -> #request<#owner> {
                        self.0.update_own_subresource(#path, object)
                    }),
                );
            }
            (Verb::Update, Some(ty)) => {
                let (name, request) = (self.name("update"), self.scope.runtime("UpdateRequest"));
                let ty = self.scope.generated(ty);
                method(
                    format!("Replaces `{sub}` of one {kind}."),
                    quote!(pub fn #name(&self, name: impl Into<String>, #argument: &#ty) -> #request<#ty> {
                        self.0.update_subresource(name, #path, #argument)
                    }),
                );
            }
            (Verb::Patch, Some(ty)) => {
                let (name, request) = (self.name("patch"), self.scope.runtime("PatchRequest"));
                let (ty, patch) = (self.scope.generated(ty), self.scope.runtime("Patch"));
                method(
                    format!("Changes `{sub}` of one {kind} by a patch."),
                    quote!(pub fn #name(&self, name: impl Into<String>, patch: &#patch) -> #request<#ty> {
                        self.0.patch_subresource(name, #path, patch)
                    }),
                );
                let (name, request) = (self.name("apply"), self.scope.runtime("ApplyRequest"));
                let body = self.scope.runtime("ApplyBody");
                method(
                    format!("Applies what is wanted of `{sub}` of one {kind}: server-side apply."),
                    quote!(pub fn #name(&self, name: impl Into<String>, #argument: &impl #body) -> #request<#ty> {
                        self.0.apply_subresource(name, #path, #argument)
                    }),
                );
            }
            _ => return false,
        }
        true
    }
}

//! The methods of subresources: by the subresource's own type, named `verb_subresource` unless names.toml knows a
//! better word.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Settings;
use super::file::doc;
use super::scope::{Scope, ident};
use crate::diag::{Code, Report};
use crate::ir::{Resource, Subresource, Type, Verb};
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
        if !context.methods(*verb, ty.as_deref(), &mut methods) {
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
            (Verb::Connect, _) => {
                let (name, request) = (self.name("connect"), self.scope.runtime("ConnectRequest"));
                method(
                    format!("Connects to `{sub}` of one {kind}."),
                    quote!(pub fn #name(&self, name: impl Into<String>) -> #request { self.0.connect(name, #path) }),
                );
            }
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

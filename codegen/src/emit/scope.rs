//! The names that one file uses: which are imported, and which are written with their path since another type has
//! the same name.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::ir::{Api, Module, Ty};

/// The names of one file.
pub(super) struct Scope<'a> {
    api: &'a Api,
    runtime: Vec<Ident>,
    module: &'a Module,
    /// The names defined in the module, in whatever file.
    own: &'a BTreeSet<String>,
    /// The names defined in this file.
    here: BTreeSet<String>,
    imports: BTreeMap<String, BTreeSet<String>>,
    /// Imported name -> where from.
    taken: BTreeMap<String, String>,
}

pub(super) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

impl<'a> Scope<'a> {
    pub(super) fn new(
        api: &'a Api,
        runtime: &str,
        module: &'a Module,
        own: &'a BTreeSet<String>,
    ) -> Scope<'a> {
        let runtime = runtime.split("::").map(ident).collect();
        Scope {
            api,
            runtime,
            module,
            own,
            here: BTreeSet::new(),
            imports: BTreeMap::new(),
            taken: BTreeMap::new(),
        }
    }

    /// Says that this file defines a name.
    pub(super) fn define(&mut self, name: &str) {
        self.here.insert(name.to_owned());
    }

    fn import(&mut self, from: String, name: &str) -> bool {
        let known = self.taken.entry(name.to_owned()).or_insert_with(|| from.clone());
        let is_free = *known == from;
        if is_free {
            self.imports.entry(from).or_default().insert(name.to_owned());
        }
        is_free
    }

    /// Something that the runtime defines.
    pub(super) fn runtime(&mut self, name: &str) -> TokenStream {
        let path = &self.runtime.clone();
        let name_ident = ident(name);
        let from = path.iter().map(Ident::to_string).collect::<Vec<_>>().join("::");
        if !self.own.contains(name) && self.import(from, name) {
            quote!(#name_ident)
        } else {
            quote!(#(#path)::*::#name_ident)
        }
    }

    /// Another file's client of the same module.
    pub(super) fn import_own(&mut self, name: &str) {
        self.import(format!("crate::{}", self.module), name);
    }

    /// A macro of the runtime, by its bare name.
    pub(super) fn use_macro(&mut self, name: &str) {
        let from = self.runtime.iter().map(Ident::to_string).collect::<Vec<_>>().join("::");
        self.imports.entry(from).or_default().insert(name.to_owned());
    }

    /// A generated type.
    pub(super) fn generated(&mut self, id: &str) -> TokenStream {
        let Some(ty) = self.api.types.get(id) else { return self.runtime("RawJson") };
        let name = ident(&ty.name);
        let (group, version) = (ident(&ty.module.group), ident(&ty.module.version));
        if ty.module == *self.module {
            if self.here.contains(&ty.name) || self.import(format!("crate::{}", ty.module), &ty.name) {
                return quote!(#name);
            }
        } else if !self.own.contains(&ty.name) && self.import(format!("crate::{}", ty.module), &ty.name) {
            return quote!(#name);
        }
        quote!(crate::#group::#version::#name)
    }

    /// The type of a value that is there.
    pub(super) fn ty(&mut self, ty: &Ty) -> TokenStream {
        match ty {
            Ty::Bool => quote!(bool),
            Ty::I32 => quote!(i32),
            Ty::I64 | Ty::OneOfInt(_) => quote!(i64),
            Ty::F64 => quote!(f64),
            Ty::String | Ty::OneOf(_) => quote!(String),
            Ty::Runtime(name) => self.runtime(name),
            Ty::Named(id) => self.generated(id),
            Ty::List(inner) => {
                let inner = self.ty(inner);
                quote!(Vec<#inner>)
            }
            Ty::Map(inner) => {
                let map = self.runtime("Map");
                let inner = self.ty(inner);
                quote!(#map<#inner>)
            }
            Ty::Nullable(inner) => {
                let inner = self.ty(inner);
                quote!(Option<#inner>)
            }
        }
    }

    /// The imports as source text.
    pub(super) fn imports(&self) -> String {
        let mut text = String::new();
        for (path, names) in &self.imports {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let line = match names.as_slice() {
                [name] => format!("use {path}::{name};\n"),
                _ => format!("use {path}::{{{}}};\n", names.join(", ")),
            };
            if line.len() <= 111 {
                text.push_str(&line);
                continue;
            }
            text.push_str(&format!("use {path}::{{\n"));
            let mut row = String::new();
            for name in names {
                if row.len() + name.len() + 6 > 110 {
                    text.push_str(&format!("    {}\n", row.trim_end()));
                    row.clear();
                }
                row.push_str(&format!("{name}, "));
            }
            text.push_str(&format!("    {}\n}};\n", row.trim_end()));
        }
        text
    }
}

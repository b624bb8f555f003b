//! The names that one file uses: which are imported, and which are written with their path since another type has
//! the same name.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::{Home, Settings};
use crate::ir::{Api, Module, Ty, Type};

/// The names of one file.
pub(super) struct Scope<'a> {
    api: &'a Api,
    home: Home,
    runtime: String,
    module: &'a Module,
    /// How many modules this file's is below that of the group-version.
    depth: usize,
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

/// A path as tokens.
fn path(text: &str) -> TokenStream {
    let labels = text.split("::").map(ident);
    quote!(#(#labels)::*)
}

impl<'a> Scope<'a> {
    pub(super) fn new(
        api: &'a Api,
        settings: &Settings<'_>,
        module: &'a Module,
        own: &'a BTreeSet<String>,
        file: &str,
    ) -> Scope<'a> {
        Scope {
            api,
            home: settings.home,
            runtime: settings.config.runtime().to_owned(),
            module,
            depth: file.matches('/').count() + 1,
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
        let from = self.runtime.clone();
        let path = path(&from);
        let name_ident = ident(name);
        if !self.own.contains(name) && self.import(from, name) {
            quote!(#name_ident)
        } else {
            quote!(#path::#name_ident)
        }
    }

    /// Something that the runtime defines behind a feature: with its path, since an import would need the feature too.
    pub(super) fn gated(&self, name: &str) -> TokenStream {
        let (path, name) = (path(&self.runtime), ident(name));
        quote!(#path::#name)
    }

    /// Another file's client of the same module.
    pub(super) fn import_own(&mut self, name: &str) {
        self.import(self.path_of(self.module), name);
    }

    /// A macro of the runtime, by its bare name.
    pub(super) fn use_macro(&mut self, name: &str) {
        self.imports.entry(self.runtime.clone()).or_default().insert(name.to_owned());
    }

    /// A generated type.
    pub(super) fn generated(&mut self, id: &str) -> TokenStream {
        let Some(ty) = self.api.types.get(id) else { return self.runtime("RawJson") };
        let name = ident(&ty.name);
        let from = self.home_of(ty);
        if ty.module == *self.module && !ty.external {
            if self.here.contains(&ty.name) || self.import(from.clone(), &ty.name) {
                return quote!(#name);
            }
        } else if !self.own.contains(&ty.name) && self.import(from.clone(), &ty.name) {
            return quote!(#name);
        }
        let path = path(&from);
        quote!(#path::#name)
    }

    /// The path of the module that a type is in.
    fn home_of(&self, ty: &Type) -> String {
        if ty.external { format!("{}::{}", self.runtime, ty.module) } else { self.path_of(&ty.module) }
    }

    /// The path of a module of the output, as this file writes it: a package does not know where it stands.
    fn path_of(&self, module: &Module) -> String {
        if self.home == Home::Crate {
            return format!("crate::{module}");
        }
        let up = |levels: usize| vec!["super"; self.depth + levels].join("::");
        if module == self.module {
            up(0)
        } else if module.group == self.module.group {
            format!("{}::{}", up(1), module.version)
        } else {
            format!("{}::{module}", up(2))
        }
    }

    /// The path of a module of the group, beside its versions.
    pub(super) fn in_group(&self, name: &str) -> String {
        match self.home {
            Home::Crate => format!("crate::{}::{name}", self.module.group),
            Home::Package => format!("{}::{name}", vec!["super"; self.depth + 1].join("::")),
        }
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
        self.imports.iter().map(|(path, names)| import(&format!("use {path}"), names)).collect()
    }
}

/// An import as source text; `what` is `use` or `pub use` and the path.
pub(super) fn import(what: &str, names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let line = match names.as_slice() {
        [name] => format!("{what}::{name};\n"),
        _ => format!("{what}::{{{}}};\n", names.join(", ")),
    };
    if line.len() <= 111 {
        return line;
    }
    let mut text = format!("{what}::{{\n");
    let mut row = String::new();
    for name in names {
        if row.len() + name.len() + 6 > 110 {
            text.push_str(&format!("    {}\n", row.trim_end()));
            row.clear();
        }
        row.push_str(&format!("{name}, "));
    }
    text.push_str(&format!("    {}\n}};\n", row.trim_end()));
    text
}

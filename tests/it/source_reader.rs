//! A reader of the generated Rust source for tests: which clients there are, with which methods, which structs with which
//! members. What the compiler sees, and nothing that the generator says of itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Expr, Fields, ImplItem, Item, Lit, ReturnType, Visibility};

use crate::spec_reader::{Place, root};

/// All of generated/src; keys are paths below the crate, `apps::v1::Deployment`.
#[derive(Default)]
pub(crate) struct Source {
    pub(crate) structs: BTreeMap<String, Struct>,
    /// The values of open enums.
    pub(crate) enums: BTreeMap<String, BTreeSet<String>>,
    /// `resource!` rows: kind -> (group, version, plural).
    pub(crate) resources: BTreeMap<String, [String; 3]>,
    pub(crate) clients: Vec<Client>,
    /// Inherent methods of everything else: the clients of group-versions, and `Clientset`.
    pub(crate) methods: BTreeMap<String, BTreeMap<String, Method>>,
}

/// A struct with members.
#[derive(Default)]
pub(crate) struct Struct {
    /// Public members and their types, without spaces.
    pub(crate) members: BTreeMap<String, String>,
    /// JSON name -> member, from `object!`.
    pub(crate) rows: Vec<(String, String)>,
    /// Where names of its types come from: name -> path below the crate.
    pub(crate) imports: BTreeMap<String, String>,
}

/// A newtype over `Api`.
pub(crate) struct Client {
    pub(crate) module: String,
    pub(crate) name: String,
    /// The kind, as a path below the crate.
    pub(crate) kind: String,
    pub(crate) place: Place,
    pub(crate) methods: BTreeMap<String, Method>,
}

/// One public method.
pub(crate) struct Method {
    /// Its type, without spaces.
    pub(crate) returns: String,
    /// Every string literal in its body.
    pub(crate) literals: Vec<String>,
}

/// The source, read once.
pub(crate) fn source() -> &'static Source {
    static SOURCE: OnceLock<Source> = OnceLock::new();
    SOURCE.get_or_init(|| {
        let mut source = Source::default();
        let folder = root().join("generated/src");
        read_folder(&folder, &folder, &mut source);
        source
    })
}

fn read_folder(folder: &Path, below: &Path, source: &mut Source) {
    for entry in std::fs::read_dir(folder).expect("generated/src can be read") {
        let path = entry.expect("generated/src can be read").path();
        if path.is_dir() {
            read_folder(&path, below, source);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source file can be read");
            let file = syn::parse_file(&text).expect("generated code is Rust");
            let relative = path.strip_prefix(below).expect("found below it");
            let folders: Vec<&str> = relative.iter().filter_map(|part| part.to_str()).collect();
            let folders = &folders[..folders.len() - 1];
            read_file(&file, &folders[..folders.len().min(2)].join("::"), source);
        }
    }
}

fn read_file(file: &syn::File, module: &str, source: &mut Source) {
    let imports = imports(file);
    let here = |name: &str| join(module, name);
    let resolve = |name: &str| imports.get(name).cloned().unwrap_or_else(|| here(name));
    let mut newtypes = BTreeMap::new();
    for item in &file.items {
        match item {
            Item::Struct(item) => match &item.fields {
                Fields::Named(fields) => {
                    let public = |field: &&syn::Field| matches!(field.vis, Visibility::Public(_));
                    let members = fields.named.iter().filter(public).map(|field| {
                        (plain(field.ident.as_ref().expect("named").to_string()), tight(&field.ty))
                    });
                    let found = source.structs.entry(here(&item.ident.to_string())).or_default();
                    found.members = members.collect();
                    found.imports = imports.clone();
                }
                Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                    newtypes.insert(item.ident.to_string(), tight(&fields.unnamed[0].ty));
                }
                _ => {}
            },
            Item::Macro(item) => {
                let tokens: Vec<TokenTree> = item.mac.tokens.clone().into_iter().collect();
                let name = tokens[0].to_string();
                match item.mac.path.to_token_stream().to_string().as_str() {
                    "object" => source.structs.entry(here(&name)).or_default().rows = rows(&tokens),
                    "open_enum" => {
                        drop(source.enums.insert(here(&name), literals(&item.mac.tokens).collect()))
                    }
                    "resource" => {
                        let words: Vec<String> = literals(&item.mac.tokens).collect();
                        let [group, version, _, plural] = words.try_into().expect("resource! has four names");
                        source.resources.insert(here(&name), [group, version, plural]);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    for item in &file.items {
        let Item::Impl(item) = item else { continue };
        if item.trait_.is_some() {
            continue;
        }
        let name = tight(&item.self_ty);
        let (methods, new) = methods(&item.items);
        match newtypes.get(&name) {
            Some(api) => {
                let kind =
                    api.strip_prefix("Api<").and_then(|kind| kind.strip_suffix('>')).expect("over Api");
                let place = match new.as_str() {
                    "namespaced" => Place::Namespace,
                    "all" => Place::AllNamespaces,
                    "cluster" => Place::Cluster,
                    other => panic!("{}: made by Api::{other}", here(&name)),
                };
                let (module, kind) = (module.to_owned(), resolve(kind));
                source.clients.push(Client { module, name, kind, place, methods });
            }
            None => source.methods.entry(here(&name)).or_default().extend(methods),
        }
    }
}

/// The public methods, and by which constructor of `Api` the value is made.
fn methods(items: &[ImplItem]) -> (BTreeMap<String, Method>, String) {
    let mut new = String::new();
    let mut methods = BTreeMap::new();
    for item in items {
        let ImplItem::Fn(item) = item else { continue };
        let body = item.block.to_token_stream();
        let name = plain(item.sig.ident.to_string());
        if name == "new" {
            let text = body.to_string();
            let after = text.split("Api ::").nth(1).unwrap_or_default();
            new = after.trim_start().chars().take_while(|c| c.is_alphanumeric()).collect();
        }
        if matches!(item.vis, Visibility::Public(_)) {
            let returns = match &item.sig.output {
                ReturnType::Default => String::new(),
                ReturnType::Type(_, returned) => tight(returned),
            };
            methods.insert(name, Method { returns, literals: literals(&body).collect() });
        }
    }
    (methods, new)
}

/// The rows of `object!`: JSON name and member.
fn rows(tokens: &[TokenTree]) -> Vec<(String, String)> {
    let Some(TokenTree::Group(body)) = tokens.last() else { panic!("object! ends with its rows") };
    let tokens: Vec<TokenTree> = body.stream().into_iter().collect();
    let rows = tokens.split(|token| matches!(token, TokenTree::Punct(point) if point.as_char() == ';'));
    rows.filter(|row| !row.is_empty())
        .map(|row| (text(&row[2]).expect("a JSON name"), plain(row[1].to_string())))
        .collect()
}

/// What `use crate::…` brings in.
fn imports(file: &syn::File) -> BTreeMap<String, String> {
    let mut imports = BTreeMap::new();
    for item in &file.items {
        let Item::Use(item) = item else { continue };
        let line: String = item.tree.to_token_stream().to_string().split_whitespace().collect();
        let Some(path) = line.strip_prefix("crate::") else { continue };
        // What stands at the root is the runtime's: `use crate::{Client, Result}` of what is written by hand.
        let Some((module, names)) = path.rsplit_once("::") else { continue };
        for name in names.trim_matches(['{', '}']).split(',').filter(|name| !name.is_empty()) {
            imports.insert(name.to_owned(), join(module, name));
        }
    }
    imports
}

fn literals(tokens: &TokenStream) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    let mut open = vec![tokens.clone().into_iter()];
    while let Some(tokens) = open.last_mut() {
        match tokens.next() {
            None => drop(open.pop()),
            Some(TokenTree::Group(group)) => open.push(group.stream().into_iter()),
            Some(token) => found.extend(text(&token)),
        }
    }
    found.into_iter()
}

/// The text of a string literal.
fn text(token: &TokenTree) -> Option<String> {
    let TokenTree::Literal(literal) = token else { return None };
    match syn::parse_str::<Expr>(&literal.to_string()).ok()? {
        Expr::Lit(literal) => match literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn join(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

/// A name without the mark of a raw identifier.
fn plain(name: String) -> String {
    name.strip_prefix("r#").map_or(name.clone(), str::to_owned)
}

fn tight(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string().split_whitespace().collect()
}

//! Decides which file a type lives in: a kind's own file, with the types that only this kind leads to; `types`,
//! with those that several lead to; and where that file would be long, one for each initial letter.

use std::collections::{BTreeMap, BTreeSet};

use crate::ir::{Api, Field, Module, Shape, Ty, Type};
use crate::names;

/// How many lines `types.rs` may have before it is split.
const LINES: usize = 1500;

pub(super) fn run(api: &mut Api) {
    let modules: Vec<Module> = api.versions.keys().cloned().collect();
    for module in &modules {
        let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (id, ty) in own(api, module).filter(|(_, ty)| ty.gvk.is_some()) {
            if matches!(ty.shape, Shape::List(_)) {
                continue;
            }
            for reached in reach(api, module, id) {
                owners.entry(reached).or_default().insert(id.clone());
            }
        }
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        let mut shared: BTreeMap<char, usize> = BTreeMap::new();
        let mut taken = BTreeSet::from(["types".to_owned(), "client".to_owned(), "mod".to_owned()]);
        for (id, ty) in own(api, module).filter(|(_, ty)| is_kind(ty)) {
            let mut file = names::snake(&ty.name, &Default::default());
            if file.is_empty() {
                file.push_str("kind");
            }
            while !taken.insert(file.clone()) {
                file.push('_');
            }
            files.insert(id.clone(), names::file_safe(file));
        }
        for (id, ty) in own(api, module).filter(|(_, ty)| !is_kind(ty)) {
            let owner = match &ty.shape {
                Shape::List(item) => files.get(item),
                _ => match owners.get(id).map(|owners| owners.iter().collect::<Vec<_>>()).as_deref() {
                    Some([only]) => files.get(*only),
                    _ => None,
                },
            };
            match owner {
                Some(owner) => {
                    files.insert(id.clone(), owner.clone());
                }
                None => *shared.entry(initial(ty)).or_default() += lines(ty),
            }
        }
        let split = shared.values().sum::<usize>() > LINES;
        for (id, ty) in &mut api.types {
            if ty.module == *module && !ty.external {
                ty.file = match files.remove(id) {
                    Some(file) => file,
                    None if split => format!("types/{}", initial(ty)),
                    None => "types".to_owned(),
                };
            }
        }
    }
}

/// The types that are emitted in a module.
fn own<'a>(api: &'a Api, module: &'a Module) -> impl Iterator<Item = (&'a String, &'a Type)> {
    api.types.iter().filter(move |(_, ty)| ty.module == *module && !ty.external)
}

fn is_kind(ty: &Type) -> bool {
    ty.gvk.is_some() && !matches!(ty.shape, Shape::List(_))
}

fn initial(ty: &Type) -> char {
    ty.name.chars().next().unwrap_or('x').to_ascii_lowercase()
}

/// The types of the module that a kind leads to, without itself.
fn reach(api: &Api, module: &Module, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from.to_owned()];
    while let Some(at) = next.pop() {
        let Some(Type { shape: Shape::Object(fields), module: of, .. }) = api.types.get(&at) else {
            continue;
        };
        if of != module || api.types.get(&at).is_some_and(|ty| ty.external) {
            continue;
        }
        for name in fields.iter().filter_map(named) {
            let is_own = api
                .types
                .get(name)
                .is_some_and(|ty| ty.module == *module && !ty.external && ty.gvk.is_none());
            if is_own && reached.insert(name.to_owned()) {
                next.push(name.to_owned());
            }
        }
    }
    reached
}

fn named(field: &Field) -> Option<&str> {
    match field.ty.leaf() {
        Ty::Named(name) => Some(name),
        _ => None,
    }
}

/// About how many lines a type takes.
fn lines(ty: &Type) -> usize {
    let text = |description: &str| description.len() / 100 + 2;
    match &ty.shape {
        Shape::Object(fields) => {
            8 + text(&ty.description) + fields.iter().map(|field| text(&field.description) + 2).sum::<usize>()
        }
        Shape::Enum(variants) | Shape::IntEnum(variants) => 12 + variants.len() * 3,
        Shape::List(_) | Shape::Alias(_) => 2,
    }
}

//! Finds the core types of Kubernetes inside of CRDs: an embedded pod template becomes `core::v1::PodTemplateSpec`. A
//! shape S becomes the core type T if S has T's anchors, T has each member of S with a type that holds all that S's
//! holds, and S requires what T requires: so nothing can be lost. Never a kind. Which types there are to be found,
//! and by which anchors, is in data/reuse.toml.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::ir::{Api, Field, Module, Shape, Ty, id};

/// data/reuse.toml.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "type")]
    rows: Vec<Row>,
}

/// A core type that shapes of CRDs may become.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// `core::v1::PodSpec`.
    path: String,
    /// The members that have to be there.
    anchors: Vec<String>,
    /// Parts of names, in lower case: the shape has to stand at a member that has one of them in its name. For core
    /// types of equal shape, and for shapes that are too small to be told by themselves.
    #[serde(default)]
    at: Vec<String>,
    /// Whether the shape has to have all members of the type, and to require the same.
    #[serde(default)]
    exact: bool,
    /// Members that the type requires, and that a shape inside of another core type need not require.
    #[serde(default)]
    given: Vec<String>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    // A test reads it, so that it cannot be wrong here.
    TABLE.get_or_init(|| toml::from_str(include_str!("../../data/reuse.toml")).unwrap_or_default())
}

/// The paths of the core types that may stand in for shapes: `core::v1::PodSpec`.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    table().rows.iter().map(|row| row.path.as_str())
}

/// Their names.
pub(super) fn names() -> impl Iterator<Item = String> {
    paths().filter_map(|path| path.rsplit("::").next()).map(str::to_owned)
}

pub(super) fn run(api: &mut Api, merge: bool) {
    if merge {
        replace(api);
    }
    forget(api);
}

/// Drops the external types that nothing refers to.
fn forget(api: &mut Api) {
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    for resource in api.versions.values().flat_map(|version| &version.resources) {
        for subresource in resource.subresources.values() {
            wanted.extend(subresource.verbs.values().flatten().cloned());
        }
    }
    for ty in api.types.values().filter(|ty| !ty.external) {
        let Shape::Object(fields) = &ty.shape else { continue };
        wanted.extend(fields.iter().filter_map(|field| match field.ty.leaf() {
            Ty::Named(id) => Some(id.clone()),
            _ => None,
        }));
    }
    api.types.retain(|id, ty| !ty.external || wanted.contains(id));
}

fn replace(api: &mut Api) {
    let by_path: BTreeMap<(&Module, &str), &String> = api
        .types
        .iter()
        .filter(|(id, _)| !id::is_custom(id))
        .map(|(id, ty)| ((&ty.module, ty.name.as_str()), id))
        .collect();
    // What the documents at hand do not have cannot be found.
    let rows: Vec<(&Row, &str)> = table()
        .rows
        .iter()
        .filter_map(|row| {
            let (module, name) = row.path.rsplit_once("::")?;
            Some((row, by_path.get(&(&Module::parse(module)?, name))?.as_str()))
        })
        .collect();
    let mut search = Search { api, rows, known: BTreeMap::new() };
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut dropped: BTreeSet<String> = BTreeSet::new();
    let kinds = api.types.iter().filter(|(id, ty)| id::is_custom(id) && ty.gvk.is_some());
    let mut next: Vec<&str> = kinds.map(|(id, _)| id.as_str()).collect();
    while let Some(at) = next.pop() {
        for field in search.fields(at).unwrap_or_default() {
            let Ty::Named(nested) = field.ty.leaf() else { continue };
            if !id::is_custom(nested) {
                continue;
            }
            match search.core_type(nested, &field.json) {
                Some(core) => {
                    found.insert(nested.clone(), core.to_owned());
                    dropped.extend(search.below(nested));
                }
                None => next.push(nested),
            }
        }
    }
    api.types.retain(|id, _| !dropped.contains(id));
    for ty in api.types.values_mut() {
        let Shape::Object(fields) = &mut ty.shape else { continue };
        for field in fields {
            if let Ty::Named(id) = field.ty.leaf_mut()
                && let Some(core) = found.get(id)
            {
                id.clone_from(core);
            }
        }
    }
}

struct Search<'a> {
    api: &'a Api,
    rows: Vec<(&'a Row, &'a str)>,
    /// Shape, core type and whether they are inside of others -> whether the one can become the other.
    known: BTreeMap<(&'a str, &'a str, bool), bool>,
}

impl<'a> Search<'a> {
    fn fields(&self, id: &str) -> Option<&'a [Field]> {
        match self.api.types.get(id).map(|ty| &ty.shape) {
            Some(Shape::Object(fields)) => Some(fields),
            _ => None,
        }
    }

    /// The type and all that it holds.
    fn below(&self, id: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut next = vec![id];
        while let Some(at) = next.pop() {
            found.push(at.to_owned());
            for field in self.fields(at).unwrap_or_default() {
                if let Ty::Named(nested) = field.ty.leaf()
                    && id::is_custom(nested)
                {
                    next.push(nested);
                }
            }
        }
        found
    }

    /// The core type that a shape at the member `json` becomes: the first of the table that fits.
    fn core_type(&mut self, shape: &'a str, json: &str) -> Option<&'a str> {
        let fields = self.fields(shape)?;
        let has = |name: &String| fields.iter().any(|field| field.json == *name);
        let json = json.to_ascii_lowercase();
        let candidates: Vec<(&Row, &str)> = self
            .rows
            .iter()
            .filter(|(row, _)| row.at.is_empty() || row.at.iter().any(|part| json.contains(part)))
            .filter(|(row, _)| row.anchors.iter().all(has))
            .copied()
            .collect();
        let fitting = candidates.into_iter().find(|(row, core)| {
            (!row.exact || self.is_same_size(fields, core)) && self.fits(shape, core, false)
        });
        fitting.map(|(_, core)| core)
    }

    fn is_same_size(&self, fields: &[Field], core: &str) -> bool {
        let core = self.fields(core).unwrap_or_default();
        let is_required = |json: &str| core.iter().any(|field| field.json == json && field.required);
        fields.len() == core.len() && fields.iter().all(|field| field.required == is_required(&field.json))
    }

    /// Whether the core type holds all that the shape holds. Schemas end, and with them the recursion.
    fn fits(&mut self, shape: &'a str, core: &'a str, inside: bool) -> bool {
        if shape == core {
            return true;
        }
        if let Some(known) = self.known.get(&(shape, core, inside)) {
            return *known;
        }
        let fits = self.object_fits(shape, core, inside);
        self.known.insert((shape, core, inside), fits);
        fits
    }

    fn object_fits(&mut self, shape: &'a str, core: &'a str, inside: bool) -> bool {
        let (Some(fields), Some(core_fields)) = (self.fields(shape), self.fields(core)) else { return false };
        if self.api.types.get(shape).is_none_or(|ty| ty.preserves || ty.gvk.is_some()) {
            return false;
        }
        let given = self.rows.iter().find(|(row, id)| inside && *id == core && !row.given.is_empty());
        let is_given = |json: &String| given.is_some_and(|(row, _)| row.given.contains(json));
        let mut needed = core_fields.iter().filter(|field| field.required && !is_given(&field.json));
        let has_required = needed.all(|needed| {
            let own = fields.iter().find(|field| field.json == needed.json);
            own.is_some_and(|own| own.required && !own.nullable && own.default.is_none())
        });
        has_required
            && fields.iter().all(|field| {
                core_fields
                    .iter()
                    .find(|core| core.json == field.json)
                    .is_some_and(|core| self.field_fits(field, core))
            })
    }

    fn field_fits(&mut self, field: &'a Field, core: &'a Field) -> bool {
        // Where the member has to be there and may be null, null says something. A name that a person gave to a member
        // is one that the core type does not have.
        if field.required && field.nullable || !field.name.is_empty() {
            return false;
        }
        // The core type's facts are those of its own defaults. One that fills in nothing (`""`, `0`) is as good as none.
        if field.telling_default().is_some() && field.default != core.default {
            return false;
        }
        // Of `metadata: { type: object }` a server keeps nothing but that it is there.
        if field.pruned && matches!(&core.ty, Ty::Named(id) if self.fields(id).is_some()) {
            return true;
        }
        self.ty_fits(&field.ty, &core.ty)
    }

    fn ty_fits(&mut self, ty: &'a Ty, core: &'a Ty) -> bool {
        match (ty, core) {
            (Ty::List(ty), Ty::List(core)) | (Ty::Map(ty), Ty::Map(core)) => self.ty_fits(ty, core),
            (Ty::Nullable(ty), Ty::Nullable(core)) => self.ty_fits(ty, core),
            // An open enum keeps any string.
            (Ty::String | Ty::OneOf(_), Ty::String | Ty::OneOf(_)) => true,
            (Ty::String | Ty::OneOf(_), Ty::Named(id)) => {
                self.api.types.get(id).is_some_and(|ty| matches!(ty.shape, Shape::Enum(_)))
            }
            (Ty::I32, Ty::I64) => true,
            (Ty::Named(shape), Ty::Named(core)) => self.fits(shape, core, true),
            _ => ty == core,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_know_each_type_of_the_table_and_its_anchors() {
        let table: Table = toml::from_str(include_str!("../../data/reuse.toml")).unwrap();
        let mut api = Api::default();
        api.load_all();
        for row in &table.rows {
            let known = api.types.values().find(|ty| format!("{}::{}", ty.module, ty.name) == row.path);
            let Some(Shape::Object(fields)) = known.map(|ty| &ty.shape) else {
                panic!("{} is not in the catalog: reach it from a root of catalog.rs", row.path)
            };
            assert!(!row.anchors.is_empty(), "{}", row.path);
            for anchor in &row.anchors {
                assert!(fields.iter().any(|field| field.json == *anchor), "{} has no `{anchor}`", row.path);
            }
        }
    }
}

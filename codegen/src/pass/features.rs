//! Which group-version names types of which other: the dependencies of its feature. `meta::v1` is always there and
//! may depend on none.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{Code, Place, Report};
use crate::ir::{Api, Module, Shape, Ty};

pub(super) fn run(api: &mut Api, report: &mut Report) {
    let mut dependencies: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    let module_of = |id: &str| api.types.get(id).map(|ty| ty.module.clone());
    for ty in api.types.values() {
        let Shape::Object(fields) = &ty.shape else { continue };
        let needed = dependencies.entry(ty.module.clone()).or_default();
        for field in fields {
            if let Ty::Named(name) = field.ty.leaf() {
                needed.extend(module_of(name));
            }
        }
    }
    for (module, version) in &api.versions {
        let needed = dependencies.entry(module.clone()).or_default();
        needed.extend(version.reexports.iter().filter_map(|reexport| module_of(&reexport.id)));
        for resource in &version.resources {
            needed.extend(module_of(&resource.kind));
            for ty in
                resource.subresources.values().flat_map(|subresource| subresource.verbs.values()).flatten()
            {
                needed.extend(module_of(ty));
            }
        }
    }
    let always: BTreeSet<Module> =
        api.versions.iter().filter(|(_, version)| !version.gated).map(|(module, _)| module.clone()).collect();
    for (module, version) in &mut api.versions {
        let mut needed = dependencies.remove(module).unwrap_or_default();
        needed.retain(|other| other != module && !always.contains(other));
        if !version.gated
            && let Some(other) = needed.first()
        {
            let place = Place::new(&version.source, "");
            report.error(Code::BadTable, &place, format!("`{module}` is always on, but needs `{other}`"), "");
        }
        version.dependencies = needed;
    }
}

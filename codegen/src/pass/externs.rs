//! Replaces references to schemas that the runtime writes by hand (names.toml, [externs]) and those to schemas that
//! only rename a scalar. A row that names no schema is stale and fails the run; so does a reference to nothing.

use std::collections::BTreeMap;

use super::Tables;
use crate::diag::{Code, Place, Report};
use crate::ir::{Api, Shape, Ty};

pub(super) fn run(api: &mut Api, tables: &Tables<'_>, report: &mut Report) {
    let mut targets: BTreeMap<String, Ty> =
        tables.names.externs.iter().map(|(schema, name)| (schema.clone(), Ty::runtime(name))).collect();
    api.types.retain(|id, ty| match &ty.shape {
        Shape::Alias(target) => {
            targets.insert(id.clone(), target.clone());
            false
        }
        _ => true,
    });
    // Aliases of aliases; the depth is bounded, since a circle of them would never end.
    for _ in 0..8 {
        let known = targets.clone();
        for target in targets.values_mut() {
            replace(target, &known);
        }
    }
    let mut missing = Vec::new();
    let mut resolve = |ty: &mut Ty, place: &Place, known: &std::collections::BTreeSet<String>| {
        replace(ty, &targets);
        if let Ty::Named(name) = ty.leaf_mut()
            && !known.contains(name)
        {
            missing.push((place.clone(), name.clone()));
            *ty.leaf_mut() = Ty::runtime("RawJson");
        }
    };
    let known = api.types.keys().cloned().collect();
    // What core types refer to need not be there: they are not emitted.
    for ty in api.types.values_mut().filter(|ty| !ty.external) {
        match &mut ty.shape {
            Shape::Object(fields) => {
                for field in fields {
                    let place = field.place.clone();
                    resolve(&mut field.ty, &place, &known);
                }
            }
            Shape::List(_) | Shape::Enum(_) | Shape::IntEnum(_) | Shape::Alias(_) => {}
        }
    }
    for (place, name) in missing {
        report.error(
            Code::BadReference,
            &place,
            format!("there is no schema `{name}`"),
            "the document names a schema that it does not hold",
        );
    }
    let mut lost = Vec::new();
    for (id, ty) in &api.types {
        if let Shape::List(item) = &ty.shape
            && !api.types.contains_key(item)
        {
            report.error(Code::BadReference, &ty.place, format!("there is no schema `{item}`"), "");
            lost.push(id.clone());
        }
    }
    for id in lost {
        api.types.remove(&id);
    }
}

fn replace(ty: &mut Ty, targets: &BTreeMap<String, Ty>) {
    let leaf = ty.leaf_mut();
    if let Ty::Named(name) = leaf
        && let Some(target) = targets.get(name)
    {
        *leaf = target.clone();
    }
}

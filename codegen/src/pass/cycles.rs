//! Finds the required objects that hold themselves without a list, a map or an `Option` between, and makes them
//! optional, which boxes them: a value that has to hold another of its kind would never end.

use std::collections::{BTreeMap, BTreeSet};

use crate::ir::{Api, Shape, Ty};

pub(super) fn run(api: &mut Api) {
    let mut inline: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, ty) in &api.types {
        let Shape::Object(fields) = &ty.shape else { continue };
        let held = fields.iter().filter(|field| field.required && !field.nullable);
        let held = held.filter_map(|field| match &field.ty {
            Ty::Named(name) => Some(name.clone()),
            _ => None,
        });
        inline.insert(id.clone(), held.collect());
    }
    let mut held: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for id in inline.keys() {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&String> = inline[id].iter().collect();
        while let Some(at) = next.pop() {
            if reached.insert(at.clone()) {
                next.extend(inline.get(at).into_iter().flatten());
            }
        }
        held.insert(id.clone(), reached);
    }
    for (id, ty) in &mut api.types {
        let Shape::Object(fields) = &mut ty.shape else { continue };
        for field in fields.iter_mut().filter(|field| field.required) {
            if let Ty::Named(name) = &field.ty
                && (name == id || held.get(name).is_some_and(|held| held.contains(id)))
            {
                field.required = false;
            }
        }
    }
}

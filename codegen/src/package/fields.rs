//! The names that clientset.toml gives to members: `"widgets.spec.podIPs" = "addresses"`, or by the id of a member,
//! `"example.com/v1/Widget#/spec/podIPs"`. Other names are no business of this file.

use std::collections::BTreeMap;

use crate::Source;
use crate::diag::{Code, Report};
use crate::ir::{Api, Field, Shape, Ty};
use crate::pointer;
use crate::spec::tables::row;

/// Gives members the names of the table. A row that finds no member is an error: it would do nothing.
pub(super) fn rename(api: &mut Api, table: &BTreeMap<String, String>, config: &Source, report: &mut Report) {
    for (target, name) in table {
        let members = match target.contains('#') {
            true => by_id(target).into_iter().collect(),
            false => by_way(api, target),
        };
        let mut found = false;
        for (owner, json) in members {
            if let Some(field) = member(api, &owner, &json) {
                field.name.clone_from(name);
                found = true;
            }
        }
        if !found {
            let what = format!("there is no member `{target}`");
            report.error(
                Code::BadTable,
                &row(config, target),
                what,
                "write it as `plural.spec.member`, by its names in YAML",
            );
        }
    }
}

fn member<'a>(api: &'a mut Api, owner: &str, json: &str) -> Option<&'a mut Field> {
    match &mut api.types.get_mut(owner)?.shape {
        Shape::Object(fields) => fields.iter_mut().find(|field| field.json == json),
        _ => None,
    }
}

/// `example.com/v1/Widget#/spec/size` is `size` of `example.com/v1/Widget#/spec`.
fn by_id(id: &str) -> Option<(String, String)> {
    let (owner, json) = id.rsplit_once('/')?;
    let owner = owner.strip_suffix('#').unwrap_or(owner);
    Some((owner.to_owned(), pointer::name(json)))
}

/// `widgets.spec.size` in all versions, of whatever group.
fn by_way(api: &Api, way: &str) -> Vec<(String, String)> {
    let mut steps = way.split('.');
    let plural = steps.next().unwrap_or_default();
    let mut steps: Vec<&str> = steps.collect();
    let Some(last) = steps.pop() else { return Vec::new() };
    let resources = api.versions.values().flat_map(|version| &version.resources);
    let kinds = resources.filter(|resource| resource.plural == plural).map(|resource| resource.kind.as_str());
    kinds.filter_map(|kind| Some((descend(api, kind, &steps)?.to_owned(), last.to_owned()))).collect()
}

fn descend<'a>(api: &'a Api, kind: &'a str, steps: &[&str]) -> Option<&'a str> {
    let mut at = kind;
    for step in steps {
        let Shape::Object(fields) = &api.types.get(at)?.shape else { return None };
        match fields.iter().find(|field| field.json == *step)?.ty.leaf() {
            Ty::Named(id) => at = id,
            _ => return None,
        }
    }
    Some(at)
}

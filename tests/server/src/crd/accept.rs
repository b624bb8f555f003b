//! Names: a definition gets those that no other of its group has, and is served once it got all of them.
//!
//! The real server does this in a controller, a moment after the definition was written; here it is done at once.

use std::sync::{Arc, PoisonError};

use serde_json::{Value, json};

use super::{condition, has_condition, place, serve, set_condition};
use crate::meta;
use crate::schema::strings;
use crate::server::Shared;
use crate::store::Store;

/// Gives a definition its names and serves what it declares; then looks at those that waited for its old names.
pub(crate) fn register(shared: &Arc<Shared>, store: &mut Store, name: &str) {
    let Some(group) = one(shared, store, name) else { return };
    others(shared, store, &group, name);
}

/// Looks again at the definitions of a group that did not get their names.
pub(super) fn others(shared: &Arc<Shared>, store: &mut Store, group: &str, except: &str) {
    let waiting: Vec<String> = store
        .list(&place(), "")
        .into_iter()
        .filter(|(key, it)| key.as_ref() != except && it.value["spec"]["group"] == group)
        .filter(|(_, it)| it.value["status"]["acceptedNames"] != it.value["spec"]["names"])
        .map(|it| it.0.to_string())
        .collect();
    for name in waiting {
        one(shared, store, &name);
    }
}

fn one(shared: &Arc<Shared>, store: &mut Store, name: &str) -> Option<String> {
    let stored = store.get(&place(), name).cloned()?;
    let group = stored.value["spec"]["group"].as_str()?.to_owned();
    let mut crd = stored.value.clone();
    if crd["status"]["acceptedNames"] != crd["spec"]["names"] {
        let taken = taken(store, &group, name);
        accept(&mut crd, &taken);
    }
    if crd["status"] != stored.value["status"] {
        track(&stored.value, &mut crd);
        store.put(&place(), name, crd.clone());
    }
    let resources = if has_condition(&crd, "Established") { serve::resources(&crd) } else { Vec::new() };
    shared.catalog.write().unwrap_or_else(PoisonError::into_inner).put(name, resources);
    Some(group)
}

/// The names of resources and of kinds that other definitions of a group have.
fn taken(store: &Store, group: &str, except: &str) -> (Vec<String>, Vec<String>) {
    let (mut resources, mut kinds) = (Vec::new(), Vec::new());
    for (key, other) in store.list(&place(), "") {
        if key.as_ref() == except || other.value["spec"]["group"] != group {
            continue;
        }
        let names = &other.value["status"]["acceptedNames"];
        let text = |it: &Value| it.as_str().map(str::to_owned);
        resources.extend([text(&names["plural"]), text(&names["singular"])].into_iter().flatten());
        resources.extend(strings(names.get("shortNames")));
        kinds.extend([text(&names["kind"]), text(&names["listKind"])].into_iter().flatten());
    }
    (resources, kinds)
}

fn accept(crd: &mut Value, (resources, kinds): &(Vec<String>, Vec<String>)) {
    let wanted = crd["spec"]["names"].clone();
    let mut names = crd["status"]["acceptedNames"].clone();
    if !names.is_object() {
        names = json!({});
    }
    let mut problem = None;
    let in_use = |it: &str| format!("\"{it}\" is already in use");
    for (member, used, reason) in
        [("plural", resources, "PluralConflict"), ("singular", resources, "SingularConflict")]
    {
        take(&wanted, &mut names, member, used, reason, &mut problem);
    }
    let short = strings(wanted.get("shortNames"));
    let own = strings(names.get("shortNames"));
    if short != own {
        let clashes: Vec<String> = short
            .iter()
            .filter(|it| !own.contains(it) && resources.contains(it))
            .map(|it| in_use(it))
            .collect();
        if clashes.is_empty() {
            set(&mut names, "shortNames", &wanted["shortNames"]);
        } else {
            let message = match clashes.as_slice() {
                [one] => one.clone(),
                many => format!("[{}]", many.join(", ")),
            };
            problem = Some(("ShortNamesConflict", message));
        }
    }
    for (member, reason) in [("kind", "KindConflict"), ("listKind", "ListKindConflict")] {
        take(&wanted, &mut names, member, kinds, reason, &mut problem);
    }
    set(&mut names, "categories", &wanted["categories"]);
    for member in ["plural", "kind"] {
        if names[member].is_null() {
            names[member] = "".into();
        }
    }
    crd["status"]["acceptedNames"] = names;

    let accepted = problem.is_none();
    let (reason, message) = problem.unwrap_or(("NoConflicts", "no conflicts found".to_owned()));
    set_condition(crd, condition("NamesAccepted", accepted, reason, &message));
    if accepted && !has_condition(crd, "Established") {
        let message = "the initial names have been accepted";
        set_condition(crd, condition("Established", true, "InitialNamesAccepted", message));
    } else if !has_condition(crd, "Established") {
        set_condition(crd, condition("Established", false, "NotAccepted", "not all names are accepted"));
    }
}

fn take(
    wanted: &Value,
    names: &mut Value,
    member: &str,
    used: &[String],
    reason: &'static str,
    problem: &mut Option<(&'static str, String)>,
) {
    let name = wanted[member].as_str().unwrap_or_default();
    if names[member] != name && used.iter().any(|it| it == name) {
        *problem = Some((reason, format!("\"{name}\" is already in use")));
    } else {
        set(names, member, &wanted[member]);
    }
}

fn set(names: &mut Value, member: &str, value: &Value) {
    match value {
        Value::Null => {
            if let Some(all) = names.as_object_mut() {
                all.remove(member);
            }
        }
        value => names[member] = value.clone(),
    }
}

/// The status is the server's own, and it says so.
fn track(before: &Value, crd: &mut Value) {
    use crate::apply::fields::FieldSet;
    use crate::apply::managers::{Manager, update};
    let Some(schema) =
        crate::schema::builtin::of_kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
    else {
        return;
    };
    let manager = Manager {
        name: "kube-apiserver".to_owned(),
        applies: false,
        api_version: "apiextensions.k8s.io/v1".to_owned(),
        subresource: "status".to_owned(),
    };
    update(before, crd, &schema, manager, &FieldSet::default(), &meta::now(0));
}

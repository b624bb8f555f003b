//! The verbs: each reads a request, does its part in one transaction on the store, and answers.
//!
//! Which verb a request is, is decided here.

pub(crate) mod create;
mod delete;
mod patch;
mod pods;
mod read;
mod scale;
mod special;
mod update;
pub(crate) mod watch;

use std::cell::{OnceCell, RefCell};
use std::sync::{Arc, PoisonError};

use crate::call::{Call, Reply};
use crate::deprecation;
use crate::failure::{Failure, Outcome};
use crate::represent::{Due, Form};
use crate::request::{Incoming, Target};
use crate::server::Shared;

/// What came of a request, with the warnings that go with it.
pub(crate) struct Answered {
    pub(crate) outcome: Outcome<Reply>,
    pub(crate) warnings: Vec<String>,
    pub(crate) form: Form,
}

/// Answers a request to a resource; `None` where no such group and version is served.
pub(crate) fn answer(shared: &Arc<Shared>, incoming: &Incoming) -> Option<Answered> {
    let target = Target::parse(&incoming.path)?;
    let form = Form::plain(incoming);
    let without_warnings = |outcome| Some(Answered { outcome, warnings: Vec::new(), form: form.clone() });
    let found = {
        let catalog = shared.catalog.read().unwrap_or_else(PoisonError::into_inner);
        if !catalog.serves(&target.group, &target.version) {
            drop(catalog);
            let known = has_builtin_group(shared, &target.group);
            return known.then_some(Err(Failure::no_such_resource())).and_then(without_warnings);
        }
        catalog.find(&target.group, &target.version, &target.resource)
    };
    if let Err(failure) = check(incoming, &target) {
        return without_warnings(Err(failure));
    }
    let Some(resource) = found else {
        if !has_builtin_group(shared, &target.group) {
            return None;
        }
        return without_warnings(Err(Failure::no_such_resource()));
    };
    let across = target.namespace.is_none() && target.name.is_none();
    if resource.is_custom() && target.watch {
        return None;
    }
    if resource.is_custom() && !across && resource.namespaced != target.namespace.is_some() {
        return None;
    }
    if !resource.namespaced && target.namespace.is_some() {
        return without_warnings(Err(Failure::no_such_resource()));
    }
    let call =
        Call { shared, incoming, resource, target, warnings: RefCell::default(), form: OnceCell::new() };
    let of_version = call.resource.custom.as_ref().and_then(|it| it.deprecation.as_deref());
    let deprecation = of_version.or_else(|| deprecation::warning(&call.resource));
    call.warnings.borrow_mut().extend(deprecation.map(str::to_owned));
    let outcome = dispatch(&call);
    let form = call.form.into_inner().unwrap_or(form);
    Some(Answered { outcome, warnings: call.warnings.take(), form })
}

/// What is wrong with a request to whatever resource.
fn check(incoming: &Incoming, target: &Target) -> Outcome<()> {
    if let Some(name @ ("." | "..")) = target.name.as_deref() {
        return Err(Failure::bad_request(format!("Name parameter invalid: \"{name}\": may not be '{name}'")));
    }
    go_duration(incoming.query.get("timeout")).map_err(|why| {
        Failure::bad_request(format!("invalid timeout specified in the request URL - time: {why}"))
    })
}

/// Whether a text is a duration as Go writes them: `1h2m`, `-1.5s`, `0`.
fn go_duration(text: &str) -> Result<(), String> {
    let invalid = || Err(format!("invalid duration {text:?}"));
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if text.is_empty() || rest == "0" {
        return Ok(());
    }
    if rest.is_empty() {
        return invalid();
    }
    while !rest.is_empty() {
        let after = rest.trim_start_matches(|it: char| it.is_ascii_digit() || it == '.');
        let number = &rest[..rest.len() - after.len()];
        if number.matches('.').count() > 1 || !number.contains(|it: char| it.is_ascii_digit()) {
            return invalid();
        }
        rest = after.trim_start_matches(|it: char| !it.is_ascii_digit() && it != '.');
        let unit = &after[..after.len() - rest.len()];
        match unit {
            "" => return Err(format!("missing unit in duration {text:?}")),
            "ns" | "us" | "\u{b5}s" | "\u{3bc}s" | "ms" | "s" | "m" | "h" => {}
            other => return Err(format!("unknown unit {other:?} in duration {text:?}")),
        }
    }
    Ok(())
}

/// Below a built-in group everything unknown is a missing resource; anywhere else it is a missing page.
pub(crate) fn has_builtin_group(shared: &Shared, group: &str) -> bool {
    let catalog = shared.catalog.read().unwrap_or_else(PoisonError::into_inner);
    catalog.all().any(|it| it.group == group && !it.is_custom())
}

fn dispatch(call: &Call<'_>) -> Outcome<Reply> {
    let method = call.incoming.method.as_str();
    let named = call.target.name.is_some();
    if call.resource.namespaced && call.target.namespace.is_none() && named {
        return Err(Failure::no_such_resource());
    }
    if call.target.watch {
        return match method {
            _ if call.target.subresource.is_some() || !call.resource.allows("watch") => {
                Err(Failure::no_such_resource())
            }
            "GET" => watch::start(call),
            _ => Err(Failure::method_not_allowed()),
        };
    }
    if let Some(subresource) = call.target.subresource.as_deref() {
        let Some(known) = call.resource.subresources.iter().find(|it| it.name == subresource) else {
            return Err(match call.resource.is_custom() {
                true => call.not_found(),
                false => Failure::no_such_resource(),
            });
        };
        let verb = match method {
            "GET" => "get",
            "PUT" => "update",
            "PATCH" => "patch",
            "POST" => "create",
            "DELETE" => "delete",
            _ => "",
        };
        if !known.verbs.iter().any(|it| it == verb) {
            return Err(Failure::method_not_allowed());
        }
        call.negotiate(Due::Object)?;
        return match (subresource, verb) {
            ("scale", "get") => scale::get(call),
            ("scale", _) => scale::write(call),
            ("status" | "approval" | "finalize" | "ephemeralcontainers" | "resize", "get") => read::get(call),
            ("status" | "approval" | "finalize" | "ephemeralcontainers" | "resize", "update") => {
                update::put(call)
            }
            ("status" | "approval" | "finalize" | "ephemeralcontainers" | "resize", "patch") => {
                patch::patch(call)
            }
            _ => special::answer(call, subresource),
        };
    }
    let across = call.resource.namespaced && call.target.namespace.is_none();
    // Reviews have neither single objects nor lists, and so no such paths.
    if named && !["get", "update", "patch", "delete"].iter().any(|it| call.resource.allows(it))
        || across && !call.resource.allows("list")
    {
        return Err(Failure::no_such_resource());
    }
    let verb = match (method, named) {
        ("GET", true) => "get",
        ("GET", false) if call.incoming.query.flag("watch") => "watch",
        ("GET", false) => "list",
        ("POST", false) if !across => "create",
        ("PUT", true) => "update",
        ("PATCH", true) => "patch",
        ("DELETE", true) => "delete",
        ("DELETE", false) if !across => "deletecollection",
        _ => return Err(Failure::method_not_allowed()),
    };
    // Reviews are created without a namespace in their path even when that has one.
    if !call.resource.allows(verb) {
        return Err(Failure::method_not_allowed());
    }
    call.negotiate(match verb {
        "list" => Due::List,
        "watch" => Due::Watch,
        _ => Due::Object,
    })?;
    match verb {
        "get" => read::get(call),
        "list" => read::list(call),
        "watch" => watch::start(call),
        "create" if call.resource.is("", "bindings") => pods::bind(call),
        "create" if special::is_review(&call.resource) => crate::security::reviews::create(call),
        "create" => create::post(call),
        "update" => update::put(call),
        "patch" => patch::patch(call),
        "delete" => delete::one(call),
        _ => delete::collection(call),
    }
}

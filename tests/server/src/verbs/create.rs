//! Create: POST to a collection, and an apply to what is not there.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::apply::managers;
use crate::call::{Call, Reply, Unknown, WriteOptions};
use crate::failure::{Failure, Outcome};
use crate::schema::validate::embedded;
use crate::schema::{Schema, prune, types};
use crate::store::Store;
use crate::{body, crd, duplicates, kinds, meta, names, security};

pub(super) fn post(call: &Call<'_>) -> Outcome<Reply> {
    let options = call.write_options("CreateOptions", false)?;
    let mut object = body::read(call.incoming, &call.resource.kind)?;
    body::check_type(&mut object, &call.resource, &call.incoming.body)?;
    drop_unknown(call, &mut object, options.unknown).map_err(|why| cannot_handle(call, &why))?;
    let mut store = call.store();
    create(call, &mut store, object, &options, false)
}

/// Drops what the schema does not know, with the complaint that was asked for.
pub(crate) fn drop_unknown(call: &Call<'_>, object: &mut Value, unknown: Unknown) -> Result<(), String> {
    let Some(schema) = call.resource.schema() else { return Ok(()) };
    check_types(call, object, &schema)?;
    if call.resource.is_custom() {
        crd::objects::whole_numbers(object);
    }
    if call.resource.custom.as_ref().is_some_and(|it| it.preserve_unknown) {
        return Ok(());
    }
    let mut all: Vec<String> = Vec::new();
    if unknown != Unknown::Ignore {
        // Of a member that stands twice only the last is in the object.
        let again = duplicates::paths(&call.incoming.body);
        all.extend(again.iter().map(|it| format!("duplicate field \"{it}\"")));
    }
    let dropped = prune::prune(object, &schema);
    all.extend(dropped.iter().map(|it| format!("unknown field \"{it}\"")));
    match unknown {
        Unknown::Strict if !all.is_empty() => Err(format!("strict decoding error: {}", all.join(", "))),
        Unknown::Warn => {
            call.warnings.borrow_mut().extend(all);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A body that Go could not read is refused: all of a built-in kind, of a custom one its metadata.
pub(crate) fn check_types(call: &Call<'_>, object: &Value, schema: &Arc<Schema>) -> Result<(), String> {
    if !call.resource.is_custom() {
        types::check(object, schema, &call.resource.kind)?;
        return kinds::wire::unreadable(object, schema).map_or(Ok(()), Err);
    }
    let Some(schema) = schema.member("metadata") else { return Ok(()) };
    if let Some(metadata) = object.get("metadata") {
        types::check(metadata, &schema, "ObjectMeta")?;
    }
    let resource = call.resource.schema();
    resource.and_then(|it| embedded::unreadable(object, &it, "")).map_or(Ok(()), Err)
}

/// The complaint about a body that its type cannot hold.
pub(crate) fn cannot_handle(call: &Call<'_>, why: &str) -> Failure {
    let (kind, version) = (&call.resource.kind, &call.resource.version);
    Failure::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {why}"))
}

/// Gives an object the namespace of the path, which is none for what lies in no namespace.
pub(crate) fn place(call: &Call<'_>, object: &mut Value) -> Outcome<()> {
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    let Some(namespace) = &call.target.namespace else {
        meta::remove(object, "namespace");
        return Ok(());
    };
    check_same_namespace(call, object)?;
    object["metadata"]["namespace"] = namespace.as_str().into();
    Ok(())
}

/// The namespace in the body is that of the path, or absent.
pub(super) fn check_same_namespace(call: &Call<'_>, object: &Value) -> Outcome<()> {
    let given = meta::namespace(object);
    match &call.target.namespace {
        Some(wanted) if !given.is_empty() && given != wanted => Err(Failure::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        )),
        _ => Ok(()),
    }
}

/// Checks, completes and stores a new object, from which what is unknown was dropped. With `applied` its managed fields are there already.
pub(super) fn create(
    call: &Call<'_>,
    store: &mut Store,
    mut object: Value,
    options: &WriteOptions,
    applied: bool,
) -> Outcome<Reply> {
    let resource = &call.resource;
    place(call, &mut object)?;
    if !matches!(meta::text(&object, "resourceVersion"), "" | "0") {
        return Err(Failure::plain("resourceVersion should not be set on objects to be created"));
    }
    let prefix = meta::text(&object, "generateName").to_owned();
    let generated = meta::name(&object).is_empty() && !prefix.is_empty();
    if generated {
        object["metadata"]["name"] = unused_name(call, store, &prefix).into();
    }
    if crd::is_terminating(store, resource) {
        let why = "create not allowed while custom resource definition is terminating";
        return Err(Failure::forbidden(&resource.group, &resource.plural, meta::name(&object), why));
    }
    check_namespace(call, store, meta::name(&object))?;
    kinds::fill_defaults(resource, &mut object);

    let now = meta::now(0);
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        meta::remove(&mut object, field);
    }
    // What is empty is nobody's.
    meta::tidy(&mut object);
    let stored_form = kinds::versions::complete(resource, &mut object);
    if let (false, Some(schema)) = (applied, resource.schema()) {
        let ignored = super::update::ignored(resource, "");
        managers::update(&json!({}), &mut object, &schema, call.manager(false), &ignored, &now);
    }
    kinds::versions::finish(stored_form, &mut object);
    let admission = kinds::Admission {
        store,
        resource,
        namespace: call.target.namespace.as_deref().unwrap_or_default(),
        old: None,
        subresource: "",
        dry_run: options.dry_run,
    };
    kinds::admit(&admission, &mut object)?;
    security::escalation::check(call, store, &object, None)?;
    object["metadata"]["uid"] = meta::uid().into();
    kinds::prepare_create(resource, &mut object);
    if resource.is("certificates.k8s.io", "certificatesigningrequests") {
        call.incoming.caller.sign(&mut object);
    }
    object["metadata"]["creationTimestamp"] = now.into();
    meta::tidy(&mut object);

    let mut causes = match resource.is_custom() {
        true => names::check_custom(&object, None, &mut call.warnings.borrow_mut()),
        false => names::check(&object, &resource.kind),
    };
    if resource.is_custom() {
        causes = crd::objects::check(resource, &object, None, "", causes, &call.warnings);
    }
    let change = kinds::Change { new: &object, old: None, subresource: "" };
    kinds::check(resource, &change, &mut causes, &call.warnings);
    let name = meta::name(&object).to_owned();
    if !causes.is_empty() {
        return Err(call.invalid(&name, &causes));
    }
    kinds::finish(resource, &mut object);
    security::may_create(call, store)?;
    let namespace = call.target.namespace.as_deref().unwrap_or_default();
    let charges = kinds::quota::charges(store, resource, namespace, &object)?;
    let (place, key) = (call.place(), call.key(&name));
    if store.get(&place, &key).is_some() {
        return Err(Failure::already_exists(&resource.group, &resource.plural, &name, !prefix.is_empty()));
    }
    if options.dry_run {
        return Ok(call.unstored(201, &object));
    }
    crd::objects::for_storage(resource, &mut object);
    kinds::quota::charge(store, charges);
    let stored = store.put(&place, &key, object);
    let reply = call.object(201, &stored);
    if resource.is("apiextensions.k8s.io", "customresourcedefinitions") {
        crd::register(call.shared, store, &name);
    }
    Ok(reply)
}

/// A name from a prefix; as in the real server, some tries are made to find one that nobody has.
fn unused_name(call: &Call<'_>, store: &Store, prefix: &str) -> String {
    const TRIES: usize = 8;
    let mut name = meta::generated(prefix);
    for _ in 1..TRIES {
        if store.get(&call.place(), &call.key(&name)).is_none() {
            break;
        }
        name = meta::generated(prefix);
    }
    name
}

/// New content needs a namespace that is there and stays.
fn check_namespace(call: &Call<'_>, store: &Store, name: &str) -> Outcome<()> {
    let Some(namespace) = &call.target.namespace else { return Ok(()) };
    let Some(found) = store.get(&(String::new(), "namespaces".to_owned()), namespace) else {
        return Err(Failure::not_found("", "namespaces", namespace));
    };
    if meta::is_deleting(&found.value) {
        let (group, plural) = (&call.resource.group, &call.resource.plural);
        return Err(Failure::namespace_terminating(group, plural, name, namespace));
    }
    Ok(())
}

//! Update: PUT, and the one place where a changed object is checked and stored, whoever changed it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::create::{cannot_handle, check_same_namespace, create, drop_unknown};
use crate::apply::fields::{FieldSet, Step};
use crate::apply::managers;
use crate::call::{Call, Reply, WriteOptions};
use crate::catalog::Resource;
use crate::failure::{Cause, Failure, Outcome};
use crate::store::{Store, Stored};
use crate::{body, crd, deletion, kinds, meta, names, owners, registry, security};

pub(super) fn put(call: &Call<'_>) -> Outcome<Reply> {
    let options = call.write_options("UpdateOptions", false)?;
    let mut object = body::read(call.incoming, &call.resource.kind)?;
    body::check_type(&mut object, &call.resource, &call.incoming.body)?;
    drop_unknown(call, &mut object, options.unknown).map_err(|why| cannot_handle(call, &why))?;
    check_identity(call, &object)?;
    let mut store = call.store();
    let old = match call.find(&store) {
        Ok(old) => old,
        Err(_) if call.subresource().is_empty() && kinds::created_by_update(&call.resource) => {
            return create_instead(call, &mut store, object, &options);
        }
        Err(failure) => return Err(failure),
    };
    check_uid(call, &object, meta::text(&old.value, "uid"))?;
    if registry::traits(&call.resource).versioned
        && matches!(meta::text(&object, "resourceVersion"), "" | "0")
    {
        let cause = Cause::invalid("metadata.resourceVersion", &0.into(), "must be specified for an update");
        let resource = &call.resource;
        return Err(Failure::invalid(&resource.group, &resource.plural, call.name(), &[cause]));
    }
    check_resource_version(call, &object, &old)?;
    store_changed(call, &mut store, &old, object, &options, Tracking::Update)
}

/// Of some kinds an update of what is not there creates it, whatever version it names.
fn create_instead(
    call: &Call<'_>,
    store: &mut Store,
    mut object: Value,
    options: &WriteOptions,
) -> Outcome<Reply> {
    let sent = meta::text(&object, "uid");
    if !sent.is_empty() {
        return Err(uid_differs(call, sent, ""));
    }
    meta::remove(&mut object, "resourceVersion");
    create(call, store, object, options, false)
}

fn uid_differs(call: &Call<'_>, sent: &str, is: &str) -> Failure {
    let resource = &call.resource;
    let key = format!("/registry/{}/{}", kinds::registry_path(resource), call.key(call.name()));
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {sent}, UID in object meta: {is}"
    );
    Failure::conflict(&resource.group, &resource.plural, call.name(), &why)
}

/// The name and namespace in the body are those of the path, or absent.
pub(super) fn check_identity(call: &Call<'_>, object: &Value) -> Outcome<()> {
    let name = meta::name(object);
    if name.is_empty() {
        let say = format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            call.name()
        );
        return Err(Failure::bad_request(say));
    }
    if name != call.name() {
        let say =
            format!("the name of the object ({name}) does not match the name on the URL ({})", call.name());
        return Err(Failure::bad_request(say));
    }
    check_same_namespace(call, object)
}

/// The uid that was sent is that of the object.
fn check_uid(call: &Call<'_>, object: &Value, is: &str) -> Outcome<()> {
    let sent = meta::text(object, "uid");
    if !sent.is_empty() && sent != is {
        return Err(uid_differs(call, sent, is));
    }
    Ok(())
}

/// The resourceVersion that was sent is that of the object.
pub(super) fn check_resource_version(call: &Call<'_>, object: &Value, old: &Stored) -> Outcome<()> {
    let resource = &call.resource;
    let sent = meta::text(object, "resourceVersion");
    if sent.is_empty() || sent == "0" {
        return Ok(());
    }
    if sent.parse::<u64>().is_err() {
        let shown = Value::from(sent);
        return Err(Failure::plain(format!("strconv.ParseUint: parsing {shown}: invalid syntax")));
    }
    if sent != old.revision.to_string() {
        return Err(Failure::modified(&resource.group, &resource.plural, call.name()));
    }
    Ok(())
}

/// How a change gets into `managedFields`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tracking {
    Update,
    /// The object carries its entries already.
    Applied,
    None,
}

/// The fields that a request to this subresource cannot change.
pub(super) fn ignored(resource: &Resource, subresource: &str) -> FieldSet {
    let mut set = FieldSet::default();
    let mut add = |name: &str| set.insert(&[Step::Field(name.to_owned())]);
    if resource.is("certificates.k8s.io", "certificatesigningrequests") {
        add("spec");
        add("status");
        return set;
    }
    match subresource {
        "" if resource.has("status") => add("status"),
        "status" | "approval" => {
            add("spec");
            if resource.is_custom() {
                add("metadata");
            }
        }
        _ => {}
    }
    set
}

/// Leaves from the old object what this request may not touch.
fn keep_untouchable(call: &Call<'_>, old: &Value, new: &mut Value) {
    for field in ["creationTimestamp", "name", "namespace", "generation", "selfLink"] {
        meta::copy(new, old, field);
    }
    if meta::text(new, "uid").is_empty() {
        meta::copy(new, old, "uid");
    }
    if meta::is_deleting(old) {
        meta::copy(new, old, "deletionTimestamp");
    }
    if new["metadata"]["deletionGracePeriodSeconds"].is_null() {
        meta::copy(new, old, "deletionGracePeriodSeconds");
    }
    let take_old = |new: &mut Value, name: &str| match old.get(name) {
        Some(value) => new[name] = value.clone(),
        None => {
            if let Some(all) = new.as_object_mut() {
                all.remove(name);
            }
        }
    };
    match call.subresource() {
        "" if call.resource.has("status") => take_old(new, "status"),
        "status" | "approval" => {
            let status = new.get("status").cloned();
            let mut metadata = old["metadata"].clone();
            metadata["managedFields"] = new["metadata"]["managedFields"].clone();
            if !call.resource.is_custom() {
                let third = if call.resource.is("", "pods") { "labels" } else { "ownerReferences" };
                for field in ["annotations", "finalizers", third] {
                    metadata[field] = new["metadata"][field].clone();
                }
            }
            *new = old.clone();
            new["metadata"] = metadata;
            match status {
                Some(status) => new["status"] = status,
                None => {
                    if let Some(all) = new.as_object_mut() {
                        all.remove("status");
                    }
                }
            }
        }
        "finalize" => {
            let finalizers = new["spec"]["finalizers"].clone();
            *new = old.clone();
            new["spec"]["finalizers"] = finalizers;
        }
        _ => {}
    }
}

/// Whether anything but metadata and status changed.
fn spec_changed(resource: &Resource, old: &Value, new: &Value) -> bool {
    let plain = |it: &Value| {
        let mut it = it.as_object().cloned().unwrap_or_default();
        it.remove("metadata");
        if resource.has("status") {
            it.remove("status");
        }
        Value::Object(it)
    };
    !crate::apply::compare::same(&plain(old), &plain(new))
}

/// The annotations of a Deployment count like its spec.
fn is_annotated(call: &Call<'_>, old: &Value, new: &Value) -> bool {
    let all = |it: &Value| it["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    call.resource.is("apps", "deployments") && call.subresource().is_empty() && all(old) != all(new)
}

/// Checks a changed object against the old one, stores it and answers with it.
pub(super) fn store_changed(
    call: &Call<'_>,
    store: &mut Store,
    old: &Arc<Stored>,
    mut new: Value,
    options: &WriteOptions,
    tracking: Tracking,
) -> Outcome<Reply> {
    let resource = &call.resource;
    if !new["metadata"].is_object() {
        new["metadata"] = json!({});
    }
    let sent_fields = new["metadata"].get("managedFields").cloned();
    meta::tidy(&mut new);
    let seen = kinds::versions::seen(resource, &old.value);
    keep_untouchable(call, &seen, &mut new);
    kinds::fill_defaults(resource, &mut new);
    meta::tidy(&mut new);
    let stored_form = kinds::versions::complete(resource, &mut new);
    if let (Tracking::Update, Some(schema)) = (tracking, resource.schema()) {
        if let Some(sent) = sent_fields {
            new["metadata"]["managedFields"] = sent;
        }
        let ignored = ignored(resource, call.subresource());
        managers::update(&seen, &mut new, &schema, call.manager(false), &ignored, &meta::now(0));
    } else if tracking == Tracking::None {
        meta::copy(&mut new, &old.value, "managedFields");
    }
    kinds::versions::finish(stored_form, &mut new);
    let admission = kinds::Admission {
        store,
        resource,
        namespace: call.target.namespace.as_deref().unwrap_or_default(),
        old: Some(&old.value),
        subresource: call.subresource(),
        dry_run: options.dry_run,
    };
    kinds::admit(&admission, &mut new)?;
    security::escalation::check(call, store, &new, Some(&old.value))?;
    security::signers::check(call, store, &new, &old.value)?;
    kinds::prepare_update(resource, &mut new, &old.value, call.subresource());
    new["metadata"]["resourceVersion"] = old.revision.to_string().into();
    meta::tidy(&mut new);
    let counts = kinds::counts_generations(resource);
    if counts && (spec_changed(resource, &old.value, &new) || is_annotated(call, &old.value, &new)) {
        let generation = old.value["metadata"]["generation"].as_i64().unwrap_or(0);
        new["metadata"]["generation"] = (generation + 1).into();
    }

    let mut causes = owners::check_update(&old.value, &new);
    causes.extend(match resource.is_custom() {
        true => names::check_custom(&new, Some(&old.value), &mut call.warnings.borrow_mut()),
        false => names::check(&new, &resource.kind),
    });
    if resource.is_custom() {
        causes =
            crd::objects::check(resource, &new, Some(&old.value), call.subresource(), causes, &call.warnings);
    }
    let is_crd = resource.is("apiextensions.k8s.io", "customresourcedefinitions");
    let change = kinds::Change { new: &new, old: Some(&old.value), subresource: call.subresource() };
    kinds::check(resource, &change, &mut causes, &call.warnings);
    if !causes.is_empty() {
        return Err(call.invalid(call.name(), &causes));
    }
    if managers::nothing_changed(&old.value, &new) {
        return Ok(call.object(200, old));
    }
    if options.dry_run {
        return Ok(call.unstored(200, &new));
    }
    let (place, key) = (call.place(), call.key(call.name()));
    if deletion::is_finished(resource, &new) {
        store.remove(&place, &key);
        return Ok(call.unstored(200, &new));
    }
    crd::objects::for_storage(resource, &mut new);
    let stored = store.put(&place, &key, new);
    let reply = call.object(200, &stored);
    if is_crd {
        crd::register(call.shared, store, call.name());
    }
    Ok(reply)
}

//! Patch in its four forms: what each media type may do here, then the common path of an update.
//!
//! The forms themselves are in the modules `patch` and `apply`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::create::{cannot_handle, create, drop_unknown};
use super::update::{Tracking, check_identity, check_resource_version, ignored, store_changed};
use crate::apply::compare::sorted;
use crate::apply::{last_applied, typed};
use crate::call::{Call, Reply, WriteOptions};
use crate::failure::{Cause, Failure, Outcome};
use crate::kinds::versions;
use crate::patch::{self, Kind};
use crate::schema::defaults;
use crate::store::{Store, Stored};
use crate::{body, meta};

/// The forms of patches that custom resources take.
pub(super) const CUSTOM_PATCHES: [&str; 3] =
    ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];

pub(super) fn patch(call: &Call<'_>) -> Outcome<Reply> {
    let Some(kind) = Kind::of(&call.incoming.content_type) else {
        return Err(match call.resource.is_custom() {
            true => Failure::unsupported_media_type(&CUSTOM_PATCHES),
            false => Failure::unsupported_patch_type(),
        });
    };
    if kind == Kind::Strategic && call.resource.is_custom() {
        return Err(Failure::unsupported_media_type(&CUSTOM_PATCHES));
    }
    let options = call.write_options("PatchOptions", kind == Kind::Apply)?;
    if kind == Kind::Apply {
        return apply(call, &options);
    }
    let patch = patch::read(kind, &call.incoming.body)?;
    let mut store = call.store();
    let old = call.find(&store)?;
    let document = typed(call, &versions::seen(&call.resource, &old.value));
    let mut new = patch::apply(kind, &document, &patch, call.resource.schema().as_ref())?;
    if !new.is_object() {
        return Err(Failure::patch_rejected());
    }
    let patched = new.clone();
    check_version(call, &patched)?;
    body::check_type(&mut new, &call.resource, &call.incoming.body)?;
    drop_unknown(call, &mut new, options.unknown).map_err(|why| match kind {
        Kind::Strategic => unfit_patch(&patch, &why),
        _ => invalid_patch(&patched, &why),
    })?;
    check_identity(call, &new)?;
    check_uid(call, &new, &old)?;
    check_resource_version(call, &new, &old)?;
    store_changed(call, &mut store, &old, new, &options, Tracking::Update)
}

/// The object as a client sees it.
fn typed(call: &Call<'_>, object: &Value) -> Value {
    let mut object = object.clone();
    object["apiVersion"] = call.resource.api_version().into();
    object["kind"] = call.resource.kind.as_str().into();
    object
}

/// A built-in kind is read by its version, so a patch cannot change that.
fn check_version(call: &Call<'_>, patched: &Value) -> Outcome<()> {
    let (sent, kind) = (patched["apiVersion"].as_str().unwrap_or_default(), &call.resource.kind);
    if call.resource.is_custom() || sent == call.resource.api_version() || patched["kind"] != **kind {
        return Ok(());
    }
    let why = format!(
        "no kind \"{kind}\" is registered for version \"{sent}\" in scheme \"pkg/runtime/scheme.go:111\""
    );
    Err(invalid_patch(patched, &why))
}

/// A strategic patch is not read as text but laid into Go's types, whose complaints are others.
fn unfit_patch(patch: &Value, why: &str) -> Failure {
    let shown = Value::from(patch::shown::plain(patch));
    let unfit = |why: &str| Failure::invalid("", "", "", &[Cause::invalid("patch", &shown, why)]);
    let Some((got, wanted)) = why
        .strip_prefix("json: cannot unmarshal ")
        .and_then(|it| Some((it.split(' ').next()?, it.rsplit_once(" of type ")?.1)))
    else {
        return unfit(why);
    };
    let got = match got {
        "array" => "slice",
        "object" => "map",
        "number" => "int64",
        other => other,
    };
    let why = match wanted {
        it if it.starts_with("[]") => format!("cannot restore slice from {got}"),
        it if it.starts_with("map[") => format!("cannot restore map from {got}"),
        it if it.contains('.') => format!("cannot restore struct from: {got}"),
        it => format!("unrecognized type: {it}"),
    };
    unfit(&why)
}

fn invalid_patch(patched: &Value, why: &str) -> Failure {
    let shown = Value::from(patched.to_string());
    Failure::invalid("", "", "", &[Cause::invalid("patch", &shown, why)])
}

/// Server-side apply: creates or merges.
fn apply(call: &Call<'_>, options: &WriteOptions) -> Outcome<Reply> {
    let mut config = body::yaml(&call.incoming.body)
        .map_err(|why| Failure::bad_request(format!("error encoding patch: yaml: {why}")))?;
    // What it may not say is told in the order of names.
    config = sorted(&config);
    match &config {
        Value::Object(_) => {}
        Value::Null => config = json!({}),
        other => {
            let go = patch::go(other);
            return Err(Failure::bad_request(format!(
                "error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {go} into Go value of type map[string]interface {{}}"
            )));
        }
    }
    let resource = &call.resource;
    let text = |key: &str| config[key].as_str().unwrap_or_default().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if api_version != resource.api_version() || kind != resource.kind {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version.as_str()));
        return Err(Failure::bad_request(format!("invalid object type: {group}/{version}, Kind={kind}")));
    }
    if config["metadata"].get("managedFields").is_some_and(|it| !it.is_null()) {
        return Err(Failure::bad_request("metadata.managedFields must be nil"));
    }
    if let Some(all) = config.as_object_mut() {
        all.remove("apiVersion");
        all.remove("kind");
    }
    check_fields(call, &config)?;
    if !config["metadata"].is_object() {
        config["metadata"] = json!({});
    }
    let given = meta::name(&config).to_owned();
    if given.is_empty() {
        config["metadata"]["name"] = call.name().into();
    }
    let mut store = call.store();
    let old = store.get(&call.place(), &call.key(call.name())).cloned();
    match old {
        Some(old) => apply_to(call, &mut store, &old, &config, options),
        None if call.subresource().is_empty() => {
            check_identity(call, &config)?;
            let uid = meta::text(&config, "uid");
            if !uid.is_empty() {
                let why = format!(
                    "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
                );
                return Err(Failure::conflict(&resource.group, &resource.plural, call.name(), &why));
            }
            let mut object = laid_over(call, &json!({}), &config)?;
            drop_unknown(call, &mut object, options.unknown).map_err(|why| cannot_handle(call, &why))?;
            create(call, &mut store, object, options, true)
        }
        None => Err(call.not_found()),
    }
}

fn apply_to(
    call: &Call<'_>,
    store: &mut Store,
    old: &Arc<Stored>,
    config: &Value,
    options: &WriteOptions,
) -> Outcome<Reply> {
    check_identity(call, config)?;
    check_uid(call, config, old)?;
    check_resource_version(call, config, old)?;
    let new = laid_over(call, &versions::seen(&call.resource, &old.value), config)?;
    store_changed(call, store, old, new, options, Tracking::Applied)
}

/// A patch that changes the uid is invalid, where an update with another uid is a conflict.
fn check_uid(call: &Call<'_>, object: &Value, old: &Stored) -> Outcome<()> {
    let uid = meta::text(object, "uid");
    if uid.is_empty() || uid == meta::text(&old.value, "uid") {
        return Ok(());
    }
    let cause = Cause::invalid("metadata.uid", &uid.into(), "field is immutable");
    Err(call.invalid(call.name(), &[cause]))
}

/// An applied configuration may name only what the schema has, in its types.
fn check_fields(call: &Call<'_>, config: &Value) -> Outcome<()> {
    let resource = &call.resource;
    let Some(schema) = resource.schema() else { return Ok(()) };
    if resource.custom.as_ref().is_some_and(|it| it.preserve_unknown) {
        return Ok(());
    }
    typed::check(config, &schema).map_err(|why| untyped(call, config, &why))?;
    if !resource.is_custom() {
        return Ok(());
    }
    let cause = |(at, kind): &(String, String)| {
        Cause::wrong_type(at, "\"null\"", &format!("{at} in body must be of type {kind}: \"null\""))
    };
    let causes: Vec<Cause> = defaults::nulls(config, &schema).iter().map(cause).collect();
    if causes.is_empty() { Ok(()) } else { Err(call.invalid(call.name(), &causes)) }
}

fn untyped(call: &Call<'_>, config: &Value, why: &str) -> Failure {
    let resource = &call.resource;
    Failure::plain(format!(
        "failed to create typed patch object ({}/{}; {}/{}, Kind={}): {why}",
        meta::namespace(config),
        meta::name(config),
        resource.group,
        resource.version,
        resource.kind
    ))
}

fn laid_over(call: &Call<'_>, live: &Value, config: &Value) -> Outcome<Value> {
    let resource = &call.resource;
    let Some(schema) = resource.schema() else {
        let mut out = live.clone();
        json_patch::merge(&mut out, config);
        return Ok(out);
    };
    let ignored = ignored(resource, call.subresource());
    let now = meta::now(0);
    let force = call.incoming.query.flag("force");
    let terms = last_applied::Terms { kind: &resource.kind, force, ignored: &ignored, now: &now };
    let applied = last_applied::apply(live, config, &schema, call.manager(true), &terms);
    applied.map_err(|conflicts| Failure::apply_conflict(conflicts.message(), conflicts.causes()))
}

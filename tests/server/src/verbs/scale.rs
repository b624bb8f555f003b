//! The scale subresource: a small object of its own over the replicas of another.

use serde_json::{Map, Value, json};

use super::update::{Tracking, store_changed};
use crate::apply::fields::{FieldSet, Step};
use crate::apply::managers;
use crate::call::{Call, Reply};
use crate::catalog::ScalePaths;
use crate::failure::{Cause, Failure, Outcome};
use crate::patch::{self, Kind};
use crate::{body, meta};

fn paths(call: &Call<'_>) -> ScalePaths {
    let path = |text: &str| text.split('.').map(str::to_owned).collect();
    match call.resource.custom.as_ref().and_then(|it| it.scale.clone()) {
        Some(paths) => paths,
        None => ScalePaths { spec: path("spec.replicas"), status: path("status.replicas"), selector: None },
    }
}

fn at<'a>(object: &'a Value, path: &[String]) -> &'a Value {
    path.iter().fold(object, |it, name| &it[name.as_str()])
}

/// The selector of a built-in kind as the text that a scale carries.
fn selector_text(object: &Value) -> String {
    let selector = &object["spec"]["selector"];
    let labels = selector.get("matchLabels").or(selector.is_object().then_some(selector));
    let pairs = labels.and_then(Value::as_object).into_iter().flatten();
    let pairs: Vec<String> =
        pairs.filter_map(|(key, value)| value.as_str().map(|it| format!("{key}={it}"))).collect();
    pairs.join(",")
}

fn scale(call: &Call<'_>, object: &Value, strict: bool) -> Outcome<Value> {
    let paths = paths(call);
    let replicas = at(object, &paths.spec);
    if replicas.is_null() && call.resource.is_custom() && strict {
        let say = format!("the spec replicas field \".{}\" does not exist", paths.spec.join("."));
        return Err(Failure::internal(&say));
    }
    let mut metadata = Map::new();
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object["metadata"].get(field) {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    let mut out = json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": {"replicas": replicas.as_i64().unwrap_or(0)},
        "status": {"replicas": at(object, &paths.status).as_i64().unwrap_or(0)},
    });
    if out["spec"]["replicas"] == 0 {
        out["spec"] = json!({});
    }
    let selector = match &paths.selector {
        Some(path) => at(object, path).as_str().unwrap_or_default().to_owned(),
        None if call.resource.is_custom() => String::new(),
        None => selector_text(object),
    };
    if !selector.is_empty() {
        out["status"]["selector"] = selector.into();
    }
    Ok(out)
}

pub(super) fn get(call: &Call<'_>) -> Outcome<Reply> {
    let object = call.find(&call.store())?;
    Ok(Reply::value(200, &scale(call, &object.value, true)?))
}

pub(super) fn write(call: &Call<'_>) -> Outcome<Reply> {
    let is_patch = call.incoming.method == "PATCH";
    let kind = if is_patch { Kind::of(&call.incoming.content_type) } else { None };
    if is_patch && kind.is_none() {
        return Err(Failure::unsupported_patch_type());
    }
    if kind == Some(Kind::Strategic) && call.resource.is_custom() {
        return Err(Failure::unsupported_media_type(&super::patch::CUSTOM_PATCHES));
    }
    let options_kind = if is_patch { "PatchOptions" } else { "UpdateOptions" };
    let options = call.write_options(options_kind, kind == Some(Kind::Apply))?;
    let mut store = call.store();
    let old = call.find(&store)?;
    let current = scale(call, &old.value, false)?;
    let wanted = match kind {
        None => body::read(call.incoming, "Scale")?,
        Some(Kind::Apply) => {
            let config = body::yaml(&call.incoming.body).map_err(Failure::bad_request)?;
            let mut out = current;
            json_patch::merge(&mut out, &config);
            out
        }
        Some(kind) => {
            let patch = patch::read(kind, &call.incoming.body)?;
            patch::apply(kind, &current, &patch, None)?
        }
    };
    let name = meta::name(&wanted);
    if name != call.name() {
        let say =
            format!("the name of the object ({name}) does not match the name on the URL ({})", call.name());
        return Err(Failure::bad_request(say));
    }
    super::update::check_resource_version(call, &wanted, &old)?;
    let replicas = wanted["spec"]["replicas"].as_i64().unwrap_or(0);
    if replicas < 0 {
        return Err(negative(call, replicas));
    }
    let (new, tracking) = scaled(call, &old.value, replicas, kind == Some(Kind::Apply))?;
    let seen = scale(call, &new, false)?;
    store_changed(call, &mut store, &old, new, &options, tracking)?;
    if options.dry_run {
        return Ok(Reply::value(200, &seen));
    }
    let object = call.find(&store)?;
    Ok(Reply::value(200, &scale(call, &object.value, false)?))
}

fn negative(call: &Call<'_>, replicas: i64) -> Failure {
    if call.resource.is_custom() {
        let field = format!(".{}", paths(call).spec.join("."));
        return call.invalid(
            call.name(),
            &[Cause::invalid(field, &replicas.into(), "should be a non-negative integer")],
        );
    }
    let say = "must be greater than or equal to 0";
    let cause = Cause::invalid("spec.replicas", &replicas.into(), say);
    Failure::invalid("autoscaling", "Scale", call.name(), &[cause])
}

/// Sets the replicas at their place.
fn set(object: &mut Value, path: &[String], replicas: i64) {
    let mut place = object;
    for name in path {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[name.as_str()];
    }
    *place = replicas.into();
}

/// The object with other replicas, and an entry of who scaled it: as in the real server one without a time.
fn scaled(call: &Call<'_>, old: &Value, replicas: i64, applies: bool) -> Outcome<(Value, Tracking)> {
    let path = paths(call).spec;
    let with_replicas = |mut object: Value| {
        set(&mut object, &path, replicas);
        object
    };
    let (manager, nothing) = (call.manager(applies), FieldSet::default());
    let schema = call.resource.schema();
    if let (true, Some(schema)) = (applies, &schema) {
        let config = with_replicas(json!({}));
        let force = call.incoming.query.flag("force");
        let new = managers::apply(old, &config, schema, manager, force, &nothing, "")
            .map_err(|it| Failure::apply_conflict(it.message(), it.causes()))?;
        return Ok((new, Tracking::Applied));
    }
    let mut new = with_replicas(old.clone());
    // A scale shows only who has the replicas, and of what nobody tracks an update begins no record.
    let steps: Vec<Step> = path.iter().cloned().map(Step::Field).collect();
    let Some(schema) = schema.filter(|_| managers::is_owned(old, &steps)) else {
        return Ok((new, Tracking::None));
    };
    managers::update(old, &mut new, &schema, manager, &nothing, "");
    Ok((new, Tracking::Applied))
}

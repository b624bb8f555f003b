//! Kinds that are served in two forms and stored in one: HorizontalPodAutoscaler (v1, stored as v2) and Event (events.k8s.io, stored as that
//! of the core group).
//!
//! The verbs read and write the form of the request; here is the way to storage and back. What the forms are is in `autoscaler_v1` and
//! `event`.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::{autoscaler_v1, event, fill_defaults, wire};
use crate::catalog::{self, Resource};
use crate::schema::Schema;
use crate::store::Stored;

/// The resource whose form is stored, where that is another one.
pub(crate) fn hub(resource: &Resource) -> Option<&'static Arc<Resource>> {
    let wanted = match (resource.group.as_str(), resource.version.as_str(), resource.plural.as_str()) {
        ("autoscaling", "v1", "horizontalpodautoscalers") => ("autoscaling", "v2"),
        ("events.k8s.io", _, "events") => ("", "v1"),
        _ => return None,
    };
    catalog::builtins()
        .iter()
        .find(|it| (it.group.as_str(), it.version.as_str()) == wanted && it.plural == resource.plural)
}

/// The schema of what is stored.
pub(crate) fn stored_schema(resource: &Resource) -> Option<Arc<Schema>> {
    hub(resource).map_or_else(|| resource.schema(), |it| it.schema())
}

/// The group in whose name a resource is stored.
pub(crate) fn group(resource: &Resource) -> &str {
    hub(resource).map_or(resource.group.as_str(), |it| it.group.as_str())
}

/// Gives an object that was sent the form that is stored.
fn to_hub(resource: &Resource, object: &mut Value) {
    let Some(hub) = hub(resource) else { return };
    match resource.plural.as_str() {
        "events" => event::to_core(object),
        _ => autoscaler_v1::to_v2(object),
    }
    fill_defaults(hub, object);
}

/// Where another form is stored: that form, and the object as it is seen again from there.
pub(crate) fn complete(resource: &Resource, object: &mut Value) -> Option<Value> {
    hub(resource)?;
    let mut stored = object.clone();
    to_hub(resource, &mut stored);
    *object = seen(resource, &stored).into_owned();
    Some(stored)
}

/// Goes over to the stored form, with the managers that were found in the other.
pub(crate) fn finish(stored: Option<Value>, object: &mut Value) {
    if let Some(mut stored) = stored {
        crate::meta::copy(&mut stored, object, "managedFields");
        *object = stored;
    }
}

/// A stored object in the form of a resource.
pub(crate) fn seen<'a>(resource: &Resource, object: &'a Value) -> Cow<'a, Value> {
    if hub(resource).is_none() {
        return Cow::Borrowed(object);
    }
    let mut object = object.clone();
    match resource.plural.as_str() {
        "events" => event::from_core(&mut object),
        _ => autoscaler_v1::from_v2(&mut object),
    }
    if let Some(schema) = resource.schema() {
        wire::round_trip(&mut object, &schema);
    }
    Cow::Owned(object)
}

/// The JSON of a stored object in the form of a resource, without `apiVersion` and `kind`.
pub(crate) fn json(resource: &Resource, object: &Stored) -> Bytes {
    if let Some(seen) = crate::crd::objects::seen(resource, object) {
        return seen.json().clone();
    }
    match seen(resource, &object.value) {
        Cow::Borrowed(_) => object.json().clone(),
        Cow::Owned(it) => Bytes::from(it.to_string()),
    }
}

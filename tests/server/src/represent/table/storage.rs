//! Rows of volumes, claims and what makes them.

use serde_json::Value;

use super::view::View;

const CLASS: &str = "volume.beta.kubernetes.io/storage-class";

fn access_modes(it: View<'_>) -> Value {
    let short = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let all: Vec<&str> = short
        .into_iter()
        .filter(|(long, _)| it.list("accessModes").any(|it| it.0 == long))
        .map(|(_, short)| short)
        .collect();
    all.join(",").into()
}

fn class(it: View<'_>) -> Value {
    match it.at("metadata.annotations").named(CLASS).0.as_str() {
        Some(annotated) => annotated.into(),
        None => it.text("spec.storageClassName").into(),
    }
}

fn or_unset(it: View<'_>, path: &str) -> Value {
    it.at(path).0.as_str().unwrap_or("<unset>").into()
}

fn phase(it: View<'_>) -> Value {
    if it.is_deleting() { "Terminating".into() } else { it.text("status.phase").into() }
}

pub(super) fn volume(it: View<'_>) -> Vec<Value> {
    let claim = it.at("spec.claimRef");
    let claim = match claim.is_set() {
        true => format!("{}/{}", claim.text("namespace"), claim.text("name")),
        false => String::new(),
    };
    vec![
        it.name(),
        it.shown("spec.capacity.storage").into(),
        access_modes(it.at("spec")),
        it.text("spec.persistentVolumeReclaimPolicy").into(),
        phase(it),
        claim.into(),
        class(it),
        or_unset(it, "spec.volumeAttributesClassName"),
        it.text("status.reason").into(),
        it.age(),
        or_unset(it, "spec.volumeMode"),
    ]
}

pub(super) fn claim(it: View<'_>) -> Vec<Value> {
    let bound = !it.text("spec.volumeName").is_empty();
    vec![
        it.name(),
        phase(it),
        it.text("spec.volumeName").into(),
        if bound { it.shown("status.capacity.storage").into() } else { "".into() },
        if bound { access_modes(it.at("status")) } else { "".into() },
        class(it),
        or_unset(it, "spec.volumeAttributesClassName"),
        it.age(),
        or_unset(it, "spec.volumeMode"),
    ]
}

/// Whether a class calls itself the default.
pub(super) fn is_default_class(it: View<'_>) -> bool {
    let annotated = |name: &str| it.at("metadata.annotations").named(name).0 == "true";
    annotated("storageclass.kubernetes.io/is-default-class")
        || annotated("storageclass.beta.kubernetes.io/is-default-class")
}

/// Of several defaults the newest counts, then the first by name.
pub(super) fn effective_default<'a>(classes: impl Iterator<Item = View<'a>>) -> Option<&'a str> {
    let rank =
        |it: View<'a>| (std::cmp::Reverse(it.text("metadata.creationTimestamp")), it.text("metadata.name"));
    classes.filter(|it| is_default_class(*it)).min_by_key(|it| rank(*it)).map(|it| it.text("metadata.name"))
}

pub(super) fn storage_class(it: View<'_>, default: Option<&str>) -> Vec<Value> {
    let name = it.text("metadata.name");
    vec![
        if default == Some(name) { format!("{name} (default)").into() } else { name.into() },
        it.text("provisioner").into(),
        it.text_or("reclaimPolicy", "Delete").into(),
        it.text_or("volumeBindingMode", "Immediate").into(),
        it.flag("allowVolumeExpansion").into(),
        it.age(),
    ]
}

pub(super) fn attachment(it: View<'_>) -> Vec<Value> {
    vec![
        it.name(),
        it.text("spec.attacher").into(),
        it.text("spec.source.persistentVolumeName").into(),
        it.text("spec.nodeName").into(),
        it.flag("status.attached").into(),
        it.age(),
    ]
}

pub(super) fn csi_driver(it: View<'_>) -> Vec<Value> {
    let spec = it.at("spec");
    let join = |all: Vec<&str>| all.join(",");
    let modes = join(spec.list("volumeLifecycleModes").filter_map(|it| it.0.as_str()).collect());
    let tokens = match spec.at("tokenRequests").is_set() {
        true => join(spec.list("tokenRequests").map(|it| it.text("audience")).collect()),
        false => "<unset>".to_owned(),
    };
    vec![
        it.name(),
        spec.at("attachRequired").0.as_bool().unwrap_or(true).into(),
        spec.flag("podInfoOnMount").into(),
        spec.flag("storageCapacity").into(),
        tokens.into(),
        spec.flag("requiresRepublish").into(),
        if modes.is_empty() { "<none>".into() } else { modes.into() },
        it.age(),
    ]
}

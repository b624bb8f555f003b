//! PersistentVolumes, PersistentVolumeClaims and StorageClasses: what they may say, what stays, which class a claim gets.
//!
//! Nothing binds a claim to a volume here: that is a controller's work.

use serde_json::{Map, Value, json};

use super::causes::{At, Causes};
use super::quantity::Quantity;
use super::words::{
    Members as _, check_form, check_same, check_word, drop_member, is_empty, items, text, texts,
};
use super::{Admission, Kind, difference};
use crate::failure::Outcome;
use crate::names;

const MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";
const OLD_DEFAULT_CLASS: &str = "storageclass.beta.kubernetes.io/is-default-class";
const SOURCES: [&str; 22] = [
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "hostPath",
    "glusterfs",
    "nfs",
    "rbd",
    "quobyte",
    "iscsi",
    "flexVolume",
    "cinder",
    "cephfs",
    "fc",
    "flocker",
    "azureFile",
    "vsphereVolume",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "local",
    "storageos",
    "csi",
];

pub(super) const CLAIM: Kind = Kind {
    answers_with_object: true,
    admit: admit_claim,
    prepare_create: |claim| {
        claim["status"] = json!({"phase": "Pending"});
    },
    check: |change, causes| {
        if change.subresource.is_empty() {
            check_claim(change.new, change.old, causes);
        }
    },
    ..Kind::plain("", "persistentvolumeclaims")
};

pub(super) const VOLUME: Kind = Kind {
    answers_with_object: true,
    admit: admit_volume,
    prepare_create: |volume| {
        volume["status"] = json!({"phase": "Pending", "lastPhaseTransitionTime": crate::meta::now(0)});
    },
    check: |change, causes| {
        if change.subresource.is_empty() {
            check_volume(change.new, change.old, causes);
        }
    },
    ..Kind::plain("", "persistentvolumes")
};

pub(super) const CLASS: Kind = Kind {
    answers_with_object: true,
    check: |change, causes| check_class(change.new, change.old, causes),
    ..Kind::plain("storage.k8s.io", "storageclasses")
};

pub(super) const DRIVER: Kind = Kind {
    answers_with_object: true,
    check: |change, causes| check_driver(change.new, causes),
    ..Kind::plain("storage.k8s.io", "csidrivers")
};

pub(super) const ATTACHMENT: Kind = Kind {
    answers_with_object: true,
    check: |change, causes| check_attachment(change.new, change.old, causes),
    ..Kind::plain("storage.k8s.io", "volumeattachments")
};

/// Protects an object that is in use from being gone at once.
fn protect(object: &mut Value, finalizer: &str) {
    let mut all = crate::meta::finalizers(object);
    if !all.iter().any(|it| it == finalizer) {
        all.push(finalizer.to_owned());
        object["metadata"]["finalizers"] = all.into();
    }
}

fn admit_claim(admission: &Admission<'_>, claim: &mut Value) -> Outcome<()> {
    if let Some(spec) = claim.get_mut("spec").and_then(Value::as_object_mut) {
        agree_on_source(spec);
    }
    if admission.old.is_some() {
        return Ok(());
    }
    protect(claim, "kubernetes.io/pvc-protection");
    if wants_class(claim) {
        let classes = admission.store.list(&("storage.k8s.io".to_owned(), "storageclasses".to_owned()), "");
        if let Some(class) = default_class(classes.iter().map(|(_, it)| &it.value)) {
            claim["spec"]["storageClassName"] = class.into();
        }
    }
    Ok(())
}

fn admit_volume(admission: &Admission<'_>, volume: &mut Value) -> Outcome<()> {
    match admission.old {
        None => protect(volume, "kubernetes.io/pv-protection"),
        Some(old) if admission.subresource == "status" => {
            let changed = text(&old["status"], "phase") != text(&volume["status"], "phase");
            volume["status"]["lastPhaseTransitionTime"] = match old["status"].get("lastPhaseTransitionTime") {
                Some(it) if !changed => it.clone(),
                _ => json!(crate::meta::now(0)),
            };
        }
        Some(_) => {}
    }
    Ok(())
}

/// The class that a claim gets that names none: of those marked as default the newest, among those of one time the first by name.
fn default_class<'a>(classes: impl Iterator<Item = &'a Value>) -> Option<String> {
    let marked = classes.filter(|it| {
        let annotations = &it["metadata"]["annotations"];
        text(annotations, DEFAULT_CLASS) == "true" || text(annotations, OLD_DEFAULT_CLASS) == "true"
    });
    let name = |it: &Value| crate::meta::name(it).to_owned();
    let made = |it: &Value| crate::meta::text(it, "creationTimestamp").to_owned();
    marked.min_by_key(|it| (std::cmp::Reverse(made(it)), name(it))).map(name)
}

/// Whether a claim is one that takes the default class.
fn wants_class(claim: &Value) -> bool {
    let annotated = claim["metadata"]["annotations"].get("volume.beta.kubernetes.io/storage-class").is_some();
    !annotated && claim["spec"].member("storageClassName").is_null()
}

/// A source of data is a claim or a snapshot, and the two fields for it say the same.
fn agree_on_source(spec: &mut Map<String, Value>) {
    let known = |it: &Value| match (text(it, "apiGroup"), text(it, "kind")) {
        ("", "PersistentVolumeClaim") => true,
        (group, kind) => group == "snapshot.storage.k8s.io" && kind == "VolumeSnapshot",
    };
    if spec.get("dataSource").is_some_and(|it| it.is_object() && !known(it)) {
        spec.remove("dataSource");
    }
    let (source, reference) = (spec.member("dataSource").clone(), spec.member("dataSourceRef").clone());
    if source.is_object() && reference.is_null() {
        spec.insert("dataSourceRef".to_owned(), source);
    } else if source.is_null()
        && reference.is_object()
        && known(&reference)
        && text(&reference, "namespace").is_empty()
    {
        spec.insert("dataSource".to_owned(), reference);
    }
}

/// What is wrong with a claim.
fn check_claim(claim: &Value, old: Option<&Value>, causes: &mut Causes) {
    let (spec, at) = (&claim["spec"], At::new("spec"));
    check_modes(spec, &at, "at least 1 access mode is required", causes);
    let storage = at.field("resources").key("storage");
    match spec["resources"]["requests"]["storage"].as_str().map(|it| (it, Quantity::parse(it))) {
        None => causes.required(&storage, ""),
        Some((shown, Some(it))) if it.is_negative() || it.is_zero() => {
            causes.invalid(&storage, shown, "must be greater than zero");
        }
        _ => {}
    }
    let class = text(spec, "storageClassName");
    if !class.is_empty() {
        check_form(class, &at.field("storageClassName"), names::subdomain_problems, causes);
    }
    check_word(&spec["volumeMode"], &at.field("volumeMode"), &["Block", "Filesystem"], causes);
    if let Some(old) = old {
        check_claim_changes(claim, old, causes);
    }
}

fn check_modes(spec: &Value, at: &At, none: &str, causes: &mut Causes) {
    let at = at.field("accessModes");
    let modes = texts(spec, "accessModes");
    if modes.is_empty() {
        causes.required(&at, none);
    }
    for mode in &modes {
        check_word(&(*mode).into(), &at, &MODES, causes);
    }
    let known = |it: &&&str| MODES.contains(*it);
    if modes.contains(&"ReadWriteOncePod") && modes.iter().filter(known).any(|it| *it != "ReadWriteOncePod") {
        causes.forbidden(&at, "may not use ReadWriteOncePod with other access modes");
    }
}

/// A claim that is bound may ask for more and for other attributes; a volume may be written into one; nothing else changes.
fn check_claim_changes(claim: &Value, old: &Value, causes: &mut Causes) {
    let (spec, was) = (&claim["spec"], &old["spec"]);
    let bound = text(&old["status"], "phase") == "Bound";
    let (mut now, mut before) = (spec.clone(), was.clone());
    if text(was, "volumeName").is_empty() {
        drop_member(&mut now, "volumeName");
        drop_member(&mut before, "volumeName");
    }
    drop_member(&mut now, "volumeAttributesClassName");
    drop_member(&mut before, "volumeAttributesClassName");
    let asked = |it: &Value| it["resources"]["requests"]["storage"].as_str().and_then(Quantity::parse);
    if bound {
        if let (Some(is), Some(had)) = (asked(&now), asked(&before)) {
            let least = old["status"]["capacity"]["storage"].as_str().and_then(Quantity::parse);
            if is < had && least.is_none_or(|it| is < it) {
                let at = At::new("spec.resources.requests.storage");
                causes.forbidden(&at, "field can not be less than status.capacity");
            }
        }
        now["resources"]["requests"] = before["resources"]["requests"].clone();
    }
    if !crate::apply::compare::same(&now, &before) {
        let say = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        let lines = difference::of("PersistentVolumeClaimSpec", &before, &now);
        causes.forbidden(&At::new("spec"), &format!("{say}\n{lines}"));
    }
}

/// What is wrong with a volume.
fn check_volume(volume: &Value, old: Option<&Value>, causes: &mut Causes) {
    let (spec, at) = (&volume["spec"], At::new("spec"));
    check_modes(spec, &at, "", causes);
    let capacity = at.field("capacity");
    let all = spec["capacity"].as_object();
    if is_empty(&spec["capacity"]) {
        causes.required(&capacity, "");
    }
    if spec["capacity"].get("storage").is_none() || all.is_some_and(|it| it.len() > 1) {
        causes.unsupported(&capacity, spec["capacity"].clone(), &["storage"]);
    }
    for (key, value) in all.into_iter().flatten() {
        let amount = value.as_str().and_then(Quantity::parse);
        if amount.is_some_and(|it| it.is_negative() || it.is_zero()) {
            causes.invalid(&capacity.key(key), value.clone(), "must be greater than zero");
        }
    }
    let policy = at.field("persistentVolumeReclaimPolicy");
    let policies = ["Delete", "Recycle", "Retain"];
    check_word(&spec["persistentVolumeReclaimPolicy"], &policy, &policies, causes);
    check_word(&spec["volumeMode"], &at.field("volumeMode"), &["Block", "Filesystem"], causes);
    let class = text(spec, "storageClassName");
    if !class.is_empty() {
        check_form(class, &at.field("storageClassName"), names::subdomain_problems, causes);
    }
    check_source(spec, &at, causes);
    if text(&spec["hostPath"], "path") == "/" && text(spec, "persistentVolumeReclaimPolicy") == "Recycle" {
        causes.forbidden(&policy, "may not be 'recycle' for a hostPath mount of '/'");
    }
    if let Some(old) = old {
        check_volume_changes(spec, &old["spec"], causes);
    }
}

fn check_source(spec: &Value, at: &At, causes: &mut Causes) {
    let mut given = SOURCES.iter().filter(|it| spec[**it].is_object());
    if given.next().is_none() {
        causes.required(at, "must specify a volume type");
    }
    for other in given {
        causes.forbidden(&at.field(other), "may not specify more than 1 volume type");
    }
    if spec["local"].is_object() && is_empty(&spec["nodeAffinity"]) {
        causes.required(&at.field("nodeAffinity"), "Local volume requires node affinity");
    }
    if let (true, nfs) = (spec["nfs"].is_object(), &spec["nfs"]) {
        let at = at.field("nfs");
        for field in ["server", "path"] {
            if text(nfs, field).is_empty() {
                causes.required(&at.field(field), "");
            }
        }
        if !text(nfs, "path").is_empty() && !text(nfs, "path").starts_with('/') {
            causes.invalid(&at.field("path"), text(nfs, "path"), "must be an absolute path");
        }
    }
    if let (true, csi) = (spec["csi"].is_object(), &spec["csi"]) {
        let at = at.field("csi");
        if text(csi, "driver").is_empty() {
            causes.required(&at.field("driver"), "");
        }
        if text(csi, "volumeHandle").is_empty() {
            causes.required(&at.field("volumeHandle"), "");
        }
    }
}

fn check_volume_changes(spec: &Value, old: &Value, causes: &mut Causes) {
    if SOURCES.iter().any(|it| spec[*it] != old[*it]) {
        let at = At::new("spec.persistentvolumesource");
        causes.forbidden(&at, "spec.persistentvolumesource is immutable after creation");
    }
    // The path that the real server names.
    check_same(&spec["volumeMode"], &old["volumeMode"], &At::new("volumeMode"), causes);
}

/// What is wrong with a StorageClass.
fn check_class(class: &Value, old: Option<&Value>, causes: &mut Causes) {
    let provisioner = text(class, "provisioner");
    let at = At::new("provisioner");
    if let Some(old) = old {
        for field in ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] {
            let same = class[field] == old[field] || (is_empty(&class[field]) && is_empty(&old[field]));
            if !same {
                causes.invalid(&At::new(field), Value::Null, super::words::IMMUTABLE);
            }
        }
    }
    if provisioner.is_empty() {
        causes.required(&at, "");
    } else {
        check_form(&provisioner.to_lowercase(), &at, names::qualified_problems, causes);
    }
    let parameters = class["parameters"].as_object();
    let size: usize = parameters
        .into_iter()
        .flatten()
        .map(|(key, it)| key.len() + it.as_str().unwrap_or_default().len())
        .sum();
    if parameters.is_some_and(|it| it.contains_key("")) {
        causes.invalid(&At::new("parameters"), "", "field can not be empty.");
    }
    if size > 256 * 1024 {
        causes.too_long(&At::new("parameters"), 256 * 1024);
    }
    check_word(&class["reclaimPolicy"], &At::new("reclaimPolicy"), &["Delete", "Retain"], causes);
    let modes = ["Immediate", "WaitForFirstConsumer"];
    check_word(&class["volumeBindingMode"], &At::new("volumeBindingMode"), &modes, causes);
}

/// What a CSIDriver gets and may say.
fn check_driver(driver: &Value, causes: &mut Causes) {
    let (spec, at) = (&driver["spec"], At::new("spec"));
    let policies = ["File", "None", "ReadWriteOnceWithFSType"];
    check_word(&spec["fsGroupPolicy"], &at.field("fsGroupPolicy"), &policies, causes);
    for it in items(spec, "volumeLifecycleModes") {
        check_word(it, &at.field("volumeLifecycleModes"), &["Persistent", "Ephemeral"], causes);
    }
}

/// What is wrong with a VolumeAttachment.
fn check_attachment(attachment: &Value, old: Option<&Value>, causes: &mut Causes) {
    let (spec, at) = (&attachment["spec"], At::new("spec"));
    let source = &spec["source"];
    let given = [source["inlineVolumeSpec"].is_object(), !text(source, "persistentVolumeName").is_empty()];
    if given[0] == given[1] {
        let say = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
        if given[0] {
            causes.forbidden(&at.field("source"), say);
        } else {
            causes.required(&at.field("source"), say);
        }
    }
    check_form(text(spec, "nodeName"), &at.field("nodeName"), names::subdomain_problems, causes);
    match text(spec, "attacher") {
        "" => causes.required(&at.field("attacher"), ""),
        it => check_form(&it.to_lowercase(), &at.field("attacher"), names::qualified_problems, causes),
    }
    if old.is_some_and(|it| it["spec"] != *spec) {
        causes.invalid(&at, spec.clone(), super::words::IMMUTABLE);
    }
}

//! Mounts and devices of containers: of volumes that are there, on paths of their own.

use serde_json::Value;

use crate::kinds::causes::{At, Causes};
use crate::kinds::look::{flag, has, list, text};
use crate::kinds::{formats, rules};

pub(super) fn check(spec: &Value, container: &Value, at: &At, causes: &mut Causes) {
    super::environment::sources(container, at, causes);
    mounts(spec, container, &at.field("volumeMounts"), causes);
    devices(spec, container, &at.field("volumeDevices"), causes);
}

/// The volume of this name; one that is refused for itself does not count.
fn volume<'a>(spec: &'a Value, name: &str) -> Option<&'a Value> {
    let found = list(spec, "volumes").iter().find(|it| text(it, "name") == name && !name.is_empty())?;
    let mut causes = Causes::default();
    rules::check_type(found, "io.k8s.api.core.v1.Volume", &At::default(), &mut causes);
    causes.is_empty().then_some(found)
}

fn mounts(spec: &Value, container: &Value, all: &At, causes: &mut Causes) {
    let mut paths: Vec<&str> = Vec::new();
    for (index, mount) in list(container, "volumeMounts").iter().enumerate() {
        let at = all.index(index);
        let (name, path) = (text(mount, "name"), text(mount, "mountPath"));
        if volume(spec, name).is_none() {
            causes.not_found(&at.field("name"), name);
        }
        if paths.contains(&path) {
            causes.invalid(&at.field("mountPath"), path, "must be unique");
        }
        paths.push(path);
        for device in list(container, "volumeDevices") {
            if text(device, "name") == name {
                causes.invalid(&at.field("name"), name, "must not already exist in volumeDevices");
            }
            if text(device, "devicePath") == path {
                let say = "must not already exist as a path in volumeDevices";
                causes.invalid(&at.field("mountPath"), path, say);
            }
        }
        // The complaints about these stand at the list.
        for field in ["subPath", "subPathExpr"] {
            let path = text(mount, field);
            if field == "subPathExpr" && !path.is_empty() && has(mount, "subPath") {
                let say = "subPathExpr and subPath are mutually exclusive";
                causes.invalid(&at.field(field), path, say);
            }
            for problem in formats::path_below(path) {
                causes.invalid(&all.field(field), path, &problem);
            }
        }
        propagation(mount, container, &all.field("mountPropagation"), causes);
        read_only(mount, &all.field("recursiveReadOnly"), causes);
    }
}

fn propagation(mount: &Value, container: &Value, at: &At, causes: &mut Causes) {
    match mount["mountPropagation"].as_str() {
        None | Some("HostToContainer" | "None") => {}
        Some("Bidirectional") if flag(&container["securityContext"], "privileged") => {}
        Some("Bidirectional") => {
            let say = "Bidirectional mount propagation is available only to privileged containers";
            causes.forbidden(at, say);
        }
        Some(other) => causes.unsupported(at, other, &["Bidirectional", "HostToContainer", "None"]),
    }
}

fn read_only(mount: &Value, at: &At, causes: &mut Causes) {
    match mount["recursiveReadOnly"].as_str() {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if !flag(mount, "readOnly") {
                causes.forbidden(at, "may only be specified when readOnly is true");
            }
            if !matches!(text(mount, "mountPropagation"), "" | "None") {
                let say = "may only be specified when mountPropagation is None or not specified";
                causes.forbidden(at, say);
            }
        }
        Some(other) => causes.unsupported(at, other, &["Disabled", "Enabled", "IfPossible"]),
    }
}

fn devices(spec: &Value, container: &Value, all: &At, causes: &mut Causes) {
    let (mut names, mut paths): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for (index, device) in list(container, "volumeDevices").iter().enumerate() {
        let at = all.index(index);
        let (name, path) = (text(device, "name"), text(device, "devicePath"));
        if names.contains(&name) {
            causes.invalid(&at.field("name"), name, "must be unique");
        } else if !name.is_empty() {
            names.push(name);
        }
        match volume(spec, name) {
            None => causes.not_found(&at.field("name"), name),
            Some(it) if has(it, "persistentVolumeClaim") || has(it, "ephemeral") => {}
            Some(_) => {
                let say =
                    "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                causes.invalid(&at.field("name"), name, say);
            }
        }
        if paths.contains(&path) {
            causes.invalid(&at.field("devicePath"), path, "must be unique");
        }
        if path.split('/').any(|it| it == "..") {
            causes.invalid(&at.field("devicePath"), path, "can not contain backsteps ('..')");
        } else {
            paths.push(path);
        }
        for mount in list(container, "volumeMounts") {
            if text(mount, "name") == name {
                causes.invalid(&at.field("name"), name, "must not already exist in volumeMounts");
            }
            if text(mount, "mountPath") == path {
                let say = "must not already exist as a path in volumeMounts";
                causes.invalid(&at.field("devicePath"), path, say);
            }
        }
    }
}

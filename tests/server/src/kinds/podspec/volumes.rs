//! Volumes: one source each, names of their own, and what sources need that is more than one member.

use serde_json::Value;

use super::environment;
use crate::kinds::causes::{At, Causes};
use crate::kinds::look::{has, list, map, quantity, text};

const TOKEN_LEAST: i64 = 600;

/// The names of volumes are their own.
pub(super) fn check_names(spec: &Value, at: &At, causes: &mut Causes) {
    let mut names: Vec<&str> = Vec::new();
    for (index, volume) in list(spec, "volumes").iter().enumerate() {
        let name = text(volume, "name");
        if names.contains(&name) {
            causes.duplicate(&at.field("volumes").index(index).field("name"), name);
        } else if !name.is_empty() {
            names.push(name);
        }
    }
}

/// `Volume`.
pub(in crate::kinds) fn check(volume: &Value, at: &At, causes: &mut Causes) {
    const ORDER: &[&str] = &[
        "emptyDir",
        "hostPath",
        "gitRepo",
        "gcePersistentDisk",
        "awsElasticBlockStore",
        "secret",
        "nfs",
        "iscsi",
        "glusterfs",
        "flocker",
        "persistentVolumeClaim",
        "rbd",
        "cinder",
        "cephfs",
        "quobyte",
        "downwardAPI",
        "fc",
        "flexVolume",
        "configMap",
        "azureFile",
        "vsphereVolume",
        "photonPersistentDisk",
        "portworxVolume",
        "azureDisk",
        "storageos",
        "projected",
        "scaleIO",
        "csi",
        "ephemeral",
        "image",
    ];
    for name in ORDER.iter().filter(|it| has(volume, it)).skip(1) {
        causes.forbidden(&at.field(name), "may not specify more than 1 volume type");
    }
    if quantity(&volume["emptyDir"]["sizeLimit"]).is_some_and(|it| it.is_negative()) {
        let say = "SizeLimit field must be a valid resource quantity";
        causes.forbidden(&at.field("emptyDir").field("sizeLimit"), say);
    }
    for file in list(&volume["downwardAPI"], "items") {
        environment::file(file, &at.field("downwardAPI"), causes);
    }
    for (key, _) in map(&volume["flexVolume"], "options") {
        let domain = format!(".{}", key.split('/').next().unwrap_or_default().to_lowercase());
        if key.contains('/') && (domain.ends_with(".kubernetes.io") || domain.ends_with(".k8s.io")) {
            let at = at.field("flexVolume").field("options").key(key);
            causes.invalid(&at, key.as_str(), "kubernetes.io and k8s.io namespaces are reserved");
        }
    }
    if has(volume, "projected") {
        projected(&volume["projected"], &at.field("projected"), causes);
    }
}

fn projected(volume: &Value, at: &At, causes: &mut Causes) {
    let mut paths: Vec<&str> = Vec::new();
    for (index, source) in list(volume, "sources").iter().enumerate() {
        let here = at.field("sources").index(index);
        let given: Vec<&str> = [
            "secret",
            "configMap",
            "downwardAPI",
            "serviceAccountToken",
            "clusterTrustBundle",
            "podCertificate",
        ]
        .into_iter()
        .filter(|it| has(source, it))
        .collect();
        if given.len() > 1 {
            causes.forbidden(&here, "may not specify more than 1 volume type");
        }
        for name in ["secret", "configMap", "downwardAPI"] {
            for item in list(&source[name], "items") {
                if name == "downwardAPI" {
                    environment::file(item, &here.field(name), causes);
                }
                let path = text(item, "path");
                if path.is_empty() {
                    continue;
                }
                if paths.contains(&path) {
                    let shown = if name == "downwardAPI" { path } else { text(&source[name], "name") };
                    causes.invalid(at, shown, "conflicting duplicate paths");
                } else {
                    paths.push(path);
                }
            }
        }
        if has(source, "serviceAccountToken") {
            token(&source["serviceAccountToken"], at, &here.field("serviceAccountToken"), causes);
        }
    }
}

fn token(token: &Value, volume: &At, at: &At, causes: &mut Causes) {
    let seconds = token["expirationSeconds"].as_i64().unwrap_or(TOKEN_LEAST);
    if seconds < TOKEN_LEAST {
        let say = "may not specify a duration less than 10 minutes";
        causes.invalid(&at.field("expirationSeconds"), seconds, say);
    }
    if seconds > 1 << 32 {
        let say = "may not specify a duration larger than 2^32 seconds";
        causes.invalid(&at.field("expirationSeconds"), seconds, say);
    }
    let path = text(token, "path");
    if path.is_empty() {
        causes.required(&volume.field("path"), "");
    }
    for problem in crate::kinds::formats::problems("path-below-visible", path) {
        causes.invalid(&volume.field("path"), path, &problem);
    }
}

//! What a pod's spec may say and better did not: the warnings that go with the answer.

use serde_json::Value;

use crate::kinds::causes::At;
use crate::kinds::look::{has, list, map, quantity, text};

/// Labels of nodes that have new names.
pub(in crate::kinds) const OLD_LABELS: &[(&str, &str)] = &[
    ("beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"),
    ("beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
    ),
    (
        "failure-domain.beta.kubernetes.io/zone",
        "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
    ),
    (
        "beta.kubernetes.io/instance-type",
        "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
    ),
    ("app.kubernetes.io/created-by", "deprecated since v1.9"),
    (
        "scheduler.alpha.kubernetes.io/preferAvoidPods",
        "deprecated since v1.22; use Taints and Tolerations instead",
    ),
    ("node-role.kubernetes.io/master", "use \"node-role.kubernetes.io/control-plane\" instead"),
];

const OLD_VOLUMES: &[(&str, &str)] = &[
    ("photonPersistentDisk", "photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "gitRepo: deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "scaleIO: deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "flocker: deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "storageOS: deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "quobyte: deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "glusterfs: deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "cephfs: deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "rbd: deprecated in v1.28, non-functional in v1.31+"),
];

const OLD_ANNOTATIONS: &[(&str, &str)] = &[(
    "scheduler.alpha.kubernetes.io/critical-pod",
    "non-functional in v1.16+; use the \"priorityClassName\" field instead",
)];

const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// The warnings about a pod or the template of one; `at` is where its metadata and spec stand.
pub(in crate::kinds) fn collect(pod: &Value, at: &At, out: &mut Vec<String>) {
    let (spec, here) = (&pod["spec"], at.field("spec"));
    for (key, _) in map(spec, "nodeSelector") {
        if let Some((_, say)) = OLD_LABELS.iter().find(|(it, _)| it == key) {
            out.push(format!("{}: {say}", here.field("nodeSelector").key(key)));
        }
    }
    affinity_to_nodes(spec, &here, out);
    for (index, it) in list(spec, "topologySpreadConstraints").iter().enumerate() {
        let at = here.field("topologySpreadConstraints").index(index);
        let key = text(it, "topologyKey");
        if let Some((_, say)) = OLD_LABELS.iter().find(|(it, _)| *it == key) {
            out.push(format!("{}: {key} is {say}", at.field("topologyKey")));
        }
        if !has(it, "labelSelector") {
            out.push(format!("{}: {NO_SELECTOR}", at.field("labelSelector")));
        }
    }
    for (key, say) in OLD_ANNOTATIONS {
        if has(&pod["metadata"]["annotations"], key) {
            out.push(format!("{}: {say}", at.field("metadata").field("annotations").key(key)));
        }
    }
    for (index, volume) in list(spec, "volumes").iter().enumerate() {
        for (_, say) in OLD_VOLUMES.iter().filter(|(name, _)| has(volume, name)) {
            out.push(format!("{}.{say}", here.field("volumes").index(index)));
        }
    }
    paths(spec, out);
    names(spec, &here, out);
    bytes(&spec["overhead"], &here.field("overhead"), out);
    annotations(pod, at, out);
    for (_, at, container) in super::all_containers(spec, &here) {
        let resources = at.field("resources");
        for name in ["memory", "ephemeral-storage"] {
            for which in ["limits", "requests"] {
                byte(name, &container["resources"][which][name], &resources.field(which), out);
            }
        }
        environment(container, &at.field("env"), out);
    }
    ports(spec, &here, out);
    affinity_to_pods(spec, &here, out);
}

const NO_SELECTOR: &str = "a null labelSelector results in matching no pod";

fn affinity_to_nodes(spec: &Value, at: &At, out: &mut Vec<String>) {
    let nodes = &spec["affinity"]["nodeAffinity"];
    let at = at.field("affinity").field("nodeAffinity");
    let (required, preferred) =
        ("requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution");
    let mut term = |term: &Value, at: At| {
        for (index, it) in list(term, "matchExpressions").iter().enumerate() {
            let key = text(it, "key");
            if let Some((_, say)) = OLD_LABELS.iter().find(|(it, _)| *it == key) {
                let at = at.field("matchExpressions").index(index).field("key");
                out.push(format!("{at}: {key} is {say}"));
            }
        }
    };
    for (index, it) in list(&nodes[required], "nodeSelectorTerms").iter().enumerate() {
        term(it, at.field(required).field("nodeSelectorTerms").index(index));
    }
    for (index, it) in list(nodes, preferred).iter().enumerate() {
        term(&it["preference"], at.field(preferred).index(index).field("preference"));
    }
}

fn affinity_to_pods(spec: &Value, at: &At, out: &mut Vec<String>) {
    for name in ["podAffinity", "podAntiAffinity"] {
        let (affinity, at) = (&spec["affinity"][name], at.field("affinity").field(name));
        let (required, preferred) = (
            "requiredDuringSchedulingIgnoredDuringExecution",
            "preferredDuringSchedulingIgnoredDuringExecution",
        );
        for (index, it) in
            list(affinity, required).iter().enumerate().filter(|(_, it)| !has(it, "labelSelector"))
        {
            let _ = it;
            out.push(format!("{}: {NO_SELECTOR}", at.field(required).index(index).field("labelSelector")));
        }
        for (index, it) in list(affinity, preferred).iter().enumerate() {
            if !has(&it["podAffinityTerm"], "labelSelector") {
                let at = at.field(preferred).index(index).field("podAffinityTerm").field("labelSelector");
                out.push(format!("{at}: {NO_SELECTOR}"));
            }
        }
    }
}

/// Files of volumes that lie in each other's way.
fn paths(spec: &Value, out: &mut Vec<String>) {
    let of_items = |source: &Value, what: &str| -> Vec<(String, String)> {
        list(source, "items").iter().map(|it| (text(it, "path").to_owned(), what.to_owned())).collect()
    };
    for volume in list(spec, "volumes") {
        let name = text(volume, "name");
        let mut warn = |what: &str, all: &[(String, String)]| {
            for (index, it) in all.iter().enumerate() {
                let before = all.iter().take(index).filter(|other| overlap(&it.0, &other.0));
                out.extend(before.map(|other| {
                    let (it, other) = (shown_path(it), shown_path(other));
                    format!("volume \"{name}\" ({what}): overlapping paths: {it} with {other}")
                }));
            }
        };
        let map = format!("ConfigMap \"{}\"", text(&volume["configMap"], "name"));
        warn(&map, &of_items(&volume["configMap"], ""));
        let secret = format!("Secret \"{}\"", text(&volume["secret"], "secretName"));
        warn(&secret, &of_items(&volume["secret"], ""));
        warn("DownwardAPI", &of_items(&volume["downwardAPI"], ""));
        let mut all = Vec::new();
        let mut empty = 0;
        for source in list(&volume["projected"], "sources") {
            let named = |kind: &str, field: &str| format!("{kind} \"{}\"", text(&source[field], "name"));
            if source.as_object().is_none_or(serde_json::Map::is_empty) {
                empty += 1;
            } else if has(source, "configMap") {
                all.extend(of_items(&source["configMap"], &named("ConfigMap", "configMap")));
            } else if has(source, "secret") {
                all.extend(of_items(&source["secret"], &named("Secret", "secret")));
            } else if has(source, "downwardAPI") {
                all.extend(of_items(&source["downwardAPI"], "DownwardAPI"));
            } else if has(source, "serviceAccountToken") {
                let path = text(&source["serviceAccountToken"], "path").to_owned();
                all.push((path, "ServiceAccountToken".to_owned()));
            }
        }
        warn("Projected", &all);
        out.extend((0..empty).map(|_| format!("volume \"{name}\" (Projected) has no sources provided")));
    }
}

fn overlap(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim_end_matches('/'), other.trim_end_matches('/'));
    if one.is_empty() || other.is_empty() {
        return false;
    }
    let (one, other) = (format!("{one}/"), format!("{other}/"));
    one.starts_with(&other) || other.starts_with(&one)
}

fn shown_path((path, source): &(String, String)) -> String {
    let path = path.trim_end_matches('/');
    if source.is_empty() { format!("\"{path}\"") } else { format!("\"{path}\" ({source})") }
}

fn names(spec: &Value, at: &At, out: &mut Vec<String>) {
    let mut seen: Vec<&str> = Vec::new();
    for (index, it) in list(spec, "hostAliases").iter().enumerate() {
        let ip = text(it, "ip");
        if seen.contains(&ip) {
            out.push(format!("{}: duplicate ip \"{ip}\"", at.field("hostAliases").index(index).field("ip")));
        }
        seen.push(ip);
    }
    let secrets = list(spec, "imagePullSecrets");
    let at = at.field("imagePullSecrets");
    let mut seen: Vec<&str> = Vec::new();
    for (index, name) in secrets.iter().map(|it| text(it, "name")).enumerate() {
        if seen.contains(&name) {
            out.push(format!("{}: duplicate name \"{name}\"", at.index(index).field("name")));
        }
        seen.push(name);
    }
    for (index, _) in secrets.iter().enumerate().filter(|(_, it)| text(it, "name").is_empty()) {
        out.push(format!("{}: invalid empty name \"\"", at.index(index).field("name")));
    }
}

fn bytes(amounts: &Value, at: &At, out: &mut Vec<String>) {
    for name in ["memory", "ephemeral-storage"] {
        byte(name, &amounts[name], at, out);
    }
}

fn byte(name: &str, amount: &Value, at: &At, out: &mut Vec<String>) {
    if let Some(value) = quantity(amount).filter(|it| !it.is_whole()) {
        let (at, value) = (at.key(name), value.canonical());
        out.push(format!("{at}: fractional byte value \"{value}\" is invalid, must be an integer"));
    }
}

/// The annotations that members have taken the place of.
fn annotations(pod: &Value, at: &At, out: &mut Vec<String>) {
    let (spec, given) = (&pod["spec"], &pod["metadata"]["annotations"]);
    let at = at.field("metadata").field("annotations");
    let is_template = !at.is("metadata.annotations");
    let use_instead = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
    for (_, _, container) in super::all_containers(spec, &At::default()) {
        let context = &container["securityContext"];
        let key = format!("{APP_ARMOR}{}", text(container, "name"));
        // A pod's annotation has become its member by now, and was warned of then.
        if has(given, &key) && (!is_template || !has(context, "appArmorProfile")) {
            let say = "deprecated since v1.30; use the \"appArmorProfile\" field instead";
            out.push(format!("{}: {say}", at.key(&key)));
        }
    }
    if has(given, SECCOMP_POD) && !has(&spec["securityContext"], "seccompProfile") {
        out.push(format!("{}: {use_instead}", at.key(SECCOMP_POD)));
    }
    for (_, _, container) in super::all_containers(spec, &At::default()) {
        let key = format!("{SECCOMP_CONTAINER}{}", text(container, "name"));
        if has(given, &key) && !has(&container["securityContext"], "seccompProfile") {
            out.push(format!("{}: {use_instead}", at.key(&key)));
        }
    }
}

fn environment(container: &Value, at: &At, out: &mut Vec<String>) {
    let mut seen: Vec<&str> = Vec::new();
    for (index, it) in list(container, "env").iter().enumerate() {
        let (name, value) = (text(it, "name"), text(it, "value"));
        if !seen.contains(&name) {
            seen.push(name);
            continue;
        }
        // To build on the value before is what doubles are for.
        let before = format!("$({name})");
        if has(it, "valueFrom") || value == before || !value.contains(&before) {
            let at = at.index(index);
            out.push(format!(
                "{at}: hides previous definition of \"{name}\", which may be dropped when using apply"
            ));
        }
    }
}

fn ports(spec: &Value, at: &At, out: &mut Vec<String>) {
    struct Port<'a> {
        at: At,
        key: (i64, &'a str),
        host: i64,
        ip: &'a str,
        name: &'a str,
    }
    let mut seen: Vec<Port<'_>> = Vec::new();
    let mut of_names = Vec::new();
    for (_, at, container) in super::all_containers(spec, at) {
        for (index, port) in list(container, "ports").iter().enumerate() {
            let number = |name: &str| port[name].as_i64().unwrap_or(0);
            let it = Port {
                at: at.field("ports").index(index),
                key: (number("containerPort"), text(port, "protocol")),
                host: number("hostPort"),
                ip: text(port, "hostIP"),
                name: text(port, "name"),
            };
            if !it.ip.is_empty() && it.host == 0 {
                let shown = format!(
                    "{{Name:{} HostPort:0 ContainerPort:{} Protocol:{} HostIP:{}}}",
                    it.name, it.key.0, it.key.1, it.ip
                );
                out.push(format!("{}: hostIP set without hostPort: {shown}", it.at));
            }
            for other in seen.iter().filter(|other| other.key == it.key) {
                let say = if it.ip == other.ip && it.host == other.host {
                    "duplicate"
                } else if it.host == 0 || other.host == 0 {
                    "overlapping"
                } else if it.host == other.host && it.ip.is_empty() != other.ip.is_empty() {
                    "dangerously ambiguous"
                } else {
                    continue;
                };
                out.push(format!("{}: {say} port definition with {}", it.at, other.at));
            }
            if let Some(other) = seen.iter().find(|other| other.name == it.name && !it.name.is_empty()) {
                of_names.push(format!(
                    "{}: duplicate port name \"{}\" with {}, services and probes that select ports by name will use {}",
                    it.at, it.name, other.at, other.at
                ));
            }
            seen.push(it);
        }
    }
    out.append(&mut of_names);
}

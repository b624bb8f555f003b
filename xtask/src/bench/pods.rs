//! The list of pods that every model benchmark reads: what a kube-apiserver answers for a cluster of web workloads,
//! `managedFields` included, about 13.5 kB of JSON each, in the server's own order of members.
//!
//! The text depends on the number of pods and on nothing else: no clock, no random source, no file. It is not meant to
//! cover the API (the fixtures do that), only to weigh what pods weigh.

use std::fmt::Write;

use super::json::Object;
use super::managed::{spec_fields, status_fields};

/// How many pods the benchmarks read.
pub(crate) const PODS: usize = 5_000;

/// Replicas of one Deployment that stand next to each other in the list.
const REPLICAS: usize = 125;

/// What every container gets from its environment: name and, where it is a plain one, the value.
pub(super) const ENVIRONMENT: [(&str, Source); 6] = [
    ("NODE_NAME", Source::Field("spec.nodeName")),
    ("POD_NAMESPACE", Source::Field("metadata.namespace")),
    ("LISTEN_ADDRESS", Source::Value("0.0.0.0:8443")),
    ("UPSTREAM_URL", Source::Value("https://ledger.payments.svc.cluster.local:8443/v2")),
    ("CACHE_TOKEN", Source::Secret("cache", "token")),
    ("OTEL_RESOURCE_ATTRIBUTES", Source::Value("deployment.environment=production,service.version=4.17")),
];

pub(super) enum Source {
    Value(&'static str),
    Field(&'static str),
    Secret(&'static str, &'static str),
}

/// The JSON of a `PodList` with so many pods.
pub(crate) fn list(count: usize) -> String {
    let mut json = String::with_capacity(count * 14_000);
    Object::write(&mut json, |list| {
        list.text("kind", "PodList").text("apiVersion", "v1");
        list.object("metadata", |meta| {
            meta.text("resourceVersion", &(count * 7 + 100_000).to_string());
        });
        list.list("items", 0..count, |item, index| pod(item, &Pod::new(index)));
    });
    json.push('\n');
    json
}

/// What one pod does not share with its neighbours.
pub(super) struct Pod {
    index: usize,
    app: String,
    name: String,
    namespace: String,
    template_hash: String,
    pub(super) containers: &'static [&'static str],
    created: String,
    started: String,
    node: usize,
    pub(super) address: String,
    seed: u64,
}

impl Pod {
    fn new(index: usize) -> Self {
        let workload = index / REPLICAS;
        let shared = mix(workload as u64);
        let seed = mix(0x5eed << 32 | index as u64);
        let app =
            format!("{}-{workload:02}", ["checkout", "catalog", "search", "ledger", "mailer"][workload % 5]);
        let template_hash = letters(shared, 10);
        let node = (seed % 200) as usize;
        Self {
            index,
            name: format!("{app}-{template_hash}-{}", letters(seed, 5)),
            namespace: format!("team-{}", workload / 4),
            template_hash,
            // One in five has no sidecar and one in five has two: two containers on average.
            containers: match workload % 5 {
                0 => &["server"],
                4 => &["server", "mesh-proxy", "log-shipper"],
                _ => &["server", "mesh-proxy"],
            },
            created: timestamp(seed >> 8),
            started: timestamp((seed >> 8) + 3),
            address: format!("10.{}.{}.{}", 64 + index / 50_000, node, 2 + seed % 250),
            app,
            node,
            seed,
        }
    }
}

fn pod(item: &mut Object<'_>, pod: &Pod) {
    item.object("metadata", |meta| metadata(meta, pod));
    item.object("spec", |it| spec(it, pod));
    item.object("status", |it| status(it, pod));
}

fn metadata(meta: &mut Object<'_>, pod: &Pod) {
    meta.text("name", &pod.name)
        .text("generateName", &format!("{}-{}-", pod.app, pod.template_hash))
        .text("namespace", &pod.namespace)
        .text("uid", &uid(pod.seed))
        .text("resourceVersion", &(pod.index * 7 + 3_000).to_string())
        .number("generation", 1)
        .text("creationTimestamp", &pod.created);
    meta.object("labels", |labels| {
        labels
            .text("app.kubernetes.io/component", "backend")
            .text("app.kubernetes.io/name", &pod.app)
            .text("app.kubernetes.io/version", "4.17.2")
            .text("pod-template-hash", &pod.template_hash)
            .text("topology.example.com/tier", "gold");
    });
    meta.object("annotations", |annotations| {
        annotations
            .text("config.example.com/digest", &hexadecimal(mix(pod.index as u64 / 125), 63))
            .text("kubectl.kubernetes.io/default-container", "server")
            .text("metrics.example.com/scrape", "true");
        if pod.index.is_multiple_of(4) {
            // Network plugins write JSON into an annotation: a string whose every quote is escaped.
            let networks = format!(
                "[{{\n    \"name\": \"mesh\",\n    \"interface\": \"eth0\",\n    \"ips\": [\"{}\"],\n    \
                 \"default\": true\n}}]",
                pod.address
            );
            annotations.text("networks.example.com/status", &networks);
        }
    });
    let owner = mix(pod.index as u64 / 125 + 77);
    meta.list("ownerReferences", [owner], |reference, owner| {
        reference
            .text("apiVersion", "apps/v1")
            .text("kind", "ReplicaSet")
            .text("name", &format!("{}-{}", pod.app, pod.template_hash))
            .text("uid", &uid(owner))
            .boolean("controller", true)
            .boolean("blockOwnerDeletion", true);
    });
    meta.list("managedFields", ["kube-controller-manager", "kubelet"], |entry, manager| {
        entry
            .text("manager", manager)
            .text("operation", "Update")
            .text("apiVersion", "v1")
            .text("time", &pod.started)
            .text("fieldsType", "FieldsV1");
        if manager == "kubelet" {
            entry.object("fieldsV1", |fields| status_fields(fields, pod)).text("subresource", "status");
        } else {
            entry.object("fieldsV1", |fields| spec_fields(fields, pod, owner));
        }
    });
}

fn spec(spec: &mut Object<'_>, pod: &Pod) {
    spec.list("volumes", ["settings", "scratch", "kube-api-access-"], |volume, name| match name {
        "settings" => {
            volume.text("name", name).object("configMap", |map| {
                map.text("name", &pod.app).number("defaultMode", 420);
            });
        }
        "scratch" => {
            volume.text("name", name).object("emptyDir", |_| {});
        }
        _ => {
            volume.text("name", &format!("{name}{}", letters(pod.seed >> 3, 5)));
            volume.object("projected", |projected| {
                projected.list("sources", 0..3, projected_source).number("defaultMode", 420);
            });
        }
    });
    spec.list("initContainers", ["prepare"], |container, name| {
        container
            .text("name", name)
            .text("image", "registry.example.com/platform/prepare:2.3")
            .texts("command", &["/usr/bin/prepare", "--wait", "database"])
            .object("resources", |_| {});
        mounts(container, &[("settings", "/etc/settings")]);
        container_defaults(container);
    });
    spec.list("containers", pod.containers, |it, name| container(it, name));
    spec.text("restartPolicy", "Always")
        .number("terminationGracePeriodSeconds", 30)
        .text("dnsPolicy", "ClusterFirst")
        .text("serviceAccountName", &pod.app)
        .text("serviceAccount", &pod.app)
        .text("nodeName", &format!("worker-{:03}", pod.node))
        .object("securityContext", |_| {});
    spec.object("affinity", |affinity| {
        affinity.object("podAntiAffinity", |rule| {
            rule.list("preferredDuringSchedulingIgnoredDuringExecution", [50], |term, weight| {
                term.number("weight", weight).object("podAffinityTerm", |term| {
                    selector(term, pod);
                    term.text("topologyKey", "kubernetes.io/hostname");
                });
            });
        });
    });
    spec.text("schedulerName", "default-scheduler");
    spec.list("tolerations", ["not-ready", "unreachable"], |toleration, key| {
        toleration
            .text("key", &format!("node.kubernetes.io/{key}"))
            .text("operator", "Exists")
            .text("effect", "NoExecute")
            .number("tolerationSeconds", 300);
    });
    spec.number("priority", 0)
        .boolean("enableServiceLinks", true)
        .text("preemptionPolicy", "PreemptLowerPriority");
    spec.list("topologySpreadConstraints", [1], |constraint, skew| {
        constraint
            .number("maxSkew", skew)
            .text("topologyKey", "topology.kubernetes.io/zone")
            .text("whenUnsatisfiable", "ScheduleAnyway");
        selector(constraint, pod);
    });
}

fn projected_source(source: &mut Object<'_>, which: usize) {
    match which {
        0 => source.object("serviceAccountToken", |token| {
            token.number("expirationSeconds", 3607).text("path", "token");
        }),
        1 => source.object("configMap", |map| {
            map.text("name", "kube-root-ca.crt").list("items", ["ca.crt"], |item, key| {
                item.text("key", key).text("path", key);
            });
        }),
        _ => source.object("downwardAPI", |api| {
            api.list("items", ["namespace"], |item, path| {
                item.text("path", path).object("fieldRef", |field| {
                    field.text("apiVersion", "v1").text("fieldPath", "metadata.namespace");
                });
            });
        }),
    };
}

fn container(container: &mut Object<'_>, name: &str) {
    container.text("name", name).text("image", &format!("registry.example.com/platform/{name}:4.17.2"));
    container.list("ports", [("https", 8443), ("metrics", 9102)], |port, (name, number)| {
        port.text("name", name).number("containerPort", number).text("protocol", "TCP");
    });
    container.list("envFrom", ["defaults"], |from, name| {
        from.object("configMapRef", |reference| {
            reference.text("name", name);
        });
    });
    container.list("env", ENVIRONMENT, |variable, (name, source)| {
        variable.text("name", name);
        match source {
            Source::Value(value) => variable.text("value", value),
            Source::Field(path) => variable.object("valueFrom", |from| {
                from.object("fieldRef", |field| {
                    field.text("apiVersion", "v1").text("fieldPath", path);
                });
            }),
            Source::Secret(secret, key) => variable.object("valueFrom", |from| {
                from.object("secretKeyRef", |reference| {
                    reference.text("name", secret).text("key", key);
                });
            }),
        };
    });
    container.object("resources", |resources| {
        for (kind, cpu, memory) in [("limits", "2", "1536Mi"), ("requests", "150m", "768Mi")] {
            resources.object(kind, |amounts| {
                amounts.text("cpu", cpu).text("memory", memory);
            });
        }
    });
    mounts(container, &[("settings", "/etc/settings"), ("scratch", "/var/scratch")]);
    container.object("livenessProbe", |it| {
        it.object("httpGet", |get| {
            get.text("path", "/live").text("port", "https").text("scheme", "HTTPS");
        });
        it.number("initialDelaySeconds", 15);
        probe(it, 10);
    });
    container.object("readinessProbe", |it| {
        it.object("httpGet", |get| {
            get.text("path", "/ready").number("port", 8443).text("scheme", "HTTPS");
        });
        probe(it, 5);
    });
    container_defaults(container);
    container.object("securityContext", |context| {
        context.object("capabilities", |capabilities| {
            capabilities.texts("drop", &["ALL"]);
        });
        context
            .boolean("runAsNonRoot", true)
            .boolean("readOnlyRootFilesystem", true)
            .boolean("allowPrivilegeEscalation", false);
    });
}

fn probe(probe: &mut Object<'_>, period: i64) {
    probe
        .number("timeoutSeconds", 1)
        .number("periodSeconds", period)
        .number("successThreshold", 1)
        .number("failureThreshold", 3);
}

fn mounts(container: &mut Object<'_>, mounts: &[(&str, &str)]) {
    container.list("volumeMounts", mounts, |mount, (name, path)| {
        mount.text("name", name).text("mountPath", path);
    });
}

fn container_defaults(container: &mut Object<'_>) {
    container
        .text("terminationMessagePath", "/dev/termination-log")
        .text("terminationMessagePolicy", "File")
        .text("imagePullPolicy", "IfNotPresent");
}

fn selector(holder: &mut Object<'_>, pod: &Pod) {
    holder.object("labelSelector", |selector| {
        selector.object("matchLabels", |labels| {
            labels.text("app.kubernetes.io/name", &pod.app);
        });
    });
}

pub(super) const CONDITIONS: [&str; 5] =
    ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

fn status(status: &mut Object<'_>, pod: &Pod) {
    status.text("phase", "Running");
    status.list("conditions", CONDITIONS, |condition, kind| {
        condition
            .text("type", kind)
            .text("status", "True")
            .null("lastProbeTime")
            .text("lastTransitionTime", &pod.started);
    });
    status.text("hostIP", &format!("10.12.{}.{}", pod.node / 100, pod.node % 100 + 10));
    status.text("podIP", &pod.address);
    status.list("podIPs", [&pod.address], |address, ip| {
        address.text("ip", ip);
    });
    status.text("startTime", &pod.created);
    status.list("initContainerStatuses", ["prepare"], |it, name| {
        container_status(it, pod, name, |state| {
            state.object("terminated", |end| {
                end.number("exitCode", 0)
                    .text("reason", "Completed")
                    .text("startedAt", &pod.created)
                    .text("finishedAt", &pod.started);
            });
        });
    });
    status.list("containerStatuses", pod.containers, |it, name| {
        container_status(it, pod, name, |state| {
            state.object("running", |running| {
                running.text("startedAt", &pod.started);
            });
        });
    });
    status.text("qosClass", "Burstable");
}

fn container_status(status: &mut Object<'_>, pod: &Pod, name: &str, state: impl FnOnce(&mut Object<'_>)) {
    let image = format!("registry.example.com/platform/{name}");
    let version = if name == "prepare" { "2.3" } else { "4.17.2" };
    let digest = name.bytes().fold(17, |sum, byte| mix(sum ^ u64::from(byte)));
    status
        .text("name", name)
        .object("state", state)
        .object("lastState", |_| {})
        .boolean("ready", true)
        .number("restartCount", 0)
        .text("image", &format!("{image}:{version}"))
        .text("imageID", &format!("{image}@sha256:{}", hexadecimal(digest, 64)))
        .text("containerID", &format!("containerd://{}", hexadecimal(mix(pod.seed ^ digest), 64)))
        .boolean("started", true);
}

/// One step of splitmix64: neighbours get unrelated numbers, the same on every machine.
fn mix(number: u64) -> u64 {
    let mut it = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    it ^ (it >> 31)
}

/// The letters that Kubernetes itself uses in generated names.
fn letters(mut seed: u64, count: usize) -> String {
    let alphabet = b"bcdfghjklmnpqrstvwxz2456789";
    let mut letter = || {
        seed = mix(seed);
        char::from(alphabet[(seed % alphabet.len() as u64) as usize])
    };
    (0..count).map(|_| letter()).collect()
}

fn hexadecimal(mut seed: u64, digits: usize) -> String {
    let mut text = String::new();
    while text.len() < digits {
        seed = mix(seed);
        let _ = write!(text, "{seed:016x}"); // writing to a String cannot fail
    }
    text.truncate(digits);
    text
}

pub(super) fn uid(seed: u64) -> String {
    let (high, low) = (mix(seed ^ 1), mix(seed ^ 2));
    let (version, variant) = (high & 0xfff, low >> 48 & 0x3fff | 0x8000);
    format!(
        "{:08x}-{:04x}-4{version:03x}-{variant:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        low & 0xffff_ffff_ffff
    )
}

/// A second of one month.
fn timestamp(seconds: u64) -> String {
    let second = seconds % (28 * 86_400);
    let (day, hour, minute) = (second / 86_400 + 1, second / 3_600 % 24, second / 60 % 60);
    format!("2026-02-{day:02}T{hour:02}:{minute:02}:{:02}Z", second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn pods_weigh_what_real_ones_weigh() {
        let text = list(1_000);
        let pods: Value = serde_json::from_str(&text).expect("valid JSON");
        assert_eq!(pods["items"].as_array().map(Vec::len), Some(1_000));
        let average = text.len() / 1_000;
        assert!((13_000..14_000).contains(&average), "{average} bytes a pod");
        let managed: usize = pods["items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|pod| pod["metadata"]["managedFields"].to_string().len())
            .sum();
        assert!(
            (5_500..6_500).contains(&(managed / 1_000)),
            "{} bytes of managedFields a pod",
            managed / 1_000
        );
    }

    #[test]
    fn the_same_number_of_pods_is_the_same_text() {
        assert_eq!(list(300), list(300));
        assert!(list(300).contains(r#""app.kubernetes.io/name":"checkout-00""#));
    }

    #[test]
    fn names_and_uids_are_those_of_one_pod_only() {
        let mut seen = std::collections::BTreeSet::new();
        for pod in (0..PODS).map(Pod::new) {
            assert!(seen.insert(uid(pod.seed)) && seen.insert(pod.name.clone()), "{} comes twice", pod.name);
        }
    }
}

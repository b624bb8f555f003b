//! The `managedFields` half of a pod: which manager owns which field, in the notation of server-side apply.
//!
//! It follows the pod of [`super::pods`] member by member, so that the two weigh against each other as real ones do.

use super::json::Object;
use super::pods::{CONDITIONS, ENVIRONMENT, Pod, Source, uid};

/// What the controller manager set: the pod as it was created.
pub(super) fn spec_fields(fields: &mut Object<'_>, pod: &Pod, owner: u64) {
    fields.object("f:metadata", |meta| {
        owned(
            meta,
            "f:annotations",
            &[
                "f:config.example.com/digest",
                "f:kubectl.kubernetes.io/default-container",
                "f:metrics.example.com/scrape",
            ],
        );
        meta.object("f:generateName", |_| {});
        owned(
            meta,
            "f:labels",
            &[
                "f:app.kubernetes.io/component",
                "f:app.kubernetes.io/name",
                "f:app.kubernetes.io/version",
                "f:pod-template-hash",
                "f:topology.example.com/tier",
            ],
        );
        owned(meta, "f:ownerReferences", &[&format!("k:{{\"uid\":\"{}\"}}", uid(owner))]);
    });
    fields.object("f:spec", |spec| {
        spec.object("f:affinity", |affinity| {
            affinity.object(".", |_| {});
            owned(affinity, "f:podAntiAffinity", &["f:preferredDuringSchedulingIgnoredDuringExecution"]);
        });
        spec.object("f:containers", |containers| {
            for name in pod.containers {
                containers.object(&format!("k:{{\"name\":\"{name}\"}}"), container_fields);
            }
        });
        empties(spec, &["f:dnsPolicy", "f:enableServiceLinks"]);
        spec.object("f:initContainers", |containers| {
            containers.object(".", |_| {}).object("k:{\"name\":\"prepare\"}", |container| {
                empties(container, &[".", "f:command", "f:image", "f:imagePullPolicy", "f:name", "f:resources"]);
                empties(container, &["f:terminationMessagePath", "f:terminationMessagePolicy"]);
                mount_fields(container, &["/etc/settings"]);
            });
        });
        empties(spec, &["f:nodeName", "f:priority", "f:restartPolicy", "f:schedulerName", "f:securityContext"]);
        empties(spec, &["f:serviceAccount", "f:serviceAccountName", "f:terminationGracePeriodSeconds"]);
        empties(spec, &["f:tolerations"]);
        spec.object("f:topologySpreadConstraints", |constraints| {
            let key = "k:{\"topologyKey\":\"topology.kubernetes.io/zone\",\"whenUnsatisfiable\":\"ScheduleAnyway\"}";
            constraints.object(".", |_| {});
            owned(constraints, key, &["f:labelSelector", "f:maxSkew", "f:topologyKey", "f:whenUnsatisfiable"]);
        });
        spec.object("f:volumes", |volumes| {
            volumes.object(".", |_| {});
            for (name, source, members) in [
                ("kube-api-access", "f:projected", ["f:defaultMode", "f:sources"].as_slice()),
                ("scratch", "f:emptyDir", &[]),
                ("settings", "f:configMap", &["f:defaultMode", "f:name"]),
            ] {
                volumes.object(&format!("k:{{\"name\":\"{name}\"}}"), |volume| {
                    volume.object(".", |_| {});
                    owned(volume, source, members);
                    volume.object("f:name", |_| {});
                });
            }
        });
    });
}

fn container_fields(container: &mut Object<'_>) {
    container.object(".", |_| {});
    container.object("f:env", |env| {
        env.object(".", |_| {});
        for (name, source) in ENVIRONMENT {
            env.object(&format!("k:{{\"name\":\"{name}\"}}"), |variable| {
                empties(variable, &[".", "f:name"]);
                match source {
                    Source::Value(_) => variable.object("f:value", |_| {}),
                    Source::Field(_) => variable.object("f:valueFrom", |from| {
                        empties(from, &[".", "f:fieldRef"]);
                    }),
                    Source::Secret(..) => variable.object("f:valueFrom", |from| {
                        empties(from, &[".", "f:secretKeyRef"]);
                    }),
                };
            });
        }
    });
    empties(container, &["f:envFrom", "f:image", "f:imagePullPolicy"]);
    let thresholds = ["f:failureThreshold", "f:periodSeconds", "f:successThreshold", "f:timeoutSeconds"];
    for probe in ["f:livenessProbe", "f:readinessProbe"] {
        container.object(probe, |fields| {
            fields.object(".", |_| {});
            owned(fields, "f:httpGet", &["f:path", "f:port", "f:scheme"]);
            empties(fields, &thresholds);
        });
    }
    container.object("f:name", |_| {});
    container.object("f:ports", |ports| {
        ports.object(".", |_| {});
        for number in [8443, 9102] {
            let key = format!("k:{{\"containerPort\":{number},\"protocol\":\"TCP\"}}");
            owned(ports, &key, &["f:containerPort", "f:name", "f:protocol"]);
        }
    });
    container.object("f:resources", |resources| {
        resources.object(".", |_| {});
        owned(resources, "f:limits", &["f:cpu", "f:memory"]);
        owned(resources, "f:requests", &["f:cpu", "f:memory"]);
    });
    container.object("f:securityContext", |context| {
        empties(context, &[".", "f:allowPrivilegeEscalation"]);
        owned(context, "f:capabilities", &["f:drop"]);
        empties(context, &["f:readOnlyRootFilesystem", "f:runAsNonRoot"]);
    });
    empties(container, &["f:terminationMessagePath", "f:terminationMessagePolicy"]);
    mount_fields(container, &["/etc/settings", "/var/scratch"]);
}

fn mount_fields(container: &mut Object<'_>, paths: &[&str]) {
    container.object("f:volumeMounts", |mounts| {
        mounts.object(".", |_| {});
        for path in paths {
            owned(mounts, &format!("k:{{\"mountPath\":\"{path}\"}}"), &["f:mountPath", "f:name"]);
        }
    });
}

/// What the kubelet reports.
pub(super) fn status_fields(fields: &mut Object<'_>, pod: &Pod) {
    fields.object("f:status", |status| {
        status.object("f:conditions", |conditions| {
            conditions.object(".", |_| {});
            for kind in CONDITIONS {
                let members = ["f:lastProbeTime", "f:lastTransitionTime", "f:status", "f:type"];
                owned(conditions, &format!("k:{{\"type\":\"{kind}\"}}"), &members);
            }
        });
        empties(
            status,
            &["f:containerStatuses", "f:hostIP", "f:initContainerStatuses", "f:phase", "f:podIP"],
        );
        status.object("f:podIPs", |addresses| {
            addresses.object(".", |_| {});
            owned(addresses, &format!("k:{{\"ip\":\"{}\"}}", pod.address), &["f:ip"]);
        });
        status.object("f:startTime", |_| {});
    });
}

/// An object that a manager owns itself (`.`) together with these members of it.
fn owned(holder: &mut Object<'_>, key: &str, members: &[&str]) {
    holder.object(key, |object| {
        object.object(".", |_| {});
        empties(object, members);
    });
}

fn empties(object: &mut Object<'_>, keys: &[&str]) {
    for key in keys {
        object.object(key, |_| {});
    }
}

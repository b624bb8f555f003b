//! Tables: what `kubectl get` shows, for every kind.
//!
//! The columns of built-in kinds are facts, in `data/columns.tsv`; what stands in the cells is computed here and in the modules beside.

mod cluster;
mod custom;
mod jsonpath;
mod network;
mod pod;
mod storage;
mod view;
mod workloads;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};

use crate::catalog::Resource;
use crate::server::Shared;
use custom::Column;
use view::View;

/// How much of an object goes with its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Include {
    None,
    Metadata,
    Object,
}

/// How objects of a resource become rows.
#[derive(Debug, Clone)]
pub(super) struct Style {
    resource: Arc<Resource>,
    /// Of a custom resource; what a definition says today counts for a watch of yesterday as it does in the real server: not.
    custom: Option<Vec<Column>>,
}

impl Style {
    pub(super) fn of(shared: &Shared, resource: &Arc<Resource>) -> Style {
        let custom = resource.is_custom().then(|| custom::columns(shared, resource));
        Style { resource: resource.clone(), custom }
    }

    /// The table of an object or a list.
    pub(super) fn table(&self, body: &Value, version: &str, include: Include, headers: bool) -> Value {
        let kind = body["kind"].as_str().unwrap_or_default();
        let (group, kind) = match kind {
            "Scale" => ("autoscaling", "Scale"),
            _ => (self.resource.group.as_str(), self.resource.kind.as_str()),
        };
        let known = match (kind, &self.custom) {
            ("Scale", Some(_)) => built_in_columns(group, "Scale of a custom resource"),
            _ => built_in_columns(group, kind),
        };
        let custom = self.custom.as_ref().filter(|_| kind != "Scale");
        let list = body["items"].as_array();
        let items: Vec<&Value> = list.map_or_else(|| vec![body], |all| all.iter().collect());
        let items = self.in_order(items);
        let default = match kind {
            "StorageClass" if list.is_some() => storage::effective_default(items.iter().map(|it| View(it))),
            _ => None,
        };
        let rows: Vec<Value> = items
            .iter()
            .map(|item| {
                let cells = match custom {
                    Some(columns) => custom::cells(columns, item),
                    None => cells(group, kind, View(item), default, known),
                };
                self.row(cells, item, body, version, include)
            })
            .collect();
        let own_convertor = kind == "CustomResourceDefinition" || is_default(known);
        let rows = match rows.is_empty() && own_convertor && custom.is_none() {
            true => Value::Null,
            false => rows.into(),
        };
        let columns = match custom {
            _ if !headers => Value::Null,
            Some(columns) => custom::headers(columns),
            None => known.clone(),
        };
        json!({
            "kind": "Table",
            "apiVersion": format!("meta.k8s.io/{version}"),
            "metadata": super::list_metadata(body),
            "columnDefinitions": columns,
            "rows": rows,
        })
    }

    fn in_order<'a>(&self, mut items: Vec<&'a Value>) -> Vec<&'a Value> {
        if self.resource.is("flowcontrol.apiserver.k8s.io", "flowschemas") {
            items.sort_by_key(|it| {
                (View(it).int("spec.matchingPrecedence"), View(it).text("metadata.name").to_owned())
            });
        }
        items
    }

    fn row(&self, cells: Vec<Value>, item: &Value, body: &Value, version: &str, include: Include) -> Value {
        // The bookmark that ends the initial events would be unknown without its annotation.
        let ends_initial = item["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true";
        let object = match include {
            Include::Object => {
                let mut object = item.clone();
                if item.get("kind").is_none_or(Value::is_null) {
                    object["kind"] = self.resource.kind.as_str().into();
                    object["apiVersion"] = body["apiVersion"].clone();
                }
                object
            }
            Include::None if !ends_initial => Value::Null,
            _ => super::partial(item, version),
        };
        let mut row = json!({"cells": cells, "object": object});
        if self.resource.is("", "pods")
            && let Some(conditions) = pod::conditions(View(item))
        {
            row["conditions"] = conditions;
        }
        row
    }
}

type Columns = HashMap<String, Value>;

/// Columns by group and kind.
fn read_columns() -> &'static Columns {
    static READ: OnceLock<Columns> = OnceLock::new();
    READ.get_or_init(|| {
        let mut descriptions: HashMap<&str, Value> = HashMap::new();
        let mut columns = Columns::new();
        for line in include_str!("../../../data/columns.tsv").lines().filter(|it| !it.starts_with('#')) {
            let cells: Vec<&str> = line.split('\t').collect();
            match cells.as_slice() {
                [number, text] => {
                    descriptions.insert(number, serde_json::from_str(text).unwrap_or_default());
                }
                [group, kind, name, of, format, priority, description] => {
                    let column = json!({
                        "name": name,
                        "type": of,
                        "format": format,
                        "description": descriptions.get(description),
                        "priority": priority.parse::<i64>().unwrap_or(0),
                    });
                    let all = columns.entry(format!("{group}/{kind}")).or_insert_with(|| json!([]));
                    all.as_array_mut().into_iter().for_each(|all| all.push(column.clone()));
                }
                _ => {}
            }
        }
        columns
    })
}

fn built_in_columns(group: &str, kind: &str) -> &'static Value {
    let all = read_columns();
    all.get(&format!("{group}/{kind}")).or_else(|| all.get("/LimitRange")).unwrap_or(&Value::Null)
}

/// Kinds that nobody wrote a printer for: name and creation time.
fn is_default(columns: &Value) -> bool {
    columns.as_array().is_some_and(|it| it.len() == 2 && it[1]["name"] == "Created At")
}

fn cells(group: &str, kind: &str, it: View<'_>, default: Option<&str>, columns: &Value) -> Vec<Value> {
    if is_default(columns) {
        let created = it.text_or("metadata.creationTimestamp", "0001-01-01T00:00:00Z");
        return vec![it.name(), created.into()];
    }
    let text = |path: &str| Value::from(it.text(path));
    match (group, kind) {
        ("", "Pod") => pod::cells(it),
        ("", "PodTemplate") => workloads::pod_template(it),
        ("", "ReplicationController") => workloads::replication_controller(it),
        ("apps", "Deployment") => workloads::deployment(it),
        ("apps", "ReplicaSet") => workloads::replica_set(it),
        ("apps", "StatefulSet") => workloads::stateful_set(it),
        ("apps", "DaemonSet") => workloads::daemon_set(it),
        ("apps", "ControllerRevision") => workloads::controller_revision(it),
        ("batch", "Job") => workloads::job(it),
        ("batch", "CronJob") => workloads::cron_job(it),
        ("policy", "PodDisruptionBudget") => workloads::disruption_budget(it),
        ("autoscaling", "HorizontalPodAutoscaler") => workloads::autoscaler(it),
        ("autoscaling", "Scale") => {
            vec![it.name(), it.int("spec.replicas").into(), it.int("status.replicas").into(), it.age()]
        }
        ("", "Service") => network::service(it),
        ("", "Endpoints") => network::endpoints(it),
        ("discovery.k8s.io", "EndpointSlice") => network::endpoint_slice(it),
        ("networking.k8s.io", "Ingress") => network::ingress(it),
        ("networking.k8s.io", "IngressClass") => network::ingress_class(it),
        ("networking.k8s.io", "IPAddress") => network::ip_address(it),
        ("networking.k8s.io", "NetworkPolicy") => {
            vec![it.name(), view::selector_or_none(it.at("spec.podSelector")).into(), it.age()]
        }
        ("networking.k8s.io", "ServiceCIDR") => {
            let all: Vec<&str> = it.list("spec.cidrs").filter_map(|it| it.0.as_str()).collect();
            vec![it.name(), all.join(",").into(), it.age()]
        }
        ("", "ConfigMap") => vec![it.name(), (it.count("data") + it.count("binaryData")).into(), it.age()],
        ("", "Secret") => vec![it.name(), text("type"), it.count("data").into(), it.age()],
        ("", "Namespace") => vec![it.name(), text("status.phase"), it.age()],
        ("", "Node") => cluster::node(it),
        ("", "Event") | ("events.k8s.io", "Event") => cluster::event(it),
        ("", "ResourceQuota") => cluster::quota(it),
        ("", "ComponentStatus") => cluster::component_status(it),
        ("", "PersistentVolume") => storage::volume(it),
        ("", "PersistentVolumeClaim") => storage::claim(it),
        ("storage.k8s.io", "StorageClass") => storage::storage_class(it, default),
        ("storage.k8s.io", "VolumeAttachment") => storage::attachment(it),
        ("storage.k8s.io", "CSIDriver") => storage::csi_driver(it),
        ("storage.k8s.io", "CSINode") => vec![it.name(), it.count("spec.drivers").into(), it.age()],
        ("storage.k8s.io", "VolumeAttributesClass") => vec![it.name(), text("driverName"), it.age()],
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => cluster::binding(it),
        ("certificates.k8s.io", "CertificateSigningRequest") => cluster::signing_request(it),
        ("certificates.k8s.io", "ClusterTrustBundle") => {
            vec![it.name(), it.text_or("spec.signerName", "<none>").into()]
        }
        ("certificates.k8s.io", "PodCertificateRequest") => cluster::pod_certificate(it),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") => {
            cluster::policy(it, "spec.validations")
        }
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy") => cluster::policy(it, "spec.mutations"),
        (
            "admissionregistration.k8s.io",
            "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding",
        ) => cluster::policy_binding(it),
        ("admissionregistration.k8s.io", _) => vec![it.name(), it.count("webhooks").into(), it.age()],
        ("flowcontrol.apiserver.k8s.io", "FlowSchema") => cluster::flow_schema(it),
        ("flowcontrol.apiserver.k8s.io", _) => cluster::priority_level(it),
        ("internal.apiserver.k8s.io", _) => cluster::storage_version(it),
        ("apiregistration.k8s.io", _) => cluster::api_service(it),
        ("apiextensions.k8s.io", _) => cluster::definition(it),
        ("storagemigration.k8s.io", _) => cluster::migration(it),
        ("scheduling.k8s.io", "PriorityClass") => vec![
            it.name(),
            it.int("value").into(),
            it.flag("globalDefault").into(),
            it.age(),
            text("preemptionPolicy"),
        ],
        ("scheduling.k8s.io", "PodGroup") => cluster::pod_group(it, true),
        ("scheduling.k8s.io", "CompositePodGroup") => cluster::pod_group(it, false),
        ("coordination.k8s.io", "Lease") => vec![it.name(), text("spec.holderIdentity"), it.age()],
        ("coordination.k8s.io", "LeaseCandidate") => {
            let spec = ["spec.leaseName", "spec.binaryVersion", "spec.emulationVersion"];
            let [lease, binary, emulation] = spec.map(text);
            vec![it.name(), lease, binary, emulation, it.age()]
        }
        ("node.k8s.io", "RuntimeClass") => vec![it.name(), text("handler"), it.age()],
        ("resource.k8s.io", "ResourceClaim") => cluster::resource_claim(it),
        ("resource.k8s.io", "DeviceTaintRule") => cluster::device_taint(it),
        ("resource.k8s.io", "ResourceSlice") => {
            let [node, driver, pool] = ["spec.nodeName", "spec.driver", "spec.pool.name"].map(text);
            vec![it.name(), node, driver, pool, it.age()]
        }
        // Name and age, and of the newest kinds an empty cell for each column whose words are not known here.
        _ => {
            let count = columns.as_array().map_or(2, Vec::len).max(2);
            let mut cells = vec![Value::Null; count];
            cells[0] = it.name();
            cells[count - 1] = it.age();
            cells
        }
    }
}

//! Kinds of which only facts are particular: whether generations are counted, which fields select.
//!
//! A kind that gets functions moves to a module of its own.

use super::Kind;
use crate::crd;

pub(super) const CRD: Kind = Kind {
    generations: true,
    defaults: crd::fill_defaults,
    prepare_create: crd::prepare_create,
    prepare_update: crd::prepare_update,
    check: crd::check_change,
    warn: crd::warn,
    ..Kind::plain("apiextensions.k8s.io", "customresourcedefinitions")
};

const fn counting(group: &'static str, plural: &'static str) -> Kind {
    Kind { generations: true, ..Kind::plain(group, plural) }
}

const fn answering(group: &'static str, plural: &'static str) -> Kind {
    Kind { answers_with_object: true, ..Kind::plain(group, plural) }
}

pub(super) static KINDS: &[Kind] = &[
    Kind { answers_with_object: true, ..Kind::plain("", "podtemplates") },
    answering("", "serviceaccounts"),
    answering("", "persistentvolumes"),
    answering("", "persistentvolumeclaims"),
    answering("", "resourcequotas"),
    Kind {
        selectable: &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ..Kind::plain("", "events")
    },
    Kind { selectable: &["spec.unschedulable"], ..Kind::plain("", "nodes") },
    Kind { generations: true, selectable: &["status.replicas"], ..Kind::plain("", "replicationcontrollers") },
    counting("apps", "deployments"),
    Kind { generations: true, selectable: &["status.replicas"], ..Kind::plain("apps", "replicasets") },
    counting("apps", "statefulsets"),
    counting("apps", "daemonsets"),
    Kind { generations: true, selectable: &["status.successful"], ..Kind::plain("batch", "jobs") },
    counting("batch", "cronjobs"),
    Kind {
        selectable: &["spec.signerName"],
        // What was asked for stays what it was.
        prepare_update: |new, old, subresource| {
            if subresource.is_empty() {
                new["spec"] = old["spec"].clone();
            }
        },
        ..Kind::plain("certificates.k8s.io", "certificatesigningrequests")
    },
    counting("networking.k8s.io", "networkpolicies"),
    counting("policy", "poddisruptionbudgets"),
    counting("flowcontrol.apiserver.k8s.io", "flowschemas"),
    counting("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"),
    counting("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
    counting("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
    counting("admissionregistration.k8s.io", "validatingadmissionpolicies"),
    counting("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
    counting("scheduling.k8s.io", "priorityclasses"),
    counting("node.k8s.io", "runtimeclasses"),
];

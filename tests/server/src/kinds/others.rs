//! Registration of the kinds that are no workloads, and of the defaults and rules of their types.
//!
//! What they do is in the modules that are named here.

use super::defaults::TypeDefault;
use super::rules::TypeCheck;
use super::{
    Kind, autoscaler, certificate, config, endpoints, event, flow, ingress, limits, network_policy, node,
    policies, quota, roles, service, volumes, webhooks,
};

pub(super) const KINDS: &[&Kind] = &[
    &autoscaler::KIND,
    &certificate::KIND,
    &config::CONFIG_MAP,
    &config::SECRET,
    &endpoints::KIND,
    &endpoints::SLICE_KIND,
    &event::CORE,
    &event::EVENTS,
    &flow::API_SERVICE,
    &flow::LEVEL,
    &flow::SCHEMA,
    &ingress::KIND,
    &ingress::CLASS_KIND,
    &limits::KIND,
    &node::KIND,
    &policies::BUDGET,
    &policies::LEASE,
    &policies::PRIORITY_CLASS,
    &policies::RUNTIME_CLASS,
    &quota::KIND,
    &roles::BINDING,
    &roles::CLUSTER_BINDING,
    &roles::CLUSTER_ROLE,
    &roles::ROLE,
    &service::KIND,
    &volumes::ATTACHMENT,
    &volumes::CLAIM,
    &volumes::CLASS,
    &volumes::DRIVER,
    &volumes::VOLUME,
    &webhooks::MUTATING,
    &webhooks::POLICY,
    &webhooks::POLICY_BINDING,
    &webhooks::VALIDATING,
];

pub(super) const TYPE_DEFAULTS: &[(&str, TypeDefault)] = &[
    ("io.k8s.api.admissionregistration.v1.MatchResources", webhooks::selector_defaults),
    ("io.k8s.api.admissionregistration.v1.MutatingWebhook", webhooks::selector_defaults),
    ("io.k8s.api.admissionregistration.v1.ValidatingWebhook", webhooks::selector_defaults),
    ("io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec", autoscaler::spec_defaults),
    ("io.k8s.api.core.v1.LimitRangeItem", limits::item_defaults),
    ("io.k8s.api.core.v1.Service", service::defaults),
    ("io.k8s.api.core.v1.ServicePort", service::port_defaults),
    ("io.k8s.api.discovery.v1.EndpointPort", endpoints::slice_port_defaults),
    ("io.k8s.api.flowcontrol.v1.FlowSchemaSpec", flow::schema_defaults),
    ("io.k8s.api.flowcontrol.v1.QueuingConfiguration", flow::queuing_defaults),
    ("io.k8s.api.networking.v1.NetworkPolicySpec", network_policy::defaults),
    ("io.k8s.api.rbac.v1.RoleRef", roles::reference_defaults),
    ("io.k8s.api.rbac.v1.Subject", roles::subject_defaults),
];

pub(super) const TYPE_CHECKS: &[(&str, TypeCheck)] = &[
    ("io.k8s.api.networking.v1.HTTPIngressPath", ingress::check_path),
    ("io.k8s.api.networking.v1.IPBlock", network_policy::check_block),
    ("io.k8s.api.networking.v1.IngressRule", ingress::check_rule),
    ("io.k8s.api.networking.v1.IngressTLS", ingress::check_tls),
    ("io.k8s.api.networking.v1.NetworkPolicyPeer", network_policy::check_peer),
    ("io.k8s.api.networking.v1.NetworkPolicyPort", network_policy::check_policy_port),
    ("io.k8s.api.networking.v1.NetworkPolicySpec", network_policy::check_spec),
];

/// Where kinds are kept that are not kept under their own name.
pub(super) const REGISTRY_PATHS: &[(&str, &str, &str)] = &[
    ("", "endpoints", "services/endpoints"),
    ("", "nodes", "minions"),
    ("", "replicationcontrollers", "controllers"),
    ("", "services", "services/specs"),
    ("networking.k8s.io", "ingresses", "ingress"),
];

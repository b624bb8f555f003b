//! Registration of the kinds that are no workloads, and of the defaults and rules of their types.
//!
//! What they do is in the modules that are named here.

use super::defaults::TypeDefault;
use super::rules::TypeCheck;
use super::{Kind, config, endpoints, ingress, network_policy, service};

pub(super) const KINDS: &[&Kind] = &[
    &config::CONFIG_MAP,
    &config::SECRET,
    &endpoints::KIND,
    &endpoints::SLICE_KIND,
    &ingress::KIND,
    &ingress::CLASS_KIND,
    &service::KIND,
];

pub(super) const TYPE_DEFAULTS: &[(&str, TypeDefault)] = &[
    ("io.k8s.api.core.v1.Service", service::defaults),
    ("io.k8s.api.core.v1.ServicePort", service::port_defaults),
    ("io.k8s.api.discovery.v1.EndpointPort", endpoints::slice_port_defaults),
    ("io.k8s.api.networking.v1.NetworkPolicySpec", network_policy::defaults),
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

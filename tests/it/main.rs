//! The one integration-test binary: one module a subject.
//!
//! Tests in `real_*` modules speak to a real kube-apiserver, which `cargo xtask test` starts once for all of them. Without one
//! (plain `cargo test`) they say so and pass; with `CI` set its absence is a failure.

mod completeness;
mod completeness_proto;
mod completeness_types;
mod conformance;
mod controllers;
mod defaults;
mod ensure_crds;
mod faults;
mod fuzz;
mod harness;
mod house;
mod kubelet;
mod parity;
mod paths;
mod populated;
mod proto_reader;
mod real_config;
mod real_custom;
mod real_dynamic;
mod real_errors;
mod real_examples;
mod real_kubeconfig;
mod real_kubectl;
mod real_kubelet;
mod real_options;
mod real_places;
mod real_streams;
mod real_streams_ports;
mod real_subresources;
mod real_verbs;
mod registry;
mod security_page;
mod source_reader;
mod spec_reader;
mod specimen;
mod watching;

//! Kubernetes clients and types, generated from the API's own OpenAPI documents.
//!
//! Each group-version is a module behind a feature of its name: `core::v1` behind `core-v1`. What is written by hand is in
//! `clientset-runtime`, and shown here as well.

pub mod ext;

pub use clientset_runtime as runtime;
pub use clientset_runtime::*;
pub use ext::{EnsureCrds, ensure_crds};

/// The examples of these pages are built by `cargo test --doc`.
#[cfg(all(doctest, feature = "clap", feature = "core-v1", feature = "streams"))]
mod pages {
    #[doc = include_str!("../../README.md")]
    struct Readme;
    #[doc = include_str!("../../docs/config.md")]
    struct Configuration;
    #[doc = include_str!("../../docs/credentials.md")]
    struct Credentials;
    #[doc = include_str!("../../docs/errors.md")]
    struct Errors;
    #[doc = include_str!("../../docs/requests.md")]
    struct Requests;
    #[doc = include_str!("../../docs/streams.md")]
    struct Streams;
    #[doc = include_str!("../../docs/watching.md")]
    struct Watching;
}

// @generated begin: the module tree, by `cargo xtask generate`
#[rustfmt::skip]
mod clientset;
#[cfg(any(feature = "admissionregistration-v1", feature = "admissionregistration-v1alpha1", feature = "admissionregistration-v1beta1"))]
#[rustfmt::skip]
pub mod admissionregistration;
#[cfg(feature = "apiextensions-v1")]
#[rustfmt::skip]
pub mod apiextensions;
#[cfg(feature = "apiregistration-v1")]
#[rustfmt::skip]
pub mod apiregistration;
#[cfg(feature = "apps-v1")]
#[rustfmt::skip]
pub mod apps;
#[cfg(feature = "authentication-v1")]
#[rustfmt::skip]
pub mod authentication;
#[cfg(feature = "authorization-v1")]
#[rustfmt::skip]
pub mod authorization;
#[cfg(any(feature = "autoscaling-v1", feature = "autoscaling-v2"))]
#[rustfmt::skip]
pub mod autoscaling;
#[cfg(feature = "batch-v1")]
#[rustfmt::skip]
pub mod batch;
#[cfg(any(feature = "certificates-v1", feature = "certificates-v1alpha1", feature = "certificates-v1beta1"))]
#[rustfmt::skip]
pub mod certificates;
#[cfg(any(feature = "coordination-v1", feature = "coordination-v1alpha2", feature = "coordination-v1beta1"))]
#[rustfmt::skip]
pub mod coordination;
#[cfg(feature = "core-v1")]
#[rustfmt::skip]
pub mod core;
#[cfg(feature = "discovery-v1")]
#[rustfmt::skip]
pub mod discovery;
#[cfg(feature = "events-v1")]
#[rustfmt::skip]
pub mod events;
#[cfg(feature = "example-v1")]
#[rustfmt::skip]
pub mod example;
#[cfg(feature = "flowcontrol-v1")]
#[rustfmt::skip]
pub mod flowcontrol;
#[cfg(feature = "internal-v1alpha1")]
#[rustfmt::skip]
pub mod internal;
#[cfg(feature = "lifecycle-v1alpha1")]
#[rustfmt::skip]
pub mod lifecycle;
#[rustfmt::skip]
pub mod meta;
#[cfg(any(feature = "networking-v1", feature = "networking-v1beta1"))]
#[rustfmt::skip]
pub mod networking;
#[cfg(feature = "node-v1")]
#[rustfmt::skip]
pub mod node;
#[cfg(feature = "policy-v1")]
#[rustfmt::skip]
pub mod policy;
#[cfg(feature = "rbac-v1")]
#[rustfmt::skip]
pub mod rbac;
#[cfg(any(feature = "resource-v1", feature = "resource-v1alpha3", feature = "resource-v1beta1", feature = "resource-v1beta2"))]
#[rustfmt::skip]
pub mod resource;
#[cfg(any(feature = "scheduling-v1", feature = "scheduling-v1alpha1", feature = "scheduling-v1alpha2", feature = "scheduling-v1alpha3", feature = "scheduling-v1beta1"))]
#[rustfmt::skip]
pub mod scheduling;
#[cfg(any(feature = "storage-v1", feature = "storage-v1alpha1", feature = "storage-v1beta1"))]
#[rustfmt::skip]
pub mod storage;
#[cfg(any(feature = "storagemigration-v1", feature = "storagemigration-v1alpha1", feature = "storagemigration-v1beta1"))]
#[rustfmt::skip]
pub mod storagemigration;

pub use self::clientset::Clientset;
// @generated end

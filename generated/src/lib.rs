//! Kubernetes clients and types, generated from the API's own OpenAPI documents.
#![doc = include_str!("lib_docs.md")]

pub use clientset_runtime as runtime;
pub use clientset_runtime::*;

// @generated begin: the module tree, by `cargo xtask generate`
// @generated end

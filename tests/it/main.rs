//! The one integration-test binary: one module a subject.
//!
//! Tests in `real_*` modules speak to a real kube-apiserver, which `cargo xtask test` starts once for all of them. Without one
//! (plain `cargo test`) they say so and pass; with `CI` set its absence is a failure.

mod harness;
mod real_dynamic;
mod real_examples;
mod real_verbs;

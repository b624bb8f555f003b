//! The one integration-test binary: one module a subject.
//!
//! Tests in `real_*` modules speak to a real kube-apiserver, which `cargo xtask test` starts once for all of them. Without one
//! (plain `cargo test`) they say so and pass; with `CI` set its absence is a failure.

mod completeness;
mod completeness_types;
mod harness;
mod populated;
mod real_dynamic;
mod real_examples;
mod real_verbs;
mod registry;
mod source_reader;
mod spec_reader;
mod specimen;

//! What the generator owns in the crate `clientset`. How a folder is brought to what the generator says is
//! `cargo_clientset::output`, as for everybody's crate.

pub(crate) use cargo_clientset::output::{Owner, Plan, recover};

/// The crate: everything in src/ that is marked, and parts of two files.
pub(crate) const CRATE: Owner =
    Owner { mark: "// @generated", shared: &["Cargo.toml", "src/lib.rs"], below: "src/" };

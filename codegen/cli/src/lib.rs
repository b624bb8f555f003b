//! Typed Kubernetes clients for custom resources, generated into somebody's own crate: the library behind `cargo clientset`, and
//! for build scripts.
//!
//! ```toml
//! [build-dependencies]
//! cargo-clientset = { version = "0.1", default-features = false }
//! ```
//!
//! ```no_run
//! // build.rs
//! fn main() {
//!     cargo_clientset::build("clientset.toml");
//! }
//! ```
//!
//! All input and output of the generator is here, none of what is generated: that is `clientset_codegen`, a pure function. The
//! command is behind the feature `cli`, asking clusters behind `cluster`; a build script needs neither.

// The examples are build scripts, which have a main.
#![allow(clippy::needless_doctest_main)]
// A build script finds nothing by itself and draws nothing.
#![cfg_attr(not(feature = "cli"), allow(dead_code))]

mod build_script;
#[cfg(feature = "cli")]
mod cli;
mod dependency;
mod failure;
pub mod files;
mod lock;
pub mod output;
mod project;
mod settings;

pub use build_script::{build, try_build};
#[cfg(feature = "cli")]
pub use cli::main;
pub use failure::{Context, Failure, Result};

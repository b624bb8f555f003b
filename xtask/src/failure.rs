//! The one error of xtask, which is that of `cargo clientset`: a text for the person at the terminal, with what was tried and what
//! to do. Nothing in xtask decides by the kind of an error.

pub(crate) use cargo_clientset::{Context, Failure, Result};

//! What is written by hand for single kinds, and needs facts of them that the runtime must not know.

mod crds;

pub use crds::{EnsureCrds, ensure_crds};

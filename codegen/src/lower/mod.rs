//! From what was read to the IR: schemas to types, paths to resources. Names are not given here, and nothing is
//! put right here: that is what the passes are for.

pub(crate) mod crd;
pub(crate) mod merge;
pub(crate) mod resources;
pub(crate) mod types;

//! The commands, one file each.

pub(crate) mod ci;
pub(crate) mod conformance;
pub(crate) mod control_plane;
pub(crate) mod corpus;
pub(crate) mod diff;
pub(crate) mod generate;
pub(crate) mod quickstart;
pub(crate) mod serve;
pub(crate) mod server_data;
pub(crate) mod specs;
pub(crate) mod test;

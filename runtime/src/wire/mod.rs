//! The wire types: what Kubernetes writes in a form of its own, and what every kind shares.
//!
//! One type a file; what only some kinds have is generated.

mod list;
mod map;
mod raw;
mod status;

pub use list::{List, ListMeta, ShardInfo};
pub use map::{IntoIter, Iter, Map};
pub use raw::RawJson;
pub use status::{Status, StatusCause, StatusDetails};

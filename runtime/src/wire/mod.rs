//! The wire types: what Kubernetes writes in a form of its own, and what every kind shares.
//!
//! One type a file; what only some kinds have is generated.

mod bytes;
#[cfg(test)]
mod fixtures;
mod int_or_string;
mod list;
mod map;
mod quantity;
mod raw;
mod status;
mod time;

pub use bytes::Bytes;
pub use int_or_string::{IntOrString, NotAPercentage, Rounding};
pub use list::{List, ListMeta, ShardInfo};
pub use map::{IntoIter, Iter, Map};
pub use quantity::{Format, ParseQuantityError, Quantity};
pub use raw::RawJson;
pub use status::{Status, StatusCause, StatusDetails};
pub use time::{MicroTime, ParseTimeError, Time};

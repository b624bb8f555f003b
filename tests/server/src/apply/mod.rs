//! Server-side apply and field management: field sets, comparing, merging, and who manages what.
//!
//! This module knows schemas and JSON, and nothing of HTTP, storage or this server, so that a client may use it too.

pub(crate) mod compare;
pub(crate) mod fields;
pub(crate) mod last_applied;
pub(crate) mod managers;
pub(crate) mod merge;
pub(crate) mod typed;

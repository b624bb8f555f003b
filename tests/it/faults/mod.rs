//! The fault matrix of `docs/faults.md`, as far as it is shown on whole clients: what goes wrong, and what a user of the crate sees.
//!
//! Tests are named for their case. What one module of the runtime can show by itself is shown there.

mod broken;
pub(crate) mod canary;
mod connect;
mod http2;
mod inputs;
mod leaks;
pub(crate) mod proxy;
mod raw;
pub(crate) mod rig;
mod secrets;
mod soak;
mod table;
mod watches;

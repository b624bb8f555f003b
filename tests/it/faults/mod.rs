//! The fault matrix of `docs/faults.md`, as far as it is shown on whole clients: what goes wrong, and what a user of the crate sees.
//!
//! Tests are named for their case. What one module of the runtime can show by itself is shown there.

// Until each of the tests is there that needs them.
#[expect(dead_code)]
pub(crate) mod proxy;
#[expect(dead_code)]
mod raw;

mod broken;
mod canary;
mod connect;
mod http2;
mod inputs;
mod leaks;
pub(crate) mod rig;
mod secrets;
mod table;

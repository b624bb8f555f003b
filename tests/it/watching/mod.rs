//! Watches that last: the W cases of `docs/faults.md` on the embedded server, and the histories that a real one is held against.
//!
//! What the state machine does for what it is told is shown in `clientset-runtime`; here it is a whole client on a whole server.

mod chaos;
mod follower;
mod history;
mod many;
mod objects;
mod real;
mod server;
mod versions;

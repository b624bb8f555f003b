//! Streams that are more than an answer: exec, attach, port-forward and copying files, over WebSocket.
//!
//! One task for each stream owns its connection ([`session`]); what callers hold are bounded pipes to it ([`pipe`]).
//! Dropping what a caller holds ends the task and closes the connection. There is no SPDY.

mod alive;
mod channels;
mod copy;
mod exec;
mod failure;
mod forward;
mod frames;
pub mod fuzz;
mod handshake;
mod listen;
mod output;
mod pipe;
mod process;
mod session;
mod socket;

pub use copy::{Copied, CopyFromRequest, CopyToRequest};
pub use exec::{AttachRequest, ExecRequest};
pub use forward::{PortForwardRequest, PortForwardStream};
pub use listen::{PortForwardFailure, PortForwarder};
pub use output::Output;
pub use process::{ExitStatus, Process, Stderr, Stdin, Stdout, Terminal};

#[cfg(test)]
mod tests;

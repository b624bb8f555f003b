//! The hand-written half of `clientset`: configuration, transport, requests, codec, watch, errors.
//!
//! It deliberately knows no API group and names no kind: those are facts, and facts are generated.
#![deny(missing_docs)]

mod auth;
pub mod codec;
pub mod config;
mod error;
pub mod wire;

pub use error::Error;

/// The result of any call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

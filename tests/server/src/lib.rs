#![doc = include_str!("../README.md")]
//!
//! # How it is made
//!
//! `http` reads and writes the wire, `security` says who asks and whether they may, `verbs` decides, `store` keeps. `catalog` knows which resources exist, `schema` what their
//! objects look like; `patch` and `apply` change documents and know nothing of the server. `failure` has the words of every refusal, `represent` the form of every answer.
#![deny(missing_docs)]

mod apply;
mod asked;
mod body;
mod call;
mod catalog;
mod cel;
#[cfg(feature = "client")]
mod client;
mod clock;
mod controllers;
mod crd;
mod deletion;
mod deprecation;
mod discovery;
mod duplicates;
mod failure;
mod fault;
mod fields;
mod health;
mod history;
mod http;
mod inside;
mod kinds;
mod lifecycle;
mod load;
mod meta;
mod names;
mod openapi;
mod owners;
mod patch;
mod protobuf;
mod recorded;
mod registry;
mod represent;
mod request;
mod requests;
mod schema;
mod security;
mod seed;
mod selector;
mod server;
mod snapshot;
mod store;
mod transaction;
mod verbs;

pub use asked::Verb;
pub use clock::Clock;
pub use fault::{Fault, On, on, on_any};
pub use load::LoadError;
pub use recorded::RecordedChange;
pub use requests::ReceivedRequest;
pub use security::{ClientCertificate, User};
pub use server::{Builder, TestServer};
pub use snapshot::Snapshot;

//! The wire: connections in `listener` and `connection`, requests read in `receive`, answers written in `answer`.
//!
//! HTTP/1.1 and HTTP/2 with prior knowledge, on one loopback port. What is answered is decided elsewhere.

mod answer;
mod connection;
mod listener;
mod receive;

pub(crate) use listener::serve;

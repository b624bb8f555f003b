//! The wire: the port in `listener`, a connection in `connection` over `wire` and `frames`, a request and its answer in `exchange`,
//! `receive` and `answer`.
//!
//! HTTP/1.1 and HTTP/2 with prior knowledge, on one loopback port. What is answered is decided elsewhere.

mod answer;
mod connection;
mod exchange;
mod frames;
mod listener;
mod path;
mod receive;
mod wire;

pub(crate) use answer::to as answer;
pub(crate) use exchange::{Body, BrokenOff, Line, Out};
pub(crate) use listener::{Port, serve};
pub(crate) use wire::{End, Wire};

//! CEL, the expression language of `x-kubernetes-validations`.
#![allow(dead_code, reason = "the rules are being built")]

pub(crate) mod rules;
pub(crate) mod time;
pub(crate) mod url;

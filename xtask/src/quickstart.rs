//! The parts of `cargo xtask quickstart`: finding what was generated from a CRD, and making an object of its kind.

pub(crate) mod found;
pub(crate) mod sample;

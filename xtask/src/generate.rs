//! Around the generator: the files that go in, the files that come out. It decides nothing about generated code.

pub(crate) mod inputs;
pub(crate) mod output;
pub(crate) mod sandbox;

//! The corpus: many CRDs and objects of theirs through the generator, the compiler and the codec. The command is in
//! `commands/corpus.rs`; here is one file a stage, and what they share.

pub(crate) mod batch;
pub(crate) mod blame;
pub(crate) mod build;
pub(crate) mod compare;
pub(crate) mod folder;
pub(crate) mod generate;
pub(crate) mod memory;
pub(crate) mod refusal;
pub(crate) mod report;
pub(crate) mod roundtrip;
pub(crate) mod sample;
pub(crate) mod state;

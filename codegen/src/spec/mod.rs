//! What the generator reads: OpenAPI v3 documents, CRDs, `.proto` files and the tables of `specs/`. Each reader
//! turns bytes into plain structs and says what is wrong with which place; nothing here knows Rust.

pub(crate) mod constraints;
pub(crate) mod crd;
pub(crate) mod crd_names;
pub(crate) mod cursor;
pub(crate) mod manifests;
pub(crate) mod openapi;
pub(crate) mod proto;
pub(crate) mod schema;
pub(crate) mod tables;
pub(crate) mod yaml;

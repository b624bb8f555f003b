//! Reading the vectors that Go's own types recorded, for the tests of this module.

use serde::de::DeserializeOwned;

/// The rows of one file under `tests/fixtures/wire`.
pub(super) fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/wire").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

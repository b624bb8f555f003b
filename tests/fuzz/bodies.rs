//! What the fuzz targets check, as plain functions: bytes in, a panic where a property does not hold.
//!
//! Shared by `#[path]` between the libfuzzer targets beside this file and `tests/it/fuzz.rs`, which runs them on fixed seeds.
//! Nothing here chooses inputs. What the JSON readers may differ in is written in README.md.

#[path = "bodies/codegen.rs"]
mod codegen;
#[path = "bodies/codegen_crd.rs"]
mod codegen_crd;
#[path = "bodies/exec_credential.rs"]
mod exec_credential;
#[path = "bodies/json.rs"]
mod json;
#[path = "bodies/kubeconfig.rs"]
mod kubeconfig;
#[path = "bodies/quantity.rs"]
mod quantity;
#[path = "bodies/streams.rs"]
mod streams;
#[path = "bodies/time.rs"]
mod time;
#[path = "bodies/tree.rs"]
mod tree;
#[path = "bodies/watch.rs"]
mod watch;

/// What a target does with an input.
type Check = fn(&[u8]);

/// Every target by name: the folder of its seeds and of its fixtures.
pub(super) const TARGETS: [(&str, Check); 9] = [
    ("codegen", codegen::check),
    ("codegen-crd", codegen_crd::check),
    ("exec-credential", exec_credential::check),
    ("json", json::check),
    ("kubeconfig", kubeconfig::check),
    ("quantity", quantity::check),
    ("streams", streams::check),
    ("time", time::check),
    ("watch", watch::check),
];

/// One target. What a libfuzzer target calls.
///
/// # Panics
/// When there is no such target, or when what it checks does not hold.
pub(super) fn check(target: &str, data: &[u8]) {
    let (_, check) = TARGETS.iter().find(|(name, _)| *name == target).expect("a target of this name");
    check(data);
}

/// The input as text: a quarter of all inputs should not be lost because one byte is no UTF-8.
fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

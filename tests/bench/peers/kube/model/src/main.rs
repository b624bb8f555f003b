//! kube's half of the model benchmarks: `ObjectList<Pod>`, which is what its `Api::<Pod>::list` answers with.

#[path = "../../../../harness.rs"]
mod harness;

use k8s_openapi::api::core::v1::Pod;
use kube::core::ObjectList;

struct Kube;

impl harness::Model for Kube {
    type List = ObjectList<Pod>;

    fn decode(json: &[u8]) -> Self::List {
        serde_json::from_slice(json).expect("a list of pods")
    }

    fn encode(list: &Self::List) -> Vec<u8> {
        serde_json::to_vec(list).expect("a list of pods can be written")
    }

    fn items(list: &Self::List) -> usize {
        list.items.len()
    }
}

fn main() {
    harness::main::<Kube>();
}

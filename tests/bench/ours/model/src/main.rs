//! Our half of the model benchmarks: `List<Pod>`, which is what `pods.list()` answers with.

#[path = "../../../harness.rs"]
mod harness;

use clientset::core::v1::Pod;
use clientset_runtime::codec;
use clientset_runtime::wire::List;

struct Ours;

impl harness::Model for Ours {
    type List = List<Pod>;

    fn decode(json: &[u8]) -> Self::List {
        codec::from_slice(json).expect("a list of pods")
    }

    fn encode(list: &Self::List) -> Vec<u8> {
        codec::to_vec(list)
    }

    fn items(list: &Self::List) -> usize {
        list.items.len()
    }
}

fn main() {
    harness::main::<Ours>();
}

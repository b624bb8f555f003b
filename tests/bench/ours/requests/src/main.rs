//! Our half of the request benchmarks (`get`, `list`), and two that have bars instead of peers: what a watch weighs when
//! there are 1,000 of them (`watches`), and what 10,000 clients leave behind (`clients`).

#[path = "../../../requests.rs"]
mod requests;

use clientset::{Clientset, Config};

const WATCHES: usize = 1_000;
const CLIENTS: usize = 10_000;

struct Ours(Clientset);

impl requests::Client for Ours {
    async fn connect(kubeconfig: &str) -> Self {
        Ours(connect(kubeconfig))
    }

    async fn get(&self) {
        self.0.core_v1().config_maps("default").get("settings").await.expect("a config map");
    }

    async fn list(&self) -> usize {
        self.0.core_v1().pods("default").list().await.expect("a list").items.len()
    }
}

fn connect(kubeconfig: &str) -> Clientset {
    Clientset::new(Config::from_kubeconfig(kubeconfig).expect("a kubeconfig")).expect("a client")
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("watches"), Some(kubeconfig)) => watches(&kubeconfig).await,
        (Some("clients"), Some(kubeconfig)) => clients(&kubeconfig).await,
        _ => requests::main::<Ours>().await,
    }
}

/// The resident set of 1,000 watches of one client, while requests go on; every one of them hears of a change.
async fn watches(kubeconfig: &str) {
    let client = connect(kubeconfig);
    let maps = client.core_v1().config_maps("default");
    let settings = maps.get("settings").await.expect("a config map");
    let version = settings.metadata.resource_version.clone().unwrap_or_default();
    let before = resident();
    let mut watches = Vec::with_capacity(WATCHES);
    for number in 0..WATCHES {
        watches.push(maps.watch().resource_version(&version).await.expect("a watch"));
        if number % 100 == 0 {
            maps.get("settings").await.expect("a request beside the watches");
        }
    }
    let changed = maps.edit("settings", move |map| {
        map.metadata.annotations.get_or_insert_default().insert("example.com/asked", version.clone());
    });
    changed.await.expect("a change");
    for watch in &mut watches {
        watch.next().await.expect("an event").expect("no error");
    }
    let bytes = resident().saturating_sub(before);
    println!("{{\"bytes\":{bytes},\"items\":{WATCHES},\"descriptors\":{}}}", descriptors());
}

/// What is left of 10,000 clients after they have asked and are gone, over what the first hundred left.
async fn clients(kubeconfig: &str) {
    let round = |count: usize| async move {
        for number in 0..count {
            let client = connect(kubeconfig);
            // A client that never asked has nothing to leave behind.
            if number % 10 == 0 {
                client.core_v1().config_maps("default").get("settings").await.expect("a config map");
            }
        }
    };
    round(100).await;
    let (descriptors_before, before) = (settled(0).await, resident());
    round(CLIENTS).await;
    let left = settled(descriptors_before).await.saturating_sub(descriptors_before);
    let bytes = resident().saturating_sub(before);
    println!("{{\"bytes\":{bytes},\"items\":{CLIENTS},\"descriptors\":{left}}}");
}

/// Waits until closed connections are gone, if they go; how many descriptors there are then.
async fn settled(wanted: usize) -> usize {
    for _ in 0..100 {
        if descriptors() <= wanted {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    descriptors()
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map(Iterator::count).unwrap_or_default()
}

/// The resident set in bytes; pages are of 4 KiB here.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|it| it.parse::<u64>().ok()).unwrap_or_default() * 4096
}

//! The measuring half of every Rust program that asks a server: the same number of requests, the same number of them at
//! a time, and the CPU time of this process, which is the client alone.
//!
//! Deliberately not here: the server (`ours-server serve`), comparing and printing tables.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many GETs one process sends, and how many are under way at a time.
const GETS: usize = 10_000;
const AT_A_TIME: usize = 8;
/// How often one process lists.
const LISTS: usize = 3;

/// How one library asks.
pub trait Client: Send + Sync + Sized + 'static {
    /// A client for the current context of this kubeconfig.
    fn connect(kubeconfig: &str) -> impl Future<Output = Self>;
    /// Gets the config map `default/settings`; the answer is what the library gives to its users.
    fn get(&self) -> impl Future<Output = ()> + Send;
    /// Lists the pods of the namespace `default` at once; how many there are.
    fn list(&self) -> impl Future<Output = usize> + Send;
}

/// Runs `get KUBECONFIG` or `list KUBECONFIG` and prints one line of JSON.
pub async fn main<C: Client>() {
    let mut arguments = std::env::args().skip(1);
    let (Some(what), Some(file)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: get|list KUBECONFIG");
        std::process::exit(2);
    };
    let client = Arc::new(C::connect(&file).await);
    // Connections, credentials and allocators are warm before the clock is read.
    client.get().await;
    let (items, per) = match what.as_str() {
        "get" => {
            let begun = cpu_seconds();
            gets(&client).await;
            (GETS, cpu_seconds() - begun)
        }
        "list" => {
            let begun = cpu_seconds();
            let mut items = 0;
            for _ in 0..LISTS {
                items = client.list().await;
            }
            (items, (cpu_seconds() - begun) / LISTS as f64)
        }
        other => {
            eprintln!("unknown measurement {other:?}: get or list");
            std::process::exit(2);
        }
    };
    println!("{{\"cpu\":{per},\"items\":{items}}}");
}

async fn gets<C: Client>(client: &Arc<C>) {
    let left = Arc::new(AtomicUsize::new(GETS));
    let workers: Vec<_> = (0..AT_A_TIME)
        .map(|_| {
            let (client, left) = (client.clone(), left.clone());
            tokio::spawn(async move {
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                    client.get().await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("a worker that ends");
    }
}

/// Seconds that the threads of this process have run, user and system: the first number, of nanoseconds, of each thread's
/// `schedstat`. The threads of the runtime live as long as the process.
fn cpu_seconds() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").expect("CPU time is measured on Linux only");
    let nanoseconds = |thread: std::io::Result<std::fs::DirEntry>| {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    };
    threads.filter_map(nanoseconds).sum::<f64>() / 1e9
}

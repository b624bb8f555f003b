//! Many streams and many clients: what they cost, and that they leave nothing.

use std::time::Instant;

use bytes::Bytes;

use super::peer::{Peer, answer_with, ask, eventually};
use crate::transport::{HttpTransport, Transport};

/// Answers `/watch` with one piece and no end, everything else with `got`.
async fn watchable() -> Peer {
    Peer::http2(
        |_, builder| {
            builder.max_concurrent_streams(100);
        },
        |_, request, mut respond| async move {
            if request.uri().path() == "/watch" {
                let mut stream = respond.send_response(http::Response::new(()), false).unwrap();
                let _ = stream.send_data(Bytes::from_static(b"one"), false);
                let _ = std::future::poll_fn(|cx| stream.poll_reset(cx)).await;
                return;
            }
            answer_with(respond, "got");
        },
    )
    .await
}

/// Whether this is the process in which only the named test runs; where it is not, runs it there.
async fn is_alone(test: &str) -> bool {
    if std::env::var_os("CLIENTSET_TEST_ALONE").is_some() {
        return true;
    }
    let name = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
    let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &name, "--nocapture"]).env("CLIENTSET_TEST_ALONE", "1");
    let output = command.output().await.unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    eprintln!("{said}");
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    false
}

/// What this process has in memory, in bytes; 0 where that cannot be asked.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<usize>().ok());
    pages.unwrap_or(0) * 4096
}

#[tokio::test]
async fn a_hundred_and_one_and_a_thousand_watches_leave_room_for_requests() {
    if !is_alone("a_hundred_and_one_and_a_thousand_watches_leave_room_for_requests").await {
        return;
    }
    let peer = watchable().await;
    for watches in [101, 1_000] {
        let transport = peer.transport();
        let (before, opened) = (resident(), peer.opened());
        let open = (0..watches).map(|_| transport.send(peer.watch("/watch")));
        let mut open = futures_util::future::join_all(open).await;
        for watch in &mut open {
            assert_eq!(watch.as_mut().unwrap().body.chunk().await.unwrap().unwrap(), "one");
        }
        let calls = futures_util::future::join_all((0..200).map(|_| ask(&transport, peer.get("/")))).await;
        assert!(calls.iter().all(Result::is_ok));
        let connections = peer.opened() - opened;
        // Both ends of every watch are in this process.
        let each = resident().saturating_sub(before) / watches;
        eprintln!("{watches} watches: {connections} connections, {each} bytes each for both ends");
        assert!(connections <= watches.div_ceil(64) + 200_usize.div_ceil(64), "{connections}");
        // Fewer do not make up for what a process and a runtime have once.
        assert!(watches < 1_000 || each < 50_000, "{each} bytes");
        drop(open);
        drop(transport);
        peer.settle_at(0).await;
    }
}

#[tokio::test]
async fn n18_ten_thousand_clients_leave_nothing() {
    if !is_alone("n18_ten_thousand_clients_leave_nothing").await {
        return;
    }
    let peer = watchable().await;
    let config = peer.config();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let files = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let round = async |clients: usize, asked: usize| {
        for nth in 0..clients {
            let transport = HttpTransport::new(&config).unwrap();
            if nth % (clients / asked) == 0 {
                ask(&transport, peer.get("/")).await.unwrap();
                drop(transport.send(peer.watch("/watch")).await.unwrap());
            }
        }
        peer.settle_at(0).await;
    };
    round(100, 10).await;
    eventually(|| tasks() <= 2).await;
    let (tasks_before, memory, files_before) = (tasks(), resident(), files());
    let begun = Instant::now();
    round(10_000, 100).await;
    eventually(|| tasks() <= tasks_before).await;
    let grown = resident().saturating_sub(memory);
    eprintln!("10,000 clients: {:?}, {grown} bytes more, {} files", begun.elapsed(), files());
    assert_eq!(files(), files_before);
    assert!(grown < 8 << 20, "memory grows: {grown}");
}

#[test]
fn a_client_outlives_the_runtime_that_opened_its_connections() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let peer = server.block_on(watchable());
    let transport = peer.transport();
    for _ in 0..3 {
        let short = runtime();
        let (status, _) = short.block_on(ask(&transport, peer.get("/"))).unwrap();
        assert_eq!(status, 200);
    }
    let failure = futures_util::FutureExt::now_or_never(ask(&transport, peer.get("/"))).unwrap().unwrap_err();
    assert!(failure.message.contains("Tokio runtime"), "{failure}");
}

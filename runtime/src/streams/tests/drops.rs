//! Dropping a stream in every state: its task ends, the connection is closed, and nobody waits for ever.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Handle;

use super::{SUCCESS, Server};
use crate::Process;

/// Waits until no more tasks are alive than `before`.
async fn back_to(before: usize) {
    let settled = async {
        while Handle::current().metrics().num_alive_tasks() > before {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), settled).await.expect("the task of the stream ends");
}

async fn cat(server: &Server) -> Process {
    server.pods().exec("a", "exec", ["cat"]).stdin().start().await.unwrap()
}

#[tokio::test]
async fn a_stream_that_is_dropped_in_any_state_leaves_nothing() {
    let mut server = Server::v5();
    let before = Handle::current().metrics().num_alive_tasks();

    // Before anything was sent, and while the server has not agreed.
    drop(server.pods().exec("a", "exec", ["cat"]).start());

    // Just connected: its task has not run once.
    drop(cat(&server).await);
    server.peer().await.gone().await;
    back_to(before).await;

    // While the server sends more than anybody reads.
    let mut process = cat(&server).await;
    let mut stdout = process.stdout().unwrap();
    let mut peer = server.peer().await;
    let piece = vec![b'y'; 32 << 10];
    while tokio::time::timeout(Duration::from_millis(100), peer.send(1, &piece)).await.is_ok() {}
    drop(process);
    peer.gone().await;
    back_to(before).await;
    let error = stdout.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert!(
        error.to_string().contains("dropped"),
        "what is left of a stream does not end as if all were well"
    );

    // While input waits for a server that does not read.
    let mut process = cat(&server).await;
    let mut stdin = process.stdin().unwrap();
    let peer = server.peer().await;
    let piece = vec![b'y'; 32 << 10];
    while tokio::time::timeout(Duration::from_millis(100), stdin.write_all(&piece)).await.is_ok() {}
    let writing = tokio::spawn(async move { stdin.write_all(&piece).await });
    tokio::task::yield_now().await;
    drop(process);
    assert!(writing.await.unwrap().is_err(), "who writes does not wait for ever");
    peer.gone().await;
    back_to(before).await;

    // While somebody waits for its end.
    let mut process = cat(&server).await;
    let peer = server.peer().await;
    assert!(tokio::time::timeout(Duration::from_millis(50), process.wait()).await.is_err());
    drop(process);
    peer.gone().await;
    back_to(before).await;

    // After its end.
    let process = cat(&server).await;
    server.peer().await.end(SUCCESS).await;
    back_to(before).await;
    drop(process);

    // While it runs to its end by itself.
    let output = server.pods().exec("a", "exec", ["cat"]).output();
    assert!(tokio::time::timeout(Duration::from_millis(50), output).await.is_err());
    server.peer().await.gone().await;
    back_to(before).await;
}

#[test]
fn a_process_whose_executor_is_gone_says_so_as_often_as_it_is_asked() {
    let executor = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = executor();
    let server = Server::v5();
    let mut process = first.block_on(cat(&server));
    drop(first);
    executor().block_on(async {
        for _ in 0..2 {
            assert!(process.wait().await.unwrap_err().is_transport());
        }
    });
}

#[tokio::test]
async fn halves_that_are_dropped_leave_the_rest_alone() {
    let mut server = Server::v5();
    let mut process = cat(&server).await;
    let mut peer = server.peer().await;
    drop(process.stdout());
    drop(process.stderr());
    drop(process.stdin());
    assert_eq!(peer.message().await.unwrap(), &[255, 0][..], "a dropped stdin is the end of the input");
    for _ in 0..100 {
        peer.send(1, vec![0; 60_000]).await;
        peer.send(2, vec![0; 60_000]).await;
    }
    peer.end(SUCCESS).await;
    assert!(process.wait().await.unwrap().success());
}

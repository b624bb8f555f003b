//! The kubelet of our own, shown right by kubectl: what `real_streams` stands on.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::harness::{sandbox, soon};
use crate::kubelet::{container, create, run};
use crate::real_kubectl::Kubectl;

const LONG: Duration = Duration::from_secs(60);

/// The rest of the test is skipped where nothing runs pods.
macro_rules! there {
    ($what:expr) => {
        match $what {
            Some(it) => it,
            None => return,
        }
    };
}

#[tokio::test]
async fn kubectl_exec_runs_programs_and_learns_how_they_end() {
    let sandbox = sandbox!("kubelet-exec");
    let kubectl = there!(Kubectl::new(&sandbox));
    there!(run(&sandbox, "web-0", container("")).await);

    let output =
        kubectl.output(&["exec", "web-0", "--", "sh", "-c", "echo out; echo err >&2; exit 3"], "").await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*output.stdout), (Some(3), &b"out\n"[..]), "{errors}");
    assert_eq!(errors, "err\ncommand terminated with exit code 3\n");

    let output = kubectl.output(&["exec", "web-0", "--", "sh", "-c", "kill -9 $$"], "").await;
    assert_eq!(output.status.code(), Some(128 + 9));
    let output = kubectl.output(&["exec", "web-0", "--", "no-such-program"], "").await;
    assert!(String::from_utf8_lossy(&output.stderr).contains("executable file not found"), "{output:?}");

    // `cat` ends since its input does.
    assert_eq!(kubectl.run(&["exec", "-i", "web-0", "--", "cat"], "hello").await, "hello");
    let zeros = kubectl.run(&["exec", "web-0", "--", "head", "-c", "5000000", "/dev/zero"], "").await;
    assert_eq!(zeros.len(), 5_000_000);
}

#[tokio::test]
async fn a_process_ends_with_the_connection_that_started_it() {
    let sandbox = sandbox!("kubelet-drop");
    let kubectl = there!(Kubectl::new(&sandbox));
    there!(run(&sandbox, "web-0", container("")).await);
    let mut child =
        kubectl.command(&["exec", "web-0", "--", "sh", "-c", "echo $$; exec sleep 1000"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let process = timeout(LONG, lines.next_line()).await.unwrap().unwrap().expect("its number");
    let alive = format!("kill -0 {process} && echo yes || echo no");
    let asked = ["exec", "web-0", "--", "sh", "-c", &alive];
    assert_eq!(kubectl.run(&asked, "").await, "yes\n");
    child.kill().await.unwrap();
    soon(async || (kubectl.run(&asked, "").await == "no\n").then_some(())).await;
}

#[tokio::test]
async fn kubectl_logs_shows_what_the_container_wrote_and_wrote_before() {
    let sandbox = sandbox!("kubelet-logs");
    let kubectl = there!(Kubectl::new(&sandbox));
    let script =
        "if [ -e again ]; then echo second; echo more; sleep 1000; fi; touch again; echo first; exit 1";
    there!(create(&sandbox, "web-0", container(script), "Always").await);
    soon(async || {
        let output = kubectl.output(&["logs", "web-0"], "").await;
        (output.stdout == b"second\nmore\n").then_some(())
    })
    .await;
    assert_eq!(kubectl.run(&["logs", "web-0", "--previous"], "").await, "first\n");
    assert_eq!(kubectl.run(&["logs", "web-0", "--tail=1"], "").await, "more\n");
    assert_eq!(kubectl.run(&["logs", "web-0", "--limit-bytes=3"], "").await, "sec");
    let stamped = kubectl.run(&["logs", "web-0", "--timestamps", "--tail=1"], "").await;
    let (stamp, rest) = stamped.split_once(' ').unwrap();
    assert_eq!(rest, "more\n");
    assert!(stamp.starts_with("20") && stamp.ends_with('Z'), "{stamp}");
    assert_eq!(kubectl.run(&["logs", "web-0", "--since-time=2999-01-01T00:00:00Z"], "").await, "");
    let restarts = ["get", "pod", "web-0", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"];
    soon(async || (kubectl.run(&restarts, "").await == "1").then_some(())).await;
}

#[tokio::test]
async fn kubectl_attach_reaches_the_main_process() {
    let sandbox = sandbox!("kubelet-attach");
    let kubectl = there!(Kubectl::new(&sandbox));
    let mut main = container("read word; echo got $word; sleep 1000");
    (main.stdin, main.stdin_once) = (Some(true), Some(true));
    there!(run(&sandbox, "web-0", main).await);
    let mut child = kubectl.command(&["attach", "-i", "web-0"]).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"this\n").await.unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(timeout(LONG, lines.next_line()).await.unwrap().unwrap().as_deref(), Some("got this"));
}

#[tokio::test]
async fn kubectl_cp_brings_a_tree_in_and_out_again() {
    let sandbox = sandbox!("kubelet-cp");
    let kubectl = there!(Kubectl::new(&sandbox));
    there!(run(&sandbox, "web-0", container("")).await);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("tree/sub")).unwrap();
    std::fs::write(folder.path().join("tree/sub/file"), "text").unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    kubectl.run(&["cp", &path("tree"), "web-0:there"], "").await;
    assert_eq!(kubectl.run(&["exec", "web-0", "--", "cat", "there/sub/file"], "").await, "text");
    kubectl.run(&["cp", "web-0:there", &path("back")], "").await;
    assert_eq!(std::fs::read_to_string(folder.path().join("back/sub/file")).unwrap(), "text");
}

/// A server that answers each connection with how much it was sent, once that has ended.
async fn counts() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut all = Vec::new();
                connection.read_to_end(&mut all).await.unwrap();
                connection.write_all(format!("got {}", all.len()).as_bytes()).await.unwrap();
            });
        }
    });
    port
}

#[tokio::test]
async fn kubectl_port_forward_keeps_the_halves_of_connections_apart() {
    let sandbox = sandbox!("kubelet-forward");
    let kubectl = there!(Kubectl::new(&sandbox));
    there!(run(&sandbox, "web-0", container("")).await);
    let words = ["port-forward", "web-0", &format!(":{}", counts().await)];
    let mut child = kubectl.command(&words).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = timeout(LONG, lines.next_line()).await.unwrap().unwrap().expect("a line");
    let address = line.split_whitespace().find(|word| word.starts_with("127.0.0.1:")).expect("an address");
    for size in [0, 1, 300_000] {
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(&vec![7; size]).await.unwrap();
        connection.shutdown().await.unwrap();
        let mut answer = String::new();
        timeout(LONG, connection.read_to_string(&mut answer)).await.unwrap().unwrap();
        assert_eq!(answer, format!("got {size}"));
    }
}

#[tokio::test]
async fn a_deleted_pod_ends_and_so_does_its_process() {
    let sandbox = sandbox!("kubelet-delete");
    let kubectl = there!(Kubectl::new(&sandbox));
    there!(run(&sandbox, "web-0", container("echo $$; exec sleep 1000")).await);
    let process = soon(async || {
        let text = kubectl.run(&["logs", "web-0"], "").await;
        text.trim().parse::<u32>().ok()
    })
    .await;
    timeout(LONG, kubectl.run(&["delete", "pod", "web-0"], "")).await.unwrap();
    let alive = std::process::Command::new("kill").args(["-0", &process.to_string()]).output().unwrap();
    assert!(!alive.status.success(), "{process} lives");
}

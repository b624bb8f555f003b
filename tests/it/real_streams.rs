//! exec, attach and copying on a real kube-apiserver with a kubelet end of our own, which really runs the programs.

use std::time::Duration;

use clientset::core::v1::ConfigMap;
use clientset::{Clientset, WatchEvent};
use futures_util::future::join_all;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::time::timeout;

use crate::harness::{Sandbox, config, named, sandbox, soon};
use crate::kubelet::{container, run};

const LONG: Duration = Duration::from_secs(120);

/// A sandbox with a pod `web-0` whose container waits; the rest of the test is skipped where nothing runs pods.
macro_rules! running {
    ($test:literal, $script:expr) => {{
        let sandbox = sandbox!($test);
        if run(&sandbox, "web-0", container($script)).await.is_none() {
            return;
        }
        sandbox
    }};
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether a process of this number lives, as the container sees it.
async fn lives(sandbox: &Sandbox, process: &str) -> bool {
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    pods.exec("web-0", ["kill", "-0", process]).output().await.unwrap().status.success()
}

#[tokio::test]
async fn exec_gives_both_outputs_and_how_the_program_ended() {
    let sandbox = running!("exec-output", "");
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let output = pods.exec("web-0", ["sh", "-c", "echo out; echo err >&2"]).output().await.unwrap();
    assert_eq!((text(&output.stdout), text(&output.stderr)), ("out\n".into(), "err\n".into()));
    assert!(output.status.success());
    for (script, code) in [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 128 + 9), ("kill -15 $$", 128 + 15)] {
        let output = pods.exec("web-0", ["sh", "-c", script]).container("main").output().await.unwrap();
        assert_eq!(output.status.code(), code, "{script}");
    }
    let output = pods.exec("web-0", ["printf", "%s|", "a b", "&?=", "", "ä"]).output().await.unwrap();
    assert_eq!(text(&output.stdout), "a b|&?=||ä|", "arguments arrive as they are");
    let output =
        pods.exec("web-0", ["sh", "-c", "echo out; echo err >&2"]).no_stdout().output().await.unwrap();
    assert_eq!((text(&output.stdout), text(&output.stderr)), (String::new(), "err\n".into()));
}

#[tokio::test]
async fn exec_that_cannot_be_done_says_why() {
    let sandbox = running!("exec-refused", "");
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let error = pods.exec("web-0", ["no-such-program"]).output().await.unwrap_err();
    assert!(error.is_internal() && error.to_string().contains("executable file not found"), "{error}");
    let error = pods.exec("web-1", ["true"]).output().await.unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains(r#"pods "web-1" not found"#), "{error}");
    let error = pods.exec("web-0", ["true"]).container("other").output().await.unwrap_err();
    assert!(error.is_bad_request() && error.to_string().contains("other"), "{error}");
    let nobody = Clientset::new(config("user").unwrap()).unwrap();
    let theirs = nobody.core_v1().pods(&sandbox.namespace);
    for error in [
        theirs.exec("web-0", ["true"]).output().await.unwrap_err(),
        theirs.attach("web-0").start().await.unwrap_err(),
        theirs.port_forward("web-0", 80).connect().await.unwrap_err(),
    ] {
        let said = error.to_string();
        assert!(error.is_forbidden() && said.contains("nobody-special") && said.contains("web-0"), "{said}");
    }
}

#[tokio::test]
async fn the_end_of_the_input_arrives_and_the_output_goes_on() {
    let sandbox = running!("exec-input", "");
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let output = pods.exec("web-0", ["cat"]).input("hello").output().await.unwrap();
    assert_eq!((text(&output.stdout), output.status.code()), ("hello".into(), 0));
    let output = pods.exec("web-0", ["wc", "-c"]).input(vec![7; 3_000_000]).output().await.unwrap();
    assert_eq!(text(&output.stdout).trim(), "3000000");
    let output = pods.exec("web-0", ["cat"]).input("").output().await.unwrap();
    assert!(output.stdout.is_empty() && output.status.success());

    let script = "cat > sent; sleep 0.3; echo after the end; cat sent; exit 5";
    let mut process = pods.exec("web-0", ["sh", "-c", script]).stdin().start().await.unwrap();
    assert!(process.can_close_stdin(), "the server speaks v5");
    let (mut stdin, mut stdout) = (process.stdin().unwrap(), process.stdout().unwrap());
    stdin.write_all(b"sent").await.unwrap();
    stdin.shutdown().await.unwrap();
    let mut all = String::new();
    timeout(LONG, stdout.read_to_string(&mut all)).await.unwrap().unwrap();
    assert_eq!(all, "after the end\nsent");
    assert_eq!(process.wait().await.unwrap().code(), 5);
}

#[tokio::test]
async fn a_terminal_has_the_size_it_is_given() {
    let sandbox = running!("exec-tty", "");
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    // The size comes a moment after the program starts, as it does everywhere.
    let script = r#"until [ "$(stty size)" = "33 99" ]; do sleep 0.05; done; echo first >&2
        until [ "$(stty size)" = "24 80" ]; do sleep 0.05; done; read word; echo got $word; tty; exit 4"#;
    let exec = pods.exec("web-0", ["sh", "-c", script]).stdin().terminal_size(99, 33);
    let mut process = exec.start().await.unwrap();
    assert!(process.stderr().is_none(), "a terminal has one output");
    let mut lines = BufReader::new(process.stdout().unwrap()).lines();
    let mut next = async || timeout(LONG, lines.next_line()).await.unwrap().unwrap().unwrap_or_default();
    assert_eq!(next().await, "first");
    process.resize(80, 24).unwrap();
    let mut stdin = process.stdin().unwrap();
    stdin.write_all(b"it\n").await.unwrap();
    let mut line = next().await;
    if line == "it" {
        line = next().await; // The terminal's own echo.
    }
    assert_eq!(line, "got it");
    assert!(next().await.starts_with("/dev/"));
    assert_eq!(timeout(LONG, process.wait()).await.unwrap().unwrap().code(), 4);
}

#[tokio::test]
async fn fifty_mebibytes_arrive_whole_at_a_slow_reader() {
    const LINE: &[u8; 16] = b"0123456789abcde\n";
    const SIZE: usize = 50 << 20;
    let sandbox = running!("exec-large", "");
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let script = format!("yes 0123456789abcde | head -c {SIZE}; exit 6");
    let mut process = pods.exec("web-0", ["sh", "-c", &script]).start().await.unwrap();
    let mut stdout = process.stdout().unwrap();
    let (mut got, mut buffer) = (0, vec![0; 64 << 10]);
    loop {
        let length = timeout(LONG, stdout.read(&mut buffer)).await.unwrap().unwrap();
        if length == 0 {
            break;
        }
        let expected = LINE.iter().cycle().skip(got % LINE.len());
        assert!(buffer[..length].iter().zip(expected).all(|(a, b)| a == b), "at {got}");
        // Slow now and then: a second in which nothing is read, and more than all buffers hold is written.
        if got / (10 << 20) < (got + length) / (10 << 20) {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        got += length;
    }
    assert_eq!(got, SIZE);
    assert_eq!(process.wait().await.unwrap().code(), 6);
}

#[tokio::test]
async fn a_hundred_programs_run_at_once() {
    let sandbox = running!("exec-many", "");
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let all = (0..100).map(|number| {
        let script = format!("cat; echo out {number}; echo err {number} >&2; exit {number}");
        let exec = pods.exec("web-0", ["sh".to_owned(), "-c".to_owned(), script]);
        async move { (number, exec.input(format!("in {number}\n")).output().await.unwrap()) }
    });
    for (number, output) in timeout(LONG, join_all(all)).await.unwrap() {
        assert_eq!(text(&output.stdout), format!("in {number}\nout {number}\n"));
        assert_eq!(text(&output.stderr), format!("err {number}\n"));
        assert_eq!(output.status.code(), number);
    }
}

#[tokio::test]
async fn programs_run_while_a_hundred_watches_are_open() {
    let sandbox = running!("exec-watches", "");
    let (pods, maps) = {
        let core = sandbox.client.core_v1();
        (core.pods(&sandbox.namespace), core.config_maps(&sandbox.namespace))
    };
    let mut watches = Vec::new();
    for watch in
        join_all((0..100).map(|_| maps.watch().field_selector("metadata.name=later").into_future())).await
    {
        watches.push(watch.unwrap());
    }
    for _ in 0..5 {
        let output = pods.exec("web-0", ["cat"]).input("hello").output().await.unwrap();
        assert_eq!(text(&output.stdout), "hello");
    }
    maps.create(&ConfigMap { metadata: named("later"), ..Default::default() }).await.unwrap();
    for watch in &mut watches {
        let event = timeout(LONG, watch.next()).await.unwrap().unwrap().unwrap();
        assert!(matches!(event, WatchEvent::Added(_)), "{event:?}");
    }
}

#[tokio::test]
async fn a_program_ends_when_its_handle_is_dropped() {
    let sandbox = running!("exec-drop", "");
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let exec = pods.exec("web-0", ["sh", "-c", "echo $$; exec sleep 1000"]);
    let mut process = exec.start().await.unwrap();
    let mut lines = BufReader::new(process.stdout().unwrap()).lines();
    let number = timeout(LONG, lines.next_line()).await.unwrap().unwrap().unwrap();
    assert!(lives(&sandbox, &number).await);
    drop(process);
    soon(async || (!lives(&sandbox, &number).await).then_some(())).await;
    assert!(lines.next_line().await.is_err(), "the output of a handle that is gone is no end of a file");

    // Given up in the middle of a call.
    let marked = ["sh", "-c", "echo $$ > number; exec sleep 1000"];
    assert!(timeout(Duration::from_secs(3), pods.exec("web-0", marked).output()).await.is_err());
    let number = pods.exec("web-0", ["cat", "number"]).output().await.unwrap();
    let number = text(&number.stdout).trim().to_owned();
    soon(async || (!lives(&sandbox, &number).await).then_some(())).await;
}

#[tokio::test]
async fn attach_speaks_with_the_main_process() {
    let sandbox = sandbox!("attach");
    let script = "while read word; do echo got $word; echo err $word >&2; done; echo end";
    let mut main = container(script);
    (main.stdin, main.stdin_once) = (Some(true), Some(true));
    if run(&sandbox, "web-0", main).await.is_none() {
        return;
    }
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let mut process = pods.attach("web-0").stdin().start().await.unwrap();
    let mut stdin = process.stdin().unwrap();
    let mut lines = BufReader::new(process.stdout().unwrap()).lines();
    let mut errors = BufReader::new(process.stderr().unwrap()).lines();
    let mut watcher = pods.attach("web-0").start().await.unwrap();
    let mut seen = BufReader::new(watcher.stdout().unwrap()).lines();
    for word in ["one", "two"] {
        stdin.write_all(format!("{word}\n").as_bytes()).await.unwrap();
        let line = timeout(LONG, lines.next_line()).await.unwrap().unwrap();
        assert_eq!(line, Some(format!("got {word}")));
        let line = timeout(LONG, errors.next_line()).await.unwrap().unwrap();
        assert_eq!(line, Some(format!("err {word}")));
    }
    // Only what comes after it was attached reaches the second one, and nobody tells it when that is.
    let mut more = 0;
    soon(async || {
        stdin.write_all(b"more\n").await.unwrap();
        more += 1;
        let line = timeout(Duration::from_millis(200), seen.next_line()).await.ok()?.unwrap();
        (line.as_deref() == Some("got more")).then_some(())
    })
    .await;
    stdin.shutdown().await.unwrap();
    let mut rest = Vec::new();
    while let Some(line) = timeout(LONG, lines.next_line()).await.unwrap().unwrap() {
        rest.push(line);
    }
    assert_eq!(rest.pop().as_deref(), Some("end"));
    assert_eq!(rest, vec!["got more"; more]);
    assert!(timeout(LONG, process.wait()).await.unwrap().unwrap().success());
}

#[tokio::test]
async fn a_tree_is_copied_in_and_out_as_it_is() {
    let sandbox = running!("copy", "");
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    std::fs::create_dir_all(tree.join("sub/empty")).unwrap();
    let large: Vec<u8> = (0..3_000_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    std::fs::write(tree.join("sub/large"), &large).unwrap();
    std::fs::write(tree.join("a name with spaces and ä"), "text").unwrap();
    let copied = pods.copy_to("web-0", &tree, ".").await.unwrap();
    assert_eq!((copied.files, copied.bytes), (2, 3_000_004), "{copied:?}");
    let output = pods.exec("web-0", ["cat", "tree/a name with spaces and ä"]).output().await.unwrap();
    assert_eq!(text(&output.stdout), "text");
    let back = folder.path().join("back");
    std::fs::create_dir(&back).unwrap();
    let copied = pods.copy_from("web-0", "tree", &back).await.unwrap();
    assert_eq!((copied.files, copied.bytes), (2, 3_000_004), "{copied:?}");
    assert!(back.join("tree/sub/empty").is_dir());
    assert_eq!(std::fs::read(back.join("tree/sub/large")).unwrap(), large);

    let error = pods.copy_from("web-0", "not-there", &back).await.unwrap_err();
    assert!(error.is_remote() && error.to_string().contains("not-there"), "{error}");
    let error = pods.copy_to("web-0", &tree, "/not/there").await.unwrap_err();
    assert!(error.is_remote() && error.to_string().contains("/not/there"), "{error}");
}

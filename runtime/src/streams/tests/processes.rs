//! Processes: what goes in, what comes out, and how they end.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{SUCCESS, Server, failed};
use crate::testing::status;

#[tokio::test]
async fn a_program_runs_to_its_end_and_its_exit_code_is_no_error() {
    let mut server = Server::v5();
    let run =
        tokio::spawn(server.pods().exec("web-0", "exec", ["ls", "-l", "a b&c"]).container("main").output());
    let mut peer = server.peer().await;
    assert_eq!(
        peer.asked.url,
        "https://203.0.113.7/apis/example.com/v1/namespaces/default/widgets/web-0/exec?command=ls&command=-l&command=a%20b%26c&container=main&stdout=true&stderr=true"
    );
    assert_eq!(
        peer.asked.headers.get("sec-websocket-protocol"),
        Some("v5.channel.k8s.io, v4.channel.k8s.io")
    );
    peer.send(1, "").await;
    peer.send(2, "warn").await;
    peer.send(1, "one ").await;
    peer.send(1, "two").await;
    peer.end(&failed("3")).await;
    let output = run.await.unwrap().unwrap();
    assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b"one two"[..], &b"warn"[..]));
    assert_eq!((output.status.code(), output.status.success()), (3, false));
}

#[tokio::test]
async fn input_goes_in_and_its_end_is_told_while_output_comes() {
    let mut server = Server::v5();
    let input: Vec<u8> = (0..5_000_000u32).map(|at| at as u8).collect();
    let run = tokio::spawn(server.pods().exec("a", "exec", ["cat"]).input(input.clone()).output());
    let mut peer = server.peer().await;
    assert!(peer.asked.url.contains("stdin=true"));
    // As `cat`: what comes in goes out at once, and neither end reads all before it writes.
    while let Some(message) = peer.message().await {
        match message[0] {
            0 => peer.send(1, &message[1..]).await,
            255 => break,
            other => panic!("channel {other}"),
        }
    }
    peer.end(SUCCESS).await;
    let output = run.await.unwrap().unwrap();
    assert!(output.status.success() && output.stdout == input);
}

#[tokio::test]
async fn a_process_that_ends_before_it_took_its_input_is_no_failure() {
    let mut server = Server::v5();
    let run = tokio::spawn(server.pods().exec("a", "exec", ["true"]).input(vec![0; 5_000_000]).output());
    let mut peer = server.peer().await;
    peer.message().await.unwrap();
    peer.send(1, "done").await;
    peer.end(&failed("9")).await;
    let output = run.await.unwrap().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (9, &b"done"[..]));
}

#[tokio::test]
async fn v4_says_that_it_cannot_close_the_input() {
    let mut server = Server::v4();
    let run = tokio::spawn(server.pods().exec("a", "exec", ["cat"]).input("x").output());
    let peer = server.peer().await;
    let error = run.await.unwrap().unwrap_err();
    assert!(error.is_request() && error.to_string().contains("v4.channel.k8s.io"), "{error}");
    peer.gone().await;

    let mut process = server.pods().exec("a", "exec", ["head", "-c1"]).stdin().start().await.unwrap();
    let mut peer = server.peer().await;
    assert!(!process.can_close_stdin());
    let mut stdin = process.stdin().unwrap();
    stdin.write_all(b"x").await.unwrap();
    assert_eq!(stdin.shutdown().await.unwrap_err().kind(), std::io::ErrorKind::Unsupported);
    assert_eq!(peer.message().await.unwrap(), &b"\0x"[..]);
    peer.end(SUCCESS).await;
    assert!(process.wait().await.unwrap().success());
}

#[tokio::test]
async fn what_the_server_says_of_a_process_is_an_error_where_it_never_ran() {
    let mut server = Server::v5();
    let run = tokio::spawn(server.pods().exec("a", "exec", ["x"]).output());
    server.peer().await.end(&status(404, "NotFound")).await;
    assert!(run.await.unwrap().unwrap_err().is_not_found());
    for (code, reason) in [(403, "Forbidden"), (404, "NotFound"), (400, "BadRequest")] {
        let server = Server::refusing(code, status(code, reason));
        let error = server.pods().exec("a", "exec", ["x"]).start().await.unwrap_err();
        assert_eq!(error.http_status(), Some(code));
        assert!(error.to_string().contains(&format!("{reason} it is")), "{error}");
    }
    let server = Server::refusing(403, status(403, "Forbidden"));
    let error = server.pods().exec("a", "exec", ["x"]).start().await.unwrap_err();
    assert!(error.to_string().contains("resources [widgets/exec], verbs [get, create]"), "{error}");
    let error = Server::new(&[]).pods().exec("a", "exec", ["x"]).start().await.unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("neither v5"), "{error}");
    let nothing = Vec::<String>::new();
    assert!(Server::v5().pods().exec("a", "exec", nothing).start().await.unwrap_err().is_request());
    let nothing = Server::v5().pods().attach("a", "attach").no_stdout().no_stderr().start().await;
    assert!(nothing.unwrap_err().is_request());
}

#[tokio::test]
async fn more_output_than_wanted_is_an_error_and_ends_it() {
    let mut server = Server::v5();
    let run = tokio::spawn(server.pods().exec("a", "exec", ["yes"]).max_output(1000).output());
    let mut peer = server.peer().await;
    peer.send(1, [b'y'; 600]).await;
    peer.send(2, [b'y'; 600]).await;
    let error = run.await.unwrap().unwrap_err();
    assert!(error.is_body_too_large() && error.to_string().contains("1000 bytes"), "{error}");
    peer.gone().await;
}

#[tokio::test]
async fn more_output_than_wanted_is_told_though_the_program_does_not_take_its_input() {
    let mut server = Server::v5();
    let request = server.pods().exec("a", "exec", ["yes"]).input(vec![0; 5_000_000]).max_output(1000);
    let run = tokio::spawn(request.output());
    let mut peer = server.peer().await;
    peer.send(1, [b'y'; 1200]).await;
    let error = tokio::time::timeout(Duration::from_secs(20), run).await.expect("it ends").unwrap();
    assert!(error.unwrap_err().is_body_too_large());
    peer.gone().await;
}

#[tokio::test]
async fn a_slow_reader_of_one_stream_does_not_hold_up_the_other_or_the_end() {
    let mut server = Server::v5();
    let mut process = server.pods().exec("a", "exec", ["x"]).start().await.unwrap();
    let mut peer = server.peer().await;
    let (mut stdout, mut stderr) = (process.stdout().unwrap(), process.stderr().unwrap());
    for _ in 0..16 {
        peer.send(1, vec![b'o'; 60_000]).await;
    }
    peer.send(2, "e").await;
    peer.end(&failed("7")).await;
    let mut text = String::new();
    stderr.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "e");
    assert_eq!(process.wait().await.unwrap().code(), 7);
    assert_eq!(process.wait().await.unwrap().code(), 7, "the answer stays");
    let mut all = Vec::new();
    stdout.read_to_end(&mut all).await.unwrap();
    assert_eq!(all.len(), 16 * 60_000, "nothing of what waits is lost");
}

#[tokio::test]
async fn what_nobody_reads_is_held_up_to_a_bound_and_then_the_server_waits() {
    let mut server = Server::v5();
    let mut process = server.pods().exec("a", "exec", ["yes"]).start().await.unwrap();
    let mut peer = server.peer().await;
    let mut stdout = process.stdout().unwrap();
    let mut sent = 0;
    let piece = vec![b'y'; 32 << 10];
    while tokio::time::timeout(Duration::from_millis(300), peer.send(1, &piece)).await.is_ok() {
        sent += piece.len();
        assert!(sent < 3 << 20, "it is bounded");
    }
    assert!(sent >= 1 << 20, "{sent}");
    // Once the stream is dropped, nothing holds the rest up.
    let mut some = [0; 100];
    stdout.read_exact(&mut some).await.unwrap();
    drop(stdout);
    for _ in 0..100 {
        peer.send(2, &piece[..1]).await;
    }
    peer.end(SUCCESS).await;
    assert!(process.wait().await.unwrap().success());
}

#[tokio::test]
async fn a_terminal_has_one_stream_and_a_size() {
    let mut server = Server::v5();
    let request = server.pods().attach("a", "attach").container("debugger").stdin().terminal_size(80, 24);
    let mut process = request.start().await.unwrap();
    let mut peer = server.peer().await;
    assert!(peer.asked.url.ends_with("/attach?container=debugger&stdin=true&stdout=true&tty=true"));
    assert!(process.stderr().is_none() && process.stdout().is_some() && process.stdout().is_none());
    assert_eq!(peer.message().await.unwrap(), &b"\x04{\"Width\":80,\"Height\":24}"[..]);
    process.resize(120, 40).unwrap();
    assert_eq!(peer.message().await.unwrap(), &b"\x04{\"Width\":120,\"Height\":40}"[..]);
    process.terminal().unwrap().resize(1, 2);
    assert_eq!(peer.message().await.unwrap(), &b"\x04{\"Width\":1,\"Height\":2}"[..]);
    drop(process);
    peer.gone().await;
    let process = server.pods().exec("a", "exec", ["x"]).start().await.unwrap();
    assert!(process.resize(1, 1).unwrap_err().is_request() && process.terminal().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_be_idle_for_hours() {
    let mut server = Server::v5();
    let mut process = server.pods().exec("a", "exec", ["sleep"]).start().await.unwrap();
    let mut peer = server.peer().await;
    let idle = tokio::time::timeout(Duration::from_secs(4 * 3600), peer.message()).await;
    assert!(idle.is_err(), "the server sees pings only, which it answers");
    peer.send(1, "still here").await;
    peer.end(SUCCESS).await;
    let mut text = String::new();
    process.stdout().unwrap().read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "still here");
    assert!(process.wait().await.unwrap().success());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_gone_is_noticed_within_45_seconds() {
    let mut server = Server::v5();
    let mut process = server.pods().exec("a", "exec", ["sleep"]).stdin().start().await.unwrap();
    let _raw = server.raw().await;
    let (mut stdin, mut stdout) = (process.stdin().unwrap(), process.stdout().unwrap());
    stdin.write_all(b"x").await.unwrap();
    let start = tokio::time::Instant::now();
    let error = stdout.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!((error.kind(), start.elapsed().as_secs()), (std::io::ErrorKind::TimedOut, 45));
    assert!(error.get_ref().unwrap().downcast_ref::<crate::Error>().unwrap().is_transport());
    assert!(stdin.write_all(b"x").await.is_err());
    assert!(process.wait().await.unwrap_err().is_transport());
}

#[tokio::test(start_paused = true)]
async fn a_process_that_does_not_take_its_input_for_an_hour_is_not_given_up() {
    let mut server = Server::v5();
    let mut process = server.pods().exec("a", "exec", ["sleep"]).stdin().start().await.unwrap();
    let peer = server.peer().await;
    let mut stdin = process.stdin().unwrap();
    let input = vec![0; 60 << 10];
    stdin.write_all(&input).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    peer.end(SUCCESS).await;
    assert!(process.wait().await.unwrap().success());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_the_end_and_does_not_close_is_left() {
    let mut server = Server::v5();
    let mut process = server.pods().exec("a", "exec", ["x"]).start().await.unwrap();
    let mut peer = server.peer().await;
    peer.send(3, failed("1")).await;
    peer.send(1, "late").await;
    let mut text = String::new();
    process.stdout().unwrap().read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "late", "what comes after the exit code still counts");
    assert_eq!(process.wait().await.unwrap().code(), 1);
    peer.gone().await;
}

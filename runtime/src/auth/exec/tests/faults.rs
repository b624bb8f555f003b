//! The faults of plugins and what is promised about each; the names begin with the number of the fault.

use super::*;

#[tokio::test]
async fn e1_a_missing_plugin_is_named_with_the_folders_searched_and_how_to_get_it() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("data-file"), "not executable").unwrap();
    let path = format!("{}:relative:/nowhere", dir.path().display());
    let environment = Environment::empty().var("PATH", &path);
    let missing = |command: &str| {
        let plugin = ExecPlugin::new(command).install_hint("run: \u{1b}[31mapt install it\u{7}");
        exec_in(plugin, &environment)
    };
    for command in ["aws-login", "data-file"] {
        let error = missing(command).presented().await.err().unwrap().to_string();
        let searched = format!("searched: {}, /nowhere (run: apt install it)", dir.path().display());
        assert!(error.contains(command) && error.contains(&searched), "{error}");
    }
    let error = missing("/nowhere/aws-login").presented().await.err().unwrap().to_string();
    assert!(error.contains("/nowhere/aws-login does not exist (run: apt install it)"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_plugin_that_may_not_be_run_or_prints_something_else_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("login");
    fs::write(&path, "#!/bin/sh\n").unwrap();
    let failure = bare(ExecPlugin::new(path.to_str().unwrap())).obtain().await.err().unwrap();
    assert!(failure.message.contains("cannot be run") && failure.help.unwrap().contains("chmod +x"));
    assert!(printing("hello").error().await.contains("run it by hand"));
}

#[tokio::test]
async fn e1_a_plugin_that_fails_is_run_once_per_backoff_however_often_it_is_asked_for() {
    let clock = Clock::default();
    let plugin = Plugin::new("exit 3");
    let exec = plugin.exec_with(&clock);
    let mut runs = Vec::new();
    // Two minutes, four requests a second.
    for _ in 0..480 {
        assert!(exec.presented().await.is_err());
        runs.push(plugin.runs());
        clock.pass(Duration::from_millis(250));
    }
    // After 1, 2, 4, 8, 16 seconds, then every 30.
    assert_eq!((runs[3], runs[4], runs[11], runs[12]), (1, 2, 2, 3));
    assert_eq!(plugin.runs(), 8, "{runs:?}");
}

#[tokio::test]
async fn e2_a_plugin_that_never_ends_is_stopped_with_all_that_it_started() {
    let plugin = Plugin::new(
        "sleep 1000 & echo $! > \"$DIR/child\"; echo $$ > \"$DIR/self\"; echo login at x >&2; wait",
    );
    let limited = plugin.description().timeout(Duration::from_millis(500));
    let error = exec(limited).presented().await.err().unwrap().to_string();
    assert!(error.contains("did not end within 500ms") && error.contains("it said: login at x"), "{error}");
    for file in ["self", "child"] {
        let id: i32 = plugin.file(file).trim().parse().unwrap();
        until(|| !is_running(id)).await;
    }
}

#[tokio::test]
async fn e2_nothing_else_waits_while_a_plugin_runs() {
    // One thread for everything: were it blocked, the timer would not be served.
    let plugin = Plugin::new("exec sleep 60");
    let exec = plugin.exec();
    let slow = exec.presented();
    tokio::select! {
        _ = slow => panic!("it does not end"),
        () = until(|| plugin.runs() == 1) => {}
    }
}

#[tokio::test]
async fn e2_dropping_the_last_client_ends_the_plugin() {
    let plugin = Plugin::new("echo $$ > \"$DIR/self\"; exec sleep 1000");
    let exec = plugin.exec();
    tokio::select! {
        _ = exec.presented() => panic!("it does not end"),
        () = until(|| plugin.file("self").ends_with('\n')) => {}
    }
    let id: i32 = plugin.file("self").trim().parse().unwrap();
    assert!(is_running(id), "a request that was given up leaves it to the next");
    drop(exec);
    until(|| !is_running(id)).await;
}

#[tokio::test]
async fn e3_a_failure_shows_how_it_ended_and_standard_error_and_never_standard_output() {
    let error = Plugin::new("echo s3cr3t; echo \"who are you?\u{1b}[2J\" >&2; exit 7").error().await;
    assert!(error.contains("exit code 7") && error.contains("plugin"), "{error}");
    assert!(error.contains("it said: who are you?") && !error.contains('\u{1b}'), "{error}");
    assert!(!error.contains("s3cr3t"), "{error}");
    let error = Plugin::new("kill -9 $$").error().await;
    assert!(error.contains("signal: 9"), "{error}");
    // A kilobyte of it, and not what was given to it to keep.
    let plugin = Plugin::new(
        "i=0; while [ $i -lt 20 ]; do printf 'line %d %s %0100d\\n' $i \"$KEY\" 0 >&2; i=$((i+1)); done; exit 1",
    );
    let error = exec(plugin.description().env("KEY", "s3cr3t")).presented().await.err().unwrap().to_string();
    assert!(error.contains("line 19 [REDACTED]") && !error.contains("line 1 "), "{error}");
    assert!(!error.contains("s3cr3t") && error.len() < 1300, "{}", error.len());
}

#[tokio::test]
async fn e4_answers_that_are_no_credential_are_refused_without_repeating_them() {
    let status = |status: &str| TOKEN.replace(r#"{"token":"s3cr3t"}"#, status);
    for (answer, expected) in [
        ("", "printed nothing"),
        ("s3cr3t", "its output is text, where an ExecCredential is expected"),
        ("{\"s3cr3t", "neither JSON nor YAML (line 1"),
        ("s3cr3t: 1\ns3cr3t: 2", "neither JSON nor YAML (line 2"),
        ("[]", "a list"),
        (&TOKEN.replace("ExecCredential", "s3cr3t"), "`kind` says otherwise"),
        (
            &TOKEN.replace("/v1", "/v1beta1"),
            "answered in the apiVersion client.authentication.k8s.io/v1beta1, but is configured for client.authentication.k8s.io/v1",
        ),
        (&TOKEN.replace("client.authentication", "s3cr3t"), "not the apiVersion that it is configured for"),
        (&TOKEN.replace("status", "s3cr3t"), "no status"),
        (&status("null"), "neither a token nor a client certificate"),
        (&status("{}"), "neither a token nor a client certificate"),
        (&status("\"s3cr3t\""), "status is text"),
        (&status(r#"{"token":123}"#), "`token` in its answer is a number"),
        (&status(r#"{"token":"s3cr3t\r\nX: y"}"#), "status.token holds white space"),
        (&status(r#"{"clientCertificateData":"s3cr3t"}"#), "no clientKeyData"),
        (&status(r#"{"clientKeyData":"s3cr3t"}"#), "no clientCertificateData"),
        (
            &status(r#"{"token":"s3cr3t","expirationTimestamp":"s3cr3t"}"#),
            "expirationTimestamp is not an RFC 3339 time",
        ),
    ] {
        let error = printing(answer).error().await;
        assert!(error.contains(expected) && !error.contains("s3cr3t"), "{answer}\n{error}");
    }
}

#[tokio::test]
async fn e4_yaml_is_an_answer_too() {
    let plugin = printing(
        "---\napiVersion: client.authentication.k8s.io/v1\nkind: ExecCredential\nstatus:\n  token: s3cr3t # mine",
    );
    assert_eq!(header(&plugin.exec()).await, "Bearer s3cr3t");
}

#[tokio::test]
async fn e5_a_token_that_comes_expired_is_used_and_costs_one_run_per_backoff() {
    let clock = Clock::default();
    let plugin = printing(&expiring(-8 * 3600));
    let exec = plugin.exec_with(&clock);
    for _ in 0..100 {
        // The server's clock decides, so the token is tried.
        assert_eq!(header(&exec).await, "Bearer s3cr3t");
    }
    assert_eq!(plugin.runs(), 1);
    let mut refused = 0;
    for _ in 0..480 {
        let before = plugin.runs();
        let presented = exec.presented().await.unwrap();
        assert!(presented.identity.is_none());
        // The server refuses it. The request that ran the program knows that another run would be no better.
        if exec.refuse(&presented) {
            exec.presented().await.unwrap();
        }
        assert!(plugin.runs() - before <= 1, "one run per request at most");
        refused += 1;
        clock.pass(Duration::from_millis(250));
    }
    assert!((6..=8).contains(&plugin.runs()), "{} runs for {refused} requests", plugin.runs());
}

#[tokio::test]
async fn e6_a_refused_token_is_replaced_once_and_refusals_of_every_token_do_not_become_a_storm_of_runs() {
    let clock = Clock::default();
    let plugin =
        Plugin::new(&format!("echo '{}'", TOKEN.replace("s3cr3t", "t'$(wc -c < \"$RUNS\" | tr -d ' ')'")));
    let exec = plugin.exec_with(&clock);
    assert_eq!(header(&exec).await, "Bearer t1");
    // A day later the server has enough of it.
    clock.pass(Duration::from_secs(24 * 3600));
    let old: Vec<Presented> = futures_util::future::join_all((0..100).map(|_| exec.presented()))
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert!(old.iter().all(|presented| exec.refuse(presented)));
    let renewed = futures_util::future::join_all((0..100).map(|_| header(&exec))).await;
    assert!(renewed.iter().all(|header| header == "Bearer t2"));
    assert_eq!(plugin.runs(), 2);
    // The user may do nothing any more: four requests a second for two minutes, each refused.
    for _ in 0..480 {
        let presented = exec.presented().await.unwrap();
        if exec.refuse(&presented) {
            exec.presented().await.unwrap();
        }
        clock.pass(Duration::from_millis(250));
    }
    assert!((8..=11).contains(&plugin.runs()), "{} runs", plugin.runs());
}

#[tokio::test]
async fn e6_a_request_that_is_refused_is_sent_once_more_whatever_it_does() {
    use crate::Api;
    use crate::testing::{Reply, Server, Widget, status};

    let server =
        Server::routing(|seen| match (seen.header("authorization"), seen.line.starts_with("POST")) {
            (Some("Bearer t1" | "Bearer t3"), _) => Reply::new(401, &status(401, "Unauthorized")),
            (Some(_), true) => {
                Reply::new(201, r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"}}"#)
            }
            _ => Reply::new(401, &status(401, "Unauthorized")),
        })
        .await;
    let plugin =
        Plugin::new(&format!("echo '{}'", TOKEN.replace("s3cr3t", "t'$(wc -c < \"$RUNS\" | tr -d ' ')'")));
    let client = crate::Client::new(server.config().exec(plugin.description())).unwrap();
    let widgets = Api::<Widget>::namespaced(&client, "default");
    // The server refused the first token, so it has done nothing: a write may go out again.
    widgets.create(&Widget::default()).await.unwrap();
    assert_eq!((server.seen().len(), plugin.runs()), (2, 2));
    // What is refused with the next token too is so for this user.
    let error = widgets.get("a").await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    assert_eq!((server.seen().len(), plugin.runs()), (4, 3));
}

#[tokio::test]
async fn e7_a_hundred_requests_on_expiry_are_one_run_even_if_it_fails_or_gives_an_expired_token() {
    for (script, works) in [
        (format!("sleep 0.2; echo '{}'", expiring(3600)), true),
        (format!("sleep 0.2; echo '{}'", expiring(-3600)), true),
        ("sleep 0.2; exit 3".to_owned(), false),
    ] {
        let clock = Clock::default();
        let plugin = Plugin::new(&script);
        let exec = plugin.exec_with(&clock);
        for runs in [1, 2] {
            let all = futures_util::future::join_all((0..100).map(|_| exec.presented())).await;
            assert!(all.iter().all(|result| result.is_ok() == works));
            assert_eq!(plugin.runs(), runs, "{script}");
            clock.pass(Duration::from_secs(3600));
        }
    }
}

#[tokio::test]
async fn e7_a_token_that_is_about_to_expire_is_used_while_one_run_gets_another() {
    let clock = Clock::default();
    let plugin = Plugin::new(&format!(
        "[ -s \"$DIR/second\" ] && while [ ! -e \"$DIR/go\" ]; do sleep 0.01; done; echo x > \"$DIR/second\"; echo '{}'",
        expiring(7200).replace("s3cr3t", "t'$(wc -c < \"$RUNS\" | tr -d ' ')'")
    ));
    let exec = plugin.exec_with(&clock);
    assert_eq!(header(&exec).await, "Bearer t1");
    clock.pass(Duration::from_secs(7200 - 50));
    for _ in 0..100 {
        assert_eq!(header(&exec).await, "Bearer t1", "nobody waits");
    }
    until(|| plugin.runs() == 2).await;
    // Now it is too old to be used; who asks waits for the run under way.
    clock.pass(Duration::from_secs(45));
    let waiting = (0..100).map(|_| header(&exec));
    let go = async { fs::write(plugin.dir.path().join("go"), "").unwrap() };
    let (headers, ()) = futures_util::future::join(futures_util::future::join_all(waiting), go).await;
    assert!(headers.iter().all(|header| header == "Bearer t2"));
    assert_eq!(plugin.runs(), 2);
}

#[tokio::test]
async fn e7_a_caller_who_goes_away_takes_nothing_from_the_others() {
    let plugin = Plugin::new(&format!("while [ ! -e \"$DIR/go\" ]; do sleep 0.01; done; echo '{TOKEN}'"));
    let exec = plugin.exec();
    {
        let first = exec.presented();
        tokio::select! {
            _ = first => panic!("it waits"),
            () = until(|| plugin.runs() == 1) => {}
        }
    }
    let waiting = header(&exec);
    let go = async { fs::write(plugin.dir.path().join("go"), "").unwrap() };
    assert_eq!(futures_util::future::join(waiting, go).await.0, "Bearer s3cr3t");
    assert_eq!(plugin.runs(), 1);
}

#[test]
fn e7_an_executor_that_ends_under_a_run_does_not_wedge_the_others() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let plugin = Plugin::new(&format!(
        "[ \"$(wc -c < \"$RUNS\" | tr -d ' ')\" = 1 ] && exec sleep 1000; echo '{TOKEN}'"
    ));
    let exec = plugin.exec();
    let first = runtime();
    first.block_on(async {
        tokio::select! {
            _ = exec.presented() => panic!("it waits"),
            () = until(|| plugin.runs() == 1) => {}
        }
    });
    let other = exec.clone();
    let waiting = std::thread::spawn(move || runtime().block_on(async { header(&other).await }));
    drop(first);
    assert_eq!(waiting.join().unwrap(), "Bearer s3cr3t");
    assert_eq!(plugin.runs(), 2);
}

#[tokio::test]
async fn e9_a_plugin_that_prints_without_end_is_stopped() {
    let error = Plugin::new("exec yes s3cr3t").error().await;
    assert!(error.contains("more than 1048576 bytes") && !error.contains("s3cr3t"), "{error}");
    // It says who it is before it prints: it may be stopped at once then.
    let plugin = Plugin::new("sh -c 'echo $$ > \"$DIR/child\"; exec yes s3cr3t' & wait");
    let error = plugin.error().await;
    assert!(error.contains("more than 1048576 bytes"), "{error}");
    let child: i32 = plugin.file("child").trim().parse().unwrap();
    until(|| !is_running(child)).await;
}

#[tokio::test]
async fn e9_a_daemon_that_keeps_the_output_open_does_not_hold_us() {
    // It lives until its folder is gone; waiting for it would be for ever.
    let daemon = "while [ -e \"$RUNS\" ]; do sleep 0.1; done 2>/dev/null &";
    for daemon in [daemon.to_owned(), daemon.replace("2>/dev/null", "")] {
        let plugin = Plugin::new(&format!("echo '{TOKEN}'; {daemon}"));
        assert_eq!(header(&plugin.exec()).await, "Bearer s3cr3t");
    }
}

#[tokio::test]
async fn e9_no_zombie_is_left() {
    let plugin = Plugin::new("echo $$ >> \"$DIR/self\"; exec sleep 1000");
    let limited = || exec(plugin.description().timeout(Duration::from_millis(100)));
    assert!(limited().presented().await.is_err());
    let given_up = plugin.exec();
    tokio::select! {
        _ = given_up.presented() => panic!("it does not end"),
        () = until(|| plugin.file("self").lines().count() == 2) => {}
    }
    drop(given_up);
    for id in plugin.file("self").lines() {
        // Not even its number is there any more.
        until(|| !Path::new("/proc").join(id).exists()).await;
    }
}

#[tokio::test]
async fn n19_after_a_jump_of_the_clock_a_token_is_looked_at_again_with_one_run() {
    let clock = Clock::default();
    let plugin = printing(&expiring(24 * 3600));
    let exec = plugin.exec_with(&clock);
    header(&exec).await;
    // The laptop slept for eight hours; a token for a day holds.
    clock.jump(8 * 3600);
    header(&exec).await;
    assert_eq!(plugin.runs(), 1);
    // It slept for a day: the token is over by the wall clock, though not by the other. What the plugin gives now has
    // come expired by this clock, which is no reason to run it for each request.
    clock.jump(24 * 3600);
    for _ in 0..100 {
        header(&exec).await;
    }
    assert_eq!(plugin.runs(), 2);

    // The clock is set back by eight hours: by the wall clock the token would live eight hours longer than it does.
    let clock = Clock::default();
    let plugin = printing(&expiring(3600));
    let exec = plugin.exec_with(&clock);
    header(&exec).await;
    clock.jump(-8 * 3600);
    clock.pass(Duration::from_secs(3500));
    header(&exec).await;
    assert_eq!(plugin.runs(), 1);
    clock.pass(Duration::from_secs(95));
    for _ in 0..100 {
        header(&exec).await;
    }
    assert_eq!(plugin.runs(), 2);
}

/// Whether a process with this number runs; one that ended and was not waited for does not.
fn is_running(id: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.trim().is_empty() && !rest.trim_start().starts_with('Z'))
}

//! Plugins that are real programs: small shell scripts, each misbehaving in its own way.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::*;
use crate::config::{Environment, ExecApiVersion, InteractiveMode};

const TOKEN: &str =
    r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"s3cr3t"}}"#;

/// A folder with one plugin in it, which notes each of its runs.
struct Plugin {
    dir: TempDir,
}

impl Plugin {
    fn new(script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plugin");
        fs::write(&path, format!("#!/bin/sh\nprintf . >> \"$RUNS\"\n{script}\n")).unwrap();
        Plugin { dir }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("plugin")
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap_or_default()
    }

    fn runs(&self) -> usize {
        self.file("runs").len()
    }

    fn description(&self) -> ExecPlugin {
        let dir = self.dir.path().to_str().unwrap();
        // Never run what was just written: a test that forks at that moment makes the kernel call the file busy.
        ExecPlugin::new("/bin/sh")
            .arg(self.path().to_str().unwrap())
            .env("RUNS", format!("{dir}/runs"))
            .env("DIR", dir)
            .interactive_mode(InteractiveMode::Never)
    }

    fn exec(&self) -> Exec {
        exec(self.description())
    }

    async fn error(&self) -> String {
        self.exec().presented().await.err().unwrap().to_string()
    }
}

fn exec(plugin: ExecPlugin) -> Exec {
    let config = Config::new("https://example.com").exec(plugin.clone());
    Exec::new(&plugin, &config).unwrap()
}

fn printing(answer: &str) -> Plugin {
    Plugin::new(&format!("cat <<'END'\n{answer}\nEND"))
}

async fn header(exec: &Exec) -> String {
    exec.presented().await.unwrap().authorization.unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn the_token_is_used_until_the_server_refuses_it() {
    let plugin =
        Plugin::new(&format!("echo '{}'", TOKEN.replace("s3cr3t", "t'$(wc -c < \"$RUNS\" | tr -d ' ')'")));
    let exec = plugin.exec();
    assert_eq!(plugin.runs(), 0, "nothing runs before the first request");
    assert_eq!(header(&exec).await, "Bearer t1");
    assert_eq!(header(&exec).await, "Bearer t1");
    let used = exec.presented().await.unwrap();
    exec.refuse(&used);
    assert_eq!(header(&exec).await, "Bearer t2");
    // A straggler that was refused with the first token must not cost a run.
    exec.refuse(&used);
    assert_eq!(header(&exec).await, "Bearer t2");
    exec.refuse(&exec.presented().await.unwrap());
    assert_eq!(header(&exec).await, "Bearer t3");
    assert_eq!(plugin.runs(), 3);
}

#[tokio::test]
async fn a_hundred_callers_are_one_run_even_if_it_fails_or_gives_an_expired_token() {
    let expired = TOKEN.replace("\"token\"", "\"expirationTimestamp\":\"2001-01-01T00:00:00Z\",\"token\"");
    for (script, works) in [
        (format!("sleep 0.2; echo '{TOKEN}'"), true),
        (format!("sleep 0.2; echo '{expired}'"), true),
        ("sleep 0.2; exit 3".to_owned(), false),
    ] {
        let plugin = Plugin::new(&script);
        let exec = plugin.exec();
        let all = futures_util::future::join_all((0..100).map(|_| exec.presented())).await;
        assert!(all.iter().all(|result| result.is_ok() == works));
        assert_eq!(plugin.runs(), 1, "{script}");
    }
}

#[tokio::test]
async fn a_credential_is_replaced_before_it_expires() {
    for (seconds, runs) in [(3600, 1), (-1, 2)] {
        let expires = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
        let answer = TOKEN.replace("\"token\"", &format!("\"expirationTimestamp\":\"{expires}\",\"token\""));
        let plugin = printing(&answer);
        let exec = plugin.exec();
        header(&exec).await;
        header(&exec).await;
        assert_eq!(plugin.runs(), runs, "expires in {seconds} s");
    }
    let now = SystemTime::now();
    let answer =
        |life| Answer { token: None, identity: None, expires: Some(now + Duration::from_secs(life)) };
    for (life, early) in [(3600, 60), (40, 10)] {
        let at = Credential::new(answer(life), 1, None).refresh_at.unwrap();
        let left = (now + Duration::from_secs(life)).duration_since(at).unwrap();
        assert!(left.abs_diff(Duration::from_secs(early)) < Duration::from_secs(1), "{life}: {left:?}");
    }
}

#[tokio::test]
async fn a_client_certificate_comes_along_and_counts_up_when_it_changes() {
    let script = r#"cat <<END
apiVersion: client.authentication.k8s.io/v1beta1
kind: ExecCredential
status:
  token: "s3cr3t"
  clientCertificateData: CERT$(cat "$DIR/version")
  clientKeyData: KEY
END"#;
    let plugin = Plugin::new(script);
    let exec = exec(plugin.description().api_version(ExecApiVersion::V1Beta1));
    let mut seen = Vec::new();
    for version in ["1", "1", "2"] {
        fs::write(plugin.dir.path().join("version"), version).unwrap();
        exec.refuse(&exec.presented().await.unwrap());
        let identity = exec.presented().await.unwrap().identity.unwrap();
        assert_eq!(identity.key.expose_secret(), b"KEY");
        seen.push((String::from_utf8(identity.chain.expose_secret().to_vec()).unwrap(), identity.generation));
    }
    let expected =
        [("CERT1", 1), ("CERT1", 1), ("CERT2", 4)].map(|(chain, generation)| (chain.to_owned(), generation));
    assert_eq!(seen, expected);
    assert_eq!(header(&exec).await, "Bearer s3cr3t");
}

#[tokio::test]
async fn a_certificate_alone_is_enough() {
    let status = r#"{"clientCertificateData":"CERT","clientKeyData":"KEY"}"#;
    let plugin = printing(&TOKEN.replace(r#"{"token":"s3cr3t"}"#, status));
    let exec = plugin.exec();
    assert!(exec.presented().await.unwrap().authorization.is_none());
    assert_eq!(exec.presented().await.unwrap().identity.unwrap().chain.expose_secret(), b"CERT");
}

#[tokio::test]
async fn the_plugin_gets_arguments_environment_and_what_it_is_asked_for() {
    let plugin = Plugin::new(&format!(
        "printf '%s\\n' \"$@\" \"$EXTRA\" > \"$DIR/args\"; printf %s \"$KUBERNETES_EXEC_INFO\" > \"$DIR/info\"; echo '{TOKEN}'"
    ));
    let ca = plugin.dir.path().join("ca.crt");
    fs::write(&ca, "PEM").unwrap();
    let mut description = plugin.description().args(["one", "two words", ""]).env("EXTRA", "x=y");
    let config =
        Config::new("https://[::1]:6443/prefix/").certificate_authority_file(&ca).tls_server_name("name");
    header(&Exec::new(&description, &config).unwrap()).await;
    assert_eq!(plugin.file("args"), "one\ntwo words\n\nx=y\n");
    let bare = r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}}"#;
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(json(&plugin.file("info")), json(bare));

    description = description.provide_cluster_info(true);
    description.cluster_config = Some(r#"{"audience":"x"}"#.to_owned());
    header(&Exec::new(&description, &config).unwrap()).await;
    let cluster = r#"{"server":"https://[::1]:6443/prefix","tls-server-name":"name","certificate-authority-data":"UEVN","config":{"audience":"x"}}"#;
    assert_eq!(json(&plugin.file("info"))["spec"]["cluster"], json(cluster));
}

#[tokio::test]
async fn answers_that_are_no_credential_are_refused_without_repeating_them() {
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
async fn a_failure_says_how_it_ended_and_keeps_the_output_to_itself() {
    let error = Plugin::new("echo s3cr3t; exit 7").error().await;
    assert!(
        error.contains("exit code 7") && error.contains("plugin") && !error.contains("s3cr3t"),
        "{error}"
    );
    let error = Plugin::new("kill -9 $$").error().await;
    assert!(error.contains("signal: 9"), "{error}");
}

#[tokio::test]
async fn a_plugin_that_hangs_is_stopped() {
    let plugin = Plugin::new("exec sleep 60");
    let error =
        exec(plugin.description().timeout(Duration::from_millis(200))).presented().await.err().unwrap();
    assert!(error.to_string().contains("did not end within 200ms"), "{error}");
}

#[tokio::test]
async fn a_plugin_that_prints_without_end_is_stopped() {
    let error = Plugin::new("exec yes s3cr3t").error().await;
    assert!(error.contains("more than 1048576 bytes") && !error.contains("s3cr3t"), "{error}");
}

#[tokio::test]
async fn a_daemon_that_keeps_the_output_open_does_not_hold_us() {
    // It lives until its folder is gone; waiting for it would be for ever.
    let daemon = "while [ -e \"$RUNS\" ]; do sleep 0.1; done 2>/dev/null &";
    let plugin = Plugin::new(&format!("echo '{TOKEN}'; {daemon}"));
    assert_eq!(header(&plugin.exec()).await, "Bearer s3cr3t");
}

#[tokio::test]
async fn a_missing_plugin_is_named_with_the_folders_searched_and_how_to_get_it() {
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

fn exec_in(plugin: ExecPlugin, environment: &Environment) -> Exec {
    let config = Config::new("https://example.com").exec(plugin.clone()).environment(environment.clone());
    Exec::new(&plugin, &config).unwrap()
}

#[tokio::test]
async fn a_bare_name_is_found_in_the_path_of_the_environment_handed_in() {
    let plugin = Plugin::new(&format!("echo '{TOKEN}'; env > \"$DIR/env\""));
    let path = format!("{}:{}", plugin.dir.path().display(), std::env::var("PATH").unwrap());
    let environment = Environment::empty().var("PATH", path).var("INHERITED", "yes");
    let mut description = plugin.description();
    std::os::unix::fs::symlink("/bin/sh", plugin.dir.path().join("my-login")).unwrap();
    description.command = "my-login".to_owned();
    assert_eq!(header(&exec_in(description, &environment)).await, "Bearer s3cr3t");
    let env = plugin.file("env");
    assert!(env.contains("INHERITED=yes") && !env.contains("CARGO"), "{env}");
}

#[tokio::test]
async fn standard_input_is_a_terminal_or_nothing() {
    let script = format!(
        "cat > \"$DIR/input\" < /dev/stdin; printf %s \"$KUBERNETES_EXEC_INFO\" > \"$DIR/info\"; echo '{TOKEN}'"
    );
    let plugin = Plugin::new(&script);
    for (mode, terminal, expected) in [
        (InteractiveMode::Never, true, Ok("false")),
        (InteractiveMode::IfAvailable, false, Ok("false")),
        (InteractiveMode::Always, false, Err("standard input is not a terminal")),
    ] {
        let mut exec = exec(plugin.description().interactive_mode(mode));
        exec.runner.stdin_is_terminal = if terminal { || true } else { || false };
        match (exec.presented().await, expected) {
            (Ok(_), Ok(interactive)) => {
                assert!(plugin.file("info").contains(&format!("\"interactive\":{interactive}")));
                assert_eq!(plugin.file("input"), "");
            }
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (result, _) => panic!("{mode:?}: {}", result.is_ok()),
        }
    }
    let mut exec = exec(plugin.description().interactive_mode(InteractiveMode::IfAvailable));
    exec.runner.stdin_is_terminal = || true;
    assert!(exec.runner.is_interactive().unwrap());
}

#[test]
fn nothing_secret_is_in_debug() {
    let path: &Path = Path::new("/bin/x");
    let plugin = ExecPlugin::new(path.to_str().unwrap()).arg("--token=s3cr3t").env("TOKEN", "s3cr3t");
    let config = Config::new("https://u:s3cr3t@example.com")
        .exec(plugin)
        .bearer_token("s3cr3t")
        .basic_auth("me", "s3cr3t")
        .client_certificate_pem("s3cr3t", "s3cr3t")
        .proxy_url("http://me:s3cr3t@proxy:3128");
    let shown = format!("{config:?} {config:#?} {:?}", config.validate());
    assert!(!shown.contains("s3cr3t") && shown.contains("[REDACTED]"), "{shown}");
}

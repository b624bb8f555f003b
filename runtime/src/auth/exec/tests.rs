//! Plugins that are real programs: small shell scripts, each misbehaving in its own way.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::super::Presented;
use super::super::clock::Clock;
use super::*;
use crate::config::{Environment, ExecApiVersion, InteractiveMode};

mod faults;
mod terminal;

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

    fn exec(&self) -> Renewed<Exec> {
        exec(self.description())
    }

    fn exec_with(&self, clock: &Clock) -> Renewed<Exec> {
        Renewed::with_clock(bare(self.description()), clock.clone())
    }

    async fn error(&self) -> String {
        self.exec().presented().await.err().unwrap().to_string()
    }
}

/// A plugin that shares its credential with no other test.
fn exec(plugin: ExecPlugin) -> Renewed<Exec> {
    Renewed::new(bare(plugin))
}

fn bare(plugin: ExecPlugin) -> Exec {
    let config = Config::new("https://example.com").exec(plugin.clone());
    Exec::new(&plugin, &config).unwrap()
}

/// As the answer of a plugin, which expires so many seconds from now.
fn expiring(seconds: i64) -> String {
    let expires = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
    TOKEN.replace("\"token\"", &format!("\"expirationTimestamp\":\"{expires}\",\"token\""))
}

/// Waits for something that happens soon.
async fn until(mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not happen");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn printing(answer: &str) -> Plugin {
    Plugin::new(&format!("cat <<'END'\n{answer}\nEND"))
}

async fn header(exec: &Renewed<Exec>) -> String {
    exec.presented().await.unwrap().authorization.unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn the_token_is_used_until_the_server_refuses_it() {
    let plugin =
        Plugin::new(&format!("echo '{}'", TOKEN.replace("s3cr3t", "t'$(wc -c < \"$RUNS\" | tr -d ' ')'")));
    let clock = Clock::default();
    let exec = plugin.exec_with(&clock);
    assert_eq!(plugin.runs(), 0, "nothing runs before the first request");
    assert_eq!(header(&exec).await, "Bearer t1");
    assert_eq!(header(&exec).await, "Bearer t1");
    let used = exec.presented().await.unwrap();
    // It had its time: a token that is refused as soon as it comes is another matter.
    clock.pass(Duration::from_secs(3600));
    exec.refuse(&used);
    assert_eq!(header(&exec).await, "Bearer t2");
    clock.pass(Duration::from_secs(3600));
    // A straggler that was refused with the first token must not cost a run.
    exec.refuse(&used);
    assert_eq!(header(&exec).await, "Bearer t2");
    exec.refuse(&exec.presented().await.unwrap());
    assert_eq!(header(&exec).await, "Bearer t3");
    assert_eq!(plugin.runs(), 3);
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
    let clock = Clock::default();
    let description = plugin.description().api_version(ExecApiVersion::V1Beta1);
    let exec = Renewed::with_clock(bare(description), clock.clone());
    let mut seen = Vec::new();
    for version in ["1", "1", "2"] {
        fs::write(plugin.dir.path().join("version"), version).unwrap();
        let before = exec.presented().await.unwrap();
        clock.pass(Duration::from_secs(3600));
        exec.refuse(&before);
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
    header(&Renewed::new(Exec::new(&description, &config).unwrap())).await;
    assert_eq!(plugin.file("args"), "one\ntwo words\n\nx=y\n");
    let bare = r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}}"#;
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(json(&plugin.file("info")), json(bare));

    description = description.provide_cluster_info(true);
    description.cluster_config = Some(r#"{"audience":"x"}"#.to_owned());
    header(&Renewed::new(Exec::new(&description, &config).unwrap())).await;
    let cluster = r#"{"server":"https://[::1]:6443/prefix","tls-server-name":"name","certificate-authority-data":"UEVN","config":{"audience":"x"}}"#;
    assert_eq!(json(&plugin.file("info"))["spec"]["cluster"], json(cluster));
}

fn exec_in(plugin: ExecPlugin, environment: &Environment) -> Renewed<Exec> {
    let config = Config::new("https://example.com").exec(plugin.clone()).environment(environment.clone());
    Renewed::new(Exec::new(&plugin, &config).unwrap())
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
    let described = |mode| plugin.description().interactive_mode(mode);
    for (description, terminal, expected) in [
        (described(InteractiveMode::Never), true, Ok("false")),
        (described(InteractiveMode::IfAvailable), false, Ok("false")),
        (described(InteractiveMode::IfAvailable).stdin_unavailable("it is a manifest"), true, Ok("false")),
        (described(InteractiveMode::Always), false, Err("standard input is not a terminal")),
        (
            described(InteractiveMode::Always).stdin_unavailable("it is a manifest"),
            true,
            Err("standard input is unavailable: it is a manifest"),
        ),
    ] {
        let mut exec = bare(description);
        exec.runner.stdin_is_terminal = if terminal { || true } else { || false };
        match (Renewed::new(exec).presented().await, expected) {
            (Ok(_), Ok(interactive)) => {
                assert!(plugin.file("info").contains(&format!("\"interactive\":{interactive}")));
                assert_eq!(plugin.file("input"), "");
            }
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (result, _) => panic!("{terminal}: {}", result.is_ok()),
        }
    }
    for mode in [InteractiveMode::IfAvailable, InteractiveMode::Always] {
        let mut exec = bare(described(mode));
        exec.runner.stdin_is_terminal = || true;
        assert!(exec.runner.is_interactive().unwrap());
    }
}

#[tokio::test]
async fn who_may_ask_is_in_our_process_group_and_who_may_not_in_its_own() {
    let plugin = Plugin::new(&format!("ps -o pgid= -p $$ | tr -d ' ' > \"$DIR/group\"; echo '{TOKEN}'"));
    let ours = rustix::process::getpgrp().as_raw_nonzero().to_string();
    for (terminal, same) in [(true, true), (false, false)] {
        let mut exec = bare(plugin.description().interactive_mode(InteractiveMode::IfAvailable));
        exec.runner.stdin_is_terminal = if terminal { || true } else { || false };
        header(&Renewed::new(exec)).await;
        assert_eq!(plugin.file("group").trim() == ours, same);
    }
}

#[tokio::test]
async fn clients_that_run_the_same_program_for_the_same_cluster_share_its_credential() {
    let plugin = Plugin::new(&format!("echo '{TOKEN}'"));
    let description = plugin.description().provide_cluster_info(true);
    let shared = |description: &ExecPlugin, server: &str| {
        let config = Config::new(server).exec(description.clone());
        Exec::shared(description, &config).unwrap()
    };
    let clients: Vec<_> = (0..10).map(|_| shared(&description, "https://one.example.com")).collect();
    let all = futures_util::future::join_all(clients.iter().map(|client| client.presented())).await;
    assert!(all.iter().all(|presented| presented.is_ok()));
    assert_eq!(plugin.runs(), 1);
    header(&shared(&description, "https://two.example.com")).await;
    assert_eq!(plugin.runs(), 2, "the program is told another cluster");
    header(&shared(&description.clone().env("EXTRA", "x"), "https://one.example.com")).await;
    assert_eq!(plugin.runs(), 3, "it is called in another way");
    drop(clients);
    header(&shared(&description, "https://one.example.com")).await;
    assert_eq!(plugin.runs(), 4, "nothing is kept when the last client is gone");
}

#[test]
fn plugins_that_nobody_uses_any_more_leave_nothing() {
    let mut registry =
        Registry { hasher: RandomState::new(), plugins: HashMap::new(), sweep_at: FIRST_SWEEP };
    let used = registry.find(bare(ExecPlugin::new("login")));
    for number in 0..10_000 {
        drop(registry.find(bare(ExecPlugin::new("login").arg(number.to_string()))));
    }
    assert!(registry.plugins.len() <= FIRST_SWEEP + 1, "{}", registry.plugins.len());
    let again = registry.find(bare(ExecPlugin::new("login")));
    assert!(again.downgrade().ptr_eq(&used.downgrade()));
}

#[tokio::test]
async fn the_policy_is_asked_before_anything_runs() {
    let plugin = Plugin::new(&format!("echo '{TOKEN}'"));
    std::os::unix::fs::symlink("/bin/sh", plugin.dir.path().join("my-login")).unwrap();
    let login = plugin.dir.path().join("my-login").to_str().unwrap().to_owned();
    let environment = Environment::system().var("PATH", plugin.dir.path());
    let presented = |command: &str, policy: ExecPolicy| {
        let mut description = plugin.description();
        description.command = command.to_owned();
        let config = Config::new("https://example.com")
            .exec(description.clone())
            .environment(environment.clone())
            .exec_policy(policy);
        async move { Exec::shared(&description, &config)?.presented().await }
    };
    for (command, policy) in [
        ("my-login", ExecPolicy::allowlist(["other", "my-login"])),
        ("my-login", ExecPolicy::allowlist([login.as_str()])),
        (login.as_str(), ExecPolicy::allowlist(["my-login"])),
        (login.as_str(), ExecPolicy::allowlist([login.as_str()])),
        ("/bin/sh", ExecPolicy::allowlist(["/bin/sh"])),
    ] {
        assert!(presented(command, policy).await.is_ok(), "{command}");
    }
    let runs = plugin.runs();
    for (command, policy, expected) in [
        ("my-login", ExecPolicy::Deny, "the policy for exec plugins is Deny"),
        ("/bin/sh", ExecPolicy::allowlist(["my-login"]), "/bin/sh is not on the list of allowed programs"),
        ("my-login", ExecPolicy::allowlist(["/bin/my-login"]), "is not on the list"),
        ("my-login", ExecPolicy::allowlist(["missing"]), "is not on the list"),
    ] {
        let error = presented(command, policy).await.err().unwrap().to_string();
        assert!(error.contains(expected) && error.contains("Config::exec_policy"), "{error}");
    }
    assert_eq!(plugin.runs(), runs);
}

/// Notes what is counted.
#[derive(Clone, Default)]
struct Calls(Arc<Mutex<Vec<(i32, String)>>>);

impl Metrics for Calls {
    fn exec_plugin_call(&self, code: i32, call_status: &str) {
        self.0.lock().unwrap().push((code, call_status.to_owned()));
    }
}

#[tokio::test]
async fn each_run_is_counted_by_how_it_ended() {
    let counted = Calls::default();
    let ended = |description: ExecPlugin, policy: ExecPolicy| {
        let config = Config::new("https://example.com").exec_policy(policy).metrics(counted.clone());
        let exec = Renewed::new(Exec::new(&description, &config).unwrap());
        async move { drop(exec.presented().await) }
    };
    let (good, bad) = (printing(TOKEN), Plugin::new("exit 7"));
    let (garbage, hanging) = (printing("s3cr3t"), Plugin::new("exec sleep 60"));
    ended(good.description(), ExecPolicy::Allow).await;
    ended(bad.description(), ExecPolicy::Allow).await;
    ended(garbage.description(), ExecPolicy::Allow).await;
    ended(hanging.description().timeout(Duration::from_millis(50)), ExecPolicy::Allow).await;
    ended(ExecPlugin::new("/nowhere/login"), ExecPolicy::Allow).await;
    ended(good.description(), ExecPolicy::allowlist(["/bin/other"])).await;
    let expected = [
        (0, "no_error"),
        (7, "plugin_execution_error"),
        (0, "no_error"),
        (1, "client_internal_error"),
        (1, "plugin_not_found_error"),
    ];
    assert_eq!(*counted.0.lock().unwrap(), expected.map(|(code, status)| (code, status.to_owned())));
}

#[tokio::test]
async fn the_hint_on_installing_is_given_ten_times_an_hour() {
    let missing = bare(ExecPlugin::new("/nowhere/login").install_hint("apt install it"));
    let mut given = 0;
    for _ in 0..20 {
        let failure = missing.obtain().await.err().unwrap();
        assert!(failure.message.contains("/nowhere/login does not exist"));
        given += usize::from(failure.help.is_some());
    }
    assert_eq!(given, 10);
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

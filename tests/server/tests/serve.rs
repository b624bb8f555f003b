//! The program that `cargo xtask serve` runs: it tells where it is, begins with what it is given, and says what is wrong.

mod support;

use std::process::{Output, Stdio};

use support::get;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

/// The example; cargo builds it before the tests of the crate.
fn serve() -> Command {
    let test = std::env::current_exe().expect("the path of this test");
    let program = test.ancestors().nth(2).expect("target/debug").join("examples/serve");
    let program = program.with_extension(std::env::consts::EXE_EXTENSION);
    assert!(program.exists(), "not built: cargo build -p clientset-testserver --examples");
    let mut command = Command::new(program);
    command.kill_on_drop(true).stdin(Stdio::null());
    command
}

#[tokio::test]
async fn it_tells_where_it_is_and_logs_each_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let (objects, kubeconfig) = (folder.path().join("objects.yaml"), folder.path().join("new/kubeconfig"));
    std::fs::write(&objects, "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}").expect("written");
    let mut command = serve();
    command.arg("--load").arg(&objects).arg("--kubeconfig").arg(&kubeconfig);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let mut out = BufReader::new(child.stdout.take().expect("output")).lines();
    let mut log = BufReader::new(child.stderr.take().expect("a log")).lines();

    let export = out.next_line().await.expect("text").expect("a line");
    assert_eq!(export, format!("export KUBECONFIG='{}'", kubeconfig.display()));
    let text = std::fs::read_to_string(&kubeconfig).expect("the kubeconfig");
    let url = text.lines().find_map(|it| it.trim().strip_prefix("server: ")).expect("an address");
    let url = url.trim_matches('"').to_owned();
    let first = log.next_line().await.expect("text").expect("a line");
    assert!(first.starts_with(&format!("serving on {url}, until Ctrl-C")), "{first}");

    assert_eq!(get(&url, "/api/v1/namespaces/shop").await.code, 200);
    let line = log.next_line().await.expect("text").expect("a line");
    assert_eq!(line, "GET /api/v1/namespaces/shop 200");

    // No start counts where an earlier one has counted.
    let shop = get(&url, "/api/v1/namespaces/shop").await.json();
    let version: u128 =
        shop["metadata"]["resourceVersion"].as_str().expect("a version").parse().expect("a number");
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_millis();
    assert!(version + 3_600_000 > now && version < now + 3_600_000, "{version} at {now}");
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let bad = folder.path().join("bad.yaml");
    std::fs::write(&bad, "\nkind: Pot").expect("written");
    let bad = bad.to_str().expect("a path in UTF-8");
    let cases = [
        (vec!["--port", "x"], 2, "x is no port\nusage: serve".to_owned()),
        (vec!["--port"], 2, "--port needs a value\nusage: serve".to_owned()),
        (vec!["--prot", "1"], 2, "what is --prot?\nusage: serve".to_owned()),
        (
            vec!["--load", bad],
            1,
            format!("error: {bad}: document 1 (line 2): apiVersion and kind must be set"),
        ),
        (vec!["--load", "none.yaml"], 1, "error: none.yaml: ".to_owned()),
    ];
    for (arguments, code, expected) in cases {
        let Output { status, stderr, .. } = serve().args(&arguments).output().await.expect("it runs");
        let said = String::from_utf8(stderr).expect("text");
        assert_eq!(status.code(), Some(code), "{said}");
        assert!(said.starts_with(&expected), "{said}");
    }
}

//! Kubeconfigs that we save and kubectl reads, the other way round, and both at once. Needs kubectl, and no server.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clientset::config::KubeconfigEdit;
use clientset::{Kubeconfig, Overrides};
use serde_json::{Value, json};

/// kubectl of the test control plane; `None` (said loudly) without one.
fn kubectl(file: &Path, words: &[&str]) -> Option<Output> {
    let Some(program) = std::env::var_os("CLIENTSET_TEST_CONTROLPLANE").map(PathBuf::from) else {
        eprintln!("SKIPPED: CLIENTSET_TEST_CONTROLPLANE is not set, so there is no kubectl to compare with");
        return None;
    };
    let mut command = Command::new(program);
    command.arg("kubectl").args(words).env("KUBECONFIG", file);
    Some(command.output().expect("kubectl starts"))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn kubectl_reads_what_we_save_and_we_read_what_it_saves() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    std::fs::write(folder.path().join("ca.crt"), "PEM").unwrap();
    let odd =
        ["yes", "0123", "null", "~", "1e3", "2001-01-01", "a: b", "-", "#x", "é ü", "<<", "=", "x'\"\\"];
    let mut edit = KubeconfigEdit::open_file(&file).unwrap();
    edit.cluster("c").server("https://127.0.0.1:1").certificate_authority_file(folder.path().join("ca.crt"));
    for name in odd {
        edit.user(name).basic_auth("me", name);
        edit.context(name).cluster("c").user(name).namespace("web");
    }
    edit.set_current_context("null").unwrap();
    edit.save().unwrap();

    let Some(view) = kubectl(&file, &["config", "view", "--raw", "-o", "json"]) else { return };
    assert!(view.status.success(), "{}", said(&view));
    let view: Value = serde_json::from_slice(&view.stdout).unwrap();
    assert_eq!(view["current-context"], "null");
    let mut sorted: Vec<_> =
        odd.iter().map(|it| json!({"name": it, "user": {"username": "me", "password": it}})).collect();
    sorted.sort_by_key(|user| user["name"].to_string());
    let mut users = view["users"].as_array().unwrap().clone();
    users.sort_by_key(|user| user["name"].to_string());
    assert_eq!(users, sorted);
    assert_eq!(view["clusters"][0]["cluster"]["certificate-authority"], "ca.crt");

    let set =
        kubectl(&file, &["config", "set-context", "theirs", "--cluster=c", "--user=yes", "--namespace=n"])
            .unwrap();
    assert!(set.status.success(), "{}", said(&set));
    let kubeconfig = Kubeconfig::read(&file).unwrap();
    assert_eq!(kubeconfig.context("theirs").unwrap().user.as_deref(), Some("yes"));
    for name in odd {
        let config = kubeconfig.config_for(&Overrides::context(name)).unwrap();
        assert_eq!((config.server_url(), config.namespace()), ("https://127.0.0.1:1", "web"));
    }
}

#[test]
fn kubectl_keeps_away_from_a_file_that_we_change_and_we_from_one_that_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let mut edit = KubeconfigEdit::open_file(&file).unwrap();
    edit.context("a").cluster("c");
    let words = ["config", "set-context", "theirs", "--cluster=c"];
    let Some(refused) = kubectl(&file, &words) else { return };
    assert!(!refused.status.success() && said(&refused).contains("config.lock"), "{}", said(&refused));
    edit.save().unwrap();
    assert!(kubectl(&file, &words).unwrap().status.success());
    assert!(Kubeconfig::read(&file).unwrap().context_names().eq(["a", "theirs"]));

    // As kubectl makes them: empty, and for nobody to read.
    let lock = folder.path().join("config.lock");
    std::fs::write(&lock, "").unwrap();
    let waiting = std::thread::spawn(move || KubeconfigEdit::open_file(&file).map(drop));
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert!(!waiting.is_finished(), "a lock of kubectl is waited for");
    std::fs::remove_file(&lock).unwrap();
    waiting.join().unwrap().unwrap();
}

//! Kubeconfigs changed and saved: what stays, what goes where, and who waits for whom.

use std::fs;

use super::*;
use crate::config::{ExecPlugin, Impersonation, InteractiveMode, Overrides, PemSource};

const ONE: &str = "apiVersion: v1
kind: Config
current-context: one
x-unknown: {deep: [1, yes, \"no\", null]}
preferences: {colors: true}
clusters:
- name: one
  cluster:
    server: https://one
    certificate-authority: pki/ca.crt
    x-of-later: {a: b}
    extensions:
    - name: example.com/tool
      extension: {kind: Tool, list: [a, 2]}
contexts:
- name: one
  context: {cluster: one, user: me}
";

const TWO: &str = "# kept, since nothing in it is changed
users: [{name: me, user: {token: s3cr3t-old}}]
contexts: [{name: two, context: {cluster: one, user: me, namespace: web}}]
";

/// Two files of a list, and the environment that names them with one that does not exist between them.
fn files() -> (tempfile::TempDir, PathBuf, PathBuf, Environment) {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    fs::write(&one, ONE).unwrap();
    fs::write(&two, TWO).unwrap();
    let list = std::env::join_paths([&one, &folder.path().join("none"), &two]).unwrap();
    let environment = Environment::empty().var("KUBECONFIG", list);
    (folder, one, two, environment)
}

fn open(environment: &Environment) -> KubeconfigEdit {
    KubeconfigEdit::options().environment(environment.clone()).open().unwrap()
}

fn json(file: &Path) -> serde_json::Value {
    yaml::parse(&fs::read(file).unwrap()).unwrap_or_else(|error| panic!("{error}")).to_json()
}

#[test]
fn what_is_not_changed_stays_and_what_is_unknown_is_kept() {
    let (folder, one, two, environment) = files();
    let before = json(&one);
    let mut edit = open(&environment);
    edit.set_current_context("two").unwrap();
    edit.save().unwrap();
    let mut expected = before;
    expected["current-context"] = "two".into();
    assert_eq!(json(&one), expected);
    assert_eq!(fs::read_to_string(&two).unwrap(), TWO, "a file without a change is not written");
    let mut left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["one", "two"], "no lock and nothing half written is left, and no empty file is made");
}

#[test]
fn entries_go_back_to_their_file_and_new_ones_to_the_first_that_exists() {
    let (folder, one, two, environment) = files();
    let mut edit = open(&environment);
    edit.user("me").token("s3cr3t-new");
    edit.context("two").namespace("");
    edit.cluster("one").server("https://other");
    edit.cluster("new").server("https://new").insecure_skip_tls_verify(true);
    edit.context("new").cluster("new").user("me");
    let seen = edit.kubeconfig().unwrap();
    assert!(!format!("{edit:?}").contains("s3cr3t"));
    edit.save().unwrap();

    let merged = Kubeconfig::load_from(&environment).unwrap();
    assert!(
        merged.context_names().eq(seen.context_names()) && merged.context_names().eq(["one", "new", "two"])
    );
    let (one, two) = (json(&one), json(&two));
    assert_eq!(two["users"][0]["user"], serde_json::json!({"token": "s3cr3t-new"}));
    assert_eq!(two["contexts"][0]["context"], serde_json::json!({"cluster": "one", "user": "me"}));
    assert_eq!(two["apiVersion"], "v1");
    assert_eq!(one["clusters"][0]["cluster"]["server"], "https://other");
    assert_eq!(one["clusters"][0]["cluster"]["x-of-later"]["a"], "b");
    assert_eq!(
        one["clusters"][0]["cluster"]["extensions"][0]["extension"]["list"],
        serde_json::json!(["a", 2])
    );
    assert_eq!(one["clusters"][1]["cluster"]["insecure-skip-tls-verify"], true);
    assert!(!folder.path().join("none").exists());
    let config = merged.config_for(&Overrides::context("new")).unwrap();
    assert_eq!(config.server_url(), "https://new");
}

#[test]
fn names_change_and_go_in_every_file_that_has_them() {
    let (_folder, one, two, environment) = files();
    let mut edit = open(&environment);
    edit.rename_context("one", "eins").unwrap();
    edit.rename_cluster("one", "cluster").unwrap();
    edit.rename_user("me", "myself").unwrap();
    assert!(
        edit.rename_user("you", "x")
            .unwrap_err()
            .to_string()
            .contains("there is no user \"you\"; known: \"myself\"")
    );
    assert!(edit.rename_context("two", "eins").is_err() && edit.rename_context("two", "").is_err());
    let error = edit.set_current_context("zwei").unwrap_err();
    assert!(
        error.is_context_not_found() && error.to_string().contains("known: \"eins\", \"two\""),
        "{error}"
    );
    edit.save().unwrap();
    assert_eq!(json(&one)["current-context"], "eins");
    assert_eq!(
        json(&one)["contexts"][0]["context"],
        serde_json::json!({"cluster": "cluster", "user": "myself"})
    );
    assert_eq!(json(&two)["contexts"][0]["context"]["cluster"], "cluster");

    let mut edit = open(&environment);
    assert!(edit.delete_context("eins") && !edit.delete_context("eins"));
    assert!(edit.delete_user("myself") && edit.delete_cluster("cluster") && !edit.delete_cluster("cluster"));
    edit.save().unwrap();
    let merged = Kubeconfig::load_from(&environment).unwrap();
    assert_eq!((merged.current_context(), merged.context_names().collect::<Vec<_>>()), (None, vec!["two"]));
    assert!(merged.cluster_names().next().is_none() && merged.user_names().next().is_none());
    let mut edit = open(&environment);
    edit.set_current_context("two").unwrap();
    edit.unset_current_context();
    assert_eq!(edit.kubeconfig().unwrap().current_context(), None);
}

#[test]
fn what_is_set_reads_as_it_was_meant_and_takes_the_place_of_what_it_contradicts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new/folder/config");
    let beside = |name: &str| file.with_file_name(name);
    let mut edit = KubeconfigEdit::open_file(&file).unwrap();
    let pki = beside("pki");
    fs::create_dir_all(&pki).unwrap();
    for name in ["pki/ca.crt", "pki/tls.crt", "pki/tls.key", "token"] {
        fs::write(beside(name), "PEM").unwrap();
    }
    fs::write(folder.path().join("outside"), "PEM").unwrap();
    let plugin = ExecPlugin::new(beside("login").to_str().unwrap())
        .args(["get", ""])
        .env("TOKEN", "s3cr3t")
        .interactive_mode(InteractiveMode::Never)
        .provide_cluster_info(true)
        .install_hint("get it");
    edit.cluster("c").server("https://c").insecure_skip_tls_verify(true);
    edit.cluster("c").certificate_authority_file(pki.join("ca.crt")).proxy_url("http://me:s3cr3t@proxy:3128");
    edit.cluster("c").tls_server_name("inside").disable_compression(true);
    edit.cluster("far").server("https://far").certificate_authority_file(folder.path().join("outside"));
    edit.cluster("text").server("https://text").certificate_authority_pem("PEM");
    edit.user("file").token("s3cr3t").client_certificate_pem("A", "B").token_file(beside("token"));
    edit.user("basic")
        .token_file("x")
        .basic_auth("me", "s3cr3t")
        .client_certificate_files(pki.join("tls.crt"), pki.join("tls.key"));
    edit.user("plugin").token("s3cr3t").client_certificate_pem("A", "B").exec(&plugin);
    let jane = Impersonation {
        groups: vec!["g".into()],
        uid: Some("7".into()),
        extra: [("k".into(), vec!["v".into()])].into(),
        ..Impersonation::user("jane")
    };
    edit.user("robot").token("s3cr3t").impersonate(Some(&Impersonation::user("x"))).impersonate(Some(&jane));
    edit.user("nobody").impersonate(Some(&jane)).impersonate(None);
    for user in ["file", "basic", "plugin", "robot", "nobody"] {
        edit.context(user).cluster("c").user(user).namespace("web");
    }
    edit.set_current_context("file").unwrap();
    edit.save().unwrap();

    let saved = json(&file);
    assert_eq!(saved["clusters"][0]["cluster"]["certificate-authority"], "pki/ca.crt");
    assert_eq!(
        saved["clusters"][1]["cluster"]["certificate-authority"],
        folder.path().join("outside").to_str().unwrap()
    );
    assert_eq!(saved["users"][2]["user"]["exec"]["command"], "./login");
    let kubeconfig = Kubeconfig::read(&file).unwrap();
    let config = |context: &str| kubeconfig.config_for(&Overrides::context(context)).unwrap();
    let ca =
        |config: &crate::Config| config.tls().ca.as_ref().and_then(PemSource::path).map(Path::to_path_buf);
    let file_config = config("file");
    assert_eq!(ca(&file_config), Some(pki.join("ca.crt")));
    assert!(
        !file_config.tls().insecure
            && file_config.compression_disabled()
            && file_config.credentials().token.is_none()
    );
    assert_eq!(file_config.credentials().token_file, Some(beside("token")));
    assert_eq!((file_config.namespace(), file_config.proxy()), ("web", Some("http://me:s3cr3t@proxy:3128")));
    let basic = config("basic");
    assert_eq!(basic.credentials().basic.as_ref().unwrap().0, "me");
    assert_eq!(basic.tls().identity.as_ref().unwrap().1.path(), Some(&*pki.join("tls.key")));
    let read = config("plugin");
    let exec = read.credentials().exec.as_ref().unwrap();
    assert_eq!(Path::new(&exec.command), beside("./login"));
    assert_eq!(
        (exec.args.as_slice(), exec.interactive_mode),
        (plugin.args.as_slice(), InteractiveMode::Never)
    );
    assert_eq!(exec.env[0].1.expose_secret(), "s3cr3t");
    assert!(read.credentials().token.is_none() && read.tls().identity.is_none() && exec.provide_cluster_info);
    let headers = config("robot").impersonation_headers();
    assert_eq!(headers.len(), 4, "{headers:?}");
    assert!(config("nobody").impersonation_headers().is_empty());
}

#[cfg(unix)]
#[test]
fn a_new_file_is_its_owners_alone_and_an_old_one_keeps_its_mode_and_its_link() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real/config"), folder.path().join("link"));
    symlink("real/config", &link).unwrap();
    let change = |server: &str| {
        let mut edit = KubeconfigEdit::open_file(&link).unwrap();
        edit.cluster("c").server(server);
        edit.save().unwrap();
    };
    change("https://one");
    assert_eq!((mode(&real), mode(real.parent().unwrap()) & 0o700), (0o600, 0o700));
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    change("https://two");
    assert_eq!(mode(&real), 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
    assert_eq!(json(&real)["clusters"][0]["cluster"]["server"], "https://two");
    assert_eq!(fs::read_dir(folder.path().join("real")).unwrap().count(), 1);
}

#[test]
fn who_finds_a_lock_waits_and_then_says_who_holds_it() {
    let (_folder, one, _, environment) = files();
    let held = open(&environment);
    let short = || KubeconfigEdit::options().file(&one).lock_timeout(Duration::from_millis(60)).open();
    let error = short().unwrap_err().to_string();
    let me = format!("process {}", std::process::id());
    assert!(
        error.contains("one.lock") && error.contains(&me) && error.contains("delete the lock file"),
        "{error}"
    );
    drop(held);
    // Kubectl's locks are empty.
    let lock = one.with_file_name("one.lock");
    fs::write(&lock, "").unwrap();
    let error = short().unwrap_err().to_string();
    assert!(error.contains("a program that does not say which"), "{error}");
    fs::write(&lock, "\u{1b}[2Jx".repeat(1000)).unwrap();
    assert!(!short().unwrap_err().to_string().contains('\u{1b}'));
    fs::remove_file(&lock).unwrap();
    // A file that cannot be read lets its lock go.
    fs::write(&one, "clusters: [").unwrap();
    let error = short().unwrap_err().to_string();
    assert!(error.contains("line 1, column ") && !lock.exists(), "{error}");
}

#[test]
fn what_a_killed_writer_left_beside_a_file_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    // In a container, the next program has the same number.
    let left = |count: u64| folder.path().join(format!(".config.{}-{count}.tmp", std::process::id()));
    for count in 0..2000 {
        fs::write(left(count), "half").unwrap();
    }
    replace::replace(&file, b"whole").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"whole");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_named_twice_is_one() {
    let (folder, one, ..) = files();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&one, &link).unwrap();
    let dotted = folder.path().join("x/../one");
    fs::create_dir(folder.path().join("x")).unwrap();
    let list = std::env::join_paths([&one, &link, &dotted, &one]).unwrap();
    let options = KubeconfigEdit::options().environment(Environment::empty().var("KUBECONFIG", list));
    let mut edit = options.lock_timeout(Duration::MAX).open().unwrap();
    edit.cluster("new").server("https://new");
    edit.delete_context("one");
    edit.save().unwrap();
    let merged = Kubeconfig::read(&one).unwrap();
    assert!(merged.cluster_names().eq(["new", "one"]) || merged.cluster_names().eq(["one", "new"]));
    assert_eq!(merged.context_names().count(), 0);
}

#[test]
fn many_writers_lose_nothing() {
    let (_folder, one, _, environment) = files();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let environment = &environment;
            scope.spawn(move || {
                for n in 0..5 {
                    let options = KubeconfigEdit::options().environment(environment.clone());
                    let mut edit = options.lock_timeout(Duration::from_secs(60)).open().unwrap();
                    edit.cluster(&format!("c-{thread}-{n}")).server("https://c");
                    edit.save().unwrap();
                }
            });
        }
    });
    assert_eq!(Kubeconfig::read(&one).unwrap().cluster_names().count(), 21);
}

#[test]
fn without_a_file_to_write_to_it_is_said() {
    let open = |environment| KubeconfigEdit::options().environment(environment).open();
    let error = open(Environment::empty()).unwrap_err().to_string();
    assert!(error.contains("KUBECONFIG is not set, and there is no home folder"), "{error}");
    let home = tempfile::tempdir().unwrap();
    let mut edit = open(Environment::empty().home(home.path())).unwrap();
    edit.cluster("c").server("https://c");
    edit.save().unwrap();
    assert!(home.path().join(".kube/config").is_file());
}

#[test]
fn refreshed_tokens_are_written_to_the_auth_provider_of_their_user_and_nothing_else_changes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let provider = "auth-provider: {name: oidc, config: {client-id: app, id-token: old, refresh-token: old}}";
    fs::write(
        &file,
        format!("x: kept\nusers: [{{name: me, user: {{{provider}}}}}, {{name: you, user: {{token: t}}}}]\n"),
    )
    .unwrap();
    let stored = StoredUser { file: file.clone(), user: "me".to_owned() };
    let secret = |text: &str| SecretString::from(text);
    stored.save(&[("id-token", &secret("s3cr3t-1")), ("refresh-token", &secret("s3cr3t-2"))]).unwrap();
    let expected =
        serde_json::json!({"client-id": "app", "id-token": "s3cr3t-1", "refresh-token": "s3cr3t-2"});
    let saved = json(&file);
    assert_eq!(
        saved["users"][0]["user"]["auth-provider"],
        serde_json::json!({"name": "oidc", "config": expected})
    );
    assert_eq!((&saved["x"], &saved["users"][1]["user"]["token"]), (&"kept".into(), &"t".into()));
    assert_eq!(stored.read().unwrap()["refresh-token"].expose_secret(), "s3cr3t-2");
    let gone = StoredUser { user: "gone".to_owned(), ..stored };
    assert!(gone.read().is_err());
    let error = gone.save(&[("id-token", &secret("s3cr3t"))]).unwrap_err().to_string();
    assert!(error.contains("there is no user \"gone\" any more") && !error.contains("s3cr3t"), "{error}");
}

#[test]
fn every_kubeconfig_that_can_be_read_is_written_as_it_was() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/kubeconfig");
    let mut folders = vec![fixtures];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            let Ok(document) = document(&path) else { continue };
            let Ok(before) = yaml::parse(&bytes) else { continue };
            let mut before = before.to_json();
            if let Some(members) = before.as_object_mut() {
                members.entry("apiVersion").or_insert("v1".into());
                members.entry("kind").or_insert("Config".into());
                let after = yaml::parse(document.text().as_bytes()).unwrap_or_else(|error| panic!("{error}"));
                assert_eq!(after.to_json(), before, "{}", path.display());
                count += 1;
            }
        }
    }
    assert!(count > 10, "{count} of the fixtures are good");
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config {
        rng_seed: proptest::test_runner::RngSeed::Fixed(7),
        failure_persistence: None,
        cases: 64,
        ..Default::default()
    })]

    #[test]
    fn any_name_and_text_is_saved_so_that_it_reads_as_itself(names in proptest::collection::hash_set("\\PC{1,12}", 1..5), token in "[!-~]{1,20}", user in "\\PC{1,10}") {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        let mut edit = KubeconfigEdit::open_file(&file).unwrap();
        for name in &names {
            edit.cluster(name).server("https://h");
            edit.user(name).token(token.as_str()).impersonate(Some(&Impersonation::user(user.as_str())));
            edit.context(name).cluster(name).user(name);
        }
        edit.save().unwrap();
        let kubeconfig = Kubeconfig::read(&file).unwrap();
        proptest::prop_assert_eq!(kubeconfig.context_names().map(str::to_owned).collect::<std::collections::HashSet<_>>(), names.clone());
        for name in &names {
            if let Ok(config) = kubeconfig.config_for(&Overrides::context(name)) {
                proptest::prop_assert_eq!(config.credentials().token.as_ref().unwrap().expose_secret(), token.as_str());
            }
        }
    }
}

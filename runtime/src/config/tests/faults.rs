//! Broken and hostile kubeconfigs, by the cases C1 to C5 of the fault matrix. Deliberately without what TLS makes of
//! certificates: that is the transport's.

use super::*;

/// A kubeconfig in a folder of its own.
fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    fs::write(&file, text).unwrap();
    (folder, file)
}

const GOOD: &str = "current-context: a\nclusters: [{name: c, cluster: {server: 'https://h'}}]\nusers: [{name: u, user: {token: s3cr3t}}]\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n";

#[test]
fn c1_a_hostile_kubeconfig_is_refused_with_its_place_before_it_costs_anything() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        laughs += &format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "));
    }
    for (name, text, expected) in [
        ("billion laughs", laughs, "line 5, column 10: anchors and aliases copy more than"),
        ("10,000 deep", "[".repeat(10_000), "line 1, column 65: nested more than 64 deep"),
        ("10,000 deep in blocks", "- ".repeat(10_000), "nested more than 64 deep"),
        ("tabs", format!("{GOOD}x:\n\ty: 1\n"), "line 6, column 2: tabs disallowed"),
        ("two documents", format!("{GOOD}---\n{GOOD}"), "line 6, column 1: a second document"),
        (
            "a name twice",
            GOOD.replace("users: [", "users: [{name: u, user: {}}, "),
            "the name \"u\" stands on line 3 already",
        ),
    ] {
        let error = Config::from_kubeconfig_str(&text).unwrap_err().to_string();
        assert!(
            error.starts_with("kubeconfig from memory: line ") && error.contains(expected),
            "{name}: {error}"
        );
        assert!(!error.contains("s3cr3t"), "{name}: {error}");
    }
}

#[test]
fn c1_a_kubeconfig_of_100_mib_is_refused_unread() {
    let (_folder, file) = written(GOOD);
    fs::File::options().write(true).open(&file).unwrap().set_len(100 << 20).unwrap();
    let error = Config::from_kubeconfig(&file).unwrap_err();
    assert!(error.to_string().contains("larger than 8388608 bytes"), "{error}");
    // Where the size is not known beforehand, reading stops at the limit.
    #[cfg(target_os = "linux")]
    assert!(Config::from_kubeconfig("/dev/zero").unwrap_err().to_string().contains("larger than"));
}

#[test]
fn c1_tags_are_ignored_and_marks_and_merge_keys_are_read() {
    let tagged = GOOD.replace("'https://h'", "!!python/object/apply:os.system 'https://h'");
    let merged = GOOD.replace("clusters:", "x: &x {server: 'https://h'}\nclusters:");
    let merged = merged.replace("cluster: {server: 'https://h'}", "cluster: {<<: *x}");
    for text in
        [tagged, merged, format!("\u{feff}{GOOD}"), format!("---\n{GOOD}...\n"), GOOD.replace('\n', "\r\n")]
    {
        assert_eq!(Config::from_kubeconfig_str(&text).unwrap().server_url(), "https://h", "{text}");
    }
}

#[test]
fn c2_finding_no_configuration_is_one_error_with_every_place_and_why_it_was_rejected() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("half"), GOOD.replace("current-context: a\n", "")).unwrap();
    let list = format!("{0}/none:{0}/half", folder.path().display());
    let environment =
        Environment::empty().var("KUBECONFIG", list).var("KUBERNETES_SERVICE_HOST", "10.96.0.1");
    let error = Config::infer_in(&environment, None, &Overrides::default()).unwrap_err();
    assert!(error.is_config_not_found() && error.is_config(), "{error}");
    let text = error.to_string();
    for expected in [
        "/none (from KUBECONFIG): does not exist",
        "/half (from KUBECONFIG): has no current-context; known: \"a\"",
        "in-cluster: KUBERNETES_SERVICE_PORT not set",
        "KUBERNETES_MASTER: not set",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(text.find("/none") < text.find("/half"), "in the order of the list: {text}");
}

#[test]
fn c2_a_context_cluster_or_user_that_is_not_there_is_named_with_those_that_are() {
    let error = Kubeconfig::parse(GOOD).unwrap().config_for(&Overrides::context("b")).unwrap_err();
    assert!(error.is_context_not_found() && error.is_config() && !error.is_config_not_found(), "{error}");
    assert!(error.to_string().contains("there is no context \"b\"; known: \"a\""), "{error}");
    let dangling = GOOD.replace("cluster: c, user: u", "cluster: d, user: v");
    let error = Config::from_kubeconfig_str(dangling).unwrap_err().to_string();
    assert!(error.contains("context \"a\": cluster: there is no cluster \"d\"; known: \"c\""), "{error}");
    assert!(error.contains("context \"a\": user: there is no user \"v\"; known: \"u\""), "{error}");
}

#[test]
fn c2_a_user_without_content_is_nobody_and_no_failure() {
    for user in ["null", "", "{}"] {
        let config = Config::from_kubeconfig_str(GOOD.replace("{token: s3cr3t}", user)).unwrap();
        assert!(config.credentials().token.is_none());
    }
}

#[test]
fn c2_paths_start_at_the_file_that_says_them_and_missing_files_of_a_list_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    fs::create_dir_all(at("one/pki")).unwrap();
    fs::create_dir_all(at("two/pki")).unwrap();
    for file in ["one/pki/ca.crt", "two/pki/token"] {
        fs::write(at(file), "-----BEGIN CERTIFICATE-----").unwrap();
    }
    let (clusters, users) = GOOD.split_once("users:").unwrap();
    let clusters = clusters.replace("'https://h'", "'https://h', certificate-authority: pki/ca.crt");
    let users = format!("users:{}", users.replace("token: s3cr3t", "tokenFile: ./pki/token"));
    fs::write(at("one/config"), clusters).unwrap();
    fs::write(at("two/config"), users).unwrap();
    let list = std::env::join_paths([at("none"), at("one/config"), at("two/config")]).unwrap();
    let environment = Environment::empty().var("KUBECONFIG", list);
    let config = Config::infer_in(&environment, None, &Overrides::default()).unwrap();
    assert_eq!(config.tls().ca.as_ref().unwrap().path().unwrap(), at("one/pki/ca.crt"));
    assert_eq!(config.credentials().token_file.as_deref(), Some(&*at("two/./pki/token")));
    // With several files each problem names its own.
    fs::remove_file(at("two/pki/token")).unwrap();
    let error = Config::infer_in(&environment, None, &Overrides::default()).unwrap_err().to_string();
    let expected = format!("user \"u\" in {}: tokenFile: ", at("two/config").display());
    assert!(error.contains(&expected), "{error}");
}

#[test]
fn c3_an_authority_together_with_insecure_is_refused_with_the_cluster_it_stands_in() {
    let both = "'https://h', certificate-authority-data: LS0t, insecure-skip-tls-verify: true";
    let error = Config::from_kubeconfig_str(GOOD.replace("'https://h'", both)).unwrap_err().to_string();
    assert!(
        error.contains("cluster \"c\": insecure-skip-tls-verify: set together with certificate-authority"),
        "{error}"
    );
}

#[test]
fn c3_certificates_that_are_missing_empty_or_folders_are_named_with_their_path() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("empty"), "").unwrap();
    for (path, expected) in [
        ("none", "cannot be read: "),
        ("empty", "is empty; put the PEM text in"),
        (".", "cannot be read: it is a folder; name the file"),
    ] {
        let path = folder.path().join(path);
        let config = Config::new("https://h").certificate_authority_file(&path);
        let error = config.client_certificate_files(&path, &path).validate().unwrap_err().to_string();
        for member in ["certificate-authority", "client-certificate", "client-key"] {
            assert!(
                error.contains(&format!("{member}: {} {expected}", path.display())),
                "{expected}: {error}"
            );
        }
    }
    let blank = Config::new("https://h").certificate_authority_pem(" \n").validate().unwrap_err().to_string();
    assert!(blank.contains("certificate-authority: empty"), "{blank}");
}

#[test]
fn c4_servers_with_ipv6_prefix_and_slash_are_right_and_user_names_in_them_refused() {
    for (given, expected) in [
        ("https://[::1]:6443/prefix/", "https://[::1]:6443/prefix"),
        ("https://10.0.0.1:6443/", "https://10.0.0.1:6443"),
        ("https://h/a/b", "https://h/a/b"),
    ] {
        let config = Config::from_kubeconfig_str(GOOD.replace("https://h", given)).unwrap();
        assert_eq!(config.server_url(), expected);
    }
    let named = GOOD.replace("'https://h'", "'https://h', tls-server-name: kubernetes");
    assert_eq!(Config::from_kubeconfig_str(named).unwrap().tls().server_name.as_deref(), Some("kubernetes"));
    let error = Config::from_kubeconfig_str(GOOD.replace("https://h", "https://me:s3cr3t@h"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("cluster \"c\": server: ") && error.contains("give those separately"), "{error}");
    assert!(!error.contains("s3cr3t"), "{error}");
}

/// Keeps the level and the text of every event.
#[derive(Clone, Default)]
struct Heard(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

impl tracing::Subscriber for Heard {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        struct Text(String);
        impl tracing::field::Visit for Text {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
                self.0 += &format!(" {field}={value:?}");
            }
        }
        let mut text = Text(event.metadata().level().to_string());
        event.record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn c2_a_kubeconfig_list_without_any_file_that_exists_is_a_warning_and_not_the_end() {
    for (list, warnings) in [("/none:/nope", 1), ("", 0), (":", 0)] {
        let heard = Heard::default();
        let environment = Environment::empty().var("KUBECONFIG", list);
        let kubeconfig =
            tracing::subscriber::with_default(heard.clone(), || Kubeconfig::load_from(&environment));
        assert!(kubeconfig.unwrap().is_empty());
        let heard = heard.0.lock().unwrap();
        assert_eq!(heard.len(), warnings, "{list}: {heard:?}");
        assert!(heard.iter().all(|text| text.starts_with("WARN") && text.contains("/nope")), "{heard:?}");
    }
}

#[cfg(unix)]
#[test]
fn c5_a_kubeconfig_that_others_can_read_is_a_hint_at_debug_level_and_nothing_more() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, file) = written(GOOD);
    for (mode, hints) in [(0o600, 0), (0o640, 1), (0o604, 1)] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let heard = Heard::default();
        tracing::subscriber::with_default(heard.clone(), || Config::from_kubeconfig(&file)).unwrap();
        let heard = heard.0.lock().unwrap();
        assert_eq!(heard.len(), hints, "{mode:o}: {heard:?}");
        for hint in heard.iter() {
            assert!(
                hint.starts_with("DEBUG") && hint.contains("chmod 600") && !hint.contains("s3cr3t"),
                "{hint}"
            );
        }
    }
}

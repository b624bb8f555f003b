//! The cases in `tests/fixtures/kubeconfig`: each folder has files and a `cases.json` that says what becomes of them.
//!
//! `UPDATE_FIXTURES=1` writes what became of them into the cases, to be read before it is committed.

use std::fs;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;
use serde_json::{Map, Value as Json, json};

use super::*;
use crate::Result;

mod faults;
#[cfg(feature = "clap")]
mod flags;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/kubeconfig").canonicalize().unwrap()
}

// The fixtures hold paths and the system's messages as Unix has them.
#[cfg(unix)]
#[test]
fn kubeconfigs_mean_what_the_fixtures_say() {
    let mut failures = Vec::new();
    let mut count = 0;
    let mut folders: Vec<_> = fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    for folder in folders {
        let file = folder.join("cases.json");
        let mut cases: Vec<Json> = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        for case in &mut cases {
            count += 1;
            // What features change has a case for each.
            if case["oidc"].as_bool().is_some_and(|with| with != cfg!(feature = "oidc")) {
                continue;
            }
            let outcome = outcome(&folder, case);
            if case.get("outcome") != Some(&outcome) {
                failures.push(format!("{}: {}\n{outcome:#}", folder.display(), case["name"]));
                case["outcome"] = outcome;
            }
        }
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            fs::write(&file, serde_json::to_string_pretty(&cases).unwrap() + "\n").unwrap();
        }
    }
    assert!(count > 100, "the fixtures are there");
    assert!(failures.is_empty(), "{} of {count} differ:\n{}", failures.len(), failures.join("\n"));
}

fn outcome(folder: &Path, case: &Json) -> Json {
    let dir = folder.to_str().unwrap();
    let here = |value: &Json| value.as_str().map(|text| text.replace("${DIR}", dir));
    let mut environment = Environment::empty();
    for (name, value) in case["env"].as_object().into_iter().flatten() {
        environment = environment.var(name, here(value).unwrap());
    }
    if let Some(home) = case["home"].as_str() {
        environment = environment.home(folder.join(home));
    }
    if let Some(account) = case["service_account"].as_str() {
        environment = environment.service_account_dir(folder.join(account));
    }
    let given = &case["overrides"];
    let text = |name: &str| here(&given[name]);
    let path = |name: &str| here(&given[name]).map(PathBuf::from);
    let overrides = Overrides {
        context: text("context"),
        cluster: text("cluster"),
        user: text("user"),
        namespace: text("namespace"),
        server: text("server"),
        cluster_defaults: ClusterDefaults {
            server: text("default_server"),
            certificate_authority: path("default_certificate_authority"),
            insecure_skip_tls_verify: given["default_insecure_skip_tls_verify"] == true,
            tls_server_name: text("default_tls_server_name"),
            proxy_url: text("default_proxy_url").map(SecretText::from),
            disable_compression: given["default_disable_compression"] == true,
        },
        tls_server_name: text("tls_server_name"),
        insecure_skip_tls_verify: given["insecure_skip_tls_verify"].as_bool(),
        certificate_authority: path("certificate_authority"),
        client_certificate: path("client_certificate"),
        client_key: path("client_key"),
        token: text("token").map(SecretText::from),
        token_file: path("token_file"),
        username: text("username"),
        password: text("password").map(SecretText::from),
        impersonate_user: text("impersonate_user"),
        impersonate_uid: text("impersonate_uid"),
        impersonate_groups: given["impersonate_groups"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(here)
            .collect(),
        proxy_url: text("proxy_url").map(SecretText::from),
        disable_compression: given["disable_compression"].as_bool(),
        request_timeout: text("request_timeout"),
        certificate_authority_data: text("certificate_authority_data"),
        client_certificate_data: text("client_certificate_data"),
        client_key_data: text("client_key_data").map(SecretText::from),
        impersonate_extra: given["impersonate_extra"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), vec![here(value).unwrap()]))
            .collect(),
        exec: text("exec").map(|command| ExecPlugin::new(command).env("TOKEN", "s3cr3t")),
    };
    let result = if case["in_cluster"] == true {
        Config::in_cluster_in(&environment)
    } else if let Some(flags) = case["flags"].as_array() {
        Config::from_flags_in(&environment, here(&flags[0]).as_deref(), here(&flags[1]).as_deref())
    } else {
        let file = case["file"].as_str().map(|file| folder.join(file));
        Config::infer_in(&environment, file.as_deref(), &overrides)
    };
    if let Ok(config) = &result {
        let shown = format!("{config:?}");
        assert!(!shown.contains("s3cr3t"), "{}: {shown}", case["name"]);
    }
    let outcome = view(result).to_string().replace(dir, "${DIR}");
    if outcome.starts_with("{\"error\"") {
        assert!(!outcome.contains("s3cr3t"), "{}: {outcome}", case["name"]);
    }
    serde_json::from_str(&outcome).unwrap()
}

/// Everything that a configuration says, secrets included; what is not set is left out.
fn view(result: Result<Config>) -> Json {
    let config = match result {
        Ok(config) => config,
        Err(error) => {
            let lines: Vec<_> = error.to_string().lines().map(str::to_owned).collect();
            return json!({ "error": lines });
        }
    };
    let pem = |source: &PemSource| match source {
        PemSource::File(path) => path.display().to_string(),
        PemSource::Inline(pem) => {
            format!("inline, {}", String::from_utf8_lossy(pem.expose_secret()).lines().next().unwrap())
        }
    };
    let credentials = config.credentials();
    let members = [
        ("server", json!(config.server())),
        ("authority", json!(config.tls().ca.as_ref().map(pem))),
        ("identity", json!(config.tls().identity.as_ref().map(|(chain, key)| [pem(chain), pem(key)]))),
        ("insecure", json!(config.tls().insecure.then_some(true))),
        ("tls_server_name", json!(config.tls().server_name)),
        ("token", json!(credentials.token.as_ref().map(|token| token.expose_secret()))),
        ("token_file", json!(credentials.token_file)),
        ("basic", json!(credentials.basic.as_ref().map(|(user, password)| [user, password.expose_secret()]))),
        ("auth_provider", credentials.auth_provider.as_ref().map(provider_view).unwrap_or_default()),
        ("exec", credentials.exec.as_ref().map(exec_view).unwrap_or_default()),
        ("proxy", json!(config.proxy())),
        ("headers", json!(Some(config.impersonation_headers()).filter(|headers| !headers.is_empty()))),
        ("uncompressed", json!(config.compression_disabled().then_some(true))),
        ("timeout", json!(config.request_timeout_value().map(|timeout| format!("{timeout:?}")))),
        ("namespace", json!(config.namespace())),
        ("origin", json!(config.origin())),
    ];
    let members = members.into_iter().filter(|(_, value)| !value.is_null());
    json!({ "config": members.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>() })
}

fn provider_view(provider: &AuthProvider) -> Json {
    let config = provider.config.iter().map(|(name, value)| (name.clone(), value.expose_secret().into()));
    let stored = provider.stored.as_ref().map(|stored| json!([stored.file, stored.user]));
    json!({ "name": provider.name, "config": config.collect::<Map<_, _>>(), "stored": stored })
}

fn exec_view(plugin: &ExecPlugin) -> Json {
    json!({
        "command": plugin.command,
        "args": plugin.args,
        "env": plugin.env.iter().map(|(name, value)| [name, value.expose_secret()]).collect::<Vec<_>>(),
        "api_version": plugin.api_version.as_str(),
        "mode": format!("{:?}", plugin.interactive_mode),
        "hint": plugin.install_hint,
        "cluster_info": plugin.provide_cluster_info,
        "cluster_config": plugin.cluster_config.as_ref().map(|text| serde_json::from_str::<Json>(text).unwrap()),
    })
}

#[test]
fn servers_are_understood_as_client_go_does() {
    for (given, secure, expected) in [
        ("example.com", false, Ok("http://example.com")),
        ("example.com", true, Ok("https://example.com")),
        ("example.com:6443", true, Ok("https://example.com:6443")),
        ("", false, Ok("http://localhost")),
        ("", true, Ok("https://localhost")),
        ("HTTPS://Example.com/", false, Ok("https://Example.com")),
        ("https://example.com/a/b//", false, Ok("https://example.com/a/b")),
        ("https://example.com?x=y#z", false, Ok("https://example.com")),
        ("https://[::1]:6443/p", false, Ok("https://[::1]:6443/p")),
        ("[::1]:6443", true, Ok("https://[::1]:6443")),
        ("::1", true, Ok("https://[::1]")),
        (" https://example.com\n", true, Ok("https://example.com")),
        ("https://", true, Err("no host")),
        ("https://:6443", true, Err("no host")),
        ("https:///path", true, Err("no host")),
        ("https://a:b:c", true, Err("not a port")),
        ("https://a:0", true, Err("not a port")),
        ("https://a:+1", true, Err("not a port")),
        ("https://a:", true, Err("not a port")),
        ("https://[::1", true, Err("without a `]`")),
        ("https://[::1]x", true, Err("follows the `]`")),
        ("https://[fe80::1%25eth0]", true, Err("not an IPv6 address")),
        ("https://a\\b", true, Err("backslash")),
        ("https://a/\r\nX: y", true, Err("control character")),
        ("https://a%2fb", true, Err("'%' may not stand in a host")),
        ("file:///etc/passwd", true, Err("only http and https")),
        ("https://me:s3cr3t@example.com", true, Err("user name or password")),
        ("https://me:s3cr3t@example.com:x", true, Err("user name or password")),
        ("me:s3cr3t@example.com", true, Err("user name or password")),
        ("gopher:s3cr3t@example.com://", true, Err("only http")),
    ] {
        match (Server::parse(given, secure), expected) {
            (Ok(server), Ok(expected)) => assert_eq!(server.url(), expected, "{given:?}"),
            (Err(error), Err(expected)) => {
                assert!(error.contains(expected) && !error.contains("s3cr3t"), "{given:?}: {error}");
            }
            (got, _) => panic!("{given:?}: {got:?}"),
        }
    }
}

#[test]
fn the_scheme_follows_from_what_is_set_later() {
    let config = Config::new("example.com");
    assert_eq!(config.server_url(), "http://example.com");
    let config = config.certificate_authority_pem("PEM");
    assert_eq!(config.server_url(), "https://example.com");
    assert_eq!(Config::new("example.com").insecure_skip_tls_verify(true).server_url(), "https://example.com");
}

#[test]
fn a_copy_without_credentials_is_for_the_same_server() {
    let config = Config::new("example.com:6443").client_certificate_pem("PEM", "PEM").bearer_token("s3cr3t");
    let config =
        config.impersonate(Impersonation::user("jane")).exec(ExecPlugin::new("login")).tls_server_name("n");
    let anonymous = config.clone().without_credentials();
    assert_eq!(
        (anonymous.server_url(), config.server_url()),
        ("https://example.com:6443", "https://example.com:6443")
    );
    let credentials = anonymous.credentials();
    assert!(credentials.token.is_none() && credentials.exec.is_none() && anonymous.tls().identity.is_none());
    assert!(anonymous.impersonation_headers().is_empty());
    assert_eq!(anonymous.tls().server_name.as_deref(), Some("n"));
}

#[test]
fn credentials_over_plain_http_have_to_be_asked_for() {
    let proxy = || Config::new("http://127.0.0.1:8001");
    proxy().validate().expect("kubectl proxy needs no credentials");
    for (name, config) in [
        ("a token", proxy().bearer_token("s3cr3t")),
        ("a user name and password", proxy().basic_auth("me", "s3cr3t")),
        ("an exec plugin", proxy().exec(ExecPlugin::new("login"))),
        ("a client certificate", proxy().client_certificate_pem("PEM", "PEM")),
    ] {
        let error = config.validate().unwrap_err().to_string();
        assert!(error.contains(&format!("{name} would be used over plain http")), "{error}");
        assert!(error.contains("allow_credentials_over_http(true)") && !error.contains("s3cr3t"), "{error}");
        config.clone().allow_credentials_over_http(true).validate().unwrap();
        config.without_credentials().validate().unwrap();
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let config = Config::new("https://u:s3cr3t@h")
        .bearer_token("s3cr3t with space")
        .basic_auth("a:b", "s3cr3t")
        .certificate_authority_pem(" \n")
        .insecure_skip_tls_verify(true)
        .client_certificate_files("/none/cert", "/none/key")
        .proxy_url("me:s3cr3t@proxy")
        .impersonate(Impersonation { groups: vec!["a\nb".into()], ..Impersonation::default() })
        .exec(ExecPlugin::new("").env("", "s3cr3t"))
        .user_agent("a\r\nb");
    let error = config.validate().unwrap_err().to_string();
    assert_eq!(error.matches("\n  - ").count(), 14, "{error}");
    assert!(!error.contains("s3cr3t"), "{error}");
}

#[test]
fn the_user_agent_names_program_and_platform() {
    let config = Config::new("https://example.com");
    let agent = config.user_agent_header();
    assert!(agent.contains(std::env::consts::OS) && agent.contains(" clientset/"), "{agent}");
    let config = config.add_user_agent("leader election");
    assert!(config.user_agent_header().ends_with("/leader election"));
    assert_eq!(config.user_agent("mine/1").user_agent_header(), "mine/1");
}

#[test]
fn nothing_that_configures_shows_a_secret() {
    let secret = || SecretText::from("s3cr3t");
    let url = || "https://me:s3cr3t@h/?token=s3cr3t".to_owned();
    let defaults =
        ClusterDefaults { server: Some(url()), proxy_url: Some(url().into()), ..ClusterDefaults::default() };
    let overrides = Overrides {
        server: Some(url()),
        token: Some(secret()),
        password: Some(secret()),
        client_key_data: Some(secret()),
        proxy_url: Some(url().into()),
        exec: Some(ExecPlugin::new("login").arg("s3cr3t").env("TOKEN", "s3cr3t")),
        cluster_defaults: defaults,
        ..Overrides::default()
    };
    let config = Config::new(url()).bearer_token("s3cr3t").basic_auth("me", "s3cr3t").proxy_url(url());
    let config =
        config.client_certificate_pem("s3cr3t", "s3cr3t").exec(ExecPlugin::new("x").env("A", "s3cr3t"));
    let environment = Environment::empty().var("TOKEN", "s3cr3t");
    let options = KubeconfigEdit::options().environment(environment.clone());
    let shown = format!("{overrides:#?} {config:#?} {environment:#?} {options:#?} {:?}", config.validate());
    assert!(!shown.contains("s3cr3t"), "{shown}");
}

#[cfg(unix)]
#[test]
fn several_contexts_serve_one_process() {
    let kubeconfig = Kubeconfig::read(fixtures().join("contexts/config")).unwrap();
    assert_eq!(kubeconfig.current_context(), Some("dev"));
    assert_eq!(kubeconfig.context("dev").unwrap().namespace.as_deref(), Some("web"));
    assert!(kubeconfig.context_names().eq([
        "dev",
        "prod",
        "lab",
        "files",
        "token-file",
        "robot",
        "anonymous",
        "proxy",
        "bare"
    ]));
    let several =
        "${DIR}/a/config:${DIR}/b/config".replace("${DIR}", fixtures().join("merge").to_str().unwrap());
    let merged = Kubeconfig::load_from(&Environment::empty().var("KUBECONFIG", several)).unwrap();
    assert!(merged.context_names().eq(["one", "two"]), "{merged:?}");
    assert!(merged.cluster_names().eq(["shared", "only-b"]) && merged.user_names().eq(["me"]), "{merged:?}");
    let dev = kubeconfig.config_for(&Overrides::context("dev")).unwrap();
    let prod = kubeconfig.config_for(&Overrides::context("prod")).unwrap();
    assert_ne!(dev.server_url(), prod.server_url());
    assert!(!format!("{kubeconfig:?}").contains("s3cr3t"));
}

#[test]
fn a_kubeconfig_in_memory_is_read() {
    let text = "current-context: a\nclusters: [{name: c, cluster: {server: 'https://h'}}]\ncontexts: [{name: a, context: {cluster: c}}]";
    assert_eq!(Config::from_kubeconfig_str(text).unwrap().server_url(), "https://h");
    let error = Config::from_kubeconfig_str("clusters: [").unwrap_err().to_string();
    assert!(error.starts_with("kubeconfig from memory: line 1, column "), "{error}");
}

#[tokio::test]
async fn inferring_works_inside_a_runtime() {
    // Whatever this machine has: an answer or an error, but no panic and no blocked executor.
    let _ = Config::infer().await.map(|config| config.server_url().to_owned());
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config {
        rng_seed: proptest::test_runner::RngSeed::Fixed(7),
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn no_kubeconfig_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let _ = Config::from_kubeconfig_str(bytes);
    }

    #[test]
    fn no_mutation_of_a_good_kubeconfig_panics(at in 0_usize..3000, cut in 0_usize..40, put in "[-a:?&*!|>'\"{}\\[\\],#~ \n\t0]{0,6}") {
        let mut bytes = fs::read(fixtures().join("contexts/config")).unwrap();
        let start = at.min(bytes.len());
        let end = (start + cut).min(bytes.len());
        bytes.splice(start..end, put.bytes());
        let _ = Config::from_kubeconfig_str(bytes);
    }

    #[test]
    fn no_server_panics(given in "[-a0:/@\\[\\]?#%. é]{0,20}", secure: bool) {
        if let Ok(server) = Server::parse(&given, secure) {
            proptest::prop_assert_eq!(&Server::parse(server.url(), secure), &Ok(server.clone()));
        }
        let _ = server::check_proxy(&given);
    }

    #[test]
    fn no_duration_panics(text in "[0-9.hmsuµn-]{0,12}") {
        let _ = duration::parse_duration(&text);
    }

    #[test]
    fn impersonation_never_splits_a_header(user in "\\PC{0,10}", key in proptest::string::string_regex("(?s).{0,10}").unwrap(), value in proptest::string::string_regex("(?s).{0,10}").unwrap()) {
        let who = Impersonation { extra: [(key, vec![value])].into(), ..Impersonation::user(user) };
        let config = Config::new("https://example.com").impersonate(who);
        if config.validate().is_ok() {
            for (name, value) in config.impersonation_headers() {
                proptest::prop_assert!(name.bytes().all(|b| b.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(&b)), "{}", name);
                proptest::prop_assert!(!value.contains(['\r', '\n', '\0']));
            }
        }
    }
}

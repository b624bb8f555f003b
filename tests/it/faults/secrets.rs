//! Whatever holds a secret does not show it: configurations, clients, plugins and requests printed in every form, and the errors
//! about each of them.
//!
//! What is logged, traced and panicked with is searched in `canary`, during all tests of this binary.

use std::fmt::Debug;
use std::path::Path;
use std::time::Duration;

use clientset::config::{Config, Environment, ExecPlugin, Kubeconfig, Overrides};
use clientset::{Client, Patch};
use clientset_testserver::{Verb, on};

use super::canary::{self, secret};
use super::raw::RawServer;
use super::rig::{Http, Rig, client, failure, within};

const SOON: Duration = Duration::from_secs(30);

#[track_caller]
fn shows_nothing(value: &impl Debug) {
    canary::is_clean(&format!("{value:?} {value:#?}"));
}

/// A kubeconfig with a secret wherever there can be one.
fn kubeconfig() -> String {
    let [token, password, key, proxy, env, arg] =
        ["token", "password", "key", "proxy", "env", "arg"].map(secret);
    let key = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key);
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: token\n\
         clusters:\n- {{name: c, cluster: {{server: 'https://127.0.0.1:1', proxy-url: 'http://me:{proxy}@127.0.0.1:1'}}}}\n\
         users:\n\
         - {{name: token, user: {{token: '{token}'}}}}\n\
         - {{name: basic, user: {{username: me, password: '{password}'}}}}\n\
         - {{name: key, user: {{client-certificate-data: bm8=, client-key-data: '{key}'}}}}\n\
         - {{name: exec, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin, args: ['--secret={arg}'], env: [{{name: SECRET, value: '{env}'}}], interactiveMode: Never}}}}}}\n\
         - {{name: old, user: {{auth-provider: {{name: gcp, config: {{access-token: '{token}', refresh-token: '{password}'}}}}}}}}\n\
         contexts:\n{}",
        ["token", "basic", "key", "exec", "old"]
            .map(|user| format!("- {{name: {user}, context: {{cluster: c, user: {user}}}}}\n"))
            .concat()
    )
}

#[test]
fn nothing_that_holds_a_secret_shows_it_when_it_is_printed() {
    canary::watch();
    let parsed = Kubeconfig::parse(kubeconfig()).expect("a kubeconfig");
    shows_nothing(&parsed);
    for context in ["token", "basic", "key", "exec", "old"] {
        match parsed.config_for(&Overrides::context(context)) {
            Err(error) => drop(canary::clean_error(&error)),
            Ok(config) => {
                shows_nothing(&config);
                match Client::new(config) {
                    Err(error) => drop(canary::clean_error(&error)),
                    Ok(client) => {
                        shows_nothing(&client);
                        let clientset = clientset::Clientset::from_client(client.clone());
                        shows_nothing(&clientset.core_v1().secrets("default"));
                        shows_nothing(&client.rest());
                    }
                }
            }
        }
    }
    let plugin = ExecPlugin::new("plugin").arg(secret("arg")).env("SECRET", secret("env"));
    shows_nothing(&plugin);
    let environment = Environment::empty().var("TOKEN", secret("variable"));
    shows_nothing(&environment);
    let config = Config::new("https://127.0.0.1:1").exec(plugin).environment(environment);
    shows_nothing(&config);
    let config = config
        .bearer_token(secret("token"))
        .basic_auth("me", secret("password"))
        .proxy_url(format!("http://me:{}@127.0.0.1:1", secret("proxy")))
        .client_certificate_pem("no certificate", secret("key"));
    shows_nothing(&config);
    canary::clean_error(&config.validate().expect_err("two sorts of credentials"));
    let overrides = Overrides { token: Some(secret("token").into()), ..Default::default() };
    shows_nothing(&overrides);
    let data = serde_json::json!({"stringData": {"password": secret("password")}});
    shows_nothing(&Patch::merge(&data).expect("JSON"));
}

#[test]
fn errors_about_a_configuration_do_not_repeat_its_secrets() {
    canary::watch();
    let [token, password] = ["token", "password"].map(secret);
    let user = |user: &str| {
        format!(
            "users: [{{name: u, user: {user}}}]\nclusters: [{{name: c, cluster: {{server: 'https://h'}}}}]\ncontexts: [{{name: x, context: {{cluster: c, user: u}}}}]\ncurrent-context: x\n"
        )
    };
    let texts = [
        user(&format!("{{token: ['{token}']}}")),
        user(&format!("{{token: {{a: '{token}'}}}}")),
        user(&format!("{{client-key-data: '{token} is no base64'}}")),
        user(&format!("{{client-certificate-data: bm8=, client-key-data: {token}}}")),
        user(&format!("{{username: me, password: '{password}', token: '{token}', tokenFile: /no/file}}")),
        user(&format!("{{exec: {{command: '', args: ['{token}'], env: [{{value: '{token}'}}]}}}}")),
        user(&format!("{{exec: '{token}'}}")),
        user(&format!("'{token}'")),
        user(&format!("{{token: '{token}")),
        format!("users:\n- name: u\n  user:\n    token: {token}\n   token: {token}\n"),
        format!("users: [{{name: u, user: {{token: &a '{token}', password: *b}}}}]"),
        token.clone(),
        format!("- {token}: {password}"),
        format!(
            "clusters: [{{name: c, cluster: {{server: 'https://me:{password}@h'}}}}]\ncontexts: [{{name: x, context: {{cluster: c}}}}]\ncurrent-context: x\n"
        ),
        format!(
            "clusters: [{{name: c, cluster: {{server: 'https://h', proxy-url: 'http://me:{password}@h:no port'}}}}]\ncontexts: [{{name: x, context: {{cluster: c}}}}]\ncurrent-context: x\n"
        ),
        format!(
            "clusters: [{{name: c, cluster: {{server: 'https://h', proxy-url: 'ftp://me:{password}@h'}}}}]\ncontexts: [{{name: x, context: {{cluster: c}}}}]\ncurrent-context: x\n"
        ),
    ];
    for (number, text) in texts.into_iter().enumerate() {
        let config = match Kubeconfig::parse(&text) {
            Ok(parsed) => {
                shows_nothing(&parsed);
                parsed.config()
            }
            Err(error) => Err(error),
        };
        let made = config.and_then(|config| {
            shows_nothing(&config);
            Client::new(config)
        });
        if let Err(error) = made {
            let text = canary::clean_error(&error);
            assert!(!text.is_empty(), "{number}");
        }
    }
}

fn script(folder: &Path, text: &str) -> String {
    let path = folder.join("plugin.sh");
    std::fs::write(&path, text).expect("a file in a folder of ours");
    path.to_str().expect("a path in UTF-8").to_owned()
}

#[cfg(unix)]
#[tokio::test]
async fn e3_what_a_plugin_writes_to_stdout_is_shown_nowhere() {
    let rig = Rig::new(Http::One).await;
    let folder = tempfile::tempdir().expect("a folder");
    let credential = |token: &str| {
        format!(
            r#"{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{{"token":"{token}"}}}}"#
        )
    };
    let cases = [
        format!("printf '%s' '{}'; echo words >&2; exit 3", credential(&secret("plugin"))),
        format!("printf '%s' '{} and more'", secret("plugin")),
        format!("printf '%s' '{}'", credential(&secret("plugin")).replace("/v1", "/v9")),
        format!("printf '%s' '{}'", credential(&format!("{}\\u0000", secret("plugin")))),
        format!("printf '%s' '{}'", credential(&secret("refused"))),
    ];
    for case in cases {
        let plugin = ExecPlugin::new("sh").arg(script(folder.path(), &case)).env("SECRET", secret("env"));
        let config = Config::new(format!("https://{}", rig.proxy.address()))
            .certificate_authority_pem(rig.server.ca_pem().expect("it speaks TLS"))
            .exec(plugin);
        let client = client(config);
        let (error, text) = within(SOON, async { failure(client.core_v1().nodes().list().await) }).await;
        assert!(error.is_auth() || error.is_unauthorized(), "{text}");
        shows_nothing(&client);
    }
}

#[tokio::test]
async fn a_secret_in_an_answer_is_not_in_the_error_about_it() {
    for http in Http::BOTH {
        let rig = Rig::new(http).await;
        let secrets = rig.client().core_v1().secrets("default");
        let value = secret("data");
        let bodies = [
            format!(
                r#"{{"kind":"Secret","apiVersion":"v1","metadata":{{"name":"a"}},"stringData":{{"a":"{value}"}}"#
            ),
            format!(
                r#"{{"kind":"Secret","apiVersion":"v1","metadata":{{"name":"a"}},"stringData":"{value}"}}"#
            ),
            format!(r#"{{"kind":"Secret","apiVersion":"v1","metadata":"{value}"}}"#),
            format!(r#""{value}""#),
            value.clone(),
        ];
        for body in bodies {
            let fault = rig.server.fault(on(Verb::Get).resource("secrets").body("application/json", body));
            let (error, text) = within(SOON, async { failure(secrets.get("a").await) }).await;
            assert!(error.is_decode(), "{text}");
            fault.remove();
        }
        // What is no base64 is kept as it came, and is not shown either.
        let body = format!(
            r#"{{"kind":"Secret","apiVersion":"v1","metadata":{{"name":"a"}},"data":{{"a":"{value}!"}}}}"#
        );
        rig.server.fault(on(Verb::Get).resource("secrets").body("application/json", body));
        shows_nothing(&secrets.get("a").await.expect("it is taken"));
    }
}

#[tokio::test]
async fn h16_the_password_of_a_proxy_that_refuses_is_shown_nowhere() {
    canary::watch();
    for answer in ["407 Proxy Authentication Required", "502 Bad Gateway", "200 \u{1b}[2J", "nonsense"] {
        let proxy = RawServer::plain(move |mut connection| async move {
            if connection.request().await.is_some_and(|head| head.starts_with("CONNECT ")) {
                connection.write(format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n")).await;
            }
        })
        .await;
        let url = format!("http://me%40home:{}%25@{}", secret("proxy"), proxy.address());
        let config = Config::new("https://127.0.0.1:1").bearer_token(secret("token")).proxy_url(url);
        let client = client(config);
        shows_nothing(&client);
        let (error, text) = within(SOON, async { failure(client.core_v1().nodes().list().await) }).await;
        assert!(error.is_connect(), "{answer}: {text}");
    }
}

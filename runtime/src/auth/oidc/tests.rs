//! Refreshing against an identity provider on loopback.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::testing::{Reply, Server};

/// A token that expires so many seconds from now.
fn id_token(name: &str, seconds: i64) -> String {
    let exp = jiff::Timestamp::now().as_second() + seconds;
    format!("e30.{}.{name}", URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{exp}}}"#)))
}

/// A provider that gives tokens for an hour, each with the refresh-token for the next.
async fn provider() -> Server {
    let given = std::sync::atomic::AtomicU64::new(0);
    Server::routing(move |seen| {
        let host = seen.header("host").unwrap_or_default();
        match seen.line.as_str() {
            "GET /dex/.well-known/openid-configuration" => {
                Reply::new(200, &format!(r#"{{"token_endpoint":"http://{host}/dex/token?p=1"}}"#))
            }
            "POST /dex/token?p=1" => {
                let number = given.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
                if seen.body != format!("grant_type=refresh_token&refresh_token=r{number}") {
                    return Reply::new(400, r#"{"error":"invalid_grant"}"#);
                }
                let id = id_token(&format!("n{number}"), 3600);
                Reply::new(200, &format!(r#"{{"id_token":"{id}","refresh_token":"r{}"}}"#, number + 1))
            }
            other => panic!("{other}"),
        }
    })
    .await
}

fn settings(issuer: &Server, id: Option<String>, refresh: Option<&str>) -> BTreeMap<String, SecretString> {
    let issuer = format!("{}/dex", issuer.url);
    let all = [
        ("idp-issuer-url", Some(issuer.as_str())),
        ("client-id", Some("kube:x")),
        ("client-secret", Some("s3cr3t")),
        ("id-token", id.as_deref()),
        ("refresh-token", refresh),
    ];
    let given = all.into_iter().filter_map(|(name, value)| Some((name, value?)));
    given.map(|(name, value)| (name.to_owned(), SecretString::from(value))).collect()
}

/// A kubeconfig in memory.
#[derive(Default)]
struct Memory(Mutex<BTreeMap<String, SecretString>>);

impl Memory {
    fn token(&self, name: &str) -> String {
        self.0.lock().unwrap().get(name).map(|token| token.expose_secret().to_owned()).unwrap_or_default()
    }
}

impl Store for Memory {
    fn read(&self) -> Result<BTreeMap<String, SecretString>> {
        Ok(self.0.lock().unwrap().clone())
    }

    fn save(&self, changed: &[(&str, &SecretString)]) -> Result<()> {
        let mut settings = self.0.lock().unwrap();
        for (name, value) in changed {
            settings.insert((*name).to_owned(), (*value).clone());
        }
        Ok(())
    }
}

fn open(
    settings: &BTreeMap<String, SecretString>,
    store: Option<Arc<Memory>>,
    clock: &Clock,
) -> Renewed<Oidc> {
    let config = Config::new("https://example.com");
    let store = store.map(|store| store as Arc<dyn Store>);
    Oidc::open(settings, &config, store, clock.clone()).unwrap()
}

async fn header(oidc: &Renewed<Oidc>) -> String {
    oidc.presented().await.unwrap().authorization.unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn the_id_token_is_used_until_it_expires_and_then_refreshed_once_and_written_back() {
    let server = provider().await;
    let clock = Clock::default();
    let first = id_token("n0", 3600);
    let settings = settings(&server, Some(first.clone()), Some("r1"));
    let kept = Arc::new(Memory(Mutex::new(settings.clone())));
    let oidc = open(&settings, Some(kept.clone()), &clock);
    assert_eq!(header(&oidc).await, format!("Bearer {first}"));
    assert!(server.seen().is_empty());
    clock.pass(Duration::from_secs(3595));
    let all = futures_util::future::join_all((0..100).map(|_| header(&oidc))).await;
    assert!(all.iter().all(|header| header.ends_with(".n1")));
    assert!(kept.token("id-token").ends_with(".n1"));
    assert_eq!(kept.token("refresh-token"), "r2");
    let seen = server.seen();
    assert_eq!(seen.len(), 2, "one discovery, one refresh");
    assert_eq!(seen[0].header("authorization"), None);
    // `kube%3Ax:s3cr3t`
    assert_eq!(seen[1].header("authorization"), Some("Basic a3ViZSUzQXg6czNjcjN0"));
    assert_eq!(seen[1].header("content-type"), Some("application/x-www-form-urlencoded"));
    // The server refuses the new one: once more, with the next refresh-token and without discovery.
    let presented = oidc.presented().await.unwrap();
    assert!(oidc.refuse(&presented));
    assert!(header(&oidc).await.ends_with(".n2"));
    assert_eq!((server.seen().len(), kept.token("refresh-token").as_str()), (3, "r3"));
}

#[tokio::test]
async fn a_refresh_is_waited_for_so_that_no_program_ends_with_its_refresh_token_used_up() {
    let server = provider().await;
    let clock = Clock::default();
    let settings = settings(&server, Some(id_token("n0", 3600)), Some("r1"));
    let kept = Arc::new(Memory(Mutex::new(settings.clone())));
    let oidc = open(&settings, Some(kept.clone()), &clock);
    clock.pass(Duration::from_secs(3550));
    assert!(header(&oidc).await.ends_with(".n1"), "though the old one holds for a little longer");
    assert_eq!(kept.token("refresh-token"), "r2");
}

#[tokio::test]
async fn a_token_that_holds_serves_on_where_it_cannot_be_refreshed() {
    let server = provider().await;
    let clock = Clock::default();
    let settings = settings(&server, Some(id_token("n0", 3600)), Some("used up"));
    let oidc = open(&settings, None, &clock);
    clock.pass(Duration::from_secs(3550));
    assert!(header(&oidc).await.ends_with(".n0"));
    assert_eq!(server.seen().len(), 2, "it was tried");
    clock.pass(Duration::from_secs(45));
    assert!(oidc.presented().await.is_err());
}

#[tokio::test]
async fn the_auth_provider_of_a_kubeconfig_is_used_and_its_file_updated() {
    let issuer = provider().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let kubeconfig = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": "https://example.com"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"auth-provider": {"name": "oidc", "config": {
            "idp-issuer-url": format!("{}/dex", issuer.url), "client-id": "kubernetes",
            "client-secret": "s3cr3t", "id-token": id_token("n0", -60), "refresh-token": "r1",
        }}}}],
    });
    std::fs::write(&file, kubeconfig.to_string()).unwrap();
    let config = Config::from_kubeconfig(&file).unwrap();
    assert!(!format!("{config:?}").contains("s3cr3t"));
    let authenticator = crate::auth::Authenticator::new(&config).unwrap();
    let header = authenticator.presented().await.unwrap().authorization.unwrap();
    assert!(header.expose_secret().ends_with(".n1"));
    let saved = std::fs::read_to_string(&file).unwrap();
    assert!(saved.contains(".n1") && saved.contains("r2") && saved.contains("s3cr3t"), "{saved}");
    // The next process begins with what is in the file.
    let authenticator = crate::auth::Authenticator::new(&Config::from_kubeconfig(&file).unwrap()).unwrap();
    let header = authenticator.presented().await.unwrap().authorization.unwrap();
    assert!(header.expose_secret().ends_with(".n1"));
    assert_eq!(issuer.seen().len(), 2);
}

#[tokio::test]
async fn what_another_process_has_refreshed_is_taken_over() {
    let server = provider().await;
    let clock = Clock::default();
    let kept = Arc::new(Memory::default());
    let oidc = open(&settings(&server, Some(id_token("n0", -5)), Some("r0")), Some(kept.clone()), &clock);
    let theirs = SecretString::from(id_token("theirs", 3600));
    kept.save(&[("id-token", &theirs), ("refresh-token", &SecretString::from("r1"))]).unwrap();
    assert!(header(&oidc).await.ends_with(".theirs"));
    assert!(server.seen().is_empty());
    oidc.refuse(&oidc.presented().await.unwrap());
    assert!(header(&oidc).await.ends_with(".n1"), "with their refresh-token, ours was used up");
}

#[tokio::test]
async fn what_cannot_be_refreshed_says_to_log_in_again() {
    let server = provider().await;
    let clock = Clock::default();
    for refresh in [None, Some("used up")] {
        let oidc = open(&settings(&server, Some(id_token("n0", -5)), refresh), None, &clock);
        let error = oidc.presented().await.err().unwrap().to_string();
        assert!(error.contains("auth-provider \"oidc\"") && error.contains("log in again"), "{error}");
        assert!(!error.contains("used up") && !error.contains("s3cr3t"), "{error}");
    }
}

#[test]
fn settings_that_are_not_enough_are_refused_when_the_client_is_made() {
    let config = Config::new("https://example.com");
    let all = [
        ("client-id", "kubernetes"),
        ("idp-issuer-url", "https://login.example.com"),
        ("refresh-token", "s3cr3t"),
    ];
    let error = |settings: &[(&str, &str)]| {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from(*value)));
        let opened = Oidc::open(&settings.collect(), &config, None, Clock::default());
        opened.err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(error(&all), "");
    for (without, expected) in
        [(0, "no client-id"), (1, "no idp-issuer-url"), (2, "neither an id-token nor a refresh-token")]
    {
        let mut some = all.to_vec();
        some.remove(without);
        let error = error(&some);
        assert!(error.contains(expected) && !error.contains("s3cr3t"), "{error}");
    }
    let plain = error(&[all[0], ("idp-issuer-url", "http://login.example.com"), all[2]]);
    assert!(plain.contains("does not begin with https://"), "{plain}");
}

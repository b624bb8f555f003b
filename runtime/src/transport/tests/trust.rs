//! Which servers are trusted and which keys are taken, as far as the issue of certificates is ours to decide.

use rcgen::{CertificateParams, IsCa, KeyPair};
use tokio::net::TcpListener;

use super::peer::{acceptor, answer_with, ask, outgoing};
use super::{Authority, Pair};
use crate::config::{Config, Environment};
use crate::request::{Class, Method};
use crate::transport::{FailureKind, HttpTransport};

/// A server with this certificate; the URL's host is an address or `localhost`.
async fn serve(pair: &Pair, bind: &str) -> u16 {
    let acceptor = acceptor(pair, &Authority::new(), &["h2"]);
    let listener = TcpListener::bind(bind).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(io) = acceptor.accept(socket).await else { return };
                let name = io.get_ref().1.server_name().unwrap_or("").to_owned();
                let mut connection = h2::server::handshake(io).await.unwrap();
                while let Some(Ok((request, respond))) = connection.accept().await {
                    assert_eq!(request.uri().path(), "/prefix/a");
                    answer_with(respond, if name == "sni.test" { "sni" } else { "got" });
                }
            });
        }
    });
    port
}

async fn get(config: Config) -> Result<String, FailureKind> {
    let url = format!("{}/a", config.server());
    let transport = HttpTransport::new(&config.environment(Environment::empty())).unwrap();
    let answer = ask(&transport, outgoing(Method::Get, url, "", Class::Unary)).await;
    answer.map(|(_, body)| body).map_err(|failure| {
        eprintln!("{failure}");
        failure.kind
    })
}

#[tokio::test]
async fn c4_addresses_prefixes_and_server_names_are_checked_and_told() {
    let authority = Authority::new();
    let pair = authority.issue("::1");
    if let Ok(probe) = TcpListener::bind("[::1]:0").await {
        drop(probe);
        let port = serve(&pair, "[::1]:0").await;
        let config = Config::new(format!("https://[::1]:{port}/prefix/"));
        assert_eq!(get(config.certificate_authority_pem(authority.pem())).await.unwrap(), "got");
    }
    let port = serve(&authority.issue("sni.test"), "127.0.0.1:0").await;
    let config =
        || Config::new(format!("https://127.0.0.1:{port}/prefix")).certificate_authority_pem(authority.pem());
    assert_eq!(get(config().tls_server_name("sni.test")).await.unwrap(), "sni");
    assert_eq!(get(config()).await.unwrap_err(), FailureKind::Tls);
    assert_eq!(get(config().tls_server_name("other.test")).await.unwrap_err(), FailureKind::Tls);
}

#[tokio::test]
async fn c3_a_servers_own_certificate_can_be_given_in_place_of_an_authority() {
    let issued = Authority::new().issue("127.0.0.1");
    let self_signed = |ca: IsCa| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.is_ca = ca;
        Pair { chain: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
    };
    let authority = self_signed(IsCa::Ca(rcgen::BasicConstraints::Unconstrained));
    for pair in [issued, self_signed(IsCa::NoCa), authority] {
        let port = serve(&pair, "127.0.0.1:0").await;
        let config = |host: &str| {
            Config::new(format!("https://{host}:{port}/prefix")).certificate_authority_pem(&pair.chain)
        };
        assert_eq!(get(config("127.0.0.1")).await.unwrap(), "got");
        // Another name is another server, whoever holds the key.
        assert_eq!(get(config("localhost")).await.unwrap_err(), FailureKind::Tls);
        let other = config("127.0.0.1").certificate_authority_pem(Authority::new().issue("127.0.0.1").chain);
        assert_eq!(get(other).await.unwrap_err(), FailureKind::Tls);
    }
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    let key = KeyPair::generate().unwrap();
    let expired = Pair { chain: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() };
    let port = serve(&expired, "127.0.0.1:0").await;
    let config = Config::new(format!("https://127.0.0.1:{port}/prefix"));
    assert_eq!(get(config.certificate_authority_pem(&expired.chain)).await.unwrap_err(), FailureKind::Tls);
}

#[test]
fn c3_keys_of_every_kind_are_taken_and_what_is_wrong_with_others_is_said() {
    let authority = Authority::new();
    let config = |chain: &str, key: &str| {
        let config = Config::new("https://example.com").certificate_authority_pem(authority.pem());
        HttpTransport::new(&config.client_certificate_pem(chain, key))
    };
    let certificate = |key: &KeyPair| {
        CertificateParams::new(vec!["me.test".to_owned()])
            .unwrap()
            .signed_by(key, &authority.0)
            .unwrap()
            .pem()
    };
    for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        config(&certificate(&key), &key.serialize_pem()).unwrap();
    }
    // What OpenSSL writes, each with its certificate: PKCS#1, SEC1.
    for both in [include_str!("keys/pkcs1.pem"), include_str!("keys/sec1.pem")] {
        config(both, both).unwrap();
    }
    let v1 = include_str!("keys/x509-v1.pem");
    let pair = authority.issue("me.test");
    let other = authority.issue("other.test");
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let legacy = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMAA=\n-----END RSA PRIVATE KEY-----\n";
    for (chain, key, said) in [
        (pair.chain.as_str(), other.key.as_str(), "do not belong together"),
        (&pair.chain, encrypted, "encrypted"),
        (&pair.chain, legacy, "encrypted"),
        (&pair.chain, pair.chain.as_str(), "no private key"),
        (&pair.key, pair.key.as_str(), "no certificate"),
        (v1, v1, "issue it again as v3"),
    ] {
        let Err(error) = config(chain, key) else { panic!("{said}: it was taken") };
        assert!(error.is_config() && error.to_string().contains(said), "{said}: {error}");
    }
}

//! Certificates that change while connections stand: who is shown on new ones, and what becomes of the old.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::io::AsyncWriteExt;

use super::http1::next_request;
use super::peer::{Peer, answer_with, ask, eventually, shown};
use super::{Authority, Pair};
use crate::auth::Identity;
use crate::transport::{HttpTransport, Transport};

/// Who was shown, connection by connection.
type Seen = Arc<Mutex<Vec<Option<Vec<u8>>>>>;

/// Answers `/watch` with one piece and no end, everything else with `got`, in either version of HTTP.
async fn noting(protocol: &'static str, seen: Seen) -> Peer {
    Peer::start(&[protocol], move |_, mut io| {
        let seen = seen.clone();
        async move {
            seen.lock().unwrap().push(shown(&io));
            if protocol == "h2" {
                let mut connection = h2::server::handshake(io).await.unwrap();
                let mut open = Vec::new();
                while let Some(Ok((request, mut respond))) = connection.accept().await {
                    if request.uri().path() == "/watch" {
                        let mut stream = respond.send_response(http::Response::new(()), false).unwrap();
                        stream.send_data(Bytes::from_static(b"one"), false).unwrap();
                        open.push(stream);
                    } else {
                        answer_with(respond, "got");
                    }
                }
                return;
            }
            while let Some(request) = next_request(&mut io).await {
                let watch = request.starts_with("GET /watch");
                let head = "HTTP/1.1 200 OK\r\n";
                let rest = match watch {
                    true => "transfer-encoding: chunked\r\n\r\n3\r\none\r\n",
                    false => "content-length: 3\r\n\r\ngot",
                };
                io.write_all(format!("{head}{rest}").as_bytes()).await.unwrap();
            }
        }
    })
    .await
}

fn leaf(pair: &Pair) -> Option<Vec<u8>> {
    Some(CertificateDer::from_pem_slice(pair.chain.as_bytes()).unwrap().to_vec())
}

fn identity(pair: &Pair, generation: u64) -> Identity {
    Identity {
        chain: pair.chain.clone().into_bytes().into(),
        key: pair.key.clone().into_bytes().into(),
        generation,
    }
}

#[tokio::test]
async fn e8_a_new_certificate_is_shown_on_new_connections_and_the_old_ones_end() {
    for protocol in ["http/1.1", "h2"] {
        let seen = Seen::default();
        let peer = noting(protocol, seen.clone()).await;
        let (one, two) = (peer.authority.issue("one.test"), peer.authority.issue("two.test"));
        let config = peer.config().drain_timeout(Duration::from_millis(300));
        let transport = HttpTransport::new(&config).unwrap();
        transport.present(Some(&identity(&one, 1))).unwrap();
        // Twice, so that the second connection resumes the TLS session of the first.
        let mut watch = transport.send(peer.watch("/watch")).await.unwrap();
        assert_eq!(watch.body.chunk().await.unwrap().unwrap(), "one");
        ask(&transport, peer.get("/")).await.unwrap();
        transport.present(Some(&identity(&two, 2))).unwrap();
        transport.present(Some(&identity(&one, 1))).unwrap();
        ask(&transport, peer.get("/")).await.unwrap();
        assert_eq!(*seen.lock().unwrap(), [leaf(&one), leaf(&one), leaf(&two)], "{protocol}");
        // The old stream has its time, then it ends as one that broke: nobody takes it for a whole answer.
        let ended = tokio::time::timeout(Duration::from_secs(5), watch.body.chunk()).await.unwrap();
        let failure = ended.expect("no clean end").unwrap_err();
        assert!(failure.message.contains("were replaced"), "{protocol}: {failure}");
        peer.settle_at(1).await;
        transport.present(None).unwrap();
        ask(&transport, peer.get("/")).await.unwrap();
        assert_eq!(seen.lock().unwrap().last(), Some(&None));
        peer.settle_at(1).await;
    }
}

#[tokio::test]
async fn e8_files_that_change_are_read_again_while_requests_go_on() {
    for protocol in ["http/1.1", "h2"] {
        let seen = Seen::default();
        let peer = noting(protocol, seen.clone()).await;
        let (one, two) = (peer.authority.issue("one.test"), peer.authority.issue("two.test"));
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        std::fs::write(file("ca"), peer.authority.pem()).unwrap();
        let write = |pair: &Pair| {
            std::fs::write(file("chain"), &pair.chain).unwrap();
            std::fs::write(file("key"), &pair.key).unwrap();
        };
        write(&one);
        let config = peer
            .config()
            .certificate_authority_file(file("ca"))
            .client_certificate_files(file("chain"), file("key"))
            .reload_interval(Duration::from_millis(20));
        let transport = HttpTransport::new(&config).unwrap();
        ask(&transport, peer.get("/")).await.unwrap();
        // An authority that cannot be used changes nothing.
        std::fs::write(file("ca"), "nothing").unwrap();
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            ask(&transport, peer.get("/")).await.unwrap();
        }
        assert_eq!(*seen.lock().unwrap(), [leaf(&one)], "{protocol}");
        std::fs::write(file("ca"), peer.authority.pem()).unwrap();
        write(&two);
        let replaced = async {
            while seen.lock().unwrap().last() != Some(&leaf(&two)) {
                ask(&transport, peer.get("/")).await.unwrap();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), replaced).await.expect("the new certificate is shown");
        peer.settle_at(1).await;
        // Somebody else's authority takes the place of the server's: it is not trusted any more.
        std::fs::write(file("ca"), Authority::new().pem()).unwrap();
        let refused = async { while ask(&transport, peer.get("/")).await.is_ok() {} };
        tokio::time::timeout(Duration::from_secs(10), refused)
            .await
            .expect("the old authority is not trusted");
        eventually(|| peer.open() == 0).await;
    }
}

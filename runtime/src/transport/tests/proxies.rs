//! Going through a proxy: what it is told, what it is not, and what is said when it refuses. Over real sockets.

use std::sync::{Arc, Mutex};

use base64::Engine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Authority;
use super::http1::next_request;
use super::peer::{Peer, acceptor, answer_with, ask, outgoing, upgrade};
use crate::config::{Config, Environment};
use crate::request::{Class, Method};
use crate::transport::{Duplex, FailureKind, HttpTransport, Phase, Upgrade};

/// A proxy that lets everybody through, or answers with another status, and notes what it was told.
struct Proxy {
    address: String,
    told: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn http(status: u16, tls: Option<&Authority>) -> Proxy {
        let acceptor = tls.map(|authority| acceptor(&authority.issue("127.0.0.1"), authority, &["http/1.1"]));
        Proxy::start(move |socket, told| {
            let acceptor = acceptor.clone();
            async move {
                let mut io: Box<dyn Duplex> = match acceptor {
                    Some(acceptor) => Box::new(acceptor.accept(socket).await.unwrap()),
                    None => Box::new(socket),
                };
                let Some(request) = next_request(&mut io).await else { return };
                let to = request.split(' ').nth(1).unwrap().to_owned();
                let connect = request.starts_with("CONNECT ");
                told.lock().unwrap().push(request);
                if !connect {
                    io.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nfwd").await.unwrap();
                    return;
                }
                let head = format!("HTTP/1.1 {status} Said\r\nx-junk: 1\r\n\r\n");
                io.write_all(head.as_bytes()).await.unwrap();
                if status == 200 {
                    let mut server = TcpStream::connect(to).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut io, &mut server).await;
                }
            }
        })
        .await
    }

    /// SOCKS5 with a user name and a password.
    async fn socks(user: &'static str, password: &'static str) -> Proxy {
        Proxy::start(move |mut io, told| async move {
            let mut greeting = [0; 3];
            io.read_exact(&mut greeting).await.unwrap();
            assert_eq!(greeting, [5, 1, 2]);
            io.write_all(&[5, 2]).await.unwrap();
            let mut text = vec![0; 3 + user.len() + password.len()];
            io.read_exact(&mut text).await.unwrap();
            let right = text[2..].starts_with(user.as_bytes()) && text.ends_with(password.as_bytes());
            io.write_all(&[1, u8::from(!right)]).await.unwrap();
            if !right {
                return;
            }
            let mut wish = [0; 10];
            io.read_exact(&mut wish).await.unwrap();
            let [.., a, b, c, d, high, low] = wish;
            let to = format!("{a}.{b}.{c}.{d}:{}", u16::from_be_bytes([high, low]));
            told.lock().unwrap().push(to.clone());
            io.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
            let mut server = TcpStream::connect(to).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut io, &mut server).await;
        })
        .await
    }

    async fn start<F>(serve: impl Fn(TcpStream, Arc<Mutex<Vec<String>>>) -> F + Send + 'static) -> Proxy
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let told = Arc::new(Mutex::new(Vec::new()));
        let record = told.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, record.clone()));
            }
        });
        Proxy { address, told }
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }
}

/// A server that notes nothing and answers everything, upgrades too.
async fn server() -> Peer {
    Peer::start(&["h2", "http/1.1"], |_, mut io| async move {
        if io.get_ref().1.alpn_protocol() == Some(b"h2") {
            let mut connection = h2::server::handshake(io).await.unwrap();
            while let Some(Ok((request, respond))) = connection.accept().await {
                assert!(request.headers().get("proxy-authorization").is_none());
                answer_with(respond, "got");
            }
            return;
        }
        let request = next_request(&mut io).await.unwrap();
        assert!(!request.contains("proxy-authorization"), "{request}");
        io.write_all(b"HTTP/1.1 101 Ok\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n").await.unwrap();
        let _ = io.read_u8().await;
    })
    .await
}

#[tokio::test]
async fn h16_requests_watches_and_upgrades_go_through_the_same_proxy() {
    let server = server().await;
    let secret = "c@n:ary%";
    let userinfo = "me%40corp:c%40n%3Aary%25";
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("me@corp:{secret}"));
    for tls in [false, true] {
        let proxy = Proxy::http(200, tls.then_some(&*server.authority)).await;
        let scheme = if tls { "https" } else { "http" };
        let url = format!("{scheme}://{userinfo}@{}", proxy.address);
        // NO_PROXY is about the environment's proxies only.
        let config = server.config().environment(Environment::empty().var("NO_PROXY", "*")).proxy_url(url);
        let transport = HttpTransport::new(&config).unwrap();
        assert_eq!(ask(&transport, server.get("/")).await.unwrap().1, "got");
        assert_eq!(ask(&transport, server.watch("/")).await.unwrap().1, "got");
        assert!(matches!(upgrade(&transport, &server.url).await.unwrap(), Upgrade::Switched { .. }));
        let told = proxy.told();
        assert_eq!(told.len(), 3);
        for request in told {
            let authority = server.url.strip_prefix("https://").unwrap();
            assert!(request.starts_with(&format!("CONNECT {authority} HTTP/1.1\r\n")), "{request}");
            assert!(request.contains(&format!("Proxy-Authorization: Basic {encoded}\r\n")), "{request}");
        }
    }
    let proxy = Proxy::socks("me@corp", secret).await;
    for scheme in ["socks5", "socks5h"] {
        let config = server.config().proxy_url(format!("{scheme}://{userinfo}@{}", proxy.address));
        let transport = HttpTransport::new(&config).unwrap();
        assert_eq!(ask(&transport, server.get("/")).await.unwrap().1, "got");
        assert!(matches!(upgrade(&transport, &server.url).await.unwrap(), Upgrade::Switched { .. }));
    }
    assert_eq!(proxy.told().len(), 4);
    let config = server.config().proxy_url(format!("socks5://me%40corp:canary!!@{}", proxy.address));
    let failure = ask(&HttpTransport::new(&config).unwrap(), server.get("/")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Proxy(None));
    assert!(!failure.message.contains("canary"), "{failure}");
}

#[tokio::test]
async fn h16_a_proxy_that_refuses_is_said_with_its_status_and_without_its_password() {
    let server = server().await;
    for status in [407, 502, 403, 101] {
        let proxy = Proxy::http(status, None).await;
        for userinfo in ["", "me:canary@"] {
            let config = server.config().proxy_url(format!("http://{userinfo}{}", proxy.address));
            let transport = HttpTransport::new(&config).unwrap();
            let Err(upgrade) = upgrade(&transport, &server.url).await else { panic!("it went through") };
            for failure in [ask(&transport, server.get("/")).await.unwrap_err(), upgrade] {
                assert_eq!(failure.kind, FailureKind::Proxy(Some(status)));
                assert!(failure.kind.is_unsent() && failure.message.contains(&status.to_string()));
                assert!(!failure.message.contains("canary") && !format!("{failure:?}").contains("canary"));
            }
        }
    }
    assert_eq!(server.opened(), 0);
    // Nobody there; and one that says nothing.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = gone.local_addr().unwrap();
    let config = server.config().proxy_url(format!("http://{silent}"));
    let config = config.connect_timeout(std::time::Duration::from_millis(100));
    let failure = ask(&HttpTransport::new(&config).unwrap(), server.get("/")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::ConnectTimeout(Phase::Proxy));
    drop(gone);
    let failure = ask(&HttpTransport::new(&config).unwrap(), server.get("/")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Proxy(None));
    assert!(failure.message.contains("cannot be reached"), "{failure}");
}

#[tokio::test]
async fn what_a_proxy_does_is_said_with_its_address_and_its_place_and_what_to_do() {
    let said = async |config: Config, server: &str| {
        let config = config.connect_timeout(std::time::Duration::from_millis(300));
        let transport = HttpTransport::new(&config).unwrap();
        let request = outgoing(Method::Get, format!("{server}/"), "", Class::Unary);
        let failure = ask(&transport, request).await.unwrap_err();
        assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
        (failure.message, failure.hint.unwrap())
    };
    let server = "https://server.test:6443";
    let by = |url: &str| Config::new(server).environment(Environment::empty()).proxy_url(url);
    for (status, user, message, hint) in [
        (403, "", "refused the connection with status 403", "does not allow connections to server.test:6443"),
        (502, "", "refused the connection with status 502", "cannot reach server.test:6443"),
        (504, "", "refused the connection with status 504", "cannot reach server.test:6443"),
        (407, "", "asks for a user name", "put them into its URL"),
        (407, "me:canary@", "does not accept this user name", "%-escaped"),
        (418, "", "refused the connection with status 418", "did not let the connection through"),
    ] {
        let address = Proxy::http(status, None).await.address;
        let url = format!("http://{user}{address}");
        let environment = Environment::empty().var("HTTPS_PROXY", url);
        let (text, help) = said(Config::new(server).environment(environment), server).await;
        assert!(text.starts_with(&format!("the proxy {address} (HTTPS_PROXY) {message}")), "{text}");
        assert!(help.contains(hint) && help.to_lowercase().contains("nothing was sent"), "{help}");
    }
    // Another protocol than its URL says.
    let address = Proxy::http(403, None).await.address;
    for (scheme, hint) in [("socks5", "speak SOCKS5"), ("https", "speak TLS")] {
        let (text, help) = said(by(&format!("{scheme}://me:canary@{address}")), server).await;
        assert!(text.starts_with(&format!("the proxy {address} (Config::proxy_url) ")), "{text}");
        assert!(help.contains(hint), "{help}");
    }
    let page = Proxy::start(|mut io, _| async move {
        next_request(&mut io).await;
        io.write_all(b"HTTP/1.1 200 OK\r\n\r\n<html>log in").await.unwrap();
        let _ = io.read_u8().await;
    });
    let (text, help) = said(by(&format!("http://{}", page.await.address)), server).await;
    assert!(text.contains("200 with a page") && help.contains("login page"), "{text}: {help}");
    let banner = Proxy::start(|mut io, _| async move {
        io.write_all(b"SSH-2.0-x\r\n\r\n").await.unwrap();
        let _ = io.read_u8().await;
    });
    let (text, help) = said(by(&format!("http://{}", banner.await.address)), server).await;
    assert!(text.contains("does not speak HTTP") && help.contains("an HTTP proxy"), "{text}: {help}");
    // Nobody there, under each scheme.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for scheme in ["http", "https", "socks5"] {
        let (text, help) = said(by(&format!("{scheme}://me:canary@{gone}")), server).await;
        assert!(
            text.starts_with(&format!("the proxy {gone} (Config::proxy_url) cannot be reached: ")),
            "{text}"
        );
        assert!(help.contains("is it running") && !help.contains("let the connection through"), "{help}");
    }
    let url = "http://nowhere.invalid:3128";
    let config = by(url).connect_timeout(std::time::Duration::from_secs(10));
    let request = outgoing(Method::Get, format!("{server}/"), "", Class::Unary);
    let failure = ask(&HttpTransport::new(&config).unwrap(), request).await.unwrap_err();
    assert!(failure.message.starts_with("the proxy nowhere.invalid:3128 (Config::proxy_url) "), "{failure}");
    assert!(!failure.message.contains("the server's name"), "{failure}");
}

#[tokio::test]
async fn h16_plain_requests_are_forwarded_with_their_whole_url() {
    let proxy = Proxy::http(200, None).await;
    let url = "http://server.test:8080";
    let environment = Environment::empty().var("http_proxy", format!("me:p%20w@{}", proxy.address));
    let config = Config::new(url).environment(environment);
    let transport = HttpTransport::new(&config).unwrap();
    let request = outgoing(Method::Get, format!("{url}/a?b=c"), "", Class::Unary);
    assert_eq!(ask(&transport, request).await.unwrap().1, "fwd");
    let told = proxy.told().remove(0);
    assert!(told.starts_with("GET http://server.test:8080/a?b=c HTTP/1.1\r\n"), "{told}");
    assert!(told.contains("host: server.test:8080\r\n"), "{told}");
    assert!(told.contains("proxy-authorization: Basic bWU6cCB3\r\n"), "{told}");
}

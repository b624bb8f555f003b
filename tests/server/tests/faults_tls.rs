//! Faults over TLS: they act below it (the connection) and above it (HTTP), and not on it.

use std::io::ErrorKind;
use std::sync::Arc;

use clientset_testserver::{On, TestServer, on_any};
use h2::Reason;
use hyper::Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

async fn server() -> TestServer {
    TestServer::builder().tls().start().await.expect("a server")
}

async fn connect(server: &TestServer, protocol: &str) -> TlsStream<TcpStream> {
    let authority =
        CertificateDer::from_pem_slice(server.ca_pem().expect("an authority").as_bytes()).expect("PEM");
    let mut roots = RootCertStore::empty();
    roots.add(authority).expect("a root");
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let url = server.url();
    let address = url.strip_prefix("https://").expect("TLS");
    let stream = TcpStream::connect(address).await.expect("connect");
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("handshake")
}

#[tokio::test]
async fn a_connection_with_tls_is_reset_closed_and_broken_off() {
    let server = server().await;
    let cases: [(&str, On, ErrorKind, usize); 4] = [
        ("reset", on_any().reset(), ErrorKind::ConnectionReset, 0),
        ("reset in head", on_any().reset_in_head(), ErrorKind::ConnectionReset, 0),
        // The end of the connection without the end of TLS.
        ("close", on_any().close(), ErrorKind::UnexpectedEof, 0),
        ("reset in body", on_any().reset_after(5), ErrorKind::ConnectionReset, 5),
    ];
    for (what, script, kind, body) in cases {
        let fault = server.fault(script);
        let mut stream = connect(&server, "http/1.1").await;
        stream.write_all(b"GET /version HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("written");
        let mut got = Vec::new();
        let error = stream.read_to_end(&mut got).await.expect_err(what);
        assert_eq!(error.kind(), kind, "{what}: {error}");
        let text = String::from_utf8(got).expect("text");
        assert_eq!(text.split_once("\r\n\r\n").map_or(0, |(_, it)| it.len()), body, "{what}: {text}");
        fault.remove();
    }
}

#[tokio::test]
async fn streams_and_goaway_with_tls_are_those_without() {
    let server = server().await;
    let (mut send, connection) =
        h2::client::handshake(connect(&server, "h2").await).await.expect("handshake");
    let connection = tokio::spawn(connection);
    let request = || Request::get(format!("{}/version", server.url())).body(()).expect("a request");
    let fault = server.fault(on_any().refuse_stream());
    let error = send.send_request(request(), true).expect("sent").0.await.expect_err("refused");
    assert_eq!(error.reason(), Some(Reason::REFUSED_STREAM));
    fault.remove();
    server.fault(on_any().goaway_unprocessed());
    let error = send.send_request(request(), true).expect("sent").0.await.expect_err("disowned");
    assert!(error.is_go_away(), "{error:?}");
    // The end of TLS is missing, which may be said or not.
    let _ = connection.await.expect("no panic");
}

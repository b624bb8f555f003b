//! Port-forward, the proxies and logs on a real kube-apiserver with a kubelet end of our own.

use std::net::SocketAddr;
use std::time::Duration;

use clientset::core::v1::{Service, ServicePort, ServiceSpec};
use clientset::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use clientset::{Clientset, Config, Kubeconfig, Method, Overrides};
use futures_util::future::join_all;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::faults::proxy::{ChaosProxy, Network};
use crate::harness::{config, kubeconfig, named, sandbox, soon};
use crate::kubelet::{container, create, run};

const LONG: Duration = Duration::from_secs(120);

macro_rules! running {
    ($test:literal, $script:expr) => {{
        let sandbox = sandbox!($test);
        if run(&sandbox, "web-0", container($script)).await.is_none() {
            return;
        }
        sandbox
    }};
}

/// The server of the tests, at another address.
fn behind(address: SocketAddr) -> Config {
    let mut overrides = Overrides::context("admin");
    overrides.server = Some(format!("https://{address}"));
    let kubeconfig = Kubeconfig::read(kubeconfig().expect("a server")).expect("its kubeconfig");
    kubeconfig.config_for(&overrides).expect("a context of it")
}

/// What a connection to the pod meets: all pods of the node share the ports of this machine.
async fn serve<F: Future<Output = ()> + Send + 'static>(with: fn(TcpStream) -> F) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(with(connection));
        }
    });
    port
}

async fn echo(mut connection: TcpStream) {
    let (mut read, mut write) = connection.split();
    let _ = tokio::io::copy(&mut read, &mut write).await;
}

/// A line, and an end that does not wait for that of the client.
async fn greet(mut connection: TcpStream) {
    let _ = connection.write_all(b"welcome and goodbye\n").await;
}

/// Answers one HTTP request with what it was asked.
async fn http(connection: TcpStream) {
    let mut connection = BufReader::new(connection);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        if connection.read_line(&mut head).await.unwrap_or_default() == 0 {
            return;
        }
    }
    for line in head.to_lowercase().lines() {
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.unwrap();
    let asked = head.lines().next().unwrap().rsplit_once(' ').unwrap().0;
    let status = if asked.contains("missing") { "404 Not Found" } else { "200 OK" };
    let text = format!("{asked} {}", String::from_utf8_lossy(&body));
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    let _ = connection.write_all(answer.as_bytes()).await;
}

#[tokio::test]
async fn a_forwarded_port_carries_bytes_both_ways() {
    let sandbox = running!("forward", "");
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let port = serve(echo).await;
    let sent: Vec<u8> = (0..2_000_000_u32).map(|number| (number % 251) as u8).collect();
    // Several at once, each a stream of its own.
    let all = (0..5).map(|_| async {
        let stream = pods.port_forward("web-0", port).connect().await.unwrap();
        let (mut read, mut write) = tokio::io::split(stream);
        let mut got = vec![0; sent.len()];
        let writing = async {
            write.write_all(&sent).await.unwrap();
            write.flush().await.unwrap();
        };
        let ((), length) = tokio::join!(writing, async { read.read_exact(&mut got).await.unwrap() });
        assert_eq!(length, sent.len());
        assert!(got == sent);
    });
    timeout(LONG, join_all(all)).await.unwrap();
}

#[tokio::test]
async fn the_end_of_a_forwarded_connection_arrives_here() {
    let sandbox = running!("forward-end", "");
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let mut stream = pods.port_forward("web-0", serve(greet).await).connect().await.unwrap();
    let mut text = String::new();
    timeout(LONG, stream.read_to_string(&mut text)).await.unwrap().unwrap();
    assert_eq!(text, "welcome and goodbye\n");
}

/// A port that nobody listens on.
async fn nobody() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_told_as_such() {
    let sandbox = running!("forward-nobody", "");
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let port = nobody().await;
    let mut stream = pods.port_forward("web-0", port).connect().await.unwrap();
    let error = timeout(LONG, stream.read(&mut [0])).await.unwrap().unwrap_err();
    let said = error.to_string();
    assert!(said.contains("connection refused") && said.contains(&port.to_string()), "{said}");
    let error = error.downcast::<clientset::Error>().expect("an error of ours is inside");
    assert!(error.is_remote(), "{error}");
    let error = pods.port_forward("web-1", port).connect().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[tokio::test]
async fn a_local_port_leads_to_the_pod() {
    let sandbox = running!("forward-listen", "");
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let forwarder = pods.port_forward("web-0", serve(greet).await).listen("127.0.0.1:0").await.unwrap();
    for _ in 0..3 {
        let mut connection = TcpStream::connect(forwarder.local_addr()).await.unwrap();
        let mut text = String::new();
        timeout(LONG, connection.read_to_string(&mut text)).await.unwrap().unwrap();
        assert_eq!(text, "welcome and goodbye\n");
    }
    let address = forwarder.local_addr();
    drop(forwarder);
    soon(async || TcpStream::connect(address).await.is_err().then_some(())).await;

    let mut forwarder = pods.port_forward("web-0", nobody().await).listen("127.0.0.1:0").await.unwrap();
    let mut connection = TcpStream::connect(forwarder.local_addr()).await.unwrap();
    let failure = timeout(LONG, forwarder.next_failure()).await.unwrap().expect("a failure");
    assert!(failure.to_string().contains("connection refused"), "{failure}");
    // The connection is closed, and whether by FIN or by RST is all one.
    let _ = timeout(LONG, connection.read(&mut [0])).await.unwrap();
}

#[tokio::test]
async fn pods_services_and_nodes_are_reached_through_the_api_server() {
    let sandbox = running!("proxies", "");
    let core = sandbox.client.core_v1();
    let (pods, services) = (core.pods(&sandbox.namespace), core.services(&sandbox.namespace));
    let port = serve(http).await;
    let pod = format!("web-0:{port}");
    assert_eq!(
        pods.proxy(&pod).path("a/b c").query("q", "1&2").text().await.unwrap(),
        "GET /a/b%20c?q=1%262 "
    );
    let answer =
        pods.proxy(&pod).method(Method::Post).path("x").body("text/plain", "body").text().await.unwrap();
    assert_eq!(answer, "POST /x body");
    let error = pods.proxy(&pod).path("missing").text().await.unwrap_err();
    assert_eq!(error.http_status(), Some(404), "{error}");
    let answer = pods.proxy(&pod).path("missing").any_status().text().await.unwrap();
    assert_eq!(answer, "GET /missing ");

    // The endpoint of the service is the pod: the API server proxies to nothing else.
    let spec = ServiceSpec {
        ports: Some(vec![ServicePort { name: Some("http".into()), port: 80, ..Default::default() }]),
        ..Default::default()
    };
    services
        .create(&Service { metadata: named("web"), spec: Some(Box::new(spec)), ..Default::default() })
        .await
        .unwrap();
    let address = pods.get("web-0").await.unwrap().status.unwrap().pod_ip.unwrap();
    let target = clientset::core::v1::ObjectReference {
        kind: Some("Pod".into()),
        name: Some("web-0".into()),
        namespace: Some(sandbox.namespace.clone()),
        ..Default::default()
    };
    let mut slice = EndpointSlice {
        metadata: named("web-1"),
        address_type: "IPv4".into(),
        endpoints: Some(vec![Endpoint {
            addresses: vec![address],
            conditions: Some(Box::new(EndpointConditions { ready: Some(true), ..Default::default() })),
            target_ref: Some(Box::new(target)),
            ..Default::default()
        }]),
        ports: Some(vec![EndpointPort {
            name: Some("http".into()),
            port: Some(i32::from(port)),
            ..Default::default()
        }]),
        ..Default::default()
    };
    slice.metadata.labels = Some([("kubernetes.io/service-name".to_owned(), "web".to_owned())].into());
    let slices = sandbox.client.discovery_v1().endpoint_slices(&sandbox.namespace);
    slices.create(&slice).await.unwrap();
    for name in ["web:http", "web:80", "http:web:http"] {
        let answer = soon(async || services.proxy(name).path("s").text().await.ok()).await;
        assert_eq!(answer, "GET /s ", "{name}");
    }
    let error = services.proxy("nothing").path("").text().await.unwrap_err();
    assert!(error.http_status().is_some_and(|status| status >= 404), "{error}");

    let node = crate::kubelet::node().await.unwrap();
    assert_eq!(core.nodes().proxy(&node).path("healthz").text().await.unwrap(), "ok");
    let list = core.nodes().proxy(&node).path("pods").text().await.unwrap();
    assert!(list.contains(&sandbox.namespace), "{list}");
}

#[tokio::test]
async fn a_log_is_read_from_where_it_is_asked_for() {
    let sandbox = sandbox!("logs-parts");
    let script = "if [ -e again ]; then echo second; echo err >&2; echo more; sleep 1000; fi; touch again; echo first; exit 1";
    if create(&sandbox, "web-0", container(script), "Always").await.is_none() {
        return;
    }
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let all = soon(async || pods.logs("web-0").await.ok().filter(|all| all.lines().count() == 3)).await;
    let mut lines: Vec<&str> = all.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["err", "more", "second"]);
    assert_eq!(pods.logs("web-0").previous().await.unwrap(), "first\n");
    assert_eq!(pods.logs("web-0").container("main").tail_lines(1).await.unwrap().lines().count(), 1);
    assert_eq!(pods.logs("web-0").limit_bytes(2).await.unwrap().len(), 2);
    assert_eq!(pods.logs("web-0").since_time("2999-01-01T00:00:00Z").await.unwrap(), "");
    assert_eq!(pods.logs("web-0").since_seconds(3600).await.unwrap(), all);
    for line in pods.logs("web-0").timestamps().await.unwrap().lines() {
        let (stamp, word) = line.split_once(' ').unwrap();
        assert!(stamp.starts_with("20") && stamp.ends_with('Z') && lines.contains(&word), "{line}");
    }
    let error = pods.logs("web-0").container("other").await.unwrap_err();
    assert!(error.is_bad_request() && error.to_string().contains("other"), "{error}");
    let nobody = Clientset::new(config("user").unwrap()).unwrap();
    let error = nobody.core_v1().pods(&sandbox.namespace).logs("web-0").await.unwrap_err();
    assert!(error.is_forbidden() && error.to_string().contains("pods/log"), "{error}");
}

#[tokio::test]
async fn a_log_is_followed_until_the_container_ends() {
    let sandbox = sandbox!("logs-follow");
    let script = "for i in 1 2 3; do echo line $i; sleep 0.2; done; printf 'no end'";
    if create(&sandbox, "web-0", container(script), "Never").await.is_none() {
        return;
    }
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let mut lines = soon(async || pods.logs("web-0").follow().lines().await.ok()).await;
    let mut seen = Vec::new();
    while let Some(line) = timeout(LONG, lines.next()).await.unwrap() {
        seen.push(line.unwrap());
    }
    assert_eq!(seen, ["line 1", "line 2", "line 3", "no end"]);
}

#[tokio::test]
async fn a_followed_log_goes_on_over_broken_connections() {
    let sandbox = sandbox!("logs-resume");
    // It waits for us in the middle, so that the connection breaks between two lines that are surely there.
    let script = "for i in $(seq 200); do echo line $i; done; until [ -e on ]; do sleep 0.05; done; \
        for i in $(seq 201 400); do echo line $i; done";
    if create(&sandbox, "web-0", container(script), "Never").await.is_none() {
        return;
    }
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    soon(async || pods.logs("web-0").await.ok().filter(|log| log.lines().count() == 200)).await;
    let proxy = ChaosProxy::to_url(config("admin").unwrap().server_url()).await;
    let through = Clientset::new(behind(proxy.address())).unwrap();
    let mut lines = through.core_v1().pods(&sandbox.namespace).logs("web-0").resuming_lines().await.unwrap();
    let mut seen = Vec::new();
    while let Some(line) = timeout(LONG, lines.next()).await.unwrap() {
        seen.push(line.unwrap());
        match seen.len() {
            100 => proxy.present(Network::Reset),
            200 => {
                proxy.present(Network::Close);
                pods.exec("web-0", ["touch", "on"]).output().await.unwrap();
            }
            _ => {}
        }
    }
    let expected: Vec<String> = (1..=400).map(|number| format!("line {number}")).collect();
    assert_eq!(seen, expected, "no line twice, none left out");
    assert!(proxy.opened() >= 2, "{}", proxy.opened());
}

//! Who is told of requests: handlers of warnings, middleware, metrics, spans; and the limit on how many go out.

use std::sync::Mutex;

use super::scripted::{Act, Script};
use super::*;
use crate::{Metrics, Middleware, RequestHeaders, RequestInfo, ResponseInfo};

fn config() -> Config {
    Config::new("http://203.0.113.7:8080/prefix")
}

fn ok() -> Act {
    Act::answer(200, &[], OBJECT)
}

/// Lines that were written down.
type Lines = Arc<Mutex<Vec<String>>>;

fn lines() -> (Lines, impl Fn(String) + Clone + Send + Sync + 'static) {
    let lines = Lines::default();
    let into = lines.clone();
    (lines, move |line| into.lock().unwrap().push(line))
}

fn taken(lines: &Lines) -> Vec<String> {
    std::mem::take(&mut lines.lock().unwrap())
}

#[tokio::test(start_paused = true)]
async fn h13_warnings_come_once_for_each_answer_and_never_make_it_fail() {
    let (said, say) = lines();
    let many: Vec<String> = (0..100).map(|at| format!("299 - \"old {}\"", at % 7)).collect();
    let mut headers: Vec<_> = many.iter().map(|value| ("warning", value.as_str())).collect();
    headers.extend([
        ("warning", "garbage"),
        ("warning", "299 - \"open"),
        ("warning", "110 - \"stale\""),
        ("Warning", ""),
    ]);
    let handler = say.clone();
    let config = config().on_warning(move |warning| handler(warning.to_string()));
    let failing = Act::answer(403, &headers[..1], &status(403, "Forbidden"));
    let (client, _) = Script::configured(
        config,
        [Act::answer(200, &headers, OBJECT), failing, Act::answer(200, &headers[..1], OBJECT)],
    );
    widgets(&client).get("a").await.unwrap();
    assert_eq!(taken(&said), (0..7).map(|at| format!("old {at}")).collect::<Vec<_>>());
    assert!(widgets(&client).get("a").await.unwrap_err().is_forbidden());
    assert_eq!(taken(&said), ["old 0"]);
    let own = client
        .rest()
        .get("/x")
        .on_warning(move |warning| say(format!("mine: {} by {}", warning.text, warning.agent)));
    own.await.unwrap();
    assert_eq!(taken(&said), ["mine: old 0 by -"]);
}

#[tokio::test(start_paused = true)]
async fn h13_without_a_handler_each_warning_is_in_the_log_once() {
    let seen = Recorder::default();
    let _guard = tracing::subscriber::set_default(seen.clone());
    let warning = |text: &str| Act::answer(200, &[("warning", &format!("299 - \"{text}\""))], OBJECT);
    let (client, _) =
        Script::client([warning("one"), warning("one"), warning("two \u{202e}"), warning("two \u{202e}")]);
    for _ in 0..4 {
        widgets(&client.clone()).get("a").await.unwrap();
    }
    let warned: Vec<_> = seen.taken().into_iter().filter(|line| line.starts_with("WARN")).collect();
    assert_eq!(warned.len(), 2, "{warned:?}");
    assert!(warned[0].contains("the server warns: one") && !warned[1].contains('\u{202e}'), "{warned:?}");
}

/// Writes down what it sees, and adds a header.
struct Hook<F>(&'static str, F);

impl<F: Fn(String) + Send + Sync + 'static> Middleware for Hook<F> {
    fn before(&self, request: &RequestInfo<'_>, headers: &mut RequestHeaders<'_>) -> Result<()> {
        assert!(!format!("{request:?} {headers:?}").contains("canary"));
        (self.1)(format!(
            "{} before {} {} {}",
            self.0,
            request.method(),
            request.path(),
            request.resend_count()
        ));
        headers.add("x-hook", self.0)
    }

    fn after(&self, request: &RequestInfo<'_>, response: &ResponseInfo<'_>) {
        let verb = request.verb().unwrap_or_default();
        (self.1)(format!("{} after {verb} {:?} {:?}", self.0, response.status(), response.header("x")));
    }
}

#[tokio::test(start_paused = true)]
async fn middleware_sees_each_try_and_adds_headers() {
    let (seen, see) = lines();
    let config = config().bearer_token("canary").allow_credentials_over_http(true);
    let config = config.middleware(Hook("one", see.clone())).middleware(Hook("two", see));
    let (client, script) =
        Script::configured(config, [Act::Fail(FailureKind::Broken), Act::answer(200, &[("x", "y")], OBJECT)]);
    widgets(&client).get("a").header("X-Mine", "1").await.unwrap();
    let path = "/apis/example.com/v1/namespaces/default/widgets/a";
    assert_eq!(
        taken(&seen),
        [
            &format!("one before GET {path} 0"),
            &format!("two before GET {path} 0"),
            "two after get None None",
            "one after get None None",
            &format!("one before GET {path} 1"),
            &format!("two before GET {path} 1"),
            "two after get Some(200) Some(\"y\")",
            "one after get Some(200) Some(\"y\")",
        ]
    );
    let sent = script.sent.lock().unwrap();
    let hooks: Vec<_> = sent[1].headers.iter().filter(|(name, _)| name.starts_with("x-")).collect();
    assert_eq!(hooks, [("x-mine", "1"), ("x-hook", "one"), ("x-hook", "two")]);
    assert_eq!(sent[1].headers.get("authorization"), Some("Bearer canary"));
}

#[tokio::test]
async fn p4_nobody_replaces_credentials_or_the_host() {
    struct Thief(&'static str);
    impl Middleware for Thief {
        fn before(&self, _: &RequestInfo<'_>, headers: &mut RequestHeaders<'_>) -> Result<()> {
            headers.add(self.0, "other")
        }
    }
    for name in ["Authorization", "Host", "Impersonate-User", "content-length", "x\r\ny"] {
        let (client, script) = Script::configured(config().middleware(Thief(name)), [ok()]);
        let error = widgets(&client).get("a").await.unwrap_err();
        assert!(
            error.is_request() && error.to_string().starts_with("GET http://203.0.113.7:8080"),
            "{error}"
        );
        let (client, _) = Script::client([ok()]);
        let widgets = widgets(&client);
        for error in [
            widgets.get("a").header(name, "other").await.unwrap_err(),
            widgets.logs("a").header(name, "other").await.unwrap_err(),
            widgets.watch().header(name, "other").await.unwrap_err(),
            widgets.proxy("a", "proxy").header(name, "other").await.unwrap_err(),
            widgets.edit("a", |_| ()).header(name, "other").await.unwrap_err(),
            client.rest().get("/x").header(name, "other").await.unwrap_err(),
        ] {
            assert!(error.is_request() && !error.to_string().contains("other"), "{error}");
        }
        assert_eq!(script.count(), 0);
    }
}

/// Writes down every number but those that depend on the clock.
struct Numbers<F>(F);

impl<F: Fn(String) + Send + Sync + 'static> Metrics for Numbers<F> {
    fn request_duration(&self, request: &RequestInfo<'_>, duration: Duration) {
        (self.0)(format!(
            "duration {} {} {}",
            request.verb().unwrap_or("-"),
            request.host(),
            duration.as_secs()
        ));
    }

    fn request_result(&self, request: &RequestInfo<'_>, code: &str) {
        (self.0)(format!("result {} {code}", request.method()));
    }

    fn request_retry(&self, request: &RequestInfo<'_>, code: &str) {
        (self.0)(format!("retry {code} {}", request.resend_count()));
    }

    fn request_size(&self, _: &RequestInfo<'_>, bytes: u64) {
        (self.0)(format!("sent {}", bytes > 0));
    }

    fn response_size(&self, _: &RequestInfo<'_>, bytes: u64) {
        (self.0)(format!("got {bytes}"));
    }

    fn rate_limiter_duration(&self, _: &RequestInfo<'_>, duration: Duration) {
        (self.0)(format!("waited {}", duration.as_millis()));
    }
}

#[tokio::test(start_paused = true)]
async fn everything_that_client_go_counts_is_counted() {
    let (seen, see) = lines();
    let config = config().metrics(Numbers(see)).rate_limit(10.0, 2);
    let (client, _) = Script::configured(
        config,
        [Act::busy(503, "0"), Act::answer(201, &[], OBJECT), Act::Fail(FailureKind::Tls)],
    );
    widgets(&client).create(&Widget::default()).await.unwrap();
    assert_eq!(
        taken(&seen),
        [
            "waited 0",
            "result POST 503",
            "retry 503 1",
            "waited 0",
            "result POST 201",
            "duration create 203.0.113.7:8080 0",
            "sent true",
            &format!("got {}", OBJECT.len()),
        ]
    );
    assert!(client.rest().get("/x").send().await.is_err());
    let lines = taken(&seen);
    assert!(lines[0].starts_with("waited "), "{lines:?}");
    assert_eq!(lines[1..], ["result GET <error>", "duration - 203.0.113.7:8080 0", "sent false"]);
}

#[tokio::test(start_paused = true)]
async fn a_replay_with_new_credentials_counts_as_sent_again_and_a_refusal_alone_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "token").unwrap();
    let (seen, see) = lines();
    let refused = || Act::answer(401, &[], &status(401, "Unauthorized"));
    let config = || config().allow_credentials_over_http(true).middleware(Hook("one", see.clone()));
    let (client, _) = Script::configured(config().token_file(&file), [refused(), ok()]);
    widgets(&client).get("a").await.unwrap();
    let before = |lines: Vec<String>| {
        let tries = lines.into_iter().filter(|line| line.contains("before"));
        tries.map(|line| line.chars().last().unwrap()).collect::<String>()
    };
    assert_eq!(before(taken(&seen)), "01");
    let metrics = Arc::new(Numbers(see.clone()));
    let (client, _) =
        Script::configured(config().bearer_token("fixed").metrics(metrics.clone()), [refused()]);
    assert!(widgets(&client).get("a").await.unwrap_err().is_unauthorized());
    let lines = taken(&seen);
    assert!(lines.contains(&"result GET 401".to_owned()) && before(lines) == "0");
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_shared_by_all_and_waited_for_before_the_timeout_begins() {
    let (client, script) = Script::configured(config().rate_limit(1.0, 1), (0..4).map(|_| ok()));
    let one = widgets(&client).get("a").timeout(Duration::from_millis(100));
    let all: Vec<_> = (0..3)
        .map(|_| widgets(&client.clone()).get("a").timeout(Duration::from_millis(100)).into_future())
        .collect();
    one.await.unwrap();
    for outcome in futures_util::future::join_all(all).await {
        outcome.unwrap();
    }
    let waits = script.waits();
    assert!(waits.len() == 3 && waits.iter().all(|wait| (0.99..1.02).contains(wait)), "{waits:?}");
}

#[tokio::test]
async fn a_rate_limit_that_lets_nothing_through_is_refused() {
    let error = Client::new(config().rate_limit(0.0, 10)).unwrap_err();
    assert!(error.is_config() && error.to_string().contains("lets nothing through"), "{error}");
}

/// A subscriber that writes down spans and events with their fields.
#[derive(Clone, Default)]
struct Recorder(Lines);

impl Recorder {
    fn taken(&self) -> Vec<String> {
        taken(&self.0)
    }

    fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

struct Fields(String);

impl tracing::field::Visit for Fields {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!(" {}={value:?}", field.name()));
    }
}

impl tracing::Subscriber for Recorder {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("clientset")
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        let mut fields = Fields(format!("{} span {}", span.metadata().level(), span.metadata().name()));
        span.record(&mut fields);
        self.note(fields.0);
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        let mut fields = Fields("record".to_owned());
        values.record(&mut fields);
        self.note(fields.0);
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields(event.metadata().level().to_string());
        event.record(&mut fields);
        self.note(fields.0);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn each_request_is_a_span_with_the_names_of_opentelemetry_and_without_secrets() {
    let seen = Recorder::default();
    let _guard = tracing::subscriber::set_default(seen.clone());
    let config = config().bearer_token("canary").allow_credentials_over_http(true);
    let body = status(404, "NotFound");
    let (client, _) = Script::configured(config, [Act::busy(503, "2"), Act::answer(404, &[], &body)]);
    let error =
        widgets(&client).list().label_selector("canary=1").header("x-canary", "canary").await.unwrap_err();
    assert!(error.is_not_found());
    let lines = seen.taken();
    assert_eq!(
        lines[0],
        "DEBUG span request otel.kind=\"client\" http.request.method=\"GET\" server.address=\"203.0.113.7\" \
         server.port=8080 url.path=\"/apis/example.com/v1/namespaces/default/widgets\" k8s.verb=\"list\" \
         k8s.group=\"example.com\" k8s.version=\"v1\" k8s.resource=\"widgets\" k8s.namespace.name=\"default\""
    );
    assert!(
        lines[1].starts_with("DEBUG message=the request is sent again http.response.status_code=503"),
        "{lines:?}"
    );
    let records: Vec<_> =
        lines.iter().filter(|line| line.starts_with("record")).map(String::as_str).collect();
    assert_eq!(
        records,
        [
            "record http.request.resend_count=1",
            "record http.response.status_code=404",
            "record error.type=\"404\""
        ]
    );
    assert!(!lines.concat().contains("canary"), "{lines:?}");
}

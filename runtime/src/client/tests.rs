//! The way of a request: what is added, what is tried again and what is not, and what errors say. Over real sockets.

mod bodies;
mod hooks;
mod input;
mod retries;
mod scripted;

use std::time::Duration;

use super::*;
use crate::config::Impersonation;
use crate::testing::{Reply, Server, Widget, status};
use crate::transport::{Answer, Failure, FailureKind, Outgoing};
use crate::{Api, ResultExt};

const OBJECT: &str = r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"}}"#;

fn widgets(client: &Client) -> Api<Widget> {
    Api::namespaced(client, "default")
}

#[tokio::test]
async fn every_request_says_who_asks_and_for_whom() {
    let server = Server::start([Reply::new(200, OBJECT)]).await;
    let mut who = Impersonation::user("jane");
    who.groups = vec!["a".into(), "b".into()];
    let config = server.config().bearer_token("canary").impersonate(who).user_agent("me/1");
    let client = Client::new(config).unwrap();
    widgets(&client).get("a").await.unwrap();
    let seen = &server.seen()[0];
    assert_eq!(seen.header("authorization"), Some("Bearer canary"));
    assert_eq!(seen.header("user-agent"), Some("me/1"));
    assert_eq!(seen.header("impersonate-user"), Some("jane"));
    let groups: Vec<_> = seen
        .headers
        .iter()
        .filter(|(name, _)| name == "impersonate-group")
        .map(|(_, v)| v.as_str())
        .collect();
    assert_eq!(groups, ["a", "b"]);
    assert_eq!(seen.header("accept-encoding"), Some("gzip"));
    assert_eq!(seen.header("referer"), None);
    assert!(!format!("{client:?}").contains("canary"));
}

#[tokio::test]
async fn a_refused_credential_is_renewed_and_the_request_sent_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "old").unwrap();
    let refused = || Reply::new(401, &status(401, "Unauthorized"));
    let server = Server::start([refused(), Reply::new(201, OBJECT), refused(), refused(), refused()]).await;
    let client = Client::new(server.config().token_file(&file)).unwrap();
    std::fs::write(&file, "new").unwrap();
    widgets(&client).create(&Widget::default()).await.unwrap();
    let tokens = |from: usize| {
        server.seen()[from..]
            .iter()
            .map(|seen| seen.header("authorization").unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(tokens(0), ["Bearer old", "Bearer new"]);
    assert!(widgets(&client).get("a").await.unwrap_err().is_unauthorized());
    assert!(server.seen().len() <= 4, "once more, and not again and again");

    let server = Server::start([refused(), Reply::new(200, OBJECT)]).await;
    let client = Client::new(server.config().bearer_token("fixed")).unwrap();
    assert!(widgets(&client).get("a").await.unwrap_err().is_unauthorized());
    assert_eq!(server.seen().len(), 1, "a fixed token does not become another by asking again");
}

#[tokio::test]
async fn a_proxy_gets_its_own_credentials_and_the_whole_url() {
    let proxy = Server::start([Reply::new(200, OBJECT)]).await;
    let through = proxy.url.replace("http://", "http://me:p%40ss@");
    let config = Config::new("http://cluster.invalid:8080").proxy_url(through);
    let client = Client::new(config).unwrap();
    widgets(&client).get("a").await.unwrap();
    let seen = &proxy.seen()[0];
    assert_eq!(seen.line, "GET http://cluster.invalid:8080/apis/example.com/v1/namespaces/default/widgets/a");
    assert_eq!(seen.header("proxy-authorization"), Some("Basic bWU6cEBzcw=="));
    assert!(!format!("{client:?}").contains("p%40ss"));
}

#[tokio::test]
async fn what_the_server_asks_to_send_again_is_sent_again_whatever_the_verb() {
    let again = |code, reason| {
        Reply::with(
            code,
            &[("content-type", "application/json"), ("retry-after", "0")],
            &status(code, reason),
        )
    };
    let server = Server::start([
        again(429, "TooManyRequests"),
        again(503, "ServiceUnavailable"),
        Reply::new(201, OBJECT),
    ])
    .await;
    let created = widgets(&server.client()).create(&Widget::default()).await.unwrap();
    assert_eq!(created.metadata.name.as_deref(), Some("a"));
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|request| request.body == seen[0].body && request.line == seen[0].line));
}

#[tokio::test]
async fn without_an_invitation_nothing_is_sent_again() {
    for code in [409, 429, 500, 502, 503, 504] {
        let server = Server::start([Reply::new(code, "")]).await;
        let error = widgets(&server.client()).create(&Widget::default()).await.unwrap_err();
        assert_eq!(error.http_status(), Some(code));
        assert_eq!(server.seen().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_server_that_never_gets_ready_is_asked_eleven_times() {
    let busy = || Reply::with(429, &[("retry-after", "0")], &status(429, "TooManyRequests"));
    let server = Server::start((0..20).map(|_| busy())).await;
    let error = widgets(&server.client().impatient()).get("a").await.unwrap_err();
    assert!(error.is_too_many_requests() && error.retry_after() == Some(Duration::ZERO));
    assert!(error.to_string().contains("11 tries"), "{error}");
    assert_eq!(server.seen().len(), 11);
    let once = server.client().impatient().max_retries(1);
    assert!(widgets(&once).get("a").await.unwrap_err().to_string().contains("2 tries"));
    assert_eq!(server.seen().len(), 13);
}

#[tokio::test]
async fn a_broken_connection_is_tried_again_for_reads_only() {
    let server =
        Server::start([Reply::hang_up(), Reply::unfinished(&["{\"kind\""]), Reply::new(200, OBJECT)]).await;
    widgets(&server.client()).get("a").await.unwrap();
    assert_eq!(server.seen().len(), 3);

    let server = Server::start([Reply::hang_up(), Reply::new(201, OBJECT)]).await;
    let error = widgets(&server.client()).create(&Widget::default()).await.unwrap_err();
    assert!(error.is_transport() && error.is_ambiguous(), "{error}");
    assert_eq!(server.seen().len(), 1);

    let server = Server::start((0..9).map(|_| Reply::hang_up())).await;
    assert!(widgets(&server.client()).get("a").await.unwrap_err().is_transport());
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_connect_error_that_names_it() {
    // A port that was free a moment ago: nobody listens there.
    let url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let client = Client::new(Config::new(&url)).unwrap();
    let error = widgets(&client).get("a").await.unwrap_err();
    assert!(error.is_connect() && error.connect_failure().is_some(), "{error:?}");
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("GET {url}/apis/example.com/v1/namespaces/default/widgets/a: ")),
        "{text}"
    );
    assert!(text.contains("refused") && text.matches(&url).count() == 1, "{text}");
}

#[tokio::test]
async fn h4_redirects_are_never_followed() {
    let elsewhere = Server::start([Reply::new(200, OBJECT)]).await;
    for code in [301, 302, 303, 307, 308] {
        let server = Server::start([Reply::with(
            code,
            &[("location", &format!("{}/x?state=s3cr3t", elsewhere.url))],
            "",
        )])
        .await;
        let client = Client::new(server.config().bearer_token("canary")).unwrap();
        let error = widgets(&client).get("a").await.unwrap_err();
        assert_eq!(error.http_status(), Some(code));
        assert!(error.is_redirect());
        assert_eq!(error.redirect_location(), Some(format!("{}/x?state=s3cr3t", elsewhere.url).as_str()));
        let text = error.to_string();
        assert!(text.contains("never followed") && text.contains(&elsewhere.url), "{text}");
        assert!(text.contains("is the `server:` URL that of the API server"), "{text}");
        assert!(!text.contains("s3cr3t") && !format!("{error:#?}").contains("s3cr3t"), "{text}");
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn h5_a_redirect_to_the_server_itself_hints_at_a_missing_path() {
    for location in ["/k8s/clusters/a", "{url}/k8s"] {
        // What the server is called is known only once it stands.
        let server = Server::routing(move |seen| {
            let url = format!("http://{}", seen.header("host").unwrap());
            Reply::with(307, &[("location", &location.replace("{url}", &url))], "")
        })
        .await;
        let error = widgets(&server.client()).create(&Widget::default()).await.unwrap_err();
        assert!(error.is_redirect() && !error.is_ambiguous());
        assert!(error.to_string().contains("is the `server:` URL missing a path?"), "{error}");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn foreign_answers_are_shown_in_part_and_without_what_steers_a_terminal() {
    let page = format!("<html>\u{1b}[31mlogin{}</html>", "x".repeat(9000));
    let html = [("content-type", "text/html")];
    let server =
        Server::start([Reply::with(200, &html, &page), Reply::with(403, &html, &page), Reply::new(200, "")])
            .await;
    let widgets = widgets(&server.client());
    let error = widgets.get("a").await.unwrap_err();
    assert!(error.is_unexpected_content() && error.to_string().contains("200 with text/html"), "{error}");
    assert!(error.to_string().len() < 700 && !error.to_string().contains('\u{1b}'));
    let error = widgets.get("a").await.unwrap_err();
    assert!(error.is_forbidden() && error.is_unexpected_server_response());
    assert!(error.causes()[0].message.as_ref().unwrap().len() < 2100);
    assert!(!error.to_string().contains('\u{1b}') && error.to_string().contains("login"));
    let error = widgets.get("a").await.unwrap_err();
    assert!(error.is_unexpected_content() && error.to_string().contains("0-length response"), "{error}");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_never_shown() {
    let secret =
        r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"size":"canary"}}"#;
    let server = Server::start([Reply::new(200, secret), Reply::new(200, secret)]).await;
    let widgets = widgets(&server.client());
    let error = widgets.get("a").await.unwrap_err();
    assert!(error.is_decode(), "{error}");
    assert!(
        error.to_string().contains("spec.size") && !format!("{error} {error:?}").contains("canary"),
        "{error}"
    );
    assert_eq!(widgets.get("a").raw().await.unwrap(), secret);
}

#[tokio::test]
async fn answers_and_waiting_are_bounded() {
    let server = Server::start([Reply::new(200, OBJECT), Reply::unfinished(&["{"]).and_hold()]).await;
    let client = server.client();
    let error = widgets(&client.clone().max_response_bytes(OBJECT.len() - 1)).get("a").await.unwrap_err();
    assert!(error.is_body_too_large() && error.to_string().contains("longer than"), "{error}");
    let error = widgets(&client).get("a").timeout(Duration::from_millis(50)).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!(server.lines()[1].ends_with("/a?timeout=50ms"));
}

#[tokio::test]
async fn who_was_not_let_in_is_said_and_never_shown() {
    let page = "<!DOCTYPE html><title>Welcome</title>";
    let html = |code| Reply::with(code, &[("content-type", "text/html; charset=utf-8")], page);
    let refused = |code, reason| Reply::new(code, &status(code, reason));
    let plain = "Client sent an HTTP request to an HTTPS server.\n";
    for (reply, token, help) in [
        (refused(401, "Unauthorized"), "canary", "the bearer token was not accepted"),
        (refused(401, "Unauthorized"), "", "no credentials were sent"),
        (refused(403, "Forbidden"), "", "no credentials were sent"),
        (html(401), "canary", "login page"),
        (html(403), "", "login page"),
        (Reply::with(400, &[("content-type", "text/plain")], plain), "", "https://"),
    ] {
        let server = Server::start([reply]).await;
        let config = Config::new(&server.url).allow_credentials_over_http(true);
        let config = if token.is_empty() { config } else { config.bearer_token(token) };
        let error = widgets(&Client::new(config).unwrap()).get("a").await.unwrap_err().to_string();
        assert!(error.contains(help) && !error.contains("canary"), "{error}");
    }
}

#[tokio::test]
async fn errors_say_what_to_do() {
    for (code, reason, help) in [
        (
            403,
            "Forbidden",
            "a Role must allow this in namespace \"default\": apiGroups [example.com], resources [widgets], verbs [get]",
        ),
        (409, "Conflict", "use edit"),
        (410, "Expired", "without a resourceVersion"),
        (415, "UnsupportedMediaType", "use a merge patch"),
        (401, "Unauthorized", "no credentials were sent"),
    ] {
        let server = Server::start([Reply::new(code, &status(code, reason))]).await;
        let text = widgets(&server.client()).get("a").await.unwrap_err().to_string();
        assert!(text.contains(help), "{text}");
        assert!(text.contains(&format!("the server answered {code} {reason}: {reason} it is")), "{text}");
    }
    let server =
        Server::start([Reply::with(404, &[("content-type", "text/plain")], "404 page not found\n")]).await;
    let error = widgets(&server.client()).list().await.unwrap_err();
    assert!(error.is_not_found());
    assert!(
        error
            .to_string()
            .contains("does the server serve widgets in example.com/v1? The CRD may not be installed"),
        "{error}"
    );
    assert!(Err::<(), _>(error).optional().unwrap().is_none());
}

#[tokio::test]
async fn a_409_that_is_no_status_means_what_was_asked_for() {
    let page = || Reply::with(409, &[("content-type", "text/html")], "<html>conflict</html>");
    let server = Server::start([page(), page()]).await;
    let widgets = widgets(&server.client());
    let mut widget = Widget::default();
    let created = widgets.create(&widget).await.unwrap_err();
    assert!(created.is_already_exists() && !created.is_conflict(), "{created}");
    widget.metadata.name = Some("a".into());
    let updated = widgets.update(&widget).await.unwrap_err();
    assert!(updated.is_conflict() && !updated.is_already_exists(), "{updated}");
}

/// Takes every request and answers none.
struct Silent;

impl Transport for Silent {
    fn send(&self, _: Outgoing) -> crate::transport::BoxFuture<'_, std::result::Result<Answer, Failure>> {
        Box::pin(std::future::pending())
    }

    fn upgrade(
        &self,
        _: Outgoing,
    ) -> crate::transport::BoxFuture<'_, std::result::Result<crate::transport::Upgrade, Failure>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_with_an_end_does_not_wait_for_its_beginning_for_ever() {
    let mut client = Client::new(Config::new("http://203.0.113.7")).unwrap();
    Arc::get_mut(&mut client.shared).unwrap().transport = Arc::new(Silent);
    let watch = widgets(&client).watch().timeout_seconds(5).send();
    let outcome = tokio::time::timeout(Duration::from_secs(3600), watch).await;
    let error = outcome.expect("it gives up").unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

#[tokio::test]
async fn an_object_that_cannot_be_read_is_not_shown_whatever_the_server_calls_it() {
    let cut = r#" {"apiVersion":"example.com/v1","data":{"password":"canary"#;
    let server = Server::start([Reply::with(200, &[("content-type", "text/plain")], cut)]).await;
    let error = widgets(&server.client()).get("a").await.unwrap_err();
    assert!(error.is_decode() && !format!("{error} {error:?} {error:#?}").contains("canary"), "{error}");
}

#[tokio::test]
async fn h6_a_watch_that_is_answered_with_a_page_is_refused_at_once() {
    let html = [("content-type", "text/html")];
    let server = Server::start([
        Reply::with(200, &html, "<html>log in\u{7}"),
        Reply::with(
            200,
            &[("content-type", "text/plain")],
            r#"{"type":"ADDED","object":{"metadata":{"name":"a"}}}"#,
        ),
    ])
    .await;
    let error = widgets(&server.client()).watch().await.unwrap_err();
    assert!(error.is_unexpected_content() && error.to_string().contains("<html>log in\\u{7}"), "{error}");
    let mut watch = widgets(&server.client()).watch().await.unwrap();
    assert!(watch.next().await.unwrap().is_ok(), "what is called wrongly can be an event all the same");
}

#[tokio::test]
async fn h6_a_page_where_an_object_was_asked_for_is_shown_in_part_and_clean() {
    let page = format!("<html>\u{1b}[31mlogin{}</html>", "x".repeat(9000));
    let server = Server::start([
        Reply::with(200, &[("content-type", "text/html; charset=utf-8")], &page),
        Reply::with(200, &[("content-type", "application/vnd.kubernetes.protobuf")], "k8s\0canary"),
    ])
    .await;
    let error = widgets(&server.client()).list().await.unwrap_err();
    assert!(error.is_unexpected_content() && !error.is_decode(), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("200 with text/html; charset=utf-8 and no JSON: <html>\\u{1b}[31mloginxxx"),
        "{text}"
    );
    assert!(text.contains("a proxy or login page") && text.len() < 600, "{text}");
    let error = widgets(&server.client()).list().await.unwrap_err();
    assert!(error.is_unexpected_content() && !format!("{error} {error:#?}").contains("canary"), "{error}");
}

#[tokio::test]
async fn h7_a_failure_that_is_no_status_names_what_was_asked_and_shows_the_beginning() {
    let long = format!("upstream connect error\u{7}{}", "x".repeat(2 << 20));
    for code in [400, 403, 404, 500, 503] {
        let server = Server::start([Reply::with(code, &[("content-type", "text/plain")], &long)]).await;
        let error = widgets(&server.client()).create(&Widget::default()).await.unwrap_err();
        let text = error.to_string();
        assert_eq!(error.http_status(), Some(code));
        assert!(error.is_unexpected_server_response() && text.starts_with("POST http://"), "{text}");
        assert!(
            text.contains("/namespaces/default/widgets: ") && text.contains("upstream connect error\\u{7}xx")
        );
        assert!(text.len() < 4000, "{}", text.len());
    }
}

#[tokio::test]
async fn h8_a_status_with_what_nobody_knows_is_kept_whole_and_shown_in_part() {
    let causes: Vec<_> = (0..500)
        .map(|at| {
            format!(
                r#"{{"reason":"Unheard{at}","message":"cause {at} {}","field":"spec.x"}}"#,
                "y".repeat(900)
            )
        })
        .collect();
    let body = format!(
        r#"{{"kind":"Status","status":"Failure","reason":"Unheard","code":422,"message":"m{}","details":{{"causes":[{}],"new":1}}}}"#,
        "z".repeat(200_000),
        causes.join(",")
    );
    let server = Server::start([Reply::new(422, &body)]).await;
    let error = widgets(&server.client()).create(&Widget::default()).await.unwrap_err();
    assert!(error.is_invalid() && error.reason() == "Unheard" && error.has_cause("Unheard499"));
    assert_eq!(
        (error.causes().len(), error.status().unwrap().message.as_ref().unwrap().len()),
        (500, 200_001)
    );
    assert!(error.to_string().len() < 16_000, "{}", error.to_string().len());
}

#[tokio::test]
async fn h10_json_that_nests_without_end_is_an_error_and_no_overflow() {
    for open in ["[", "{\"a\":"] {
        let body = format!(
            r#"{{"apiVersion":"example.com/v1","kind":"Widget","metadata":{{"name":"a"}},"status":{}"#,
            open.repeat(10_000)
        );
        let server = Server::start((0..3).map(|_| Reply::new(200, &body))).await;
        let widgets = widgets(&server.client());
        assert!(widgets.get("a").await.unwrap_err().is_decode());
        assert!(widgets.list().await.unwrap_err().is_decode());
        let failure = Server::start([Reply::new(422, &body)]).await;
        let error = Api::<Widget>::namespaced(&failure.client(), "default").get("a").await.unwrap_err();
        assert!(error.is_unexpected_server_response());
    }
}

#[tokio::test]
async fn h15_the_two_sorts_of_409_are_told_apart() {
    for (reason, exists) in [("AlreadyExists", true), ("Conflict", false)] {
        let server = Server::start([Reply::new(409, &status(409, reason))]).await;
        let error = widgets(&server.client()).create(&Widget::default()).await.unwrap_err();
        assert_eq!((error.is_already_exists(), error.is_conflict()), (exists, !exists), "{error}");
        assert!(!error.is_ambiguous());
    }
}

//! The stream in virtual time: what is waited for and how long, and what a slow caller does not do.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::*;
use crate::Client;
use crate::config::Config;
use crate::error::ConnectFailure;
use crate::request::{Method, Path, Request};
use crate::testing::Widget;
use crate::transport::{Body, Failure, FailureKind};

/// What the next watch is like.
enum Opens {
    /// These lines, and then silence.
    Silent(&'static [&'static str]),
    /// These lines, and then the connection breaks.
    Broken(&'static [&'static str]),
    Fails(Kind),
}

struct Script {
    opens: Mutex<VecDeque<Opens>>,
    log: Arc<Mutex<Vec<String>>>,
    memory: Memory,
    begun: Instant,
}

impl Script {
    fn log(&self, what: String) {
        self.log.lock().unwrap().push(format!("{} s: {what}", self.begun.elapsed().as_secs()));
    }
}

impl Source<Widget> for Script {
    fn open(&self, plan: WatchPlan, _: Duration) -> BoxFuture<'static, Result<Watch<Widget>>> {
        self.log(format!("watch {:?}{}", plan.version, if plan.initial { ", initial" } else { "" }));
        let opens = self.opens.lock().unwrap().pop_front().unwrap_or(Opens::Silent(&[]));
        Box::pin(async move {
            let client = Client::new(Config::new("http://203.0.113.7")).unwrap();
            let request = Request::new(Method::Get, Path::absolute("/x").unwrap());
            let (lines, broken) = match opens {
                Opens::Silent(lines) => (lines, false),
                Opens::Broken(lines) => (lines, true),
                Opens::Fails(kind) => return Err(Error::new(kind, "", "it is so")),
            };
            let lines = futures_util::stream::iter(lines.iter().map(|it| Ok(Bytes::from(format!("{it}\n")))));
            let failure = Failure { kind: FailureKind::Broken, message: "reset".to_owned(), hint: None };
            let body = match broken {
                true => Body::new(futures_util::StreamExt::chain(
                    lines,
                    futures_util::stream::iter([Err(failure)]),
                )),
                false => Body::new(futures_util::StreamExt::chain(lines, futures_util::stream::pending())),
            };
            Ok(Watch::new(
                client,
                request,
                body,
                Some(Duration::from_secs(u64::from(plan.timeout_seconds) + 10)),
            ))
        })
    }

    fn list(&self, plan: ListPlan) -> BoxFuture<'static, Result<Page<Widget>>> {
        self.log(format!("list {:?}", plan.version));
        Box::pin(async { Ok(Page { items: Vec::new(), version: "50".to_owned(), token: None }) })
    }

    fn resource(&self) -> String {
        "widgets".to_owned()
    }

    fn memory(&self) -> &Memory {
        &self.memory
    }
}

fn resuming(opens: impl IntoIterator<Item = Opens>) -> (ResumingWatch<Widget>, Arc<Mutex<Vec<String>>>) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let script = Script {
        opens: Mutex::new(opens.into_iter().collect()),
        log: log.clone(),
        memory: Memory::default(),
        begun: Instant::now(),
    };
    (ResumingWatch::new(Box::new(script), None, Some(300)), log)
}

async fn next(watch: &mut ResumingWatch<Widget>) -> String {
    let name = |it: Widget| it.metadata.name.unwrap();
    match watch.next().await {
        Some(Ok(ResumingEvent::Listed(widget))) => format!("listed {}", name(widget)),
        Some(Ok(ResumingEvent::Applied(widget))) => format!("applied {}", name(widget)),
        Some(Ok(ResumingEvent::Deleted(widget))) => format!("deleted {}", name(widget)),
        Some(Ok(other)) => format!("{other:?}"),
        Some(Err(error)) => format!("error: {error}"),
        None => "end".to_owned(),
    }
}

const A: &str = r#"{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"5"}}}"#;
const B: &str = r#"{"type":"ADDED","object":{"metadata":{"name":"b","resourceVersion":"8"}}}"#;
const END: &str = r#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7","annotations":{"k8s.io/initial-events-end":"true"}}}}"#;

#[tokio::test(start_paused = true)]
async fn w7_a_server_that_is_silent_before_the_end_of_the_initial_events_is_listed_after_thirty_seconds() {
    let (mut watch, log) = resuming([Opens::Silent(&[A]), Opens::Silent(&[B])]);
    let mut handle = watch.handle();
    for expected in ["ListStarted", "listed a", "ListStarted", "ListComplete", "applied b"] {
        assert_eq!(next(&mut watch).await, expected);
    }
    assert_eq!(*log.lock().unwrap(), ["0 s: watch \"\", initial", "30 s: list \"\"", "30 s: watch \"50\""]);
    let status = handle.changed().await.unwrap();
    assert_eq!((status.watches, status.lists, status.complete), (2, 2, true));
    assert_eq!(status.resource_version, "8");
    assert!(watch.source.memory().is_by_pages("widgets"), "once is enough");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_slow_is_no_server_that_is_silent() {
    let (mut watch, log) = resuming([Opens::Silent(&[A, END, B])]);
    for expected in ["ListStarted", "listed a", "ListComplete", "applied b"] {
        assert_eq!(next(&mut watch).await, expected);
        tokio::time::sleep(Duration::from_secs(45)).await;
    }
    assert_eq!(log.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_breaks_is_resumed_and_a_dead_one_is_noticed() {
    let (mut watch, log) = resuming([Opens::Broken(&[A, END]), Opens::Silent(&[B]), Opens::Silent(&[A])]);
    watch = watch.backoff(Backoff::new(Duration::from_secs(1), Duration::from_secs(4)).jitter(0.0));
    for expected in ["ListStarted", "listed a", "ListComplete", "applied b", "applied a"] {
        assert_eq!(next(&mut watch).await, expected);
    }
    // The second says nothing for its 300 seconds, and does not end then. It lasted, so waiting begins anew.
    assert_eq!(*log.lock().unwrap(), ["0 s: watch \"\", initial", "1 s: watch \"7\"", "312 s: watch \"8\""]);
    assert_eq!(watch.status().failures, 2);
    assert!(watch.status().last_failure.unwrap().message.contains("did not end the watch in time"));
}

#[tokio::test(start_paused = true)]
async fn what_somebody_has_to_act_on_is_an_item_and_the_stream_goes_on() {
    let (mut watch, _) = resuming([
        Opens::Fails(Kind::Connect(ConnectFailure::Refused)),
        Opens::Fails(Kind::Connect(ConnectFailure::Refused)),
        Opens::Fails(Kind::Auth),
        Opens::Silent(&[A, END]),
    ]);
    let heard = Arc::new(Mutex::new(0));
    let count = heard.clone();
    watch = watch.on_error(move |_| *count.lock().unwrap() += 1);
    let mut handle = watch.handle();
    assert_eq!(handle.status().phase, WatchPhase::Starting);
    for expected in
        ["error: it is so", "error: it is so", "error: it is so", "ListStarted", "listed a", "ListComplete"]
    {
        assert_eq!(next(&mut watch).await, expected);
    }
    assert_eq!((*heard.lock().unwrap(), watch.status().failures), (3, 3));
    assert_eq!(handle.changed().await.unwrap().phase, WatchPhase::Watching);
    drop(watch);
    while handle.changed().await.is_some() {}

    let (mut watch, _) = resuming([Opens::Silent(&[END]), Opens::Fails(Kind::Request)]);
    assert_eq!(
        (next(&mut watch).await.as_str(), next(&mut watch).await.as_str()),
        ("ListStarted", "ListComplete")
    );
    for expected in ["error: it is so", "end", "end"] {
        assert_eq!(next(&mut watch).await, expected);
    }
    assert_eq!(watch.status().phase, WatchPhase::Stopped);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_cannot_be_read_is_told_of_and_passed() {
    const ODD: &str =
        r#"{"type":"MODIFIED","object":{"metadata":{"name":"odd","resourceVersion":"9"},"spec":"a text"}}"#;
    let (mut watch, _) = resuming([Opens::Silent(&[END, ODD, r#"{"type":"PARTED","object":{}}"#, B])]);
    assert_eq!(
        (next(&mut watch).await.as_str(), next(&mut watch).await.as_str()),
        ("ListStarted", "ListComplete")
    );
    let Some(Ok(ResumingEvent::Unreadable(odd))) = watch.next().await else { panic!() };
    assert_eq!(
        (odd.name.as_deref(), odd.resource_version.as_deref(), odd.deleted),
        (Some("odd"), Some("9"), false)
    );
    assert!(odd.error.is_decode());
    assert_eq!(watch.machine.version(), "9");
    assert_eq!(next(&mut watch).await, "applied b");
    assert_eq!(watch.status().unreadable, 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_a_wait_without_an_end_is_asked_again_within_a_minute() {
    let status = crate::wire::Status { code: Some(429), ..Default::default() };
    let busy = Kind::Status {
        status: Box::new(status),
        http: 429,
        retry_after: Some(Duration::from_secs(u64::MAX)),
    };
    let (mut watch, log) = resuming([Opens::Fails(busy), Opens::Silent(&[END])]);
    assert_eq!(next(&mut watch).await, "ListStarted");
    assert_eq!(*log.lock().unwrap(), ["0 s: watch \"\", initial", "60 s: watch \"\", initial"]);
}

#[tokio::test(start_paused = true)]
async fn what_says_nothing_at_all_is_led_past_by_a_list_when_it_comes_again() {
    const GARBAGE: &str = r#"{"type":"ADDED","object":{"metadata":{"name":5}}}"#;
    let (mut watch, log) =
        resuming([Opens::Silent(&[END, GARBAGE]), Opens::Silent(&[GARBAGE]), Opens::Silent(&[B])]);
    watch = watch.backoff(Backoff::new(Duration::from_secs(1), Duration::from_secs(4)).jitter(0.0));
    for expected in ["ListStarted", "ListComplete", "ListStarted", "ListComplete", "applied b"] {
        assert_eq!(next(&mut watch).await, expected);
    }
    let expected = ["0 s: watch \"\", initial", "1 s: watch \"7\"", "3 s: list \"7\"", "3 s: watch \"50\""];
    assert_eq!(*log.lock().unwrap(), expected);
}

#[test]
fn a_watch_of_its_own_is_small() {
    let machine = size_of::<Machine>();
    let whole = size_of::<ResumingWatch<Widget>>() + size_of::<Watch<Widget>>() + size_of::<WatchStatus>();
    assert!(machine <= 512 && whole <= 2048, "{machine} and {whole} bytes");
}

//! Bodies: compressed ones, endless ones, and both at once.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt as _;

use super::scripted::{Act, Script};
use super::*;
use crate::transport::Body;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

const GZIP: &[(&str, &str)] = &[("content-encoding", "gzip"), ("content-type", "application/json")];

#[tokio::test]
async fn compressed_answers_are_asked_for_and_read_unless_that_is_switched_off() {
    let (client, script) = Script::client([Act::bytes(200, GZIP, gzip(OBJECT.as_bytes()))]);
    assert_eq!(widgets(&client).get("a").await.unwrap().metadata.name.as_deref(), Some("a"));
    assert_eq!(script.sent.lock().unwrap()[0].headers.get("accept-encoding"), Some("gzip"));

    let (client, _) = Script::client([Act::bytes(404, GZIP, gzip(status(404, "NotFound").as_bytes()))]);
    let error = widgets(&client).get("a").await.unwrap_err();
    assert!(error.is_not_found() && !error.is_unexpected_server_response(), "{error}");

    let (client, _) = Script::client([Act::bytes(200, &[("Content-Encoding", "GZIP")], gzip(b"plain"))]);
    let answer = client.rest().get("/x").send().await.unwrap();
    assert_eq!((answer.text().unwrap(), answer.header("content-encoding")), ("plain", None));

    let config = Config::new("http://203.0.113.7").disable_compression(true);
    let (client, script) = Script::configured(config, [Act::answer(200, &[], OBJECT)]);
    widgets(&client).get("a").await.unwrap();
    assert_eq!(script.sent.lock().unwrap()[0].headers.get("accept-encoding"), Some("identity"));
}

#[tokio::test]
async fn a_watch_that_comes_compressed_all_the_same_gives_each_event_when_it_comes() {
    let event = |name: &str| {
        gzip(
            format!("{{\"type\":\"ADDED\",\"object\":{{\"metadata\":{{\"name\":\"{name}\"}}}}}}\n")
                .as_bytes(),
        )
    };
    let pieces = [Ok(Bytes::from(event("a"))), Ok(Bytes::from(event("b")))];
    let body = Body::new(futures_util::stream::iter(pieces).chain(futures_util::stream::pending()));
    let headers = GZIP.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let (client, script) = Script::client([Act::Answer(200, headers, body)]);
    let mut watch = widgets(&client).watch().await.unwrap();
    for name in ["a", "b"] {
        let event = watch.next().await.unwrap().unwrap();
        assert_eq!(event.object().unwrap().metadata.name.as_deref(), Some(name));
    }
    assert_eq!(script.sent.lock().unwrap()[0].headers.get("accept-encoding"), Some("identity"));
}

#[tokio::test(start_paused = true)]
async fn compressed_answers_that_are_cut_or_damaged_are_errors() {
    let whole = gzip(OBJECT.as_bytes());
    let (client, script) = Script::client((0..9).map(|_| Act::bytes(200, GZIP, whole[..20].to_vec())));
    let error = widgets(&client).get("a").await.unwrap_err();
    assert!(error.is_truncated() && script.count() == 5, "{error}");
    for bad in [b"{}".to_vec(), [whole.as_slice(), b"x"].concat()] {
        let (client, script) = Script::client([Act::bytes(200, GZIP, bad)]);
        let error = widgets(&client).get("a").await.unwrap_err();
        assert!(error.is_decode() && error.to_string().contains("disable_compression"), "{error}");
        assert_eq!(script.count(), 1);
    }
    let (client, _) = Script::client([Act::bytes(200, &[("content-encoding", "br")], whole)]);
    let error = widgets(&client).get("a").await.unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("\"br\""), "{error}");
}

#[tokio::test]
async fn h9_a_body_without_end_stops_at_the_cap_and_so_does_one_that_unpacks_without_end() {
    const CAP: usize = 4 << 20;
    let zeros = gzip(&vec![b' '; 64 << 20]);
    assert!(zeros.len() < 100_000, "a thousandfold");
    for (headers, chunk, factor) in [(GZIP, zeros, 1000), (&[][..], vec![b' '; 1 << 16], 1)] {
        for (status, limit) in [(200, CAP), (403, 1 << 20)] {
            let taken = Arc::new(AtomicUsize::new(0));
            let (count, chunk) = (taken.clone(), Bytes::from(chunk.clone()));
            // In small pieces, as a network has them.
            let endless = futures_util::stream::iter(0..).map(move |at: usize| {
                let start = (at * 1024) % chunk.len();
                let piece = chunk.slice(start..(start + 1024).min(chunk.len()));
                count.fetch_add(piece.len(), Ordering::Relaxed);
                Ok(piece)
            });
            let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
            let (client, _) = Script::client([Act::Answer(status, headers, Body::new(endless))]);
            let error =
                widgets(&client.max_response_bytes(CAP)).create(&Widget::default()).await.unwrap_err();
            match status {
                200 => assert!(
                    error.is_body_too_large() && error.to_string().contains("4194304 bytes"),
                    "{error}"
                ),
                _ => assert!(error.is_forbidden() && error.to_string().len() < 4000, "{error}"),
            }
            let most = 2 * limit / factor + (64 << 10);
            assert!(taken.load(Ordering::Relaxed) <= most, "{} of {most}", taken.load(Ordering::Relaxed));
        }
    }
}

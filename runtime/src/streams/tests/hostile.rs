//! Servers that lie, stutter or fall silent: every end has a cause, and no exit code is made up.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::SinkExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame};

use super::{Peer, SUCCESS, Server, failed};
use crate::Error;
use crate::streams::channels::Protocol;
use crate::streams::exec::{self, Wanted};
use crate::streams::output;

/// What becomes of a process whose server does this.
async fn ends(server: impl AsyncFnOnce(Peer)) -> Error {
    let mut double = Server::v5();
    let run = tokio::spawn(double.pods().exec("a", "exec", ["x"]).output());
    server(double.peer().await).await;
    run.await.unwrap().unwrap_err()
}

#[tokio::test]
async fn x3_a_frame_of_a_gibibyte_is_refused_by_its_length() {
    let mut server = Server::v5();
    let run = tokio::spawn(server.pods().exec("a", "exec", ["x"]).output());
    let (_, mut io) = server.raw().await;
    // Binary, final, 2^30 bytes, of which none are there.
    io.write_all(&[0x82, 127, 0, 0, 0, 0, 0x40, 0, 0, 0]).await.unwrap();
    let error = run.await.unwrap().unwrap_err();
    assert!(error.is_body_too_large(), "{error}");
    assert_eq!(io.read_to_end(&mut Vec::new()).await.ok().map(|_| ()), Some(()), "the connection is closed");
}

#[tokio::test]
async fn x3_fragments_are_put_together_up_to_the_same_cap() {
    let fragment = |opcode, last, bytes: &[u8]| {
        Message::Frame(Frame::message(bytes.to_vec(), OpCode::Data(opcode), last))
    };
    let mut server = Server::v5();
    let run = tokio::spawn(server.pods().exec("a", "exec", ["x"]).output());
    let mut peer = server.peer().await;
    for frame in [
        fragment(Data::Binary, false, b"\x01he"),
        fragment(Data::Continue, false, b""),
        Message::Ping(Bytes::new()),
        fragment(Data::Continue, true, b"llo"),
    ] {
        peer.socket.send(frame).await.unwrap();
    }
    peer.end(SUCCESS).await;
    assert_eq!(run.await.unwrap().unwrap().stdout, b"hello");
    let error = ends(async |mut peer| {
        let piece = vec![1; 1 << 20];
        let mut opcode = Data::Binary;
        while peer.socket.send(fragment(opcode, false, &piece)).await.is_ok() {
            opcode = Data::Continue;
        }
    })
    .await;
    assert!(error.is_body_too_large(), "{error}");
}

#[tokio::test]
async fn x3_what_is_not_of_the_protocol_is_said_so() {
    for message in [
        Message::Binary(Bytes::new()),
        Message::Binary(Bytes::from_static(b"\x00stdin")),
        Message::Binary(Bytes::from_static(b"\x04resize")),
        Message::Binary(Bytes::from_static(b"\x07what")),
        Message::Binary(Bytes::from_static(b"\xfe")),
        Message::Binary(Bytes::from_static(b"\xff")),
        Message::Binary(Bytes::from_static(b"\xff\x09")),
        Message::Binary(Bytes::from_static(b"\xff\x01\x02")),
        Message::text("\u{1}hello"),
    ] {
        let name = format!("{message:?}");
        let error = ends(async |mut peer| peer.socket.send(message).await.unwrap()).await;
        assert!(error.is_decode(), "{name}: {error}");
    }
}

#[tokio::test]
async fn x3_an_end_without_a_status_gives_no_exit_code() {
    let close = |code, reason: &'static str| Message::Close(Some(CloseFrame { code, reason: reason.into() }));
    for message in [
        close(CloseCode::Normal, ""),
        close(CloseCode::Error, "internal"),
        Message::Close(None),
        Message::Binary(Bytes::from_static(b"\x03{\"status\":\"Succ")),
        Message::Binary(Bytes::from_static(b"\x03null")),
        Message::Binary(Bytes::from_static(b"\x03{\"status\":\"Success\"} and more")),
        Message::Binary(Bytes::from_static(b"\x01all is well")),
    ] {
        let name = format!("{message:?}");
        let error = ends(async |mut peer| {
            peer.socket.send(message).await.unwrap();
            peer.close().await;
        })
        .await;
        assert!(error.is_transport(), "{name}: {error}");
    }
    // Not even a farewell.
    assert!(ends(async |peer| drop(peer)).await.is_transport());
    let error = ends(async |mut peer| {
        peer.send(1, "some").await;
        drop(peer);
    })
    .await;
    assert!(error.is_transport(), "{error}");
    for code in ["", "0", "-", "1e3", "4294967296"] {
        let error = ends(async |peer| peer.end(&failed(code)).await).await;
        assert!(error.is_decode(), "{code:?}: {error}");
    }
}

/// A connection that says this, and is then cut off as one whose peer hangs up without the farewell of TLS.
struct CutOff(&'static [u8]);

impl AsyncRead for CutOff {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.0.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        out.put_slice(std::mem::take(&mut self.0));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for CutOff {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_connection_that_is_cut_off_after_the_status_has_said_all() {
    let run = async |said| {
        let wanted = Wanted { stdin: false, stdout: true, stderr: true, size: None };
        let process = exec::process(Box::new(CutOff(said)), Protocol::V5, "test".into(), wanted);
        output::collect(process, None, 1000).await
    };
    let output = run(b"\x82\x03\x01hi\x82\x15\x03{\"status\":\"Success\"}").await.unwrap();
    assert!(output.status.success() && output.stdout == b"hi");
    assert!(run(b"\x82\x03\x01hi").await.unwrap_err().is_transport());
}

#[tokio::test]
async fn x3_a_status_without_an_end_is_cut_off() {
    let error = ends(async |mut peer| {
        let piece = vec![b'['; 32 << 10];
        let message = super::super::channels::data(3, &piece);
        while peer.socket.send(Message::Binary(message.clone())).await.is_ok() {}
    })
    .await;
    assert!(error.is_decode(), "{error}");
}

#[tokio::test]
async fn x3_a_flood_of_pings_ends_the_stream() {
    let error = ends(async |mut peer| {
        while peer.socket.send(Message::Ping(Bytes::from_static(&[0; 125]))).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(error.is_decode() && error.to_string().contains("pings"), "{error}");
}

#[tokio::test]
async fn what_the_server_says_in_its_errors_steers_no_terminal() {
    let text = r#"{"status":"Failure","message":"a\u001b]0;pwned\u0007b","code":500}"#;
    let error = ends(async |peer| peer.end(text).await).await.to_string();
    assert!(error.contains("pwned") && !error.contains('\u{1b}') && !error.contains('\u{7}'), "{error}");
}

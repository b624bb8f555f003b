//! WebSocket frames (RFC 6455, section 5) of a client: reading with caps, writing with masks.
//!
//! Pure: bytes in, messages out. A crate would do it too, but the one there is prints what is sent, passwords typed into a terminal
//! included, to the log at its finest level. `tests` holds this against it.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// The most that one message may hold. Servers send 32 KiB at a time.
pub(super) const MAX_MESSAGE: usize = 4 << 20;
/// The most that a control frame may hold.
const MAX_CONTROL: usize = 125;
/// The most frames that one message may come in.
const MAX_FRAGMENTS: u32 = 10_000;

/// What comes and goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    Text,
    Binary(Bytes),
    Ping(Bytes),
    Pong(Bytes),
    Close,
}

/// Why what comes cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    /// More at once than is taken.
    TooLarge,
    /// What no server may send.
    Protocol(&'static str),
}

/// Makes messages of bytes.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) buffer: BytesMut,
    /// A message whose last frame has not come: whether it is text, what there is of it, and in how many frames.
    begun: Option<(bool, BytesMut, u32)>,
}

/// The beginning of a frame.
struct Head {
    last: bool,
    opcode: u8,
    /// Of the head itself, and of what follows it.
    length: usize,
    payload: usize,
}

impl Reader {
    /// The next message that is all there.
    pub(super) fn message(&mut self) -> Result<Option<Message>, Bad> {
        loop {
            let Some(head) = self.head()? else { return Ok(None) };
            let whole = head.length + head.payload;
            if self.buffer.len() < whole {
                // At most a message, which was checked.
                self.buffer.reserve(whole - self.buffer.len());
                return Ok(None);
            }
            self.buffer.advance(head.length);
            let payload = self.buffer.split_to(head.payload);
            match head.opcode {
                8 => return Ok(Some(Message::Close)),
                9 => return Ok(Some(Message::Ping(payload.freeze()))),
                10 => return Ok(Some(Message::Pong(payload.freeze()))),
                opcode => {
                    if let Some(message) = self.data(opcode, head.last, payload)? {
                        return Ok(Some(message));
                    }
                }
            }
        }
    }

    /// Reads the head of a frame, and refuses by what it says.
    fn head(&self) -> Result<Option<Head>, Bad> {
        let [first, second, ..] = *self.buffer else { return Ok(None) };
        let (last, opcode) = (first & 0x80 != 0, first & 0x0f);
        if first & 0x70 != 0 {
            return Err(Bad::Protocol("a frame of an extension"));
        }
        if second & 0x80 != 0 {
            return Err(Bad::Protocol("a masked frame"));
        }
        if !matches!(opcode, 0..=2 | 8..=10) {
            return Err(Bad::Protocol("a frame of an unknown kind"));
        }
        let bytes = |from: usize, to: usize| self.buffer.get(from..to);
        let (length, payload) = match second {
            126 => match bytes(2, 4).and_then(|it| it.try_into().ok()) {
                Some(it) => (4, u64::from(u16::from_be_bytes(it))),
                None => return Ok(None),
            },
            127 => match bytes(2, 10).and_then(|it| it.try_into().ok()) {
                Some(it) => (10, u64::from_be_bytes(it)),
                None => return Ok(None),
            },
            short => (2, u64::from(short)),
        };
        let payload = usize::try_from(payload).map_err(|_| Bad::TooLarge)?;
        if opcode >= 8 && (payload > MAX_CONTROL || !last) {
            return Err(Bad::Protocol("a control frame in pieces"));
        }
        let before = self.begun.as_ref().map_or(0, |(_, begun, _)| begun.len());
        if opcode < 8 && payload > MAX_MESSAGE.saturating_sub(before) {
            return Err(Bad::TooLarge);
        }
        Ok(Some(Head { last, opcode, length, payload }))
    }

    fn data(&mut self, opcode: u8, last: bool, payload: BytesMut) -> Result<Option<Message>, Bad> {
        let (text, whole, frames) = match (opcode, self.begun.take()) {
            (0, None) => return Err(Bad::Protocol("the rest of a message that did not begin")),
            (0, Some((text, mut begun, frames))) => {
                begun.extend_from_slice(&payload);
                (text, begun, frames + 1)
            }
            (_, Some(_)) => return Err(Bad::Protocol("a message within another one")),
            (opcode, None) => (opcode == 1, payload, 1),
        };
        if frames > MAX_FRAGMENTS {
            return Err(Bad::TooLarge);
        }
        if !last {
            self.begun = Some((text, whole, frames));
            return Ok(None);
        }
        Ok(Some(if text { Message::Text } else { Message::Binary(whole.freeze()) }))
    }
}

/// Writes a message, masked as those of clients have to be.
pub(super) fn write(message: &Message, mask: [u8; 4], out: &mut BytesMut) {
    let (opcode, payload): (u8, &[u8]) = match message {
        Message::Text => (1, b""),
        Message::Binary(bytes) => (2, bytes),
        Message::Close => (8, b""),
        Message::Ping(bytes) => (9, bytes),
        Message::Pong(bytes) => (10, bytes),
    };
    out.reserve(payload.len() + 14);
    out.put_u8(0x80 | opcode);
    match payload.len() {
        short @ 0..126 => out.put_u8(0x80 | short as u8),
        middle @ 126..=0xffff => {
            out.put_u8(0x80 | 126);
            out.put_u16(middle as u16);
        }
        long => {
            out.put_u8(0x80 | 127);
            out.put_u64(long as u64);
        }
    }
    out.put_slice(&mask);
    for piece in payload.chunks(4) {
        for (byte, mask) in piece.iter().zip(mask) {
            out.put_u8(byte ^ mask);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{SinkExt, StreamExt};
    use proptest::prelude::*;
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::protocol::Role;
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
    use tokio_tungstenite::tungstenite::{Bytes as TheirBytes, Message as Theirs};

    use super::*;

    fn read_all(bytes: &[u8], cut: usize) -> (Vec<Message>, Option<Bad>) {
        let (mut reader, mut seen) = (Reader::default(), Vec::new());
        for piece in bytes.chunks(cut.max(1)) {
            reader.buffer.extend_from_slice(piece);
            loop {
                match reader.message() {
                    Ok(Some(message)) => seen.push(message),
                    Ok(None) => break,
                    Err(bad) => return (seen, Some(bad)),
                }
            }
        }
        (seen, None)
    }

    /// What the other implementation, as a server, makes of messages.
    async fn theirs(messages: Vec<Theirs>) -> Vec<u8> {
        let (one, mut other) = tokio::io::duplex(32 << 20);
        let mut socket = WebSocketStream::from_raw_socket(one, Role::Server, None).await;
        for message in messages {
            socket.send(message).await.unwrap();
        }
        drop(socket);
        let mut bytes = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut other, &mut bytes).await.unwrap();
        bytes
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_another_implementation_sends_is_read_wherever_it_is_cut(
            pieces in prop::collection::vec((0u8..4, prop::collection::vec(any::<u8>(), 0..300)), 0..8),
            cut in 1usize..700,
        ) {
            let mut sent = Vec::new();
            let mut wanted = Vec::new();
            for (kind, mut bytes) in pieces {
                match kind {
                    0 => {
                        bytes.truncate(125);
                        sent.push(Theirs::Ping(TheirBytes::from(bytes.clone())));
                        wanted.push(Message::Ping(bytes.into()));
                    }
                    1 => {
                        let (one, two) = bytes.split_at(bytes.len() / 2);
                        sent.push(Theirs::Frame(Frame::message(one.to_vec(), OpCode::Data(Data::Binary), false)));
                        sent.push(Theirs::Pong(TheirBytes::from_static(b"between")));
                        sent.push(Theirs::Frame(Frame::message(two.to_vec(), OpCode::Data(Data::Continue), true)));
                        wanted.push(Message::Pong(Bytes::from_static(b"between")));
                        wanted.push(Message::Binary(bytes.into()));
                    }
                    2 => {
                        let long = bytes.repeat(300);
                        sent.push(Theirs::Binary(TheirBytes::from(long.clone())));
                        wanted.push(Message::Binary(long.into()));
                    }
                    _ => {
                        sent.push(Theirs::text("text"));
                        wanted.push(Message::Text);
                    }
                }
            }
            sent.push(Theirs::Close(None));
            wanted.push(Message::Close);
            let bytes = runtime().block_on(theirs(sent));
            prop_assert_eq!(read_all(&bytes, cut), (wanted, None));
        }

        #[test]
        fn what_is_written_is_read_by_another_implementation(
            lengths in prop::collection::vec(prop_oneof![0usize..130, 65_000usize..66_000], 1..6),
            mask: [u8; 4],
        ) {
            let mut out = BytesMut::new();
            for length in &lengths {
                let payload: Vec<u8> = (0..*length).map(|at| at as u8).collect();
                write(&Message::Binary(payload.into()), mask, &mut out);
            }
            let read = runtime().block_on(async {
                let (one, mut other) = tokio::io::duplex(1 << 20);
                tokio::io::AsyncWriteExt::write_all(&mut other, &out).await.unwrap();
                drop(other);
                let mut socket = WebSocketStream::from_raw_socket(one, Role::Server, None).await;
                let mut read = Vec::new();
                while let Some(Ok(Theirs::Binary(bytes))) = socket.next().await {
                    assert!(bytes.iter().enumerate().all(|(at, byte)| *byte == at as u8));
                    read.push(bytes.len());
                }
                read
            });
            prop_assert_eq!(read, lengths);
        }

        #[test]
        fn x3_any_bytes_are_the_same_wherever_they_are_cut(bytes: Vec<u8>, cut in 1usize..40) {
            prop_assert_eq!(read_all(&bytes, cut), read_all(&bytes, usize::MAX));
        }
    }

    #[test]
    fn x3_frames_that_no_server_may_send_are_refused() {
        for (bytes, bad) in [
            (&[0xc2, 0][..], Bad::Protocol("a frame of an extension")),
            (&[0x82, 0x80], Bad::Protocol("a masked frame")),
            (&[0x83, 0], Bad::Protocol("a frame of an unknown kind")),
            (&[0x8b, 0], Bad::Protocol("a frame of an unknown kind")),
            (&[0x89, 126, 0, 126], Bad::Protocol("a control frame in pieces")),
            (&[0x09, 0], Bad::Protocol("a control frame in pieces")),
            (&[0x80, 0], Bad::Protocol("the rest of a message that did not begin")),
            (&[0x02, 0, 0x82, 0], Bad::Protocol("a message within another one")),
            (&[0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255], Bad::TooLarge),
            (&[0x82, 127, 0, 0, 0, 0, 0x40, 0, 0, 0], Bad::TooLarge),
        ] {
            assert_eq!(read_all(bytes, 1).1, Some(bad), "{bytes:?}");
        }
        let mut endless = vec![0x02, 0];
        endless.extend([0x00, 0].repeat(MAX_FRAGMENTS as usize));
        assert_eq!(read_all(&endless, 1000), (Vec::new(), Some(Bad::TooLarge)), "pieces of nothing");
    }
}

//! The channels of `v4.channel.k8s.io` and `v5.channel.k8s.io`: which byte a message begins with, and what follows it.
//!
//! Pure: no IO, no state but that of the two bytes that begin the channels of a port.

use bytes::{BufMut, Bytes, BytesMut};

/// The standard input.
pub(super) const STDIN: u8 = 0;
/// The standard output.
pub(super) const STDOUT: u8 = 1;
/// The standard error.
pub(super) const STDERR: u8 = 2;
/// How it ended: a Status.
pub(super) const STATUS: u8 = 3;
/// The size of the terminal.
pub(super) const RESIZE: u8 = 4;
/// What a port receives and sends.
pub(super) const DATA: u8 = 0;
/// What went wrong with a port, in words.
pub(super) const PORT_ERROR: u8 = 1;
/// v5: a channel is closed, and the byte that follows says which.
const CLOSE: u8 = 255;

/// Which protocol was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Channels, and a Status at the end.
    V4,
    /// The same, and a channel can be closed.
    V5,
}

impl Protocol {
    pub(super) fn name(self) -> &'static str {
        match self {
            Protocol::V4 => "v4.channel.k8s.io",
            Protocol::V5 => "v5.channel.k8s.io",
        }
    }
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    /// Bytes of a channel; none at all are a sign of life.
    Data(u8, Bytes),
    /// A channel that nothing more comes from.
    Closed(u8),
}

/// Reads one message.
pub(super) fn read(protocol: Protocol, mut message: Bytes) -> Result<Incoming, &'static str> {
    let Some(channel) = message.first().copied() else { return Err("a message without a channel") };
    let rest = message.split_off(1);
    match (protocol, channel) {
        (Protocol::V5, CLOSE) => match *rest {
            [CLOSE] => Err("the closing of a channel that cannot be closed"),
            [closed] => Ok(Incoming::Closed(closed)),
            _ => Err("the closing of no single channel"),
        },
        _ => Ok(Incoming::Data(channel, rest)),
    }
}

/// A message with bytes of a channel.
pub(super) fn data(channel: u8, bytes: &[u8]) -> Bytes {
    let mut message = BytesMut::with_capacity(bytes.len() + 1);
    message.put_u8(channel);
    message.extend_from_slice(bytes);
    message.freeze()
}

/// The message that closes a channel, where the protocol has one.
pub(super) fn close(protocol: Protocol, channel: u8) -> Option<Bytes> {
    (protocol == Protocol::V5).then(|| Bytes::copy_from_slice(&[CLOSE, channel]))
}

/// The message with the size of the terminal.
pub(super) fn resize(width: u16, height: u16) -> Bytes {
    data(RESIZE, format!("{{\"Width\":{width},\"Height\":{height}}}").as_bytes())
}

/// The two bytes that each channel of a forwarded port begins with: the port itself, low byte first.
#[derive(Debug)]
pub(super) struct PortPrefix {
    port: u16,
    seen: u8,
}

impl PortPrefix {
    pub(super) fn new(port: u16) -> Self {
        PortPrefix { port, seen: 0 }
    }

    /// Takes the bytes that belong to the prefix off.
    pub(super) fn strip(&mut self, mut bytes: Bytes) -> Result<Bytes, &'static str> {
        let [low, high] = self.port.to_le_bytes();
        while self.seen < 2 {
            let expected = if self.seen == 0 { low } else { high };
            match bytes.first() {
                None => return Ok(bytes),
                Some(byte) if *byte == expected => {
                    bytes = bytes.split_off(1);
                    self.seen += 1;
                }
                Some(_) => return Err("a channel of another port than was asked for"),
            }
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(channel in 0u8..255, bytes: Vec<u8>, v5: bool) {
            let protocol = if v5 { Protocol::V5 } else { Protocol::V4 };
            let message = data(channel, &bytes);
            prop_assert_eq!(read(protocol, message).unwrap(), Incoming::Data(channel, bytes.into()));
        }

        #[test]
        fn x3_any_message_is_read_or_refused_and_nothing_is_added(bytes: Vec<u8>, v5: bool) {
            let protocol = if v5 { Protocol::V5 } else { Protocol::V4 };
            match read(protocol, bytes.clone().into()) {
                Ok(Incoming::Data(channel, rest)) => prop_assert_eq!(data(channel, &rest), bytes),
                Ok(Incoming::Closed(channel)) => prop_assert_eq!(&close(protocol, channel).unwrap(), &bytes),
                Err(_) => prop_assert!(bytes.is_empty() || (v5 && bytes[0] == 255)),
            }
        }

        #[test]
        fn the_prefix_of_a_port_is_taken_off_wherever_messages_begin(port: u16, bytes: Vec<u8>, cuts: Vec<u8>) {
            let mut all = port.to_le_bytes().to_vec();
            all.extend(&bytes);
            let mut all = Bytes::from(all);
            let mut prefix = PortPrefix::new(port);
            let mut seen = Vec::new();
            for cut in cuts {
                let at = all.len().min(usize::from(cut % 4));
                seen.extend(prefix.strip(all.split_to(at)).unwrap());
            }
            seen.extend(prefix.strip(all).unwrap());
            prop_assert_eq!(seen, bytes);
        }
    }

    #[test]
    fn a_channel_of_another_port_is_refused() {
        assert_eq!(PortPrefix::new(8080).strip(Bytes::from_static(&[0x90, 0x1f, 7])).unwrap(), &[7][..]);
        assert!(PortPrefix::new(8080).strip(Bytes::from_static(&[0x90, 0x20])).is_err());
    }

    #[test]
    fn only_v5_closes_channels_and_none_of_its_own_number() {
        assert_eq!(close(Protocol::V4, STDIN), None);
        assert_eq!(close(Protocol::V5, STDIN).unwrap(), &[255, 0][..]);
        assert_eq!(read(Protocol::V5, Bytes::from_static(&[255, 1])), Ok(Incoming::Closed(1)));
        for bad in [&[][..], &[255], &[255, 255], &[255, 0, 0]] {
            assert!(read(Protocol::V5, Bytes::from_static(bad)).is_err(), "{bad:?}");
        }
        assert_eq!(resize(80, 24), &b"\x04{\"Width\":80,\"Height\":24}"[..]);
    }
}

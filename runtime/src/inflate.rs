//! gzip undone as it comes: any number of members one after the other, cut into pieces anywhere.
//!
//! A server that compresses a watch writes one member for each event, so what is known of an event is given out before the
//! next one comes. It deliberately never makes more than [`PIECE`] bytes at once, however well they were packed: who reads
//! decides how much is enough.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use flate2::{Crc, Decompress, FlushDecompress, Status};
use futures_core::Stream;

use crate::transport::{Body, Failure, FailureKind};

/// The most that is given out at once.
const PIECE: usize = 32 << 10;

/// The same body, uncompressed.
pub(crate) fn body(body: Body) -> Body {
    Body::new(Inflating {
        body: Some(body),
        input: Bytes::new(),
        inflate: Inflate::new(),
        piece: Vec::with_capacity(PIECE),
    })
}

struct Inflating {
    /// None after the end or a failure.
    body: Option<Body>,
    input: Bytes,
    inflate: Inflate,
    piece: Vec<u8>,
}

impl Stream for Inflating {
    type Item = Result<Bytes, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            let Some(body) = &mut this.body else { return Poll::Ready(None) };
            this.piece.clear();
            if let Err(why) = this.inflate.step(&mut this.input, &mut this.piece) {
                this.body = None;
                return Poll::Ready(Some(Err(failure(FailureKind::Encoding, why))));
            }
            if !this.piece.is_empty() {
                // A long answer is handed on as it is; an event must not hold the room of a whole piece.
                let piece = match this.piece.len() > PIECE / 2 {
                    true => std::mem::replace(&mut this.piece, Vec::with_capacity(PIECE)).into(),
                    false => Bytes::copy_from_slice(&this.piece),
                };
                return Poll::Ready(Some(Ok(piece)));
            }
            match ready!(body.poll_chunk(cx)) {
                Some(Ok(chunk)) => this.input = chunk,
                Some(Err(failure)) => {
                    this.body = None;
                    return Poll::Ready(Some(Err(failure)));
                }
                None => {
                    this.body = None;
                    let whole = this.inflate.stage == Stage::Fixed(0);
                    let cut = || failure(FailureKind::Broken, "the compressed data ends in the middle");
                    return Poll::Ready((!whole).then(|| Err(cut())));
                }
            }
        }
    }
}

fn failure(kind: FailureKind, message: &str) -> Failure {
    Failure { kind, message: message.to_owned(), hint: None }
}

/// Which byte comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// One of the ten that every member begins with. Before the first of them the data may end.
    Fixed(u8),
    /// The length of the extra field, low byte and high byte.
    ExtraLength(Option<u8>),
    /// So many bytes of the extra field.
    Extra(u16),
    /// The rest of the name, up to a zero.
    Name,
    /// The rest of the comment, up to a zero.
    Comment,
    /// The checksum of the header, which nobody needs here.
    HeaderCheck(u8),
    /// Deflated data.
    Data,
    /// One of the eight that every member ends with.
    Trailer(u8),
}

/// RFC 1952, without IO.
struct Inflate {
    stage: Stage,
    flags: u8,
    data: Decompress,
    check: Crc,
    trailer: u64,
}

impl Inflate {
    const HEADER_CHECK: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;

    fn new() -> Inflate {
        Inflate {
            stage: Stage::Fixed(0),
            flags: 0,
            data: Decompress::new(false),
            check: Crc::new(),
            trailer: 0,
        }
    }

    /// Takes from `input` and fills what is free in `out`, until one of them is at its end.
    fn step(&mut self, input: &mut Bytes, out: &mut Vec<u8>) -> Result<(), &'static str> {
        loop {
            if self.stage == Stage::Data {
                // Also without input: there may be more to come of what was taken before.
                if out.len() == out.capacity() || !self.inflate(input, out)? {
                    return Ok(());
                }
            } else {
                if !input.has_remaining() {
                    return Ok(());
                }
                self.stage = self.frame(input.get_u8())?;
            }
        }
    }

    /// Whether there is something to go on with.
    fn inflate(&mut self, input: &mut Bytes, out: &mut Vec<u8>) -> Result<bool, &'static str> {
        let before = (self.data.total_in(), self.data.total_out(), out.len());
        let status = self
            .data
            .decompress_vec(input, out, FlushDecompress::None)
            .map_err(|_| "the compressed data is damaged")?;
        let taken = self.data.total_in() - before.0;
        input.advance(usize::try_from(taken).unwrap_or(usize::MAX).min(input.len()));
        self.check.update(out.get(before.2..).unwrap_or_default());
        if status == Status::StreamEnd {
            self.stage = Stage::Trailer(0);
            self.trailer = 0;
            return Ok(true);
        }
        let stuck = taken == 0 && self.data.total_out() == before.1;
        if stuck && input.has_remaining() && out.len() < out.capacity() {
            return Err("the compressed data is damaged");
        }
        Ok(!stuck)
    }

    /// One byte of the frame around the data.
    fn frame(&mut self, byte: u8) -> Result<Stage, &'static str> {
        Ok(match self.stage {
            Stage::Fixed(at @ 0..=2) => {
                let expected = [0x1f, 0x8b, 8];
                if expected.get(usize::from(at)) != Some(&byte) {
                    return Err("the data is not compressed as it says");
                }
                Stage::Fixed(at + 1)
            }
            Stage::Fixed(3) => {
                if byte & 0xe0 != 0 {
                    return Err("the compressed data has flags that nobody knows");
                }
                self.flags = byte;
                Stage::Fixed(4)
            }
            Stage::Fixed(at) if at < 9 => Stage::Fixed(at + 1),
            Stage::Fixed(_) => self.after(0),
            Stage::ExtraLength(None) => Stage::ExtraLength(Some(byte)),
            Stage::ExtraLength(Some(low)) => match u16::from_le_bytes([low, byte]) {
                0 => self.after(Self::EXTRA),
                length => Stage::Extra(length),
            },
            Stage::Extra(1) => self.after(Self::EXTRA),
            Stage::Extra(left) => Stage::Extra(left.saturating_sub(1)),
            Stage::Name if byte == 0 => self.after(Self::NAME),
            Stage::Comment if byte == 0 => self.after(Self::COMMENT),
            same @ (Stage::Name | Stage::Comment) => same,
            Stage::HeaderCheck(0) => Stage::HeaderCheck(1),
            Stage::HeaderCheck(_) => Stage::Data,
            Stage::Data => Stage::Data,
            Stage::Trailer(at) => {
                self.trailer |= u64::from(byte) << (8 * u32::from(at.min(7)));
                if at < 7 {
                    return Ok(Stage::Trailer(at + 1));
                }
                let length = self.data.total_out() & u64::from(u32::MAX);
                if self.trailer != u64::from(self.check.sum()) | (length << 32) {
                    return Err("the compressed data is damaged: its checksum is another");
                }
                self.data.reset(false);
                self.check.reset();
                Stage::Fixed(0)
            }
        })
    }

    /// What comes after the part of the header with this flag. They come in the order of their flags, but for the checksum.
    fn after(&self, flag: u8) -> Stage {
        let has = |part| part > flag && self.flags & part != 0;
        if has(Self::EXTRA) {
            Stage::ExtraLength(None)
        } else if has(Self::NAME) {
            Stage::Name
        } else if has(Self::COMMENT) {
            Stage::Comment
        } else if self.flags & Self::HEADER_CHECK != 0 {
            Stage::HeaderCheck(0)
        } else {
            Stage::Data
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::write::GzEncoder;
    use flate2::{Compression, GzBuilder};
    use proptest::prelude::*;

    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn chunks(pieces: &[&[u8]]) -> Body {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        body(Body::new(futures_util::stream::iter(pieces)))
    }

    async fn read(mut body: Body) -> (Vec<u8>, Option<FailureKind>) {
        let mut all = Vec::new();
        while let Some(chunk) = body.chunk().await {
            match chunk {
                Ok(chunk) => {
                    assert!(!chunk.is_empty() && chunk.len() <= PIECE);
                    all.extend_from_slice(&chunk);
                }
                Err(failure) => {
                    assert!(body.chunk().await.is_none(), "nothing follows a failure");
                    return (all, Some(failure.kind));
                }
            }
        }
        (all, None)
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[tokio::test]
    async fn each_member_is_given_out_before_the_next_one_comes() {
        use futures_util::StreamExt as _;
        let event = gzip(b"one\n");
        let silent =
            futures_util::stream::iter([Ok(Bytes::from(event))]).chain(futures_util::stream::pending());
        let mut body = body(Body::new(silent));
        assert_eq!(body.chunk().await.unwrap().unwrap(), "one\n");
        let more = std::future::poll_fn(|cx| Poll::Ready(body.poll_chunk(cx).is_pending()));
        assert!(more.await);
    }

    #[tokio::test]
    async fn every_part_that_a_header_can_have_is_passed_over() {
        let build = |builder: GzBuilder, data: &[u8]| {
            let mut encoder = builder.write(Vec::new(), Compression::best());
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        };
        let mut all = build(GzBuilder::new().extra(vec![7; 300]).filename("n").comment("c").mtime(9), b"a");
        all.extend(build(GzBuilder::new().extra(Vec::new()), b"b"));
        all.extend(build(GzBuilder::new().comment("only"), b"c"));
        // The checksum of the header, which this library does not write: flag 2, two bytes before the data.
        let mut checked = build(GzBuilder::new().filename("x"), b"d");
        checked[3] |= Inflate::HEADER_CHECK;
        checked.splice(12..12, [0xab, 0xcd]);
        all.extend(checked);
        all.extend(gzip(b""));
        let bytes: Vec<&[u8]> = all.chunks(1).collect();
        assert_eq!(read(chunks(&bytes)).await, (b"abcd".to_vec(), None));
    }

    #[tokio::test]
    async fn what_is_cut_damaged_or_no_gzip_at_all_is_told_apart() {
        let whole = gzip(b"some text that is long enough to be cut anywhere");
        for end in 1..whole.len() {
            assert_eq!(read(chunks(&[&whole[..end]])).await.1, Some(FailureKind::Broken), "cut at {end}");
        }
        assert_eq!(read(chunks(&[])).await, (Vec::new(), None), "nothing is no answer that was cut");
        let mut damaged = whole.clone();
        let last = damaged.len() - 1;
        damaged[last] ^= 1;
        for bad in [damaged.as_slice(), b"{\"kind\":\"Status\"}", b"\x1f\x8b\x07", b"\x1f\x8b\x08\xff"] {
            assert_eq!(read(chunks(&[bad])).await.1, Some(FailureKind::Encoding), "{bad:?}");
        }
        assert_eq!(read(chunks(&[&whole, b"rest"])).await.1, Some(FailureKind::Encoding));
        let mut broken = gzip(&vec![0; 1000]);
        broken[10] = 0xff;
        assert_eq!(read(chunks(&[&broken])).await.1, Some(FailureKind::Encoding));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_members_cut_anywhere_give_the_same_bytes(
            members in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..200), 1usize..2000), 0..6),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        ) {
            let plain: Vec<Vec<u8>> = members.iter().map(|(data, times)| data.repeat(*times)).collect();
            let packed: Vec<u8> = plain.iter().flat_map(|data| gzip(data)).collect();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(packed.len() + 1)).chain([0, packed.len()]).collect();
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &packed[pair[0]..pair[1]]).collect();
            let (all, failed) = run(read(chunks(&pieces)));
            prop_assert_eq!(failed, None);
            prop_assert!(all == plain.concat());
        }

        #[test]
        fn nothing_makes_it_panic(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..6), magic in any::<bool>()) {
            let start: &[u8] = if magic { b"\x1f\x8b\x08\x00\0\0\0\0\0\0" } else { b"" };
            let pieces: Vec<&[u8]> = [start].into_iter().chain(pieces.iter().map(Vec::as_slice)).collect();
            run(read(chunks(&pieces)));
        }
    }
}

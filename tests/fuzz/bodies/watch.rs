//! The watch framer: wherever the network cuts, the same frames; and the events in them are read without a panic.

use clientset::runtime::{Frames, TooLong, fuzz_watch};

/// Small, so that lines beyond it are met.
const LIMIT: usize = 64;

/// The first byte tells how many bytes of cuts follow; the rest is the stream.
pub(super) fn check(data: &[u8]) {
    let (&count, rest) = data.split_first().unwrap_or((&0, &[]));
    let (cuts, stream) = rest.split_at((usize::from(count) % 32).min(rest.len()));
    let expected = by_hand(stream);
    assert_eq!(frames(std::iter::once(stream)), expected, "in one chunk");
    assert_eq!(frames(stream.chunks(1)), expected, "byte by byte");
    assert_eq!(frames(Chunks { cuts, next: 0, rest: stream }), expected, "cut after {cuts:?}");
    fuzz_watch(stream, usize::from(count));
}

/// Whole lines, and what is left behind the last one.
type Outcome = (Vec<Result<Vec<u8>, TooLong>>, Vec<u8>);

/// What the frames are, said in the plainest way.
fn by_hand(stream: &[u8]) -> Outcome {
    let mut lines: Vec<&[u8]> = stream.split(|&byte| byte == b'\n').collect();
    let rest = lines.pop().unwrap_or_default();
    let mut frames = Vec::new();
    for line in lines {
        if line.len() > LIMIT {
            frames.push(Err(TooLong { limit: LIMIT }));
            return (frames, Vec::new());
        }
        if !line.trim_ascii().is_empty() {
            frames.push(Ok(line.trim_ascii().to_vec()));
        }
    }
    if rest.len() > LIMIT {
        frames.push(Err(TooLong { limit: LIMIT }));
        return (frames, Vec::new());
    }
    (frames, rest.trim_ascii().to_vec())
}

fn frames<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut frames = Frames::with_limit(LIMIT);
    let mut out = Vec::new();
    for chunk in chunks {
        frames.push(chunk);
        while let Some(frame) = frames.frame() {
            let failed = frame.is_err();
            out.push(frame.map(<[u8]>::to_vec));
            if failed {
                return (out, Vec::new());
            }
        }
    }
    let rest = frames.rest().to_vec();
    (out, rest)
}

/// Pieces as long as the cuts say, over and over; of length zero too.
struct Chunks<'a> {
    cuts: &'a [u8],
    next: usize,
    rest: &'a [u8],
}

impl<'a> Iterator for Chunks<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        // Past the first round no piece is empty, so that it ends.
        let first_round = self.next < self.cuts.len();
        let length = self.cuts.get(self.next % self.cuts.len().max(1)).map_or(1, |&cut| usize::from(cut));
        self.next += 1;
        let length = if first_round { length } else { length.max(1) };
        let (piece, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        Some(piece)
    }
}

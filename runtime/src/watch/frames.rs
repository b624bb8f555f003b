//! Cutting a stream of bytes into lines of JSON, wherever the network cut it.
//!
//! Pure: bytes in, frames out. A frame is bounded, so that a server cannot fill the memory with one event.

/// The longest event; the same bound that client-go has.
pub(crate) const MAX_FRAME: usize = 16 << 20;

/// So much memory is kept while there is nothing in it: with a thousand watches it is a thousand times as much.
const IDLE: usize = 4 << 10;

/// Collects bytes and gives out whole lines.
#[derive(Debug)]
#[doc(hidden)]
pub struct Frames {
    buffer: Vec<u8>,
    /// Where the next frame begins.
    start: usize,
    /// Up to where no line end was found.
    scanned: usize,
    limit: usize,
}

/// A frame is longer than allowed.
#[derive(Debug, PartialEq, Eq)]
#[doc(hidden)]
pub struct TooLong {
    /// The most that is allowed.
    pub limit: usize,
}

impl Default for Frames {
    fn default() -> Self {
        Frames::with_limit(MAX_FRAME)
    }
}

impl Frames {
    /// With a bound of one's own.
    pub fn with_limit(limit: usize) -> Self {
        Frames { buffer: Vec::new(), start: 0, scanned: 0, limit }
    }

    /// Adds what came from the network.
    pub fn push(&mut self, chunk: &[u8]) {
        if self.start == self.buffer.len() {
            self.rewind();
        } else if self.start > self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.scanned -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(chunk);
    }

    /// The next whole line that is not blank, without its end.
    ///
    /// # Errors
    ///
    /// When it is longer than allowed. Nothing useful follows.
    pub fn frame(&mut self) -> Option<Result<&[u8], TooLong>> {
        loop {
            let Some(end) = memchr::memchr(b'\n', &self.buffer[self.scanned..]).map(|at| self.scanned + at)
            else {
                if self.start == self.buffer.len() {
                    self.rewind();
                }
                self.scanned = self.buffer.len();
                let long = self.buffer.len() - self.start > self.limit;
                return long.then_some(Err(TooLong { limit: self.limit }));
            };
            let (start, limit) = (self.start, self.limit);
            self.start = end + 1;
            self.scanned = end + 1;
            if end - start > limit {
                return Some(Err(TooLong { limit }));
            }
            if !self.buffer[start..end].trim_ascii().is_empty() {
                return Some(Ok(self.buffer[start..end].trim_ascii()));
            }
        }
    }

    /// Everything was given out.
    fn rewind(&mut self) {
        self.buffer.clear();
        // A burst must not hold its memory for the hours that a watch then is quiet.
        if self.buffer.capacity() > IDLE {
            self.buffer = Vec::new();
        }
        (self.start, self.scanned) = (0, 0);
    }

    /// What is left at the end of the stream: an unfinished line, or nothing.
    pub fn rest(&self) -> &[u8] {
        self.buffer[self.start..].trim_ascii()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames_of(chunks: &[&[u8]], limit: usize) -> (Vec<Result<Vec<u8>, TooLong>>, Vec<u8>) {
        let mut frames = Frames::with_limit(limit);
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
        (out, frames.rest().to_vec())
    }

    #[test]
    fn lines_are_cut_blank_ones_skipped_and_the_rest_kept() {
        let (frames, rest) = frames_of(&[b"{\"a\"", b":1}\r", b"\n\n \n", b"", b"{}\n{", b"}"], 100);
        assert_eq!(frames, [Ok(b"{\"a\":1}".to_vec()), Ok(b"{}".to_vec())]);
        assert_eq!(rest, b"{}");
    }

    #[test]
    fn memory_is_given_back_once_all_lines_were_taken() {
        let mut frames = Frames::with_limit(1 << 20);
        let line = vec![b'x'; 100_000];
        frames.push(&line);
        assert!(frames.frame().is_none());
        frames.push(b"\n");
        assert_eq!(frames.frame().map(|it| it.map(<[u8]>::len)), Some(Ok(100_000)));
        assert!(frames.frame().is_none());
        assert!(frames.buffer.capacity() <= IDLE);
    }

    #[test]
    fn frames_longer_than_the_limit_are_refused_whether_they_end_or_not() {
        let long = Err(TooLong { limit: 4 });
        assert_eq!(frames_of(&[b"1234\n12345\n"], 4).0, [Ok(b"1234".to_vec()), long]);
        assert_eq!(frames_of(&[b"123", b"45"], 4).0, [Err(TooLong { limit: 4 })]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn any_chunk_boundaries_give_the_same_frames(
            lines in prop::collection::vec("[ -~]{0,40}", 0..20),
            cuts in prop::collection::vec(0usize..800, 0..40),
        ) {
            let text: Vec<u8> = lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
            prop_assert_eq!(frames_of(&chunks, 1000), frames_of(&[&text], 1000));
        }
    }
}

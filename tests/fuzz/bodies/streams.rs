//! The reader of streams: whatever a server sends after the handshake, and wherever it is cut, there is an end, no more output than was
//! sent, and no exit code that nobody said.

use clientset::runtime::fuzz_streams::run;

/// The first byte says the protocol and how the rest is cut.
pub(super) fn check(data: &[u8]) {
    let (&first, sent) = data.split_first().unwrap_or((&0, &[]));
    let (v5, piece) = (first & 1 == 1, usize::from(first >> 1) + 1);
    let ended = run(sent, piece, v5);
    assert_eq!(ended, run(sent, usize::MAX, v5), "the same wherever it is cut");
    let Some((output, status)) = ended else { return };
    assert!(output <= sent.len(), "{output} bytes of {}", sent.len());
    // The text of a Status is in the input, unless it is escaped or in more than one message.
    let whole = |text: &[u8]| sent.windows(text.len()).any(|window| window == text);
    let parted = sent.iter().filter(|byte| **byte == 3).count() > 1 || sent.contains(&b'\\');
    assert!(parted || whole(if status.success() { b"Success" } else { b"ExitCode" }), "{status} was made up");
}

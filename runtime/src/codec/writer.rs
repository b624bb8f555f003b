//! Appending JSON to a string.

use super::reader::plain_end;

/// Collects the JSON of one value. Handed to [`Value::encode`](super::Value::encode).
#[derive(Debug, Default)]
pub struct Writer {
    text: String,
    /// Whether a member or item stands before the next one at this level.
    more: bool,
    /// Members that found no place again, by path: see [`encode_restoring`](super::encode_restoring).
    pub(super) lost: Vec<String>,
    /// Whether required members that are at their default are left out: see [`to_sparse_string`](super::to_sparse_string).
    pub(super) sparse: bool,
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Writer::default()
    }

    pub(super) fn with_sparse(sparse: bool) -> Self {
        Writer { sparse, ..Writer::default() }
    }

    /// What was written.
    pub fn into_string(self) -> String {
        self.text
    }

    /// Writes a string with what JSON wants escaped.
    pub fn string(&mut self, value: &str) {
        self.text.push('"');
        let bytes = value.as_bytes();
        let mut from = 0;
        loop {
            let at = plain_end(bytes, from);
            self.text.push_str(&value[from..at]);
            let Some(byte) = bytes.get(at) else { break };
            self.escape(*byte);
            from = at + 1;
        }
        self.text.push('"');
    }

    #[cold]
    fn escape(&mut self, byte: u8) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        match byte {
            b'"' => self.text.push_str("\\\""),
            b'\\' => self.text.push_str("\\\\"),
            b'\n' => self.text.push_str("\\n"),
            b'\r' => self.text.push_str("\\r"),
            b'\t' => self.text.push_str("\\t"),
            _ => {
                self.text.push_str("\\u00");
                self.text.push(HEX[usize::from(byte >> 4)] as char);
                self.text.push(HEX[usize::from(byte & 15)] as char);
            }
        }
    }

    /// Writes JSON text as it stands: the caller vouches for it.
    pub fn raw(&mut self, json: &str) {
        self.text.push_str(json);
    }

    /// Writes an integer.
    pub fn integer(&mut self, value: i64) {
        self.text.push_str(itoa::Buffer::new().format(value));
    }

    /// Opens an object or list.
    pub(crate) fn open(&mut self, bracket: char) {
        self.text.push(bracket);
        self.more = false;
    }

    /// Closes an object or list.
    pub(crate) fn close(&mut self, bracket: char) {
        self.text.push(bracket);
        self.more = true;
    }

    /// Separates the next item from the last.
    #[inline]
    pub(crate) fn next(&mut self) {
        if self.more {
            self.text.push(',');
        }
        self.more = true;
    }

    /// Notes that a value was written at this level.
    pub(crate) fn written(&mut self) {
        self.more = true;
    }

    /// The place written up to, for [`Writer::rewind`].
    pub(crate) fn mark(&self) -> usize {
        self.text.len()
    }

    /// Takes back what was written since `mark`.
    pub(crate) fn rewind(&mut self, mark: usize) {
        self.text.truncate(mark);
    }

    /// Starts a member.
    pub(crate) fn name(&mut self, name: &str) {
        self.next();
        self.string(name);
        self.text.push(':');
    }
}

//! A strict JSON reader over one text in memory (RFC 8259: strict escapes, no control characters in strings).
//!
//! It deliberately builds no tree: types are filled in place, and what nobody asked for is checked and skipped.

use std::borrow::Cow;

use super::DecodeError;
use super::decode::MAX_DEPTH;
use super::unknown::Found;

/// Reads JSON values one after another. Handed to [`Value::decode`](super::Value::decode).
pub struct Reader<'a> {
    text: &'a str,
    position: usize,
    depth: usize,
    /// Unknown members met so far, until the kind they belong to takes them.
    pub(super) unknown: Vec<Found>,
    /// How many bytes may still be written to tell items of lists apart.
    pub(super) fingerprints: usize,
}

/// What sort of value comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peek {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// `[`
    Array,
    /// `{`
    Object,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `text`.
    pub fn new(text: &'a str) -> Self {
        Reader {
            text,
            position: 0,
            depth: 0,
            unknown: Vec::new(),
            fingerprints: text.len().saturating_mul(32).saturating_add(1 << 16),
        }
    }

    /// The next byte that is no white space, without taking it; 0 at the end.
    #[inline]
    fn next_byte(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.position) {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.position += 1,
                Some(&byte) => return byte,
                None => return 0,
            }
        }
    }

    /// What sort of value comes next.
    ///
    /// # Errors
    /// When no value can start here.
    pub fn peek(&mut self) -> Result<Peek, DecodeError> {
        match self.next_byte() {
            b'{' => Ok(Peek::Object),
            b'"' => Ok(Peek::String),
            b'[' => Ok(Peek::Array),
            b'-' | b'0'..=b'9' => Ok(Peek::Number),
            b't' | b'f' => Ok(Peek::Bool),
            b'n' => Ok(Peek::Null),
            _ => Err(self.error("a JSON value")),
        }
    }

    /// An error at this place: `expected` says what should stand here.
    #[cold]
    pub fn error(&mut self, expected: &str) -> DecodeError {
        let found = match self.next_byte() {
            b'{' => "an object",
            b'[' => "a list",
            b'"' => "a string",
            b'-' | b'0'..=b'9' => "a number",
            b't' | b'f' => "a boolean",
            b'n' => "null",
            0 if self.position >= self.text.len() => "the end of the text",
            b',' | b':' | b'}' | b']' => "punctuation",
            _ => "something that is no JSON",
        };
        DecodeError::new(self.position, expected, found)
    }

    /// An error `at` an earlier place.
    #[cold]
    pub(super) fn error_at(&self, at: usize, expected: &str, found: &'static str) -> DecodeError {
        DecodeError::new(at, expected, found)
    }

    /// An error about what was just read.
    #[cold]
    pub(crate) fn error_after(&self, expected: String, found: &'static str) -> DecodeError {
        DecodeError::new(self.position, expected, found)
    }

    /// How many unknown members were met so far.
    pub(crate) fn unknown_mark(&self) -> usize {
        self.unknown.len()
    }

    /// Forgets the unknown members met since `mark`.
    pub(crate) fn forget_unknown(&mut self, mark: usize) {
        self.unknown.truncate(mark);
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Takes `null` if it comes next.
    ///
    /// # Errors
    /// When a word that begins like `null` is another.
    #[inline]
    pub fn null(&mut self) -> Result<bool, DecodeError> {
        if self.next_byte() != b'n' {
            return Ok(false);
        }
        self.word("null")?;
        Ok(true)
    }

    fn word(&mut self, word: &str) -> Result<(), DecodeError> {
        let end = self.position + word.len();
        if self.text.as_bytes().get(self.position..end) == Some(word.as_bytes()) {
            self.position = end;
            Ok(())
        } else {
            Err(self.error_at(self.position, "a JSON value", "a word that is none of true, false, null"))
        }
    }

    /// Takes `true` or `false`.
    ///
    /// # Errors
    /// When something else comes next.
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        match self.next_byte() {
            b't' => self.word("true").map(|()| true),
            b'f' => self.word("false").map(|()| false),
            _ => Err(self.error("a boolean")),
        }
    }

    /// Takes a number and returns its text, which is a valid JSON number.
    ///
    /// # Errors
    /// When something else comes next.
    pub fn number(&mut self) -> Result<&'a str, DecodeError> {
        if !matches!(self.next_byte(), b'-' | b'0'..=b'9') {
            return Err(self.error("a number"));
        }
        let bytes = self.text.as_bytes();
        let start = self.position;
        let mut at = start + usize::from(bytes[start] == b'-');
        let digits = |mut at: usize| {
            while matches!(bytes.get(at), Some(b'0'..=b'9')) {
                at += 1;
            }
            at
        };
        let whole = digits(at);
        let mut valid = whole > at && (bytes[at] != b'0' || whole == at + 1);
        at = whole;
        if bytes.get(at) == Some(&b'.') {
            let end = digits(at + 1);
            valid &= end > at + 1;
            at = end;
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            let end = digits(at);
            valid &= end > at;
            at = end;
        }
        if !valid {
            return Err(self.error_at(start, "a number", "a malformed number"));
        }
        self.position = at;
        Ok(&self.text[start..at])
    }

    /// Takes a string.
    ///
    /// # Errors
    /// When something else comes next, or its escapes are not JSON's.
    #[inline]
    pub fn string(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        if self.next_byte() != b'"' {
            return Err(self.error("a string"));
        }
        let start = self.position + 1;
        let end = plain_end(self.text.as_bytes(), start);
        if self.text.as_bytes().get(end) == Some(&b'"') {
            self.position = end + 1;
            return Ok(Cow::Borrowed(&self.text[start..end]));
        }
        self.escaped_string(start, end).map(Cow::Owned)
    }

    /// The rest of a string that holds an escape at `end`, or is broken there.
    #[cold]
    fn escaped_string(&mut self, start: usize, end: usize) -> Result<String, DecodeError> {
        let bytes = self.text.as_bytes();
        let mut value = String::with_capacity(end - start + 16);
        let (mut from, mut at) = (start, end);
        loop {
            value.push_str(&self.text[from..at]);
            match bytes.get(at) {
                Some(b'"') => {
                    self.position = at + 1;
                    value.shrink_to_fit();
                    return Ok(value);
                }
                Some(b'\\') => {
                    let (char, next) = self.escape(at)?;
                    value.push(char);
                    from = next;
                    at = plain_end(bytes, next);
                }
                Some(_) => {
                    return Err(self.error_at(at, "a string", "a control character that is not escaped"));
                }
                None => return Err(self.error_at(at, "the end of a string", "the end of the text")),
            }
        }
    }

    /// The character that the escape at `at` stands for, and where the text goes on.
    fn escape(&self, at: usize) -> Result<(char, usize), DecodeError> {
        let bytes = self.text.as_bytes();
        let plain = match bytes.get(at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let bad = || self.error_at(at, "a \\u escape", "one that is no Unicode character");
                let high = hex4(bytes, at + 2).ok_or_else(bad)?;
                if !(0xd800..0xe000).contains(&high) {
                    return Ok((char::from_u32(high).ok_or_else(bad)?, at + 6));
                }
                // A character beyond the basic plane is two escapes, a high and a low surrogate.
                let paired = bytes.get(at + 6..at + 8) == Some(b"\\u") && high < 0xdc00;
                let low = if paired { hex4(bytes, at + 8) } else { None };
                let low = low.filter(|low| (0xdc00..0xe000).contains(low)).ok_or_else(bad)?;
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok((char::from_u32(code).ok_or_else(bad)?, at + 12));
            }
            _ => return Err(self.error_at(at, "an escape", "one that JSON does not have")),
        };
        Ok((plain, at + 2))
    }

    /// Checks a string and takes it, without building it.
    #[inline]
    fn skip_string(&mut self) -> Result<(), DecodeError> {
        let bytes = self.text.as_bytes();
        let mut at = plain_end(bytes, self.position + 1);
        loop {
            match bytes.get(at) {
                Some(b'"') => {
                    self.position = at + 1;
                    return Ok(());
                }
                Some(b'\\') => at = plain_end(bytes, self.escape(at)?.1),
                Some(_) => {
                    return Err(self.error_at(at, "a string", "a control character that is not escaped"));
                }
                None => return Err(self.error_at(at, "the end of a string", "the end of the text")),
            }
        }
    }

    /// Enters an object or list: counts the depth.
    #[inline]
    pub(crate) fn enter(&mut self, open: u8, expected: &'static str) -> Result<(), DecodeError> {
        if self.next_byte() != open {
            return Err(self.error(expected));
        }
        if self.depth >= MAX_DEPTH {
            return Err(self.error_at(self.position, "fewer nested values", "more than the depth limit"));
        }
        self.depth += 1;
        self.position += 1;
        Ok(())
    }

    /// Whether the object or list closes here; takes the closing bracket.
    #[inline]
    pub(crate) fn close(&mut self, close: u8) -> bool {
        if self.next_byte() == close {
            self.position += 1;
            self.depth -= 1;
            true
        } else {
            false
        }
    }

    /// After a member or item: `true` where another follows, `false` where the object or list closes.
    #[inline]
    pub(crate) fn more(&mut self, close: u8) -> Result<bool, DecodeError> {
        match self.next_byte() {
            b',' => {
                self.position += 1;
                Ok(true)
            }
            byte if byte == close => {
                self.position += 1;
                self.depth -= 1;
                Ok(false)
            }
            _ => Err(self.error(if close == b'}' { "`,` or `}`" } else { "`,` or `]`" })),
        }
    }

    /// Takes a member's name and the colon behind it where it is one of `fields`, written as servers write it: no escape,
    /// no white space. Searched from `hint` on; takes nothing otherwise.
    #[inline]
    pub(super) fn known_name(&mut self, fields: &[super::Field], hint: usize) -> Option<usize> {
        if self.next_byte() != b'"' {
            return None;
        }
        let rest = &self.text.as_bytes()[self.position + 1..];
        let head = u64::from_le_bytes(*rest.first_chunk::<8>()?);
        let matches = |field: &super::Field| {
            let name = field.json.as_bytes();
            head & field.mask == field.head
                && (name.len() < 8 || rest.starts_with(name))
                && rest.get(name.len()..name.len() + 2) == Some(b"\":")
        };
        let after = &fields[hint.min(fields.len())..];
        let index = match after.iter().position(matches) {
            Some(index) => index + hint,
            None => fields.iter().take(hint).position(matches)?,
        };
        self.position += fields[index].json.len() + 3;
        Some(index)
    }

    /// Takes a member's name and the colon behind it.
    #[inline]
    pub(crate) fn name(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let name = self.string()?;
        if self.next_byte() != b':' {
            return Err(self.error("`:`"));
        }
        self.position += 1;
        Ok(name)
    }

    /// Takes any value, checked, and returns its text as it stands.
    ///
    /// # Errors
    /// When it is no JSON, or nests too deep.
    pub fn raw(&mut self) -> Result<&'a str, DecodeError> {
        self.next_byte();
        let start = self.position;
        self.skip()?;
        Ok(&self.text[start..self.position])
    }

    /// Checks any value and takes it. Iterative, so that the depth limit alone bounds it.
    pub(super) fn skip(&mut self) -> Result<(), DecodeError> {
        let base = self.depth;
        let bytes = self.text.as_bytes();
        // One bit a level: whether it is an object.
        let mut objects = [0u64; MAX_DEPTH / 64 + 1];
        let mut object = false;
        loop {
            // A value starts here.
            match self.next_byte() {
                b'"' => self.skip_string()?,
                open @ (b'{' | b'[') => {
                    // The empty object is most of what managedFields holds.
                    if open == b'{' && bytes.get(self.position + 1) == Some(&b'}') && self.depth < MAX_DEPTH {
                        self.position += 2;
                    } else {
                        self.enter(open, "a value")?;
                        let is_object = open == b'{';
                        if !self.close(if is_object { b'}' } else { b']' }) {
                            let (word, bit) = (self.depth / 64, self.depth % 64);
                            objects[word] = objects[word] & !(1 << bit) | u64::from(is_object) << bit;
                            object = is_object;
                            if object {
                                self.skip_name()?;
                            }
                            continue;
                        }
                    }
                }
                b'-' | b'0'..=b'9' => {
                    self.number()?;
                }
                b't' | b'f' => {
                    self.bool()?;
                }
                b'n' => {
                    self.null()?;
                }
                _ => return Err(self.error("a JSON value")),
            }
            // A value has ended: so may any number of levels.
            loop {
                if self.depth == base {
                    return Ok(());
                }
                if self.more(if object { b'}' } else { b']' })? {
                    if object {
                        self.skip_name()?;
                    }
                    break;
                }
                object = objects[self.depth / 64] >> (self.depth % 64) & 1 == 1;
            }
        }
    }

    #[inline]
    fn skip_name(&mut self) -> Result<(), DecodeError> {
        if self.next_byte() != b'"' {
            return Err(self.error("a member's name"));
        }
        self.skip_string()?;
        if self.next_byte() != b':' {
            return Err(self.error("`:`"));
        }
        self.position += 1;
        Ok(())
    }

    /// That nothing but white space is left.
    ///
    /// # Errors
    /// When something is.
    pub fn end(&mut self) -> Result<(), DecodeError> {
        if self.next_byte() == 0 && self.position >= self.text.len() {
            Ok(())
        } else {
            Err(self.error("the end of the text"))
        }
    }
}

/// The first index from `at` on that is a quote, a backslash or a control character, or the length of the text.
///
/// Eight bytes at a time: strings are most of what a list of objects is made of.
#[inline]
pub(super) fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let quote = word ^ (ONES * b'"' as u64);
        let backslash = word ^ (ONES * b'\\' as u64);
        // The lowest bit set is exact; a borrow can only disturb those above it.
        let hit = (quote.wrapping_sub(ONES) & !quote
            | backslash.wrapping_sub(ONES) & !backslash
            | word.wrapping_sub(ONES * 0x20) & !word)
            & HIGH;
        if hit != 0 {
            return at + (hit.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)) {
        at += 1;
    }
    at
}

fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |code, byte| Some(code << 4 | (*byte as char).to_digit(16)?))
}

//! How a quantity is kept: its text, inside 16 bytes where it is as short as nearly all are.
//!
//! It does not judge the text: whoever stores one has validated it.

use super::Format;
use super::decimal::Decimal;

/// The longest text that needs no allocation.
const INLINE: usize = 14;

/// A text, and what it cannot say.
#[derive(Clone)]
pub(super) enum Stored {
    /// A short text, from a JSON string.
    Short(Short),
    /// A short text that was a JSON number.
    ShortNumber(Short),
    Long(Box<Long>),
}

#[derive(Clone, Copy)]
pub(super) struct Short {
    length: u8,
    bytes: [u8; INLINE],
}

#[derive(Clone)]
pub(super) struct Long {
    text: Box<str>,
    /// Whether the text was a JSON number.
    number: bool,
    /// The number and the format, where reading the text would not give them back: `4Ei + 4Ei` is written `8Ei`, which
    /// reads as 2^63-1, and `1Ki - 1` is `1023` but goes on counting in `Ki`.
    exact: Option<(Decimal, Format)>,
}

impl Short {
    fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; INLINE];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Short { length: text.len() as u8, bytes })
    }

    fn as_str(&self) -> &str {
        // The bytes came from a `str`; checking 14 of them again is cheaper than `unsafe` is dear.
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or("0")
    }
}

impl Stored {
    pub(super) fn new(text: &str, number: bool) -> Self {
        match Short::new(text) {
            Some(short) if number => Stored::ShortNumber(short),
            Some(short) => Stored::Short(short),
            None => Stored::Long(Box::new(Long { text: text.into(), number, exact: None })),
        }
    }

    pub(super) fn exact(text: &str, number: Decimal, format: Format) -> Self {
        Stored::Long(Box::new(Long { text: text.into(), number: false, exact: Some((number, format)) }))
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Stored::Short(short) | Stored::ShortNumber(short) => short.as_str(),
            Stored::Long(long) => &long.text,
        }
    }

    /// Whether the text is to be written as a JSON number.
    pub(super) fn is_number(&self) -> bool {
        match self {
            Stored::Short(_) => false,
            Stored::ShortNumber(_) => true,
            Stored::Long(long) => long.number,
        }
    }

    pub(super) fn known(&self) -> Option<&(Decimal, Format)> {
        match self {
            Stored::Long(long) => long.exact.as_ref(),
            _ => None,
        }
    }
}

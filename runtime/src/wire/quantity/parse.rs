//! Reading a quantity's text the way Go reads it, oddities included: `.` and `-` are zero, a suffix may stand alone.
//!
//! It decides what is accepted and what number that is; it neither trims nor keeps the text.

use super::decimal::Decimal;
use super::{Format, ParseQuantityError};

/// The smallest exponent a quantity keeps: nano.
const NANO: i64 = -9;
/// Go's fast path takes decimal mantissas of at most this many digits.
const FAST_DIGITS: usize = 18;

/// A text taken apart, which is all that telling whether it is valid needs.
struct Parts<'a> {
    negative: bool,
    /// Digits before the point without leading zeros; a lone zero is empty here.
    integer: &'a [u8],
    fraction: &'a [u8],
    /// Whether any digit was there at all.
    digits: bool,
    scale: Scale,
}

#[derive(Clone, Copy)]
enum Scale {
    Decimal { exponent: i32, format: Format },
    Binary { power: u32 },
}

/// Tells whether Go would read `text`.
///
/// # Errors
/// When it would not; the error shows the text and what is allowed.
pub(super) fn validate(text: &str) -> Result<(), ParseQuantityError> {
    split(text).map(drop).ok_or_else(|| ParseQuantityError::new(text))
}

/// Tells whether a server would store `text` in a custom resource, whose schema has a pattern for quantities: it allows
/// exponents that Go cannot read, with a fraction or beyond 64 bits.
pub(super) fn fits_pattern(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(rest) = number_of_pattern(unsigned(bytes)) else { return false };
    match rest {
        [] | [b'n' | b'u' | b'm' | b'k' | b'M' | b'G' | b'T' | b'P' | b'E'] => true,
        [b'K' | b'M' | b'G' | b'T' | b'P' | b'E', b'i'] => true,
        [b'e' | b'E', rest @ ..] => number_of_pattern(unsigned(rest)).is_some_and(<[u8]>::is_empty),
        _ => false,
    }
}

fn unsigned(bytes: &[u8]) -> &[u8] {
    match bytes {
        [b'+' | b'-', rest @ ..] => rest,
        _ => bytes,
    }
}

/// What follows digits with a fraction or without; at least one digit stands before or behind the point.
fn number_of_pattern(bytes: &[u8]) -> Option<&[u8]> {
    let (whole, rest) = digits(bytes);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => digits(rest),
        _ => (&rest[..0], rest),
    };
    (!whole.is_empty() || !fraction.is_empty()).then_some(rest)
}

/// The number and the format of `text`, zero where it is not a quantity (so validate first).
pub(super) fn parse(text: &str) -> (Decimal, Format) {
    split(text).map_or_else(|| (Decimal::default(), Format::DecimalSi), |parts| parts.number())
}

fn split(text: &str) -> Option<Parts<'_>> {
    let bytes = text.as_bytes();
    if bytes.is_empty() {
        return None;
    }
    let (negative, rest) = match bytes[0] {
        b'-' => (true, &bytes[1..]),
        b'+' => (false, &bytes[1..]),
        _ => (false, bytes),
    };
    let (whole, rest) = digits(rest);
    let (fraction, suffix) = match rest {
        [b'.', rest @ ..] => digits(rest),
        _ => (&rest[..0], rest),
    };
    let zeros = whole.iter().take_while(|&&byte| byte == b'0').count();
    let parts = Parts {
        negative,
        integer: &whole[zeros..],
        fraction,
        digits: !whole.is_empty() || !fraction.is_empty(),
        scale: scale(suffix)?,
    };
    // A number without digits is zero to Go's fast path and an error to its slow one.
    (parts.digits || parts.is_fast()).then_some(parts)
}

fn digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

fn scale(suffix: &[u8]) -> Option<Scale> {
    let decimal = |exponent| Some(Scale::Decimal { exponent, format: Format::DecimalSi });
    let binary = |power| Some(Scale::Binary { power });
    match suffix {
        b"" => decimal(0),
        b"n" => decimal(-9),
        b"u" => decimal(-6),
        b"m" => decimal(-3),
        b"k" => decimal(3),
        b"M" => decimal(6),
        b"G" => decimal(9),
        b"T" => decimal(12),
        b"P" => decimal(15),
        b"E" => decimal(18),
        b"Ki" => binary(10),
        b"Mi" => binary(20),
        b"Gi" => binary(30),
        b"Ti" => binary(40),
        b"Pi" => binary(50),
        b"Ei" => binary(60),
        [b'e' | b'E', exponent @ ..] => {
            // A sign and digits: what `i64` reads, and nothing else.
            let exponent: i64 = std::str::from_utf8(exponent).ok()?.parse().ok()?;
            // Go cuts the exponent down to 32 bits; the server that reads our text does so too.
            Some(Scale::Decimal { exponent: exponent as i32, format: Format::DecimalExponent })
        }
        _ => None,
    }
}

impl Parts<'_> {
    /// Whether Go takes its path through a 64 bit integer; it rounds nothing and caps nothing there.
    fn is_fast(&self) -> bool {
        // Go counts a zero before the point as one digit.
        let (integer, fraction) = (self.integer.len().max(1), self.fraction.len());
        match self.scale {
            Scale::Decimal { exponent, .. } => {
                integer + fraction <= FAST_DIGITS && i64::from(exponent.wrapping_sub(fraction as i32)) >= NANO
            }
            Scale::Binary { power } => {
                // How many decimal digits of an integer are sure to stay within 15 after the shift.
                fraction == 0 && integer as i64 <= 14 - i64::from(power) * 3 / 10
            }
        }
    }

    fn number(&self) -> (Decimal, Format) {
        let fast = self.is_fast();
        let decimal = |exponent: i64| {
            let digits = self.integer.iter().chain(self.fraction).map(|byte| byte - b'0');
            Decimal::new(self.negative, digits.collect(), exponent)
        };
        let places = self.fraction.len() as i64;
        match self.scale {
            Scale::Decimal { exponent, format } if fast => {
                (decimal(exponent.wrapping_sub(places as i32).into()), format)
            }
            Scale::Decimal { exponent, format } => {
                (decimal(i64::from(exponent) - places).rounded_up_to(NANO), format)
            }
            Scale::Binary { power } if fast => (decimal(0).times_power_of_two(power), Format::BinarySi),
            Scale::Binary { power } => {
                let number = decimal(-places).times_power_of_two(power).rounded_up_to(NANO);
                let (negative, number) = (number.is_negative(), number.magnitude());
                let number = number.min(Decimal::from_i64(i64::MAX, 0));
                let below_one = !number.is_zero() && number < Decimal::from_i64(1, 0);
                let number = if negative { number.negated() } else { number };
                (number, if below_one { Format::DecimalSi } else { Format::BinarySi })
            }
        }
    }
}

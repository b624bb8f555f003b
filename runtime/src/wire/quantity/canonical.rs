//! Writing a quantity the way Go does: no fraction, the largest suffix that loses nothing.
//!
//! Where Go has no suffix for the number it leaves it out and so writes another number; this does not.

use super::Format;
use super::decimal::{Decimal, MAX_DIGITS, push_digits};

/// Below this magnitude binary suffixes are not used.
const BINARY_FROM: i64 = 1024;
const BINARY_SUFFIXES: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// The largest exponent, in threes, that reading takes back.
const MAX_EXPONENT: i64 = i32::MAX as i64 / 3 * 3;

/// The canonical form of `number` in `format`.
pub(super) fn canonical(number: &Decimal, format: Format) -> String {
    let mut text = String::with_capacity(24);
    if number.is_zero() {
        text.push('0');
        return text;
    }
    if number.is_negative() {
        text.push('-');
    }
    if format == Format::BinarySi
        && number.exponent() >= 0
        && number.exponent() <= MAX_DIGITS as i64
        && number.clone().magnitude() >= Decimal::from_i64(BINARY_FROM, 0)
    {
        binary(number, &mut text);
    } else {
        decimal(number, format, &mut text);
    }
    text
}

fn binary(number: &Decimal, text: &mut String) {
    let mut digits = number.digits().to_vec();
    digits.resize(digits.len() + number.exponent() as usize, 0);
    let mut suffix = 0;
    while suffix + 1 < BINARY_SUFFIXES.len() {
        let Some(quotient) = Decimal::divided_by_1024(&digits) else { break };
        digits = quotient;
        suffix += 1;
    }
    push_digits(text, &digits);
    text.push_str(BINARY_SUFFIXES[suffix]);
}

fn decimal(number: &Decimal, format: Format, text: &mut String) {
    let exponent = number.exponent();
    // A suffix reaches to E = 10^18; what needs too many zeros before it gets an exponent instead.
    let (format, limit) = match format {
        Format::DecimalExponent => (format, MAX_EXPONENT),
        _ if exponent > MAX_DIGITS as i64 => (Format::DecimalExponent, MAX_EXPONENT),
        _ => (format, 18),
    };
    let shown = (exponent - exponent.rem_euclid(3)).min(limit);
    push_digits(text, number.digits());
    text.extend(std::iter::repeat_n('0', (exponent - shown) as usize));
    if format == Format::DecimalExponent {
        if shown != 0 {
            text.push('e');
            text.push_str(&shown.to_string());
        }
        return;
    }
    text.push_str(match shown {
        -9 => "n",
        -6 => "u",
        -3 => "m",
        0 => "",
        3 => "k",
        6 => "M",
        9 => "G",
        12 => "T",
        15 => "P",
        _ => "E",
    });
}

//! Durations, dates and times as Go's standard library reads and writes them.

use jiff::Timestamp;
use jiff::civil::Date;

/// Reads `1h30m`, `-1.5s`: nanoseconds.
pub(crate) fn duration(text: &str) -> Option<i64> {
    const UNITS: &[(&str, f64)] = &[
        ("ns", 1.0),
        ("us", 1e3),
        ("µs", 1e3),
        ("μs", 1e3),
        ("ms", 1e6),
        ("s", 1e9),
        ("m", 60e9),
        ("h", 3600e9),
    ];
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(it) => (true, it),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && part.is_empty()) || part.contains('.') {
            return None;
        }
        let end = after.find(|it: char| it.is_ascii_digit() || it == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let scale = UNITS.iter().find(|it| it.0 == unit)?.1;
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse::<i64>().ok()?.into() };
        let part: f64 = if part.is_empty() { 0.0 } else { format!("0.{part}").parse().ok()? };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "scales are whole and parts are below one of them"
        )]
        let add = whole * (scale as i128) + (part * scale).round() as i128;
        total += add;
        rest = after;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// Reads `2024-02-29`.
pub(crate) fn date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let mut number = |digits: usize| -> Option<i16> {
        let part = parts.next()?;
        (part.len() == digits && part.bytes().all(|it| it.is_ascii_digit())).then(|| part.parse().ok())?
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    if parts.next().is_some() {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Reads a time by RFC 3339.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let has = |at: usize, it: u8| bytes.get(at) == Some(&it);
    let date_like =
        has(4, b'-') && has(7, b'-') && (has(10, b'T') || has(10, b't')) && has(13, b':') && has(16, b':');
    let zoned = text.ends_with(['Z', 'z'])
        || bytes
            .len()
            .checked_sub(6)
            .and_then(|at| bytes.get(at))
            .is_some_and(|it| matches!(it, b'+' | b'-'));
    if !(date_like && zoned) {
        return None;
    }
    text.parse().ok()
}

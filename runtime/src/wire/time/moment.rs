//! An instant counted in ticks, with the text it was read from where the ticks do not say it all.
//!
//! The grammar is Go's, which is RFC 3339 and some: a comma before the fraction, an hour of one digit, offsets up to 24:60.
//! What servers store for `format: date-time` of a custom resource is checked by another rule, which is looser: see `stored`.
//! jiff computes dates; its own parser has other opinions, and its timestamps end before the last day of 9999.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, date};

/// Go's zero time, the first instant of year 1, in seconds since 1970.
const ZERO: i64 = -62_135_596_800;
/// The first and the last second that RFC 3339 can write.
const FIRST: i64 = -62_167_219_200;
const LAST: i64 = 253_402_300_799;
const EPOCH: Date = date(1970, 1, 1);
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// An instant in ticks of `1/PER_SECOND` since 1970 began in UTC.
#[derive(Clone)]
pub(super) enum Moment<const PER_SECOND: i64> {
    /// Its text is the canonical one.
    Ticks(i64),
    /// It was read from another text.
    Read(Box<Read>),
}

#[derive(Clone)]
pub(super) struct Read {
    ticks: i64,
    /// What comes on top of the ticks.
    nanos: u32,
    text: Box<str>,
}

impl<const PER_SECOND: i64> Moment<PER_SECOND> {
    /// How many decimals the canonical text has.
    const DECIMALS: usize = PER_SECOND.ilog10() as usize;
    /// The length of the canonical text.
    const LENGTH: usize = if PER_SECOND == 1 { 20 } else { 21 + Self::DECIMALS };

    pub(super) fn new(ticks: i64) -> Self {
        Moment::Ticks(ticks.clamp(FIRST * PER_SECOND, LAST * PER_SECOND + (PER_SECOND - 1)))
    }

    pub(super) fn ticks(&self) -> i64 {
        match self {
            Moment::Ticks(ticks) => *ticks,
            Moment::Read(read) => read.ticks,
        }
    }

    /// The nanoseconds on top of the ticks.
    pub(super) fn nanos(&self) -> u32 {
        match self {
            Moment::Ticks(_) => 0,
            Moment::Read(read) => read.nanos,
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.ticks() == ZERO * PER_SECOND && self.nanos() == 0
    }

    /// Whether it is written as `null`: the zero time, unless it was read from a text.
    pub(super) fn is_null(&self) -> bool {
        self.is_zero() && matches!(self, Moment::Ticks(_))
    }

    /// A text that Go reads as a time.
    pub(super) fn parse(text: &str) -> Option<Self> {
        parse(text.as_bytes()).map(|(seconds, nanos)| Self::read(text, seconds, nanos))
    }

    /// A text that Go reads as a time, or that a server takes for `format: date-time`.
    pub(super) fn parse_stored(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        parse(bytes).or_else(|| stored(text)).map(|(seconds, nanos)| Self::read(text, seconds, nanos))
    }

    fn read(text: &str, seconds: i64, nanos: u32) -> Self {
        let per_tick = NANOS_PER_SECOND / PER_SECOND;
        let ticks = seconds * PER_SECOND + i64::from(nanos) / per_tick;
        let nanos = (i64::from(nanos) % per_tick) as u32;
        // The zero time would be written as null, so its text has to be kept even where it is canonical.
        let canonical = nanos == 0
            && text.len() == Self::LENGTH
            && text.ends_with('Z')
            && text.as_bytes().get(10) == Some(&b'T')
            && text.as_bytes().get(19).is_some_and(|byte| matches!(byte, b'Z' | b'.'))
            && ticks != ZERO * PER_SECOND;
        if canonical {
            Moment::Ticks(ticks)
        } else {
            Moment::Read(Box::new(Read { ticks, nanos, text: text.into() }))
        }
    }

    /// The tick that an instant of the system's clock lies in.
    pub(super) fn from_system_time(time: SystemTime) -> Self {
        let nanos = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i128::try_from(after.as_nanos()).unwrap_or(i128::MAX),
            Err(before) => i128::try_from(before.duration().as_nanos()).map_or(i128::MIN, |nanos| -nanos),
        };
        let ticks = nanos.div_euclid((NANOS_PER_SECOND / PER_SECOND).into());
        Moment::new(i64::try_from(ticks).unwrap_or(if ticks < 0 { i64::MIN } else { i64::MAX }))
    }

    /// The instant on the system's clock, where the platform can hold it.
    pub(super) fn to_system_time(&self) -> Option<SystemTime> {
        let (ticks, per_second) = (self.ticks(), PER_SECOND.unsigned_abs());
        let length = ticks.unsigned_abs();
        let nanos = length % per_second * (1_000_000_000 / per_second);
        let whole = Duration::from_secs(length / per_second) + Duration::from_nanos(nanos);
        let start = if ticks < 0 { UNIX_EPOCH.checked_sub(whole) } else { UNIX_EPOCH.checked_add(whole) };
        start?.checked_add(Duration::from_nanos(self.nanos().into()))
    }

    /// Calls `show` with the text: the one that was read, or the canonical one.
    pub(super) fn with_text<T>(&self, show: impl FnOnce(&str) -> T) -> T {
        match self {
            Moment::Ticks(ticks) => {
                let text = Self::canonical(*ticks);
                show(std::str::from_utf8(&text[..Self::LENGTH]).unwrap_or_default())
            }
            Moment::Read(read) => show(&read.text),
        }
    }

    /// The canonical text, in the first [`Self::LENGTH`] bytes. Lists hold thousands of times, so nothing is allocated.
    fn canonical(ticks: i64) -> [u8; 27] {
        let (seconds, fraction) = (ticks.div_euclid(PER_SECOND), ticks.rem_euclid(PER_SECOND));
        // Within the years 0 to 9999 by construction, so the fallback is never taken.
        let at =
            EPOCH.at(0, 0, 0, 0).checked_add(SignedDuration::from_secs(seconds)).unwrap_or(DateTime::MIN);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        put(&mut text[0..4], i64::from(at.year()));
        put(&mut text[5..7], i64::from(at.month()));
        put(&mut text[8..10], i64::from(at.day()));
        put(&mut text[11..13], i64::from(at.hour()));
        put(&mut text[14..16], i64::from(at.minute()));
        put(&mut text[17..19], i64::from(at.second()));
        if PER_SECOND > 1 {
            put(&mut text[20..20 + Self::DECIMALS], fraction);
        }
        text[Self::LENGTH - 1] = b'Z';
        text
    }

    fn key(&self) -> (i64, u32) {
        (self.ticks(), self.nanos())
    }
}

/// Fills `place` with the last digits of a number.
fn put(place: &mut [u8], mut number: i64) {
    for byte in place.iter_mut().rev() {
        *byte = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Seconds since 1970 and nanoseconds, of a text that Go's `time.RFC3339` layout reads.
fn parse(text: &[u8]) -> Option<(i64, u32)> {
    let (year, text) = number(text, 4)?;
    let (month, text) = number(literal(text, b'-')?, 2)?;
    let (day, text) = number(literal(text, b'-')?, 2)?;
    let text = literal(text, b'T')?;
    // Go takes an hour of one digit too.
    let (hour, text) = number(text, 2).or_else(|| number(text, 1))?;
    let (minute, text) = number(literal(text, b':')?, 2)?;
    let (second, text) = number(literal(text, b':')?, 2)?;
    let (nanos, text) = fraction(text);
    let offset = offset(text)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let day =
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let midnight = day.duration_since(EPOCH).as_secs();
    Some((midnight + hour * 3600 + minute * 60 + second - offset, nanos))
}

/// Seconds since 1970 and nanoseconds, of a text that a server takes for `format: date-time`: small letters, any character
/// before the fraction, offsets up to 99:99, and whatever follows a second `T`.
fn stored(text: &str) -> Option<(i64, u32)> {
    let (day, rest) = text.split_once(['T', 't'])?;
    let time = rest.split(['T', 't']).next()?;
    let (hms, rest) = time.split_at_checked(8)?;
    let (fraction, offset) = match rest.strip_suffix(['Z', 'z']) {
        Some(fraction) => (fraction, 0),
        None => {
            let (fraction, offset) = rest.split_at_checked(rest.len().checked_sub(6)?)?;
            (fraction, offset_of(offset.as_bytes())?)
        }
    };
    let mut digits = fraction.chars();
    let point = digits.next();
    let none = digits.as_str().is_empty();
    if point.is_some() == none || point == Some('\n') || !digits.all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let (seconds, _) = parse(format!("{day}T{hms}Z").as_bytes())?;
    Some((seconds - offset, self::fraction(fraction.as_bytes()).0))
}

/// The seconds of a sign, hours and minutes.
fn offset_of(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text {
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = number(rest, 2)?;
    let (minutes, rest) = number(literal(rest, b':')?, 2)?;
    rest.is_empty().then_some(sign * (hours * 3600 + minutes * 60))
}

/// A number of exactly so many digits, and the rest.
fn number(text: &[u8], digits: usize) -> Option<(i64, &[u8])> {
    let (number, rest) = text.split_at_checked(digits)?;
    let value = number
        .iter()
        .try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')));
    Some((value?, rest))
}

fn literal(text: &[u8], expected: u8) -> Option<&[u8]> {
    text.split_first().filter(|(first, _)| **first == expected).map(|(_, rest)| rest)
}

/// The nanoseconds of a fraction, if there is one, and the rest. Digits after the ninth do not count.
fn fraction(text: &[u8]) -> (u32, &[u8]) {
    let [b'.' | b',', rest @ ..] = text else { return (0, text) };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return (0, text);
    }
    let nine = rest[..digits].iter().copied().chain(std::iter::repeat(b'0')).take(9);
    (nine.fold(0, |value, byte| value * 10 + u32::from(byte - b'0')), &rest[digits..])
}

/// The offset in seconds, of a text that holds nothing else.
fn offset(text: &[u8]) -> Option<i64> {
    if text == b"Z" {
        return Some(0);
    }
    let seconds = offset_of(text)?;
    // Go allows for people who write 24 hours and 60 minutes.
    let (hours, _) = number(&text[1..], 2)?;
    let (minutes, _) = number(&text[4..], 2)?;
    (hours <= 24 && minutes <= 60).then_some(seconds)
}

impl<const PER_SECOND: i64> Default for Moment<PER_SECOND> {
    fn default() -> Self {
        Moment::Ticks(ZERO * PER_SECOND)
    }
}

impl<const PER_SECOND: i64> PartialEq for Moment<PER_SECOND> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<const PER_SECOND: i64> Eq for Moment<PER_SECOND> {}

impl<const PER_SECOND: i64> Hash for Moment<PER_SECOND> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl<const PER_SECOND: i64> Ord for Moment<PER_SECOND> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl<const PER_SECOND: i64> PartialOrd for Moment<PER_SECOND> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

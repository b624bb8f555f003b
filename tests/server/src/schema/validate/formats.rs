//! The formats of strings that a custom resource's schema can ask for. What is not known is not checked.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

use regex::Regex;

use crate::cel::{time, url};
use crate::schema::Schema;

/// Formats that are plain patterns.
const PATTERNS: &[(&str, &str)] = &[
    ("uuid", r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"),
    ("uuid3", r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$"),
    ("uuid4", r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$"),
    ("uuid5", r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$"),
    ("ssn", r"^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$"),
    ("hexcolor", r"^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"),
    (
        "rgbcolor",
        r"^rgb\(\s*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])\s*,\s*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])\s*,\s*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])\s*\)$",
    ),
    ("byte", r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$"),
    ("bsonobjectid", r"^[0-9a-fA-F]{24}$"),
    ("k8sshortname", r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"),
    (
        "creditcard",
        r"^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35[0-9]{3})[0-9]{11})$",
    ),
    (
        "hostname",
        r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$",
    ),
    ("datetime", r"^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$"),
];

/// Formats that are more than a pattern.
const OTHERS: &[&str] = &[
    "uri",
    "email",
    "ipv4",
    "ipv6",
    "cidr",
    "mac",
    "isbn",
    "isbn10",
    "isbn13",
    "password",
    "date",
    "duration",
    "k8slongname",
];

/// The format of a node as far as the server knows it, as it is written; empty for none.
pub(crate) fn of(schema: &Schema) -> String {
    let format = schema.format.as_deref().unwrap_or_default();
    let kind = if schema.int_or_string { "" } else { schema.kind.as_deref().unwrap_or_default() };
    let known = match kind {
        "" | "string" => is_known(format),
        "integer" => matches!(format, "int32" | "int64"),
        "number" => matches!(format, "float" | "double"),
        _ => false,
    };
    if known { format.to_owned() } else { String::new() }
}

/// Whether strings of this format are checked.
pub(crate) fn is_known(format: &str) -> bool {
    let plain = format.replace('-', "");
    !plain.is_empty() && (PATTERNS.iter().any(|it| it.0 == plain) || OTHERS.contains(&plain.as_str()))
}

fn matches(name: &str, text: &str) -> bool {
    static COMPILED: OnceLock<Vec<(&'static str, Option<Regex>)>> = OnceLock::new();
    let all = COMPILED.get_or_init(|| PATTERNS.iter().map(|it| (it.0, Regex::new(it.1).ok())).collect());
    all.iter().any(|it| it.0 == name && it.1.as_ref().is_some_and(|it| it.is_match(text)))
}

/// Whether a text has a format; `None` for formats that are not checked.
pub(super) fn check(format: &str, text: &str) -> Option<bool> {
    let plain = format.replace('-', "");
    if !is_known(&plain) {
        return None;
    }
    Some(match plain.as_str() {
        "uri" => url::Url::parse_request(text).is_some(),
        "email" => is_email(text),
        "hostname" => {
            matches("hostname", text) && text.len() <= 255 && text.split('.').all(|it| it.len() <= 63)
        }
        "ipv4" => ip(text).is_some() && text.contains('.'),
        "ipv6" => ip(text).is_some() && text.contains(':'),
        "cidr" => cidr(text),
        "mac" => mac(text),
        "isbn" => isbn10(text) || isbn13(text),
        "isbn10" => isbn10(text),
        "isbn13" => isbn13(text),
        "creditcard" => credit_card(text),
        "password" => true,
        "date" => time::date(text).is_some(),
        "duration" => time::duration(text).is_some() || scala_duration(text),
        "datetime" => date_time(text),
        "k8slongname" => text.len() <= 253 && text.split('.').all(long_part),
        pattern => matches(pattern, text),
    })
}

fn long_part(text: &str) -> bool {
    let edge = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    text.starts_with(edge) && text.ends_with(edge) && text.chars().all(|it| edge(it) || it == '-')
}

/// Leading zeros are taken as they were always taken.
fn ip(text: &str) -> Option<()> {
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().ok().map(|_| ());
    }
    let parts: Vec<&str> = text.split('.').collect();
    let plain: Vec<&str> =
        parts.iter().map(|it| if it.len() > 1 { it.trim_start_matches('0') } else { it }).collect();
    let plain: Vec<&str> = plain.iter().map(|it| if it.is_empty() { "0" } else { it }).collect();
    plain.join(".").parse::<Ipv4Addr>().ok().map(|_| ())
}

fn cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = if address.contains(':') { 128 } else { 32 };
    let digits = !bits.is_empty() && bits.chars().all(|it| it.is_ascii_digit());
    ip(address).is_some() && digits && bits.parse::<u16>().is_ok_and(|it| it <= most)
}

/// Six, eight or twenty bytes, in pairs by colons or dashes or in fours by dots.
fn mac(text: &str) -> bool {
    let hex = |it: &str, count: usize| it.len() == count && it.chars().all(|it| it.is_ascii_hexdigit());
    for (sign, count) in [(':', 2), ('-', 2), ('.', 4)] {
        let parts: Vec<&str> = text.split(sign).collect();
        if parts.len() > 1 {
            return parts.iter().all(|it| hex(it, count)) && matches!(parts.len() * count / 2, 6 | 8 | 20);
        }
    }
    false
}

fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|it| it.to_digit(10)).collect()
}

fn isbn10(text: &str) -> bool {
    let plain: String = text.chars().filter(|it| !it.is_whitespace() && *it != '-').collect();
    let (body, last) = match plain.char_indices().nth(9) {
        Some((at, _)) => plain.split_at(at),
        None => return false,
    };
    let body_digits = digits(body);
    let last = match last {
        "X" => 10,
        it => match it.parse::<u32>() {
            Ok(value) if it.len() == 1 => value,
            _ => return false,
        },
    };
    let sum: u32 = body_digits.iter().zip(1..).map(|(digit, weight)| digit * weight).sum();
    body_digits.len() == 9 && (sum + 10 * last).is_multiple_of(11)
}

fn isbn13(text: &str) -> bool {
    let plain: String = text.chars().filter(|it| !it.is_whitespace() && *it != '-').collect();
    let all = digits(&plain);
    let (Some((last, body)), true) = (all.split_last(), plain.chars().count() == 13) else { return false };
    let sum: u32 = body.iter().zip([1, 3].into_iter().cycle()).map(|(digit, weight)| digit * weight).sum();
    all.len() == 13 && *last == (10 - sum % 10) % 10
}

fn credit_card(text: &str) -> bool {
    let plain: String = text.chars().filter(char::is_ascii_digit).collect();
    let sum: u32 = digits(&plain)
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match at % 2 {
            0 => *digit,
            _ if digit * 2 >= 10 => digit * 2 % 10 + 1,
            _ => digit * 2,
        })
        .sum();
    matches("creditcard", &plain) && sum.is_multiple_of(10)
}

fn date_time(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut parts = lower.split('t');
    let (Some(date), Some(clock)) = (parts.next(), parts.next()) else { return false };
    let below = |range: std::ops::Range<usize>, most: &str| clock.get(range).is_some_and(|it| it <= most);
    time::date(date).is_some()
        && matches("datetime", clock)
        && below(0..2, "23")
        && below(3..5, "59")
        && below(6..8, "59")
}

/// `3 hours`, `2 d`: each number with a unit that is known or starts like one.
fn scala_duration(text: &str) -> bool {
    const UNITS: &[&[&str]] = &[
        &["ns", "nano"],
        &["us", "µs", "micro"],
        &["ms", "milli"],
        &["s", "sec"],
        &["m", "min"],
        &["h", "hr", "hour"],
        &["d", "day"],
        &["w", "wk", "week"],
    ];
    static UNIT: OnceLock<Option<Regex>> = OnceLock::new();
    let Some(regex) = UNIT.get_or_init(|| Regex::new(r"([0-9]+)\s*([A-Za-zµ]+)").ok()) else { return false };
    let mut found = false;
    for part in regex.captures_iter(text) {
        let number = part.get(1).map_or("", |it| it.as_str());
        let unit = part.get(2).map_or("", |it| it.as_str()).to_lowercase();
        if number.parse::<i64>().is_err() {
            return false;
        }
        found |= UNITS
            .iter()
            .any(|all| all.iter().any(|it| *it == unit) || all.last().is_some_and(|it| unit.starts_with(it)));
    }
    found
}

/// `name@host` or `Somebody <name@host>`.
fn is_email(text: &str) -> bool {
    let text = text.trim();
    let address = match text.strip_suffix('>') {
        Some(rest) => match rest.rsplit_once('<') {
            Some((_, address)) => address,
            None => return false,
        },
        None => text,
    };
    let Some((local, host)) = address.rsplit_once('@') else { return false };
    let atom = |it: char| it.is_ascii_alphanumeric() || !it.is_ascii() || "!#$%&'*+-/=?^_`{|}~".contains(it);
    let dotted = |it: &str| it.split('.').all(|it| !it.is_empty() && it.chars().all(atom));
    let quoted = local.len() >= 2 && local.starts_with('"') && local.ends_with('"');
    let literal = host.starts_with('[') && host.ends_with(']');
    (quoted || dotted(local)) && (literal || dotted(host))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn formats_are_judged() {
        let cases = [
            ("date", "2024-02-29", true),
            ("date", "2023-02-29", false),
            ("date-time", "2024-01-01T00:00:00Z", true),
            ("date-time", "2024-01-01T24:00:00Z", false),
            ("duration", "1h30m", true),
            ("duration", "3 days", true),
            ("duration", "x", false),
            ("ipv4", "010.0.0.1", true),
            ("ipv4", "::1", false),
            ("ipv6", "::1", true),
            ("cidr", "10.0.0.0/33", false),
            ("mac", "01:23:45:67:89:ab", true),
            ("mac", "0123.4567.89ab", true),
            ("isbn10", "0321751043", true),
            ("isbn13", "978-0321751041", true),
            ("creditcard", "4111 1111 1111 1111", true),
            ("email", "a@b", true),
            ("email", "a", false),
            ("uri", "/x", true),
            ("uri", "x", false),
            ("hostname", "a.b-c.com", true),
            ("byte", "eA==", true),
            ("byte", "x", false),
            ("k8s-short-name", "Ab", false),
        ];
        for (format, text, fits) in cases {
            assert_eq!(check(format, text), Some(fits), "{format} {text}");
        }
        assert_eq!(check("made-up", "x"), None);
    }
}

//! What a scalar means, by the rules of the reader that Kubernetes' tools use: YAML 1.1's words for true and false,
//! Go's spelling of numbers, dates as text. Those rules are facts of go.yaml.in/yaml/v2, and
//! codegen/tests/yaml.tsv holds what it answered.

use std::borrow::Cow;

use granit_parser::{ScalarStyle, Tag};
use serde_json::{Number, Value};

const CORE: &str = "tag:yaml.org,2002:";

/// A scalar.
#[derive(Debug, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    /// `<<` as a key; as a value it is text.
    Merge,
}

/// Reads a scalar; the error says what is wrong.
pub(super) fn resolve<'a>(
    text: Cow<'a, str>,
    style: ScalarStyle,
    tag: Option<&Tag>,
) -> Result<Scalar<'a>, String> {
    let is_plain = style == ScalarStyle::Plain;
    let Some(tag) = tag else {
        return if is_plain { plain(text) } else { Ok(Scalar::Text(text)) };
    };
    let wrong = |text: &str, name: &str| Err(format!("`{}` is no `!!{name}`", text.escape_debug()));
    match tag.suffix_in_namespace(CORE).as_deref() {
        None | Some("str" | "timestamp") => Ok(Scalar::Text(text)),
        Some("null") if text.is_empty() => Ok(Scalar::Null),
        Some(name @ ("null" | "bool" | "int" | "float")) => match (name, plain(Cow::Borrowed(&*text))?) {
            ("null", Scalar::Null) => Ok(Scalar::Null),
            ("bool", Scalar::Bool(value)) => Ok(Scalar::Bool(value)),
            ("int", Scalar::Number(number)) if !number.is_f64() => Ok(Scalar::Number(number)),
            ("float", Scalar::Number(number)) => Ok(Scalar::Number(number)),
            _ => wrong(&text, name),
        },
        Some("merge") if text == "<<" => Ok(Scalar::Merge),
        Some(name) => Err(format!("the tag `!!{}` has no meaning in JSON", name.escape_debug())),
    }
}

fn plain(text: Cow<'_, str>) -> Result<Scalar<'_>, String> {
    let Some(first) = text.bytes().next() else { return Ok(Scalar::Null) };
    match first {
        b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'y' | b'Y' => {
            Ok(word(&text).unwrap_or(Scalar::Text(text)))
        }
        b'.' | b'+' | b'-' | b'0'..=b'9' => match number(&text) {
            Some(Value::Number(number)) => Ok(Scalar::Number(number)),
            Some(_) => Err(format!("JSON has no number `{text}`")),
            None => Ok(Scalar::Text(text)),
        },
        b'<' if text == "<<" => Ok(Scalar::Merge),
        _ => Ok(Scalar::Text(text)),
    }
}

fn word(text: &str) -> Option<Scalar<'static>> {
    Some(match text {
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => {
            Scalar::Bool(true)
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => {
            Scalar::Bool(false)
        }
        _ => return None,
    })
}

/// A number; null for those that are none in JSON.
fn number(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Value::Null);
    }
    if text.starts_with('.') {
        // Underscores between digits only.
        let is_torn = text.contains("._") || text.contains("__") || text.ends_with('_');
        return float(&text.replace('_', "")).filter(|_| !is_torn);
    }
    let digits: Cow<'_, str> =
        if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) };
    integer(&digits).or_else(|| float(&digits))
}

/// An integer as Go spells it: `0x1f`, `0o17`, `017`, `0b1`, `10`.
fn integer(text: &str) -> Option<Value> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let bytes = digits.as_bytes();
    let (radix, digits) = match (bytes.first(), bytes.get(1)) {
        (Some(b'0'), Some(b'x' | b'X')) => (16, digits.get(2..)?),
        (Some(b'0'), Some(b'o' | b'O')) => (8, digits.get(2..)?),
        (Some(b'0'), Some(b'b' | b'B')) => (2, digits.get(2..)?),
        (Some(b'0'), Some(_)) => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    // Rust would take a second sign.
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let value = u64::from_str_radix(digits, radix).ok()?;
    if is_negative {
        return 0i64.checked_sub_unsigned(value).map(Value::from);
    }
    // A plus makes Go read a signed number.
    if text.starts_with('+') { i64::try_from(value).ok().map(Value::from) } else { Some(Value::from(value)) }
}

/// A decimal number. Integral ones are integers in JSON, as Go writes it.
fn float(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_mantissa = match mantissa.split_once('.') {
        Some(("", fraction)) => is_digits(fraction),
        Some((whole, fraction)) => is_digits(whole) && (fraction.is_empty() || is_digits(fraction)),
        None => is_digits(mantissa),
    };
    let is_exponent =
        exponent.is_none_or(|exponent| is_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)));
    if !is_mantissa || !is_exponent {
        return None;
    }
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        #[allow(clippy::cast_possible_truncation)] // it is integral and within 2^53
        return Some(Value::from(value as i64));
    }
    Number::from_f64(value).map(Value::Number)
}

impl<'a> Scalar<'a> {
    /// The scalar as a key; `None` for what cannot be one.
    pub(super) fn key(&self) -> Option<Cow<'_, str>> {
        match self {
            Scalar::Null => None,
            Scalar::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            // Go writes fractions and very large numbers as 32-bit floats here; nobody means that.
            Scalar::Number(number) => number.as_i64().map(|number| Cow::Owned(number.to_string())),
            Scalar::Text(text) => Some(Cow::Borrowed(text)),
            Scalar::Merge => Some(Cow::Borrowed("<<")),
        }
    }

    pub(super) fn into_value(self) -> Value {
        match self {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => Value::Bool(value),
            Scalar::Number(number) => Value::Number(number),
            Scalar::Text(text) => Value::String(text.into_owned()),
            Scalar::Merge => Value::String("<<".to_owned()),
        }
    }
}

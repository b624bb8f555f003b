//! Limits of numbers, which the real server's library checks by the number's own type and by the schema's.

use serde_json::Number;

use super::{Outcome, Schema};

/// Whether a number could be an integer of JSON.
pub(super) fn is_whole(number: f64) -> bool {
    const MOST: f64 = 9_007_199_254_740_991.0;
    number.is_finite() && number.abs() <= MOST && {
        let nearest = number.trunc();
        number == nearest || (number - nearest).abs() / (number.abs() + nearest.abs()) < 1e-9
    }
}

/// A number as Go prints it by default.
pub(crate) fn go_float(number: f64) -> String {
    let exponent = if number == 0.0 { 0.0 } else { number.abs().log10().floor() };
    if (-4.0..21.0).contains(&exponent) {
        return number.to_string();
    }
    let text = format!("{number:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(it) => ('-', it),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

/// The type and format that decide about ranges.
fn range(schema: &Schema) -> (&str, &str) {
    let kind = if schema.int_or_string { "" } else { schema.kind.as_deref().unwrap_or_default() };
    let format = schema.format.as_deref().unwrap_or_default();
    match (kind, format) {
        ("integer", "int32" | "int64") | ("number", "float" | "double") => (kind, format),
        ("integer" | "number", _) => (kind, ""),
        _ => ("", ""),
    }
}

/// What is said about a value that does not fit the schema's own type.
fn out_of_range(value: &str, schema: &Schema, what: &str, path: &str) -> Option<String> {
    let (kind, format) = range(schema);
    let fits = match (kind, format) {
        ("integer", "int32") => value.parse::<i32>().is_ok(),
        ("integer", _) => value.parse::<i64>().is_ok(),
        (_, "float") => value.parse::<f64>().is_ok_and(|it| it.abs() <= f64::from(f32::MAX)),
        _ => true,
    };
    (!fits).then(|| match format {
        "" => format!("{what} value must be of type {kind} (default format) in {path}"),
        format => format!("{what} value must be of type {kind} with format {format} in {path}"),
    })
}

#[expect(clippy::cast_possible_truncation, reason = "Go's conversion, which cuts off")]
fn cut(number: f64) -> i64 {
    // What does not fit becomes the least number there.
    if number.abs() < 9.2e18 { number as i64 } else { i64::MIN }
}

pub(super) fn check(number: &Number, schema: &Schema, path: &str) -> Outcome {
    let mut result = Outcome::default();
    let data = number.as_f64().unwrap_or_default();
    let whole = number.as_i64();
    let text = |it: f64| if it == it.trunc() { format!("{it:.0}") } else { it.to_string() };
    let itself = whole.map_or_else(|| text(data), |it| it.to_string());
    if let Some(say) = out_of_range(&itself, schema, "Checked", path) {
        result.lost(say);
    }
    let shown_value = |native: bool| match whole {
        Some(it) if native => it.to_string(),
        _ => go_float(data),
    };
    if let Some(step) = schema.rules.multiple_of {
        let foreign = out_of_range(&text(step), schema, "MultipleOf", path);
        let native = foreign.is_none();
        if let Some(say) = foreign {
            result.lost(say);
        }
        match whole.filter(|_| native) {
            Some(_) if cut(step) <= 0 => {
                let say = format!("factor MultipleOf declared for {path} must be positive: {}", cut(step));
                result.invalid(path, cut(step).to_string(), say);
            }
            Some(value) if value.checked_rem(cut(step)).unwrap_or(0) != 0 => {
                let say = format!("{path} in body should be a multiple of {}", cut(step));
                result.invalid(path, value.to_string(), say);
            }
            Some(_) => {}
            None if step <= 0.0 => {
                let say =
                    format!("factor MultipleOf declared for {path} must be positive: {}", go_float(step));
                result.invalid(path, go_float(step), say);
            }
            None => {
                let times = if step < 1.0 { 1.0 / step * data } else { data / step };
                if !is_whole(times) {
                    let say = format!("{path} in body should be a multiple of {}", go_float(step));
                    result.invalid(path, go_float(data), say);
                }
            }
        }
    }
    let limits = [
        (schema.rules.minimum, schema.rules.exclusive_minimum, "Minimum boundary", true),
        (schema.rules.maximum, schema.rules.exclusive_maximum, "Maximum boundary", false),
    ];
    for (limit, exclusive, what, is_least) in limits {
        let Some(limit) = limit else { continue };
        let foreign = out_of_range(&text(limit), schema, what, path);
        let native = foreign.is_none() && whole.is_some();
        if let Some(say) = foreign {
            result.lost(say);
        }
        let (order, told) = match whole.filter(|_| native) {
            Some(value) => (Some(value.cmp(&cut(limit))), cut(limit).to_string()),
            None => (data.partial_cmp(&limit), go_float(limit)),
        };
        let Some(order) = order else { continue };
        let beyond = if is_least { order.is_lt() } else { order.is_gt() };
        if beyond || (exclusive && order.is_eq()) {
            let word = match (is_least, exclusive) {
                (true, true) => "greater than",
                (true, false) => "greater than or equal to",
                (false, true) => "less than",
                (false, false) => "less than or equal to",
            };
            result.invalid(path, shown_value(native), format!("{path} in body should be {word} {told}"));
        }
    }
    result.matched += 1;
    result
}

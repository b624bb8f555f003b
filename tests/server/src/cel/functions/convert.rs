//! From one type to another.

use crate::cel::eval::{Found, error};
use crate::cel::time;
use crate::cel::value::Val;
use crate::schema::validate::go_float;

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "ranges are checked before, and doubles are what they can be"
)]
pub(super) fn call(name: &str, args: &[Val]) -> Option<Found> {
    let [value] = args else { return None };
    let bad_number = |parser: &str, text: &str| {
        let quoted = crate::failure::shown(&text.into());
        error(format!("strconv.{parser}: parsing {quoted}: invalid syntax"))
    };
    Some(match (name, value) {
        ("dyn", it) => Ok(it.clone()),
        ("type", it) => Ok(Val::Type(it.type_name())),
        ("bool", Val::Bool(_))
        | ("int", Val::Int(_))
        | ("uint", Val::Uint(_))
        | ("double", Val::Double(_))
        | ("string", Val::Text(_))
        | ("bytes", Val::Bytes(_))
        | ("duration", Val::Duration(_))
        | ("timestamp", Val::Time(_)) => Ok(value.clone()),
        ("bool", Val::Text(text)) => match &**text {
            "1" | "t" | "true" | "TRUE" | "True" => Ok(Val::Bool(true)),
            "0" | "f" | "false" | "FALSE" | "False" => Ok(Val::Bool(false)),
            other => bad_number("ParseBool", other),
        },
        ("int", Val::Uint(it)) => {
            i64::try_from(*it).map_or_else(|_| error("integer overflow"), |it| Ok(Val::Int(it)))
        }
        ("int", Val::Double(it)) if it.abs() < 9.223_372_036_854_775e18 => Ok(Val::Int(*it as i64)),
        ("int", Val::Double(_)) => error("integer overflow"),
        ("int", Val::Text(text)) => {
            text.parse().map_or_else(|_| bad_number("ParseInt", text), |it| Ok(Val::Int(it)))
        }
        ("int", Val::Time(it)) => Ok(Val::Int(it.as_second())),
        ("int", Val::Duration(it)) => Ok(Val::Int(*it)),
        ("uint", Val::Int(it)) => {
            u64::try_from(*it).map_or_else(|_| error("unsigned integer overflow"), |it| Ok(Val::Uint(it)))
        }
        ("uint", Val::Double(it)) if *it >= 0.0 && *it < 1.844_674_407_370_955e19 => {
            Ok(Val::Uint(*it as u64))
        }
        ("uint", Val::Double(_)) => error("unsigned integer overflow"),
        ("uint", Val::Text(text)) => {
            text.parse().map_or_else(|_| bad_number("ParseUint", text), |it| Ok(Val::Uint(it)))
        }
        ("double", Val::Int(it)) => Ok(Val::Double(*it as f64)),
        ("double", Val::Uint(it)) => Ok(Val::Double(*it as f64)),
        ("double", Val::Text(text)) => {
            text.parse().map_or_else(|_| bad_number("ParseFloat", text), |it| Ok(Val::Double(it)))
        }
        ("string", it) => text(it)?,
        ("bytes", Val::Text(it)) => Ok(Val::Bytes(it.as_bytes().into())),
        ("duration", Val::Int(it)) => Ok(Val::Duration(*it)),
        ("duration", Val::Text(text)) => match time::duration(text) {
            Some(it) => Ok(Val::Duration(it)),
            None => error(format!("time: invalid duration {}", crate::failure::shown(&(&**text).into()))),
        },
        ("timestamp", Val::Int(it)) => match jiff::Timestamp::from_second(*it) {
            Ok(it) => Ok(Val::Time(it)),
            Err(_) => error("timestamp overflow"),
        },
        ("timestamp", Val::Text(text)) => match time::timestamp(text) {
            Some(it) => Ok(Val::Time(it)),
            None => {
                let quoted = crate::failure::shown(&(&**text).into());
                error(format!(
                    "parsing time {quoted} as \"2006-01-02T15:04:05Z07:00\": cannot parse {quoted} as \"2006\""
                ))
            }
        },
        _ => return None,
    })
}

fn text(value: &Val) -> Option<Found> {
    Some(Ok(Val::text(&match value {
        Val::Bool(it) => it.to_string(),
        Val::Int(it) => it.to_string(),
        Val::Uint(it) => it.to_string(),
        Val::Double(it) => go_float(*it),
        Val::Duration(it) => super::times::seconds(*it),
        Val::Time(it) => it.to_string(),
        Val::Bytes(it) => match std::str::from_utf8(it) {
            Ok(text) => text.to_owned(),
            Err(_) => return Some(error("invalid UTF-8 in bytes, cannot convert to string")),
        },
        Val::Ip(it) => it.to_string(),
        Val::Cidr(address, bits) => format!("{address}/{bits}"),
        _ => return None,
    })))
}

//! Operators on numbers, times and lists, and quantities.

use std::sync::Arc;

use crate::cel::eval::{Found, error, no_overload};
use crate::cel::value::{Val, compare, joined};
use crate::kinds::quantity::{NOT_A_QUANTITY, Quantity};

const OVERFLOW: &str = "integer overflow";
const UNSIGNED: &str = "unsigned integer overflow";

fn int(value: Option<i64>) -> Found {
    value.map_or_else(|| error(OVERFLOW), |it| Ok(Val::Int(it)))
}

fn uint(value: Option<u64>) -> Found {
    value.map_or_else(|| error(UNSIGNED), |it| Ok(Val::Uint(it)))
}

fn time(at: jiff::Timestamp, nanos: Option<i64>) -> Found {
    let moved = nanos.and_then(|it| at.checked_add(jiff::SignedDuration::from_nanos(it)).ok());
    moved.map_or_else(|| error("timestamp overflow"), |it| Ok(Val::Time(it)))
}

fn duration(nanos: Option<i64>) -> Found {
    nanos.map_or_else(|| error("duration overflow"), |it| Ok(Val::Duration(it)))
}

#[expect(clippy::cast_precision_loss, reason = "what a double can hold")]
fn to_double(nano: i128) -> f64 {
    nano as f64 / 1e9
}

pub(super) fn call(name: &str, args: &[Val]) -> Option<Found> {
    Some(match (name, args) {
        ("_+_", [one, other]) => add(one, other),
        ("_-_", [one, other]) => subtract(one, other),
        ("_*_", [Val::Int(one), Val::Int(other)]) => int(one.checked_mul(*other)),
        ("_*_", [Val::Uint(one), Val::Uint(other)]) => uint(one.checked_mul(*other)),
        ("_*_", [Val::Double(one), Val::Double(other)]) => Ok(Val::Double(one * other)),
        ("_/_", [Val::Int(_), Val::Int(0)] | [Val::Uint(_), Val::Uint(0)]) => error("division by zero"),
        ("_/_", [Val::Int(one), Val::Int(other)]) => int(one.checked_div(*other)),
        ("_/_", [Val::Uint(one), Val::Uint(other)]) => uint(one.checked_div(*other)),
        ("_/_", [Val::Double(one), Val::Double(other)]) => Ok(Val::Double(one / other)),
        ("_%_", [Val::Int(_), Val::Int(0)] | [Val::Uint(_), Val::Uint(0)]) => error("modulus by zero"),
        ("_%_", [Val::Int(one), Val::Int(other)]) => int(one.checked_rem(*other)),
        ("_%_", [Val::Uint(one), Val::Uint(other)]) => uint(one.checked_rem(*other)),
        ("!_", [Val::Bool(it)]) => Ok(Val::Bool(!it)),
        ("-_", [Val::Int(it)]) => int(it.checked_neg()),
        ("-_", [Val::Double(it)]) => Ok(Val::Double(-it)),
        ("_<_" | "_<=_" | "_>_" | "_>=_", [one, other]) => match compare(one, other) {
            Some(order) => Ok(Val::Bool(match name {
                "_<_" => order.is_lt(),
                "_<=_" => order.is_le(),
                "_>_" => order.is_gt(),
                _ => order.is_ge(),
            })),
            None if matches!((one, other), (Val::Double(_), _) | (_, Val::Double(_))) => Ok(Val::Bool(false)),
            None => no_overload(),
        },
        ("isGreaterThan", [one, other]) => Ok(Val::Bool(compare(one, other)?.is_gt())),
        ("isLessThan", [one, other]) => Ok(Val::Bool(compare(one, other)?.is_lt())),
        ("compareTo", [one, other]) => Ok(Val::Int(compare(one, other)? as i64)),
        ("quantity", [Val::Text(text)]) => match Quantity::parse(text) {
            Some(it) => Ok(Val::Quantity(it)),
            None => error(NOT_A_QUANTITY),
        },
        ("isQuantity", [Val::Text(text)]) => Ok(Val::Bool(Quantity::parse(text).is_some())),
        ("sign", [Val::Quantity(it)]) => Ok(Val::Int(match it {
            it if it.is_zero() => 0,
            it if it.is_negative() => -1,
            _ => 1,
        })),
        ("add", [Val::Quantity(one), other]) => Ok(Val::Quantity(one.plus(quantity_of(other)?))),
        ("sub", [Val::Quantity(one), other]) => Ok(Val::Quantity(one.minus(quantity_of(other)?))),
        ("isInteger", [Val::Quantity(it)]) => Ok(Val::Bool(it.is_whole())),
        ("asInteger", [Val::Quantity(it)]) => match i64::try_from(it.nano() / 1_000_000_000) {
            Ok(value) if it.is_whole() => Ok(Val::Int(value)),
            _ => error("cannot convert value to integer"),
        },
        ("asApproximateFloat", [Val::Quantity(it)]) => Ok(Val::Double(to_double(it.nano()))),
        _ => return None,
    })
}

fn quantity_of(value: &Val) -> Option<Quantity> {
    match value {
        Val::Quantity(it) => Some(*it),
        Val::Int(it) => Quantity::parse(&it.to_string()),
        _ => None,
    }
}

fn add(one: &Val, other: &Val) -> Found {
    match (one, other) {
        (Val::Int(one), Val::Int(other)) => int(one.checked_add(*other)),
        (Val::Uint(one), Val::Uint(other)) => uint(one.checked_add(*other)),
        (Val::Double(one), Val::Double(other)) => Ok(Val::Double(one + other)),
        (Val::Text(one), Val::Text(other)) => Ok(Val::text(&format!("{one}{other}"))),
        (Val::Bytes(one), Val::Bytes(other)) => Ok(Val::Bytes([&**one, &**other].concat().into())),
        (Val::List(one), Val::List(other)) => Ok(Val::List(Arc::new(joined(one, other)))),
        (Val::Duration(one), Val::Duration(other)) => duration(one.checked_add(*other)),
        (Val::Time(at), Val::Duration(nanos)) | (Val::Duration(nanos), Val::Time(at)) => {
            time(*at, Some(*nanos))
        }
        _ => no_overload(),
    }
}

fn subtract(one: &Val, other: &Val) -> Found {
    match (one, other) {
        (Val::Int(one), Val::Int(other)) => int(one.checked_sub(*other)),
        (Val::Uint(one), Val::Uint(other)) => uint(one.checked_sub(*other)),
        (Val::Double(one), Val::Double(other)) => Ok(Val::Double(one - other)),
        (Val::Duration(one), Val::Duration(other)) => duration(one.checked_sub(*other)),
        (Val::Time(at), Val::Duration(nanos)) => time(*at, nanos.checked_neg()),
        (Val::Time(one), Val::Time(other)) => {
            duration(i64::try_from(one.as_nanosecond() - other.as_nanosecond()).ok())
        }
        _ => no_overload(),
    }
}

//! The parts of times and durations.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::cel::eval::{Found, error};
use crate::cel::value::Val;

/// A duration as text: seconds.
pub(super) fn seconds(nanos: i64) -> String {
    let (whole, part) = (nanos / 1_000_000_000, (nanos % 1_000_000_000).unsigned_abs());
    let sign = if nanos < 0 && whole == 0 { "-" } else { "" };
    if part == 0 {
        return format!("{whole}s");
    }
    let part = format!("{part:09}");
    format!("{sign}{whole}.{}s", part.trim_end_matches('0'))
}

/// `UTC`, `02:00`, `-01:30`.
fn zone(name: &str) -> Option<TimeZone> {
    if matches!(name, "" | "UTC" | "Z") {
        return Some(TimeZone::UTC);
    }
    let (sign, rest) = match name.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, name.strip_prefix('+').unwrap_or(name)),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    Some(
        Offset::from_seconds(sign * (hours.checked_mul(3600)? + minutes.checked_mul(60)?))
            .ok()?
            .to_time_zone(),
    )
}

pub(super) fn call(name: &str, args: &[Val]) -> Option<Found> {
    let int = |it: i64| Some(Ok(Val::Int(it)));
    match args {
        [Val::Duration(nanos)] => match name {
            "getHours" => int(nanos / 3_600_000_000_000),
            "getMinutes" => int(nanos / 60_000_000_000),
            "getSeconds" => int(nanos / 1_000_000_000),
            "getMilliseconds" => int(nanos / 1_000_000),
            _ => None,
        },
        [Val::Time(at)] => part(name, *at, &TimeZone::UTC),
        [Val::Time(at), Val::Text(name_of_zone)] => match zone(name_of_zone) {
            Some(zone) => part(name, *at, &zone),
            None => Some(error(format!("unknown time zone {name_of_zone}"))),
        },
        _ => None,
    }
}

fn part(name: &str, at: Timestamp, zone: &TimeZone) -> Option<Found> {
    let at = zone.to_datetime(at);
    Some(Ok(Val::Int(match name {
        "getFullYear" => at.year().into(),
        "getMonth" => i64::from(at.month()) - 1,
        "getDate" => at.day().into(),
        "getDayOfMonth" => i64::from(at.day()) - 1,
        "getDayOfWeek" => at.weekday().to_sunday_zero_offset().into(),
        "getDayOfYear" => i64::from(at.day_of_year()) - 1,
        "getHours" => at.hour().into(),
        "getMinutes" => at.minute().into(),
        "getSeconds" => at.second().into(),
        "getMilliseconds" => at.millisecond().into(),
        _ => return None,
    })))
}

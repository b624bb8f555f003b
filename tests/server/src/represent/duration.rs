//! Durations for people, as kubectl shows ages: `5s`, `2m30s`, `3h`, `400d`.

use serde_json::Value;

/// The time from one instant to another in two or three digits.
pub(super) fn human(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let with = |big: i64, unit: char, small: i64, part: char| match small {
        0 => format!("{big}{unit}"),
        _ => format!("{big}{unit}{small}{part}"),
    };
    match seconds {
        // Clocks may differ by a moment; more than that is a mistake.
        ..-1 => "<invalid>".to_owned(),
        -1..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => with(minutes, 'm', seconds % 60, 's'),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => with(hours, 'h', minutes % 60, 'm'),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < 192 => with(days, 'd', hours % 24, 'h'),
        _ if days < 730 => format!("{days}d"),
        _ if days < 2920 => with(days / 365, 'y', days % 365, 'd'),
        _ => format!("{}y", days / 365),
    }
}

fn read(text: &str) -> Option<jiff::Timestamp> {
    text.parse().ok()
}

/// How long ago a time was.
pub(super) fn since(time: &Value) -> String {
    match time.as_str().and_then(read) {
        Some(then) => human(crate::clock::now().duration_since(then).as_secs()),
        None => "<unknown>".to_owned(),
    }
}

/// The same of a text that need not be a time.
pub(super) fn since_text(text: &str) -> Option<String> {
    read(text).map(|then| human(crate::clock::now().duration_since(then).as_secs()))
}

/// The time between two.
pub(super) fn between(from: &Value, to: &Value) -> Option<String> {
    let (from, to) = (read(from.as_str()?)?, read(to.as_str()?)?);
    Some(human(to.duration_since(from).as_secs()))
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn durations_are_short() {
        let (minute, hour, day) = (60, 3600, 86_400);
        let cases = [
            (-2, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (2 * minute, "2m"),
            (9 * minute + 59, "9m59s"),
            (10 * minute + 30, "10m"),
            (179 * minute, "179m"),
            (3 * hour, "3h"),
            (7 * hour + 59 * minute, "7h59m"),
            (8 * hour + minute, "8h"),
            (47 * hour, "47h"),
            (2 * day, "2d"),
            (7 * day + 23 * hour, "7d23h"),
            (8 * day + hour, "8d"),
            (729 * day, "729d"),
            (730 * day, "2y"),
            (800 * day, "2y70d"),
            (2920 * day, "8y"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(human(seconds), expected, "{seconds}");
        }
    }
}

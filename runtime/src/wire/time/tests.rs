//! Times against what Go's own types answered.

use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use super::*;
use crate::codec::{from_str, to_string};
use crate::wire::fixtures;

/// Seconds, nanoseconds and what Go writes, where Go reads the text.
type Answer = Option<(i64, u32, Option<String>)>;

#[test]
fn texts_read_as_in_go_and_are_given_back() {
    let rows: Vec<(String, Answer, Answer)> = fixtures::read("time/parse.json");
    assert!(rows.len() > 900);
    let (mut read, mut refused) = (0, 0);
    for (text, time, micro) in rows {
        let json = serde_json::to_string(&text).unwrap();
        let ours = text.parse::<Time>();
        assert_eq!(ours.is_ok(), time.is_some(), "{text}: {ours:?}");
        // MicroTime reads every time; Go's wants exactly six decimals.
        assert_eq!(text.parse::<MicroTime>().is_ok(), time.is_some(), "{text}");
        assert!(time.is_some() || micro.is_none(), "{text}");
        let Some((seconds, nanos, written)) = time else {
            refused += 1;
            continue;
        };
        read += 1;
        let ours: Time = from_str(&json).unwrap();
        assert_eq!((ours.0.ticks(), ours.0.nanos()), (seconds, nanos), "{text}");
        assert_eq!(to_string(&ours), json, "{text}");
        assert_eq!(ours.is_zero(), written.is_none(), "{text}");
        if let Some(written) = written.filter(|written| written.len() == 20) {
            assert_eq!(Time::from_unix_seconds(seconds).to_string(), written, "{text}");
        }
        let ours: MicroTime = from_str(&json).unwrap();
        let micros = seconds * 1_000_000 + i64::from(nanos / 1000);
        assert_eq!((ours.unix_micros(), ours.0.nanos()), (micros, nanos % 1000), "{text}");
        assert_eq!(to_string(&ours), json, "{text}");
        if let Some((_, _, Some(written))) =
            micro.filter(|(_, _, written)| written.as_ref().is_some_and(|w| w.len() == 27))
        {
            assert_eq!(MicroTime::from_unix_micros(micros).to_string(), written, "{text}");
        }
    }
    assert!(read > 600 && refused > 150, "{read} {refused}");
}

#[test]
fn what_a_server_stores_in_a_custom_resource_is_read_and_given_back() {
    let rows: Vec<(String, bool)> = fixtures::read("stored/times.json");
    let (mut odd, mut refused) = (0, 0);
    for (text, stored) in rows {
        let json = serde_json::to_string(&text).unwrap();
        let plain = text.parse::<Time>();
        let ours = from_str::<Time>(&json);
        assert_eq!(ours.is_ok(), stored || plain.is_ok(), "{text:?}: {ours:?}");
        assert_eq!(from_str::<MicroTime>(&json).is_ok(), ours.is_ok(), "{text:?}");
        let Ok(ours) = ours else {
            refused += 1;
            continue;
        };
        odd += usize::from(plain.is_err());
        assert_eq!(to_string(&ours), json);
        assert_eq!(plain.unwrap_or_else(|_| ours.clone()), ours);
    }
    assert!(odd > 50 && refused > 200, "{odd} {refused}");
    for (text, plain) in [
        ("2024-06-01t12:00:00.25z", "2024-06-01T12:00:00.25Z"),
        ("2024-06-01T12:00:00+99:99", "2024-05-28T07:21:00Z"),
        ("2024-06-01T12:00:00-25:61", "2024-06-02T14:01:00Z"),
        ("2024-06-01T12:00:00ZTrest", "2024-06-01T12:00:00Z"),
        ("2024-06-01T12:00:00x5Z", "2024-06-01T12:00:00Z"),
    ] {
        let ours: Time = from_str(&format!("{text:?}")).unwrap();
        assert_eq!(ours, plain.parse().unwrap(), "{text}");
        assert!(ours.to_system_time().is_some());
    }
}

#[test]
fn instants_are_written_as_in_go() {
    let rows: Vec<(i64, i64, Option<String>, Option<String>)> = fixtures::read("time/format.json");
    for (seconds, micros, time, micro) in rows {
        let quoted =
            |text: &Option<String>| text.as_ref().map_or("null".to_owned(), |text| format!("{text:?}"));
        if time.is_some() {
            assert_eq!(to_string(&Time::from_unix_seconds(seconds)), quoted(&time));
        }
        let ours = MicroTime::from_unix_micros(seconds * 1_000_000 + micros);
        assert_eq!(to_string(&ours), quoted(&micro));
        assert_eq!(Time::from(&ours).unix_seconds(), seconds);
    }
}

#[test]
fn the_zero_time_is_null() {
    for json in ["null", r#""0001-01-01T00:00:00Z""#, r#""0001-01-01T01:00:00+01:00""#] {
        let read: Time = from_str(json).unwrap();
        assert!(read.is_zero() && read == Time::default(), "{json}");
        assert_eq!(to_string(&read), json);
    }
    assert_eq!(to_string(&Time::default()), "null");
    assert_eq!(to_string(&MicroTime::default()), "null");
    assert_eq!(to_string(&Time::from_unix_seconds(Time::default().unix_seconds())), "null");
    assert!(from_str::<MicroTime>("null").unwrap().is_zero());
    assert!(!Time::from_unix_seconds(0).is_zero());
    assert!(serde_json::from_str::<Time>("null").unwrap().is_zero());
}

#[test]
fn the_instant_counts_and_not_the_text() {
    let time = |text: &str| text.parse::<Time>().unwrap();
    assert_eq!(time("2024-06-01T12:00:00+02:00"), time("2024-06-01T10:00:00Z"));
    assert!(time("2024-06-01T12:00:00+02:00") < time("2024-06-01T10:00:00.000000001Z"));
    assert!(time("1969-12-31T23:59:59.9Z") < Time::from_unix_seconds(0));
    assert!(Time::default() < time("0001-01-01T00:00:01Z"));
}

#[test]
fn the_system_clock_converts_both_ways() {
    for micros in [0, 1, -1, -1_000_000, -1_500_000, 1_717_236_000_123_456] {
        let time = MicroTime::from_unix_micros(micros);
        let system = time.to_system_time().unwrap();
        assert_eq!(MicroTime::from(system), time);
        assert_eq!(Time::from(system).unix_seconds(), micros.div_euclid(1_000_000));
    }
    let half: Time = "1970-01-01T00:00:01.5Z".parse().unwrap();
    assert_eq!(half.to_system_time(), UNIX_EPOCH.checked_add(Duration::from_millis(1500)));
    assert!(Time::now() > Time::from_unix_seconds(1_700_000_000));
    assert!(MicroTime::now() > MicroTime::from_unix_micros(1_700_000_000_000_000));
}

#[test]
fn instants_beyond_four_digit_years_are_the_nearest_there_is() {
    assert_eq!(Time::from_unix_seconds(i64::MAX).to_string(), "9999-12-31T23:59:59Z");
    assert_eq!(Time::from_unix_seconds(i64::MIN).to_string(), "0000-01-01T00:00:00Z");
    assert_eq!(MicroTime::from_unix_micros(i64::MAX).to_string(), "9999-12-31T23:59:59.999999Z");
    assert_eq!(MicroTime::from_unix_micros(i64::MIN).to_string(), "0000-01-01T00:00:00.000000Z");
}

#[test]
fn a_time_is_small() {
    assert_eq!((size_of::<Time>(), size_of::<MicroTime>()), (16, 16));
    assert_eq!((size_of::<Option<Time>>(), size_of::<Option<MicroTime>>()), (16, 16));
    let plain: Time = "2024-06-01T10:00:00Z".parse().unwrap();
    assert!(matches!(plain.0, Moment::Ticks(_)), "the form that servers write needs no allocation");
    // Of the canonical length, and not canonical.
    for text in ["2024-06-01T1:00:00.0000000Z", "2024-06-01t10:00:00.000000z", "2024-06-01T10:00:00,000000Z"]
    {
        assert_eq!(from_str::<MicroTime>(&format!("{text:?}")).unwrap().to_string(), text);
    }
    let plain: MicroTime = "2024-06-01T10:00:00.000000Z".parse().unwrap();
    assert!(matches!(plain.0, Moment::Ticks(_)));
}

#[test]
fn an_error_shows_the_text_and_what_is_allowed() {
    let error = "yesterday".parse::<Time>().unwrap_err().to_string();
    assert!(error.contains("\"yesterday\"") && error.contains("RFC 3339"), "{error}");
    for json in ["5", "true", "[]", "{}", r#""""#] {
        assert!(from_str::<Time>(json).is_err(), "{json}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC*", shaped in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{1,2}:[0-9]{2}:[0-9]{2}([.,][0-9]{0,12})?(Z|[+-][0-9]{2}:[0-9]{2})") {
        for text in [text, shaped] {
            if let Ok(time) = text.parse::<Time>() {
                prop_assert_eq!(time.to_string(), text.clone());
                prop_assert_eq!(Time::from_unix_seconds(time.unix_seconds()).to_string().len(), 20);
                let _ = time.to_system_time();
            }
            if let Ok(time) = text.parse::<MicroTime>() {
                prop_assert_eq!(time.to_string(), text);
            }
        }
    }

    #[test]
    fn what_is_shown_reads_back(micros in -62_167_219_200_000_000i64..253_402_300_800_000_000) {
        let time = MicroTime::from_unix_micros(micros);
        prop_assert_eq!(time.to_string().parse::<MicroTime>().unwrap(), time.clone());
        prop_assert_eq!(time.unix_micros(), micros);
        let time = Time::from(&time);
        prop_assert_eq!(time.to_string().parse::<Time>().unwrap(), time);
    }
}

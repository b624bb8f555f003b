//! Times: reading never panics, the text that was read comes back, and order goes by the instant.

use clientset::runtime::codec;
use clientset::{MicroTime, Time};

/// A text; and its first eight bytes as a number of seconds and of microseconds.
pub(super) fn check(data: &[u8]) {
    let text = super::text(data);
    if let Ok(time) = text.parse::<Time>() {
        assert_eq!(time.to_string(), text);
        let json = codec::to_string(&time);
        assert_eq!(codec::from_str::<Time>(&json).expect("what we wrote"), time);
        assert_eq!(serde_json::from_str::<Time>(&json).expect("what we wrote, by serde"), time);
        assert_eq!(serde_json::to_string(&time).expect("a string"), json);
        let whole = Time::from_unix_seconds(time.unix_seconds());
        assert!(whole <= time || whole.unix_seconds() != time.unix_seconds());
        assert_eq!(
            text.parse::<MicroTime>().map(|time| time.unix_micros().div_euclid(1_000_000)),
            Ok(time.unix_seconds())
        );
        let _ = time.to_system_time();
    }
    if let Ok(time) = text.parse::<MicroTime>() {
        assert_eq!(time.to_string(), text);
        let json = codec::to_string(&time);
        assert_eq!(codec::from_str::<MicroTime>(&json).expect("what we wrote"), time);
        let second = Time::from(&time);
        assert!(MicroTime::from(&second) <= time || second.unix_seconds() * 1_000_000 != time.unix_micros());
        let _ = time.to_system_time();
    }
    let _ = (
        codec::from_str::<Time>(&text).map(|time| codec::to_string(&time)),
        codec::from_str::<MicroTime>(&text),
    );
    if let Some(bytes) = data.first_chunk::<8>() {
        let number = i64::from_le_bytes(*bytes);
        let (time, micro) = (Time::from_unix_seconds(number), MicroTime::from_unix_micros(number));
        // The zero time is null in JSON, and text for people.
        assert_eq!(time.to_string().parse::<Time>().expect("what we wrote"), time);
        assert_eq!(micro.to_string().parse::<MicroTime>().expect("what we wrote"), micro);
        assert_eq!(codec::from_str::<Time>(&codec::to_string(&time)).expect("what we wrote"), time);
        assert_eq!(codec::from_str::<MicroTime>(&codec::to_string(&micro)).expect("what we wrote"), micro);
    }
}

//! Instants as Kubernetes writes them: `Time` to the second, `MicroTime` to the microsecond, both in UTC.
//!
//! The two types and their conversions; what they share is in `moment`. There is no calendar arithmetic here and no time
//! zone is kept: those are a calendar library's.

mod moment;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::{self, DecodeError, Reader, Value, Writer, plain};
use moment::Moment;

/// An instant to the second, as `metadata.creationTimestamp` is.
///
/// ```
/// use clientset_runtime::wire::Time;
///
/// let created: Time = "2024-06-01T12:00:00+02:00".parse()?;
/// assert_eq!(created, Time::from_unix_seconds(1_717_236_000));
/// assert_eq!(created.to_string(), "2024-06-01T12:00:00+02:00");
/// assert_eq!(Time::from_unix_seconds(1_717_236_000).to_string(), "2024-06-01T10:00:00Z");
/// # Ok::<(), clientset_runtime::wire::ParseTimeError>(())
/// ```
///
/// What was read is given back as it stood: offsets and fractions of a second survive until another value is put in its
/// place. JSON may also hold what servers store for `format: date-time` of a custom resource and Go does not read, as with
/// small letters (`2024-06-01t12:00:00z`). Comparing, ordering and hashing go by the instant, fraction included. The default is Go's zero time
/// (`0001-01-01T00:00:00Z`), which is `null` in JSON both ways. It takes 16 bytes.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(Moment<1>);

/// An instant to the microsecond, as the times of leases and events are.
///
/// ```
/// use clientset_runtime::wire::MicroTime;
///
/// let renewed = MicroTime::from_unix_micros(1_717_236_000_000_250);
/// assert_eq!(renewed.to_string(), "2024-06-01T10:00:00.000250Z");
/// ```
///
/// Otherwise as [`Time`]. It reads any fraction of a second, and none; Go reads six digits only.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MicroTime(Moment<1_000_000>);

impl Time {
    /// This second of the system's clock.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// That many seconds after 1970 began in UTC; the nearest instant of the years 0 to 9999.
    pub fn from_unix_seconds(seconds: i64) -> Self {
        Time(Moment::new(seconds))
    }

    /// Seconds since 1970 began in UTC; a fraction that was read is left out.
    pub fn unix_seconds(&self) -> i64 {
        self.0.ticks()
    }
}

impl MicroTime {
    /// This microsecond of the system's clock.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// That many microseconds after 1970 began in UTC; the nearest instant of the years 0 to 9999.
    pub fn from_unix_micros(micros: i64) -> Self {
        MicroTime(Moment::new(micros))
    }

    /// Microseconds since 1970 began in UTC; what was read below them is left out.
    pub fn unix_micros(&self) -> i64 {
        self.0.ticks()
    }
}

/// What both types have, written once.
macro_rules! time_type {
    ($name:ident, $unit:literal) => {
        impl $name {
            /// Whether this is Go's zero time, `null` in JSON: no time was set.
            pub fn is_zero(&self) -> bool {
                self.0.is_zero()
            }

            /// The instant on the system's clock, where the platform can hold it.
            pub fn to_system_time(&self) -> Option<SystemTime> {
                self.0.to_system_time()
            }
        }

        impl From<SystemTime> for $name {
            #[doc = concat!("The ", $unit, " that the instant lies in.")]
            fn from(time: SystemTime) -> Self {
                $name(Moment::from_system_time(time))
            }
        }

        impl FromStr for $name {
            type Err = ParseTimeError;

            /// Reads RFC 3339 as Go does: with any offset, and any fraction of a second, of which nine digits count.
            fn from_str(text: &str) -> Result<Self, ParseTimeError> {
                Moment::parse(text).map($name).ok_or_else(|| ParseTimeError::new(text))
            }
        }

        impl TryFrom<&str> for $name {
            type Error = ParseTimeError;

            fn try_from(text: &str) -> Result<Self, ParseTimeError> {
                text.parse()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.with_text(|text| f.pad(text))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.with_text(|text| write!(f, concat!(stringify!($name), "({})"), text))
            }
        }

        impl Value for $name {
            fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
                if reader.null()? {
                    *self = $name::default();
                    return Ok(());
                }
                let text = reader.string()?;
                self.0 = Moment::parse_stored(&text).ok_or_else(|| {
                    let expected = "an RFC 3339 time such as 2024-06-01T12:00:00Z";
                    reader.error_after(expected.to_owned(), "another text")
                })?;
                Ok(())
            }

            fn encode(&self, writer: &mut Writer) {
                if self.0.is_null() {
                    writer.raw("null")
                } else {
                    self.0.with_text(|text| writer.string(text))
                }
            }

            plain!();
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                codec::serialize(self, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                codec::deserialize(deserializer)
            }
        }
    };
}

time_type!(Time, "second");
time_type!(MicroTime, "microsecond");

impl From<&Time> for MicroTime {
    fn from(time: &Time) -> Self {
        MicroTime::from_unix_micros(time.unix_seconds().saturating_mul(1_000_000))
    }
}

impl From<&MicroTime> for Time {
    /// The second that the instant lies in.
    fn from(time: &MicroTime) -> Self {
        Time::from_unix_seconds(time.unix_micros().div_euclid(1_000_000))
    }
}

/// A text that is no RFC 3339 time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseTimeError {
    /// The text, shortened where it is long.
    text: Box<str>,
}

impl ParseTimeError {
    fn new(text: &str) -> Self {
        ParseTimeError { text: text.chars().take(40).collect::<String>().into() }
    }
}

impl fmt::Display for ParseTimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no RFC 3339 time: it takes a date, T, a time of day and Z or an offset, as in \
             2024-06-01T12:00:00Z or 2024-06-01T12:00:00.5+02:00",
            self.text
        )
    }
}

impl std::error::Error for ParseTimeError {}

//! Semantic versions.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::cel::eval::{Found, error};
use crate::cel::value::Val;

/// `1.2.3-rc.1`; what is behind `+` has no say in the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Semver {
    numbers: [u64; 3],
    before: Vec<String>,
}

impl Semver {
    fn parse(text: &str) -> Result<Semver, String> {
        if text.is_empty() {
            return Err("Version string empty".to_owned());
        }
        let parts: Vec<&str> = text.splitn(3, '.').collect();
        let &[major, minor, rest] = parts.as_slice() else {
            return Err("No Major.Minor.Patch elements found".to_owned());
        };
        let rest = rest.split('+').next().unwrap_or_default();
        let (patch, before) = rest.split_once('-').map_or((rest, None), |it| (it.0, Some(it.1)));
        let number = |text: &str, what: &str| -> Result<u64, String> {
            let quoted = crate::failure::shown(&text.into());
            if text.is_empty() || !text.chars().all(|it| it.is_ascii_digit()) {
                return Err(match text {
                    "" => "strconv.ParseUint: parsing \"\": invalid syntax".to_owned(),
                    _ => format!("Invalid character(s) found in {what} number {quoted}"),
                });
            }
            if text.len() > 1 && text.starts_with('0') {
                let what = format!(
                    "{}{}",
                    what.get(..1).unwrap_or_default().to_uppercase(),
                    what.get(1..).unwrap_or_default()
                );
                return Err(format!("{what} number must not contain leading zeroes {quoted}"));
            }
            text.parse().map_err(|_| format!("strconv.ParseUint: parsing {quoted}: value out of range"))
        };
        let numbers = [number(major, "major")?, number(minor, "minor")?, number(patch, "patch")?];
        let before: Vec<String> =
            before.into_iter().flat_map(|it| it.split('.')).map(str::to_owned).collect();
        let fine =
            |it: &String| !it.is_empty() && it.chars().all(|it| it.is_ascii_alphanumeric() || it == '-');
        if let Some(bad) = before.iter().find(|it| !fine(it)) {
            return Err(format!(
                "Invalid character(s) found in prerelease {}",
                crate::failure::shown(&bad.as_str().into())
            ));
        }
        Ok(Semver { numbers, before })
    }

    /// `v1.02` is taken for `1.2.0`.
    fn normalised(text: &str) -> String {
        let text = text.trim().trim_start_matches('v');
        let mut parts: Vec<String> = text.splitn(3, '.').map(str::to_owned).collect();
        for part in &mut parts {
            if part.len() > 1 {
                let trimmed = part.trim_start_matches('0');
                let plain = trimmed.starts_with(|it: char| it.is_ascii_digit());
                *part = if plain { trimmed.to_owned() } else { format!("0{trimmed}") };
            }
        }
        if parts.len() < 3 && !parts.last().is_some_and(|it| it.contains(['+', '-'])) {
            while parts.len() < 3 {
                parts.push("0".to_owned());
            }
        }
        parts.join(".")
    }

    pub(crate) fn order(&self, other: &Semver) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| {
            match (self.before.is_empty(), other.before.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => {
                    let pairs = self.before.iter().zip(&other.before);
                    let parts = pairs.map(|(one, other)| match (one.parse::<u64>(), other.parse::<u64>()) {
                        (Ok(one), Ok(other)) => one.cmp(&other),
                        (Ok(_), Err(_)) => Ordering::Less,
                        (Err(_), Ok(_)) => Ordering::Greater,
                        _ => one.cmp(other),
                    });
                    let first = parts.into_iter().find(|it| it.is_ne());
                    first.unwrap_or_else(|| self.before.len().cmp(&other.before.len()))
                }
            }
        })
    }
}

pub(super) fn call(name: &str, args: &[Val]) -> Option<Found> {
    let read = |args: &[Val]| match args {
        [Val::Text(text)] | [Val::Text(text), Val::Bool(false)] => Some(Semver::parse(text)),
        [Val::Text(text), Val::Bool(true)] => Some(Semver::parse(&Semver::normalised(text))),
        _ => None,
    };
    let part = |it: &Semver, at: usize| {
        let number = it.numbers.get(at).copied().unwrap_or_default();
        Ok(Val::Int(i64::try_from(number).unwrap_or(i64::MAX)))
    };
    Some(match (name, args) {
        ("semver", args) => match read(args)? {
            Ok(it) => Ok(Val::Semver(Arc::new(it))),
            Err(why) => error(why),
        },
        ("isSemver", args) => Ok(Val::Bool(read(args)?.is_ok())),
        ("major", [Val::Semver(it)]) => part(it, 0),
        ("minor", [Val::Semver(it)]) => part(it, 1),
        ("patch", [Val::Semver(it)]) => part(it, 2),
        _ => return None,
    })
}

//! Text that Go reads into something else: bytes in base64 and times, with Go's complaints where it cannot.
//!
//! Which members are of which form is told by their schema.

/// Go's complaint about text that is no base64.
pub(crate) fn base64_problem(text: &str) -> Option<String> {
    let bytes: Vec<u8> = text.bytes().filter(|it| !matches!(it, b'\r' | b'\n')).collect();
    let bad = |at: usize| Some(format!("illegal base64 data at input byte {at}"));
    let letters =
        bytes.iter().take_while(|it| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'/')).count();
    let (rest, left) = (letters % 4, bytes.len() - letters);
    let padding = bytes.iter().skip(letters).take_while(|it| **it == b'=').count();
    match (rest, left) {
        (0, 0) => None,
        // It ends inside of a group of four.
        (rest, 0) => bad(letters - rest),
        (2, 2) if padding == 2 => None,
        (3, 1) if padding == 1 => None,
        (2, 1) if padding == 1 => bad(letters + 1),
        (2, _) if padding == 1 => bad(letters + 1),
        (2, _) if padding >= 2 => bad(letters + 2),
        (3, _) if padding >= 1 => bad(letters + 1),
        _ => bad(letters),
    }
}

/// Go's complaint about text that is no time; with `micro` it has to have six digits behind the seconds.
pub(crate) fn time_problem(text: &str, micro: bool) -> Option<String> {
    let fraction = if micro { ".000000" } else { "" };
    let layout = format!("2006-01-02T15:04:05{fraction}Z07:00");
    let say = |why: String| Some(format!("parsing time {text:?} as {layout:?}: {why}"));
    let mut rest = text;
    let mut numbers = Vec::new();
    for chunk in ["2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05"] {
        let cannot = || say(format!("cannot parse {rest:?} as {chunk:?}"));
        let (head, tail) = match rest.split_at_checked(chunk.len()) {
            Some(it) => it,
            None => return cannot(),
        };
        if chunk.starts_with(|it: char| it.is_ascii_digit()) {
            match head.parse::<u32>() {
                Ok(it) if head.bytes().all(|it| it.is_ascii_digit()) => numbers.push(it),
                _ => return cannot(),
            }
            let range = match (chunk, numbers.last().copied().unwrap_or(0)) {
                ("01", it) if !(1..=12).contains(&it) => "month",
                ("15", 24..) => "hour",
                ("04", 60..) => "minute",
                ("05", 60..) => "second",
                _ => "",
            };
            if !range.is_empty() {
                return Some(format!("parsing time {text:?}: {range} out of range"));
            }
        } else if head != chunk {
            return cannot();
        }
        rest = tail;
    }
    if let [year, month, day, ..] = numbers.as_slice() {
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if !(1..=days).contains(day) {
            return Some(format!("parsing time {text:?}: day out of range"));
        }
    }
    let digits = |it: &str| it.bytes().take_while(u8::is_ascii_digit).count();
    if micro {
        let fits = rest.strip_prefix('.').is_some_and(|it| digits(it) == 6);
        if !fits {
            return say(format!("cannot parse {rest:?} as \".000000\""));
        }
        rest = rest.get(7..).unwrap_or_default();
    } else if let Some(fraction) = rest.strip_prefix(['.', ',']).filter(|it| digits(it) > 0) {
        rest = fraction.get(digits(fraction)..).unwrap_or_default();
    }
    let zone = rest.as_bytes();
    let after = match zone {
        [b'Z', ..] => rest.get(1..),
        [b'+' | b'-', h1, h2, b':', m1, m2, ..] if [h1, h2, m1, m2].iter().all(|it| it.is_ascii_digit()) => {
            rest.get(6..)
        }
        _ => return say(format!("cannot parse {rest:?} as \"Z07:00\"")),
    };
    match after.unwrap_or_default() {
        "" => None,
        extra => Some(format!("parsing time {text:?}: extra text: {extra:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_judged_as_go_does() {
        for fine in ["", "eA==", "eHk=", "eHl6", "eHl6\neA=="] {
            assert_eq!(base64_problem(fine), None, "{fine}");
        }
        for (text, at) in [("?", 0), ("aGVsbG8", 4), ("eA=", 3), ("eA", 0), ("eHl6*", 4)] {
            assert_eq!(
                base64_problem(text),
                Some(format!("illegal base64 data at input byte {at}")),
                "{text}"
            );
        }
    }

    #[test]
    fn times_are_judged_as_go_does() {
        for fine in ["2024-01-01T00:00:00Z", "2024-02-29T00:00:00.5+01:00"] {
            assert_eq!(time_problem(fine, false), None, "{fine}");
        }
        assert_eq!(time_problem("2024-01-01T00:00:00.000000Z", true), None);
        for (text, micro, say) in [
            (
                "yesterday",
                true,
                r#"as "2006-01-02T15:04:05.000000Z07:00": cannot parse "yesterday" as "2006""#,
            ),
            (
                "2024-01-01T00:00:00.5Z",
                true,
                r#"as "2006-01-02T15:04:05.000000Z07:00": cannot parse ".5Z" as ".000000""#,
            ),
            ("2024-01-01", false, r#"as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T""#),
        ] {
            assert_eq!(time_problem(text, micro), Some(format!("parsing time {text:?} {say}")));
        }
        let say = r#"parsing time "2024-13-01T00:00:00Z": month out of range"#;
        assert_eq!(time_problem("2024-13-01T00:00:00Z", false).as_deref(), Some(say));
    }
}

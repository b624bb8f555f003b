//! Schedules of cron jobs: five fields or a word, with the complaints of the library that the real server reads them with.
//!
//! When a schedule is due is not worked out: nothing here runs jobs.

/// The fields in order: the least and the most, and their names for numbers.
const FIELDS: [(u32, u32, &[&str]); 5] = [
    (0, 59, &[]),
    (0, 23, &[]),
    (1, 31, &[]),
    (1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    (0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];

/// What is wrong with a schedule.
pub(super) fn check(text: &str) -> Result<(), String> {
    if text.starts_with('@') {
        return word(text);
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" ")));
    }
    for (field, (least, most, names)) in fields.iter().zip(FIELDS) {
        // The library takes what is between commas, and passes over what is empty.
        field.split(',').filter(|it| !it.is_empty()).try_for_each(|it| range(it, least, most, names))?;
    }
    Ok(())
}

fn word(text: &str) -> Result<(), String> {
    match text {
        "@yearly" | "@annually" | "@monthly" | "@weekly" | "@daily" | "@midnight" | "@hourly" => Ok(()),
        _ => match text.strip_prefix("@every ") {
            Some(span) if is_duration(span) => Ok(()),
            Some(span) => Err(format!("failed to parse duration {text}: time: invalid duration \"{span}\"")),
            None => Err(format!("unrecognized descriptor: {text}")),
        },
    }
}

/// `1h30m`: numbers with units.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let number = rest.trim_start_matches(|it: char| it.is_ascii_digit() || it == '.');
        if number.len() == rest.len() {
            return false;
        }
        let unit = ["ns", "us", "µs", "ms", "s", "m", "h"].iter().find_map(|it| number.strip_prefix(it));
        match unit {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

fn number(text: &str, names: &[&str]) -> Result<u32, String> {
    let lower = text.to_lowercase();
    if let Some(place) = names.iter().position(|it| *it == lower) {
        let first = u32::from(names.len() == 12);
        return Ok(first + u32::try_from(place).unwrap_or(0));
    }
    match text.parse::<i64>() {
        Ok(it) if it < 0 => Err(format!("negative number ({it}) not allowed: {text}")),
        Ok(it) => Ok(u32::try_from(it).unwrap_or(u32::MAX)),
        Err(_) => {
            Err(format!("failed to parse int from {text}: strconv.Atoi: parsing \"{text}\": invalid syntax"))
        }
    }
}

fn range(text: &str, least: u32, most: u32, names: &[&str]) -> Result<(), String> {
    let parts: Vec<&str> = text.split('/').collect();
    let span = parts.first().copied().unwrap_or_default();
    let bounds: Vec<&str> = span.split('-').collect();
    let (mut start, mut end) = (least, most);
    let is_single = bounds.len() == 1;
    let first = bounds.first().copied().unwrap_or_default();
    if !matches!(first, "*" | "?") {
        start = number(first, names)?;
        end = match bounds.as_slice() {
            [_] => start,
            [_, last] => number(last, names)?,
            _ => return Err(format!("too many hyphens: {text}")),
        };
    }
    let step = match parts.as_slice() {
        [_] => 1,
        [_, step] => {
            let step = number(step, &[])?;
            if is_single {
                end = most;
            }
            step
        }
        _ => return Err(format!("too many slashes: {text}")),
    };
    if start < least {
        return Err(format!("beginning of range ({start}) below minimum ({least}): {text}"));
    }
    if end > most {
        return Err(format!("end of range ({end}) above maximum ({most}): {text}"));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}"));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn schedules_are_five_fields_or_a_word() {
        for good in
            ["* * * * *", "*/5 1-3 1,15 jan-mar MON", "0 0 ? * 0", "@daily", "@every 1h30m", "1/2 * * * *"]
        {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (bad, say) in [
            ("every day", "expected exactly 5 fields, found 2: [every day]"),
            ("99 * * * *", "end of range (99) above maximum (59): 99"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"),
            ("@often", "unrecognized descriptor: @often"),
        ] {
            assert_eq!(check(bad), Err(say.to_owned()), "{bad}");
        }
    }
}

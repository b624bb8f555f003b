//! Finding what servers invent inside text: times, uids, JSON web tokens.
//!
//! Shapes only; which of them are replaced is decided in `plain`.

/// Replaces each part of a text that has a shape. `length` tells how long the part at the start of what it is given is, if it is one.
pub(crate) fn replace(
    text: &str,
    length: impl Fn(&str) -> Option<usize>,
    mut by: impl FnMut(&str) -> String,
) -> String {
    let mut out = String::new();
    let mut rest = text;
    let mut inside_word = false;
    while let Some(first) = rest.chars().next() {
        let found = if inside_word { None } else { length(rest) };
        let size = found.unwrap_or(first.len_utf8());
        let (part, after) = rest.split_at(size);
        match found {
            Some(_) => out.push_str(&by(part)),
            None => out.push_str(part),
        }
        inside_word = found.is_none() && first.is_ascii_alphanumeric();
        rest = after;
    }
    out
}

/// `2026-01-02T03:04:05Z`, with a fraction or without.
pub(crate) fn time(text: &str) -> Option<usize> {
    let end = shape(text, "dddd-dd-ddTdd:dd:dd")?;
    let rest = text.get(end..)?;
    let fraction = match rest.strip_prefix('.') {
        Some(after) => 1 + after.chars().take_while(char::is_ascii_digit).count(),
        None => 0,
    };
    rest.get(fraction..)?.starts_with('Z').then_some(end + fraction + 1)
}

/// `01234567-89ab-cdef-0123-456789abcdef`
pub(crate) fn uid(text: &str) -> Option<usize> {
    let end = shape(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")?;
    let next = text.get(end..)?.chars().next();
    next.is_none_or(|it| !it.is_ascii_alphanumeric()).then_some(end)
}

/// A JSON web token: three parts of base64 for URLs, of which the first is an object.
pub(crate) fn web_token(text: &str) -> Option<usize> {
    let is_part = |it: &char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    let end = text.chars().take_while(is_part).count();
    let token = text.get(..end)?;
    (token.starts_with("eyJ") && token.split('.').filter(|it| it.len() > 8).count() == 3).then_some(end)
}

/// `Sat, 21 Nov 2026 13:00:00 +0000` and `2026-11-21 13:00:00.123456789 +0000`
pub(crate) fn date(text: &str) -> Option<usize> {
    if let Some(end) = shape(text, "aaa, dd aaa dddd dd:dd:dd +dddd") {
        return Some(end);
    }
    let end = shape(text, "dddd-dd-dd dd:dd:dd.ddddddddd +dddd")?;
    Some(end)
}

/// `LIVE-123`: folders that `kubectl diff` makes.
pub(crate) fn scratch(text: &str) -> Option<usize> {
    let name = ["LIVE-", "MERGED-"].into_iter().find(|it| text.starts_with(it))?;
    let digits = text.get(name.len()..)?.chars().take_while(char::is_ascii_digit).count();
    (digits > 0).then_some(name.len() + digits)
}

/// `E1121 13:00:00.123456   12345 file.go:77]`
pub(crate) fn log_head(text: &str) -> Option<usize> {
    shape(text, "Adddd dd:dd:dd.dddddd ")?;
    text.split_once(']').map(|it| it.0.len() + 1)
}

/// `10.0.0.7`
pub(crate) fn address(text: &str) -> Option<usize> {
    let end = text.chars().take_while(|it| it.is_ascii_digit() || *it == '.').count();
    text.get(..end)?.parse::<std::net::Ipv4Addr>().is_ok().then_some(end)
}

fn shape(text: &str, shape: &str) -> Option<usize> {
    let part = text.get(..shape.len())?;
    let fits = |(is, wanted): (char, char)| match wanted {
        'd' => is.is_ascii_digit(),
        'a' => is.is_ascii_alphabetic(),
        'A' => "IWEF".contains(is),
        'x' => is.is_ascii_digit() || ('a'..='f').contains(&is),
        _ => is == wanted,
    };
    (part.len() == shape.len() && part.chars().zip(shape.chars()).all(fits)).then_some(shape.len())
}

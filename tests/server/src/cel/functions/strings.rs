//! Text: searching, cutting, replacing, patterns and formatting. Places are counted in characters.

use crate::cel::eval::{Eval, Fail, Found, error};
use crate::cel::value::Val;
use crate::schema::go_regex::compile as regex;
use crate::schema::validate::go_float;

pub(super) fn call(eval: &mut Eval, name: &str, args: &[Val]) -> Option<Found> {
    let bool = |it: bool| Ok(Val::Bool(it));
    Some(match (name, args) {
        ("contains", [Val::Text(text), Val::Text(part)]) => bool(text.contains(&**part)),
        ("startsWith", [Val::Text(text), Val::Text(part)]) => bool(text.starts_with(&**part)),
        ("endsWith", [Val::Text(text), Val::Text(part)]) => bool(text.ends_with(&**part)),
        ("matches", [Val::Text(text), Val::Text(pattern)]) => match regex(pattern) {
            Ok(it) => bool(it.is_match(text)),
            Err(_) => error(format!("error parsing regexp: `{pattern}`")),
        },
        ("find", [Val::Text(text), Val::Text(pattern)]) => match regex(pattern) {
            Ok(it) => Ok(Val::text(it.find(text).map_or("", |it| it.as_str()))),
            Err(_) => error(format!("Illegal regex: error parsing regexp: `{pattern}`")),
        },
        ("findAll", [Val::Text(text), Val::Text(pattern), rest @ ..]) => {
            let limit = match rest {
                [Val::Int(limit)] => usize::try_from(*limit).unwrap_or(usize::MAX),
                _ => usize::MAX,
            };
            match regex(pattern) {
                Ok(it) => {
                    Ok(Val::list(it.find_iter(text).take(limit).map(|it| Val::text(it.as_str())).collect()))
                }
                Err(_) => error(format!("Illegal regex: error parsing regexp: `{pattern}`")),
            }
        }
        ("lowerAscii", [Val::Text(text)]) => Ok(Val::text(&text.to_ascii_lowercase())),
        ("upperAscii", [Val::Text(text)]) => Ok(Val::text(&text.to_ascii_uppercase())),
        ("trim", [Val::Text(text)]) => Ok(Val::text(text.trim())),
        ("charAt", [Val::Text(text), Val::Int(at)]) => char_at(text, *at),
        ("indexOf" | "lastIndexOf", [Val::Text(text), Val::Text(part), rest @ ..]) => {
            index_of(eval, text, part, rest.first(), name == "lastIndexOf")
        }
        ("substring", [Val::Text(text), Val::Int(start), rest @ ..]) => {
            let end = match rest {
                [Val::Int(end)] => Some(*end),
                _ => None,
            };
            substring(text, *start, end)
        }
        ("replace", [Val::Text(text), Val::Text(from), Val::Text(to), rest @ ..]) => {
            let count = match rest {
                [Val::Int(count)] => usize::try_from(*count).unwrap_or(usize::MAX),
                _ => usize::MAX,
            };
            let most = text.len().saturating_add(1).min(count).saturating_mul(to.len());
            match eval.pay(most as u64 / 10) {
                Ok(()) => Ok(Val::text(&text.replacen(&**from, to, count))),
                Err(fail) => Err(fail),
            }
        }
        ("split", [Val::Text(text), Val::Text(by), rest @ ..]) => {
            let limit = match rest {
                [Val::Int(limit)] => *limit,
                _ => -1,
            };
            match eval.pay(text.len() as u64) {
                Ok(()) => Ok(Val::list(split(text, by, limit).iter().map(|it| Val::text(it)).collect())),
                Err(fail) => Err(fail),
            }
        }
        ("join", [Val::List(list), rest @ ..]) => {
            let by = match rest {
                [Val::Text(by)] => by,
                _ => "",
            };
            let mut out = String::new();
            for (index, item) in list.items.iter().enumerate() {
                let Val::Text(item) = item else { return Some(error("join: invalid input")) };
                if let Err(fail) = eval.pay((item.len() + by.len()) as u64 / 10) {
                    return Some(Err(fail));
                }
                if index > 0 {
                    out.push_str(by);
                }
                out.push_str(item);
            }
            Ok(Val::text(&out))
        }
        ("strings.quote", [Val::Text(text)]) => Ok(Val::text(&quoted(text))),
        ("format", [Val::Text(text), Val::List(args)]) => {
            format(eval, text, &args.items).map(|it| Val::text(&it))
        }
        _ => return None,
    })
}

fn out_of_range<T>(at: i64) -> Result<T, Fail> {
    error(format!("index out of range: {at}"))
}

fn char_at(text: &str, at: i64) -> Found {
    let count = text.chars().count();
    match usize::try_from(at) {
        Ok(at) if at == count => Ok(Val::text("")),
        Ok(at) => match text.chars().nth(at) {
            Some(it) => Ok(Val::text(&it.to_string())),
            None => out_of_range(i64::try_from(at).unwrap_or(i64::MAX)),
        },
        Err(_) => out_of_range(at),
    }
}

/// The byte at which a character starts; the end of the text for one behind the last.
fn byte_of(text: &str, at: usize) -> usize {
    text.char_indices().nth(at).map_or(text.len(), |it| it.0)
}

fn index_of(eval: &mut Eval, text: &str, part: &str, from: Option<&Val>, last: bool) -> Found {
    eval.pay(text.len() as u64 / 10)?;
    let count = text.chars().count();
    let from = match from {
        Some(Val::Int(from)) => match usize::try_from(*from) {
            Ok(it) => Some(it),
            Err(_) => return out_of_range(*from),
        },
        _ => None,
    };
    let place = |byte: usize| -> i64 {
        text.get(..byte).map_or(-1, |it| i64::try_from(it.chars().count()).unwrap_or(i64::MAX))
    };
    let found = if last {
        if part.is_empty() {
            return Ok(Val::Int(i64::try_from(from.unwrap_or(count)).unwrap_or(i64::MAX)));
        }
        let end = from.map_or(text.len(), |it| byte_of(text, it));
        text.rmatch_indices(part).map(|it| it.0).find(|it| *it <= end)
    } else {
        let start = from.unwrap_or(0);
        if part.is_empty() {
            return Ok(Val::Int(i64::try_from(start).unwrap_or(i64::MAX)));
        }
        let start = byte_of(text, start);
        text.get(start..).and_then(|it| it.find(part)).map(|it| it + start)
    };
    Ok(Val::Int(found.map_or(-1, place)))
}

fn substring(text: &str, start: i64, end: Option<i64>) -> Found {
    let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    if let Some(end) = end
        && start > end
    {
        return error(format!("invalid substring range. start: {start}, end: {end}"));
    }
    if start < 0 || start > count {
        return out_of_range(start);
    }
    let end = end.unwrap_or(count);
    if end < 0 || end > count {
        return out_of_range(end);
    }
    let at = |it: i64| byte_of(text, usize::try_from(it).unwrap_or(usize::MAX));
    Ok(Val::text(text.get(at(start)..at(end)).unwrap_or_default()))
}

fn split(text: &str, by: &str, limit: i64) -> Vec<String> {
    let parts: Vec<&str> = match (usize::try_from(limit), by.is_empty()) {
        (Ok(0), _) => Vec::new(),
        (limit, true) => {
            let limit = limit.unwrap_or(usize::MAX);
            let mut all: Vec<&str> = Vec::new();
            let mut rest = text;
            while let Some(first) = rest.chars().next() {
                if all.len() + 1 >= limit {
                    break;
                }
                let (one, after) = rest.split_at(first.len_utf8());
                all.push(one);
                rest = after;
            }
            if !rest.is_empty() {
                all.push(rest);
            }
            all
        }
        (Ok(limit), false) => text.splitn(limit, by).collect(),
        (Err(_), false) => text.split(by).collect(),
    };
    parts.into_iter().map(str::to_owned).collect()
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for it in text.chars() {
        match it {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            it => out.push(it),
        }
    }
    out + "\""
}

/// `%s`, `%d`, `%f`, `%e`, `%b`, `%x`, `%X`, `%o` and `%%`.
fn format(eval: &mut Eval, text: &str, args: &[Val]) -> Result<String, Fail> {
    let mut out = String::new();
    let mut args = args.iter();
    let mut index = 0;
    let mut rest = text.chars().peekable();
    while let Some(it) = rest.next() {
        if it != '%' {
            out.push(it);
            continue;
        }
        let mut precision = None;
        if rest.peek() == Some(&'.') {
            rest.next();
            let mut digits = String::new();
            while let Some(it) = rest.next_if(char::is_ascii_digit) {
                digits.push(it);
            }
            let asked: usize = digits.parse().unwrap_or(usize::MAX);
            if asked > 1000 {
                return error(format!("precision {digits} exceeds maximum allowed precision 1000"));
            }
            precision = Some(asked);
        }
        let Some(verb) = rest.next() else { return error("unexpected end of string") };
        if verb == '%' {
            out.push('%');
            continue;
        }
        let Some(value) = args.next() else { return error(format!("index {index} out of range")) };
        index += 1;
        let part = one(value, verb, precision, 0)?;
        eval.pay(part.len() as u64 / 10 + 1)?;
        out.push_str(&part);
    }
    Ok(out)
}

fn one(value: &Val, verb: char, precision: Option<usize>, depth: u32) -> Result<String, Fail> {
    let places = precision.unwrap_or(6);
    Ok(match (verb, value) {
        ('s', value) => text_of(value, depth)?,
        ('d', Val::Int(it)) => it.to_string(),
        ('d', Val::Uint(it)) => it.to_string(),
        ('f', Val::Double(it)) => format!("{it:.places$}"),
        ('f', Val::Int(it)) => format!("{it}.{}", "0".repeat(places)),
        ('e', Val::Double(it)) => {
            let text = format!("{it:.places$e}");
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(it) => ('-', it),
                None => ('+', exponent),
            };
            format!("{digits}e{sign}{exponent:0>2}")
        }
        ('b', Val::Bool(it)) => u8::from(*it).to_string(),
        ('b', Val::Int(it)) if *it < 0 => format!("-{:b}", it.unsigned_abs()),
        ('b', Val::Int(it)) => format!("{it:b}"),
        ('b', Val::Uint(it)) => format!("{it:b}"),
        ('o', Val::Int(it)) if *it < 0 => format!("-{:o}", it.unsigned_abs()),
        ('o', Val::Int(it)) => format!("{it:o}"),
        ('x', Val::Int(it)) if *it < 0 => format!("-{:x}", it.unsigned_abs()),
        ('x', Val::Int(it)) => format!("{it:x}"),
        ('X', Val::Int(it)) => format!("{it:X}"),
        ('x', Val::Text(it)) => it.bytes().map(|it| format!("{it:02x}")).collect(),
        ('X', Val::Text(it)) => it.bytes().map(|it| format!("{it:02X}")).collect(),
        ('x', Val::Bytes(it)) => it.iter().map(|it| format!("{it:02x}")).collect(),
        ('X', Val::Bytes(it)) => it.iter().map(|it| format!("{it:02X}")).collect(),
        ('d' | 'f' | 'e' | 'b' | 'o' | 'x' | 'X', _) => {
            return error(format!(
                "error during formatting: no formatting function for {}",
                value.type_name()
            ));
        }
        _ => {
            return error(format!(
                "could not parse formatting clause: unrecognized formatting clause \"{verb}\""
            ));
        }
    })
}

fn text_of(value: &Val, depth: u32) -> Result<String, Fail> {
    if depth > 100 {
        return error("too deep");
    }
    Ok(match value {
        Val::Null => "null".to_owned(),
        Val::Text(it) => it.to_string(),
        Val::Bool(it) => it.to_string(),
        Val::Int(it) => it.to_string(),
        Val::Uint(it) => it.to_string(),
        Val::Double(it) => go_float(*it),
        Val::Bytes(it) => String::from_utf8_lossy(it).into_owned(),
        Val::Duration(it) => super::times::seconds(*it),
        Val::Time(it) => it.to_string(),
        Val::Type(it) => (*it).to_owned(),
        Val::List(list) => {
            let all: Result<Vec<String>, Fail> = list.items.iter().map(|it| text_of(it, depth + 1)).collect();
            format!("[{}]", all?.join(", "))
        }
        Val::Map(all) => {
            let mut parts = Vec::new();
            for (key, it) in all.iter() {
                let key = text_of(&crate::cel::eval::of_key(key), depth + 1)?;
                parts.push(format!("{key}: {}", text_of(it, depth + 1)?));
            }
            parts.sort();
            format!("{{{}}}", parts.join(", "))
        }
        other => {
            return error(format!(
                "error during formatting: no formatting function for {}",
                other.type_name()
            ));
        }
    })
}

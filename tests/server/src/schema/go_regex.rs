//! Patterns as Go's `regexp` understands them, written for the crate `regex`: classes are of ASCII, brackets and dashes inside of
//! classes are letters like others.
//!
//! What neither of them reads stays as it is and fails when it is compiled.

use std::iter::Peekable;
use std::str::Chars;

const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const SPACE: &str = r"\t\n\x0c\r\x20";

/// Compiles a pattern with a bound on its size.
pub(crate) fn compile(pattern: &str) -> Result<regex::Regex, regex::Error> {
    let mut builder = regex::RegexBuilder::new(&translated(pattern));
    builder.size_limit(32 << 20).nest_limit(100).octal(true).build()
}

/// The members of a class that is written with a backslash, and whether it is turned around.
fn class(mark: char) -> Option<(&'static str, bool)> {
    Some(match mark {
        'd' => (DIGIT, false),
        'D' => (DIGIT, true),
        'w' => (WORD, false),
        'W' => (WORD, true),
        's' => (SPACE, false),
        'S' => (SPACE, true),
        _ => return None,
    })
}

fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern.chars().peekable();
    while let Some(it) = rest.next() {
        match it {
            '\\' => match rest.next() {
                Some(mark @ ('b' | 'B')) => out.push_str(&format!("(?-u:\\{mark})")),
                Some(mark) => match class(mark) {
                    Some((members, turned)) => {
                        out.push_str(if turned { "[^" } else { "[" });
                        out.push_str(members);
                        out.push(']');
                    }
                    None => out.extend(['\\', mark]),
                },
                None => out.push('\\'),
            },
            '[' => bracket(&mut rest, &mut out),
            it => out.push(it),
        }
    }
    // Not inside of a word of ASCII on either side is the same as Go has it only for text; there is no other here.
    out.replace("(?-u:\\B)", "\\B")
}

/// What stands before a dash inside of a class.
#[derive(PartialEq, Eq)]
enum Before {
    /// A letter that may begin a range.
    Letter,
    /// A dash that is in a range.
    Dash,
    /// Nothing that could begin one.
    Other,
}

fn bracket(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut before = Before::Other;
    let mut first = true;
    while let Some(it) = rest.next() {
        match it {
            ']' if !first => {
                out.push(']');
                return;
            }
            '[' if rest.peek() == Some(&':') => {
                // A named class goes on to its own end.
                out.push('[');
                for it in rest.by_ref() {
                    out.push(it);
                    if it == ']' {
                        break;
                    }
                }
                before = Before::Other;
            }
            '-' => {
                let range = before == Before::Letter && begins_letter(rest);
                out.push_str(if range { "-" } else { "\\-" });
                before = if range { Before::Dash } else { Before::Letter };
            }
            '\\' => {
                let Some(mark) = rest.next() else {
                    out.push('\\');
                    return;
                };
                match class(mark) {
                    Some((members, false)) => out.push_str(members),
                    Some((members, true)) => {
                        out.push_str("[^");
                        out.push_str(members);
                        out.push(']');
                    }
                    None => out.extend(['\\', mark]),
                }
                let is_class = class(mark).is_some() || matches!(mark, 'p' | 'P');
                if matches!(mark, 'p' | 'P' | 'x') && rest.peek() == Some(&'{') {
                    for it in rest.by_ref() {
                        out.push(it);
                        if it == '}' {
                            break;
                        }
                    }
                } else if matches!(mark, 'p' | 'P') {
                    out.extend(rest.next());
                } else if mark == 'x' {
                    out.extend(rest.next());
                    out.extend(rest.next());
                }
                before = after(before, is_class);
            }
            '[' | ']' | '&' | '~' => {
                out.extend(['\\', it]);
                before = after(before, false);
            }
            it => {
                out.push(it);
                before = after(before, false);
            }
        }
        first = false;
    }
}

fn after(before: Before, is_class: bool) -> Before {
    if is_class || before == Before::Dash { Before::Other } else { Before::Letter }
}

/// Whether what follows a dash is a letter, and no class or end.
fn begins_letter(rest: &Peekable<Chars<'_>>) -> bool {
    let mut ahead = rest.clone();
    match ahead.next() {
        None | Some(']') => false,
        Some('\\') => ahead.next().is_some_and(|it| class(it).is_none() && !matches!(it, 'p' | 'P')),
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::compile;

    #[test]
    fn patterns_mean_what_they_mean_in_go() {
        for (pattern, text, matches) in [
            (r"^[\w-_.]+$", "a-b_c.d", true),
            (r"^[^][ ()]+$", "a[b", false),
            (r"^[[a]+$", "[a", true),
            (r"^[a-zA-Z0-9-\p{L}]+$", "é-9", true),
            (r"^[^/\0]+$", "ab", true),
            (r"^\d+$", "٣", false),
            (r"^\w+$", "é", false),
            (r"^[\d]+\s\S$", "12 x", true),
            (r"^[[:alpha:]-]+$", "a-b", true),
            (r"^[&&]+$", "&", true),
            (r"\bfoo\b", "a foo b", true),
            (r"^[]a]+$", "]a", true),
            (r"^[\x00-\x1F\x7F]+$", "\u{1}", true),
        ] {
            let compiled = compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(compiled.is_match(text), matches, "{pattern} {text}");
        }
    }
}

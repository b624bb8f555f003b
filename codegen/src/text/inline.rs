//! What stands inside a paragraph: code spans, URLs and links are kept, everything that Markdown or HTML would
//! take for markup is escaped.

/// No URL and no label of a link is longer.
const LONGEST: usize = 1000;

/// Escapes the text of one paragraph.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    let mut before = ' ';
    while let Some(letter) = rest.chars().next() {
        if let Some((span, after)) = code_span(rest) {
            out.push_str(span);
            before = '`';
            rest = after;
            continue;
        }
        if !before.is_alphanumeric()
            && let Some((url, after)) = url(rest)
        {
            // A host that is missing makes no link.
            let is_whole = url.split_once("://").is_some_and(|(_, host)| host.len() > 2);
            out.push_str(&if is_whole { format!("<{url}>") } else { format!("`{url}`") });
            before = '>';
            rest = after;
            continue;
        }
        if let Some((label, target, after)) = link(rest) {
            out.push_str(&format!("[{}](<{target}>)", escape_plain(label)));
            before = ')';
            rest = after;
            continue;
        }
        let after = &rest[letter.len_utf8()..];
        push(&mut out, before, letter, after.chars().next().unwrap_or(' '));
        before = letter;
        rest = after;
    }
    out
}

fn escape_plain(text: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        push(&mut out, before, letter, letters.peek().copied().unwrap_or(' '));
        before = letter;
    }
    out
}

fn push(out: &mut String, before: char, letter: char, after: char) {
    let is_markup = match letter {
        '\\' | '[' | ']' | '<' | '>' | '*' | '`' | '~' => true,
        '_' => !(before.is_alphanumeric() && after.is_alphanumeric()),
        // An entity would vanish into a letter.
        '&' => after.is_ascii_alphabetic() || after == '#',
        // `!` before a bracket makes an image of a link.
        '!' => after == '[',
        '|' => true,
        _ => false,
    };
    if is_markup {
        out.push('\\');
    }
    out.push(letter);
}

/// A code span at the start: one backtick, no other inside, something in it.
fn code_span(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('`')?;
    let end = inner.find('`')?;
    let is_span = end > 0 && !inner[end + 1..].starts_with('`') && !inner[..end].trim().is_empty();
    is_span.then(|| text.split_at(end + 2))
}

/// An URL at the start, without the punctuation of the sentence around it.
fn url(text: &str) -> Option<(&str, &str)> {
    if !["https://", "http://"].iter().any(|scheme| text.starts_with(scheme)) {
        return None;
    }
    let is_end = |letter: char| {
        letter.is_whitespace() || matches!(letter, '<' | '>' | '"' | '`' | '[' | ']' | '\\' | '|')
    };
    let end = text.char_indices().take(LONGEST).find(|(_, letter)| is_end(*letter)).map(|(at, _)| at);
    // One that does not end soon is no URL that anybody can follow.
    let end = end.or_else(|| (text.len() < LONGEST).then_some(text.len()))?;
    let mut url = &text[..end];
    loop {
        let trimmed = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*']);
        let trimmed = match trimmed.strip_suffix(')') {
            Some(inner) if inner.matches('(').count() < trimmed.matches(')').count() => inner,
            _ => trimmed,
        };
        if trimmed == url {
            break;
        }
        url = trimmed;
    }
    Some((url, &text[url.len()..]))
}

/// A link in Markdown at the start: label, target and what follows.
fn link(text: &str) -> Option<(&str, &str, &str)> {
    let inner = text.strip_prefix('[')?;
    let near = inner.char_indices().nth(LONGEST).map_or(inner, |(at, _)| &inner[..at]);
    let (label, _) = near.split_once("](")?;
    let rest = &inner[label.len() + 2..];
    let near = rest.char_indices().nth(LONGEST).map_or(rest, |(at, _)| &rest[..at]);
    let (target, _) = near.split_once(')')?;
    let after = &rest[target.len() + 1..];
    let is_label = !label.is_empty() && !label.contains(['[', ']', '`', '\n']);
    let is_target = url(target).is_some_and(|(url, rest)| rest.is_empty() && url.len() > 10);
    (is_label && is_target).then_some((label, target, after))
}

/// The words of escaped text; a code span is one word with its spaces, so that no line break falls into it.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text.trim_start();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut in_span = false;
        let mut escaped = false;
        let mut end = rest.len();
        for (at, letter) in rest.char_indices() {
            match letter {
                _ if escaped => escaped = false,
                '\\' if !in_span => escaped = true,
                '`' => in_span = !in_span,
                letter if letter.is_whitespace() && !in_span => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        let (word, after) = rest.split_at(end);
        rest = after.trim_start();
        Some(word)
    })
}

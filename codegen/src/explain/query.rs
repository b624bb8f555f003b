//! Reading what somebody asks for, and the ways through objects as text. It looks nothing up.

use super::Kind;
use crate::surface::is_plain;

/// What is asked for.
pub(super) enum Query<'a> {
    /// A way through an object; the kinds that its first word may mean.
    Path { kinds: Vec<Kind<'a>>, steps: Vec<String> },
    /// A type by its Rust name, and a member of it.
    Rust { ty: String, member: Option<String> },
    /// Neither; what to say.
    Unknown { help: String },
}

impl<'a> Query<'a> {
    pub(super) fn read(text: &str, kinds: &[Kind<'a>]) -> Query<'a> {
        if text.contains("::") {
            return rust(text);
        }
        let mut steps = steps(text);
        let Some(first) = steps.first().cloned() else {
            return Query::Unknown {
                help: "ask for `widgets.spec.size`, or for a type such as `WidgetSpec`".to_owned(),
            };
        };
        let means = |kind: &Kind<'_>| {
            [&kind.resource.plural, kind.name].iter().any(|name| name.eq_ignore_ascii_case(&first))
                || kind.short_names.contains(&first)
                || kind.resource.plural.strip_suffix('s').is_some_and(|one| one.eq_ignore_ascii_case(&first))
        };
        let meant: Vec<Kind<'a>> = kinds.iter().filter(|kind| means(kind)).copied().collect();
        if meant.is_empty() {
            let is_type = first.starts_with(|letter: char| letter.is_uppercase()) && steps.len() <= 2;
            if is_type {
                let mut steps = steps.into_iter();
                return Query::Rust { ty: steps.next().unwrap_or_default(), member: steps.next() };
            }
            let names: Vec<&str> = kinds.iter().map(|kind| kind.resource.plural.as_str()).collect();
            let near = nearest(&first, &names).map(|near| format!("did you mean `{near}`? "));
            let help = format!("{}the resources are: {}", near.unwrap_or_default(), list(&names));
            return Query::Unknown { help };
        }
        steps.remove(0);
        // `widgets.example.com.spec`: the labels of the group follow the name.
        let with_group: Vec<Kind<'a>> = meant
            .iter()
            .filter(|kind| {
                let labels: Vec<&str> = kind.group.split('.').collect();
                steps.len() >= labels.len() && steps.iter().zip(&labels).all(|(step, label)| step == label)
            })
            .copied()
            .collect();
        if let Some(kind) = with_group.first() {
            steps.drain(..kind.group.split('.').count());
            return Query::Path { kinds: with_group, steps };
        }
        Query::Path { kinds: meant, steps }
    }
}

/// `example::v1::WidgetSpec::size`: what is in lower case behind a type is a member.
fn rust<'a>(text: &str) -> Query<'a> {
    let text = text.trim_start_matches("crate::");
    match text.rsplit_once("::") {
        Some((ty, member)) if member.starts_with(|letter: char| letter.is_lowercase() || letter == '_') => {
            Query::Rust { ty: ty.to_owned(), member: Some(member.to_owned()) }
        }
        _ => Query::Rust { ty: text.to_owned(), member: None },
    }
}

/// The words of a way: `spec.parts[].name`, `spec["a.b"]`. Marks of lists and maps are passed over.
fn steps(text: &str) -> Vec<String> {
    let mut steps = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix("[\"") {
            let (name, after) = quoted.split_once("\"]").unwrap_or((quoted, ""));
            steps.push(name.to_owned());
            rest = after;
        } else if let Some(after) = rest.strip_prefix("[]").or_else(|| rest.strip_prefix("{}")) {
            rest = after;
        } else {
            let end = rest.find(['.', '[', '{']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end.max(1));
            if name != "." {
                steps.push(name.to_owned());
            }
            rest = after;
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    steps
}

/// A way of a surface without its marks of lists and maps.
pub(super) fn plain(path: &str) -> String {
    let mut way = String::new();
    for step in steps(path) {
        join(&mut way, &step);
    }
    way
}

/// Adds a step to a way.
pub(super) fn join(way: &mut String, step: &str) {
    if !is_plain(step) {
        way.push_str(&format!("[\"{step}\"]"));
        return;
    }
    if !way.is_empty() {
        way.push('.');
    }
    way.push_str(step);
}

/// `example.com/v1 Widget.spec.size`.
pub(super) fn whole(schema: &str, way: &str) -> String {
    let dot = if way.is_empty() || way.starts_with('[') { "" } else { "." };
    format!("{schema}{dot}{way}")
}

/// The name that was probably meant.
pub(super) fn nearest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    let near = names.iter().map(|name| (distance(&word, &name.to_lowercase()), *name));
    near.filter(|(distance, name)| *distance <= 2.max(name.len() / 4)).min().map(|(_, name)| name)
}

/// How many letters have to be changed, added or taken away to come from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    // Two names of that length are not mistaken for each other.
    if a.len().max(b.len()) > 128 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (line, letter) in a.chars().enumerate() {
        let mut before = line;
        let mut left = line + 1;
        for (slot, other) in row.iter_mut().skip(1).zip(&b) {
            let change = before + usize::from(letter != *other);
            before = *slot;
            left = change.min(before + 1).min(left + 1);
            *slot = left;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

fn list(names: &[&str]) -> String {
    let mut names: Vec<&str> = names.to_vec();
    names.sort_unstable();
    names.dedup();
    let told: Vec<&str> = names.iter().copied().take(12).collect();
    let more = names.len().saturating_sub(told.len());
    if more > 0 { format!("{} and {more} more", told.join(", ")) } else { told.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_read_with_and_without_marks() {
        for (text, expected) in [
            ("spec.parts[].name", vec!["spec", "parts", "name"]),
            ("spec.labels{}.x", vec!["spec", "labels", "x"]),
            ("spec[\"a.b\"].c", vec!["spec", "a.b", "c"]),
            ("spec..size.", vec!["spec", "size"]),
            ("[", vec!["["]),
            ("", vec![]),
        ] {
            assert_eq!(steps(text), expected, "{text}");
        }
        assert_eq!(plain("spec.parts[].na-me[\"a.b\"]"), "spec.parts.na-me[\"a.b\"]");
    }

    #[test]
    fn near_names_are_found() {
        assert_eq!(nearest("sise", &["size", "color"]), Some("size"));
        assert_eq!(nearest("replica", &["replicas", "selector"]), Some("replicas"));
        assert_eq!(nearest("zzz", &["size", "color"]), None);
        assert_eq!((distance("", "abc"), distance("abc", "abc"), distance("kitten", "sitting")), (3, 0, 3));
    }
}

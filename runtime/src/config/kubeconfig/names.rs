//! Names that are not there: which are known, and which of them was probably meant.

/// How many names a message lists.
const SHOWN: usize = 20;

/// `; known: "a", "b"; did you mean "b"?`
pub(crate) fn alternatives<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return "; none is known".to_owned();
    }
    let shown: Vec<_> = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
    let more = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
    let nearest =
        names.iter().map(|name| (distance(wanted, name), name)).min_by_key(|(distance, _)| *distance);
    let length = wanted.chars().count();
    let meant = match nearest {
        Some((distance, name)) if distance < length && distance <= length.max(3) / 3 => {
            format!("; did you mean {name:?}?")
        }
        _ => String::new(),
    };
    format!("; known: {}{more}{meant}", shown.join(", "))
}

/// How many characters have to be put in, taken out or changed, letter case aside. Long names are not compared.
fn distance(a: &str, b: &str) -> usize {
    let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<_>>();
    let (a, b) = (lower(a), lower(b));
    if a.len() > 256 || b.len() > 256 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

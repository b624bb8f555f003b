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

/// How many characters have to be put in, taken out, changed or swapped with the next, letter case aside. Long names are
/// not compared.
fn distance(a: &str, b: &str) -> usize {
    let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<_>>();
    let (a, b) = (lower(a), lower(b));
    if a.len() > 256 || b.len() > 256 {
        return usize::MAX;
    }
    // Of the table whose rows are prefixes of `a`: the row before the last one, the last one, and the one that is filled.
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_one_step() {
        for (a, b, steps) in [
            ("prod", "pord", 1),
            ("prod", "prd", 1),
            ("prod", "PROD", 0),
            ("prod", "prodd", 1),
            ("prod", "prid", 1),
            ("", "ab", 2),
            ("abcd", "", 4),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!((distance(a, b), distance(b, a)), (steps, steps), "{a} {b}");
        }
        assert!(alternatives("pord", ["dev", "prod"].into_iter()).ends_with("; did you mean \"prod\"?"));
        assert!(!alternatives("staging", ["dev", "prod"].into_iter()).contains("did you mean"));
    }
}

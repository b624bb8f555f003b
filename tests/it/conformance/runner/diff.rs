//! Two answers beside each other, for people.

/// Lines around a difference that are the same.
const AROUND: usize = 3;

/// How two texts differ, line by line: `-` stands in the first alone, `+` in the second alone. Empty where they are the same.
pub(crate) fn lines(one: &str, other: &str) -> String {
    if one == other {
        return String::new();
    }
    let (one, other): (Vec<&str>, Vec<&str>) = (one.lines().collect(), other.lines().collect());
    let marked = marked(&one, &other);
    let near = |at: usize| {
        let from = at.saturating_sub(AROUND);
        marked.iter().skip(from).take(at - from + AROUND + 1).any(|it| it.0 != ' ')
    };
    let mut out = String::new();
    let mut left_out = false;
    for (at, (mark, line)) in marked.iter().enumerate() {
        if near(at) {
            if left_out {
                out.push_str("      …\n");
            }
            out.push_str(&format!("    {mark} {line}\n"));
        }
        left_out = !near(at);
    }
    out
}

/// The longest common lines, and what is between them.
fn marked<'a>(one: &[&'a str], other: &[&'a str]) -> Vec<(char, &'a str)> {
    let width = other.len() + 1;
    // common[i * width + j]: how many lines the rests from i and j have in common.
    let mut common = vec![0_usize; (one.len() + 1) * width];
    for i in (0..one.len()).rev() {
        for j in (0..other.len()).rev() {
            common[i * width + j] = if one[i] == other[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < one.len() || j < other.len() {
        let both = i < one.len() && j < other.len();
        if both && one[i] == other[j] {
            out.push((' ', one[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == other.len() || (both && common[(i + 1) * width + j] >= common[i * width + j + 1]) {
            out.push(('-', one[i]));
            i += 1;
        } else {
            out.push(('+', other[j]));
            j += 1;
        }
    }
    out
}

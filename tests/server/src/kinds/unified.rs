//! Differences of texts by lines, in the unified form with three lines around each change.

use std::fmt::Write as _;

const AROUND: usize = 3;
/// More lines than this on both sides of what differs are shown as one change.
const MOST_COMPARED: usize = 2000;

/// One line of both texts (`true` and `true`), or of one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// The hunks that lead from one text to another.
pub(super) fn diff(before: &str, after: &str) -> String {
    let lines = compare(before, after);
    let changed: Vec<usize> =
        lines.iter().enumerate().filter(|(_, it)| !matches!(it, Line::Same(_))).map(|it| it.0).collect();
    let mut out = String::new();
    let mut rest = changed.as_slice();
    while let Some(first) = rest.first() {
        // Changes with at most twice the context between them are one hunk.
        let more =
            rest.windows(2).take_while(|it| matches!(it, [one, other] if other - one <= 2 * AROUND + 1));
        let count = 1 + more.count();
        let last = rest.get(count - 1).copied().unwrap_or(*first);
        let (start, end) = (first.saturating_sub(AROUND), (last + AROUND + 1).min(lines.len()));
        hunk(&lines, start, end, &mut out);
        rest = rest.get(count..).unwrap_or_default();
    }
    out
}

fn hunk(lines: &[Line<'_>], start: usize, end: usize, out: &mut String) {
    let count = |part: &[Line<'_>], old: bool| {
        let of = |it: &&Line<'_>| match it {
            Line::Same(_) => true,
            Line::Gone(_) => old,
            Line::New(_) => !old,
        };
        part.iter().filter(of).count()
    };
    let (before, part) = (lines.get(..start).unwrap_or_default(), lines.get(start..end).unwrap_or_default());
    let range = |old: bool| {
        let (first, length) = (count(before, old) + 1, count(part, old));
        match length {
            1 => first.to_string(),
            0 => format!("{},0", first - 1),
            _ => format!("{first},{length}"),
        }
    };
    let _ = writeln!(out, "@@ -{} +{} @@", range(true), range(false));
    for line in part {
        let _ = match line {
            Line::Same(it) => writeln!(out, " {it}"),
            Line::Gone(it) => writeln!(out, "-{it}"),
            Line::New(it) => writeln!(out, "+{it}"),
        };
    }
}

fn compare<'a>(before: &'a str, after: &'a str) -> Vec<Line<'a>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let head = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let (old_rest, new_rest) = (old.get(head..).unwrap_or_default(), new.get(head..).unwrap_or_default());
    let tail =
        old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(one, other)| one == other).count();
    let old_middle = old_rest.get(..old_rest.len() - tail).unwrap_or_default();
    let new_middle = new_rest.get(..new_rest.len() - tail).unwrap_or_default();
    let same = |all: &[&'a str]| all.iter().map(|it| Line::Same(it)).collect::<Vec<_>>();
    let mut lines = same(old.get(..head).unwrap_or_default());
    lines.extend(middle(old_middle, new_middle));
    lines.extend(same(old.get(old.len() - tail..).unwrap_or_default()));
    lines
}

/// By the longest common subsequence.
fn middle<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let (rows, columns) = (old.len(), new.len());
    if rows.max(columns) > MOST_COMPARED {
        return old.iter().map(|it| Line::Gone(it)).chain(new.iter().map(|it| Line::New(it))).collect();
    }
    let width = columns + 1;
    let mut longest = vec![0_u32; (rows + 1) * width];
    let at = |table: &[u32], row: usize, column: usize| table.get(row * width + column).copied().unwrap_or(0);
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            let value = if old.get(row) == new.get(column) {
                at(&longest, row + 1, column + 1) + 1
            } else {
                at(&longest, row + 1, column).max(at(&longest, row, column + 1))
            };
            if let Some(it) = longest.get_mut(row * width + column) {
                *it = value;
            }
        }
    }
    let (mut row, mut column, mut out) = (0, 0, Vec::new());
    loop {
        match (old.get(row), new.get(column)) {
            (Some(one), Some(other)) if one == other => {
                out.push(Line::Same(one));
                (row, column) = (row + 1, column + 1);
            }
            (Some(one), other)
                if other.is_none() || at(&longest, row + 1, column) >= at(&longest, row, column + 1) =>
            {
                out.push(Line::Gone(one));
                row += 1;
            }
            (_, Some(other)) => {
                out.push(Line::New(other));
                column += 1;
            }
            _ => return out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::diff;

    #[test]
    fn changes_are_shown_with_the_lines_around_them() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np";
        assert_eq!(diff(old, old), "");
        assert_eq!(diff(old, &old.replace('b', "B")), "@@ -1,5 +1,5 @@\n a\n-b\n+B\n c\n d\n e\n");
        let both = diff(old, &old.replace('b', "B").replace("o\n", ""));
        assert!(both.contains("@@ -12,5 +12,4 @@\n l\n m\n n\n-o\n p\n"), "{both}");
        assert_eq!(diff("a", "b"), "@@ -1 +1 @@\n-a\n+b\n");
    }
}

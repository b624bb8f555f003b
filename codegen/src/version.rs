//! The order of API versions.

use std::cmp::{Ordering, Reverse};

/// The newest version first, in the order of Kubernetes: `v2`, `v1`, `v1beta2`, `v1beta1`, `v1alpha1`, then others by
/// the alphabet.
pub(crate) fn newest_first(a: &str, b: &str) -> Ordering {
    match (stage(a), stage(b)) {
        (Some(a), Some(b)) => Reverse(a).cmp(&Reverse(b)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

/// `v1beta2` is 1 (of alpha, beta, stable), 1 and 2.
fn stage(version: &str) -> Option<(u8, u64, u64)> {
    let rest = version.strip_prefix('v')?;
    let digits = rest.len() - rest.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let major = rest.get(..digits)?.parse().ok()?;
    let rest = rest.get(digits..)?;
    for (stage, name) in [(0, "alpha"), (1, "beta")] {
        if let Some(minor) = rest.strip_prefix(name) {
            return Some((stage, major, minor.parse().ok()?));
        }
    }
    rest.is_empty().then_some((2, major, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_in_the_order_of_kubernetes() {
        let sorted =
            ["v10", "v2", "v1", "v11beta2", "v1beta2", "v1beta1", "v12alpha1", "foo1", "foo10", "v1x"];
        let mut versions = sorted;
        versions.reverse();
        versions.sort_by(|a, b| newest_first(a, b));
        assert_eq!(versions, sorted);
    }
}

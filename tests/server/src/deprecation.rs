//! Warnings about deprecated versions of built-in kinds.

use crate::catalog::Resource;

/// What every answer about a resource warns of.
pub(crate) fn warning(resource: &Resource) -> Option<&'static str> {
    if resource.is_custom() {
        return None;
    }
    include_str!("../data/deprecations.tsv").lines().find_map(|line| {
        let mut cells = line.split('\t');
        let wanted = [&resource.group, &resource.version, &resource.plural];
        wanted.into_iter().all(|it| cells.next() == Some(it)).then(|| cells.next())?
    })
}

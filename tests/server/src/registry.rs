//! How the registries of built-in kinds differ from each other, from `data/registries.tsv`.
//!
//! Facts only; the rules that they switch are where they apply.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::catalog::Resource;

/// What is particular to the registry of a kind.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Traits {
    /// An update has to name the resourceVersion that it means.
    pub(crate) versioned: bool,
    /// An update creates what is not there.
    pub(crate) upsert: bool,
    /// A deletion answers with the object instead of a Status.
    pub(crate) returned: bool,
}

fn table() -> &'static HashMap<(&'static str, &'static str), Traits> {
    static TABLE: OnceLock<HashMap<(&str, &str), Traits>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let lines = include_str!("../data/registries.tsv").lines().filter(|it| !it.starts_with('#'));
        lines
            .filter_map(|line| {
                let (group, rest) = line.split_once('\t')?;
                let (plural, words) = rest.split_once('\t')?;
                let has = |word: &str| words.split(',').any(|it| it == word);
                let traits =
                    Traits { versioned: has("versioned"), upsert: has("upsert"), returned: has("returned") };
                Some(((group, plural), traits))
            })
            .collect()
    })
}

/// The traits of a resource. Custom resources are all alike: their updates name a version.
pub(crate) fn traits(resource: &Resource) -> Traits {
    if resource.is_custom() {
        return Traits { versioned: true, ..Traits::default() };
    }
    table().get(&(resource.group.as_str(), resource.plural.as_str())).copied().unwrap_or_default()
}

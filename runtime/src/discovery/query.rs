//! What people call a resource, and which resource they mean by it.
//!
//! Pure: works on what was discovered. The rules are kubectl's (the core group first, then the server's order of groups,
//! the preferred version before others, names before short names), but where it would guess, this says what the choice is.

use super::model::{ApiGroup, ApiResource, Discovered};

/// What is looked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Query {
    /// As it was given, for messages.
    pub(super) text: String,
    name: String,
    /// Whether only a kind of exactly this name is meant.
    kind_only: bool,
    /// Where it may be, the likeliest reading first.
    readings: Vec<Reading>,
}

#[derive(Clone, Debug, PartialEq)]
struct Reading {
    group: Option<String>,
    version: Option<String>,
}

/// What was found.
#[derive(Debug)]
pub(super) enum Outcome<'a> {
    None,
    One(&'a ApiResource),
    Many(Vec<&'a ApiResource>),
}

impl Query {
    /// Reads `deploy`, `deployments.apps`, `deployments.v1.apps`, `pods.v1`, `apps/v1 Deployment`, `v1/pods`.
    pub(super) fn parse(text: &str) -> Query {
        let trimmed = text.trim();
        if let Some((api_version, name)) = trimmed.rsplit_once([' ', '/']) {
            return Query {
                kind_only: false,
                text: text.to_owned(),
                ..Query::kind(api_version.trim(), name)
            };
        }
        let reading = |group: Option<&str>, version: Option<&str>| Reading {
            group: group.map(str::to_owned),
            version: version.map(str::to_owned),
        };
        let (name, rest) = trimmed.split_once('.').unwrap_or((trimmed, ""));
        let mut readings = Vec::new();
        match rest.split_once('.') {
            _ if !trimmed.contains('.') => readings.push(reading(None, None)),
            Some((version, group)) if is_version(version) => {
                readings.push(reading(Some(group), Some(version)));
                readings.push(reading(Some(rest), None));
            }
            None if is_version(rest) => readings.push(reading(Some(""), Some(rest))),
            _ => readings.push(reading(Some(rest), None)),
        }
        Query { text: text.to_owned(), name: name.to_owned(), kind_only: false, readings }
    }

    /// A kind of a version.
    pub(super) fn kind(api_version: &str, kind: &str) -> Query {
        let (group, version) = super::split(api_version);
        Query {
            text: format!("{api_version} {kind}"),
            name: kind.to_owned(),
            kind_only: true,
            readings: vec![Reading { group: Some(group.to_owned()), version: Some(version.to_owned()) }],
        }
    }

    /// `group/version`, if there is no other place to look.
    pub(super) fn only_version(&self) -> Option<String> {
        match self.readings.as_slice() {
            [Reading { group: Some(group), version: Some(version) }] => {
                Some(super::model::api_version(group, version))
            }
            _ => None,
        }
    }

    /// The resource that is meant.
    pub(super) fn find<'a>(&self, found: &'a Discovered) -> Outcome<'a> {
        for reading in &self.readings {
            for tier in [Tier::Name, Tier::ShortName] {
                match self.find_in(found, reading, tier) {
                    Outcome::None => {}
                    outcome => return outcome,
                }
            }
        }
        Outcome::None
    }

    /// What has the same name anywhere.
    pub(super) fn similar<'a>(&self, found: &'a Discovered) -> Vec<&'a ApiResource> {
        let named = |resource: &&ApiResource| {
            is_usable(resource)
                && (Tier::Name.matches(self, resource)
                    || Tier::ShortName.matches(self, resource)
                    || resource.info.kind.eq_ignore_ascii_case(&self.name))
        };
        found.resources().filter(named).collect()
    }

    fn find_in<'a>(&self, found: &'a Discovered, reading: &Reading, tier: Tier) -> Outcome<'a> {
        if self.kind_only && matches!(tier, Tier::ShortName) {
            return Outcome::None;
        }
        let (groups, certain) = candidates(found, reading.group.as_deref());
        let mut hits: Vec<Vec<&ApiResource>> = Vec::new();
        for group in groups {
            let versions = group
                .versions_by_preference()
                .filter(|version| reading.version.as_ref().is_none_or(|wanted| *wanted == version.version));
            let hit = versions
                .map(|version| self.best(version.resources.iter().filter(|entry| tier.matches(self, entry))))
                .find(|hit| !hit.is_empty());
            match hit {
                // The core group wins over all others.
                Some(hit) if group.name.is_empty() => return one_or_many(hit),
                Some(hit) => hits.push(hit),
                None => {}
            }
        }
        match (hits.len(), tier) {
            (0, _) => Outcome::None,
            (1, _) => one_or_many(hits.remove(0)),
            // A name that is written out means the group that the server puts first; an abbreviation, of a name or of a
            // group, says too little for that.
            (_, Tier::Name) if certain => one_or_many(hits.remove(0)),
            _ => Outcome::Many(hits.concat()),
        }
    }

    /// Where several resources of one version match, those that match best.
    fn best<'a>(&self, hits: impl Iterator<Item = &'a ApiResource>) -> Vec<&'a ApiResource> {
        let mut hits: Vec<&ApiResource> = hits.filter(is_usable).collect();
        let better: [fn(&ApiResource, &str) -> bool; 2] = [
            |resource, name| resource.info.plural.eq_ignore_ascii_case(name),
            |resource, name| resource.info.kind == name,
        ];
        for better in better {
            if hits.len() > 1 && hits.iter().any(|hit| better(hit, &self.name)) {
                hits.retain(|hit| better(hit, &self.name));
            }
        }
        hits
    }
}

#[derive(Clone, Copy)]
enum Tier {
    /// Plural, singular or kind.
    Name,
    ShortName,
}

impl Tier {
    fn matches(self, query: &Query, resource: &ApiResource) -> bool {
        let name = &query.name;
        match self {
            Tier::Name if query.kind_only => resource.info.kind == *name,
            Tier::Name => {
                resource.info.plural.eq_ignore_ascii_case(name)
                    || resource.singular.eq_ignore_ascii_case(name)
                    || resource.info.kind.eq_ignore_ascii_case(name)
            }
            Tier::ShortName => resource.short_names.iter().any(|short| short.eq_ignore_ascii_case(name)),
        }
    }
}

/// What only has things below it is no resource that could be asked for.
fn is_usable(resource: &&ApiResource) -> bool {
    !resource.info.kind.is_empty() && !resource.info.plural.is_empty()
}

/// The groups of this name, or else those that begin like it; and whether the name was a whole one.
fn candidates<'a>(found: &'a Discovered, name: Option<&str>) -> (Vec<&'a ApiGroup>, bool) {
    let Some(name) = name else { return (found.groups.iter().collect(), true) };
    let exact: Vec<&ApiGroup> = found.groups.iter().filter(|group| group.name == name).collect();
    if !exact.is_empty() || name.is_empty() {
        return (exact, true);
    }
    (found.groups.iter().filter(|group| group.name.starts_with(name)).collect(), false)
}

fn one_or_many(mut hits: Vec<&ApiResource>) -> Outcome<'_> {
    if hits.len() == 1 { Outcome::One(hits.remove(0)) } else { Outcome::Many(hits) }
}

/// Whether this looks like `v1`, `v1beta1`, `v2alpha3`.
fn is_version(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(rest) = text.strip_prefix('v') else { return false };
    ["alpha", "beta"]
        .iter()
        .find_map(|stage| rest.split_once(stage))
        .map_or_else(|| digits(rest), |(major, minor)| digits(major) && digits(minor))
}

//! Which requests a fault or a question is about, and which of them by count.
//!
//! What then happens is described in `effects`.

use super::effects::Effects;
use crate::asked::Verb;
use crate::requests::ReceivedRequest;

/// Requests of a verb, to be narrowed down.
///
/// ```
/// use clientset_testserver::{Verb, on};
///
/// let second_read_of_a_pod = on(Verb::Get).resource("pods").namespace("default").nth(2);
/// ```
pub fn on(verb: Verb) -> On {
    On { verb: Some(verb), ..On::default() }
}

/// Any request, to be narrowed down.
///
/// ```
/// use clientset_testserver::on_any;
///
/// let discovery = on_any().path_prefix("/apis");
/// ```
pub fn on_any() -> On {
    On::default()
}

/// Which requests, when, and what happens to them.
///
/// Made by [`on`] and [`on_any`]. It serves three ends: [`TestServer::fault`](crate::TestServer::fault) does to such requests what it
/// says, [`TestServer::requests_of`](crate::TestServer::requests_of) finds those that came, and
/// [`TestServer::wait_for`](crate::TestServer::wait_for) waits for the next. The latter two do not look at what is to happen.
///
/// * **Which:** [`group`](On::group), [`resource`](On::resource), [`subresource`](On::subresource), [`namespace`](On::namespace),
///   [`name`](On::name), [`path_prefix`](On::path_prefix), [`query`](On::query)
/// * **When:** always, unless [`nth`](On::nth), [`first`](On::first), [`after`](On::after), [`every`](On::every) or
///   [`probability`](On::probability) is given
/// * **What:** the rest of the methods. One answer, one end of the connection and one change of the body can be combined; of two of
///   a kind the later one counts.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use clientset_testserver::{TestServer, Verb, on};
///
/// let server = TestServer::start().await?;
/// server.fault(on(Verb::Get).resource("pods").nth(2).status(503).retry_after(1));
/// server.fault(on(Verb::Watch).resource("pods").expire_after_events(3));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "it does nothing until it is given to a server"]
pub struct On {
    verb: Option<Verb>,
    group: Option<String>,
    resource: Option<String>,
    subresource: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
    path_prefix: Option<String>,
    query: Vec<(String, Option<String>)>,
    when: When,
    pub(super) effects: Effects,
}

/// Which of the matching requests.
#[derive(Debug, Clone, Copy, Default)]
enum When {
    #[default]
    Always,
    Nth(u64),
    First(u64),
    After(u64),
    Every(u64),
    Probability(f64, u64),
}

impl On {
    /// Of this API group; `""` is the core group.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Of this resource, by its plural: `pods`. Without [`subresource`](On::subresource) requests to its subresources do not match.
    pub fn resource(mut self, plural: impl Into<String>) -> Self {
        self.resource = Some(plural.into());
        self
    }

    /// Of this subresource: `status`, `scale` …
    pub fn subresource(mut self, subresource: impl Into<String>) -> Self {
        self.subresource = Some(subresource.into());
        self
    }

    /// In this namespace.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// To the object of this name. Creations name no object in their path and do not match.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// To paths that begin like this.
    pub fn path_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.path_prefix = Some(prefix.into());
        self
    }

    /// With this parameter in the query: `query("continue", None)` is every page but the first.
    pub fn query(mut self, key: impl Into<String>, value: Option<&str>) -> Self {
        self.query.push((key.into(), value.map(str::to_owned)));
        self
    }

    /// Only the request number `n`, counted from 1.
    pub fn nth(mut self, n: u64) -> Self {
        self.when = When::Nth(n);
        self
    }

    /// Only the first `n`.
    pub fn first(mut self, n: u64) -> Self {
        self.when = When::First(n);
        self
    }

    /// All but the first `n`.
    pub fn after(mut self, n: u64) -> Self {
        self.when = When::After(n);
        self
    }

    /// Every `n`th.
    pub fn every(mut self, n: u64) -> Self {
        self.when = When::Every(n.max(1));
        self
    }

    /// By chance, from 0.0 (never) to 1.0 (always). The same seed gives the same sequence.
    pub fn probability(mut self, share: f64, seed: u64) -> Self {
        self.when = When::Probability(share, seed);
        self
    }

    pub(crate) fn matches(&self, request: &ReceivedRequest) -> bool {
        let says = |wanted: &Option<String>, has: &str| wanted.as_deref().is_none_or(|it| it == has);
        let subresource = match (&self.resource, &self.subresource) {
            (Some(_), None) => request.subresource.is_empty(),
            (_, wanted) => says(wanted, &request.subresource),
        };
        self.verb.is_none_or(|it| it == request.verb)
            && says(&self.group, &request.group)
            && says(&self.resource, &request.resource)
            && subresource
            && says(&self.namespace, &request.namespace)
            && says(&self.name, &request.name)
            && self.path_prefix.as_deref().is_none_or(|it| request.path.starts_with(it))
            && (self.query.is_empty() || self.matches_query(&request.query))
            && (!self.effects.writes_only || request.verb.writes())
    }

    fn matches_query(&self, query: &str) -> bool {
        let query = crate::request::Query::parse(query);
        self.query.iter().all(|(key, value)| match value {
            Some(value) => query.get(key) == value,
            None => query.has(key),
        })
    }

    pub(crate) fn count(&self) -> Count {
        let seed = match self.when {
            When::Probability(_, seed) => seed,
            _ => 0,
        };
        Count { seen: 0, random: seed }
    }
}

/// How many requests have matched so far.
#[derive(Debug)]
pub(crate) struct Count {
    seen: u64,
    random: u64,
}

impl Count {
    /// Counts one that matches, and says whether its turn has come.
    pub(crate) fn is_due(&mut self, on: &On) -> bool {
        self.seen += 1;
        match on.when {
            When::Always => true,
            When::Nth(n) => self.seen == n,
            When::First(n) => self.seen <= n,
            When::After(n) => self.seen > n,
            When::Every(n) => self.seen.is_multiple_of(n),
            When::Probability(share, _) => self.chance() < share,
        }
    }

    /// The next number of SplitMix64, between 0 and 1: enough for a test that wants to be repeated.
    fn chance(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(on: &On, requests: usize) -> String {
        let mut count = on.count();
        (0..requests).map(|_| if count.is_due(on) { 'x' } else { '.' }).collect()
    }

    #[test]
    fn a_turn_comes_as_it_was_said() {
        let cases = [
            (on_any(), "xxxxx"),
            (on_any().nth(2), ".x..."),
            (on_any().first(2), "xx..."),
            (on_any().after(2), "..xxx"),
            (on_any().every(2), ".x.x."),
            (on_any().every(0), "xxxxx"),
            (on_any().probability(0.0, 1), "....."),
            (on_any().probability(1.0, 1), "xxxxx"),
        ];
        for (on, expected) in cases {
            assert_eq!(due(&on, 5), expected, "{:?}", on.when);
        }
    }

    #[test]
    fn chance_is_the_same_for_the_same_seed_and_about_as_often_as_said() {
        let on = |seed| on_any().probability(0.3, seed);
        let hits = due(&on(7), 10_000).matches('x').count();
        assert!((2_800..3_200).contains(&hits), "{hits}");
        assert_eq!(due(&on(7), 100), due(&on(7), 100));
        assert_ne!(due(&on(7), 100), due(&on(8), 100));
    }
}

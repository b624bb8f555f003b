//! The history validator: what a stream told, held against what the server stored.
//!
//! Pure: two logs in, the first thing that is wrong out. Who makes the logs is in `chaos` and `real`.

use std::collections::BTreeMap;
use std::fmt;

use super::follower::State;

/// One change of an object, as it was stored, for those who see the object: where it stops being chosen, it is deleted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) version: u64,
    pub(crate) key: String,
    pub(crate) uid: String,
    pub(crate) deleted: bool,
}

/// What came of a stream, and up to which version it then said to have told everything.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    Started,
    Listed {
        key: String,
        uid: String,
        version: u64,
    },
    Complete {
        at: u64,
    },
    Applied {
        key: String,
        uid: String,
        version: u64,
    },
    Deleted {
        key: String,
        version: u64,
    },
    /// Nothing came for a while.
    Quiet {
        at: u64,
    },
}

/// What is wrong, and where in the log.
#[derive(Debug, PartialEq)]
pub(crate) struct Wrong {
    pub(crate) what: &'static str,
    pub(crate) place: usize,
    detail: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at event {}: {}", self.what, self.place, self.detail)
    }
}

/// The server's state as it goes through its history.
struct Truth<'a> {
    changes: &'a [Change],
    /// How many of the changes are in the state.
    done: usize,
    at: u64,
    state: State,
}

impl Truth<'_> {
    fn advance(&mut self, to: u64) {
        while let Some(change) = self.changes.get(self.done).filter(|it| it.version <= to) {
            self.done += 1;
            match change.deleted {
                true => _ = self.state.remove(&change.key),
                false => {
                    self.state.insert(change.key.clone(), (change.uid.clone(), change.version.to_string()));
                }
            }
        }
        self.at = self.at.max(to);
    }
}

/// Checks a log: each event is one that the server stored (nothing invented), in its order and once (ordered, unique), the store
/// that follows is the server's at each version that was reached (nothing lost, no bookmark and no list ahead of what was told),
/// and at the end it is the server's last state (complete). `before` is what was there before the first change.
pub(crate) fn check(before: &State, changes: &[Change], log: &[Told]) -> Result<(), Wrong> {
    let stored: BTreeMap<(&str, u64), &Change> =
        changes.iter().map(|it| ((it.key.as_str(), it.version), it)).collect();
    let known_before =
        |key: &str, version: u64| before.get(key).is_some_and(|it| it.1 == version.to_string());
    let is_stored = |key: &str, uid: Option<&str>, version: u64, deleted: bool| {
        let stored = stored
            .get(&(key, version))
            .is_some_and(|it| it.deleted == deleted && uid.is_none_or(|uid| uid == it.uid));
        stored || (!deleted && known_before(key, version))
    };
    let mut truth = Truth { changes, done: 0, at: 0, state: before.clone() };
    let (mut known, mut coming) = (State::new(), State::new());
    let (mut complete, mut listing) = (false, false);
    for (place, told) in log.iter().enumerate() {
        let wrong = |what, detail: String| Err(Wrong { what, place, detail });
        let mut reached = None;
        match told {
            Told::Started => {
                coming.clear();
                listing = true;
            }
            Told::Listed { key, uid, version } => {
                if !listing {
                    return wrong("listed outside of a list", format!("{told:?}"));
                }
                if !is_stored(key, Some(uid), *version, false) {
                    return wrong("invented", format!("{told:?}"));
                }
                coming.insert(key.clone(), (uid.clone(), version.to_string()));
            }
            Told::Complete { at } => {
                known = std::mem::take(&mut coming);
                (complete, listing) = (true, false);
                reached = Some(*at);
            }
            Told::Applied { key, uid, version } => {
                if !is_stored(key, Some(uid), *version, false) {
                    return wrong("invented", format!("{told:?}"));
                }
                if listing {
                    return wrong("applied within a list", format!("{told:?}"));
                }
                if *version <= truth.at {
                    return wrong("again or out of order", format!("{told:?} after {}", truth.at));
                }
                known.insert(key.clone(), (uid.clone(), version.to_string()));
                reached = Some(*version);
            }
            Told::Deleted { key, version } => {
                if !is_stored(key, None, *version, true) {
                    return wrong("invented", format!("{told:?}"));
                }
                coming.remove(key);
                known.remove(key);
                // Within a list the store is the old one but for this.
                if !listing {
                    if *version <= truth.at {
                        return wrong("again or out of order", format!("{told:?} after {}", truth.at));
                    }
                    reached = Some(*version);
                }
            }
            // What is listed comes in no order: its versions say nothing before all of it was told.
            Told::Quiet { at } if listing && *at > truth.at => {
                return wrong("ahead of a list", format!("{told:?} after {}", truth.at));
            }
            Told::Quiet { at } => reached = Some(*at),
        }
        let Some(at) = reached.filter(|_| complete && !listing) else { continue };
        if at < truth.at {
            return wrong("went back", format!("{told:?} after {}", truth.at));
        }
        truth.advance(at);
        if known != truth.state {
            return wrong("lost", format!("{told:?}: {}", difference(&known, &truth.state)));
        }
    }
    truth.advance(u64::MAX);
    if known != truth.state {
        let detail = difference(&known, &truth.state);
        return Err(Wrong { what: "incomplete", place: log.len(), detail });
    }
    Ok(())
}

fn difference(known: &State, stored: &State) -> String {
    let text = |it: Option<&(String, String)>| it.map_or("nothing".to_owned(), |it| it.1.clone());
    let keys: std::collections::BTreeSet<&String> = known.keys().chain(stored.keys()).collect();
    let differing = keys.into_iter().filter(|key| known.get(*key) != stored.get(*key));
    let lines =
        differing.map(|key| format!("{key} is {}, stored {}", text(known.get(key)), text(stored.get(key))));
    lines.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(version: u64, key: &str, deleted: bool) -> Change {
        Change { version, key: key.to_owned(), uid: "u".to_owned(), deleted }
    }

    fn listed(key: &str, version: u64) -> Told {
        Told::Listed { key: key.to_owned(), uid: "u".to_owned(), version }
    }

    fn applied(key: &str, version: u64) -> Told {
        Told::Applied { key: key.to_owned(), uid: "u".to_owned(), version }
    }

    fn gone(key: &str, version: u64) -> Told {
        Told::Deleted { key: key.to_owned(), version }
    }

    /// What is wrong with a log of a server that made a, made b, changed a and deleted b.
    fn wrong(log: &[Told]) -> &'static str {
        let changes =
            [change(2, "a", false), change(3, "b", false), change(4, "a", false), change(5, "b", true)];
        check(&State::new(), &changes, log).err().map_or("nothing", |it| it.what)
    }

    #[test]
    fn a_history_is_right_or_the_validator_says_what_is_wrong_with_it() {
        use Told::{Complete, Quiet, Started};
        let begin = || vec![Started, listed("a", 2), listed("b", 3), Complete { at: 3 }];
        let after = |more: &[Told]| wrong(&[&begin(), more].concat());
        assert_eq!(after(&[applied("a", 4), Quiet { at: 4 }, gone("b", 5)]), "nothing");
        assert_eq!(
            after(&[Started, listed("a", 4), Complete { at: 5 }]),
            "nothing",
            "a deletion is told by a list"
        );
        assert_eq!(after(&[gone("b", 5)]), "lost", "an event was passed over");
        assert_eq!(after(&[applied("a", 4)]), "incomplete");
        assert_eq!(after(&[applied("a", 4), applied("a", 4), gone("b", 5)]), "again or out of order");
        assert_eq!(
            after(&[Quiet { at: 4 }, applied("a", 4), gone("b", 5)]),
            "lost",
            "a bookmark ahead of an event"
        );
        assert_eq!(after(&[applied("c", 4)]), "invented");
        assert_eq!(after(&[applied("a", 7)]), "invented");
        assert_eq!(after(&[applied("a", 4), gone("b", 5), Quiet { at: 2 }]), "went back");
        assert_eq!(wrong(&[Started, listed("a", 2), Complete { at: 3 }]), "lost", "a page was skipped");
        assert_eq!(
            wrong(&[Started, listed("b", 3), listed("a", 4), Complete { at: 5 }]),
            "lost",
            "raised from the dead"
        );
        assert_eq!(wrong(&[listed("a", 2)]), "listed outside of a list");
        assert_eq!(after(&[Started, listed("a", 4), applied("a", 4)]), "applied within a list");
        assert_eq!(after(&[Started, listed("a", 4), Quiet { at: 4 }]), "ahead of a list");
        assert_eq!(wrong(&[]), "incomplete");
    }
}

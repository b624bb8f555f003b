//! Controller revisions: data that never change, and their number.

use super::super::causes::{At, Causes};
use super::super::rules::NOT_NEGATIVE;
use super::super::{Change, Kind};

pub(super) const KIND: Kind = Kind { check, ..Kind::plain("apps", "controllerrevisions") };

fn check(change: &Change<'_>, causes: &mut Causes) {
    let (data, at) = (&change.new["data"], At::new("data"));
    if data.is_null() {
        causes.required(&at, "data is mandatory");
    } else if change.old.is_some_and(|old| old["data"] != *data) {
        causes.invalid(&at, data.clone(), "field is immutable");
    }
    if let Some(number) = change.new["revision"].as_i64().filter(|it| *it < 0) {
        causes.invalid(&At::new("revision"), number, NOT_NEGATIVE);
    }
}

//! Cron jobs: their schedule, zone and name, and the job that they make.

use super::super::causes::{At, Causes};
use super::super::look::{flag, has, text};
use super::super::{Change, Kind, difference, podspec};
use super::{job_rules, schedule};
use crate::meta;

pub(super) const KIND: Kind = Kind {
    generations: true,
    check,
    warn: |change, out| {
        if change.subresource.is_empty() {
            let template = &change.new["spec"]["jobTemplate"]["spec"]["template"];
            podspec::warnings::collect(template, &At::new("spec.jobTemplate.spec.template"), out);
        }
    },
    ..Kind::plain("batch", "cronjobs")
};

/// What a job's name has more than that of its cron job, taken off a DNS label.
const LONGEST_NAME: usize = 52;

fn check(change: &Change<'_>, causes: &mut Causes) {
    if !change.subresource.is_empty() {
        return;
    }
    let (spec, at) = (&change.new["spec"], At::new("spec"));
    let name = meta::name(change.new);
    if change.old.is_none() && name.len() > LONGEST_NAME {
        let say = format!("must be no more than {LONGEST_NAME} characters");
        causes.invalid(&At::new("metadata.name"), name, &say);
    }
    let given = text(spec, "schedule");
    if given.is_empty() {
        causes.required(&at.field("schedule"), "");
    } else if given.contains("TZ") {
        let say = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        causes.invalid(&at.field("schedule"), given, say);
    } else if let Err(say) = schedule::check(given) {
        causes.invalid(&at.field("schedule"), given, &say);
    }
    if let Some(zone) = spec["timeZone"].as_str() {
        time_zone(zone, &at.field("timeZone"), causes);
    }
    let (job, at) = (&spec["jobTemplate"]["spec"], at.field("jobTemplate").field("spec"));
    job_rules::check(job, &at, causes);
    if has(job, "selector") {
        let shown = difference::shown("LabelSelector", &job["selector"]);
        causes.invalid_shown(&at.field("selector"), &shown, "`selector` will be auto-generated");
    }
    if flag(job, "manualSelector") {
        causes.unsupported_shown(&at.field("manualSelector"), "true", &["nil", "false"]);
    }
}

fn time_zone(zone: &str, at: &At, causes: &mut Causes) {
    if zone.is_empty() {
        causes.invalid(at, zone, "timeZone must be nil or non-empty string");
    } else if zone.eq_ignore_ascii_case("local") {
        let say = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        causes.invalid(at, zone, say);
    } else if !is_zone(zone) {
        causes.invalid(at, zone, &format!("unknown time zone {zone}"));
    }
}

fn is_zone(name: &str) -> bool {
    include_str!("../../../data/zones.txt").lines().any(|it| it == name && !it.starts_with('#'))
}

//! The options as they travel, after the rules that the server has for them.
//!
//! Pure: a broken rule is an error that says which, before anything is sent.

use super::{
    ApplyOptions, CreateOptions, DeleteOptions, FieldValidation, GetOptions, ListOptions, LogOptions,
    PatchOptions, ResourceVersionMatch, UpdateOptions, WatchOptions,
};
use crate::codec::{self, UnknownFields};
use crate::error::{Error, Kind};
use crate::request::Query;
use crate::{Result, object};

fn refuse(message: impl Into<String>) -> Error {
    Error::new(Kind::Request, "", message).with_help("nothing was sent")
}

/// The rule of the server for field managers.
fn check_manager(manager: &Option<String>) -> Result<()> {
    let Some(manager) = manager else { return Ok(()) };
    if manager.len() > 128 {
        return Err(refuse("the field manager has more than 128 bytes"));
    }
    match manager.chars().find(|c| c.is_control() || (c.is_whitespace() && *c != ' ')) {
        Some(bad) => {
            Err(refuse(format!("the field manager contains U+{:04X}, which is not printable", bad as u32)))
        }
        None => Ok(()),
    }
}

/// What every write has in common.
fn write_query(
    query: &mut Query,
    dry_run: bool,
    manager: &Option<String>,
    validation: Option<FieldValidation>,
) -> Result<()> {
    check_manager(manager)?;
    if dry_run {
        query.push("dryRun", "All");
    }
    query.text("fieldManager", manager);
    if let Some(validation) = validation {
        query.push("fieldValidation", validation.as_str());
    }
    Ok(())
}

impl GetOptions {
    pub(crate) fn query(&self, query: &mut Query) -> Result<()> {
        query.text("resourceVersion", &self.resource_version);
        Ok(())
    }
}

impl ListOptions {
    pub(crate) fn query(&self, query: &mut Query) -> Result<()> {
        let version = self.resource_version.as_deref().unwrap_or_default();
        let token = self.continue_token.as_deref().unwrap_or_default();
        if let Some(matching) = self.resource_version_match {
            if version.is_empty() {
                return Err(refuse("resource_version_match needs a resource_version"));
            }
            if !token.is_empty() {
                return Err(refuse(
                    "resource_version_match cannot go with a continue token, which has a version of its own",
                ));
            }
            if matching == ResourceVersionMatch::Exact && version == "0" {
                return Err(refuse("resource_version_match Exact cannot go with the resource_version \"0\""));
            }
        }
        if !token.is_empty() && !version.is_empty() && version != "0" {
            return Err(refuse(
                "a continue token has a version of its own: resource_version cannot go with it",
            ));
        }
        query
            .text("labelSelector", &self.label_selector)
            .text("fieldSelector", &self.field_selector)
            .text("resourceVersion", &self.resource_version);
        if let Some(matching) = self.resource_version_match {
            query.push("resourceVersionMatch", matching.as_str());
        }
        query
            .number("timeoutSeconds", self.timeout_seconds)
            .number("limit", self.limit.filter(|limit| *limit > 0))
            .text("continue", &self.continue_token)
            .text("shardSelector", &self.shard_selector);
        Ok(())
    }
}

impl WatchOptions {
    pub(crate) fn query(&self, query: &mut Query) -> Result<()> {
        let matching = match (self.send_initial_events, self.resource_version_match) {
            (Some(_), None) => Some(ResourceVersionMatch::NotOlderThan),
            (Some(_), Some(ResourceVersionMatch::Exact)) => {
                return Err(refuse("send_initial_events needs resource_version_match NotOlderThan"));
            }
            (None, Some(_)) => {
                return Err(refuse(
                    "a watch takes resource_version_match only together with send_initial_events",
                ));
            }
            (_, matching) => matching,
        };
        // A bookmark marks the end of what is there, and servers send none that were not asked for.
        let bookmarks = self.allow_bookmarks || self.send_initial_events == Some(true);
        query
            .push("watch", "true")
            .text("labelSelector", &self.label_selector)
            .text("fieldSelector", &self.field_selector)
            .text("resourceVersion", &self.resource_version);
        if let Some(matching) = matching {
            query.push("resourceVersionMatch", matching.as_str());
        }
        query.number("timeoutSeconds", self.timeout_seconds).flag("allowWatchBookmarks", bookmarks);
        if let Some(initial) = self.send_initial_events {
            query.push("sendInitialEvents", if initial { "true" } else { "false" });
        }
        query.text("shardSelector", &self.shard_selector);
        Ok(())
    }
}

impl CreateOptions {
    pub(crate) fn query(&self, query: &mut Query) -> Result<()> {
        write_query(query, self.dry_run, &self.field_manager, self.field_validation)
    }
}

impl UpdateOptions {
    pub(crate) fn query(&self, query: &mut Query) -> Result<()> {
        write_query(query, self.dry_run, &self.field_manager, self.field_validation)
    }
}

impl PatchOptions {
    pub(crate) fn query(&self, query: &mut Query) -> Result<()> {
        write_query(query, self.dry_run, &self.field_manager, self.field_validation)
    }
}

impl ApplyOptions {
    pub(crate) fn query(&self, query: &mut Query) -> Result<()> {
        if self.field_manager.as_deref().unwrap_or_default().is_empty() {
            return Err(refuse("apply needs a field manager: who is applying?")
                .with_help("add `.field_manager(\"name-of-your-program\")`; nothing was sent"));
        }
        write_query(query, self.dry_run, &self.field_manager, self.field_validation)?;
        query.push("force", if self.force { "true" } else { "false" });
        Ok(())
    }
}

impl DeleteOptions {
    /// The body of a deletion; none where nothing is asked for.
    pub(crate) fn body(&self) -> Result<Option<Vec<u8>>> {
        if self.grace_period_seconds.is_some_and(|seconds| seconds < 0) {
            return Err(refuse("grace_period_seconds is negative"));
        }
        if self.orphan_dependents.is_some() && self.propagation_policy.is_some() {
            return Err(refuse(
                "orphan_dependents and propagation_policy contradict each other: only one can be set",
            ));
        }
        if *self == DeleteOptions::default() {
            return Ok(None);
        }
        let body = DeleteBody {
            grace_period_seconds: self.grace_period_seconds,
            preconditions: (self.precondition_uid.is_some() || self.precondition_resource_version.is_some())
                .then(|| {
                    Box::new(Preconditions {
                        uid: self.precondition_uid.clone(),
                        resource_version: self.precondition_resource_version.clone(),
                    })
                }),
            orphan_dependents: self.orphan_dependents,
            propagation_policy: self.propagation_policy.map(|policy| policy.as_str().to_owned()),
            dry_run: self.dry_run.then(|| vec!["All".to_owned()]),
            ignore_store_read_error: self.ignore_store_read_error_with_cluster_breaking_potential,
            unknown: Default::default(),
        };
        Ok(Some(codec::to_vec(&body)))
    }
}

/// `meta/v1` DeleteOptions as it travels.
#[derive(Clone, Default, PartialEq)]
struct DeleteBody {
    grace_period_seconds: Option<i64>,
    preconditions: Option<Box<Preconditions>>,
    orphan_dependents: Option<bool>,
    propagation_policy: Option<String>,
    dry_run: Option<Vec<String>>,
    ignore_store_read_error: Option<bool>,
    unknown: UnknownFields,
}

object! {
    DeleteBody = "v1" "DeleteOptions" {
        0 grace_period_seconds "gracePeriodSeconds" [1] Varint;
        1 preconditions "preconditions" [2] Message;
        2 orphan_dependents "orphanDependents" [3] Varint;
        3 propagation_policy "propagationPolicy" [4] String;
        4 dry_run "dryRun" [5] String atomic;
        5 ignore_store_read_error "ignoreStoreReadErrorWithClusterBreakingPotential" [6] Varint;
    }
}

#[derive(Clone, Default, PartialEq)]
struct Preconditions {
    uid: Option<String>,
    resource_version: Option<String>,
}

object! {
    Preconditions {
        0 uid "uid" [1] String;
        1 resource_version "resourceVersion" [2] String;
    }
}

impl LogOptions {
    pub(crate) fn query(&self, query: &mut Query) -> Result<()> {
        for (name, value, least) in [
            ("tail_lines", self.tail_lines, 0),
            ("limit_bytes", self.limit_bytes, 1),
            ("since_seconds", self.since_seconds, 1),
        ] {
            if value.is_some_and(|value| value < least) {
                return Err(refuse(format!("{name} must be at least {least}")));
            }
        }
        if self.since_seconds.is_some() && self.since_time.is_some() {
            return Err(refuse("since_seconds and since_time contradict each other: only one can be set"));
        }
        if let Some(time) = &self.since_time {
            time.parse::<jiff::Timestamp>()
                .map_err(|_| refuse(format!("since_time {time:?} is no time as in 2026-01-31T12:00:00Z")))?;
        }
        query
            .text("container", &self.container)
            .flag("follow", self.follow)
            .flag("previous", self.previous)
            .number("sinceSeconds", self.since_seconds)
            .text("sinceTime", &self.since_time)
            .flag("timestamps", self.timestamps)
            .number("tailLines", self.tail_lines)
            .number("limitBytes", self.limit_bytes)
            .text("stream", &self.stream)
            .flag("insecureSkipTLSVerifyBackend", self.insecure_skip_tls_verify_backend);
        Ok(())
    }
}

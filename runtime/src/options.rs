//! The options of every verb as plain data, checked as the server would before anything is sent.
//!
//! Each struct has public fields, `Default` and a setter for each; the request values have the same setters. Deliberately
//! no request is built here: that is in `api`.

use crate::codec::Writer;
use crate::error::{Error, Kind};
use crate::request::Query;
use crate::{Result, object};

/// How a `resource_version` is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResourceVersionMatch {
    /// Exactly this version, or an error if it is no longer there.
    Exact,
    /// This version or any newer.
    NotOlderThan,
}

/// What the server does about members that the resource does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldValidation {
    /// Drops them.
    Ignore,
    /// Drops them and warns; what servers do by themselves.
    Warn,
    /// Refuses the request.
    Strict,
}

/// What becomes of the objects that belong to a deleted one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PropagationPolicy {
    /// They stay, without an owner.
    Orphan,
    /// They are deleted after it.
    Background,
    /// They are deleted before it.
    Foreground,
}

/// What an [`update`](crate::Api::update) does about members that were read, are not known to this build, and would be
/// deleted because their place is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnknownFieldPolicy {
    /// Sends nothing and says which members they are.
    #[default]
    Refuse,
    /// Sends the update and says on standard error which members it deletes.
    Warn,
    /// Sends the update.
    Allow,
}

impl ResourceVersionMatch {
    fn as_str(self) -> &'static str {
        match self {
            ResourceVersionMatch::Exact => "Exact",
            ResourceVersionMatch::NotOlderThan => "NotOlderThan",
        }
    }
}

impl FieldValidation {
    fn as_str(self) -> &'static str {
        match self {
            FieldValidation::Ignore => "Ignore",
            FieldValidation::Warn => "Warn",
            FieldValidation::Strict => "Strict",
        }
    }
}

impl PropagationPolicy {
    fn as_str(self) -> &'static str {
        match self {
            PropagationPolicy::Orphan => "Orphan",
            PropagationPolicy::Background => "Background",
            PropagationPolicy::Foreground => "Foreground",
        }
    }
}

/// Declares an options struct with its fields, and a setter for each on the struct.
macro_rules! options {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $form:tt $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name { $($(#[$field_doc])* pub $field: options!(@type $form $type),)* }
        impl $name { $(options!(@setter $(#[$field_doc])* $field $form $type);)* }
    };
    (@type text $type:ty) => { Option<String> };
    (@type some $type:ty) => { Option<$type> };
    (@type flag $type:ty) => { bool };
    (@setter $(#[$doc:meta])* $field:ident text $type:ty) => {
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self, $field: impl Into<String>) -> Self { self.$field = Some($field.into()); self }
    };
    (@setter $(#[$doc:meta])* $field:ident some $type:ty) => {
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self, $field: $type) -> Self { self.$field = Some($field); self }
    };
    (@setter $(#[$doc:meta])* $field:ident flag $type:ty) => {
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self) -> Self { self.$field = true; self }
    };
}

options! {
    /// Options of reading one object.
    GetOptions {
        /// Answers from a state that is no older than this; `"0"` means from the server's cache, whatever its age.
        resource_version: text String,
    }
}

options! {
    /// Options of lists, and of which objects a collection is deleted.
    ListOptions {
        /// Only objects with these labels: `app=web,tier!=db`, `env in (a, b)`.
        label_selector: text String,
        /// Only objects with these fields: `status.phase=Running`.
        field_selector: text String,
        /// Answers from a state that is no older than this; `"0"` means from the server's cache, whatever its age.
        resource_version: text String,
        /// How `resource_version` is meant.
        resource_version_match: some ResourceVersionMatch,
        /// Ends the call after this many seconds, on the server and here.
        timeout_seconds: some u32,
        /// At most this many objects on a page.
        limit: some u32,
        /// Goes on after the page that gave this token.
        continue_token: text String,
        /// Only one shard of the collection (alpha since 1.36).
        shard_selector: text String,
    }
}

options! {
    /// Options of watches.
    WatchOptions {
        /// Only objects with these labels.
        label_selector: text String,
        /// Only objects with these fields.
        field_selector: text String,
        /// What happened after this version; without it, all objects that are there come first.
        resource_version: text String,
        /// How `resource_version` is meant; needed with `send_initial_events` and set by it.
        resource_version_match: some ResourceVersionMatch,
        /// Ends the watch after this many seconds; servers choose between 30 and 60 minutes by themselves.
        timeout_seconds: some u32,
        /// Asks for bookmarks: events that carry nothing but the current version.
        allow_bookmarks: flag bool,
        /// Begins with all objects that are there, as events, and marks their end with a bookmark.
        send_initial_events: some bool,
        /// Only one shard of the collection (alpha since 1.36).
        shard_selector: text String,
    }
}

options! {
    /// Options of creating.
    CreateOptions {
        /// Goes through everything but storing.
        dry_run: flag bool,
        /// Who is changing the object, for server-side apply: at most 128 printable characters.
        field_manager: text String,
        /// What the server does about members that the resource does not have.
        field_validation: some FieldValidation,
    }
}

options! {
    /// Options of replacing.
    UpdateOptions {
        /// Goes through everything but storing.
        dry_run: flag bool,
        /// Who is changing the object, for server-side apply: at most 128 printable characters.
        field_manager: text String,
        /// What the server does about members that the resource does not have.
        field_validation: some FieldValidation,
    }
}

options! {
    /// Options of patches other than server-side apply.
    PatchOptions {
        /// Goes through everything but storing.
        dry_run: flag bool,
        /// Who is changing the object, for server-side apply: at most 128 printable characters.
        field_manager: text String,
        /// What the server does about members that the resource does not have.
        field_validation: some FieldValidation,
    }
}

options! {
    /// Options of server-side apply.
    ApplyOptions {
        /// Goes through everything but storing.
        dry_run: flag bool,
        /// Who is applying. Required; at most 128 printable characters.
        field_manager: text String,
        /// Takes over fields that belong to others.
        force: flag bool,
        /// What the server does about members that the resource does not have.
        field_validation: some FieldValidation,
    }
}

options! {
    /// Options of deleting. They travel as the body of the request.
    DeleteOptions {
        /// How long the object gets to end; 0 deletes at once.
        grace_period_seconds: some i64,
        /// Only if the object has this uid.
        precondition_uid: text String,
        /// Only if the object has this resourceVersion.
        precondition_resource_version: text String,
        /// Deprecated by Kubernetes in favour of `propagation_policy`.
        orphan_dependents: some bool,
        /// What becomes of the objects that belong to it.
        propagation_policy: some PropagationPolicy,
        /// Goes through everything but storing.
        dry_run: flag bool,
        /// Deletes an object that can no longer be read from storage, whatever breaks by it.
        ignore_store_read_error_with_cluster_breaking_potential: some bool,
    }
}

options! {
    /// Options of reading the log of a container.
    LogOptions {
        /// Which container; needed where the pod has several.
        container: text String,
        /// Goes on with what is written from now on.
        follow: flag bool,
        /// The log of the container's previous run.
        previous: flag bool,
        /// Only what is not older than this many seconds.
        since_seconds: some i64,
        /// Only what is not older than this moment (RFC 3339).
        since_time: text String,
        /// Puts the time before each line.
        timestamps: flag bool,
        /// Only the last lines.
        tail_lines: some i64,
        /// At most this many bytes.
        limit_bytes: some i64,
        /// Which stream: `All`, `Stdout` or `Stderr` (alpha).
        stream: text String,
        /// Does not check the certificate of the node's kubelet.
        insecure_skip_tls_verify_backend: flag bool,
    }
}

fn refuse(message: impl Into<String>) -> Error {
    Error::new(Kind::Request, "", message).with_help("nothing was sent")
}

/// The rule of the server for field managers.
fn check_manager(manager: &Option<String>) -> Result<()> {
    let Some(manager) = manager else { return Ok(()) };
    if manager.chars().count() > 128 {
        return Err(refuse("the field manager has more than 128 characters"));
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
        if self.send_initial_events == Some(true) && !self.allow_bookmarks {
            return Err(refuse(
                "send_initial_events needs allow_bookmarks: a bookmark marks the end of what is there",
            ));
        }
        query
            .push("watch", "true")
            .text("labelSelector", &self.label_selector)
            .text("fieldSelector", &self.field_selector)
            .text("resourceVersion", &self.resource_version);
        if let Some(matching) = matching {
            query.push("resourceVersionMatch", matching.as_str());
        }
        query
            .number("timeoutSeconds", self.timeout_seconds)
            .flag("allowWatchBookmarks", self.allow_bookmarks);
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
        let mut writer = Writer::new();
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
        crate::codec::Value::encode(&body, &mut writer);
        Ok(Some(writer.into_string().into_bytes()))
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
    unknown: crate::codec::UnknownFields,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn query(build: impl FnOnce(&mut Query) -> Result<()>) -> Result<String> {
        let mut query = Query::default();
        build(&mut query)?;
        let mut out = String::new();
        query.write(&mut out);
        Ok(out)
    }

    #[test]
    fn list_options_follow_the_servers_rules() {
        let exact = ResourceVersionMatch::Exact;
        let base = ListOptions::default;
        for (options, expected) in [
            (base(), Ok("")),
            (base().limit(0).label_selector(""), Ok("")),
            (
                base().label_selector("a=b").limit(5).continue_token("t"),
                Ok("?labelSelector=a%3Db&limit=5&continue=t"),
            ),
            (
                base().resource_version("7").resource_version_match(exact),
                Ok("?resourceVersion=7&resourceVersionMatch=Exact"),
            ),
            (base().resource_version_match(exact), Err("needs a resource_version")),
            (base().resource_version("0").resource_version_match(exact), Err("\"0\"")),
            (
                base().resource_version("7").resource_version_match(exact).continue_token("t"),
                Err("continue token"),
            ),
            (base().resource_version("7").continue_token("t"), Err("continue token")),
        ] {
            match (query(|query| options.query(query)), expected) {
                (Ok(text), Ok(expected)) => assert_eq!(text, expected),
                (Err(error), Err(why)) => {
                    assert!(error.is_request() && error.to_string().contains(why), "{error}")
                }
                (other, expected) => panic!("{other:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn watch_options_follow_the_servers_rules() {
        let base = WatchOptions::default;
        for (options, expected) in [
            (base(), Ok("?watch=true")),
            (
                base().resource_version("7").allow_bookmarks().timeout_seconds(300),
                Ok("?watch=true&resourceVersion=7&timeoutSeconds=300&allowWatchBookmarks=true"),
            ),
            (
                base().send_initial_events(true).allow_bookmarks(),
                Ok(
                    "?watch=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&sendInitialEvents=true",
                ),
            ),
            (base().send_initial_events(true), Err("allow_bookmarks")),
            (
                base()
                    .send_initial_events(true)
                    .allow_bookmarks()
                    .resource_version_match(ResourceVersionMatch::Exact),
                Err("NotOlderThan"),
            ),
            (base().resource_version_match(ResourceVersionMatch::NotOlderThan), Err("send_initial_events")),
        ] {
            match (query(|query| options.query(query)), expected) {
                (Ok(text), Ok(expected)) => assert_eq!(text, expected),
                (Err(error), Err(why)) => {
                    assert!(error.is_request() && error.to_string().contains(why), "{error}")
                }
                (other, expected) => panic!("{other:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn field_managers_are_short_and_printable_and_apply_needs_one() {
        for (manager, ok) in [
            ("me", true),
            (&*"x".repeat(128), true),
            (&*"ü".repeat(128), true),
            (&*"x".repeat(129), false),
            ("a\nb", false),
        ] {
            let options = CreateOptions::default().field_manager(manager);
            assert_eq!(query(|query| options.query(query)).is_ok(), ok, "{manager:?}");
        }
        assert!(
            query(|query| ApplyOptions::default().query(query))
                .unwrap_err()
                .to_string()
                .contains("field manager")
        );
        let options = ApplyOptions::default().field_manager("me");
        assert_eq!(query(|query| options.query(query)).unwrap(), "?fieldManager=me&force=false");
    }

    #[test]
    fn delete_options_travel_as_body() {
        let body =
            |options: DeleteOptions| options.body().unwrap().map(|body| String::from_utf8(body).unwrap());
        assert_eq!(body(DeleteOptions::default()), None);
        assert_eq!(
            body(
                DeleteOptions::default()
                    .grace_period_seconds(0)
                    .precondition_uid("u")
                    .propagation_policy(PropagationPolicy::Foreground)
                    .dry_run()
            )
            .unwrap(),
            concat!(
                r#"{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0,"preconditions":{"uid":"u"},"#,
                r#""propagationPolicy":"Foreground","dryRun":["All"]}"#
            )
        );
        assert!(DeleteOptions::default().grace_period_seconds(-1).body().is_err());
        let both =
            DeleteOptions::default().orphan_dependents(true).propagation_policy(PropagationPolicy::Orphan);
        assert!(both.body().is_err());
    }

    #[test]
    fn log_options_follow_the_servers_rules() {
        let options =
            LogOptions::default().container("a b").follow().tail_lines(0).since_time("2026-01-31T12:00:00Z");
        assert_eq!(
            query(|query| options.query(query)).unwrap(),
            "?container=a%20b&follow=true&sinceTime=2026-01-31T12%3A00%3A00Z&tailLines=0"
        );
        for bad in [
            LogOptions::default().tail_lines(-1),
            LogOptions::default().limit_bytes(0),
            LogOptions::default().since_seconds(0),
            LogOptions::default().since_seconds(1).since_time("2026-01-31T12:00:00Z"),
            LogOptions::default().since_time("yesterday"),
        ] {
            assert!(query(|query| bad.query(query)).is_err(), "{bad:?}");
        }
    }
}

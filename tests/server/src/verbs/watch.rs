//! Watch: events from history and then as they happen, until the time is up.
//!
//! A watch holds no task and no queue: it is polled by the connection, reads the shared history from where it stands, and is gone
//! with the connection.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::json;
use tokio::sync::watch::Receiver;
use tokio::time::Instant;

use crate::call::{Call, Reply, head};
use crate::catalog::Resource;
use crate::failure::{Cause, Failure, Outcome};
use crate::selector::Selector;
use crate::server::Shared;
use crate::store::{Change, Compacted, Place, Stored};

/// No wait is longer than this, so that no time overflows.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// Events are put together up to this many bytes.
const BATCH: usize = 32 * 1024;

/// A watch under way.
pub(crate) struct Watch {
    /// Weak: an open watch must not keep a stopped server's memory.
    shared: Weak<Shared>,
    resource: Arc<Resource>,
    place: Place,
    prefix: String,
    selector: Selector,
    bookmarks: Option<Duration>,
    next_bookmark: Instant,
    end: Instant,
    /// Everything up to here was sent.
    at: u64,
    ready: VecDeque<Bytes>,
    wake: Receiver<u64>,
    done: bool,
}

fn check_options(call: &Call<'_>) -> Outcome<bool> {
    let query = &call.incoming.query;
    let mut causes = Vec::new();
    let initial = query.has("sendInitialEvents");
    let how = query.get("resourceVersionMatch");
    let field = "resourceVersionMatch";
    if initial && how != "NotOlderThan" {
        let say = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        causes.push(Cause::forbidden(field, say));
    }
    if !initial && !how.is_empty() {
        let say = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
        causes.push(Cause::forbidden(field, say));
    }
    if !how.is_empty() && how != "NotOlderThan" {
        causes.push(Cause::unsupported(field, &format!("\"{how}\""), &["NotOlderThan"]));
    }
    if !how.is_empty() && !query.get("continue").is_empty() {
        causes.push(Cause::forbidden(field, "resourceVersionMatch is forbidden when continue is provided"));
    }
    if causes.is_empty() {
        Ok(query.flag("sendInitialEvents"))
    } else {
        Err(Failure::options("ListOptions", &causes))
    }
}

pub(super) fn start(call: &Call<'_>) -> Outcome<Reply> {
    let query = &call.incoming.query;
    let send_initial = check_options(call)?;
    let selector = super::read::selector(call)?;
    let version = match query.get("resourceVersion") {
        "" => None,
        text => Some(text.parse::<u64>().map_err(|_| Failure::plain(super::read::unparsable(text)))?),
    };
    let settings = &call.shared.settings;
    let seconds = query.number("timeoutSeconds")?.filter(|it| *it > 0).map(|it| it as u64);
    let life = seconds.map_or(settings.watch_timeout, Duration::from_secs).min(LONGEST);
    let now = Instant::now();
    let (place, prefix) = (call.place(), call.prefix());

    let mut store = call.store();
    let wake = store.subscribe(&place, &prefix);
    let current = store.revision();
    let mut watch = Watch {
        shared: Arc::downgrade(call.shared),
        resource: call.resource.clone(),
        place,
        prefix,
        selector,
        bookmarks: query.flag("allowWatchBookmarks").then_some(settings.bookmark_interval),
        next_bookmark: now + settings.bookmark_interval.min(LONGEST),
        end: now + life,
        at: current,
        ready: VecDeque::new(),
        wake,
        done: false,
    };
    let from_nothing = version.is_none_or(|it| it == 0);
    let without_initial = query.has("sendInitialEvents") && !send_initial;
    if let Some(asked) = version.filter(|it| send_initial && *it > current) {
        watch.fail(&Failure::version_too_large(asked, current));
    } else if send_initial || (from_nothing && !without_initial) {
        for (_, object) in store.list(&watch.place, &watch.prefix) {
            if watch.selector.matches(&object.value) {
                watch.ready.push_back(event(&watch.resource, "ADDED", &object));
            }
        }
        if send_initial && watch.bookmarks.is_some() {
            watch.ready.push_back(bookmark(&watch.resource, current, true));
        }
    } else if let Some(version) = version.filter(|it| *it > 0) {
        watch.at = version;
        if let Err(Compacted) = store.reaches(&watch.place, version) {
            watch.expire(version, current);
        }
    }
    Ok(Reply::Watch(Box::new(watch)))
}

impl Watch {
    /// The next bytes, as many events as are there; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if !self.ready.is_empty() {
                return Some(self.batch());
            }
            if self.done {
                return None;
            }
            // Seen before it is read, so that a change in between wakes.
            self.wake.borrow_and_update();
            self.collect();
            if !self.ready.is_empty() {
                continue;
            }
            let bookmark_at = self.bookmarks.map_or(self.end, |_| self.next_bookmark);
            tokio::select! {
                changed = self.wake.changed() => {
                    if changed.is_err() {
                        self.done = true;
                    }
                }
                () = tokio::time::sleep_until(bookmark_at.min(self.end)) => self.time_is_up(),
            }
        }
    }

    /// One event as it is, shared with other watches; several in one piece of bounded size.
    fn batch(&mut self) -> Bytes {
        let first = self.ready.pop_front().unwrap_or_default();
        if self.ready.is_empty() || first.len() >= BATCH {
            return first;
        }
        let mut out = BytesMut::with_capacity(BATCH);
        out.put_slice(&first);
        while let Some(next) = self.ready.front()
            && out.len() + next.len() <= BATCH
        {
            out.put_slice(next);
            self.ready.pop_front();
        }
        out.freeze()
    }

    fn time_is_up(&mut self) {
        let now = Instant::now();
        if now >= self.end {
            self.done = true;
            return;
        }
        if let (Some(interval), Some(shared)) = (self.bookmarks, self.shared.upgrade())
            && now >= self.next_bookmark
        {
            self.next_bookmark = now + interval.min(LONGEST);
            // Before it is read: what is stored meanwhile would be passed over otherwise.
            let current = shared.store().revision();
            self.collect();
            if self.done {
                return;
            }
            self.at = self.at.max(current);
            self.ready.push_back(bookmark(&self.resource, self.at, false));
        }
    }

    /// Reads what happened since.
    fn collect(&mut self) {
        let Some(shared) = self.shared.upgrade() else {
            self.done = true;
            return;
        };
        let store = shared.store();
        match store.since(&self.place, &self.prefix, self.at) {
            Err(Compacted) => {
                let (at, current) = (self.at, store.revision());
                drop(store);
                self.expire(at, current);
            }
            Ok(changes) => {
                drop(store);
                for change in changes {
                    self.at = self.at.max(change.revision);
                    if change.key.starts_with(&self.prefix) {
                        self.ready.extend(self.seen(&change));
                    }
                }
            }
        }
    }

    /// A change as this watch sees it: what begins to match is added, what no longer does is deleted.
    fn seen(&self, change: &Change) -> Option<Bytes> {
        let before = change.before.as_ref().filter(|it| self.selector.matches(&it.value));
        let after =
            (!change.deleted && self.selector.matches(&change.object.value)).then_some(&change.object);
        match (before, after) {
            (None, Some(object)) => Some(self.shared_event("ADDED", change, object)),
            (Some(_), Some(object)) => Some(self.shared_event("MODIFIED", change, object)),
            (Some(_), None) if change.deleted => Some(self.shared_event("DELETED", change, &change.object)),
            (Some(before), None) => {
                let mut object = crate::kinds::versions::seen(&self.resource, &before.value).into_owned();
                object["metadata"]["resourceVersion"] = change.revision.to_string().into();
                Some(line("DELETED", &self.resource, object.to_string().as_bytes()))
            }
            (None, None) => None,
        }
    }

    /// Encoded once for all watches of this version of the kind.
    fn shared_event(&self, kind: &str, change: &Change, object: &Stored) -> Bytes {
        let form = format!("{kind} {}", self.resource.api_version());
        change.line(&form, || event(&self.resource, kind, object))
    }

    fn expire(&mut self, asked: u64, current: u64) {
        self.fail(&Failure::expired(format!("too old resource version: {asked} ({current})")));
    }

    /// Ends with an error in the stream.
    fn fail(&mut self, failure: &Failure) {
        let mut text = json!({"type": "ERROR", "object": failure.status()}).to_string();
        text.push('\n');
        self.ready.push_back(Bytes::from(text));
        self.done = true;
    }
}

fn event(resource: &Resource, kind: &str, object: &Stored) -> Bytes {
    line(kind, resource, &crate::kinds::versions::json(resource, object))
}

fn line(kind: &str, resource: &Resource, object: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(object.len() + 96);
    out.put_slice(b"{\"type\":\"");
    out.put_slice(kind.as_bytes());
    out.put_slice(b"\",\"object\":");
    out.put_slice(head(resource).as_bytes());
    out.put_slice(object.get(1..).unwrap_or_default());
    out.put_slice(b"}\n");
    out.freeze()
}

fn bookmark(resource: &Resource, revision: u64, ends_initial: bool) -> Bytes {
    let mut object = json!({"metadata": {"resourceVersion": revision.to_string()}});
    if ends_initial {
        object["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    }
    line("BOOKMARK", resource, object.to_string().as_bytes())
}

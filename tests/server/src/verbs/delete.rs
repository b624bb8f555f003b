//! Delete and deletecollection: the options of a request, and what is answered.
//!
//! What deletion does to an object is in `deletion`.

use std::sync::Arc;

use serde_json::Value;

use crate::call::{Call, Reply};
use crate::deletion::{self, Deleted, Options, Policy};
use crate::failure::{Cause, Failure, Outcome};
use crate::store::Stored;
use crate::{body, registry};

const SCHEMA: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";

/// The options of a deletion: from the body, or from the query where there is none.
fn options(call: &Call<'_>) -> Outcome<Options> {
    let sent = if call.incoming.body.is_empty() { from_query(call)? } else { from_body(call)? };
    let mut causes = Vec::new();
    let policy = sent["propagationPolicy"].as_str().filter(|it| !it.is_empty());
    let orphan = sent["orphanDependents"].as_bool();
    if let (Some(policy), Some(_)) = (policy, orphan) {
        let say = "orphanDependents and deletionPropagation cannot be both set";
        causes.push(Cause::invalid("propagationPolicy", &policy.into(), say));
    }
    let policy = match policy {
        None => None,
        Some("Foreground") => Some(Policy::Foreground),
        Some("Background") => Some(Policy::Background),
        Some("Orphan") => Some(Policy::Orphan),
        Some(other) => {
            let supported = &["Foreground", "Background", "Orphan", "nil"];
            causes.push(Cause::unsupported("propagationPolicy", &format!("\"{other}\""), supported));
            None
        }
    };
    let dry = crate::schema::strings(sent.get("dryRun"));
    if dry.iter().any(|it| it != "All") {
        let shown: Vec<String> = dry.iter().map(|it| format!("\"{it}\"")).collect();
        causes.push(Cause::unsupported("dryRun", &format!("[{}]", shown.join(",")), &["All"]));
    }
    if !causes.is_empty() {
        return Err(Failure::options("DeleteOptions", &causes));
    }
    let text = |it: &Value| it.as_str().map(str::to_owned);
    Ok(Options {
        dry_run: !dry.is_empty(),
        grace: sent["gracePeriodSeconds"].as_i64(),
        uid: text(&sent["preconditions"]["uid"]),
        version: text(&sent["preconditions"]["resourceVersion"]),
        policy,
        orphan,
    })
}

fn from_body(call: &Call<'_>) -> Outcome<Value> {
    let sent = body::decode(call.incoming)?.map_err(Failure::bad_request)?;
    let text = |key: &str| sent[key].as_str().unwrap_or_default();
    let kind = text("kind");
    if !kind.is_empty() && kind != "DeleteOptions" {
        let version = text("apiVersion");
        let version = if version.is_empty() { "v1" } else { version };
        return Err(Failure::bad_request(format!(
            "no kind \"{kind}\" is registered for version \"{version}\" in scheme \"pkg/runtime/scheme.go:111\""
        )));
    }
    if let Some(schema) = crate::schema::builtin::named(SCHEMA) {
        crate::schema::types::check(&sent, &schema, "DeleteOptions").map_err(Failure::bad_request)?;
    }
    Ok(sent)
}

fn from_query(call: &Call<'_>) -> Outcome<Value> {
    let query = &call.incoming.query;
    let mut all = serde_json::Map::new();
    if let Some(seconds) = query.number("gracePeriodSeconds")? {
        all.insert("gracePeriodSeconds".to_owned(), seconds.into());
    }
    if query.has("orphanDependents") {
        all.insert("orphanDependents".to_owned(), query.flag("orphanDependents").into());
    }
    for name in ["propagationPolicy", "dryRun"] {
        if query.has(name) {
            let value = query.all(name);
            let one = value.first().map(|it| Value::from(it.as_str())).unwrap_or_default();
            all.insert(name.to_owned(), if name == "dryRun" { value.to_vec().into() } else { one });
        }
    }
    if !query.get("uid").is_empty() {
        all.insert("preconditions".to_owned(), serde_json::json!({"uid": query.get("uid")}));
    }
    Ok(Value::Object(all))
}

/// Who deletes jobs and says nothing about their pods is told what happens to them.
fn warn(call: &Call<'_>, options: &Options) {
    let unsaid = options.policy.is_none() && options.orphan.is_none();
    if unsaid && call.resource.is("batch", "jobs") && deletion::orphans_by_default(&call.resource) {
        let say = "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning";
        call.warnings.borrow_mut().push(say.to_owned());
    }
}

pub(super) fn one(call: &Call<'_>) -> Outcome<Reply> {
    let options = options(call)?;
    warn(call, &options);
    let mut store = call.store();
    let deleted =
        deletion::delete(call.shared, &mut store, &call.resource, &call.key(call.name()), &options)?;
    // Whoever asked in the old way for a cascade is told that it is not done yet.
    let code = if options.orphan == Some(false) { 202 } else { 200 };
    Ok(match deleted {
        Deleted::Kept(object) => call.object(code, &object),
        Deleted::WouldKeep(object) => call.unstored(code, &object),
        Deleted::Gone(object) if registry::traits(&call.resource).returned => call.unstored(200, &object),
        Deleted::Gone(object) => call.deleted(&object),
        Deleted::WouldVanish => call.unstored(200, &serde_json::json!({"metadata": {}})),
    })
}

pub(super) fn collection(call: &Call<'_>) -> Outcome<Reply> {
    super::read::check_options(call)?;
    let selector = super::read::selector(call)?;
    let options = options(call)?;
    warn(call, &options);
    let limit = call.incoming.query.number("limit")?.filter(|it| *it > 0).map(|it| it as usize);
    let mut store = call.store();
    let revision = store.revision();
    let mut all = store.list(&call.place(), &call.prefix());
    all.retain(|(_, it)| selector.matches(&it.value));
    let left = limit.map_or(0, |limit| all.len().saturating_sub(limit));
    all.truncate(limit.unwrap_or(usize::MAX));
    let mut metadata = serde_json::json!({"resourceVersion": revision.to_string()});
    if left > 0 {
        if let Some((last, _)) = all.last() {
            let last = last.strip_prefix(call.prefix().as_str()).unwrap_or(last);
            metadata["continue"] = super::read::token(revision, last).into();
        }
        if selector.is_everything() {
            metadata["remainingItemCount"] = left.into();
        }
    } else if call.resource.is_custom() {
        metadata["continue"] = "".into();
    }
    for (key, _) in &all {
        match deletion::delete(call.shared, &mut store, &call.resource, key, &options) {
            Err(failure) if failure.code != 404 => return Err(failure),
            _ => {}
        }
    }
    drop(store);
    let items: Vec<Arc<Stored>> = all.into_iter().map(|(_, it)| it).collect();
    Ok(super::read::encode(call, &metadata, items.iter().map(Arc::as_ref)))
}

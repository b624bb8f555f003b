//! `metadata`: reading it, and making the parts that a server makes (names, uids, times).
//!
//! Rules about what metadata may say are in `names`.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

pub(crate) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}

pub(crate) fn name(object: &Value) -> &str {
    text(object, "name")
}

pub(crate) fn namespace(object: &Value) -> &str {
    text(object, "namespace")
}

pub(crate) fn finalizers(object: &Value) -> Vec<String> {
    crate::schema::strings(object["metadata"].get("finalizers"))
}

pub(crate) fn is_deleting(object: &Value) -> bool {
    object["metadata"].get("deletionTimestamp").is_some_and(|it| !it.is_null())
}

/// The references to owners.
pub(crate) fn owners(object: &Value) -> &[Value] {
    object["metadata"].get("ownerReferences").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The uids of the owners.
pub(crate) fn owner_uids(object: &Value) -> impl Iterator<Item = &str> {
    owners(object).iter().filter_map(|it| it["uid"].as_str())
}

/// Marks an object as deleted at once, which where generations are counted is one more.
pub(crate) fn mark_deleted(object: &mut Value) {
    object["metadata"]["deletionTimestamp"] = now(0).into();
    object["metadata"]["deletionGracePeriodSeconds"] = 0.into();
    if let Some(generation) = object["metadata"]["generation"].as_i64() {
        object["metadata"]["generation"] = (generation + 1).into();
    }
}

/// Drops a member of metadata.
pub(crate) fn remove(object: &mut Value, field: &str) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove(field);
    }
}

/// Takes a member of metadata from another object, or drops it when that has none.
pub(crate) fn copy(object: &mut Value, from: &Value, field: &str) {
    match from["metadata"].get(field) {
        Some(value) => object["metadata"][field] = value.clone(),
        None => remove(object, field),
    }
}

/// Sets the finalizers; none leaves the member out.
pub(crate) fn set_finalizers(object: &mut Value, all: Vec<String>) {
    if all.is_empty() {
        remove(object, "finalizers");
    } else {
        object["metadata"]["finalizers"] = all.into();
    }
}

/// Removes empty members, as Go's `omitempty` does.
pub(crate) fn tidy(object: &mut Value) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    metadata.retain(|name, value| match value {
        Value::Null => false,
        Value::Number(it) => name != "generation" || it.as_i64() != Some(0),
        Value::String(it) => !it.is_empty(),
        Value::Array(it) => !it.is_empty(),
        Value::Object(it) => !it.is_empty(),
        _ => true,
    });
}

/// The time as Kubernetes writes it, `seconds` from now.
pub(crate) fn now(seconds: i64) -> String {
    let now = crate::clock::now();
    let at = now.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(now);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A time moved by so many seconds but not into the past, and whether it is past or was stopped there.
pub(crate) fn moved(time: &str, seconds: i64) -> (String, bool) {
    let now = crate::clock::now();
    let moved = time
        .parse::<jiff::Timestamp>()
        .ok()
        .and_then(|it| it.checked_add(jiff::SignedDuration::from_secs(seconds)).ok());
    match moved.filter(|it| *it > now) {
        Some(later) => (later.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), false),
        None => (self::now(0), true),
    }
}

fn random() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // Each RandomState has keys of its own from the system's source; the count keeps two calls apart.
    RandomState::new().hash_one(COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A random (version 4) UUID.
pub(crate) fn uid() -> String {
    let (high, low) = (random(), random());
    let high = (high & !0xf000) | 0x4000;
    let low = (low & !(0xc000 << 48)) | (0x8000 << 48);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

/// A name from `generateName`: at most 63 characters, five of them random.
pub(crate) fn generated(prefix: &str) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut rest = random();
    let prefix: String = prefix.chars().take(58).collect();
    let mut name = prefix;
    for _ in 0..5 {
        name.push(char::from(LETTERS[(rest % LETTERS.len() as u64) as usize]));
        rest /= LETTERS.len() as u64;
    }
    name
}

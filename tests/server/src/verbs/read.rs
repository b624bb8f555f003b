//! Get and list, with pages, snapshots and the rules of resourceVersion.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig, general_purpose::NO_PAD};
use bytes::{BufMut, BytesMut};
use serde_json::{Value, json};

use crate::call::{Call, Reply, head};
use crate::failure::{Cause, Failure, Outcome};
use crate::selector::Selector;
use crate::store::{Compacted, Listed, Stored};

pub(super) fn get(call: &Call<'_>) -> Outcome<Reply> {
    let store = call.store();
    let asked = call.incoming.query.get("resourceVersion");
    if !asked.is_empty() && asked.parse::<u64>().is_err() {
        return Err(Failure::plain(unparsable(asked)));
    }
    if let Some(asked) = version(call)?
        && asked > store.revision()
    {
        return Err(Failure::version_too_large(asked, store.revision()));
    }
    let found = call.find(&store)?;
    drop(store);
    Ok(call.object(200, &found))
}

/// The resourceVersion that was asked for; none and `0` are told apart by the caller.
pub(super) fn version(call: &Call<'_>) -> Outcome<Option<u64>> {
    match call.incoming.query.get("resourceVersion") {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| Failure::bad_request(format!("invalid resource version: {}", unparsable(text)))),
    }
}

/// The words for a resourceVersion that is no number.
pub(super) fn unparsable(text: &str) -> String {
    let value = Value::from(text);
    format!("resourceVersion: Invalid value: {value}: strconv.ParseUint: parsing {value}: invalid syntax")
}

pub(super) fn selector(call: &Call<'_>) -> Outcome<Selector> {
    let query = &call.incoming.query;
    let mut fields = query.get("fieldSelector").to_owned();
    if let (Some(name), true) = (&call.target.name, fields.is_empty()) {
        fields = format!("metadata.name={name}");
    }
    Selector::parse(query.get("labelSelector"), &fields, &crate::fields::of(&call.resource))
}

/// As Go reads it: without padding, and not particular about the last bits.
const TOKEN_FORM: GeneralPurposeConfig = NO_PAD.with_decode_allow_trailing_bits(true);
const TOKEN: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, TOKEN_FORM);

/// The place where a list goes on, in the form of the real server's token.
struct Continue {
    revision: Option<u64>,
    start: String,
}

impl Continue {
    fn read(token: &str) -> Outcome<Continue> {
        let bad = |why: &str| {
            Failure::bad_request(format!("invalid continue token: continue key is not valid: {why}"))
        };
        let bytes = TOKEN
            .decode(token.trim_end_matches('='))
            .map_err(|_| bad("illegal base64 data at input byte 0"))?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| {
            let first = bytes.first().map_or(' ', |it| char::from(*it));
            bad(&format!("invalid character '{first}' looking for beginning of value"))
        })?;
        if value["v"] != "meta.k8s.io/v1" {
            let shown = value["v"].as_str().unwrap_or_default();
            return Err(bad(&format!("server does not recognize this encoded version {shown}")));
        }
        let wrong =
            [("v", "string"), ("start", "string"), ("rv", "int64")].into_iter().find(|(key, kind)| {
                let it = &value[*key];
                !it.is_null() && if *kind == "int64" { !it.is_i64() } else { !it.is_string() }
            });
        if let Some((key, kind)) = wrong {
            let got = crate::patch::go(&value[key]);
            return Err(bad(&format!(
                "json: cannot unmarshal {got} into Go struct field continueToken.{key} of type {kind}"
            )));
        }
        let revision = value["rv"].as_i64().unwrap_or(0);
        if revision == 0 {
            return Err(bad("incorrect encoded start resourceVersion (version meta.k8s.io/v1)"));
        }
        let start = value["start"].as_str().unwrap_or_default();
        if start.is_empty() {
            return Err(bad("encoded start key empty (version meta.k8s.io/v1)"));
        }
        let inner = start.strip_prefix('/').unwrap_or(start);
        // Nobody leaves the collection by dots.
        if inner.split('/').any(|it| matches!(it, "" | "." | "..")) {
            return Err(bad(start));
        }
        // Less than nothing means now.
        Ok(Continue { revision: u64::try_from(revision).ok(), start: inner.to_owned() })
    }
}

/// The token with which a list goes on after a name.
pub(super) fn token(revision: u64, last: &str) -> String {
    let value = json!({"v": "meta.k8s.io/v1", "rv": revision, "start": format!("{last}\0")});
    TOKEN.encode(value.to_string())
}

pub(super) fn check_options(call: &Call<'_>) -> Outcome<()> {
    let query = &call.incoming.query;
    let mut causes = Vec::new();
    let (version, how) = (query.get("resourceVersion"), query.get("resourceVersionMatch"));
    if query.has("sendInitialEvents") {
        causes.push(Cause::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    if !how.is_empty() {
        let field = "resourceVersionMatch";
        if version.is_empty() {
            causes.push(Cause::forbidden(
                field,
                "resourceVersionMatch is forbidden unless resourceVersion is provided",
            ));
        }
        if !query.get("continue").is_empty() {
            causes
                .push(Cause::forbidden(field, "resourceVersionMatch is forbidden when continue is provided"));
        }
        if !matches!(how, "Exact" | "NotOlderThan") {
            let supported = &["Exact", "NotOlderThan", ""];
            causes.push(Cause::unsupported(field, &format!("\"{how}\""), supported));
        }
        if how == "Exact" && version == "0" {
            let say = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            causes.push(Cause::forbidden(field, say));
        }
    }
    if causes.is_empty() { Ok(()) } else { Err(Failure::options("ListOptions", &causes)) }
}

/// The words for a page or an exact list that came too late.
fn gone(paging: bool) -> Failure {
    Failure::expired(if paging {
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list."
    } else {
        "The resourceVersion for the provided list is too old."
    })
}

pub(super) fn list(call: &Call<'_>) -> Outcome<Reply> {
    check_options(call)?;
    let query = &call.incoming.query;
    let selector = selector(call)?;
    let asked = version(call)?;
    // What comes from the real server's cache comes whole.
    let unlimited = asked == Some(0) && query.get("continue").is_empty();
    let limit = query.number("limit")?.filter(|it| *it > 0 && !unlimited).map(|it| it as usize);
    let (place, prefix) = (call.place(), call.prefix());
    let asked_token = query.get("continue");

    let store = call.store();
    let current = store.revision();
    if let Some(asked) = asked.filter(|it| *it > current && asked_token.is_empty()) {
        return Err(Failure::version_too_large(asked, current));
    }
    let exact = query.get("resourceVersionMatch") == "Exact"
        || (limit.is_some()
            && asked.is_some_and(|it| it > 0)
            && query.get("resourceVersionMatch").is_empty());
    let (revision, start, objects) = if !asked_token.is_empty() {
        if asked.is_some_and(|it| it > 0) {
            return Err(Failure::bad_request(
                "specifying resource version is not allowed when using continue",
            ));
        }
        let at = Continue::read(asked_token)?;
        let revision = at.revision.unwrap_or(current);
        if revision > current {
            return Err(Failure::version_too_large(revision, current));
        }
        let objects =
            store.list_at(&place, &prefix, revision).map_err(|Compacted| expired_page(current, &at.start))?;
        (revision, format!("{prefix}{}", at.start), objects)
    } else if let (true, Some(asked)) = (exact, asked) {
        let objects = store.list_at(&place, &prefix, asked).map_err(|Compacted| gone(false))?;
        (asked, String::new(), objects)
    } else {
        (current, String::new(), store.list(&place, &prefix))
    };
    drop(store);

    let everything = selector.is_everything();
    let mut rest = objects.into_iter().filter(|(key, _)| **key >= *start);
    let mut page: Listed = Vec::new();
    while page.len() < limit.unwrap_or(usize::MAX)
        && let Some((key, object)) = rest.next()
    {
        if everything || selector.matches(&object.value) {
            page.push((key, object));
        }
    }
    // What follows is not looked at: it may be that none of it matches.
    let left = rest.count();
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    if left > 0 {
        if let Some((last, _)) = page.last() {
            metadata["continue"] = token(revision, last.strip_prefix(prefix.as_str()).unwrap_or(last)).into();
        }
        // With a selector nobody counts what does not match.
        if everything {
            metadata["remainingItemCount"] = left.into();
        }
    } else if call.resource.is_custom() {
        metadata["continue"] = "".into();
    }
    Ok(encode(call, &metadata, page.iter().map(|(_, it)| it.as_ref())))
}

/// A page that came too late gets a token with which the list goes on from what is there now.
fn expired_page(current: u64, start: &str) -> Failure {
    let mut failure = gone(true);
    failure.list_meta = Some(Box::new(json!({
        "continue": token(current, start.trim_end_matches('\0')),
    })));
    failure
}

/// A list as JSON: items of built-in kinds stand without `apiVersion` and `kind`, those of custom kinds with them.
pub(super) fn encode<'a>(
    call: &Call<'_>,
    metadata: &Value,
    items: impl Iterator<Item = &'a Stored>,
) -> Reply {
    let resource = &call.resource;
    let items: Vec<&Stored> = items.collect();
    let length: usize = items.iter().map(|it| it.json().len() + 128).sum();
    let mut body = BytesMut::with_capacity(length + 256);
    let start = format!(
        "{{\"kind\":\"{}\",\"apiVersion\":\"{}\",\"metadata\":{metadata},\"items\":[",
        resource.list_kind,
        resource.api_version()
    );
    body.put_slice(start.as_bytes());
    let head = resource.is_custom().then(|| head(resource));
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            body.put_u8(b',');
        }
        let json = crate::kinds::versions::json(resource, item);
        match &head {
            Some(head) => {
                body.put_slice(head.as_bytes());
                body.put_slice(json.get(1..).unwrap_or_default());
            }
            None => body.put_slice(&json),
        }
    }
    body.put_slice(b"]}\n");
    Reply::Json { code: 200, body: body.freeze() }
}

//! `/openapi/v3`: the list of the documents, and a document for each served group and version.
//!
//! Documents are put together when they are asked for. They come as JSON only. `/openapi/v2` is there and says nothing: kubectl asks it
//! about kinds that v3 does not know, and gives up altogether where there is none.

mod document;
mod paths;
mod types;

use std::sync::PoisonError;

use hyper::header::{self, HeaderValue};
use serde_json::{Map, Value, json};

use crate::catalog::group_version;
use crate::discovery::Told;
use crate::represent::accepts_json;
use crate::request::Incoming;
use crate::server::Shared;

/// The old form of the documents, without a path in it: as a message of no bytes, or as JSON.
fn nothing(incoming: &Incoming) -> Told {
    if incoming.accept.contains("com.github.proto-openapi.spec.v2") {
        return Told::new("application/com.github.proto-openapi.spec.v2.v1.0+protobuf", "");
    }
    let document =
        json!({"swagger": "2.0", "info": {"title": "Kubernetes", "version": "v1.37.1"}, "paths": {}});
    Told::new("application/json", document.to_string())
}

/// Answers a path below `/openapi`; `None` where there is nothing.
pub(crate) fn answer(shared: &Shared, incoming: &Incoming) -> Option<Told> {
    if incoming.path == "/openapi/v2" {
        return Some(nothing(incoming));
    }
    let rest = incoming.path.strip_prefix("/openapi/v3")?;
    let rest = rest.trim_matches('/');
    if rest.is_empty() {
        let index = json!({ "paths": index(shared) });
        return Some(Told::text(index.to_string()));
    }
    let (group, version) = match rest.split('/').collect::<Vec<_>>().as_slice() {
        ["api", version] => (String::new(), (*version).to_owned()),
        ["apis", group, version] => ((*group).to_owned(), (*version).to_owned()),
        _ => return Some(Told::empty(404)),
    };
    if !shared.catalog.read().unwrap_or_else(PoisonError::into_inner).serves(&group, &version) {
        return Some(Told::empty(404));
    }
    let vary = (header::VARY, HeaderValue::from_static("Accept"));
    if !accepts_json(incoming) {
        return Some(Told { headers: vec![vary], ..Told::empty(406) });
    }
    let hash = document::hash(shared, &group, &version);
    let (asked, url) = (incoming.query.get("hash"), url(&group, &version, &hash));
    let mut told = match asked {
        "" => Told::json(document::of(shared, &group, &version).to_string()),
        asked if asked == hash => {
            let mut told = Told::json(document::of(shared, &group, &version).to_string());
            told.headers.push((header::CACHE_CONTROL, HeaderValue::from_static("public, immutable")));
            told
        }
        _ => {
            let mut told = Told::empty(301);
            told.headers.extend(HeaderValue::from_str(&url).ok().map(|it| (header::LOCATION, it)));
            told
        }
    };
    told.headers.extend(HeaderValue::from_str(&format!("\"{hash}\"")).ok().map(|it| (header::ETAG, it)));
    told.headers.push(vary);
    Some(told)
}

fn url(group: &str, version: &str, hash: &str) -> String {
    format!("/openapi/v3/{}?hash={hash}", place(group, version))
}

fn place(group: &str, version: &str) -> String {
    let root = if group.is_empty() { "api" } else { "apis" };
    format!("{root}/{}", group_version(group, version))
}

fn index(shared: &Shared) -> Value {
    let served: Vec<(String, String)> = {
        let catalog = shared.catalog.read().unwrap_or_else(PoisonError::into_inner);
        catalog.all().map(|it| (it.group.clone(), it.version.clone())).collect()
    };
    let mut paths = Map::new();
    for (group, version) in served {
        let place = place(&group, &version);
        if !paths.contains_key(&place) {
            let url = url(&group, &version, &document::hash(shared, &group, &version));
            paths.insert(place, json!({ "serverRelativeURL": url }));
        }
    }
    Value::Object(paths)
}

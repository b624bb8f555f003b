//! A request as the API understands it: verb, resource, object, options.
//!
//! Paths and queries only; bodies are decoded in `body`.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

use crate::failure::{Cause, Failure, Outcome};
use crate::security::{Identity, Presented};

/// What came over the wire.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Query,
    /// The query as it was sent, without `?`.
    pub(crate) query_text: String,
    pub(crate) content_type: String,
    pub(crate) accept: String,
    pub(crate) accept_encoding: String,
    pub(crate) user_agent: String,
    pub(crate) presented: Presented,
    /// Who asks: nobody until `security` has said so.
    pub(crate) caller: Identity,
    pub(crate) body: Bytes,
}

impl Incoming {
    /// A request that the server makes to itself.
    pub(crate) fn from_inside(method: &str, path: &str, query: &str, media: &str, body: &Value) -> Incoming {
        Incoming {
            method: method.to_owned(),
            path: path.to_owned(),
            query: Query::parse(query),
            query_text: query.to_owned(),
            content_type: media.to_owned(),
            user_agent: "clientset-testserver".to_owned(),
            caller: Identity::admin(),
            body: Bytes::from(body.to_string()),
            ..Incoming::default()
        }
    }
}

/// The parameters of a query; of a repeated one the first counts, as in Go.
#[derive(Debug, Default, Clone)]
pub(crate) struct Query(BTreeMap<String, Vec<String>>);

impl Query {
    pub(crate) fn parse(text: &str) -> Query {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for pair in text.split('&').filter(|it| !it.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            all.entry(unescape(key, true)).or_default().push(unescape(value, true));
        }
        Query(all)
    }

    pub(crate) fn get(&self, key: &str) -> &str {
        self.0.get(key).and_then(|it| it.first()).map(String::as_str).unwrap_or_default()
    }

    /// Every value of a parameter.
    pub(crate) fn all(&self, key: &str) -> &[String] {
        self.0.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// `true`, `1`, or there without a value, as the real server reads it.
    pub(crate) fn flag(&self, key: &str) -> bool {
        self.0
            .get(key)
            .and_then(|it| it.first())
            .is_some_and(|it| !it.eq_ignore_ascii_case("false") && it != "0")
    }

    pub(crate) fn number(&self, key: &str) -> Outcome<Option<i64>> {
        match self.get(key) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
                let number = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
                let why = if number { "value out of range" } else { "invalid syntax" };
                Failure::bad_request(format!("strconv.ParseInt: parsing \"{text}\": {why}"))
            }),
        }
    }

    /// Whether nothing is to be stored, with the complaint about anything but `All`.
    pub(crate) fn dry_run(&self) -> Result<bool, Cause> {
        let all = self.0.get("dryRun").map(Vec::as_slice).unwrap_or_default();
        if all.iter().any(|it| it != "All") {
            let shown: Vec<String> = all.iter().map(|it| format!("\"{it}\"")).collect();
            return Err(Cause::unsupported("dryRun", &format!("[{}]", shown.join(",")), &["All"]));
        }
        Ok(!all.is_empty())
    }
}

/// Undoes percent encoding; what is no encoding stays.
pub(crate) fn unescape(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        let digit = |at: usize| bytes.get(at).and_then(|it| char::from(*it).to_digit(16));
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
                continue;
            }
            (b'+', ..) if plus => out.push(b' '),
            _ => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Target {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) namespace: Option<String>,
    pub(crate) resource: String,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
    /// The deprecated form of a watch: `/api/v1/watch/…`.
    pub(crate) watch: bool,
}

impl Target {
    /// Reads `/api/v1/...` and `/apis/g/v/...`; `None` where the path is too short to name a resource.
    pub(crate) fn parse(path: &str) -> Option<Target> {
        // A slash that was escaped divides like any other.
        let mut parts: Vec<String> = unescape(path, false)
            .trim_matches('/')
            .split('/')
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect();
        let mut target = Target::default();
        let mut rest = match parts.first().map(String::as_str) {
            Some("api") if parts.len() > 2 => {
                target.version = parts[1].clone();
                parts.split_off(2)
            }
            Some("apis") if parts.len() > 3 => {
                target.group = parts[1].clone();
                target.version = parts[2].clone();
                parts.split_off(3)
            }
            _ => return None,
        };
        if rest.len() > 1 && rest.first().is_some_and(|it| it == "watch") {
            target.watch = true;
            rest.remove(0);
        }
        let mut rest = rest.into_iter();
        let first = rest.next()?;
        if first != "namespaces" {
            target.resource = first;
            target.name = rest.next();
            target.subresource = join(rest);
            return Some(target);
        }
        let all: Vec<String> = rest.collect();
        match all.as_slice() {
            [] => target.resource = first,
            [name] => (target.resource, target.name) = (first, Some(name.clone())),
            // The subresources of namespaces themselves.
            [name, sub] if matches!(sub.as_str(), "status" | "finalize") => {
                target.resource = first;
                target.name = Some(name.clone());
                target.subresource = Some(sub.clone());
            }
            [namespace, resource, rest @ ..] => {
                target.namespace = Some(namespace.clone());
                target.resource = resource.clone();
                target.name = rest.first().cloned();
                target.subresource = join(rest.iter().skip(1).cloned());
            }
        }
        Some(target)
    }
}

fn join(parts: impl Iterator<Item = String>) -> Option<String> {
    let all: Vec<String> = parts.collect();
    (!all.is_empty()).then(|| all.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_resources() {
        let cases = [
            ("/api/v1/pods", "//v1 - pods - -"),
            ("/api/v1/namespaces", "//v1 - namespaces - -"),
            ("/api/v1/namespaces/a", "//v1 - namespaces a -"),
            ("/api/v1/namespaces/a/status", "//v1 - namespaces a status"),
            ("/api/v1/namespaces/a/pods", "//v1 a pods - -"),
            ("/api/v1/namespaces/a/pods/b/log", "//v1 a pods b log"),
            ("/apis/apps/v1/namespaces/a/deployments/b%2Fc", "apps//v1 a deployments b c"),
            ("/apis/apps/v1/deployments", "apps//v1 - deployments - -"),
        ];
        let dash = |it: Option<String>| it.unwrap_or_else(|| "-".to_owned());
        for (path, expected) in cases {
            let it = Target::parse(path).expect(path);
            let got = format!(
                "{}//{} {} {} {} {}",
                it.group,
                it.version,
                dash(it.namespace),
                it.resource,
                dash(it.name),
                dash(it.subresource)
            );
            assert_eq!(got, expected, "{path}");
        }
        for path in ["/", "/api", "/api/v1", "/apis/apps", "/apis/apps/v1", "/version"] {
            assert_eq!(Target::parse(path), None, "{path}");
        }
    }

    #[test]
    fn queries_are_read_as_go_reads_them() {
        let query = Query::parse("watch&limit=5&x=a%20b+c&x=d&off=false&one=1");
        assert!(query.flag("watch") && query.flag("one") && !query.flag("off") && !query.flag("none"));
        assert_eq!(query.number("limit").ok(), Some(Some(5)));
        assert_eq!(query.get("x"), "a b c");
    }
}

//! What a request wants to do, as authorization sees it: verb, resource or path; and the words of a refusal.
//!
//! Selectors are not looked at: no rule of RBAC can name them.

use serde_json::json;

use super::identity::Identity;
use crate::failure::Failure;
use crate::request::{Query, unescape};

/// One question to the authorizer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    /// Whether a resource is asked for and not a mere path.
    pub(crate) is_resource: bool,
    pub(crate) verb: String,
    pub(crate) group: String,
    pub(crate) namespace: String,
    pub(crate) resource: String,
    pub(crate) subresource: String,
    pub(crate) name: String,
    pub(crate) path: String,
}

impl Attributes {
    /// Reads a request line.
    pub(crate) fn of(method: &str, path: &str, query: &Query) -> Attributes {
        let path = unescape(path, false);
        let parts: Vec<String> = path.trim_matches('/').split('/').map(str::to_owned).collect();
        let plain = Attributes { verb: method.to_lowercase(), path, ..Attributes::default() };
        let mut parts = parts.as_slice();
        let group = match parts {
            [api, _, _, ..] if api == "api" => {
                parts = parts.get(2..).unwrap_or_default();
                String::new()
            }
            [apis, group, _, _, ..] if apis == "apis" => {
                let group = group.clone();
                parts = parts.get(3..).unwrap_or_default();
                group
            }
            _ => return plain,
        };
        let mut all = Attributes { is_resource: true, group, ..plain };
        let [first, rest @ ..] = parts else { return all };
        if (first == "watch" || first == "proxy") && !rest.is_empty() {
            all.verb.clone_from(first);
            parts = rest;
        } else {
            all.verb = by_method(method).to_owned();
        }
        if let [first, namespace, rest @ ..] = parts
            && first == "namespaces"
        {
            all.namespace.clone_from(namespace);
            if rest.first().is_some_and(|it| it != "status" && it != "finalize") {
                parts = rest;
            }
        }
        let part = |at: usize| parts.get(at).cloned().unwrap_or_default();
        (all.resource, all.name) = (part(0), part(1));
        if all.verb != "proxy" {
            all.subresource = part(2);
        }
        if all.name.is_empty() && all.verb == "get" {
            all.verb = if query.flag("watch") { "watch" } else { "list" }.to_owned();
            all.name = single_name(query.get("fieldSelector")).unwrap_or_default();
        }
        if all.name.is_empty() && all.verb == "delete" {
            all.verb = "deletecollection".to_owned();
        }
        all
    }

    /// Resource and subresource, as rules write them.
    pub(crate) fn combined(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.clone()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }

    /// The refusal of what these attributes ask for.
    pub(crate) fn forbidden(&self, who: &Identity, reason: &str) -> Failure {
        let (user, verb) = (quote(&who.name), &self.verb);
        let mut why = if !self.is_resource {
            format!("User {user} cannot {verb} path {}", quote(&self.path))
        } else {
            let scope = match self.namespace.as_str() {
                "" => "at the cluster scope".to_owned(),
                namespace => format!("in the namespace {}", quote(namespace)),
            };
            let (resource, group) = (quote(&self.combined()), quote(&self.group));
            format!("User {user} cannot {verb} resource {resource} in API group {group} {scope}")
        };
        why = why.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        if !reason.is_empty() {
            why = format!("{why}: {reason}");
        }
        let mut failure = Failure::forbidden(&self.group, &self.resource, &self.name, &why);
        if self.resource.is_empty() && self.group.is_empty() {
            failure.message = format!("forbidden: {why}");
            failure.details = Some(Box::new(json!({})));
        } else if self.name.is_empty() {
            let dot = if self.group.is_empty() { "" } else { "." };
            failure.message = format!("{}{dot}{} is forbidden: {why}", self.resource, self.group);
        }
        failure
    }
}

fn by_method(method: &str) -> &'static str {
    match method {
        "POST" => "create",
        "GET" | "HEAD" => "get",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "",
    }
}

/// The one name that a field selector allows.
fn single_name(selector: &str) -> Option<String> {
    let wanted = selector.split(',').find_map(|term| {
        let value = term.strip_prefix("metadata.name")?;
        value.strip_prefix("==").or_else(|| value.strip_prefix('='))
    })?;
    let is_segment = !wanted.contains(['/', '%']) && wanted != "." && wanted != "..";
    is_segment.then(|| wanted.to_owned())
}

/// A text as Go quotes it.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            it if it.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(it))),
            it => out.push(it),
        }
    }
    out.push('"');
    out
}

/// A list of texts as Go's `%q` writes it.
pub(crate) fn quoted_list(all: &[String]) -> String {
    let quoted: Vec<String> = all.iter().map(|it| quote(it)).collect();
    format!("[{}]", quoted.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_as_the_authorizer_sees_them() {
        let cases = [
            ("GET", "/api/v1/namespaces/a/pods", "list  pods  in a"),
            ("GET", "/api/v1/namespaces/a/pods?watch=1", "watch  pods  in a"),
            ("GET", "/api/v1/pods?fieldSelector=metadata.name%3Dx", "list  pods x in "),
            ("GET", "/api/v1/namespaces/a/pods/x/log", "get  pods/log x in a"),
            ("POST", "/api/v1/namespaces/a/pods/x/exec", "create  pods/exec x in a"),
            ("GET", "/api/v1/namespaces/a", "get  namespaces a in a"),
            ("PUT", "/api/v1/namespaces/a/finalize", "update  namespaces/finalize a in a"),
            ("DELETE", "/apis/apps/v1/namespaces/a/deployments", "deletecollection apps deployments  in a"),
            (
                "PATCH",
                "/apis/apps/v1/namespaces/a/deployments/x/scale",
                "patch apps deployments/scale x in a",
            ),
            ("GET", "/api/v1/watch/namespaces/a/pods/x", "watch  pods x in a"),
            ("OPTIONS", "/api/v1/nodes/n", "  nodes n in "),
        ];
        for (method, target, expected) in cases {
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            let it = Attributes::of(method, path, &Query::parse(query));
            let got = format!("{} {} {} {} in {}", it.verb, it.group, it.combined(), it.name, it.namespace);
            assert!(it.is_resource);
            assert_eq!(got, expected, "{method} {target}");
        }
        for path in ["/", "/api", "/api/v1", "/apis/apps/v1", "/version", "/healthz"] {
            let it = Attributes::of("GET", path, &Query::default());
            assert!(!it.is_resource && it.verb == "get" && it.path == path, "{path}");
        }
    }
}

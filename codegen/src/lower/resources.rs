//! Paths to resources: which verbs a resource has in one namespace, across all of them, and on its subresources.
//! The deprecated `/watch/` paths are no paths of ours; they only tell that a resource can be watched.

use std::collections::BTreeMap;

use super::types::module_of;
use crate::diag::{Code, Report};
use crate::ir::{Api, Connection, Module, Resource, Subresource, Verb};
use crate::spec::openapi::Operation;
use crate::spec::tables::Config;

/// Where a path of a resource leads.
#[derive(Debug, PartialEq, Eq)]
struct Route<'a> {
    group: &'a str,
    version: &'a str,
    namespaced: bool,
    plural: &'a str,
    subresource: Option<&'a str>,
}

/// Lowers the operations into the resources of `api.versions`.
pub(crate) fn lower(operations: &[Operation], config: &Config, api: &mut Api, report: &mut Report) {
    let mut resources: BTreeMap<(Module, &str), Resource> = BTreeMap::new();
    // The verbs of paths without a namespace, until it is known which resources are namespaced.
    let mut routes = Vec::new();
    for operation in operations {
        let Some(verb) = Verb::from_action(&operation.action) else {
            // `watch` is the old way to watch one object; `list` with a field selector does that.
            if operation.action != "watch" {
                report.error(
                    Code::UnknownApi,
                    &operation.place,
                    format!("the action `{}` is not known", operation.action),
                    "",
                );
            }
            continue;
        };
        match route(&operation.path) {
            Some(route) => routes.push((operation, verb, route)),
            None => report.error(Code::UnknownApi, &operation.place, "the path is not one of a resource", ""),
        }
    }
    for (operation, _, route) in &routes {
        if route.subresource.is_some() {
            continue;
        }
        let kind = &operation.kind;
        let module = module_of(route.group, route.version, config);
        let id = api.types.iter().find(|(_, ty)| ty.gvk.as_ref() == Some(kind)).map(|(id, _)| id.clone());
        let Some(id) = id else {
            report.error(
                Code::BadReference,
                &operation.place,
                format!("no schema is the kind `{}`", kind.kind),
                "",
            );
            continue;
        };
        let resource = resources.entry((module, route.plural)).or_insert_with(|| Resource {
            place: operation.place.clone(),
            plural: route.plural.to_owned(),
            kind: id.clone(),
            namespaced: false,
            verbs: Default::default(),
            all_verbs: Default::default(),
            subresources: Default::default(),
            client: String::new(),
            accessor: String::new(),
        });
        resource.namespaced |= route.namespaced;
        if resource.kind != id {
            report.error(
                Code::Contradiction,
                &operation.place,
                format!("`{}` is of two kinds: {} and {id}", route.plural, resource.kind),
                "",
            );
        }
    }
    for (operation, verb, route) in routes {
        let module = module_of(route.group, route.version, config);
        let Some(resource) = resources.get_mut(&(module, route.plural)) else {
            report.error(
                Code::UnknownApi,
                &operation.place,
                format!("`{}` has subresources, but no path of its own", route.plural),
                "",
            );
            continue;
        };
        match route.subresource {
            Some(subresource) => {
                // `proxy/{path}` is the same method as `proxy`: the path is an argument of the request.
                let entry =
                    resource.subresources.entry(subresource.to_owned()).or_insert_with(Subresource::default);
                let ty = match verb {
                    Verb::Get | Verb::Patch => operation.response.clone(),
                    _ => operation.request.clone(),
                };
                entry.verbs.insert(verb, ty);
                if verb == Verb::Connect {
                    entry.connection = entry.connection.or(Connection::from_query(&operation.query));
                }
            }
            None if resource.namespaced && !route.namespaced => {
                resource.all_verbs.insert(verb);
            }
            None => {
                resource.verbs.insert(verb);
            }
        }
    }
    for ((module, _), resource) in resources {
        if let Some(version) = api.versions.get_mut(&module) {
            version.resources.push(resource);
        }
    }
}

/// Takes a path apart.
fn route(path: &str) -> Option<Route<'_>> {
    let mut labels = path.trim_matches('/').split('/').peekable();
    let (group, version) = match labels.next()? {
        "api" => ("", labels.next()?),
        "apis" => (labels.next()?, labels.next()?),
        _ => return None,
    };
    labels.next_if_eq(&"watch");
    let rest: Vec<&str> = labels.collect();
    let (namespaced, rest) = match rest.as_slice() {
        ["namespaces", "{namespace}", rest @ ..] if !rest.is_empty() => (true, rest),
        rest => (false, rest),
    };
    let (plural, subresource) = match rest {
        [plural] | [plural, "{name}"] => (*plural, None),
        [plural, "{name}", subresource] | [plural, "{name}", subresource, "{path}"] => {
            (*plural, Some(*subresource))
        }
        _ => return None,
    };
    Some(Route { group, version, namespaced, plural, subresource })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        let at = |path| {
            let route = route(path).unwrap();
            (route.group, route.version, route.namespaced, route.plural, route.subresource)
        };
        assert_eq!(at("/api/v1/namespaces"), ("", "v1", false, "namespaces", None));
        assert_eq!(at("/api/v1/namespaces/{name}"), ("", "v1", false, "namespaces", None));
        assert_eq!(
            at("/api/v1/namespaces/{name}/finalize"),
            ("", "v1", false, "namespaces", Some("finalize"))
        );
        assert_eq!(
            at("/apis/apps/v1/watch/namespaces/{namespace}/deployments"),
            ("apps", "v1", true, "deployments", None)
        );
        assert_eq!(
            at("/api/v1/namespaces/{namespace}/pods/{name}/proxy/{path}"),
            ("", "v1", true, "pods", Some("proxy"))
        );
        for path in ["/", "/logs/{logpath}", "/api/v1", "/apis/apps/v1/", "/apis/a/v1/b/c/d/e/f"] {
            assert_eq!(route(path), None, "{path}");
        }
    }
}

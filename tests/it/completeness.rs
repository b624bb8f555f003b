//! Completeness, methods: each path and verb of the specification has exactly one method, and no method is invented.
//!
//! Held against the specification by readers that share nothing with the generator. The types are in `completeness_types`.

use std::collections::{BTreeMap, BTreeSet};

use crate::source_reader::{Client, source};
use crate::spec_reader::{Operation, Place, documents, operations, table};

/// Subresources whose name in the API is several words written as one.
const WORDS: &[(&str, &str)] =
    &[("ephemeralcontainers", "ephemeral_containers"), ("portforward", "port_forward")];

/// Methods of subresources that are not called verb_subresource: (action, subresource) -> method.
const NAMED: &[(&str, &str, &str)] = &[
    ("post", "binding", "bind"),
    ("post", "eviction", "evict"),
    ("put", "finalize", "finalize"),
    ("get", "log", "logs"),
];

/// The methods that one operation asks for.
fn methods(operation: &Operation) -> Vec<String> {
    let action = operation.action.as_str();
    let Some(subresource) = operation.subresource.as_deref() else {
        let method = match (action, operation.named) {
            ("list", false) => "list",
            ("post", false) => "create",
            ("deletecollection", false) => "delete_collection",
            // One object is watched through its collection, by a field selector.
            ("watchlist", false) | ("watch", true) => "watch",
            ("get", true) => "get",
            ("put", true) => "update",
            ("patch", true) => "patch",
            ("delete", true) => "delete",
            _ => panic!("an operation that the tests do not know: {operation:?}"),
        };
        let companion = (method == "patch").then_some("apply");
        return [Some(method), companion].into_iter().flatten().map(str::to_owned).collect();
    };
    let words =
        WORDS.iter().find(|(joined, _)| *joined == subresource).map_or(subresource, |(_, words)| words);
    let named = NAMED.iter().find(|(of, name, _)| (*of, *name) == (action, subresource));
    if let Some((.., method)) = named {
        return vec![(*method).to_owned()];
    }
    match action {
        "get" => vec![format!("get_{words}")],
        "put" => vec![format!("update_{words}")],
        "patch" => vec![format!("patch_{words}"), format!("apply_{words}")],
        "post" => vec![format!("create_{words}")],
        // Files are copied by a program that is run.
        "connect" if words == "exec" => ["exec", "copy_from", "copy_to"].map(str::to_owned).to_vec(),
        "connect" => vec![words.to_owned()],
        _ => panic!("an operation that the tests do not know: {operation:?}"),
    }
}

/// What a client is for: group-version as in paths, plural, place.
type Key = (String, String, Place);

fn wanted() -> BTreeMap<Key, Vec<Operation>> {
    let mut wanted: BTreeMap<Key, Vec<Operation>> = BTreeMap::new();
    for operation in operations() {
        let key = (operation.group_version.clone(), operation.plural.clone(), operation.place);
        wanted.entry(key).or_default().push(operation);
    }
    wanted
}

fn clients() -> BTreeMap<Key, &'static Client> {
    let mut clients = BTreeMap::new();
    for client in &source().clients {
        let [group, version, plural] =
            source().resources.get(&client.kind).unwrap_or_else(|| panic!("{}: no resource!", client.kind));
        let group_version =
            if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") };
        let before = clients.insert((group_version, plural.clone(), client.place), client);
        assert!(
            before.is_none(),
            "{} of {} stands for a resource that another has",
            client.name,
            client.module
        );
    }
    clients
}

/// Group-versions that come from specs/crds: their paths are in no document.
fn custom(key: &Key) -> bool {
    key.0 == "apis/example.com/v1"
}

#[test]
fn every_resource_and_place_has_one_client_and_no_client_is_invented() {
    let wanted: BTreeSet<Key> = wanted().into_keys().collect();
    let found: BTreeSet<Key> = clients().into_keys().filter(|key| !custom(key)).collect();
    assert_eq!(wanted, found);
    assert!(found.len() > 150, "only {} clients: the readers read nothing", found.len());
}

#[test]
fn every_path_and_verb_has_one_method_and_no_method_is_invented() {
    let clients = clients();
    let mut problems = Vec::new();
    let mut count = 0;
    for (key, operations) in wanted() {
        let Some(client) = clients.get(&key) else { continue };
        let mut wanted: BTreeSet<String> = operations.iter().flat_map(methods).collect();
        if wanted.contains("get") && wanted.contains("patch") {
            wanted.insert("edit".to_owned());
        }
        wanted.insert("api".to_owned());
        let found: BTreeSet<String> = client.methods.keys().cloned().collect();
        count += found.len();
        let missing: Vec<_> = wanted.difference(&found).collect();
        let invented: Vec<_> = found.difference(&wanted).collect();
        if !missing.is_empty() || !invented.is_empty() {
            problems.push(format!(
                "{}::{}: missing {missing:?}, invented {invented:?}",
                client.module, client.name
            ));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(count > 1000, "only {count} methods: the readers read nothing");
}

#[test]
fn every_method_asks_for_its_own_subresource_and_speaks_the_type_of_the_specification() {
    let names = table("names.toml");
    let clients = clients();
    let mut problems = Vec::new();
    for (key, operations) in wanted() {
        let Some(client) = clients.get(&key) else { continue };
        for operation in operations {
            for name in methods(&operation) {
                let Some(method) = client.methods.get(&name) else { continue };
                let kind = match operation.of.filter(|_| operation.subresource.is_some()) {
                    Some(schema) => {
                        names["types"].get(schema).and_then(|path| path.as_str()).unwrap_or(schema)
                    }
                    None => &client.kind,
                };
                let wanted = answer(&name, &operation, kind.rsplit("::").next().expect("a name"));
                let inner = method.returns.rsplit("::").next().expect("a type");
                if inner != wanted && method.returns != wanted {
                    problems.push(format!("{}::{name} gives {}, not {wanted}", client.name, method.returns));
                }
                let asked = operation.subresource.clone().filter(|subresource| subresource != "log");
                if asked.as_ref().is_some_and(|asked| !method.literals.contains(asked)) {
                    problems.push(format!("{}::{name} does not ask for {asked:?}", client.name));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// What a method gives, by its name.
fn answer(method: &str, operation: &Operation, kind: &str) -> String {
    if operation.action == "connect" {
        let request = match method {
            "exec" => "ExecRequest",
            "copy_from" => "CopyFromRequest",
            "copy_to" => "CopyToRequest",
            "attach" => "AttachRequest",
            "port_forward" => "PortForwardRequest",
            "proxy" => "ProxyRequest",
            other => panic!("a connection that the tests do not know: {other}"),
        };
        return request.to_owned();
    }
    let request = match method.split('_').next().expect("a word") {
        "logs" => return "LogRequest".to_owned(),
        "delete" if operation.action == "deletecollection" => "DeleteCollection",
        "create" | "bind" | "evict" => "Create",
        "update" | "finalize" => "Update",
        "get" => "Get",
        "list" => "List",
        "watch" => "Watch",
        "patch" => "Patch",
        "apply" => "Apply",
        "delete" => "Delete",
        other => panic!("a method that the tests do not know: {other}"),
    };
    format!("{request}Request<{kind}>")
}

#[test]
fn every_client_is_reached_from_its_group_version_and_that_from_the_clientset() {
    let mut modules: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for client in &source().clients {
        modules.entry(&client.module).or_default().insert(&client.name);
    }
    let clientset = &source().methods["Clientset"];
    let mut groups = BTreeSet::new();
    for (module, wanted) in modules {
        let accessor = module.replace("::", "_");
        let method = clientset
            .get(&accessor)
            .unwrap_or_else(|| panic!("Clientset has no method {accessor} for {module}"));
        let path = method.returns.strip_prefix("crate::").unwrap_or(&method.returns);
        let group = source()
            .methods
            .get(path)
            .unwrap_or_else(|| panic!("{accessor} gives {path}, which is not there"));
        let found: Vec<&str> = group
            .values()
            .map(|method| method.returns.as_str())
            .filter(|name| wanted.contains(name))
            .collect();
        let once: BTreeSet<&str> = found.iter().copied().collect();
        assert_eq!((found.len(), &once), (wanted.len(), &wanted), "{path}");
        groups.insert(accessor);
    }
    let offered: BTreeSet<String> =
        clientset.keys().filter(|name| name.contains("_v")).map(String::clone).collect();
    assert_eq!(groups, offered);
    // One document, one group-version: all of them serve something, and the sample is beside them.
    assert_eq!(groups.len(), documents().len() + 1);
}

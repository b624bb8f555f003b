//! `data/protobuf.tsv` is what `specs/proto` and `data/schemas.tsv` say together.
//!
//! `UPDATE_FIXTURES=1` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

struct Field {
    number: u32,
    name: String,
    repeated: bool,
    is_map: bool,
    of: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The messages by the names that their types have in OpenAPI.
fn messages() -> BTreeMap<String, Vec<Field>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("specs/proto")).expect("specs/proto") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a file");
        let (mut package, mut open) = (String::new(), String::new());
        for line in text.lines().map(str::trim).filter(|it| !it.starts_with("//")) {
            let words: Vec<&str> = line.trim_end_matches(['{', '}', ';', ' ']).split_whitespace().collect();
            match words[..] {
                ["package", name] => package = name.to_owned(),
                ["message", name] => {
                    open = schema_name(&format!("{package}.{name}"));
                    all.insert(open.clone(), Vec::new());
                }
                [.., name, "=", number] if !open.is_empty() && !words.contains(&"option") => {
                    let is_map = words[0].starts_with("map<");
                    let of = if is_map { words[1].trim_end_matches('>') } else { words[1] };
                    let of = of.trim_start_matches('.');
                    let of = if of.starts_with(char::is_uppercase) {
                        format!("{package}.{of}")
                    } else {
                        of.to_owned()
                    };
                    all.entry(open.clone()).or_default().push(Field {
                        number: number.parse().expect("a number"),
                        name: name.to_owned(),
                        repeated: words[0] == "repeated",
                        is_map,
                        of: if of.contains('.') { schema_name(&of) } else { of },
                    });
                }
                [] if line == "}" => open.clear(),
                _ => {}
            }
        }
    }
    all
}

/// `k8s.io.kube_aggregator.pkg.x.v1.Y` is `io.k8s.kube-aggregator.pkg.x.v1.Y`.
fn schema_name(message: &str) -> String {
    format!("io.k8s.{}", message.strip_prefix("k8s.io.").expect("all are").replace('_', "-"))
}

/// Names are compared without case and signs: `$ref` is `ref`, `x-kubernetes-map-type` is `xKubernetesMapType`.
fn fold(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect()
}

/// What a type writes by itself, and so needs no members.
const OWN: &[&str] =
    &["Time", "MicroTime", "Quantity", "IntOrString", "RawExtension", "FieldsV1", "JSON", "Timestamp"];

fn line(
    name: &str,
    fields: &[Field],
    properties: &BTreeMap<String, BTreeMap<String, String>>,
    wanted: &BTreeMap<String, String>,
    next: &mut Vec<(String, BTreeMap<String, String>)>,
) -> String {
    let mut cells = Vec::new();
    for field in fields {
        let simple = match field.of.as_str() {
            "string" | "bytes" | "double" => field.of.clone(),
            "bool" => "boolean".to_owned(),
            it if !it.contains('.') => "integer".to_owned(),
            message => message.to_owned(),
        };
        let member = wanted.get(&fold(&field.name)).cloned();
        let is_message = simple.contains('.');
        if is_message {
            // What is inline has the members of what it is in.
            let inner = match &member {
                Some(_) => properties.get(&field.of).cloned().unwrap_or_default(),
                None => wanted.clone(),
            };
            next.push((field.of.clone(), inner));
        }
        let member = match member {
            Some(member) => member,
            None if is_message && !field.repeated => String::new(),
            None => field.name.clone(),
        };
        let mark = if field.is_map {
            "%"
        } else if field.repeated {
            "*"
        } else {
            ""
        };
        cells.push(format!("{}:{member}:{mark}{simple}", field.number));
    }
    format!("{name}\t{}", cells.join(" "))
}

fn table() -> String {
    let schemas = std::fs::read_to_string(root().join("tests/server/data/schemas.tsv")).expect("the schemas");
    let mut properties = BTreeMap::new();
    for (name, schema) in schemas.lines().filter_map(|it| it.split_once('\t')) {
        let schema: Value = serde_json::from_str(schema).expect("a schema");
        let own = schema["properties"].as_object().into_iter().flat_map(|it| it.keys());
        properties.insert(name.to_owned(), own.map(|it| (fold(it), it.clone())).collect::<BTreeMap<_, _>>());
    }
    let messages = messages();
    let mut next: Vec<(String, BTreeMap<String, String>)> =
        properties.iter().map(|(name, own)| (name.clone(), own.clone())).collect();
    let (mut lines, mut seen) = (BTreeMap::new(), BTreeSet::new());
    while let Some((name, wanted)) = next.pop() {
        let own = name.rsplit('.').next().is_some_and(|it| OWN.contains(&it));
        if own || !seen.insert(name.clone()) {
            continue;
        }
        // A type of OpenAPI has its own members, whoever came by here first.
        let wanted = properties.get(&name).filter(|it| !it.is_empty()).cloned().unwrap_or(wanted);
        if let Some(fields) = messages.get(&name) {
            lines.insert(name.clone(), line(&name, fields, &properties, &wanted, &mut next));
        }
    }
    let mut out = String::from(
        "# The messages of the built-in types: number, member of the JSON (none where it is inline) and type of each field. `*` is \
         repeated, `%` a map.\n# How to renew this file: tests/protobuf_table.rs.\n",
    );
    for line in lines.values() {
        let _ = writeln!(out, "{line}");
    }
    out
}

#[test]
fn the_table_of_messages_is_what_the_specification_says() {
    let path = root().join("tests/server/data/protobuf.tsv");
    let table = table();
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(&path, &table).expect("the table is written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == table,
        "data/protobuf.tsv is not up to date: UPDATE_FIXTURES=1 cargo test -p clientset-testserver"
    );
}

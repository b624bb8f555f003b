//! Random structural schemas: every one generates, the same each time, with unique names, and no property is lost.

mod checks;

use std::collections::BTreeSet;

use clientset_codegen::{Package, PackageInputs, Source, package};
use proc_macro2::{TokenStream, TokenTree};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Names of properties: plain ones, so that shapes repeat, and those that are hard to turn into fields.
fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec!["name", "spec", "status", "items", "template", "config", "value", "key"]),
        1 => prop::sample::select(vec![
            "fooBar", "foo_bar", "FooBar", "foo-bar", "type", "self", "Self", "", "$ref", "-", "1st", "a.b/c", "é",
            "unknown", "preserved", "podIPs", "x y", "r#type", "__proto__", "other", "URL", "url", "\u{202e}",
        ]),
    ]
    .prop_map(str::to_owned)
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({"type": "string"})),
        Just(json!({"type": "string", "default": "a\"b"})),
        Just(json!({"type": "string", "format": "date-time"})),
        Just(json!({"type": "string", "format": "byte", "nullable": true})),
        Just(json!({"type": "integer", "format": "int32", "default": 3})),
        Just(json!({"type": "integer", "enum": [1, 2, -1]})),
        Just(json!({"type": "number", "default": 1.5})),
        Just(json!({"type": "boolean", "nullable": true})),
        Just(json!({"type": "boolean", "default": true})),
        Just(json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]})),
        Just(json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})),
        Just(json!({"x-kubernetes-preserve-unknown-fields": true})),
        Just(json!({"type": "object"})),
        Just(json!({"type": "object", "additionalProperties": true})),
        vec("[ -~é]{0,6}", 1..5).prop_map(|values| json!({"type": "string", "enum": values})),
    ]
}

fn schema() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(5, 48, 6, |inner| {
        let object = (btree_map(names(), inner.clone(), 1..6), any::<u8>(), "[ -~\n`]{0,40}").prop_map(
            |(properties, required, description)| {
                let required: Vec<&String> = properties
                    .keys()
                    .enumerate()
                    .filter(|(index, _)| required >> (index % 8) & 1 == 1)
                    .map(|(_, name)| name)
                    .collect();
                let mut schema =
                    json!({"type": "object", "description": description, "properties": properties});
                if !required.is_empty() {
                    schema["required"] = json!(required);
                }
                schema
            },
        );
        prop_oneof![
            4 => object,
            1 => inner.clone().prop_map(|items| json!({"type": "array", "items": items})),
            1 => inner.prop_map(|values| json!({"type": "object", "additionalProperties": values})),
        ]
    })
}

fn crd(kind: &str, versions: &[(&str, &Value)]) -> Source {
    let plural = format!("{}s", kind.to_lowercase());
    let versions: Vec<Value> = versions
        .iter()
        .enumerate()
        .map(|(index, (name, spec))| {
            json!({
                "name": name, "served": true, "storage": index == 0,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
            })
        })
        .collect();
    let crd = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.example.com")},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "versions": versions,
            "names": {"kind": kind, "plural": plural}
        }
    });
    Source::new(format!("{plural}.yaml"), crd.to_string())
}

/// The names of all properties of a schema that have a field.
fn properties(schema: &Value, found: &mut BTreeSet<String>) {
    let members: Option<&Map<String, Value>> = schema.get("properties").and_then(Value::as_object);
    for (name, property) in members.into_iter().flatten() {
        found.insert(name.clone());
        properties(property, found);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get(key) {
            properties(inner, found);
        }
    }
}

fn literals(stream: TokenStream, found: &mut BTreeSet<String>) {
    for tree in stream {
        match tree {
            TokenTree::Group(group) => literals(group.stream(), found),
            TokenTree::Literal(literal) => {
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    found.insert(text.value());
                }
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        rng_seed: proptest::test_runner::RngSeed::Fixed(7),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_schemas_generate_and_lose_nothing(first in schema(), second in schema(), third in schema()) {
        let crds = vec![
            crd("Widget", &[("v1", &first), ("v1beta1", &second)]),
            crd("Gadget", &[("v1", &third), ("v2alpha1", &first)]),
        ];
        let mut inputs =
            PackageInputs { crds, config: Source::new("clientset.toml", ""), ..PackageInputs::default() };
        let generated = package_of(&inputs);
        checks::files(&generated.files);
        let (mut wanted, mut there) = (BTreeSet::new(), BTreeSet::new());
        for schema in [&first, &second, &third] {
            properties(schema, &mut wanted);
        }
        for (path, text) in &generated.files {
            if !path.contains("/crds/") {
                literals(text.parse().unwrap(), &mut there);
            }
        }
        let lost: Vec<_> = wanted.difference(&there).collect();
        prop_assert!(lost.is_empty(), "lost: {lost:?}");

        inputs.crds.reverse();
        prop_assert_eq!(&package_of(&inputs).files, &generated.files);
        inputs.names = generated.names.clone();
        let pinned = package_of(&inputs);
        prop_assert_eq!(&pinned.files, &generated.files);
        prop_assert_eq!(&pinned.names, &generated.names);
    }
}

fn package_of(inputs: &PackageInputs) -> Package {
    match package(inputs) {
        Ok(package) => package,
        Err(found) => {
            checks::diagnostics(&found);
            panic!("{}", found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        }
    }
}

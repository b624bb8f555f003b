//! Every hostile text in every place of a CRD that takes text: refused with a diagnostic, or made harmless. A list of
//! texts times a list of places, in both modes.

mod checks;

use std::path::Path;

use clientset_codegen::{Inputs, PackageInputs, Source, generate, package};
use serde_json::{Value, json};

/// Texts that mean something to Rust, Markdown, file systems, YAML, JSON, terminals, or people.
fn texts() -> Vec<String> {
    let texts = [
        "",
        " ",
        "\"]}; fn pwn(){}",
        "\"#]}; fn pwn(){} r#\"",
        "\"##; fn pwn(){} r##\"",
        "*/ fn pwn(){} /*",
        "\n}\nfn pwn(){}\n",
        "\r\nfn pwn(){}",
        "\u{2028}fn pwn(){}\u{2029}",
        "\u{85}fn pwn(){}\u{b}\u{c}",
        "a\n\n```rust\nfn pwn(){}\n```",
        "#![allow(warnings)]",
        "#[doc = include_str!(\"/etc/passwd\")]",
        "include!(\"/etc/passwd\")",
        "concat!(pwn!())",
        "//! x",
        "{{ .Values.x }}",
        "{}",
        "{0}",
        "$crate",
        "$(x)*",
        "\\",
        "\\\"",
        "\\u{22}",
        "'",
        "b'",
        "'a",
        "`",
        "``",
        "\0",
        "a\0b",
        "\u{1b}[2J",
        "\u{202e}evil\u{202c}",
        "\u{2066}a\u{2069}",
        "\u{200b}",
        "a\u{200d}b",
        "\u{feff}",
        "\u{e0041}",
        "ｆｎ",
        "Ｗidget",
        "\u{0430}pi",
        "ß",
        "İ",
        "😀",
        "e\u{301}",
        "con",
        "CON",
        "nul",
        "aux",
        "prn",
        "com1",
        "lpt9",
        "con.rs",
        "aux.example.com",
        "nul.",
        "mod.rs",
        "lib",
        "main",
        "..",
        ".",
        "../../evil",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "C:\\x",
        "~",
        "-",
        "-rf",
        "%00",
        "a b",
        "_",
        "__",
        "__proto__",
        "r#self",
        "r#type",
        "self",
        "Self",
        "super",
        "crate",
        "fn",
        "type",
        "async",
        "union",
        "gen",
        "true",
        "null",
        "Other",
        "other",
        "unknown",
        "preserved",
        "metadata",
        "Widget",
        "WidgetSpec",
        "WidgetList",
        "WIDGET",
        "widget",
        "widgets",
        "Widgets",
        "AllWidgets",
        "ClientsetExt",
        "CRDS",
        "CRD",
        "crds",
        "Api",
        "Client",
        "Clientset",
        "Option",
        "String",
        "Vec",
        "Box",
        "Result",
        "Map",
        "List",
        "Status",
        "Time",
        "Scope",
        "RawJson",
        "Resource",
        "UnknownFields",
        "Default",
        "Debug",
        "Some",
        "core",
        "std",
        "alloc",
        "clientset",
        "runtime",
        "meta",
        "types",
        "client",
        "ext",
        "u8",
        "str",
        "bool",
        "0",
        "1st",
        "🦀crab",
        "a-b.c_d",
    ];
    texts.map(str::to_owned).to_vec()
}

fn crd() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com", "annotations": {"a": "b"}, "labels": {"a": "b"}},
        "spec": {
            "group": "example.com",
            "names": {
                "kind": "Widget", "listKind": "WidgetList", "plural": "widgets", "singular": "widget",
                "shortNames": ["wd"], "categories": ["all"]
            },
            "scope": "Namespaced",
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "additionalPrinterColumns": [
                    {"name": "Size", "type": "integer", "jsonPath": ".spec.size", "description": "How large."}
                ],
                "subresources": {
                    "status": {},
                    "scale": {
                        "specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size",
                        "labelSelectorPath": ".status.selector"
                    }
                },
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "description": "A widget.",
                    "required": ["spec"],
                    "properties": {
                        "spec": {
                            "type": "object",
                            "description": "What is wanted.",
                            "required": ["size"],
                            "properties": {
                                "size": {"type": "integer", "format": "int32", "default": 1},
                                "color": {
                                    "type": "string", "enum": ["red", "green"], "default": "red",
                                    "description": "Its colour.", "title": "Colour", "example": "red",
                                    "pattern": "^[a-z]+$",
                                    "x-kubernetes-validations": [{"rule": "self != ''", "message": "Not empty."}]
                                },
                                "parts": {
                                    "type": "array", "x-kubernetes-list-type": "map",
                                    "x-kubernetes-list-map-keys": ["name"],
                                    "items": {
                                        "type": "object", "required": ["name"],
                                        "properties": {"name": {"type": "string"}}
                                    }
                                }
                            }
                        },
                        "status": {
                            "type": "object",
                            "properties": {"size": {"type": "integer"}, "selector": {"type": "string"}}
                        }
                    }
                }}
            }]
        }
    })
}

/// What becomes of the text in a place.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    /// It is only ever prose or a fact: whatever it is, the CRD is generated.
    Taken,
    /// It may be refused.
    Judged,
}
use Fate::{Judged, Taken};

/// Where a text is put.
enum At {
    /// In place of the value.
    Value(&'static str),
    /// In place of the last key.
    Key(&'static str),
    /// As a member, with a value, of the object.
    Member(&'static str, Value),
}
use At::{Key, Member, Value as Val};

const V: &str = "/spec/versions/0";
const SPEC: &str = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";

fn places() -> Vec<(At, Fate)> {
    vec![
        (Val("/spec/group"), Judged),
        (Val("/spec/names/kind"), Judged),
        (Val("/spec/names/listKind"), Judged),
        (Val("/spec/names/plural"), Judged),
        (Val("/spec/names/singular"), Judged),
        (Val("/spec/names/shortNames/0"), Judged),
        (Val("/spec/names/categories/0"), Judged),
        (Val("/spec/scope"), Judged),
        (Val("V/name"), Judged),
        (Val("/metadata/name"), Judged),
        (Val("/metadata/annotations/a"), Taken),
        (Val("/metadata/labels/a"), Taken),
        (Key("/metadata/annotations/a"), Taken),
        (Val("V/additionalPrinterColumns/0/name"), Taken),
        (Val("V/additionalPrinterColumns/0/type"), Taken),
        (Val("V/additionalPrinterColumns/0/jsonPath"), Taken),
        (Val("V/additionalPrinterColumns/0/description"), Taken),
        (Val("V/subresources/scale/specReplicasPath"), Judged),
        (Val("V/subresources/scale/labelSelectorPath"), Judged),
        (Key("V/subresources/scale"), Judged),
        (Val("V/schema/openAPIV3Schema/description"), Taken),
        (Key("V/schema/openAPIV3Schema/properties/spec"), Judged),
        (Key("SPEC/properties/size"), Taken),
        (Key("SPEC/properties/parts"), Taken),
        (Key("SPEC/properties/parts/items/properties/name"), Taken),
        (Val("SPEC/description"), Taken),
        (Val("SPEC/required/0"), Judged),
        (Val("SPEC/properties/color/description"), Taken),
        (Val("SPEC/properties/color/title"), Taken),
        (Val("SPEC/properties/color/example"), Taken),
        (Val("SPEC/properties/color/enum/0"), Taken),
        (Val("SPEC/properties/color/default"), Judged),
        (Val("SPEC/properties/color/pattern"), Taken),
        (Val("SPEC/properties/color/x-kubernetes-validations/0/rule"), Taken),
        (Val("SPEC/properties/color/x-kubernetes-validations/0/message"), Taken),
        (Member("SPEC/properties/color", json!("x")), Taken),
        (Val("SPEC/properties/color/type"), Judged),
        (Val("SPEC/properties/size/format"), Taken),
        (Val("SPEC/properties/parts/x-kubernetes-list-type"), Judged),
        (Val("SPEC/properties/parts/x-kubernetes-list-map-keys/0"), Judged),
    ]
}

/// Puts a text into its place.
fn put(crd: &mut Value, at: &At, text: &str) {
    let (At::Value(path) | Key(path) | Member(path, _)) = at;
    let path = match (path.strip_prefix("SPEC"), path.strip_prefix("V/")) {
        (Some(rest), _) => format!("{SPEC}{rest}"),
        (_, Some(rest)) => format!("{V}/{rest}"),
        _ => (*path).to_owned(),
    };
    match at {
        At::Value(_) => *crd.pointer_mut(&path).expect("a place that is there") = json!(text),
        Key(_) => {
            let (parent, key) = path.rsplit_once('/').unwrap();
            let members = crd.pointer_mut(parent).and_then(Value::as_object_mut).expect("a mapping");
            let value = members.remove(key).expect("a member");
            members.insert(text.to_owned(), value);
        }
        Member(_, value) => {
            let members = crd.pointer_mut(&path).and_then(Value::as_object_mut).expect("a mapping");
            members.entry(text.to_owned()).or_insert_with(|| value.clone());
        }
    }
}

fn fixture(path: &str) -> Source {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/codegen").join(path);
    Source::new(path.file_name().unwrap().to_string_lossy(), std::fs::read(&path).unwrap())
}

/// Generates a package; says whether it came to be.
fn packaged(name: &str, crd: &Value) -> bool {
    let crds = vec![Source::new(name, crd.to_string())];
    let inputs =
        PackageInputs { crds, config: Source::new("clientset.toml", ""), ..PackageInputs::default() };
    match package(&inputs) {
        Ok(package) => {
            checks::files(&package.files);
            true
        }
        Err(diagnostics) => {
            checks::diagnostics(&diagnostics);
            false
        }
    }
}

fn generated(crd: &Value) {
    let inputs = Inputs {
        documents: vec![fixture("crd/base.json")],
        crds: vec![Source::new("crd.yaml", crd.to_string())],
        quirks: Source::new("quirks.toml", ""),
        names: fixture("names.toml"),
        config: Source::new("clientset.toml", ""),
        lenient: true,
        ..Inputs::default()
    };
    match generate(&inputs) {
        Ok(output) => checks::files(output.files.iter().filter(|(path, _)| !path.starts_with("src/meta/"))),
        Err(diagnostics) => checks::diagnostics(&diagnostics),
    }
}

/// The text of a place, for messages.
fn name(at: &At) -> String {
    let (At::Value(path) | Key(path) | Member(path, _)) = at;
    format!(
        "{} {path}",
        match at {
            At::Value(_) => "value",
            Key(_) => "key",
            Member(..) => "member of",
        }
    )
}

#[test]
fn what_is_hostile_is_refused_or_made_harmless_in_packages() {
    assert!(packaged("crd.yaml", &crd()), "without a change nothing is wrong");
    let mut wrong = String::new();
    for (at, fate) in places() {
        for text in texts() {
            let mut crd = crd();
            put(&mut crd, &at, &text);
            let outcome = std::panic::catch_unwind(|| packaged("crd.yaml", &crd));
            match outcome {
                Ok(is_taken) if is_taken || fate == Judged => {}
                Ok(_) => wrong += &format!("{} = {text:?} is refused\n", name(&at)),
                Err(panic) => {
                    let what = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                    let what: String = what.chars().take(300).collect();
                    wrong += &format!("{} = {text:?}: {what}\n", name(&at));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{wrong}", wrong.lines().count());
}

#[test]
fn what_is_hostile_is_refused_or_made_harmless_in_this_repositorys_crate() {
    for (index, (at, _)) in places().into_iter().enumerate() {
        // A third of all pairs, another for each place: what differs between the modes is where paths lead.
        for text in texts().into_iter().skip(index % 3).step_by(3) {
            let mut crd = crd();
            put(&mut crd, &at, &text);
            generated(&crd);
        }
    }
}

#[test]
fn names_of_inputs_are_text_too() {
    for text in texts() {
        packaged(&text, &crd());
        let inputs = PackageInputs {
            crds: vec![Source::new(text.clone(), "kind: [")],
            config: Source::new(text.clone(), "["),
            ..PackageInputs::default()
        };
        checks::diagnostics(&package(&inputs).expect_err("neither can be read"));
    }
}

#[test]
fn texts_of_a_megabyte_end_in_no_time() {
    let start = std::time::Instant::now();
    let mut slowest = (std::time::Duration::ZERO, String::new());
    for long in ["x".repeat(1 << 20), "a b ".repeat(1 << 18), "```\n".repeat(1 << 18), "[`<".repeat(1 << 18)]
    {
        for (at, _) in places() {
            let mut crd = crd();
            put(&mut crd, &at, &long);
            let start = std::time::Instant::now();
            packaged("crd.yaml", &crd);
            slowest = slowest.max((start.elapsed(), format!("{} = {}…", name(&at), &long[..4])));
        }
    }
    println!("{slowest:?} of {:?}", start.elapsed());
    assert!(start.elapsed().as_secs() < 120, "{:?}", start.elapsed());
}

#[test]
fn a_thousand_names_that_spell_the_same_are_told_apart_in_no_time() {
    let mut crd = crd();
    let odd = |index: u32| char::from_u32(0x4e00 + index).map(String::from).unwrap();
    let values: Vec<String> = (0..3000).map(odd).collect();
    let spec = crd.pointer_mut(SPEC).unwrap();
    spec["properties"]["color"]["enum"] = json!(values);
    spec["properties"]["color"].as_object_mut().unwrap().remove("default");
    for name in values {
        spec["properties"][name] = json!({"type": "string"});
    }
    let start = std::time::Instant::now();
    assert!(packaged("crd.yaml", &crd));
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

#[test]
fn kinds_that_differ_in_case_only_have_files_of_their_own() {
    let mut list = Vec::new();
    for (kind, plural) in
        [("Widget", "widgets"), ("WIDGET", "capitals"), ("WidGet", "humps"), ("Con", "cons")]
    {
        let mut crd = crd();
        crd["spec"]["names"] = json!({"kind": kind, "plural": plural});
        list.push(crd);
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": list});
    assert!(packaged("list.yaml", &list));
}

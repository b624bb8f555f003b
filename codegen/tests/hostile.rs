//! Inputs that are cut off, changed in one byte or made of the wrong pieces: an answer or diagnostics, never a panic,
//! and never a path that leaves the crate.

use std::fs;
use std::path::Path;

use clientset_codegen::{Inputs, Source, generate};

/// A small generator of numbers, so that each run is the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }
}

fn read(path: &str) -> Source {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/codegen").join(path);
    Source::new(path.file_name().unwrap().to_string_lossy(), fs::read(&path).unwrap())
}

const PROTO: &str = "syntax = \"proto2\";
package k8s.io.api.apps.v1;
// What the document says.
message Job { optional k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta metadata = 1; }
message Review { optional k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta metadata = 1; }
";

fn whole() -> Inputs {
    Inputs {
        documents: vec![read("resources/input.json")],
        protos: vec![Source::new("apps.proto", PROTO)],
        crds: vec![read("crd/crd.yaml")],
        quirks: Source::new("quirks.toml", ""),
        names: read("names.toml"),
        config: Source::new("clientset.toml", "default = []\n"),
        lenient: true,
        ..Inputs::default()
    }
}

/// Generates, and looks at where the files would go.
fn run(inputs: &Inputs) {
    if let Ok(output) = generate(inputs) {
        for (path, text) in &output.files {
            let labels: Vec<&str> = path.split('/').collect();
            let is_plain = |label: &&str| {
                label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
                    && !label.starts_with('.')
            };
            assert!(labels.iter().all(is_plain), "{path}");
            if path.ends_with(".rs") {
                syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}\n{text}"));
            }
        }
    }
}

fn each_input(mut change: impl FnMut(&mut Vec<u8>)) {
    for which in 0..5 {
        let mut inputs = whole();
        let source = match which {
            0 => &mut inputs.documents[0],
            1 => &mut inputs.protos[0],
            2 => &mut inputs.crds[0],
            3 => &mut inputs.names,
            _ => &mut inputs.config,
        };
        change(&mut source.bytes);
        run(&inputs);
    }
}

#[test]
fn without_a_change_nothing_is_wrong() {
    assert_eq!(generate(&whole()).err(), None);
}

#[test]
fn inputs_that_are_cut_off_do_not_panic() {
    for part in 0..40 {
        each_input(|bytes| bytes.truncate(bytes.len() * part / 40));
    }
}

#[test]
fn inputs_with_a_changed_byte_do_not_panic() {
    let mut numbers = Numbers(7);
    for _ in 0..300 {
        each_input(|bytes| {
            let at = numbers.below(bytes.len());
            bytes[at] = *b"\"{}[]:,\\/.. \n\0\xff9aA$".get(numbers.below(21)).unwrap_or(&b'x');
        });
    }
}

#[test]
fn inputs_with_moved_pieces_do_not_panic() {
    let mut numbers = Numbers(11);
    for _ in 0..200 {
        each_input(|bytes| {
            let (from, to) = (numbers.below(bytes.len()), numbers.below(bytes.len()));
            let piece: Vec<u8> = bytes[from..].iter().copied().take(numbers.below(60)).collect();
            bytes.splice(to..to, piece);
        });
    }
}

#[test]
fn names_with_another_meaning_in_code_or_paths_do_not_get_out() {
    let text = String::from_utf8(read("crd/crd.yaml").bytes).unwrap();
    let hostile = [
        "../../x",
        "a/b",
        "a\\\"; evil!(); //",
        "fn",
        "",
        "*/ x",
        "\u{202e}abc",
        "self",
        "r#type",
        "{}",
        "$(x)",
    ];
    for name in hostile {
        for old in ["Order", "orders", "shop.example.com", "v1", "byName", "fooBar", "b-c", "id"] {
            let mut inputs = whole();
            let changed = text.replace(
                &format!("\"{old}\""),
                &format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
            );
            inputs.crds[0].bytes = changed.into_bytes();
            run(&inputs);
        }
    }
}

#[test]
fn depth_is_limited_before_the_stack_is() {
    for depth in [20, 100, 200, 900, 5_000, 100_000] {
        let nested = |open: &str, leaf: &str, close: &str| open.repeat(depth) + leaf + &close.repeat(depth);
        let crd = String::from_utf8(whole().crds[0].bytes.clone()).unwrap();
        let key = "\"openAPIV3Schema\": ";
        let head = &crd[..crd.find(key).unwrap() + key.len()];
        let schema = nested("{type: object, properties: {a: ", "{type: string}", "}}");
        for (schema, is_schema) in
            [(schema, true), (nested("[", "", "]"), false), (nested("{a: ", "b", "}"), false)]
        {
            for end in ["", "}}]}}"] {
                let mut inputs = whole();
                inputs.crds[0].bytes = format!("{head}{schema}{end}\n").into_bytes();
                run(&inputs);
                assert_eq!(
                    generate(&inputs).is_ok(),
                    is_schema && depth == 20 && !end.is_empty(),
                    "{depth} {end}"
                );
            }
        }
        let mut inputs = whole();
        inputs.documents[0].bytes = nested("{\"a\":", "1", "}").into_bytes();
        run(&inputs);
        inputs.protos[0].bytes = format!("package a;\n{}", nested("message A {", "", "}")).into_bytes();
        run(&inputs);
    }
}

#[test]
fn yaml_that_multiplies_itself_is_refused() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let last = format!("*a{}, ", level - 1).repeat(8);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", last.trim_end_matches(", ")));
    }
    let mut inputs = whole();
    inputs.crds[0].bytes = bomb.into_bytes();
    assert!(generate(&inputs).is_err());
}

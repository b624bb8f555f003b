//! docs/diagnostics.md against the table of codes, and codes against inputs that earn them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clientset_codegen::{Code, PackageInputs, Source, package};

#[test]
fn every_code_is_documented_once_and_no_other_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/diagnostics.md");
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| CS"));
    let documented: Vec<String> =
        rows.map(|row| format!("CS{}", row.split(' ').next().unwrap_or_default())).collect();
    let known: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(documented, known);
    assert_eq!(known.iter().collect::<BTreeSet<_>>().len(), known.len(), "each code is another");
}

const CRD: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {size: {type: integer}}}
";

/// What a package of one file comes to: `line:column code`, a row a diagnostic.
fn found(bytes: impl AsRef<[u8]>) -> Vec<String> {
    let crds = vec![Source::new("crd.yaml", bytes.as_ref())];
    let inputs = PackageInputs { crds, ..PackageInputs::default() };
    let diagnostics = package(&inputs).map_or_else(|found| found, |package| package.warnings);
    let row = |diagnostic: &clientset_codegen::Diagnostic| {
        let place = diagnostic.span.map_or("-".to_owned(), |span| format!("{}:{}", span.line, span.column));
        format!("{place} {} {}", diagnostic.severity, diagnostic.code)
    };
    diagnostics.iter().map(row).collect()
}

#[test]
fn files_of_all_kinds_are_told_apart_with_a_code_and_a_place() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n";
    let old = CRD.replace("k8s.io/v1\n", "k8s.io/v1beta1\n");
    let indented = CRD.trim_end().replace('\n', "\n  ");
    let list = format!("apiVersion: v1\nkind: List\nitems:\n- {indented}\n- kind: Other\n");
    let typed = CRD.lines().skip(2).collect::<Vec<_>>().join("\n  ");
    let typed = format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinitionList\nitems:\n- {typed}\n"
    );
    let utf_16: Vec<u8> =
        [0xfeffu16].into_iter().chain(CRD.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("a CRD", CRD.into(), &[]),
        ("with a byte order mark", format!("\u{feff}{CRD}").into(), &[]),
        ("of Windows", CRD.replace('\n', "\r\n").into(), &[]),
        ("a list", list.into(), &["20:3 warning CS0102"]),
        ("a list of definitions", typed.into(), &[]),
        ("beside others", format!("{pod}---\n{CRD}---\n# end\n").into(), &["1:1 warning CS0102"]),
        ("only others", pod.into(), &["- warning CS0102", "- error CS0101"]),
        ("empty", "".into(), &["- error CS0101"]),
        ("comments", "# nothing\n---\n".into(), &["- error CS0101"]),
        ("text", "hello".into(), &["- warning CS0102", "- error CS0101"]),
        ("an old CRD", old.into(), &["- error CS0103"]),
        (
            "a template",
            format!("{{{{- if .Values.crds }}}}\n{CRD}{{{{- end }}}}\n").into(),
            &["1:3 error CS0004"],
        ),
        ("UTF-16", utf_16, &["1:1 error CS0001"]),
        ("NUL", CRD.replace("Widget,", "Wid\0get,").into(), &["7:20 error CS0001"]),
        ("a tab", CRD.replace("  group", "\tgroup").into(), &["5:2 error CS0002"]),
        ("twice", CRD.replace("  scope: N", "  group: x\n  scope: N").into(), &["6:3 error CS0005"]),
        ("deep", "[".repeat(10_000).into(), &["1:201 error CS0003"]),
        (
            "a hostile group",
            CRD.replace("group: example.com", "group: a/../b").into(),
            &["5:10 error CS0304"],
        ),
        ("a device", CRD.replace("group: example.com", "group: con.example.com").into(), &[]),
    ];
    let mut wrong = String::new();
    for (name, bytes, expected) in cases {
        let found = found(bytes);
        if found != expected {
            wrong += &format!("{name}: {found:?}, expected {expected:?}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn all_that_is_wrong_comes_in_one_go_and_in_order() {
    let text = CRD
        .replace("scope: Namespaced", "scope: Everywhere")
        .replace("plural: widgets", "plural: Wid gets")
        .replace("{type: integer}", "{type: whole}")
        .replace("name: v1\n", "name: V.1\n");
    let found = found(text);
    assert_eq!(
        found.iter().map(|row| row.split(' ').next().unwrap_or_default()).collect::<Vec<_>>(),
        ["4:1", "7:33", "9:11", "16:45"],
        "{found:?}"
    );
}

//! The names of types inside of CRDs, over many CRDs made at random: names that were given before stay whatever is
//! added elsewhere, no CRD fails for its names, and what is generated has each name once in a module.

use std::collections::{BTreeMap, BTreeSet};

use clientset_codegen::{Package, PackageInputs, Source, package};
use serde_json::{Value, json};

/// Few, so that there is much to clash.
const WORDS: &[&str] = &[
    "spec",
    "status",
    "parts",
    "part",
    "template",
    "config",
    "container",
    "widget",
    "gadgets",
    "tls",
    "a-b",
    "aB",
];
const KINDS: &[&str] = &["Widget", "Gadget", "Part", "Template", "WidgetPart", "vec"];
const VERSIONS: &[&str] = &["v1alpha1", "v1beta1", "v1", "v2"];

/// Numbers that look random and are the same each time (xorshift).
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end).unwrap()).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn schema(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 3 } else { 7 }) {
            0 => json!({ "type": "string" }),
            1 => json!({ "type": "integer", "format": "int32" }),
            2 => json!({ "type": "string", "enum": ["a", "b"] }),
            3 => json!({ "type": "array", "items": self.object(depth - 1) }),
            4 => json!({ "type": "object", "additionalProperties": self.object(depth - 1) }),
            _ => self.object(depth - 1),
        }
    }

    fn object(&mut self, depth: usize) -> Value {
        let mut properties = serde_json::Map::new();
        for _ in 0..=self.below(4) {
            properties.insert(self.pick(WORDS).to_owned(), self.schema(depth));
        }
        json!({ "type": "object", "properties": properties })
    }

    fn kind(&mut self) -> Value {
        let mut root = self.object(1);
        root["properties"]["spec"] = self.object(3);
        root
    }
}

/// Kind -> version -> schema.
type Kinds = BTreeMap<String, BTreeMap<String, Value>>;

fn kinds(dice: &mut Dice) -> Kinds {
    let mut kinds = Kinds::new();
    for _ in 0..=dice.below(3) {
        let first = dice.kind();
        let mut versions = BTreeMap::from([(dice.pick(VERSIONS).to_owned(), first.clone())]);
        for _ in 0..dice.below(3) {
            let schema = if dice.below(3) == 0 { dice.kind() } else { first.clone() };
            versions.insert(dice.pick(VERSIONS).to_owned(), schema);
        }
        kinds.insert(dice.pick(KINDS).to_owned(), versions);
    }
    kinds
}

/// Adds a member to some object, a version or a kind.
fn change(kinds: &mut Kinds, dice: &mut Dice) {
    match dice.below(6) {
        0 => {
            let (kind, schema) = (dice.pick(KINDS), dice.kind());
            kinds.entry(kind.to_owned()).or_insert_with(|| BTreeMap::from([("v1".to_owned(), schema)]));
        }
        1 => {
            let at = dice.below(kinds.len());
            let versions = kinds.values_mut().nth(at).unwrap();
            let copy = versions.values().next().unwrap().clone();
            versions.entry(dice.pick(VERSIONS).to_owned()).or_insert(copy);
        }
        _ => {
            let at = dice.below(kinds.len());
            let versions = kinds.values_mut().nth(at).unwrap();
            let at = dice.below(versions.len());
            let mut schema = versions.values_mut().nth(at).unwrap();
            for _ in 0..dice.below(4) {
                let properties = schema["properties"].as_object().unwrap();
                let objects: Vec<String> = properties
                    .iter()
                    .filter(|(_, property)| property["properties"].is_object())
                    .map(|(name, _)| name.clone())
                    .collect();
                if objects.is_empty() {
                    break;
                }
                schema = &mut schema["properties"][&objects[dice.below(objects.len())]];
            }
            let (name, added) = (dice.pick(WORDS), dice.schema(2));
            let properties = schema["properties"].as_object_mut().unwrap();
            properties.entry(name.to_owned()).or_insert(added);
        }
    }
}

fn generate(kinds: &Kinds, names: &BTreeMap<String, String>) -> Package {
    let crds = kinds.iter().map(|(kind, versions)| {
        let versions: Vec<Value> = versions
            .iter()
            .enumerate()
            .map(|(index, (version, schema))| {
                json!({
                    "name": version, "served": true, "storage": index == 0,
                    "schema": { "openAPIV3Schema": schema },
                })
            })
            .collect();
        let plural = format!("{}s", kind.to_lowercase());
        let crd = json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": { "name": format!("{plural}.example.com") },
            "spec": {
                "group": "example.com", "scope": "Namespaced",
                "names": { "kind": kind, "plural": plural, "singular": kind.to_lowercase() },
                "versions": versions,
            },
        });
        Source::new(format!("{kind}.json"), crd.to_string())
    });
    let inputs = PackageInputs { crds: crds.collect(), names: names.clone(), ..PackageInputs::default() };
    package(&inputs).unwrap_or_else(|wrong| panic!("{}\n{kinds:#?}", wrong[0]))
}

/// The rows that are in both and name something else.
fn renamed(before: &Package, after: &Package) -> Vec<String> {
    let rows = before.names.iter().filter_map(|(id, old)| Some((id, old, after.names.get(id)?)));
    rows.filter(|(_, old, new)| old != new).map(|(id, old, new)| format!("{id}: {old} -> {new}")).collect()
}

/// The names of the types and clients that each module of a version defines and shows.
fn names_are_unique(package: &Package) {
    let mut modules: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in &package.files {
        let mut labels = path.splitn(3, '/');
        let (Some("example"), Some(version), Some(_)) = (labels.next(), labels.next(), labels.next()) else {
            continue;
        };
        let shown = modules.entry(version).or_default();
        for item in syn::parse_file(text).unwrap().items {
            let names = match item {
                syn::Item::Struct(item) => vec![item.ident.to_string()],
                syn::Item::Enum(item) => vec![item.ident.to_string()],
                syn::Item::Type(item) => vec![item.ident.to_string()],
                syn::Item::Use(item) if matches!(item.vis, syn::Visibility::Public(_)) => used(&item.tree),
                _ => continue,
            };
            for name in names {
                assert!(shown.insert(name.clone()), "two `{name}` in {version}: {:#?}", package.names);
            }
        }
    }
}

/// The names that a `use` brings in, without those of globs.
fn used(tree: &syn::UseTree) -> Vec<String> {
    match tree {
        syn::UseTree::Path(path) => used(&path.tree),
        syn::UseTree::Group(group) => group.items.iter().flat_map(used).collect(),
        syn::UseTree::Name(name) => vec![name.ident.to_string()],
        syn::UseTree::Rename(rename) => vec![rename.rename.to_string()],
        syn::UseTree::Glob(_) => Vec::new(),
    }
}

#[test]
fn names_stay_when_something_is_added_elsewhere() {
    let (mut rows, mut lost) = (0, 0);
    for seed in 1..=100 {
        let mut dice = Dice::new(seed);
        let mut kinds = kinds(&mut dice);
        let before = generate(&kinds, &BTreeMap::new());
        names_are_unique(&before);
        let again = generate(&kinds, &before.names);
        assert_eq!((&again.names, &again.files), (&before.names, &before.files), "seed {seed}");
        let known = kinds.clone();
        change(&mut kinds, &mut dice);
        // A kind has its name: where a type inside of another had it before, a person has to decide.
        let mut new = kinds.keys().filter(|kind| !known.contains_key(*kind));
        if new.any(|kind| before.names.values().any(|name| name == kind || *name == format!("{kind}List"))) {
            continue;
        }
        let after = generate(&kinds, &before.names);
        names_are_unique(&after);
        assert_eq!(renamed(&before, &after), Vec::<String>::new(), "seed {seed}");
        rows += before.names.len();
        lost += before.names.keys().filter(|id| !after.names.contains_key(*id)).count();
    }
    assert!(rows > 1000 && lost * 100 < rows, "{lost} of {rows} rows have gone");
}

#[test]
fn names_seldom_change_even_if_nothing_is_pinned() {
    let (mut rows, mut changed) = (0, 0);
    for seed in 1..=100 {
        let mut dice = Dice::new(seed);
        let mut kinds = kinds(&mut dice);
        let before = generate(&kinds, &BTreeMap::new());
        change(&mut kinds, &mut dice);
        let after = generate(&kinds, &BTreeMap::new());
        rows += before.names.len();
        changed += renamed(&before, &after).len();
    }
    // With twelve words in all: real CRDs have thousands.
    assert!(changed * 100 < rows * 8, "{changed} of {rows} names have changed");
}

//! Makes one type of the equal shapes in one API group, across its kinds and versions. It lives in the module of the
//! newest version; the other versions show it as theirs. Shapes of fewer than three members, and enums, are merged
//! only where they stand at members of the same name: `{ name }` is many things. Kinds are never merged. Names are
//! another pass's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::tree::{Node, Tree};
use crate::ir::{Api, Module, Reexport, Shape, Ty};
use crate::version::newest_first;

/// How many members make a shape that is what it is, whatever it is called.
const TELLING: usize = 3;

/// The types of one shape.
#[derive(Debug)]
pub(super) struct Class {
    /// Where it stands, the place that speaks for it first.
    pub(super) nodes: Vec<usize>,
    /// The modules that show it, the newest first; it lives in the first.
    pub(super) modules: Vec<Module>,
}

/// Merges, and says what stands for what. Without `merge` each type is a class of its own.
pub(super) fn run(api: &mut Api, tree: &Tree, pinned: &BTreeMap<String, String>, merge: bool) -> Vec<Class> {
    let mut order: Vec<usize> = (0..tree.nodes.len()).filter(|at| tree.nodes[*at].depth > 0).collect();
    // What a type holds comes before it.
    order.sort_by_key(|at| (std::cmp::Reverse(tree.nodes[*at].depth), *at));
    let mut class_of: BTreeMap<&str, usize> = BTreeMap::new();
    let mut by_shape: BTreeMap<String, usize> = BTreeMap::new();
    let mut members: Vec<Vec<usize>> = Vec::new();
    for at in order {
        let node = &tree.nodes[at];
        let shape = if merge { shape(api, tree, node, &class_of) } else { node.id.clone() };
        let class = *by_shape.entry(shape).or_insert_with(|| {
            members.push(Vec::new());
            members.len() - 1
        });
        members[class].push(at);
        class_of.insert(&node.id, class);
    }
    let named: BTreeSet<(&Module, &str)> = pinned
        .iter()
        .filter_map(|(id, name)| Some((&tree.nodes.get(*tree.by_id.get(id)?)?.module, name.as_str())))
        .collect();
    let classes: Vec<Class> = members
        .into_iter()
        .flat_map(|nodes| split(tree, nodes, pinned, &named))
        .map(|nodes| class(tree, nodes))
        .collect();
    let mut speakers: BTreeMap<String, String> = BTreeMap::new();
    for class in &classes {
        let Some(speaker) = class.nodes.first().map(|at| &tree.nodes[*at].id) else { continue };
        speakers.extend(class.nodes.iter().map(|at| (tree.nodes[*at].id.clone(), speaker.clone())));
    }
    api.types.retain(|id, _| speakers.get(id).is_none_or(|speaker| speaker == id));
    for ty in api.types.values_mut() {
        let Shape::Object(fields) = &mut ty.shape else { continue };
        for field in fields {
            if let Ty::Named(id) = field.ty.leaf_mut()
                && let Some(speaker) = speakers.get(id)
            {
                id.clone_from(speaker);
            }
        }
    }
    for class in &classes {
        let Some(speaker) = class.nodes.first().map(|at| tree.nodes[*at].id.clone()) else { continue };
        for module in class.modules.iter().skip(1) {
            if let Some(version) = api.versions.get_mut(module) {
                version.reexports.push(Reexport { id: speaker.clone(), name: String::new() });
            }
        }
    }
    classes
}

/// Everything that two types have to agree in, as text.
fn shape(api: &Api, tree: &Tree, node: &Node, class_of: &BTreeMap<&str, usize>) -> String {
    let Some(ty) = api.types.get(&node.id) else { return node.id.clone() };
    let mut text = format!("{} ", node.module.group);
    match &ty.shape {
        Shape::Object(fields) => {
            text.push_str(if ty.preserves { "preserving object" } else { "object" });
            let mut rows: Vec<String> = fields
                .iter()
                .map(|field| {
                    let mut row = format!("{:?} ", field.json);
                    spell(&field.ty, class_of, &mut row);
                    let facts = (
                        field.required,
                        field.nullable,
                        &field.list_type,
                        &field.list_map_keys,
                        &field.default,
                        // Only one that a person gave is there already.
                        &field.name,
                    );
                    let _ = write!(row, " {facts:?}");
                    row
                })
                .collect();
            rows.sort();
            for row in &rows {
                let _ = write!(text, "\n{row}");
            }
            if rows.len() >= TELLING {
                return text;
            }
        }
        Shape::Enum(variants) | Shape::IntEnum(variants) => {
            let mut values: Vec<&str> = variants.iter().map(|variant| variant.value.as_str()).collect();
            values.sort_unstable();
            let of = if matches!(ty.shape, Shape::Enum(_)) { "strings" } else { "integers" };
            let _ = write!(text, "{of} {values:?}");
        }
        Shape::List(_) | Shape::Alias(_) => return node.id.clone(),
    }
    let _ = write!(text, "\nas {}", tree.base(node));
    text
}

fn spell(ty: &Ty, class_of: &BTreeMap<&str, usize>, text: &mut String) {
    match ty {
        Ty::Named(id) => match class_of.get(id.as_str()) {
            Some(class) => {
                let _ = write!(text, "#{class}");
            }
            None => text.push_str(id),
        },
        Ty::List(inner) | Ty::Map(inner) | Ty::Nullable(inner) => {
            text.push_str(match ty {
                Ty::List(_) => "list of ",
                Ty::Map(_) => "map of ",
                _ => "nullable ",
            });
            spell(inner, class_of, text);
        }
        scalar => {
            let _ = write!(text, "{scalar:?}");
        }
    }
}

/// Types that have become equal, and had different names before, stay apart: a change of one must not rename the other.
/// So do those of a version in which the name is that of another type (`named`).
fn split(
    tree: &Tree,
    nodes: Vec<usize>,
    pinned: &BTreeMap<String, String>,
    named: &BTreeSet<(&Module, &str)>,
) -> Vec<Vec<usize>> {
    let name = |at: usize| pinned.get(&tree.nodes[at].id).map(String::as_str);
    let (known, others): (Vec<usize>, Vec<usize>) = nodes.into_iter().partition(|at| name(*at).is_some());
    let mut parts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for at in &known {
        parts.entry(name(*at).unwrap_or_default()).or_default().push(*at);
    }
    let mut rest = Vec::new();
    for at in others {
        let own = &tree.nodes[at];
        let near = known.iter().copied().filter(|other| {
            let name = name(*other).unwrap_or_default();
            let is_shown =
                parts.get(name).into_iter().flatten().any(|other| tree.nodes[*other].module == own.module);
            is_shown || !named.contains(&(&own.module, name))
        });
        // Rather to what is called like it, in its own version.
        let near = near.max_by_key(|other| {
            let other = &tree.nodes[*other];
            (own.word == other.word, own.module == other.module, own.kind == other.kind)
        });
        match near.and_then(name).and_then(|name| parts.get_mut(name)) {
            Some(part) => part.push(at),
            None => rest.push(at),
        }
    }
    parts.into_values().chain((!rest.is_empty()).then_some(rest)).collect()
}

/// Who speaks for the class: of the newest version, under the word that most of its members use, nearest to the kind.
fn class(tree: &Tree, mut nodes: Vec<usize>) -> Class {
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for at in &nodes {
        *uses.entry(&tree.nodes[*at].word).or_default() += 1;
    }
    nodes.sort_by(|a, b| {
        let (a, b) = (&tree.nodes[*a], &tree.nodes[*b]);
        let key = |node: &Node| {
            (std::cmp::Reverse(uses.get(node.word.as_str()).copied()), node.depth, node.kind.len())
        };
        newest_first(&a.module.version, &b.module.version)
            .then_with(|| key(a).cmp(&key(b)))
            .then_with(|| a.id.cmp(&b.id))
    });
    let mut modules: Vec<Module> = Vec::new();
    for at in &nodes {
        let module = &tree.nodes[*at].module;
        if modules.last() != Some(module) {
            modules.push(module.clone());
        }
    }
    Class { nodes, modules }
}

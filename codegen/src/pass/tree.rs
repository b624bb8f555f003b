//! The types of CRDs as the trees that they are before equal ones are merged: which type stands at which member of
//! which kind, and in which version. Looks, and changes nothing.

use std::collections::BTreeMap;

use crate::ir::{Api, Module, Shape, Ty, id};
use crate::names;
use crate::spec::tables::Words;

/// A type of a CRD in its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: String,
    /// The node that holds it; none for kinds.
    pub(super) parent: Option<usize>,
    pub(super) module: Module,
    /// The name of the kind at the root.
    pub(super) kind: String,
    /// The member that it stands at, as a word of a type's name: `part` of `parts`. Empty for kinds.
    pub(super) word: String,
    /// How many members lead from the kind to it.
    pub(super) depth: usize,
}

/// All types of CRDs, each kind before what it holds.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) by_id: BTreeMap<String, usize>,
}

impl Tree {
    pub(super) fn new(api: &Api, words: &Words) -> Tree {
        let mut tree = Tree::default();
        for (id, ty) in &api.types {
            let is_kind = id::is_custom(id) && ty.gvk.is_some() && !matches!(ty.shape, Shape::List(_));
            if !is_kind {
                continue;
            }
            let root = Node {
                id: id.clone(),
                parent: None,
                module: ty.module.clone(),
                kind: type_name(&ty.name, words),
                word: String::new(),
                depth: 0,
            };
            let mut next = vec![root];
            while let Some(node) = next.pop() {
                if tree.by_id.contains_key(&node.id) {
                    continue;
                }
                let at = tree.nodes.len();
                if let Some(Shape::Object(fields)) = api.types.get(&node.id).map(|ty| &ty.shape) {
                    for field in fields.iter().rev() {
                        let Ty::Named(id) = field.ty.leaf() else { continue };
                        if !id::is_custom(id) {
                            continue;
                        }
                        let is_plural = matches!(field.ty, Ty::List(_) | Ty::Map(_));
                        let word = if is_plural { names::singular(&field.json) } else { field.json.clone() };
                        next.push(Node {
                            id: id.clone(),
                            parent: Some(at),
                            module: node.module.clone(),
                            kind: node.kind.clone(),
                            word: names::pascal(&word, words),
                            depth: node.depth + 1,
                        });
                    }
                }
                tree.by_id.insert(node.id.clone(), at);
                tree.nodes.push(node);
            }
        }
        tree
    }

    /// The node and those that hold it, up to the kind.
    pub(super) fn upwards(&self, at: usize) -> impl Iterator<Item = &Node> {
        std::iter::successors(self.nodes.get(at), |node| self.nodes.get(node.parent?))
    }

    /// Whether it is the `spec` or the `status` of a kind, which says nothing in a name without the kind.
    pub(super) fn is_half(&self, node: &Node) -> bool {
        node.depth == 1 && (node.word == "Spec" || node.word == "Status")
    }

    /// The shortest word for what stands there.
    pub(super) fn base(&self, node: &Node) -> String {
        if self.is_half(node) { format!("{}{}", node.kind, node.word) } else { node.word.clone() }
    }
}

/// The name of a kind as that of a type.
pub(super) fn type_name(kind: &str, words: &Words) -> String {
    let is_type_name =
        names::is_identifier(kind) && kind.starts_with(|first: char| first.is_ascii_uppercase());
    if is_type_name { kind.to_owned() } else { names::pascal(kind, words) }
}

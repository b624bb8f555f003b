//! The tree of one kubeconfig file, and changes to its lists. Deliberately without IO.

use std::path::{Path, PathBuf};

use crate::config::kubeconfig::model::whole;
use crate::yaml::{self, Node, Value};

/// Which of the three lists.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Cluster,
    User,
    Context,
}

impl Sort {
    /// The list's name.
    fn list(self) -> &'static str {
        match self {
            Sort::Cluster => "clusters",
            Sort::User => "users",
            Sort::Context => "contexts",
        }
    }

    /// What an entry of it holds beside its name.
    pub(super) fn member(self) -> &'static str {
        match self {
            Sort::Cluster => "cluster",
            Sort::User => "user",
            Sort::Context => "context",
        }
    }
}

pub(super) type Members = Vec<(String, Node)>;

/// One file.
pub(super) struct Document {
    pub(super) path: PathBuf,
    pub(super) exists: bool,
    pub(super) changed: bool,
    members: Members,
}

impl Document {
    /// The tree of a file that was read as a kubeconfig; without one, of a file that does not exist.
    pub(super) fn new(path: &Path, tree: Option<Node>) -> Self {
        let exists = tree.is_some();
        let members = match tree.map(|node| node.value) {
            Some(Value::Map(members)) => members,
            _ => Vec::new(),
        };
        Document { path: path.to_path_buf(), exists, changed: false, members }
    }

    pub(super) fn text(&self) -> String {
        // Kubectl refuses a file that does not say what it is only where it has to guess; it always writes both.
        let said = |name: &str| self.members.iter().any(|(key, _)| key == name);
        let mut members: Members = Vec::new();
        for (name, value) in [("apiVersion", "v1"), ("kind", "Config")] {
            if !said(name) {
                members.push((name.to_owned(), text(value)));
            }
        }
        members.extend(self.members.iter().cloned());
        yaml::write(&Node::new(Value::Map(members)))
    }

    pub(super) fn current_context(&self) -> Option<&str> {
        find(&self.members, "current-context").and_then(as_text)
    }

    pub(super) fn set_current_context(&mut self, name: Option<&str>) {
        if self.current_context() != name {
            set(&mut self.members, "current-context", name.map(text));
            self.changed = true;
        }
    }

    fn list(&self, sort: Sort) -> &[Node] {
        match find(&self.members, sort.list()).map(|node| &node.value) {
            Some(Value::List(items)) => items,
            _ => &[],
        }
    }

    fn list_mut(&mut self, sort: Sort) -> &mut Vec<Node> {
        list_of(&mut self.members, sort.list())
    }

    pub(super) fn names(&self, sort: Sort) -> impl Iterator<Item = &str> {
        self.list(sort).iter().filter_map(name_of)
    }

    pub(super) fn delete(&mut self, sort: Sort, name: &str) -> bool {
        if !self.names(sort).any(|known| known == name) {
            return false;
        }
        self.list_mut(sort).retain(|item| name_of(item) != Some(name));
        self.changed = true;
        true
    }

    /// A new name for an entry, wherever it stands.
    pub(super) fn rename(&mut self, sort: Sort, from: &str, to: &str) {
        let mut changed = false;
        for item in self.list_mut(sort) {
            if name_of(item) == Some(from) {
                set(map_of(item), "name", Some(text(to)));
                changed = true;
            }
        }
        if sort == Sort::Context {
            if self.current_context() == Some(from) {
                self.set_current_context(Some(to));
            }
        } else {
            for item in self.list_mut(Sort::Context) {
                let body = map_at(map_of(item), Sort::Context.member());
                if find(body, sort.member()).and_then(as_text) == Some(from) {
                    set(body, sort.member(), Some(text(to)));
                    changed = true;
                }
            }
        }
        self.changed |= changed;
    }
}

/// One entry of a file: what it holds, and the folder that its paths are seen from.
pub(super) struct Entry<'a> {
    pub(super) body: &'a mut Members,
    pub(super) folder: PathBuf,
}

impl<'a> Entry<'a> {
    /// The entry of this name in a file, made where there is none.
    pub(super) fn of(file: &'a mut Document, sort: Sort, name: &str) -> Self {
        file.changed = true;
        let folder = whole(file.path.parent().unwrap_or(Path::new("")));
        let list = file.list_mut(sort);
        let known = list.iter().position(|item| name_of(item) == Some(name));
        let at = known.unwrap_or_else(|| {
            list.push(Node::new(Value::Map(vec![("name".to_owned(), text(name))])));
            list.len() - 1
        });
        Entry { body: map_at(map_of(&mut list[at]), sort.member()), folder }
    }
}

fn name_of(item: &Node) -> Option<&str> {
    match &item.value {
        Value::Map(members) => find(members, "name").and_then(as_text),
        _ => None,
    }
}

pub(super) fn text(value: &str) -> Node {
    Node::new(Value::String(value.to_owned()))
}

fn as_text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

pub(super) fn find<'a>(members: &'a Members, name: &str) -> Option<&'a Node> {
    members.iter().find(|(key, _)| key == name).map(|(_, node)| node)
}

/// Sets a member in its place, adds it at the end, or takes it out.
pub(super) fn set(members: &mut Members, name: &str, node: Option<Node>) {
    match (members.iter_mut().find(|(key, _)| key == name), node) {
        (Some((_, old)), Some(node)) => *old = node,
        (None, Some(node)) => members.push((name.to_owned(), node)),
        (_, None) => members.retain(|(key, _)| key != name),
    }
}

/// The members of a mapping; what is none, as an entry that is null, becomes an empty one.
fn map_of(node: &mut Node) -> &mut Members {
    if !matches!(node.value, Value::Map(_)) {
        node.value = Value::Map(Vec::new());
    }
    let Value::Map(members) = &mut node.value else { unreachable!("it has just been made one") };
    members
}

/// The mapping that a member holds, made where there is none.
pub(super) fn map_at<'a>(members: &'a mut Members, name: &str) -> &'a mut Members {
    map_of(member(members, name))
}

/// The list that a member holds, made where there is none.
fn list_of<'a>(members: &'a mut Members, name: &str) -> &'a mut Vec<Node> {
    let node = member(members, name);
    if !matches!(node.value, Value::List(_)) {
        node.value = Value::List(Vec::new());
    }
    let Value::List(items) = &mut node.value else { unreachable!("it has just been made one") };
    items
}

fn member<'a>(members: &'a mut Members, name: &str) -> &'a mut Node {
    let known = members.iter().position(|(key, _)| key == name);
    let at = known.unwrap_or_else(|| {
        members.push((name.to_owned(), Node::new(Value::Null)));
        members.len() - 1
    });
    &mut members[at].1
}

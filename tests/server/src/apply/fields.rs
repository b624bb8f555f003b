//! Paths into objects, sets of them, and their `FieldsV1` form.
//!
//! Sets are built from objects and their schema; who owns a set is `managers`' to know.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::schema::{ListKind, Schema};

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Field(String),
    /// An item of a list of kind map, by its keys: the JSON text of each, so that it can be ordered.
    Key(Vec<(String, String)>),
    /// An item of a set, as JSON text.
    Value(String),
    Index(usize),
}

/// A set of paths: which of this node's steps are in it, and the sets below them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldSet {
    pub(crate) members: BTreeSet<Step>,
    pub(crate) children: BTreeMap<Step, FieldSet>,
}

impl FieldSet {
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.values().all(FieldSet::is_empty)
    }

    pub(crate) fn insert(&mut self, path: &[Step]) {
        match path {
            [] => {}
            [last] => {
                self.members.insert(last.clone());
            }
            [first, rest @ ..] => self.children.entry(first.clone()).or_default().insert(rest),
        }
    }

    fn combine(&self, other: &Self, keep: fn(bool, bool) -> bool) -> Self {
        let empty = FieldSet::default();
        let mut out = FieldSet::default();
        for step in self.members.union(&other.members) {
            if keep(self.members.contains(step), other.members.contains(step)) {
                out.members.insert(step.clone());
            }
        }
        for step in self.children.keys().chain(other.children.keys()) {
            if out.children.contains_key(step) {
                continue;
            }
            let (mine, theirs) = (self.children.get(step), other.children.get(step));
            let set = mine.unwrap_or(&empty).combine(theirs.unwrap_or(&empty), keep);
            if !set.is_empty() {
                out.children.insert(step.clone(), set);
            }
        }
        out
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine || theirs)
    }

    pub(crate) fn intersection(&self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine && theirs)
    }

    pub(crate) fn difference(&self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine && !theirs)
    }

    /// Without everything at and below the members of the other set.
    pub(crate) fn without(&self, other: &Self) -> Self {
        let mut out = FieldSet::default();
        out.members.extend(self.members.difference(&other.members).cloned());
        for (step, set) in &self.children {
            if other.members.contains(step) {
                continue;
            }
            let set = match other.children.get(step) {
                Some(below) => set.without(below),
                None => set.clone(),
            };
            if !set.is_empty() {
                out.children.insert(step.clone(), set);
            }
        }
        out
    }

    /// Every path, members of a node before those below it.
    pub(crate) fn paths(&self) -> Vec<Vec<Step>> {
        let mut all = Vec::new();
        self.collect(&mut Vec::new(), &mut all);
        all
    }

    fn collect(&self, at: &mut Vec<Step>, all: &mut Vec<Vec<Step>>) {
        for step in &self.members {
            let mut path = at.clone();
            path.push(step.clone());
            all.push(path);
        }
        for (step, set) in &self.children {
            at.push(step.clone());
            set.collect(at, all);
            at.pop();
        }
    }

    /// As `fieldsV1`.
    pub(crate) fn to_json(&self) -> Value {
        self.to_json_of(false)
    }

    /// By name, since it is shown as text too; `owned` says whether the whole is a field itself.
    fn to_json_of(&self, owned: bool) -> Value {
        let mut out = BTreeMap::new();
        if owned {
            out.insert(".".to_owned(), Value::Object(Map::new()));
        }
        for step in &self.members {
            out.insert(step.to_text(), Value::Object(Map::new()));
        }
        for (step, set) in &self.children {
            out.insert(step.to_text(), set.to_json_of(self.members.contains(step)));
        }
        Value::Object(out.into_iter().collect())
    }

    /// From `fieldsV1`; what is not understood is left out.
    pub(crate) fn from_json(value: &Value) -> Self {
        let mut out = FieldSet::default();
        for (key, inner) in value.as_object().into_iter().flatten() {
            let Some(step) = Step::from_text(key) else { continue };
            let Some(below) = inner.as_object() else { continue };
            if below.is_empty() || below.contains_key(".") {
                out.members.insert(step.clone());
            }
            let set = FieldSet::from_json(inner);
            if !set.is_empty() {
                out.children.insert(step, set);
            }
        }
        out
    }
}

impl Step {
    fn to_text(&self) -> String {
        match self {
            Step::Field(name) => format!("f:{name}"),
            Step::Value(json) => format!("v:{json}"),
            Step::Index(index) => format!("i:{index}"),
            Step::Key(keys) => {
                let all: Vec<String> = keys
                    .iter()
                    .map(|(name, json)| format!("{}:{json}", Value::from(name.as_str())))
                    .collect();
                format!("k:{{{}}}", all.join(","))
            }
        }
    }

    fn from_text(text: &str) -> Option<Step> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "f" => Some(Step::Field(rest.to_owned())),
            "v" => Some(Step::Value(serde_json::from_str::<Value>(rest).ok()?.to_string())),
            "i" => Some(Step::Index(rest.parse().ok()?)),
            "k" => {
                let keys: BTreeMap<String, Value> = serde_json::from_str(rest).ok()?;
                Some(Step::Key(keys.into_iter().map(|(name, value)| (name, value.to_string())).collect()))
            }
            _ => None,
        }
    }
}

/// A path as conflicts show it: `.spec.items[name="a"].v`.
pub(crate) fn shown(path: &[Step]) -> String {
    let mut out = String::new();
    for step in path {
        match step {
            Step::Field(name) => {
                out.push('.');
                out.push_str(name);
            }
            Step::Key(keys) => {
                let all: Vec<String> = keys.iter().map(|(name, json)| format!("{name}={json}")).collect();
                out.push_str(&format!("[{}]", all.join(",")));
            }
            Step::Value(json) => out.push_str(&format!("[={json}]")),
            Step::Index(index) => out.push_str(&format!("[{index}]")),
        }
    }
    out
}

/// How a node is walked.
pub(crate) enum Shape<'a> {
    /// A scalar, an atomic list or an atomic map: one thing.
    Leaf,
    Members(&'a Map<String, Value>),
    Items(&'a [Value], &'a ListKind, Option<Arc<Schema>>),
}

/// How a value of this schema (resolved) is walked.
pub(crate) fn shape<'a>(value: &'a Value, schema: Option<&'a Schema>) -> Shape<'a> {
    match (value, schema) {
        (Value::Object(all), None) => Shape::Members(all),
        (Value::Object(all), Some(schema)) => {
            let opaque = !schema.custom && schema.is_opaque();
            if schema.atomic_map || opaque { Shape::Leaf } else { Shape::Members(all) }
        }
        (Value::Array(items), Some(schema)) if schema.list != ListKind::Atomic => {
            Shape::Items(items, &schema.list, schema.items.clone())
        }
        _ => Shape::Leaf,
    }
}

/// The step that leads to an item of a set or map.
pub(crate) fn item_step(item: &Value, list: &ListKind, schema: Option<&Arc<Schema>>, index: usize) -> Step {
    match list {
        ListKind::Atomic => Step::Index(index),
        ListKind::Set => Step::Value(item.to_string()),
        ListKind::Map(keys) => {
            let part = |key: &String| {
                let given = item.get(key).filter(|it| !it.is_null()).cloned();
                let default = || schema.and_then(|it| it.member(key)).and_then(|it| it.default.clone());
                given.or_else(default).map(|it| (key.clone(), it.to_string()))
            };
            let mut keys: Vec<(String, String)> = keys.iter().filter_map(part).collect();
            keys.sort();
            Step::Key(keys)
        }
    }
}

/// The fields that an applied configuration sets.
pub(crate) fn of_object(value: &Value, schema: &Arc<Schema>) -> FieldSet {
    let mut set = FieldSet::default();
    walk(value, Some(schema.clone()), &mut set);
    set
}

/// Fills the set and says whether the node itself is a leaf of its parent.
fn walk(value: &Value, schema: Option<Arc<Schema>>, set: &mut FieldSet) -> bool {
    let schema = schema.map(|it| it.resolved());
    match shape(value, schema.as_deref()) {
        Shape::Leaf => true,
        Shape::Members(all) => {
            for (name, inner) in all {
                let step = Step::Field(name.clone());
                let mut below = FieldSet::default();
                let member = schema.as_ref().and_then(|it| it.member(name));
                let leaf = walk(inner, member, &mut below);
                // A key of a map is a choice of its own, where a member of a struct only leads further.
                let declared = schema.as_ref().is_some_and(|it| it.declares(name));
                if leaf || !declared {
                    set.members.insert(step.clone());
                }
                if !below.is_empty() {
                    set.children.insert(step, below);
                }
            }
            all.is_empty()
        }
        Shape::Items(items, list, item_schema) => {
            for (index, item) in items.iter().enumerate() {
                let step = item_step(item, list, item_schema.as_ref(), index);
                let mut below = FieldSet::default();
                walk(item, item_schema.clone(), &mut below);
                set.members.insert(step.clone());
                if !below.is_empty() {
                    set.children.insert(step, below);
                }
            }
            false
        }
    }
}

/// The set with the members of structs that lead to something in it.
pub(crate) fn with_named(set: &FieldSet, schema: &Arc<Schema>) -> FieldSet {
    let schema = schema.resolved();
    let mut out = FieldSet { members: set.members.clone(), children: BTreeMap::new() };
    for (step, below) in &set.children {
        let inner = match step {
            Step::Field(name) => {
                if schema.declares(name) {
                    out.members.insert(step.clone());
                }
                schema.member(name)
            }
            _ => schema.item(),
        };
        let below = match inner {
            Some(inner) => with_named(below, &inner),
            None => below.clone(),
        };
        out.children.insert(step.clone(), below);
    }
    out
}

//! Expressions as a tree, after macros were expanded. Places are counted in characters from the start of the text.

use std::sync::Arc;

/// A node.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub(crate) at: usize,
    pub(crate) depth: u32,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Arc<str>),
    Bytes(Arc<[u8]>),
    Ident(String),
    Select {
        operand: Box<Expr>,
        field: String,
        mode: Mode,
    },
    /// Operators too, as `_+_`.
    Call {
        name: String,
        target: Option<Box<Expr>>,
        args: Vec<Expr>,
    },
    /// Items, and whether each is left out when it is an empty optional.
    List(Vec<(Expr, bool)>),
    Map(Vec<(Expr, Expr, bool)>),
    Loop(Box<Loop>),
}

/// What a selection asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Value,
    /// `has(a.b)`
    Test,
    /// `a.?b`
    Optional,
}

/// A macro that evaluates an expression for each item of something, or for the value of an optional.
#[derive(Debug, Clone)]
pub(crate) struct Loop {
    pub(crate) what: What,
    pub(crate) range: Expr,
    /// One name for items or keys; two for index and item or key and value.
    pub(crate) names: Vec<String>,
    pub(crate) filter: Option<Expr>,
    pub(crate) body: Expr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
    TransformMap,
    TransformMapEntry,
    OptMap,
    OptFlatMap,
    SortBy,
}

impl Expr {
    pub(crate) fn new(at: usize, kind: Kind) -> Expr {
        let depth = 1 + match &kind {
            Kind::Select { operand, .. } => operand.depth,
            Kind::Call { target, args, .. } => {
                args.iter().chain(target.as_deref()).map(|it| it.depth).max().unwrap_or(0)
            }
            Kind::List(items) => items.iter().map(|it| it.0.depth).max().unwrap_or(0),
            Kind::Map(items) => items.iter().map(|it| it.0.depth.max(it.1.depth)).max().unwrap_or(0),
            Kind::Loop(it) => {
                let filter = it.filter.as_ref().map_or(0, |it| it.depth);
                it.range.depth.max(it.body.depth).max(filter)
            }
            _ => 0,
        };
        Expr { at, depth, kind }
    }

    pub(crate) fn call(at: usize, name: &str, args: Vec<Expr>) -> Expr {
        Expr::new(at, Kind::Call { name: name.to_owned(), target: None, args })
    }

    /// `a.b.c`, if it is nothing but names.
    pub(crate) fn qualified(&self) -> Option<String> {
        match &self.kind {
            Kind::Ident(name) => Some(name.clone()),
            Kind::Select { operand, field, mode: Mode::Value } => {
                Some(format!("{}.{field}", operand.qualified()?))
            }
            _ => None,
        }
    }
}

//! Calls that are no calls: `all`, `exists`, `map`, `filter` and the others bind names in their arguments.

use super::ast::{Expr, Kind, Loop, What};
use super::parse::{Parser, Stop};

/// The macros that are written as methods: name, how many names they bind, how many arguments follow.
const MACROS: &[(&str, usize, usize, What)] = &[
    ("all", 1, 1, What::All),
    ("exists", 1, 1, What::Exists),
    ("exists_one", 1, 1, What::ExistsOne),
    ("existsOne", 1, 1, What::ExistsOne),
    ("map", 1, 1, What::Map),
    ("map", 1, 2, What::Map),
    ("filter", 1, 1, What::Filter),
    ("all", 2, 1, What::All),
    ("exists", 2, 1, What::Exists),
    ("exists_one", 2, 1, What::ExistsOne),
    ("existsOne", 2, 1, What::ExistsOne),
    ("transformList", 2, 1, What::Map),
    ("transformList", 2, 2, What::Map),
    ("transformMap", 2, 1, What::TransformMap),
    ("transformMap", 2, 2, What::TransformMap),
    ("transformMapEntry", 2, 1, What::TransformMapEntry),
    ("transformMapEntry", 2, 2, What::TransformMapEntry),
    ("optMap", 1, 1, What::OptMap),
    ("optFlatMap", 1, 1, What::OptFlatMap),
    ("sortBy", 1, 1, What::SortBy),
];

/// The expansion of a method call, or its parts again when it is no macro.
pub(super) type Expanded = Result<Expr, (Expr, Vec<Expr>)>;

/// Expands a method call. The complaint about a bad one is with the parser.
pub(super) fn of_method(
    parser: &mut Parser,
    target: Expr,
    name: &str,
    args: Vec<Expr>,
    at: usize,
) -> Result<Expanded, Stop> {
    let found = MACROS.iter().find(|it| it.0 == name && it.1 + it.2 == args.len());
    let Some(&(_, count, rest, what)) = found else { return Ok(Err((target, args))) };
    let mut args = args.into_iter();
    let mut names = Vec::new();
    for argument in args.by_ref().take(count) {
        match argument.kind {
            Kind::Ident(name) => names.push(name),
            _ => return parser.fail(argument.at, "argument must be a simple name"),
        }
    }
    let filter = if rest == 2 { args.next() } else { None };
    let Some(body) = args.next() else { return Ok(Err((target, Vec::new()))) };
    let it = Loop { what, range: target, names, filter, body };
    Ok(Ok(Expr::new(at, Kind::Loop(Box::new(it)))))
}

//! Types of expressions: what is undeclared, what does not fit, before anything is evaluated.
//!
//! What a rule could cost is not estimated.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::Problem;
use super::ast::{Expr, Kind, Loop, Mode, What};
use super::types::{BOOL, INT, Known, Type, read};

/// A way to call a function.
struct Overload {
    is_method: bool,
    arguments: Vec<&'static str>,
    result: &'static str,
}

fn functions() -> &'static HashMap<&'static str, Vec<Overload>> {
    static ALL: OnceLock<HashMap<&'static str, Vec<Overload>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all: HashMap<&'static str, Vec<Overload>> = HashMap::new();
        let table: &'static str = include_str!("../../data/cel.tsv");
        for line in table.lines().filter(|it| !it.starts_with('#')) {
            let mut cells = line.split('\t');
            let (Some(name), Some(style), Some(arguments), Some(result)) =
                (cells.next(), cells.next(), cells.next(), cells.next())
            else {
                continue;
            };
            let arguments = arguments.split(',').filter(|it| !it.is_empty()).collect();
            all.entry(name).or_default().push(Overload { is_method: style == "m", arguments, result });
        }
        all
    })
}

/// Whether a dotted name is a function.
pub(crate) fn is_function(name: &str) -> bool {
    functions().contains_key(name)
}

/// The names of types are values too.
pub(crate) const TYPE_NAMES: &[&str] = &[
    "bool",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "list",
    "map",
    "null_type",
    "type",
    "dyn",
    "google.protobuf.Timestamp",
    "google.protobuf.Duration",
    "optional_type",
    "net.IP",
    "net.CIDR",
    "kubernetes.Quantity",
    "kubernetes.URL",
    "kubernetes.Semver",
    "kubernetes.NamedFormat",
];

struct Checker {
    known: Known,
    /// The innermost last.
    names: Vec<(String, Type)>,
    problems: Vec<Problem>,
}

/// The type of an expression where these names are declared.
pub(crate) fn check(expr: &Expr, names: Vec<(String, Type)>) -> Result<Type, Vec<Problem>> {
    let mut checker = Checker { known: Known::default(), names, problems: Vec::new() };
    let found = checker.expr(expr);
    let found = checker.known.resolve(&found);
    if checker.problems.is_empty() {
        literals(expr, &mut checker.problems);
    }
    if checker.problems.is_empty() { Ok(found) } else { Err(checker.problems) }
}

impl Checker {
    fn fail(&mut self, at: usize, message: String) -> Type {
        self.problems.push(Problem { at, message });
        Type::Error
    }

    fn undeclared(&mut self, at: usize, name: &str) -> Type {
        self.fail(at, format!("undeclared reference to '{name}' (in container '')"))
    }

    fn expr(&mut self, expr: &Expr) -> Type {
        let at = expr.at;
        match &expr.kind {
            Kind::Null => Type::Null,
            Kind::Bool(_) => BOOL,
            Kind::Int(_) => INT,
            Kind::Uint(_) => Type::Plain("uint"),
            Kind::Double(_) => Type::Plain("double"),
            Kind::Text(_) => Type::Plain("string"),
            Kind::Bytes(_) => Type::Plain("bytes"),
            Kind::Ident(name) => self.ident(name, at),
            Kind::Select { operand, field, mode } => self.select(expr, operand, field, *mode),
            Kind::Call { name, target, args } => self.call(name, target.as_deref(), args, at),
            Kind::List(items) => {
                let mut of: Option<Type> = None;
                for (item, optional) in items {
                    let found = self.expr(item);
                    let found = if *optional { self.unwrapped(&found) } else { found };
                    of = Some(self.joined(of, found, item.at));
                }
                let of = of.unwrap_or_else(|| self.known.fresh());
                Type::list(of)
            }
            Kind::Map(items) => {
                let (mut keys, mut values): (Option<Type>, Option<Type>) = (None, None);
                for (key, value, optional) in items {
                    let found = self.expr(key);
                    keys = Some(self.joined(keys, found, key.at));
                    let found = self.expr(value);
                    let found = if *optional { self.unwrapped(&found) } else { found };
                    values = Some(self.joined(values, found, value.at));
                }
                let keys = keys.unwrap_or_else(|| self.known.fresh());
                let values = values.unwrap_or_else(|| self.known.fresh());
                Type::map(keys, values)
            }
            Kind::Loop(it) => self.repeat(it, at),
        }
    }

    fn unwrapped(&mut self, of: &Type) -> Type {
        match self.known.resolve(of) {
            Type::Optional(it) => *it,
            other => other,
        }
    }

    /// Literals have items of one type.
    fn joined(&mut self, so_far: Option<Type>, found: Type, at: usize) -> Type {
        let Some(so_far) = so_far else { return found };
        if self.known.fits(&found, &so_far) {
            return so_far;
        }
        let (wanted, found) = (self.known.resolve(&so_far), self.known.resolve(&found));
        self.fail(at, format!("expected type '{wanted}' but found '{found}'"));
        so_far
    }

    fn ident(&mut self, name: &str, at: usize) -> Type {
        if let Some((_, found)) = self.names.iter().rev().find(|it| it.0 == name) {
            return found.clone();
        }
        if TYPE_NAMES.contains(&name) {
            return Type::Of(Box::new(Type::Dyn));
        }
        self.undeclared(at, name)
    }

    fn select(&mut self, whole: &Expr, operand: &Expr, field: &str, mode: Mode) -> Type {
        let is_name = |it: &str| TYPE_NAMES.contains(&it);
        if mode == Mode::Value && whole.qualified().as_deref().is_some_and(is_name) {
            return Type::Of(Box::new(Type::Dyn));
        }
        let found = self.expr(operand);
        let found = self.known.resolve(&found);
        let (inner, is_optional) = match found {
            Type::Optional(it) => (self.known.resolve(&it), true),
            other => (other, false),
        };
        let result = match &inner {
            Type::Map(_, value) => (**value).clone(),
            Type::Object(schema, is_resource) => match Type::field(schema, *is_resource, field) {
                Some(it) => it,
                None => self.fail(whole.at, format!("undefined field '{field}'")),
            },
            Type::Variable(_) => {
                self.known.fits(&Type::Dyn, &inner);
                Type::Dyn
            }
            Type::Dyn | Type::Error => Type::Dyn,
            other => {
                let message = format!("type '{other}' does not support field selection");
                self.fail(whole.at, message);
                Type::Dyn
            }
        };
        match mode {
            Mode::Test => BOOL,
            Mode::Optional => Type::optional(result),
            Mode::Value if is_optional => Type::optional(result),
            Mode::Value => result,
        }
    }

    fn call(&mut self, name: &str, target: Option<&Expr>, args: &[Expr], at: usize) -> Type {
        let qualified = target.and_then(Expr::qualified).map(|it| format!("{it}.{name}"));
        if let Some(full) = qualified.filter(|it| is_function(it)) {
            let given: Vec<Type> = args.iter().map(|it| self.expr(it)).collect();
            return self.resolve(&full, false, &given, at);
        }
        let mut given: Vec<Type> = Vec::new();
        let arguments: Vec<Type> = args.iter().map(|it| self.argument(name, it)).collect();
        if let Some(target) = target {
            given.push(self.expr(target));
        }
        given.extend(arguments);
        if matches!(name, "_&&_" | "_||_") {
            let mut fine = true;
            for (of, arg) in given.iter().zip(args) {
                if !self.known.fits(of, &BOOL) {
                    fine = false;
                    let of = self.known.resolve(of);
                    self.fail(arg.at, format!("expected type 'bool' but found '{of}'"));
                }
            }
            return if fine { BOOL } else { Type::Error };
        }
        if !is_function(name) {
            return self.undeclared(at, name);
        }
        self.resolve(name, target.is_some(), &given, at)
    }

    /// What is formatted may be of any types.
    fn argument(&mut self, name: &str, arg: &Expr) -> Type {
        match &arg.kind {
            Kind::List(items) if name == "format" => {
                for (item, _) in items {
                    self.expr(item);
                }
                Type::list(Type::Dyn)
            }
            _ => self.expr(arg),
        }
    }

    fn resolve(&mut self, name: &str, is_method: bool, given: &[Type], at: usize) -> Type {
        let overloads = functions().get(name).map(Vec::as_slice).unwrap_or_default();
        let mut result: Option<Type> = None;
        for overload in overloads {
            if overload.is_method != is_method || overload.arguments.len() != given.len() {
                continue;
            }
            let mut known = self.known.clone();
            let variables = [known.fresh(), known.fresh()];
            let fits = given
                .iter()
                .zip(&overload.arguments)
                .all(|(given, wanted)| known.fits(given, &read(wanted, &variables)));
            if !fits {
                continue;
            }
            self.known = known;
            let found = self.known.resolve(&read(overload.result, &variables));
            result = Some(match result {
                None => found,
                Some(before) if before.to_string() == found.to_string() => before,
                Some(_) => Type::Dyn,
            });
        }
        result.unwrap_or_else(|| {
            let all: Vec<String> = given.iter().map(|it| self.known.resolve(it).to_string()).collect();
            let signature = match (is_method, all.split_first()) {
                (true, Some((target, rest))) => format!("{target}.({})", rest.join(", ")),
                _ => format!("({})", all.join(", ")),
            };
            self.fail(at, format!("found no matching overload for '{name}' applied to '{signature}'"))
        })
    }

    fn repeat(&mut self, it: &Loop, at: usize) -> Type {
        let range = self.expr(&it.range);
        let range = self.known.resolve(&range);
        let two = it.names.len() == 2;
        let (first, second) = match (&range, it.what) {
            (Type::Optional(of), What::OptMap | What::OptFlatMap) => ((**of).clone(), Type::Dyn),
            (Type::List(of), _) if two => (INT, (**of).clone()),
            (Type::List(of), _) => ((**of).clone(), Type::Dyn),
            (Type::Map(key, value), _) => ((**key).clone(), (**value).clone()),
            (Type::Dyn | Type::Error | Type::Variable(_), _) => (Type::Dyn, Type::Dyn),
            (other, _) => {
                let message = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                self.fail(it.range.at, message);
                (Type::Error, Type::Error)
            }
        };
        let depth = self.names.len();
        for (name, of) in it.names.iter().zip([first.clone(), second]) {
            self.names.push((name.clone(), of));
        }
        if let Some(filter) = &it.filter {
            let found = self.expr(filter);
            self.boolean(&found, filter);
        }
        let body = self.expr(&it.body);
        self.names.truncate(depth);
        match it.what {
            What::All | What::Exists | What::ExistsOne => {
                self.boolean(&body, &it.body);
                BOOL
            }
            What::Filter => {
                self.boolean(&body, &it.body);
                Type::list(first)
            }
            What::Map => Type::list(body),
            What::SortBy => Type::list(first),
            What::TransformMap => match range {
                Type::Map(key, _) => Type::Map(key, Box::new(body)),
                Type::List(_) => Type::map(INT, body),
                _ => Type::map(Type::Dyn, body),
            },
            What::TransformMapEntry => match self.known.resolve(&body) {
                it @ (Type::Map(..) | Type::Dyn | Type::Error) => it,
                other => {
                    let message = format!("expected type 'map(dyn, dyn)' but found '{other}'");
                    self.fail(at, message)
                }
            },
            What::OptMap => Type::optional(body),
            What::OptFlatMap => body,
        }
    }

    fn boolean(&mut self, found: &Type, expr: &Expr) {
        if !self.known.fits(found, &BOOL) {
            let found = self.known.resolve(found);
            self.fail(expr.at, format!("expected type 'bool' but found '{found}'"));
        }
    }
}

/// Literal patterns, durations and times are judged without waiting for a value.
fn literals(expr: &Expr, problems: &mut Vec<Problem>) {
    let mut walk = |all: &[&Expr]| all.iter().for_each(|it| literals(it, problems));
    match &expr.kind {
        Kind::Select { operand, .. } => walk(&[operand]),
        Kind::List(items) => items.iter().for_each(|it| literals(&it.0, problems)),
        Kind::Map(items) => items.iter().for_each(|it| {
            literals(&it.0, problems);
            literals(&it.1, problems);
        }),
        Kind::Loop(it) => {
            walk(&[&it.range, &it.body]);
            if let Some(filter) = &it.filter {
                literals(filter, problems);
            }
        }
        Kind::Call { name, target, args } => {
            walk(&target.iter().map(|it| &**it).chain(args).collect::<Vec<_>>());
            let last = args.last();
            let Some((at, text)) = last.and_then(|it| match &it.kind {
                Kind::Text(text) => Some((it.at, text)),
                _ => None,
            }) else {
                return;
            };
            let fine = match (name.as_str(), args.len(), target.is_some()) {
                ("matches", 1, true) | ("matches", 2, false) => {
                    crate::schema::go_regex::compile(text).is_ok()
                }
                ("duration", 1, false) => super::time::duration(text).is_some(),
                ("timestamp", 1, false) => super::time::timestamp(text).is_some(),
                _ => true,
            };
            if !fine {
                problems.push(Problem { at, message: format!("invalid {name} argument") });
            }
        }
        _ => {}
    }
}

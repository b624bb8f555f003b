//! Evaluation, bounded: every step and every item that is looked at is paid for from a budget.
//!
//! Types were checked before; what only a value can tell (missing keys, overflows) is an error here.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::{Expr, Kind, Loop, Mode, What};
use super::check::{TYPE_NAMES, is_function};
use super::functions;
use super::value::{Key, List, Val, compare, same};
use crate::schema::ListKind;

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fail {
    /// In the real server's words.
    Error(String),
    /// The budget is spent.
    Budget,
}

pub(crate) type Found = Result<Val, Fail>;

pub(crate) fn error<T>(message: impl Into<String>) -> Result<T, Fail> {
    Err(Fail::Error(message.into()))
}

pub(crate) fn no_overload<T>() -> Result<T, Fail> {
    error("no such overload")
}

/// An evaluation under way.
pub(crate) struct Eval {
    pub(crate) budget: u64,
    /// The innermost last.
    names: Vec<(String, Val)>,
}

impl Eval {
    pub(crate) fn new(names: Vec<(String, Val)>, budget: u64) -> Eval {
        Eval { budget, names }
    }

    /// Pays for work.
    pub(crate) fn pay(&mut self, cost: u64) -> Result<(), Fail> {
        match self.budget.checked_sub(cost) {
            Some(rest) => {
                self.budget = rest;
                Ok(())
            }
            None => {
                self.budget = 0;
                Err(Fail::Budget)
            }
        }
    }

    pub(crate) fn run(&mut self, expr: &Expr) -> Found {
        self.pay(1)?;
        match &expr.kind {
            Kind::Null => Ok(Val::Null),
            Kind::Bool(it) => Ok(Val::Bool(*it)),
            Kind::Int(it) => Ok(Val::Int(*it)),
            Kind::Uint(it) => Ok(Val::Uint(*it)),
            Kind::Double(it) => Ok(Val::Double(*it)),
            Kind::Text(it) => Ok(Val::Text(it.clone())),
            Kind::Bytes(it) => Ok(Val::Bytes(it.clone())),
            Kind::Ident(name) => self.name(name),
            Kind::Select { operand, field, mode } => self.select(expr, operand, field, *mode),
            Kind::Call { name, target, args } => self.call(name, target.as_deref(), args),
            Kind::List(items) => {
                let mut all = Vec::with_capacity(items.len());
                for (item, optional) in items {
                    match self.run(item)? {
                        Val::Optional(it) if *optional => all.extend(it.map(|it| (*it).clone())),
                        it => all.push(it),
                    }
                }
                Ok(Val::list(all))
            }
            Kind::Map(items) => {
                let mut all = BTreeMap::new();
                for (key, value, optional) in items {
                    let Some(key) = self.run(key)?.key() else { return error("unsupported key type") };
                    let value = match self.run(value)? {
                        Val::Optional(None) if *optional => continue,
                        Val::Optional(Some(it)) if *optional => (*it).clone(),
                        it => it,
                    };
                    if all.insert(key, value).is_some() {
                        return error("Failed with repeated key");
                    }
                }
                Ok(Val::Map(Arc::new(all)))
            }
            Kind::Loop(it) => self.repeat(it),
        }
    }

    fn name(&self, name: &str) -> Found {
        if let Some((_, value)) = self.names.iter().rev().find(|it| it.0 == name) {
            return Ok(value.clone());
        }
        match TYPE_NAMES.iter().find(|it| **it == name) {
            Some(it) => Ok(Val::Type(it)),
            None => error(format!("no such attribute(s): {name}")),
        }
    }

    fn select(&mut self, whole: &Expr, operand: &Expr, field: &str, mode: Mode) -> Found {
        let named = whole.qualified().and_then(|it| TYPE_NAMES.iter().find(|name| **name == it));
        if let (Mode::Value, Some(name)) = (mode, named) {
            return Ok(Val::Type(name));
        }
        let found = self.run(operand)?;
        let (found, inside_optional) = match found {
            Val::Optional(None) => {
                return Ok(if mode == Mode::Test { Val::Bool(false) } else { Val::Optional(None) });
            }
            Val::Optional(Some(it)) => ((*it).clone(), true),
            it => (it, false),
        };
        let value = match &found {
            Val::Object(all) => all.get(field).or_else(|| all.get(&format!("__{field}__"))).cloned(),
            Val::Map(all) => all.get(&Key::Text(Arc::from(field))).cloned(),
            _ if mode == Mode::Test => return no_overload(),
            _ => return error(format!("no such key: {field}")),
        };
        match (mode, value) {
            (Mode::Test, it) => Ok(Val::Bool(it.is_some())),
            (Mode::Optional, it) => Ok(Val::Optional(it.map(Arc::new))),
            (Mode::Value, it) if inside_optional => Ok(Val::Optional(it.map(Arc::new))),
            (Mode::Value, Some(it)) => Ok(it),
            (Mode::Value, None) => error(format!("no such key: {field}")),
        }
    }

    fn call(&mut self, name: &str, target: Option<&Expr>, args: &[Expr]) -> Found {
        match (name, args) {
            ("_&&_", [one, other]) => return self.logic(one, other, false),
            ("_||_", [one, other]) => return self.logic(one, other, true),
            ("_?_:_", [condition, yes, no]) => {
                return match self.run(condition)? {
                    Val::Bool(true) => self.run(yes),
                    Val::Bool(false) => self.run(no),
                    _ => no_overload(),
                };
            }
            ("_==_", [one, other]) => {
                let (one, other) = (self.run(one)?, self.run(other)?);
                self.pay(one.weight().min(other.weight()))?;
                return self.equal(&one, &other).map(Val::Bool);
            }
            ("_!=_", [one, other]) => {
                let (one, other) = (self.run(one)?, self.run(other)?);
                self.pay(one.weight().min(other.weight()))?;
                return self.equal(&one, &other).map(|it| Val::Bool(!it));
            }
            _ => {}
        }
        let full = target.and_then(Expr::qualified).map(|it| format!("{it}.{name}"));
        let mut given = Vec::with_capacity(args.len() + 1);
        let name = match full.filter(|it| is_function(it)) {
            Some(full) => full,
            None => {
                if let Some(target) = target {
                    // `a.or(b)` does not look at `b` when it has what it needs.
                    let found = self.run(target)?;
                    match (&found, name) {
                        (Val::Optional(Some(_)), "or") => return Ok(found),
                        (Val::Optional(Some(it)), "orValue") => return Ok((**it).clone()),
                        _ => given.push(found),
                    }
                }
                name.to_owned()
            }
        };
        for arg in args {
            given.push(self.run(arg)?);
        }
        functions::call(self, &name, &given)
    }

    /// Deep values are paid for as they are compared.
    fn equal(&mut self, one: &Val, other: &Val) -> Result<bool, Fail> {
        self.pay(deep(one, 0).min(deep(other, 0)))?;
        Ok(same(one, other))
    }

    /// One side that decides makes the other one's error harmless.
    fn logic(&mut self, one: &Expr, other: &Expr, decides: bool) -> Found {
        let first = self.run(one);
        match first {
            Ok(Val::Bool(it)) if it == decides => return Ok(Val::Bool(decides)),
            Err(Fail::Budget) => return Err(Fail::Budget),
            _ => {}
        }
        let second = self.run(other);
        match (first, second) {
            (_, Ok(Val::Bool(it))) if it == decides => Ok(Val::Bool(decides)),
            (_, Err(Fail::Budget)) => Err(Fail::Budget),
            (Err(why), _) | (_, Err(why)) => Err(why),
            (Ok(Val::Bool(_)), Ok(Val::Bool(_))) => Ok(Val::Bool(!decides)),
            _ => no_overload(),
        }
    }

    fn repeat(&mut self, it: &Loop) -> Found {
        let range = self.run(&it.range)?;
        if let Val::Optional(value) = &range {
            let Some(value) = value else { return Ok(Val::Optional(None)) };
            let found = self.with(it, &[(**value).clone()], &it.body)?;
            return Ok(if it.what == What::OptMap { Val::some(found) } else { found });
        }
        let two = it.names.len() == 2;
        let items: Vec<Vec<Val>> = match &range {
            Val::List(list) => list
                .items
                .iter()
                .enumerate()
                .map(|(index, value)| match two {
                    true => vec![Val::Int(i64::try_from(index).unwrap_or(i64::MAX)), value.clone()],
                    false => vec![value.clone()],
                })
                .collect(),
            Val::Map(all) => all.iter().map(|(key, value)| pair(of_key(key), value, two)).collect(),
            Val::Object(all) => all.iter().map(|(key, value)| pair(Val::text(key), value, two)).collect(),
            _ => return no_overload(),
        };
        self.pay(items.len() as u64)?;
        match it.what {
            What::All | What::Exists => self.quantifier(it, &items, it.what == What::Exists),
            What::ExistsOne => {
                let mut count = 0;
                for item in &items {
                    count += usize::from(self.decides(it, item, &it.body)?);
                }
                Ok(Val::Bool(count == 1))
            }
            What::Filter => {
                let mut all = Vec::new();
                for item in items {
                    if self.decides(it, &item, &it.body)? {
                        all.extend(item.into_iter().next());
                    }
                }
                Ok(Val::list(all))
            }
            What::Map => {
                let mut all = Vec::new();
                for item in &items {
                    if self.passes(it, item)? {
                        all.push(self.with(it, item, &it.body)?);
                    }
                }
                Ok(Val::list(all))
            }
            What::TransformMap | What::TransformMapEntry => self.transform(it, &items),
            What::SortBy => {
                let mut all = Vec::new();
                for item in items {
                    let key = self.with(it, &item, &it.body)?;
                    all.extend(item.into_iter().next().map(|it| (key, it)));
                }
                all.sort_by(|one, other| compare(&one.0, &other.0).unwrap_or(std::cmp::Ordering::Equal));
                Ok(Val::list(all.into_iter().map(|it| it.1).collect()))
            }
            What::OptMap | What::OptFlatMap => no_overload(),
        }
    }

    fn quantifier(&mut self, it: &Loop, items: &[Vec<Val>], decides: bool) -> Found {
        let mut failed = None;
        for item in items {
            match self.with(it, item, &it.body) {
                Ok(Val::Bool(found)) if found == decides => return Ok(Val::Bool(decides)),
                Ok(Val::Bool(_)) => {}
                Ok(_) => failed = failed.or(Some(Fail::Error("no such overload".to_owned()))),
                Err(Fail::Budget) => return Err(Fail::Budget),
                Err(why) => failed = failed.or(Some(why)),
            }
        }
        match failed {
            Some(why) => Err(why),
            None => Ok(Val::Bool(!decides)),
        }
    }

    fn transform(&mut self, it: &Loop, items: &[Vec<Val>]) -> Found {
        let mut all = BTreeMap::new();
        for item in items {
            if !self.passes(it, item)? {
                continue;
            }
            let found = self.with(it, item, &it.body)?;
            match (it.what, found) {
                (What::TransformMapEntry, Val::Map(entry)) => {
                    for (key, value) in entry.iter() {
                        if all.insert(key.clone(), value.clone()).is_some() {
                            return error(format!("insert failed: key {} already exists", shown(key)));
                        }
                    }
                }
                (What::TransformMapEntry, _) => return no_overload(),
                (_, found) => {
                    let Some(key) = item.first().and_then(Val::key) else { return no_overload() };
                    all.insert(key, found);
                }
            }
        }
        Ok(Val::Map(Arc::new(all)))
    }

    fn passes(&mut self, it: &Loop, item: &[Val]) -> Result<bool, Fail> {
        match &it.filter {
            Some(filter) => self.decides(it, item, filter),
            None => Ok(true),
        }
    }

    fn decides(&mut self, it: &Loop, item: &[Val], expr: &Expr) -> Result<bool, Fail> {
        match self.with(it, item, expr)? {
            Val::Bool(it) => Ok(it),
            _ => no_overload(),
        }
    }

    /// Evaluates with the names of a loop bound to an item.
    fn with(&mut self, it: &Loop, item: &[Val], expr: &Expr) -> Found {
        let depth = self.names.len();
        self.names.extend(it.names.iter().cloned().zip(item.iter().cloned()));
        let found = self.run(expr);
        self.names.truncate(depth);
        found
    }
}

fn pair(key: Val, value: &Val, two: bool) -> Vec<Val> {
    if two { vec![key, value.clone()] } else { vec![key] }
}

pub(crate) fn of_key(key: &Key) -> Val {
    match key {
        Key::Bool(it) => Val::Bool(*it),
        Key::Int(it) => Val::Int(*it),
        Key::Uint(it) => Val::Uint(*it),
        Key::Text(it) => Val::Text(it.clone()),
    }
}

fn shown(key: &Key) -> String {
    match key {
        Key::Bool(it) => it.to_string(),
        Key::Int(it) => it.to_string(),
        Key::Uint(it) => it.to_string(),
        Key::Text(it) => it.to_string(),
    }
}

/// The work of comparing all of a value; sets are compared item by item.
fn deep(value: &Val, depth: u32) -> u64 {
    if depth > 200 {
        return 1;
    }
    let sum = |all: &mut dyn Iterator<Item = &Val>| {
        all.fold(1_u64, |sum, it| sum.saturating_add(deep(it, depth + 1)))
    };
    match value {
        Val::List(it) => {
            let List { items, kind } = &**it;
            let once = sum(&mut items.iter());
            if *kind == ListKind::Atomic { once } else { once.saturating_mul(items.len() as u64 + 1) / 2 }
        }
        Val::Map(it) => sum(&mut it.values()),
        Val::Object(it) => sum(&mut it.values()),
        other => other.weight(),
    }
}

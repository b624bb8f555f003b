//! Lists, maps, sets and optionals.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::cel::eval::{Eval, Fail, Found, error, no_overload};
use crate::cel::value::{Key, Val, compare, same};

const MOST: u64 = 1_000_000;

pub(super) fn call(eval: &mut Eval, name: &str, args: &[Val]) -> Option<Found> {
    Some(match (name, args) {
        ("_[_]" | "_[?_]", [of, index]) => at(of, index, name == "_[?_]"),
        ("@in", [item, Val::List(list)]) => Ok(Val::Bool(list.items.iter().any(|it| same(it, item)))),
        ("@in", [item, Val::Map(all)]) => Ok(Val::Bool(item.key().is_some_and(|it| all.contains_key(&it)))),
        ("@in", [Val::Text(name), Val::Object(all)]) => Ok(Val::Bool(all.contains_key(&**name))),
        ("size", [Val::List(it)]) => size(it.items.len()),
        ("size", [Val::Map(it)]) => size(it.len()),
        ("size", [Val::Text(it)]) => size(it.chars().count()),
        ("size", [Val::Bytes(it)]) => size(it.len()),
        ("optional.of", [it]) => Ok(Val::some(it.clone())),
        ("optional.ofNonZeroValue", [it]) => {
            Ok(if is_zero(it) { Val::Optional(None) } else { Val::some(it.clone()) })
        }
        ("optional.none", []) => Ok(Val::Optional(None)),
        ("hasValue", [Val::Optional(it)]) => Ok(Val::Bool(it.is_some())),
        ("value", [Val::Optional(it)]) => match it {
            Some(it) => Ok((**it).clone()),
            None => error("optional.none() dereference"),
        },
        ("or", [Val::Optional(None), other]) | ("orValue", [Val::Optional(None), other]) => Ok(other.clone()),
        ("optional.unwrap" | "unwrapOpt", [Val::List(list)]) => {
            let values = list.items.iter().filter_map(|it| match it {
                Val::Optional(it) => it.as_deref().cloned(),
                other => Some(other.clone()),
            });
            Ok(Val::list(values.collect()))
        }
        ("sets.contains" | "sets.equivalent" | "sets.intersects", [Val::List(one), Val::List(other)]) => {
            let work = (one.items.len() as u64).saturating_mul(other.items.len() as u64);
            if let Err(fail) = eval.pay(work) {
                return Some(Err(fail));
            }
            let has = |all: &[Val], it: &Val| all.iter().any(|other| same(it, other));
            let covers = |all: &[Val], part: &[Val]| part.iter().all(|it| has(all, it));
            Ok(Val::Bool(match name {
                "sets.contains" => covers(&one.items, &other.items),
                "sets.equivalent" => covers(&one.items, &other.items) && covers(&other.items, &one.items),
                _ => other.items.iter().any(|it| has(&one.items, it)),
            }))
        }
        ("lists.range", [Val::Int(count)]) => range(eval, *count),
        (_, [Val::List(list), rest @ ..]) => return of_list(eval, name, &list.items, rest),
        _ => return None,
    })
}

fn size(of: usize) -> Found {
    Ok(Val::Int(i64::try_from(of).unwrap_or(i64::MAX)))
}

fn is_zero(value: &Val) -> bool {
    match value {
        Val::Null => true,
        Val::Bool(it) => !it,
        Val::Int(it) | Val::Duration(it) => *it == 0,
        Val::Uint(it) => *it == 0,
        Val::Double(it) => *it == 0.0,
        Val::Text(it) => it.is_empty(),
        Val::Bytes(it) => it.is_empty(),
        Val::List(it) => it.items.is_empty(),
        Val::Map(it) => it.is_empty(),
        Val::Object(it) => it.is_empty(),
        _ => false,
    }
}

fn at(of: &Val, index: &Val, optional: bool) -> Found {
    let (of, wrap) = match of {
        Val::Optional(None) => return Ok(Val::Optional(None)),
        Val::Optional(Some(it)) => (&**it, true),
        it => (it, optional),
    };
    let found = match (of, index.key()) {
        (Val::List(list), Some(Key::Int(index))) => {
            let item = usize::try_from(index).ok().and_then(|it| list.items.get(it));
            item.cloned().ok_or_else(|| format!("index out of bounds: {index}"))
        }
        (Val::Map(all), Some(key)) => all.get(&key).cloned().ok_or_else(|| missing(&key)),
        (Val::Object(all), Some(Key::Text(name))) => {
            all.get(&*name).cloned().ok_or_else(|| format!("no such key: {name}"))
        }
        _ => return no_overload(),
    };
    match (found, wrap) {
        (found, true) => Ok(Val::Optional(found.ok().map(Arc::new))),
        (Ok(it), false) => Ok(it),
        (Err(why), false) => error(why),
    }
}

fn missing(key: &Key) -> String {
    match key {
        Key::Bool(it) => format!("no such key: {it}"),
        Key::Int(it) => format!("no such key: {it}"),
        Key::Uint(it) => format!("no such key: {it}"),
        Key::Text(it) => format!("no such key: {it}"),
    }
}

fn range(eval: &mut Eval, count: i64) -> Found {
    let Ok(size) = u64::try_from(count) else {
        return error(format!("lists.range: size must be non-negative, got {count}"));
    };
    if size > MOST {
        return error(format!("lists.range: size {count} exceeds maximum allowed ({MOST})"));
    }
    eval.pay(size)?;
    Ok(Val::list((0..count).map(Val::Int).collect()))
}

fn of_list(eval: &mut Eval, name: &str, items: &[Val], rest: &[Val]) -> Option<Found> {
    let place = |at: Option<usize>| Val::Int(at.and_then(|it| i64::try_from(it).ok()).unwrap_or(-1));
    Some(match (name, rest) {
        ("isSorted", []) => {
            let sorted = items.windows(2).all(|pair| match pair {
                [one, other] => compare(one, other).is_none_or(Ordering::is_le),
                _ => true,
            });
            Ok(Val::Bool(sorted))
        }
        ("min" | "max", []) => {
            let wanted = if name == "min" { Ordering::Less } else { Ordering::Greater };
            let mut best: Option<&Val> = None;
            for item in items {
                if best.is_none_or(|it| compare(item, it) == Some(wanted)) {
                    best = Some(item);
                }
            }
            best.map_or_else(|| error(format!("{name} called on empty list")), |it| Ok(it.clone()))
        }
        ("sum", []) => {
            let mut all = items.iter();
            let Some(first) = all.next() else { return Some(Ok(Val::Int(0))) };
            all.try_fold(first.clone(), |sum, it| {
                super::numbers::call("_+_", &[sum, it.clone()]).unwrap_or_else(no_overload)
            })
        }
        ("indexOf", [it]) => Ok(place(items.iter().position(|other| same(other, it)))),
        ("lastIndexOf", [it]) => Ok(place(items.iter().rposition(|other| same(other, it)))),
        ("first", []) => Ok(Val::Optional(items.first().cloned().map(Arc::new))),
        ("last", []) => Ok(Val::Optional(items.last().cloned().map(Arc::new))),
        ("reverse", []) => Ok(Val::list(items.iter().rev().cloned().collect())),
        ("slice", [Val::Int(start), Val::Int(end)]) => slice(items, *start, *end),
        ("sort", []) => {
            let mut all = items.to_vec();
            all.sort_by(|one, other| compare(one, other).unwrap_or(Ordering::Equal));
            Ok(Val::list(all))
        }
        ("distinct", []) => {
            let mut all: Vec<Val> = Vec::new();
            for item in items {
                if let Err(fail) = eval.pay(all.len() as u64) {
                    return Some(Err(fail));
                }
                if !all.iter().any(|it| same(it, item)) {
                    all.push(item.clone());
                }
            }
            Ok(Val::list(all))
        }
        ("flatten", []) => flat(eval, items, 1),
        ("flatten", [Val::Int(levels)]) => match u32::try_from(*levels) {
            Ok(levels) => flat(eval, items, levels.min(100)),
            Err(_) => error("level must be non-negative"),
        },
        _ => return None,
    })
}

fn slice(items: &[Val], start: i64, end: i64) -> Found {
    let what = format!("cannot slice({start}, {end})");
    let (Ok(from), Ok(to)) = (usize::try_from(start), usize::try_from(end)) else {
        return error(format!("{what}, negative indexes not supported"));
    };
    if from > to {
        return error(format!("{what}, start index must be less than or equal to end index"));
    }
    match items.get(from..to) {
        Some(part) => Ok(Val::list(part.to_vec())),
        None => error(format!("{what}, list is length {}", items.len())),
    }
}

fn flat(eval: &mut Eval, items: &[Val], levels: u32) -> Found {
    fn walk(eval: &mut Eval, items: &[Val], levels: u32, out: &mut Vec<Val>) -> Result<(), Fail> {
        eval.pay(items.len() as u64)?;
        for item in items {
            match item {
                Val::List(inner) if levels > 0 => walk(eval, &inner.items, levels - 1, out)?,
                other => out.push(other.clone()),
            }
        }
        Ok(())
    }
    let mut out = Vec::new();
    walk(eval, items, levels, &mut out)?;
    Ok(Val::list(out))
}

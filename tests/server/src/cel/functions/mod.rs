//! The functions of the language and of Kubernetes' libraries, by name and by the values that they get.

mod convert;
mod lists;
mod net;
mod numbers;
pub(crate) mod semver;
mod strings;
mod times;

use super::eval::{Eval, Found, no_overload};
use super::value::Val;

/// Calls a function. The target of a method is the first of the values.
pub(crate) fn call(eval: &mut Eval, name: &str, args: &[Val]) -> Found {
    let weight = args.iter().fold(1_u64, |sum, it| sum.saturating_add(it.weight()));
    // Types and sizes are known without looking inside.
    eval.pay(if matches!(name, "type" | "dyn" | "size") { 1 } else { weight })?;
    let found = numbers::call(name, args)
        .or_else(|| lists::call(eval, name, args))
        .or_else(|| strings::call(eval, name, args))
        .or_else(|| convert::call(name, args))
        .or_else(|| times::call(name, args))
        .or_else(|| net::call(name, args))
        .or_else(|| semver::call(name, args));
    found.unwrap_or_else(no_overload)
}

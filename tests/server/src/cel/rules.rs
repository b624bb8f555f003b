//! `x-kubernetes-validations`: the rules of a schema, compiled once and asked of every object.

use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use super::ast::{Expr, Kind};
use super::eval::{Eval, Fail};
use super::types::{STRING, Type};
use super::value::Val;
use super::{Program, compile};
use crate::crd::check::path;
use crate::failure::{Cause, shown};
use crate::schema::Schema;
use crate::schema::validate::correlate::{Pair, same_item};

/// What one rule may cost, and all rules of a request.
const PER_CALL: u64 = 1_000_000;
const PER_REQUEST: u64 = 10_000_000;
const LONGEST_MESSAGE: usize = 5 * 1024;

/// A rule.
#[derive(Debug)]
pub(crate) struct Rule {
    source: String,
    message: String,
    reason: Option<String>,
    /// As causes write it.
    field_path: String,
    optional_old_self: bool,
    pub(crate) program: Result<Expr, String>,
    pub(crate) message_program: Option<Result<Expr, String>>,
    pub(crate) uses_old_self: bool,
}

/// The rules of one node, compiled when they are first asked for.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    given: Vec<Value>,
    /// What `fieldPath` is looked up in.
    schema: Value,
    compiled: OnceLock<Vec<Rule>>,
}

impl Rules {
    pub(crate) fn read(node: &Map<String, Value>) -> Rules {
        let given =
            node.get("x-kubernetes-validations").and_then(Value::as_array).cloned().unwrap_or_default();
        let has_path = given.iter().any(|it| it["fieldPath"].is_string());
        let schema = if has_path { Value::Object(node.clone()) } else { Value::Null };
        Rules { given, schema, compiled: OnceLock::new() }
    }

    fn compiled(&self, schema: &Arc<Schema>, is_resource: bool) -> &[Rule] {
        let make = |it: &Value| {
            let mut rule = Rule::compile(it, schema, is_resource);
            let path = it["fieldPath"].as_str().unwrap_or_default();
            if !path.is_empty() {
                rule.field_path =
                    path::resolve(path, &self.schema, true).map(|it| it.path).unwrap_or_default();
            }
            rule
        };
        self.compiled.get_or_init(|| self.given.iter().map(make).collect())
    }
}

impl Rule {
    /// Compiles a rule of a node; complaints are kept in it.
    pub(crate) fn compile(given: &Value, schema: &Arc<Schema>, is_resource: bool) -> Rule {
        let text = |name: &str| given[name].as_str().unwrap_or_default().to_owned();
        let optional = given["optionalOldSelf"] == true;
        let own = Type::of_schema(schema, is_resource);
        let mut rule = Rule {
            source: text("rule").trim().to_owned(),
            message: text("message").trim().to_owned(),
            reason: given["reason"].as_str().map(str::to_owned),
            field_path: String::new(),
            optional_old_self: optional,
            program: Err("failed to convert to declType for CEL validation rules".to_owned()),
            message_program: None,
            uses_old_self: false,
        };
        let Some(own) = own else { return rule };
        let old = if optional { Type::optional(own.clone()) } else { own.clone() };
        let names = || vec![("self".to_owned(), own.clone()), ("oldSelf".to_owned(), old.clone())];
        rule.program = match compile(&text("rule"), names()) {
            Err(why) => Err(format!("compilation failed: {why}")),
            Ok(Program { result, .. }) if !result.is("bool") => {
                Err("cel expression must evaluate to a bool".to_owned())
            }
            Ok(it) => Ok(it.expr),
        };
        let Ok(program) = &rule.program else { return rule };
        rule.uses_old_self = mentions(program, "oldSelf");
        let message = text("messageExpression");
        if !message.is_empty() {
            rule.message_program = Some(match compile(&message, names()) {
                Err(why) => Err(format!("messageExpression compilation failed: {why}")),
                Ok(it) if it.result.to_string() != STRING.to_string() => {
                    Err("messageExpression must evaluate to a string".to_owned())
                }
                Ok(it) => Ok(it.expr),
            });
        }
        rule
    }

    fn told(&self) -> &str {
        if self.message.is_empty() { &self.source } else { &self.message }
    }
}

fn mentions(expr: &Expr, name: &str) -> bool {
    let any = |it: &Expr| mentions(it, name);
    match &expr.kind {
        Kind::Ident(it) => it == name,
        Kind::Select { operand, .. } => any(operand),
        Kind::Call { target, args, .. } => target.iter().any(|it| any(it)) || args.iter().any(any),
        Kind::List(items) => items.iter().any(|it| any(&it.0)),
        Kind::Map(items) => items.iter().any(|it| any(&it.0) || any(&it.1)),
        Kind::Loop(it) => any(&it.range) || any(&it.body) || it.filter.iter().any(any),
        _ => false,
    }
}

/// Whether a schema has rules anywhere.
pub(crate) fn any(schema: &Arc<Schema>) -> bool {
    schema.custom
        && (!schema.rules.cel.given.is_empty()
            || schema.properties.values().any(any)
            || schema.declared.values().any(any)
            || schema.items.iter().any(any)
            || schema.additional.iter().any(any))
}

/// Compiles all rules of a resource's schema.
pub(crate) fn prepare(schema: &Arc<Schema>) {
    if !schema.custom {
        return;
    }
    schema.rules.cel.compiled(schema, schema.is_resource || schema.embedded);
    schema.properties.values().chain(&schema.items).chain(&schema.additional).for_each(prepare);
}

/// What an object's rules say, and what is only warned of because it was so before.
pub(crate) fn check_object(
    new: &Value,
    old: Option<&Value>,
    schema: &Arc<Schema>,
) -> (Vec<Cause>, Vec<String>) {
    let mut walk = Walk::new();
    let related = Related { current: old.map(|old| Pair { new, old }), nearest: None };
    walk.node(new, old, schema, "", related);
    (walk.causes, walk.warnings)
}

/// What the rules of a default value say, as if it had been there before and as if it were new.
pub(crate) fn check(value: &Value, schema: &Arc<Schema>, base: &str) -> Vec<Cause> {
    for old in [Some(value), None] {
        let mut walk = Walk::new();
        walk.node(value, old, schema, base, Related { current: None, nearest: None });
        if !walk.causes.is_empty() {
            return walk.causes;
        }
    }
    Vec::new()
}

/// A value and what it was; where that cannot be told, the same of what is around it.
#[derive(Clone, Copy)]
struct Related<'a> {
    current: Option<Pair<'a>>,
    nearest: Option<(Pair<'a>, &'a Arc<Schema>)>,
}

impl<'a> Related<'a> {
    fn is_same(&self, schema: &Arc<Schema>) -> bool {
        match (self.current, self.nearest) {
            (Some(pair), _) => pair.is_same(schema),
            (None, Some((pair, schema))) => pair.is_same(schema),
            (None, None) => false,
        }
    }

    fn inside(
        &self,
        schema: &'a Arc<Schema>,
        next: impl FnOnce(Pair<'a>) -> Option<Pair<'a>>,
    ) -> Related<'a> {
        match self.current {
            Some(pair) => Related { current: next(pair), nearest: Some((pair, schema)) },
            None => *self,
        }
    }
}

struct Walk {
    budget: u64,
    causes: Vec<Cause>,
    warnings: Vec<String>,
    stopped: bool,
}

impl Walk {
    fn new() -> Walk {
        Walk { budget: PER_REQUEST, causes: Vec::new(), warnings: Vec::new(), stopped: false }
    }

    fn node<'a>(
        &mut self,
        value: &'a Value,
        old: Option<&'a Value>,
        schema: &'a Arc<Schema>,
        at: &str,
        related: Related<'a>,
    ) {
        if self.stopped || value.is_null() || !schema.custom {
            return;
        }
        self.rules(value, old.filter(|it| !it.is_null()), schema, at, &related);
        match value {
            Value::Object(all) => {
                for (name, inner) in all {
                    let (schema_of, place) = match (schema.properties.get(name), &schema.additional) {
                        (Some(it), _) => (it, join(at, name)),
                        (None, Some(it)) => (it, format!("{at}[{name}]")),
                        _ => continue,
                    };
                    let before = old.and_then(|it| it.get(name));
                    let hidden = at.is_empty() && matches!(name.as_str(), "apiVersion" | "kind");
                    let next = related.inside(schema, |it| it.member(name).filter(|_| !hidden));
                    self.node(inner, before, schema_of, &place, next);
                }
            }
            Value::Array(items) => {
                let Some(inner) = &schema.items else { return };
                for (index, item) in items.iter().enumerate() {
                    let before = old.and_then(|it| same_item(item, it, schema));
                    let next = related.inside(schema, |it| it.item(schema, index));
                    self.node(item, before, inner, &format!("{at}[{index}]"), next);
                }
            }
            _ => {}
        }
    }

    fn rules(
        &mut self,
        value: &Value,
        old: Option<&Value>,
        schema: &Arc<Schema>,
        at: &str,
        related: &Related<'_>,
    ) {
        let is_resource = schema.is_resource || schema.embedded;
        let rules = schema.rules.cel.compiled(schema, is_resource);
        if rules.is_empty() {
            return;
        }
        let field = if at.is_empty() { "<nil>" } else { at };
        let kind = Value::from(schema.kind.as_deref().unwrap_or_default());
        if self.budget == 0 {
            let say = "validation failed due to running out of cost budget, no further validation rules will be run";
            self.causes.push(Cause::invalid(field, &kind, say));
            self.stopped = true;
            return;
        }
        let own = Val::of_json(value, schema, is_resource);
        let before = old.map(|it| Val::of_json(it, schema, is_resource));
        for rule in rules {
            let program = match &rule.program {
                Ok(it) => it,
                Err(why) => {
                    self.causes.push(Cause::invalid(field, &kind, &format!("rule compile error: {why}")));
                    continue;
                }
            };
            let mut names = vec![("self".to_owned(), own.clone())];
            match (&before, rule.optional_old_self) {
                (Some(it), true) => names.push(("oldSelf".to_owned(), Val::some(it.clone()))),
                (None, true) => names.push(("oldSelf".to_owned(), Val::Optional(None))),
                (Some(it), false) => names.push(("oldSelf".to_owned(), it.clone())),
                // A transition needs two ends.
                (None, false) if rule.uses_old_self => continue,
                (None, false) => {}
            }
            match self.run(program, &names) {
                Ok(Val::Bool(true)) => {}
                Ok(_) => self.failed(rule, value, schema, at, &names, related),
                Err(Fail::Budget) => {
                    let say = format!(
                        "'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: {}",
                        rule.told()
                    );
                    self.causes.push(Cause::invalid(field, &kind, &say));
                    self.stopped = true;
                    return;
                }
                Err(Fail::Error(why)) if why.starts_with("no such overload") => {
                    let say = format!(
                        "'{why}': call arguments did not match a supported operator, function or macro signature for rule: {}",
                        rule.told()
                    );
                    self.causes.push(Cause::invalid(field, &kind, &say));
                }
                Err(Fail::Error(why)) => {
                    let say = format!("{why} evaluating rule: {}", rule.told());
                    self.causes.push(Cause::invalid(field, &kind, &say));
                }
            }
        }
    }

    fn run(&mut self, program: &Expr, names: &[(String, Val)]) -> Result<Val, Fail> {
        let given = self.budget.min(PER_CALL);
        let mut eval = Eval::new(names.to_vec(), given);
        let found = eval.run(program);
        self.budget = self.budget.saturating_sub(given - eval.budget);
        found
    }

    fn failed(
        &mut self,
        rule: &Rule,
        value: &Value,
        schema: &Arc<Schema>,
        at: &str,
        names: &[(String, Val)],
        related: &Related<'_>,
    ) {
        let message = match &rule.message_program {
            Some(Ok(program)) => match self.run(program, names) {
                Ok(Val::Text(text)) => Some(text.trim().to_owned()),
                _ => None,
            },
            _ => None,
        };
        let fine = |it: &String| !it.is_empty() && it.len() <= LONGEST_MESSAGE && !it.contains('\n');
        let message = message.filter(fine).unwrap_or_else(|| match rule.message.is_empty() {
            true => format!("failed rule: {}", rule.source),
            false => rule.message.clone(),
        });
        let field = match (at, rule.field_path.as_str()) {
            ("", "") => "<nil>".to_owned(),
            (at, "") => at.to_owned(),
            ("", path) => path.to_owned(),
            (at, path) => format!("{at}.{path}"),
        };
        let whole = matches!(schema.kind.as_deref(), Some("object" | "array"));
        let with_value = |what: &str| match whole {
            true => what.to_owned(),
            false => format!("{what}: {}", shown(value)),
        };
        let cause = match rule.reason.as_deref() {
            Some("FieldValueForbidden") => Cause::forbidden(field, &message),
            Some("FieldValueRequired") => Cause::required(field, &message),
            Some("FieldValueDuplicate") => {
                Cause { reason: "FieldValueDuplicate", field, message: with_value("Duplicate value") }
            }
            _ => Cause {
                reason: "FieldValueInvalid",
                field,
                message: format!("{}: {message}", with_value("Invalid value")),
            },
        };
        if !rule.uses_old_self && related.is_same(schema) {
            self.warnings.push(format!("{}: {}", cause.field, cause.message));
        } else {
            self.causes.push(cause);
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

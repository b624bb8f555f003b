//! The rules of a schema.

use std::sync::Arc;

use serde_json::Value;

use crate::failure::Cause;
use crate::schema::Schema;

pub(crate) struct Rule {
    pub(crate) program: Result<(), String>,
    pub(crate) message_program: Option<Result<(), String>>,
    pub(crate) uses_old_self: bool,
}

impl Rule {
    pub(crate) fn compile(_rule: &Value, _schema: &Arc<Schema>, _is_resource: bool) -> Rule {
        Rule { program: Ok(()), message_program: None, uses_old_self: true }
    }
}

pub(crate) fn check(_value: &Value, _old: Option<&Value>, _schema: &Arc<Schema>, _base: &str) -> Vec<Cause> {
    Vec::new()
}

pub(crate) fn prepare(_schema: &Arc<Schema>) {}

pub(crate) fn any(_schema: &Arc<Schema>) -> bool {
    false
}

pub(crate) fn check_object(_new: &Value, _old: Option<&Value>, _schema: &Arc<Schema>) -> Vec<Cause> {
    Vec::new()
}

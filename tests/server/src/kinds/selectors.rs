//! Label selectors: what their requirements may say, and whether they match labels.

use serde_json::Value;

use super::causes::{At, Causes};
use super::look::{list, map, text};
use crate::failure::Cause;
use crate::names;

/// What a requirement on labels can ask.
pub(crate) const OPERATORS: [&str; 4] = ["In", "NotIn", "Exists", "DoesNotExist"];

/// What is wrong with the operator of a requirement, or with how many values it has.
pub(crate) fn operator(operator: &str, values: usize, at: &str) -> Option<Cause> {
    match operator {
        "In" | "NotIn" if values == 0 => {
            let say = "must be specified when `operator` is 'In' or 'NotIn'";
            Some(Cause::required(format!("{at}.values"), say))
        }
        "Exists" | "DoesNotExist" if values > 0 => {
            let say = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            Some(Cause::forbidden(format!("{at}.values"), say))
        }
        known if OPERATORS.contains(&known) => None,
        other => {
            Some(Cause::invalid(format!("{at}.operator"), &other.into(), "not a valid selector operator"))
        }
    }
}

/// `LabelSelectorRequirement`.
pub(super) fn requirement(it: &Value, at: &At, causes: &mut Causes) {
    let values = list(it, "values");
    causes.0.extend(operator(text(it, "operator"), values.len(), &at.to_string()));
    for (index, value) in values.iter().enumerate() {
        if let Some(problem) = value.as_str().and_then(names::label_value_problem) {
            causes.invalid(&at.field("values").index(index), value.clone(), problem);
        }
    }
}

/// Whether a label selector asks for nothing.
pub(crate) fn is_empty(selector: &Value) -> bool {
    map(selector, "matchLabels").next().is_none() && list(selector, "matchExpressions").is_empty()
}

/// Whether labels are those that a label selector asks for.
pub(crate) fn matches(selector: &Value, labels: &Value) -> bool {
    let of_labels = map(selector, "matchLabels").all(|(key, value)| labels[key.as_str()] == *value);
    of_labels
        && list(selector, "matchExpressions").iter().all(|it| {
            let has = &labels[text(it, "key")];
            match text(it, "operator") {
                "In" => list(it, "values").contains(has),
                "NotIn" => !list(it, "values").contains(has),
                "Exists" => !has.is_null(),
                "DoesNotExist" => has.is_null(),
                _ => false,
            }
        })
}

//! Label selectors: what their requirements may say, and whether they match labels.

use serde_json::Value;

use super::causes::{At, Causes};
use super::look::{list, map, text};
use crate::names;

/// `LabelSelectorRequirement`.
pub(super) fn requirement(it: &Value, at: &At, causes: &mut Causes) {
    let values = list(it, "values");
    match text(it, "operator") {
        "In" | "NotIn" if values.is_empty() => {
            causes.required(&at.field("values"), "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let say = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            causes.forbidden(&at.field("values"), say);
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => causes.invalid(&at.field("operator"), other, "not a valid selector operator"),
    }
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

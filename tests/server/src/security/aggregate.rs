//! Aggregated ClusterRoles: the sum of the rules of the roles that they select by label.
//!
//! In a cluster a controller writes the sum into the role; here it is made when it is asked for, and the stored role stays as it is.

use serde_json::Value;

use super::bootstrap::GROUP;
use super::rbac::{Rule, has, rules};
use crate::schema::strings;
use crate::store::Store;

/// Adds the rules of all ClusterRoles that an aggregation rule selects, and of those that they select in turn.
pub(super) fn add(store: &Store, role: &Value, all: &mut Vec<Rule>) {
    let roles = store.list(&(GROUP.to_owned(), "clusterroles".to_owned()), "");
    let mut taken: Vec<&str> = Vec::new();
    let mut waiting = vec![role];
    while let Some(role) = waiting.pop() {
        let selectors = role["aggregationRule"]["clusterRoleSelectors"].as_array();
        for selector in selectors.into_iter().flatten() {
            for (name, found) in &roles {
                let is_taken = taken.contains(&name.as_ref());
                if is_taken || !selects(selector, &found.value["metadata"]["labels"]) {
                    continue;
                }
                taken.push(name.as_ref());
                for rule in rules(&found.value) {
                    if !all.contains(&rule) {
                        all.push(rule);
                    }
                }
                waiting.push(&found.value);
            }
        }
    }
}

/// Whether a `LabelSelector` holds for labels; an empty one holds for all.
fn selects(selector: &Value, labels: &Value) -> bool {
    let label = |key: &str| labels.get(key).and_then(Value::as_str);
    let wanted = selector["matchLabels"].as_object().into_iter().flatten();
    let mut terms = selector["matchExpressions"].as_array().into_iter().flatten();
    wanted.into_iter().all(|(key, value)| label(key) == value.as_str())
        && terms.all(|term| {
            let found = label(term["key"].as_str().unwrap_or_default());
            let is_listed = found.is_some_and(|it| has(&strings(term.get("values")), it));
            match term["operator"].as_str().unwrap_or_default() {
                "In" => is_listed,
                "NotIn" => !is_listed,
                "Exists" => found.is_some(),
                "DoesNotExist" => found.is_none(),
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::Limits;

    #[test]
    fn a_sum_takes_every_role_once_whoever_selects_it() {
        let mut store = Store::starting_at(1, Limits { changes: 10, bytes: 1 << 20 });
        let mut put = |name: &str, label: &str, selects: &str, verb: &str| {
            let mut role = json!({
                "metadata": {"name": name, "labels": {"to": label}},
                "rules": [{"verbs": [verb], "apiGroups": [""], "resources": ["pods"]}],
            });
            if !selects.is_empty() {
                role["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": {"to": selects}}]});
            }
            store.put(&(GROUP.to_owned(), "clusterroles".to_owned()), name, role);
        };
        put("a", "x", "y", "get");
        put("b", "y", "x", "list");
        put("c", "z", "", "watch");
        let mut all = Vec::new();
        add(
            &store,
            &json!({"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"to": "x"}}]}}),
            &mut all,
        );
        let verbs: Vec<&str> = all.iter().filter_map(|it| it.verbs.first()).map(String::as_str).collect();
        assert_eq!(verbs, ["get", "list"]);
    }
}

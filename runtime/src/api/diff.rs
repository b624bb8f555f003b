//! The difference of two objects as a JSON Patch that is right on a third: what the server really has.
//!
//! `before` and `after` are what this build understands of the object; `stored` is what the server sent and may have
//! members that are in neither, and lack some that a build always writes. Items of lists keep their members that this
//! build does not know, as long as they can be told apart.

use serde_json::{Map, Value as Json, json};

/// The operations that turn `before` into `after`, to be applied to `stored`.
pub(super) fn between(stored: &Json, before: &Json, after: &Json) -> Vec<Json> {
    let mut diff = Diff { operations: Vec::new() };
    diff.value("", Some(stored), before, after);
    diff.operations
}

/// The patch as text; with the version that was read, so that a change in between is a conflict.
pub(super) fn patch(mut operations: Vec<Json>, version: Option<&str>) -> String {
    const VERSION: &str = "/metadata/resourceVersion";
    if let Some(version) = version.filter(|version| !version.is_empty()) {
        operations.retain(|operation| operation["path"] != VERSION);
        operations.insert(0, json!({"op": "replace", "path": VERSION, "value": version}));
    }
    Json::Array(operations).to_string()
}

struct Diff {
    operations: Vec<Json>,
}

impl Diff {
    fn push(&mut self, op: &str, path: &str, value: Option<&Json>) {
        let mut operation = Map::new();
        operation.insert("op".to_owned(), op.into());
        operation.insert("path".to_owned(), path.into());
        if let Some(value) = value {
            operation.insert("value".to_owned(), value.clone());
        }
        self.operations.push(Json::Object(operation));
    }

    fn value(&mut self, path: &str, stored: Option<&Json>, before: &Json, after: &Json) {
        if before == after {
            return;
        }
        match (stored, before, after) {
            (Some(Json::Object(stored)), Json::Object(before), Json::Object(after)) => {
                self.members(path, stored, before, after);
            }
            (Some(Json::Array(stored)), Json::Array(before), Json::Array(after))
                if stored.len() == before.len() =>
            {
                self.items(path, stored, before, after);
            }
            (Some(_), ..) => self.push("replace", path, Some(after)),
            (None, ..) => self.push("add", path, Some(after)),
        }
    }

    fn members(
        &mut self,
        path: &str,
        stored: &Map<String, Json>,
        before: &Map<String, Json>,
        after: &Map<String, Json>,
    ) {
        for name in before.keys().filter(|name| !after.contains_key(*name)) {
            if stored.contains_key(name) {
                self.push("remove", &member(path, name), None);
            }
        }
        for (name, after) in after {
            let path = member(path, name);
            match before.get(name) {
                Some(before) => self.value(&path, stored.get(name), before, after),
                None if stored.contains_key(name) => self.push("replace", &path, Some(after)),
                None => self.push("add", &path, Some(after)),
            }
        }
    }

    /// Lists: what is equal at both ends stays; between, items that are the same thing are changed where they stand.
    fn items(&mut self, path: &str, stored: &[Json], before: &[Json], after: &[Json]) {
        let head = before.iter().zip(after).take_while(|(before, after)| before == after).count();
        let tail = before[head..]
            .iter()
            .rev()
            .zip(after[head..].iter().rev())
            .take_while(|(before, after)| before == after)
            .count();
        let old = &before[head..before.len() - tail];
        let new = &after[head..after.len() - tail];
        let kept = common(old, new);
        // Items that go are removed from the back, so that the places before them stay right.
        for at in (0..old.len()).rev().filter(|at| !kept.iter().any(|(kept, _)| kept == at)) {
            self.push("remove", &item(path, head + at), None);
        }
        // Items that come are added from the front; by then each place before them is final.
        for (to, value) in new.iter().enumerate() {
            match kept.iter().find(|(_, at)| *at == to) {
                Some((from, _)) => {
                    self.value(&item(path, head + to), Some(&stored[head + from]), &old[*from], value)
                }
                None => self.push("add", &item(path, head + to), Some(value)),
            }
        }
    }
}

/// Pairs of places that hold the same thing, in rising order on both sides.
fn common(old: &[Json], new: &[Json]) -> Vec<(usize, usize)> {
    // The longest common subsequence; lists in objects are short, and a long one is replaced item by item.
    if old.len().saturating_mul(new.len()) > 1 << 20 {
        return Vec::new();
    }
    let alone = old.len() == 1 && new.len() == 1;
    let alike = |old: &Json, new: &Json| same(old, new, alone || old == new);
    let width = new.len() + 1;
    let mut best = vec![0u32; (old.len() + 1) * width];
    for from in (0..old.len()).rev() {
        for to in (0..new.len()).rev() {
            best[from * width + to] = if alike(&old[from], &new[to]) {
                best[(from + 1) * width + to + 1] + 1
            } else {
                best[(from + 1) * width + to].max(best[from * width + to + 1])
            };
        }
    }
    let mut pairs = Vec::new();
    let (mut from, mut to) = (0, 0);
    while from < old.len() && to < new.len() {
        if alike(&old[from], &new[to]) {
            pairs.push((from, to));
            (from, to) = (from + 1, to + 1);
        } else if best[(from + 1) * width + to] >= best[from * width + to + 1] {
            from += 1;
        } else {
            to += 1;
        }
    }
    pairs
}

/// Whether two items are the same thing, changed or not: equal, or objects that are called the same.
///
/// `otherwise` decides where they have nothing to be called by.
fn same(old: &Json, new: &Json, otherwise: bool) -> bool {
    // What items of lists are told apart by in Kubernetes: its merge keys, the most telling first.
    const KEYS: [&str; 9] =
        ["uid", "name", "key", "type", "ip", "mountPath", "devicePath", "containerPort", "port"];
    let (Json::Object(old_members), Json::Object(new_members)) = (old, new) else { return old == new };
    for key in KEYS {
        match (old_members.get(key), new_members.get(key)) {
            (Some(old), Some(new)) => return old == new,
            (None, None) => {}
            _ => return false,
        }
    }
    otherwise
}

fn member(path: &str, name: &str) -> String {
    format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn item(path: &str, index: usize) -> String {
    format!("{path}/{index}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A JSON Patch applied the plain way, so that the diff is checked against something else than itself.
    fn apply(mut object: Json, operations: &[Json]) -> Json {
        for operation in operations {
            let path = operation["path"].as_str().unwrap();
            let (parent, last) = path.rsplit_once('/').unwrap();
            let last = last.replace("~1", "/").replace("~0", "~");
            let value = operation.get("value").cloned();
            match object.pointer_mut(parent).unwrap_or_else(|| panic!("{path} has no parent")) {
                Json::Object(members) => match operation["op"].as_str().unwrap() {
                    "add" => _ = members.insert(last, value.unwrap()),
                    "replace" => *members.get_mut(&last).unwrap() = value.unwrap(),
                    _ => _ = members.remove(&last).unwrap(),
                },
                Json::Array(items) => {
                    let at = last.parse::<usize>().unwrap();
                    match operation["op"].as_str().unwrap() {
                        "add" => items.insert(at, value.unwrap()),
                        "replace" => items[at] = value.unwrap(),
                        _ => _ = items.remove(at),
                    }
                }
                _ => panic!("{path}"),
            }
        }
        object
    }

    #[test]
    fn the_difference_applied_to_what_is_stored_gives_what_was_wanted() {
        for (before, after) in [
            (json!({"a": 1}), json!({"a": 1})),
            (json!({"a": 1}), json!({"a": 2, "b/c~d": {"e": null}})),
            (json!({"a": {"b": 1, "c": 2}}), json!({"a": {"c": 2}})),
            (json!({"a": [1, 2, 3]}), json!({"a": [1, 3]})),
            (json!({"a": [1, 2, 3]}), json!({"a": [0, 1, 2, 3, 4]})),
            (json!({"a": [1, 2, 3]}), json!({"a": [3, 2, 1]})),
            (json!({"a": []}), json!({"a": [[1], {}]})),
            (json!({"a": [1]}), json!({"a": {}})),
            (
                json!({"a": [{"name": "x", "v": 1}, {"name": "y"}]}),
                json!({"a": [{"name": "y", "v": 2}, {"name": "z"}]}),
            ),
            (json!({"a": [{"v": 1}, {"v": 2}]}), json!({"a": [{"v": 1, "w": 0}, {"v": 3}]})),
        ] {
            let operations = between(&before, &before, &after);
            assert_eq!(operations.is_empty(), before == after);
            assert_eq!(apply(before.clone(), &operations), after, "{operations:?}");
        }
    }

    #[test]
    fn members_that_this_build_does_not_know_stay_with_their_item() {
        let stored = json!({"new": 1, "list": [{"name": "a", "new": 1}, {"name": "b", "new": 2, "v": 1}, {"name": "c", "new": 3}]});
        let before = json!({"list": [{"name": "a"}, {"name": "b", "v": 1}, {"name": "c"}]});
        let after = json!({"list": [{"name": "z"}, {"name": "b", "v": 2}, {"name": "c"}]});
        let wanted = json!({"new": 1, "list": [{"name": "z"}, {"name": "b", "new": 2, "v": 2}, {"name": "c", "new": 3}]});
        assert_eq!(apply(stored.clone(), &between(&stored, &before, &after)), wanted);
    }

    #[test]
    fn a_place_that_the_server_left_out_is_added_with_all_that_belongs_there() {
        // A build writes required members always; the server need not have them.
        let stored = json!({"metadata": {}});
        let before = json!({"metadata": {}, "spec": {"selector": {}, "size": 0}});
        let after = json!({"metadata": {}, "spec": {"selector": {"a": "b"}, "size": 0}});
        let operations = between(&stored, &before, &after);
        assert_eq!(apply(stored, &operations), after);
        // And what it left out need not be removed.
        assert_eq!(between(&json!({}), &json!({"a": 0}), &json!({})), Vec::<Json>::new());
    }

    #[test]
    fn the_version_that_was_read_goes_first_and_only_once() {
        let operations = between(
            &json!({"metadata": {"resourceVersion": "1"}}),
            &json!({"metadata": {"resourceVersion": "1"}}),
            &json!({"metadata": {"resourceVersion": "9"}}),
        );
        assert_eq!(
            patch(operations, Some("1")),
            r#"[{"op":"replace","path":"/metadata/resourceVersion","value":"1"}]"#
        );
    }

    /// Small objects of lists of things, some with names, so that all cases of lists meet.
    fn tree() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![Just(Json::Null), (0..3).prop_map(Json::from), "[a-c]".prop_map(Json::from)];
        leaf.prop_recursive(4, 24, 5, |inner| {
            let members = prop::collection::btree_map("name|key|v|w/~", inner.clone(), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..5).prop_map(Json::from),
                members.prop_map(|members| members.into_iter().collect::<Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn any_difference_applied_gives_what_was_wanted(before in tree(), after in tree()) {
            let (before, after) = (json!({"a": before}), json!({"a": after}));
            let operations = between(&before, &before, &after);
            prop_assert_eq!(apply(before.clone(), &operations), after);
        }
    }
}

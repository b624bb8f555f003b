//! A look into an object: members by path, with what Go's zero values would be where there is nothing.

use serde_json::Value;

use super::super::duration;

/// An object, or a part of one.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a>(pub(super) &'a Value);

impl<'a> View<'a> {
    /// The member at a path of names between dots.
    pub(super) fn at(self, path: &str) -> View<'a> {
        View(path.split('.').fold(self.0, |it, name| &it[name]))
    }

    /// A member whose name has dots.
    pub(super) fn named(self, name: &str) -> View<'a> {
        View(&self.0[name])
    }

    pub(super) fn is_set(self) -> bool {
        !self.0.is_null()
    }

    pub(super) fn text(self, path: &str) -> &'a str {
        self.at(path).0.as_str().unwrap_or_default()
    }

    /// The text, or other words where it is empty.
    pub(super) fn text_or(self, path: &str, other: &'a str) -> &'a str {
        match self.text(path) {
            "" => other,
            text => text,
        }
    }

    pub(super) fn int(self, path: &str) -> i64 {
        self.at(path).0.as_i64().unwrap_or(0)
    }

    pub(super) fn flag(self, path: &str) -> bool {
        self.at(path).0.as_bool().unwrap_or(false)
    }

    /// The items of a list.
    pub(super) fn list(
        self,
        path: &str,
    ) -> impl DoubleEndedIterator<Item = View<'a>> + ExactSizeIterator + Clone {
        self.at(path).0.as_array().map(Vec::as_slice).unwrap_or_default().iter().map(View)
    }

    /// How many members or items there are.
    pub(super) fn count(self, path: &str) -> usize {
        match self.at(path).0 {
            Value::Array(all) => all.len(),
            Value::Object(all) => all.len(),
            _ => 0,
        }
    }

    /// A quantity or an int-or-string as text.
    pub(super) fn shown(self, path: &str) -> String {
        self.at(path).shown_itself()
    }

    pub(super) fn shown_itself(self) -> String {
        match self.0 {
            Value::String(text) => text.clone(),
            Value::Null => "0".to_owned(),
            other => other.to_string(),
        }
    }

    pub(super) fn since(self, path: &str) -> String {
        duration::since(self.at(path).0)
    }

    pub(super) fn age(self) -> Value {
        self.since("metadata.creationTimestamp").into()
    }

    pub(super) fn name(self) -> Value {
        self.text("metadata.name").into()
    }

    pub(super) fn is_deleting(self) -> bool {
        self.at("metadata.deletionTimestamp").is_set()
    }

    /// The status of the first condition of a type.
    pub(super) fn condition(self, kind: &str) -> Option<View<'a>> {
        self.list("status.conditions").find(|it| it.text("type") == kind)
    }

    pub(super) fn is_true(self, kind: &str) -> bool {
        self.condition(kind).is_some_and(|it| it.text("status") == "True")
    }
}

/// `a=b,c=d`, or `<none>`.
pub(super) fn labels(map: View<'_>) -> String {
    let mut all: Vec<String> = map
        .0
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    all.sort();
    if all.is_empty() { "<none>".to_owned() } else { all.join(",") }
}

/// A label selector in the language of queries; empty for one that says nothing.
pub(super) fn selector(selector: View<'_>) -> String {
    let mut all: Vec<(String, String)> = Vec::new();
    for (key, value) in selector.at("matchLabels").0.as_object().into_iter().flatten() {
        all.push((key.clone(), format!("{key}={}", value.as_str().unwrap_or_default())));
    }
    for it in selector.list("matchExpressions") {
        let key = it.text("key");
        let mut values: Vec<&str> = it.list("values").filter_map(|it| it.0.as_str()).collect();
        values.sort_unstable();
        let values = values.join(",");
        let text = match it.text("operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            _ => format!("!{key}"),
        };
        all.push((key.to_owned(), text));
    }
    all.sort_by(|one, other| one.0.cmp(&other.0));
    let all: Vec<String> = all.into_iter().map(|it| it.1).collect();
    all.join(",")
}

/// The same with words for a selector that says nothing.
pub(super) fn selector_or_none(it: View<'_>) -> String {
    let text = selector(it);
    if text.is_empty() { "<none>".to_owned() } else { text }
}

/// Names and images of containers.
pub(super) fn containers(pod_spec: View<'_>) -> [Value; 2] {
    let join = |key: &str| {
        let all: Vec<&str> = pod_spec.list("containers").map(|it| it.text(key)).collect();
        Value::from(all.join(","))
    };
    [join("name"), join("image")]
}

/// The first of a list, and how many more there are.
pub(super) fn first_few<T: AsRef<str>>(all: &[T], most: usize) -> String {
    let shown: Vec<&str> = all.iter().take(most).map(AsRef::as_ref).collect();
    let text = shown.join(",");
    match all.len() {
        count if count > most => format!("{text} + {} more...", count - most),
        _ if text.is_empty() => "<unset>".to_owned(),
        _ => text,
    }
}

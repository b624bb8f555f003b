//! Defaults of a pod's spec that depend on other members; the plain ones are in `data/defaults.tsv`.

use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

fn text<'a>(all: &'a Object, name: &str) -> &'a str {
    all.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// `Container` and `EphemeralContainer`: the tag of the image says when it is pulled.
pub(in crate::kinds) fn container(all: &mut Object) {
    if text(all, "imagePullPolicy").is_empty() {
        let policy = pull_policy(text(all, "image"));
        all.insert("imagePullPolicy".to_owned(), policy.into());
    }
}

fn pull_policy(image: &str) -> &'static str {
    if has_latest_tag(image) { "Always" } else { "IfNotPresent" }
}

/// Whether an image reference means the tag `latest`: by saying so, or by saying nothing.
fn has_latest_tag(image: &str) -> bool {
    let (name, digest) = match image.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (image, None),
    };
    let (path, tag) = match name.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (name, None),
    };
    // What is no reference has no tag; a host may have upper case letters, the path after it not.
    let repository = match path.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => rest,
        _ => path,
    };
    let allowed = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "._-/".contains(it);
    if repository.is_empty() || !repository.chars().all(allowed) {
        return false;
    }
    match tag {
        Some(tag) => tag == "latest",
        None => digest.is_none(),
    }
}

/// `Volume`: without a source it is an empty directory.
pub(in crate::kinds) fn volume(all: &mut Object) {
    let has_source = all.iter().any(|(name, value)| name != "name" && !value.is_null());
    if !has_source {
        all.insert("emptyDir".to_owned(), json!({}));
    }
    if let Some(image) = all.get_mut("image").and_then(Value::as_object_mut)
        && text(image, "pullPolicy").is_empty()
    {
        let policy = pull_policy(text(image, "reference"));
        image.insert("pullPolicy".to_owned(), policy.into());
    }
}

/// `PodSpec`: the old name of the service account and the new one are the same.
pub(in crate::kinds) fn spec(all: &mut Object) {
    let name = match text(all, "serviceAccountName") {
        "" => text(all, "serviceAccount"),
        name => name,
    };
    if !name.is_empty() {
        let name = Value::from(name);
        all.insert("serviceAccount".to_owned(), name.clone());
        all.insert("serviceAccountName".to_owned(), name);
    }
}

#[cfg(test)]
mod tests {
    use super::has_latest_tag;

    #[test]
    fn latest_is_what_says_so_or_says_nothing() {
        for image in ["x", "x:latest", "reg:5000/x", "docker.io/library/x:latest", "a.B/x"] {
            assert!(has_latest_tag(image), "{image}");
        }
        for image in ["x:1", "reg:5000/x:2", "x@sha256:00", "UPPER", "", "x:1@sha256:00"] {
            assert!(!has_latest_tag(image), "{image}");
        }
    }
}

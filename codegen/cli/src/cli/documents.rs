//! Which CustomResourceDefinitions a text holds, document by document: no more than is needed to name files after them. Whether
//! they are right is the generator's to say.

use std::collections::BTreeSet;

use serde_json::Value;

/// One document of a text that holds a CRD.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    /// The name of the definition: `widgets.example.com`.
    pub(super) name: String,
    /// The document: as it was written, or written anew where it stood in a list.
    pub(super) text: String,
}

/// The CRDs of a text, and how many documents are something else.
pub(super) fn crds(text: &str) -> (Vec<Found>, usize) {
    let (mut found, mut others) = (Vec::new(), 0);
    for document in split(text) {
        match serde_saphyr::from_str::<Value>(document) {
            Ok(Value::Null) => {}
            Ok(value) => match name_of(&value) {
                Some(name) => found.push(Found { name, text: document.to_owned() }),
                None => match value.get("items").and_then(Value::as_array) {
                    // What `kubectl get crds -o yaml` writes.
                    Some(items) => {
                        for item in items {
                            match (name_of(item), without_server(item.clone())) {
                                (Some(name), Some(text)) => found.push(Found { name, text }),
                                _ => others += 1,
                            }
                        }
                    }
                    None => others += 1,
                },
            },
            Err(_) => others += 1,
        }
    }
    (found, others)
}

/// The names of the CRDs of a text.
pub(super) fn names(text: &str) -> BTreeSet<String> {
    crds(text).0.into_iter().map(|found| found.name).collect()
}

fn name_of(value: &Value) -> Option<String> {
    let is_crd = value.get("kind").and_then(Value::as_str) == Some("CustomResourceDefinition");
    let name = value.get("metadata")?.get("name")?.as_str()?;
    is_crd.then(|| name.to_owned())
}

/// Whether a file can be named after it: as a server has it too, which also keeps it in its folder.
pub(super) fn is_file_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    !name.is_empty()
        && name.len() < 250
        && name.chars().all(plain)
        && !name.starts_with('.')
        && name.contains('.')
}

/// A CRD as YAML, without what a server has written into it.
pub(super) fn without_server(mut crd: Value) -> Option<String> {
    if let Some(members) = crd.as_object_mut() {
        members.shift_remove("status");
        if let Some(metadata) = members.get_mut("metadata").and_then(Value::as_object_mut) {
            for key in
                ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"]
            {
                metadata.shift_remove(key);
            }
            if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
                annotations.shift_remove("kubectl.kubernetes.io/last-applied-configuration");
                if annotations.is_empty() {
                    metadata.shift_remove("annotations");
                }
            }
        }
    }
    serde_saphyr::to_string(&crd).ok()
}

/// The documents of a text, as they are written: a line that begins with `---` begins one, and nothing inside of one can.
fn split(text: &str) -> Vec<&str> {
    let mut documents = Vec::new();
    let (mut begin, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        let marks = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        if marks {
            documents.push(text.get(begin..at).unwrap_or_default());
            begin = at + if line.trim_end() == "---" { line.len() } else { 0 };
        }
        at += line.len();
    }
    documents.push(text.get(begin..).unwrap_or_default());
    documents.retain(|document| !document.trim().is_empty());
    documents
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRD: &str = "kind: CustomResourceDefinition\nmetadata: {name: a.example.com} # why\n";

    #[test]
    fn documents_keep_their_text_and_others_are_counted() {
        let text =
            format!("# head\n---\n{CRD}---\nkind: Secret\nmetadata: {{name: s}}\n--- # x\n{CRD}---\n: : [\n");
        let (found, others) = crds(&text);
        assert_eq!(others, 2);
        assert_eq!(found[0], Found { name: "a.example.com".into(), text: CRD.into() });
        assert_eq!(found[1].text, format!("--- # x\n{CRD}"));
        assert_eq!(crds(CRD).0.len(), 1);
        assert_eq!(crds("").0.len() + crds("---\n---\n").1, 0);
    }

    #[test]
    fn items_of_a_list_are_written_without_what_a_server_adds() {
        let list = r#"{"kind": "List", "items": [{"kind": "CustomResourceDefinition", "metadata": {"uid": "1", "name": "a.b",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}, "spec": {"on": "yes", "x": null},
            "status": {}}]}"#;
        let (found, _) = crds(list);
        let value: Value = serde_saphyr::from_str(&found[0].text).unwrap();
        let expected = r#"{"kind": "CustomResourceDefinition", "metadata": {"name": "a.b"}, "spec": {"on": "yes", "x": null}}"#;
        assert_eq!(value, serde_json::from_str::<Value>(expected).unwrap());
    }

    #[test]
    fn names_of_files_stay_in_their_folder() {
        assert!(is_file_name("widgets.example.com"));
        for name in ["../x.y", "a/b.c", ".x.y", "widgets", "", "A.b", "a\\b.c"] {
            assert!(!is_file_name(name), "{name}");
        }
    }
}

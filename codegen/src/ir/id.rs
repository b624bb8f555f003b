//! Ids of types and members, by which tables pin names. A schema of a document has its own name; what a CRD holds is
//! addressed by the way to it: `example.com/v1/Widget#/spec/parts`. Items and values of a member add no step.

use crate::pointer;

/// The id of a kind that a CRD defines.
pub(crate) fn kind(group: &str, version: &str, kind: &str) -> String {
    format!("{group}/{version}/{kind}")
}

/// Whether an id comes from a CRD: names of schemas hold no slash.
pub(crate) fn is_custom(id: &str) -> bool {
    id.contains('/')
}

/// The id of a member of the type `owner`: `Widget#/spec` and `Widget#/spec/a~1b` in CRDs, `schema#property` in documents.
pub(crate) fn member(owner: &str, json: &str) -> String {
    if !is_custom(owner) {
        return format!("{owner}#{json}");
    }
    let mut id = owner.to_owned();
    if !owner.contains('#') {
        id.push('#');
    }
    pointer::push(&mut id, json);
    id
}

/// The way to what a CRD holds, for people: `spec.parts`; none for kinds.
pub(crate) fn way(id: &str) -> Option<String> {
    let (_, pointer) = id.split_once("#/")?;
    let steps = pointer.split('/').map(pointer::name);
    Some(steps.collect::<Vec<_>>().join("."))
}

/// What stands at an id of a CRD, where no description says: `` `spec.parts` of a Widget. ``
pub(crate) fn describe(id: &str) -> Option<String> {
    let (kind, _) = id.split_once('#')?;
    let kind = kind.rsplit('/').next().filter(|_| is_custom(id))?;
    let article = if kind.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
    Some(format!("`{}` of {article} {kind}.", way(id)?.replace('`', "'")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_stay_apart() {
        let widget = kind("example.com", "v1", "Widget");
        let spec = member(&widget, "spec");
        assert_eq!(spec, "example.com/v1/Widget#/spec");
        assert_eq!(member(&spec, "a/b"), "example.com/v1/Widget#/spec/a~1b");
        assert_ne!(member(&member(&spec, "a"), "b"), member(&spec, "a/b"));
        assert_ne!(member(&spec, "a~1b"), member(&spec, "a/b"));
        assert_eq!(member(&spec, ""), "example.com/v1/Widget#/spec/");
        assert_eq!(way(&member(&spec, "a/b~c")).as_deref(), Some("spec.a/b~c"));
        assert_eq!(way(&widget), None);
        assert_eq!(describe(&member(&spec, "parts")).as_deref(), Some("`spec.parts` of a Widget."));
        assert_eq!(member("io.k8s.api.core.v1.Pod", "spec"), "io.k8s.api.core.v1.Pod#spec");
    }
}

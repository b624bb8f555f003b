//! Objects in protobuf, as client-go and kubectl send and take them for built-in kinds: the envelope, and what is in it as JSON.
//!
//! What the values mean is not looked at.

mod encode;
mod reader;
mod table;
mod values;

use serde_json::{Map, Value};

use crate::schema::builtin;
pub(crate) use encode::{event, object};
use reader::{Content, Reader};

/// What stands before each object.
const PREFIX: &[u8] = b"k8s\0";

/// The object in a body, with its `apiVersion` and `kind`; the complaint where it is none.
pub(crate) fn read(body: &[u8]) -> Result<Value, String> {
    if body.is_empty() {
        return Err("empty data".to_owned());
    }
    let Some(envelope) = body.strip_prefix(PREFIX) else {
        return Err("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
            .to_owned());
    };
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for field in Reader::new(envelope) {
        match field? {
            (1, Content::Bytes(types)) => {
                for field in Reader::new(types) {
                    match field? {
                        (1, Content::Bytes(it)) => api_version = text(it),
                        (2, Content::Bytes(it)) => kind = text(it),
                        _ => {}
                    }
                }
            }
            (2, Content::Bytes(it)) => raw = it,
            _ => {}
        }
    }
    let mut object = match message_of(&api_version, &kind) {
        Some(message) => values::object(raw, message)?,
        // Whether there is such a kind is found out from its name.
        None => Map::new(),
    };
    for (name, value) in [("apiVersion", api_version), ("kind", kind)] {
        if !value.is_empty() {
            object.insert(name.to_owned(), value.into());
        }
    }
    let mut object = Value::Object(object);
    // Members of metadata that nobody set are on the wire all the same.
    crate::meta::tidy(&mut object);
    if object["metadata"]["generation"] == 0 {
        crate::meta::remove(&mut object, "generation");
    }
    Ok(object)
}

/// The message of a kind.
fn message_of(api_version: &str, kind: &str) -> Option<&'static table::Message> {
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    let schema = match kind {
        // Every group has it.
        "DeleteOptions" => builtin::named("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"),
        _ => builtin::of_kind(group, version, kind),
    };
    table::message(schema?.name?)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2, content.len() as u8];
        out.extend_from_slice(content);
        out
    }

    fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let types = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
        [PREFIX.to_vec(), field(1, &types), field(2, raw)].concat()
    }

    #[test]
    fn objects_come_out_as_json() {
        let entry = [field(1, b"k"), field(2, b"v")].concat();
        let map = [
            field(1, &field(1, b"a")),
            field(2, &entry),
            field(3, &[field(1, b"b"), field(2, &[1, 2])].concat()),
        ];
        let expected = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"},
            "binaryData": {"b": "AQI="},
        });
        assert_eq!(read(&body("v1", "ConfigMap", &map.concat())), Ok(expected));
    }

    #[test]
    fn what_is_inline_in_json_is_a_message_here() {
        // Pod: spec (2), its volumes (1): name (1), volumeSource (2), its emptyDir (2).
        let volume = [field(1, b"v"), field(2, &field(2, &[]))].concat();
        let pod = field(2, &field(1, &volume));
        let read = read(&body("v1", "Pod", &pod)).expect("a pod");
        assert_eq!(read["spec"], json!({"volumes": [{"name": "v", "emptyDir": {}}]}));
    }

    #[test]
    fn what_is_written_can_be_read() {
        let all = [
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": {"x": "y"}, "creationTimestamp": "2026-01-01T00:00:00Z"}, "data": {"a": "b"}, "binaryData": {"c": "AAA="}}),
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": {
                "replicas": 0,
                "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}},
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {}, "spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{
                    "name": "c", "resources": {"limits": {"cpu": "1"}}, "ports": [{"containerPort": 80}],
                    "livenessProbe": {"httpGet": {"path": "/", "port": "http"}},
                }]}},
            }, "status": {}}),
            json!({"apiVersion": "v1", "kind": "PodList", "metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"name": "p"}, "spec": {}, "status": {}}]}),
            json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}, "spec": {"renewTime": "2026-01-01T00:00:00.123456Z", "leaseDurationSeconds": -1}}),
            json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {}, "spec": {"group": "g", "scope": "Namespaced", "names": {"plural": "p", "kind": "K"}, "versions": [{"name": "v1", "served": true, "storage": false, "schema": {"openAPIV3Schema": {
                "type": "object", "maximum": 1.5, "default": {"a": [1]}, "items": {"type": "string"}, "additionalProperties": false,
            }}}]}, "status": {"conditions": [{"type": "Established", "status": "True"}]}}),
            json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "metadata": {}, "spec": {"token": "t"}, "status": {"user": {"extra": {"k": ["a", "b"]}}}}),
        ];
        for value in all {
            let bytes = object(&value).expect("a message");
            assert_eq!(read(&bytes), Ok(value));
        }
    }

    #[test]
    fn nothing_makes_it_panic() {
        let whole = body("v1", "ConfigMap", &field(2, &[field(1, b"k"), field(2, b"v")].concat()));
        for end in 0..whole.len() {
            let _ = read(&whole[..end]);
            for changed in [0, 1, 0x7f, 0x80, 0xff] {
                let mut other = whole.clone();
                other[end] = changed;
                let _ = read(&other);
            }
        }
        // A schema of a schema of a schema …
        let mut nested = Vec::new();
        for _ in 0..40 {
            nested = field(36, &nested);
        }
        let _ = read(&body("apiextensions.k8s.io/v1", "CustomResourceDefinition", &nested));
    }
}

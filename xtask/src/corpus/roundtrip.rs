//! The last stage: running the program of a batch on its objects, and judging what comes back. A program that dies loses
//! one object and goes on with the others.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::compare::difference;
use super::folder::{Corpus, Crd, Object, yaml};
use super::generate::Unit;
use crate::failure::{Context, Result};
use crate::files;

/// Takes the objects of these packages through the program; the result is each object that did not come back, with the
/// reason, by package.
pub(crate) fn run(
    corpus: &Corpus,
    units: &[&Unit],
    program: &Path,
    scratch: &Path,
) -> Result<Vec<BTreeMap<String, String>>> {
    let mut all: Vec<(usize, &Crd, &Object)> = Vec::new();
    for (at, unit) in units.iter().enumerate() {
        for crd in unit.crds.iter().map(|index| &corpus.crds[*index]) {
            all.extend(crd.objects.iter().map(|object| (at, crd, object)));
        }
    }
    let answers = answers(corpus, &all, program, scratch)?;
    let mut changed = vec![BTreeMap::new(); units.len()];
    let mut schemas = Schemas::default();
    for ((at, crd, object), answer) in all.into_iter().zip(answers) {
        let schema = schemas.of(corpus, crd, &object.version)?;
        if let Some(why) = judge(schema, &answer) {
            changed[at].insert(object.file.clone(), why);
        }
    }
    Ok(changed)
}

/// The schemas of one CRD at a time.
#[derive(Default)]
struct Schemas {
    file: String,
    crd: Value,
}

impl Schemas {
    fn of(&mut self, corpus: &Corpus, crd: &Crd, version: &str) -> Result<&Value> {
        if self.file != crd.file {
            self.crd = yaml(&corpus.folder.join(&crd.file))?;
            self.file.clone_from(&crd.file);
        }
        let versions = self.crd["spec"]["versions"].as_array().into_iter().flatten();
        let found = versions.into_iter().find(|it| it["name"] == version);
        Ok(found.map_or(&Value::Null, |it| &it["schema"]["openAPIV3Schema"]))
    }
}

/// What the program says of each object, in their order.
fn answers(
    corpus: &Corpus,
    all: &[(usize, &Crd, &Object)],
    program: &Path,
    scratch: &Path,
) -> Result<Vec<Value>> {
    let mut answers = vec![Value::Null; all.len()];
    let mut first = 0;
    while first < all.len() {
        let mut list = String::new();
        for (index, (_, crd, object)) in all.iter().enumerate().skip(first) {
            let file = corpus.folder.join(&object.file);
            let name = format!("{}/{}/{}", crd.group, object.version, crd.kind);
            list.push_str(&format!("{index}\t{name}\t{}\n", file.display()));
        }
        let path = scratch.join("objects.list");
        files::write_if_changed(&path, list.as_bytes())?;
        let output = Command::new(program)
            .arg(&path)
            .stdin(Stdio::null())
            .output()
            .context(|| format!("cannot run {}", program.display()))?;
        let mut begun = None;
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
            let index = |name: &str| line[name].as_str()?.parse::<usize>().ok();
            if let Some(index) = index("begin") {
                begun = Some(index);
            } else if let Some(answer) = index("index").and_then(|index| answers.get_mut(index)) {
                *answer = line;
                begun = None;
            }
        }
        if output.status.success() {
            break;
        }
        let last = begun.unwrap_or(first);
        let error = format!("the program ended with {}", output.status);
        if let Some(answer) = answers.get_mut(last) {
            *answer = serde_json::json!({ "error": error });
        }
        first = last + 1;
    }
    Ok(answers)
}

/// Why an object did not come back unchanged.
fn judge(schema: &Value, answer: &Value) -> Option<String> {
    if let Some(error) = answer["error"].as_str() {
        return Some(format!("undecodable: {error}"));
    }
    let Some(read) = answer["read"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()) else {
        return Some("undecodable: the program said nothing".to_owned());
    };
    let Some(coded) = answer["codec"].as_str().and_then(|text| serde_json::from_str(text).ok()) else {
        return Some("lossy: what was encoded is no JSON".to_owned());
    };
    if let Some(found) = difference(schema, &read, &coded) {
        return Some(format!("lossy: {found}"));
    }
    if let Some(found) = difference(schema, &read, &answer["serde"]) {
        return Some(format!("lossy by serde: {found}"));
    }
    if let Some(path) = answer["unknown"].as_array().and_then(|paths| paths.first()) {
        return Some(format!("lossy: {} is not known to the type", path.as_str().unwrap_or_default()));
    }
    if answer["same"] != true {
        return Some("lossy: codec and serde give values that are not equal".to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_has_to_come_back_by_both_ways_and_be_known() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
        let read = r#"{"a":1}"#;
        let good = json!({"read": read, "codec": read, "serde": {"a": 1}, "unknown": [], "same": true});
        assert_eq!(judge(&schema, &good), None);
        for (member, value, expected) in [
            ("codec", json!("{}"), "lossy: .a: 1 is lost"),
            ("serde", json!({"a": 2}), "lossy by serde: .a: 1 became 2"),
            ("unknown", json!([".a"]), "lossy: .a is not known"),
            ("same", json!(false), "lossy: codec and serde"),
            ("error", json!("no"), "undecodable: no"),
        ] {
            let mut bad = good.clone();
            bad[member] = value;
            let why = judge(&schema, &bad).unwrap_or_default();
            assert!(why.starts_with(expected), "{member}: {why}");
        }
    }
}

//! Which objects of a file are CustomResourceDefinitions: those in its documents and in lists. Files of real projects
//! hold other objects too, which are passed over with a word; what no server takes any more is refused. Reads nothing
//! of the definitions themselves.

use serde_json::Value;

use super::cursor::Cursor;
use super::yaml;
use crate::Source;
use crate::diag::{Code, Place, Report};

const GROUP: &str = "apiextensions.k8s.io/";
const VERSION: &str = "apiextensions.k8s.io/v1";
const KIND: &str = "CustomResourceDefinition";

/// Reads a file and hands over each CustomResourceDefinition in it, in order.
pub(crate) fn read(source: &Source, report: &mut Report, mut take: impl FnMut(Cursor<'_>, &mut Report)) {
    let documents = match yaml::documents(&source.bytes) {
        Ok(documents) => documents,
        Err(fault) => {
            let (line, column) = fault.place;
            report.error(fault.code, &Place::line(&source.name, line, column), fault.what, fault.help);
            return;
        }
    };
    let mut found = Found { wanted: 0, others: 0 };
    // Pointers start with the document's number where there are several.
    let whole = Cursor::root(&source.name, &Value::Null);
    for (index, document) in documents.iter().enumerate() {
        let at = if let [only] = documents.as_slice() {
            Cursor::root(&source.name, only)
        } else {
            whole.index(index, document)
        };
        if !document.is_null() {
            found.object(at, report, &mut take);
        }
    }
    if found.wanted == 0 {
        let (what, help) = match found.others {
            0 => ("there is nothing in this file", "put a CustomResourceDefinition into it, or leave it out"),
            _ => ("no object in this file is a CustomResourceDefinition", "leave the file out of the inputs"),
        };
        report.error(Code::NoCrd, &Place::new(&source.name, ""), what, help);
    }
}

/// How many objects were there.
struct Found {
    /// Definitions, those that were refused counted in.
    wanted: usize,
    others: usize,
}

impl Found {
    fn object(
        &mut self,
        at: Cursor<'_>,
        report: &mut Report,
        take: &mut impl FnMut(Cursor<'_>, &mut Report),
    ) {
        match identity(&at) {
            ("v1", "List") => {
                let items = at.get("items");
                for (index, item) in
                    items.iter().flat_map(|items| items.value.as_array().into_iter().flatten().enumerate())
                {
                    if let Some(items) = &items {
                        self.item(items.index(index, item), report, take);
                    }
                }
            }
            (VERSION, "CustomResourceDefinitionList") => self.typed_list(&at, report, take),
            _ => self.item(at, report, take),
        }
    }

    /// The items of a server's list do not say what they are.
    fn typed_list(
        &mut self,
        at: &Cursor<'_>,
        report: &mut Report,
        take: &mut impl FnMut(Cursor<'_>, &mut Report),
    ) {
        let Some(items) = at.get("items") else { return };
        for (index, item) in items.value.as_array().into_iter().flatten().enumerate() {
            let mut named = item.clone();
            if let Some(members) = named.as_object_mut() {
                members.entry("apiVersion").or_insert_with(|| Value::from(VERSION));
                members.entry("kind").or_insert_with(|| Value::from(KIND));
            }
            self.item(items.index(index, &named), report, take);
        }
    }

    fn item(&mut self, at: Cursor<'_>, report: &mut Report, take: &mut impl FnMut(Cursor<'_>, &mut Report)) {
        match identity(&at) {
            (VERSION, KIND) => {
                self.wanted += 1;
                take(at, report);
            }
            (version, KIND) if version.starts_with(GROUP) => {
                self.wanted += 1;
                report.error(
                    Code::OldCrd,
                    &at.place(),
                    format!("this CustomResourceDefinition is of `{version}`, which servers no longer have"),
                    "take the project's newer file; a server before 1.22 answers with v1 to `kubectl get crd -o yaml`",
                );
            }
            (version, kind) => {
                self.others += 1;
                let what = if version.is_empty() && kind.is_empty() {
                    "this is no object of Kubernetes, and is passed over".to_owned()
                } else {
                    format!("the `{kind}` of `{version}` is no CustomResourceDefinition, and is passed over")
                };
                report.warn(Code::Skipped, &at.place(), what, "");
            }
        }
    }
}

/// What an object says that it is.
fn identity<'a>(at: &Cursor<'a>) -> (&'a str, &'a str) {
    let member = |key| at.value.get(key).and_then(Value::as_str).unwrap_or_default();
    (member("apiVersion"), member("kind"))
}

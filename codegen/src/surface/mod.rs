//! What users of an API see of it, for comparing two of its versions: group-versions, kinds, resources with scope and
//! verbs, fields with their types. Read from the inputs themselves; it shares nothing with the generator's IR, and
//! names of generated code do not matter to it.

mod crd;
mod field;
mod openapi;

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{Diagnostic, Place, Report};
use crate::spec::crd::Crd;
use crate::{Source, spec};

pub(crate) use field::{BOUNDS, Bound, Field};

/// An API as its users see it.
///
/// ```
/// use clientset_codegen::{Source, Surface, compare};
///
/// let crd = |size: &str| {
///     let text = format!(
///         "apiVersion: apiextensions.k8s.io/v1
/// kind: CustomResourceDefinition
/// metadata: {{name: widgets.example.com}}
/// spec:
///   group: example.com
///   scope: Namespaced
///   names: {{plural: widgets, kind: Widget}}
///   versions:
///   - name: v1
///     served: true
///     storage: true
///     schema: {{openAPIV3Schema: {{type: object, properties: {{size: {{type: {size}}}}}}}}}
/// "
///     );
///     Surface::read(&[Source::new("widgets.yaml", text)]).unwrap()
/// };
/// let changes = compare(&crd("integer"), &crd("string"));
/// assert_eq!(changes[0].to_string(), "BREAKING  example.com/v1 Widget.size: was integer, is string");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Surface {
    /// `apps/v1`, or the name of a document.
    pub(crate) versions: BTreeMap<String, Place>,
    /// `GET /api/v1/pods` and its like, of documents.
    pub(crate) verbs: BTreeSet<String>,
    /// Resources of CRDs: `widgets.example.com/v1`.
    pub(crate) resources: BTreeMap<String, Resource>,
    /// Schemas by name; those of CRDs are called `example.com/v1 Widget`.
    pub(crate) schemas: BTreeMap<String, Schema>,
}

/// A resource that a CRD defines.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Resource {
    pub(crate) kind: String,
    pub(crate) namespaced: bool,
    /// `status`, `scale`.
    pub(crate) subresources: BTreeSet<&'static str>,
    pub(crate) place: Place,
}

/// One schema.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Schema {
    /// `apps/v1 Deployment`, if it is a kind with exactly one place.
    pub(crate) kind: Option<String>,
    /// What it is if it has no fields.
    pub(crate) form: Field,
    /// Its fields; of a CRD all of them at all depths, by path: `spec.parts[].name`.
    pub(crate) fields: BTreeMap<String, Field>,
}

impl Surface {
    /// The API of CRDs that are read already.
    pub(crate) fn of(crds: &[Crd]) -> Surface {
        let mut surface = Surface::default();
        for crd in crds {
            surface.add_crd(crd);
        }
        surface
    }

    /// Reads an API from OpenAPI v3 documents, CRDs, or both.
    ///
    /// # Errors
    ///
    /// When an input is neither, or not readable; everything that is wrong is named.
    pub fn read(sources: &[Source]) -> Result<Surface, Vec<Diagnostic>> {
        let (mut surface, mut report) = (Surface::default(), Report::default());
        let mut documents = Vec::new();
        for source in sources {
            match serde_json::from_slice::<serde_json::Value>(&source.bytes) {
                Ok(document) if document.get("openapi").is_some() => documents.push((source, document)),
                _ => {
                    for crd in spec::crd::read(source, &mut report) {
                        surface.add_crd(&crd);
                    }
                }
            }
        }
        surface.add_documents(&documents);
        if report.has_errors() { Err(report.take(sources)) } else { Ok(surface) }
    }
}

/// The members of an object; nothing has none.
fn members(value: Option<&serde_json::Value>) -> impl Iterator<Item = (&String, &serde_json::Value)> {
    value.and_then(serde_json::Value::as_object).into_iter().flatten()
}

/// Whether a name stands in a path as it is; others stand in brackets.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || "-_$".contains(letter))
}

/// The members that an object has to have.
fn required(value: &serde_json::Value) -> BTreeSet<&str> {
    let names = value.get("required").and_then(serde_json::Value::as_array);
    names.into_iter().flatten().filter_map(serde_json::Value::as_str).collect()
}

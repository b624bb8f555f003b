//! The fields that objects are selected by: which a kind has, where they lie, and how others are refused. From `data/fields.tsv`.
//!
//! How selectors are written is in `selector`.

use std::sync::OnceLock;

use serde_json::Value;

use crate::catalog::Resource;

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// What it is called in selectors.
    name: String,
    /// Where it lies; the first place that has it counts.
    places: Vec<String>,
    /// What it is where it is absent.
    absent: String,
}

/// How a field that is not there is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Words {
    Usual,
    Plain,
    Job,
    OfKind(String),
}

/// The fields of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fields {
    all: Vec<Field>,
    words: Words,
}

impl Field {
    /// Reads `name=place|place?absent`.
    fn read(text: &str) -> Field {
        let (text, absent) = text.split_once('?').unwrap_or((text, ""));
        let (name, places) = text.split_once('=').unwrap_or((text, text));
        let places = places.split('|').map(str::to_owned).collect();
        Field { name: name.to_owned(), places, absent: absent.to_owned() }
    }

    /// What it is in an object, as text.
    pub(crate) fn of(&self, object: &Value) -> String {
        let found = self.places.iter().map(|it| at(object, it)).find(|it| !it.is_empty());
        found.unwrap_or_else(|| self.absent.clone())
    }
}

fn at(object: &Value, path: &str) -> String {
    let mut at = object;
    for part in path.split('.') {
        let inner = match at {
            Value::Array(all) => part.parse::<usize>().ok().and_then(|index| all.get(index)),
            other => other.get(part),
        };
        let Some(inner) = inner else { return String::new() };
        at = inner;
    }
    match at {
        Value::String(it) => it.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

impl Fields {
    /// The field of this name.
    ///
    /// # Errors
    ///
    /// The real server's words where the kind has none.
    pub(crate) fn find(&self, name: &str) -> Result<&Field, String> {
        self.all.iter().find(|it| it.name == name).ok_or_else(|| match &self.words {
            Words::Usual => {
                format!(
                    "\"{name}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
                )
            }
            Words::Plain => format!("field label not supported: {name}"),
            Words::Job => format!("field label \"{name}\" not supported for Job"),
            Words::OfKind(kind) => format!("field label not supported for {kind}: {name}"),
        })
    }

    /// Name and namespace, and what else a custom resource declares.
    pub(crate) fn of_custom(namespaced: bool, declared: &[String]) -> Fields {
        let own = if namespaced { &["metadata.name", "metadata.namespace"][..] } else { &["metadata.name"] };
        let declared = declared.iter().map(|it| it.trim_start_matches('.'));
        Fields { all: own.iter().copied().chain(declared).map(Field::read).collect(), words: Words::Plain }
    }
}

type Row = (&'static str, &'static str, Fields);

fn table() -> &'static [Row] {
    static TABLE: OnceLock<Vec<Row>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let lines = include_str!("../data/fields.tsv").lines().filter(|it| !it.starts_with('#'));
        lines
            .filter_map(|line| {
                let mut cells = line.split('\t');
                let (group, plural, words) = (cells.next()?, cells.next()?, cells.next()?);
                let words = match words {
                    "plain" => Words::Plain,
                    "job" => Words::Job,
                    _ => Words::OfKind("resource.k8s.io/v1, Kind=ResourceSlice".to_owned()),
                };
                Some((
                    group,
                    plural,
                    Fields { all: cells.next()?.split(' ').map(Field::read).collect(), words },
                ))
            })
            .collect()
    })
}

/// The fields of a kind.
pub(crate) fn of(resource: &Resource) -> Fields {
    if let Some(custom) = &resource.custom {
        return Fields::of_custom(resource.namespaced, &custom.selectable);
    }
    let found = table().iter().find(|it| resource.is(it.0, it.1)).map(|it| it.2.clone());
    found.unwrap_or_else(|| Fields {
        all: ["metadata.name", "metadata.namespace"].map(Field::read).to_vec(),
        words: Words::Usual,
    })
}

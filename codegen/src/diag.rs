//! What is wrong with an input, where, and what to do. Diagnostics are collected, never printed and never the
//! first only; printing is the caller's.

use std::fmt;

/// One thing that is wrong with one place of one input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The input: a document's name.
    pub source: String,
    /// The place in it: a JSON pointer, or `line N` where the text itself cannot be read.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub help: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.place.is_empty() { "" } else { "#" };
        write!(f, "{}{separator}{}: {}", self.source, self.place, self.what)?;
        if !self.help.is_empty() {
            write!(f, "\n  help: {}", self.help)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}

/// Where something stands: the document and a JSON pointer in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The document's name.
    pub source: String,
    /// The JSON pointer.
    pub pointer: String,
}

impl Place {
    pub(crate) fn new(source: &str, pointer: impl Into<String>) -> Place {
        Place { source: source.to_owned(), pointer: pointer.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.pointer.is_empty() { "" } else { "#" };
        write!(f, "{}{separator}{}", self.source, self.pointer)
    }
}

/// The diagnostics of one run, in the order in which they were found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    found: Vec<Diagnostic>,
}

impl Report {
    pub(crate) fn add(&mut self, place: &Place, what: impl Into<String>, help: impl Into<String>) {
        let diagnostic = Diagnostic {
            source: place.source.clone(),
            place: place.pointer.clone(),
            what: what.into(),
            help: help.into(),
        };
        self.found.push(diagnostic);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Everything found, each thing once: a schema that stands in forty documents is reported for each place,
    /// but the same place is not reported twice.
    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut seen = std::collections::BTreeSet::new();
        self.found.into_iter().filter(|diagnostic| seen.insert(diagnostic.clone())).collect()
    }
}

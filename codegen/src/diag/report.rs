//! The diagnostics of one run: collected in the order in which they are found, handed out in the order in which they
//! stand in the sources, each once. Lines and columns are looked up here, for what is reported only.

use std::collections::{BTreeMap, BTreeSet};

use super::{Code, Diagnostic, Place, Severity, Span};
use crate::Source;
use crate::spec::yaml::locate;
use crate::text::is_hidden;

/// No message repeats more of an input than this.
const LONGEST: usize = 400;

/// The diagnostics of one run so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    found: Vec<Diagnostic>,
}

impl Report {
    pub(crate) fn error(
        &mut self,
        code: Code,
        place: &Place,
        what: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Severity::Error, code, place, &what.into(), &help.into());
    }

    pub(crate) fn warn(
        &mut self,
        code: Code,
        place: &Place,
        what: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Severity::Warning, code, place, &what.into(), &help.into());
    }

    fn push(&mut self, severity: Severity, code: Code, place: &Place, what: &str, help: &str) {
        self.found.push(Diagnostic {
            place: place.pointer.clone(),
            help: printable(help),
            ..Diagnostic::new(severity, code, place.source.clone(), printable(what))
        });
    }

    /// Whether anything stops the run.
    pub(crate) fn has_errors(&self) -> bool {
        self.found.iter().any(Diagnostic::is_error)
    }

    /// Whether something of a kind was found.
    pub(crate) fn has(&self, code: Code) -> bool {
        self.found.iter().any(|diagnostic| diagnostic.code == code)
    }

    /// Everything found so far, each thing once, by source and by where it stands there. A schema that stands in
    /// forty documents is reported for each place, but the same place is not reported twice.
    pub(crate) fn take<'a>(&mut self, sources: impl IntoIterator<Item = &'a Source>) -> Vec<Diagnostic> {
        let mut found = std::mem::take(&mut self.found);
        let mut by_source: BTreeMap<String, Vec<&mut Diagnostic>> = BTreeMap::new();
        for diagnostic in &mut found {
            by_source.entry(diagnostic.source.clone()).or_default().push(diagnostic);
        }
        for source in sources {
            if let Some(diagnostics) = by_source.remove(&source.name) {
                let pointers: Vec<&str> = diagnostics.iter().map(|at| at.place.as_str()).collect();
                let spans = locate::best(&source.bytes, &pointers);
                for (diagnostic, span) in diagnostics.into_iter().zip(spans) {
                    diagnostic.span = span;
                }
            }
        }
        for diagnostic in &mut found {
            diagnostic.place = printable(&diagnostic.place);
        }
        let offset = |diagnostic: &Diagnostic| diagnostic.span.map_or(0, |span: Span| span.offset);
        found.sort_by(|a, b| (&a.source, offset(a)).cmp(&(&b.source, offset(b))));
        let mut seen = BTreeSet::new();
        found.into_iter().filter(|diagnostic| seen.insert(diagnostic.clone())).collect()
    }
}

/// Text of others for a terminal: nothing that moves a cursor, turns a direction or fills the screen.
pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST));
    for (count, letter) in text.chars().enumerate() {
        if count == LONGEST {
            out.push('…');
            break;
        }
        if is_hidden(letter) { out.extend(letter.escape_unicode()) } else { out.push(letter) }
    }
    out
}

#[cfg(test)]
mod tests;

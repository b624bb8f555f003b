//! What is wrong with an input, where, and what to do. Diagnostics are collected, never printed and never the
//! first only; printing is the caller's.

mod code;
mod report;

use std::fmt;

pub use code::Code;
pub(crate) use report::Report;

/// One thing that is wrong with, or worth knowing about, one place of one input.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The input: a source's name.
    pub source: String,
    /// Where in its text, as far as that is known.
    pub span: Option<Span>,
    /// The place in it: a JSON pointer, a row of a table, or `line N` where the text itself cannot be read.
    pub place: String,
    /// Whether it stops the run.
    pub severity: Severity,
    /// What kind of thing it is.
    pub code: Code,
    /// What is wrong.
    pub what: String,
    /// What to do about it; may be empty.
    pub help: String,
}

/// Whether a diagnostic stops the run.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is generated.
    Error,
    /// It is generated all the same.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

/// A piece of a source's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first byte, from 0.
    pub offset: usize,
    /// How many bytes.
    pub len: usize,
    /// The line of the first byte, from 1.
    pub line: usize,
    /// The column of the first byte in characters, from 1.
    pub column: usize,
}

impl Diagnostic {
    /// A diagnostic about a source as a whole, to be filled in further.
    ///
    /// ```
    /// use clientset_codegen::{Code, Diagnostic, Severity};
    ///
    /// let mut diagnostic = Diagnostic::new(Severity::Warning, Code::Other, "widgets.yaml", "it is odd");
    /// diagnostic.help = "look at it".to_owned();
    /// assert_eq!(diagnostic.to_string(), "widgets.yaml: warning: it is odd [CS0900]\n  help: look at it");
    /// ```
    pub fn new(
        severity: Severity,
        code: Code,
        source: impl Into<String>,
        what: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic {
            source: source.into(),
            span: None,
            place: String::new(),
            severity,
            code,
            what: what.into(),
            help: String::new(),
        }
    }

    /// Whether it stops the run.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&report::printable(&self.source))?;
        if let Some(span) = self.span {
            write!(f, ":{}:{}", span.line, span.column)?;
        }
        write!(f, ": {}: {} [{}]", self.severity, self.what, self.code)?;
        if !self.place.is_empty() && !self.place.starts_with("line ") {
            write!(f, "\n  at {}", self.place)?;
        }
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

    /// A place in a text that cannot be read further; both count from 1.
    pub(crate) fn line(source: &str, line: usize, column: usize) -> Place {
        Place::new(source, format!("line {line}, column {column}"))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.pointer.is_empty() { "" } else { "#" };
        write!(f, "{}{separator}{}", self.source, self.pointer)
    }
}

//! The one error of this crate: a text for the person who waits, with what was tried, why it failed and what to do; and, where
//! the inputs are wrong, every mistake in them with its place.
//!
//! It is deliberately not an enum: nothing decides by the kind of an error. How it looks on a terminal is the command's affair.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use clientset_codegen::{Diagnostic, Source};

/// What everything here returns.
pub type Result<T> = std::result::Result<T, Failure>;

/// What was tried, why it failed, what to do.
///
/// ```
/// let failure = cargo_clientset::Failure::new("the kettle is empty").help("fill it");
/// assert_eq!(failure.to_string(), "the kettle is empty\n help: fill it");
/// ```
#[derive(Debug)]
pub struct Failure {
    message: String,
    help: Option<String>,
    mistakes: Option<Box<Mistakes>>,
}

/// What is wrong with the inputs, and the inputs.
#[derive(Debug)]
pub(crate) struct Mistakes {
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) sources: Vec<Source>,
    /// The folder that the names of the sources are relative to.
    pub(crate) root: PathBuf,
    /// What sources are called that are not there yet.
    pub(crate) elsewhere: BTreeMap<String, String>,
}

impl Failure {
    /// A failure that says what happened.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, mistakes: None }
    }

    /// Adds what the reader can do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The mistakes of the inputs, with the texts that they stand in.
    pub(crate) fn mistakes(diagnostics: Vec<Diagnostic>, sources: Vec<Source>, root: &Path) -> Self {
        let count = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
        let word = if count == 1 { "mistake" } else { "mistakes" };
        let mut failure = Self::new(format!("{count} {word} in the inputs, nothing written"));
        failure.mistakes = Some(Box::new(Mistakes {
            diagnostics,
            sources,
            root: root.to_path_buf(),
            elsewhere: BTreeMap::new(),
        }));
        failure
    }

    /// Says where inputs come from that are not in their place yet.
    #[cfg(feature = "cli")]
    pub(crate) fn elsewhere(mut self, names: BTreeMap<String, String>) -> Self {
        if let Some(mistakes) = &mut self.mistakes {
            mistakes.elsewhere = names;
        }
        self
    }

    /// What is wrong with the inputs, where that is the reason; empty otherwise.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        self.mistakes.as_ref().map_or(&[], |mistakes| &mistakes.diagnostics)
    }

    #[cfg(feature = "cli")]
    pub(crate) fn parts(&self) -> (&str, Option<&str>, Option<&Mistakes>) {
        (&self.message, self.help.as_deref(), self.mistakes.as_deref())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for diagnostic in self.diagnostics() {
            write!(f, "\n{diagnostic}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n help: {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// Puts what was tried in front of a lower error.
///
/// ```
/// use cargo_clientset::Context;
///
/// let failure = "x".parse::<u8>().context(|| "cannot count".to_owned()).unwrap_err();
/// assert_eq!(failure.to_string(), "cannot count: invalid digit found in string");
/// ```
pub trait Context<T> {
    /// Turns the error into a [`Failure`].
    ///
    /// # Errors
    ///
    /// Where there was an error before.
    fn context(self, tried: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: fmt::Display> Context<T> for std::result::Result<T, E> {
    fn context(self, tried: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Failure::new(format!("{}: {error}", tried())))
    }
}

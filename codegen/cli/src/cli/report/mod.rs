//! Saying things: to people, as JSON, or as annotations of GitHub Actions. Everything that a command says goes through here; what
//! it does not decide is what is said.

mod human;
mod machine;
mod repository;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clientset_codegen::{Change, Diagnostic, Explanation, Severity, Source, Span};

use super::{When, below};
use crate::failure::{Failure, Mistakes};
use machine::Row;

/// The form of what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Human,
    /// One object a line.
    Json,
    /// Annotations of GitHub Actions; the rest as for people.
    Github,
}

/// One thing to be said about an input, or about nothing in particular.
#[derive(Clone, Debug)]
struct Notice<'a> {
    severity: Severity,
    code: Option<String>,
    message: &'a str,
    help: Option<&'a str>,
    file: Option<String>,
    text: Option<&'a str>,
    span: Option<Span>,
    /// The JSON pointer in the file.
    place: Option<&'a str>,
}

impl<'a> Notice<'a> {
    fn plain(severity: Severity, message: &'a str, help: Option<&'a str>) -> Notice<'a> {
        Notice { severity, code: None, message, help, file: None, text: None, span: None, place: None }
    }

    fn of(diagnostic: &'a Diagnostic, sources: &'a [Source], file: String) -> Notice<'a> {
        let source = sources.iter().find(|source| source.name == diagnostic.source);
        let text = source.and_then(|source| std::str::from_utf8(&source.bytes).ok());
        Notice {
            severity: if diagnostic.is_error() { Severity::Error } else { Severity::Warning },
            code: Some(diagnostic.code.to_string()),
            message: &diagnostic.what,
            help: (!diagnostic.help.is_empty()).then_some(diagnostic.help.as_str()),
            file: Some(file),
            text,
            span: diagnostic.span,
            place: (!diagnostic.place.is_empty()).then_some(diagnostic.place.as_str()),
        }
    }
}

/// Where and how a command speaks.
pub(super) struct Report {
    format: Format,
    quiet: bool,
    color: bool,
    /// Whether standard error is a terminal, which can draw.
    terminal: bool,
    /// What GitHub's paths are relative to.
    repository: Option<PathBuf>,
}

impl Report {
    pub(super) fn new(format: Format, quiet: bool, color: When) -> Report {
        let terminal = std::io::stderr().is_terminal();
        let wished = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let color = match color {
            When::Always => true,
            When::Never => false,
            When::Auto => terminal && wished,
        };
        let repository = (format == Format::Github).then(repository::root).flatten();
        Report { format, quiet, color, terminal, repository }
    }

    /// What was done, for people.
    pub(super) fn say(&self, line: &str) {
        if !self.quiet && self.format != Format::Json {
            print(line);
        }
    }

    /// An answer that was asked for: printed also where nothing else is said.
    pub(super) fn text(&self, text: &str) {
        if self.format != Format::Json {
            print(text.trim_end_matches('\n'));
        }
    }

    /// A file that would be or was added, modified or deleted.
    pub(super) fn change(&self, name: &str, old: Option<&str>, new: Option<&str>) {
        let letter = match (old, new) {
            (None, _) => 'A',
            (_, None) => 'D',
            _ => 'M',
        };
        match self.format {
            Format::Json => self.change_quietly(name, old, new),
            _ => self.text(&format!("{letter} {name}")),
        }
    }

    /// The same for programs only.
    pub(super) fn change_quietly(&self, name: &str, old: Option<&str>, new: Option<&str>) {
        if self.format == Format::Json {
            let change = match (old, new) {
                (None, _) => "added",
                (_, None) => "deleted",
                _ => "modified",
            };
            print(&Row::Change { file: name, change }.to_string());
        }
    }

    /// Something worth knowing that stops nothing.
    pub(super) fn warn(&self, what: &str, help: &str) {
        self.notice(&Notice::plain(Severity::Warning, what, Some(help)));
    }

    /// What the generator found, with the texts that it stands in, whose names are relative to `root`.
    pub(super) fn diagnostics(&self, found: &[Diagnostic], sources: &[Source], root: &Path) {
        for diagnostic in found {
            self.notice(&Notice::of(diagnostic, sources, self.file(&below(root, &diagnostic.source))));
        }
    }

    /// Why a command did not do what it should.
    pub(super) fn failure(&self, failure: &Failure) {
        let (message, help, mistakes) = failure.parts();
        if let Some(Mistakes { diagnostics, sources, root, elsewhere }) = mistakes {
            for diagnostic in diagnostics {
                let file = match elsewhere.get(&diagnostic.source) {
                    // Standard input and a cluster have no path.
                    Some(from) if !Path::new(from).exists() => from.clone(),
                    Some(from) => self.file(from),
                    None => self.file(&below(root, &diagnostic.source)),
                };
                self.notice(&Notice::of(diagnostic, sources, file));
            }
        }
        self.notice(&Notice::plain(Severity::Error, message, help));
    }

    /// The same where the output is not what the inputs say, at one of the files: annotations without one are easily missed.
    pub(super) fn out_of_date(&self, failure: &Failure, file: Option<&str>) {
        if self.format != Format::Github {
            return self.failure(failure);
        }
        let (message, help, _) = failure.parts();
        let mut notice = Notice::plain(Severity::Error, message, help);
        notice.file = file.map(|file| self.file(file));
        self.notice(&notice);
    }

    /// The path of a file as the reader of this format wants it.
    fn file(&self, shown: &str) -> String {
        match &self.repository {
            Some(root) => repository::within(root, shown),
            None => shown.to_owned(),
        }
    }

    /// A change of an API, at a place in a file.
    pub(super) fn api_change(&self, change: &Change, place: Option<(&str, Option<Span>)>) {
        let at = place.map(|(file, span)| match span {
            Some(span) => format!("  ({file}:{}:{})", span.line, span.column),
            None => format!("  ({file})"),
        });
        match self.format {
            Format::Json => print(&Row::ApiChange { change, place }.to_string()),
            Format::Github if change.breaking => {
                let message = format!("{}: {}", change.what, change.text);
                let mut notice = Notice::plain(Severity::Error, &message, None);
                notice.file = place.map(|(file, _)| self.file(file));
                notice.span = place.and_then(|(_, span)| span);
                print(&machine::annotation(&notice));
            }
            _ => print(&format!("{change}{}", at.unwrap_or_default())),
        }
    }

    /// Where something comes from, for programs.
    pub(super) fn explanation(
        &self,
        explanation: &Explanation,
        file: Option<&str>,
        span: Option<Span>,
        output: &str,
    ) {
        if self.format == Format::Json {
            print(&Row::Explanation { explanation, file, span, output }.to_string());
        }
    }

    /// The last word, for programs.
    pub(super) fn end(&self, command: &str, code: u8) {
        if self.format == Format::Json {
            print(&Row::Result { command, code }.to_string());
        }
    }

    fn notice(&self, notice: &Notice<'_>) {
        match self.format {
            Format::Human => {
                let text = human::draw(notice, self.terminal, self.color);
                // A reader that went away needs no more.
                let _ = std::io::stderr().write_all(text.as_bytes());
            }
            Format::Json => print(&Row::Diagnostic(notice).to_string()),
            Format::Github => print(&machine::annotation(notice)),
        }
    }
}

fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    // A reader that went away needs no more.
    let _ = writeln!(out, "{line}");
}

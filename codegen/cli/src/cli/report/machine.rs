//! What programs read: one JSON object a line, and workflow commands of GitHub Actions. The README documents the shape; members
//! are added to it and never changed.

use std::fmt;

use clientset_codegen::{Change, Explanation, Span};
use serde_json::{Value, json};

use super::Notice;

/// One line.
pub(super) enum Row<'a> {
    Diagnostic(&'a Notice<'a>),
    Change { file: &'a str, change: &'a str },
    ApiChange { change: &'a Change, place: Option<(&'a str, Option<Span>)> },
    Explanation { explanation: &'a Explanation, file: Option<&'a str>, span: Option<Span>, output: &'a str },
    Result { command: &'a str, code: u8 },
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value: Value = match self {
            Row::Diagnostic(notice) => json!({
                "reason": "diagnostic",
                "severity": notice.severity.to_string(),
                "code": notice.code,
                "message": notice.message,
                "help": notice.help,
                "file": notice.file,
                "line": notice.span.map(|span| span.line),
                "column": notice.span.map(|span| span.column),
                "place": notice.place,
            }),
            Row::Change { file, change } => json!({ "reason": "change", "change": change, "file": file }),
            Row::ApiChange { change, place } => {
                let span = place.and_then(|(_, span)| span);
                json!({
                    "reason": "api-change",
                    "aspect": change.aspect.name(),
                    "breaking": change.breaking,
                    "subject": change.what,
                    "message": change.text,
                    "file": place.map(|(file, _)| file),
                    "line": span.map(|span| span.line),
                    "column": span.map(|span| span.column),
                })
            }
            Row::Explanation { explanation, file, span, output } => json!({
                "reason": "explanation",
                "subject": explanation.what,
                "file": file,
                "line": span.map(|span| span.line),
                "column": span.map(|span| span.column),
                "rust": explanation.path,
                "form": explanation.form,
                "output": explanation.file.as_ref().map(|name| format!("{output}/{name}")),
                "docs": explanation.docs.join("\n"),
                "members": explanation.members.iter().map(|(name, form)| json!({ "name": name, "form": form })).collect::<Vec<_>>(),
                "shared": explanation.shared,
            }),
            Row::Result { command, code } => json!({ "reason": "result", "command": command, "code": code }),
        };
        value.fmt(f)
    }
}

/// An annotation, which GitHub shows at the line of the file.
pub(super) fn annotation(notice: &Notice<'_>) -> String {
    let mut properties = Vec::new();
    if let Some(file) = &notice.file {
        properties.push(format!("file={}", property(file)));
        if let Some(span) = notice.span {
            properties.push(format!("line={},col={}", span.line, span.column));
        }
    }
    let title = notice
        .code
        .as_ref()
        .map_or_else(|| "cargo clientset".to_owned(), |code| format!("cargo clientset {code}"));
    properties.push(format!("title={}", property(&title)));
    let mut message = notice.message.to_owned();
    for (word, text) in [("at", notice.place), ("help", notice.help)] {
        if let Some(text) = text {
            message.push_str(&format!("\n{word}: {text}"));
        }
    }
    format!("::{} {}::{}", notice.severity, properties.join(","), data(&message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use clientset_codegen::Severity;

    use super::*;

    #[test]
    fn annotations_are_one_line_whatever_they_say() {
        let mut notice = Notice::plain(Severity::Error, "100% wrong\n::error::x", Some("a, b: c"));
        notice.file = Some("a,b:c.yaml".to_owned());
        notice.span = Some(Span { line: 3, column: 7, ..Span::default() });
        assert_eq!(
            annotation(&notice),
            "::error file=a%2Cb%3Ac.yaml,line=3,col=7,title=cargo clientset::100%25 wrong%0A::error::x%0Ahelp: a, b: c"
        );
    }
}

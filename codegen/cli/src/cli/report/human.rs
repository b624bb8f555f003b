//! What people read: the message, the text around the place that is meant, and what to do; by miette, in colors and lines on a
//! terminal, in plain characters elsewhere.

use std::fmt::{self, Display};

use clientset_codegen::Severity;
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use super::Notice;

/// Lines that are longer are not shown: JSON without line breaks would fill the screen.
const LONGEST_LINE: usize = 400;
/// How wide messages become.
const WIDTH: usize = 110;

/// One notice as text, with a line break at its end.
pub(super) fn draw(notice: &Notice<'_>, terminal: bool, color: bool) -> String {
    let characters = if terminal { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
    let styles = if color { ThemeStyles::ansi() } else { ThemeStyles::none() };
    let shown = Shown::new(notice);
    if shown.source.is_none() && notice.file.is_none() {
        return line(notice, &styles);
    }
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
        .with_links(false)
        .with_width(WIDTH)
        .with_context_lines(2);
    let mut out = String::new();
    match handler.render_report(&mut out, &shown) {
        Ok(()) => out,
        Err(fmt::Error) => format!("{}\n", notice.message),
    }
}

/// What belongs to no place is said as cargo says it.
fn line(notice: &Notice<'_>, styles: &ThemeStyles) -> String {
    let (word, style) = match notice.severity {
        Severity::Warning => ("warning", styles.warning),
        _ => ("error", styles.error),
    };
    let mut out = format!("{}: {}\n", style.style(word), notice.message);
    if let Some(help) = notice.help {
        out.push_str(&format!("  {} {help}\n", styles.help.style("help:")));
    }
    out
}

/// A text with a name; miette's own has to live forever.
#[derive(Debug)]
struct Named<'a> {
    name: String,
    text: &'a str,
}

impl SourceCode for Named<'_> {
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            inner.line(),
            inner.column(),
            inner.line_count(),
        )))
    }
}

/// A notice as miette wants it.
#[derive(Debug)]
struct Shown<'a> {
    notice: &'a Notice<'a>,
    message: String,
    source: Option<Named<'a>>,
    label: Option<LabeledSpan>,
}

impl<'a> Shown<'a> {
    fn new(notice: &'a Notice<'a>) -> Shown<'a> {
        let name = notice.file.clone().unwrap_or_default();
        let place = notice.place.filter(|place| !place.starts_with("line "));
        if let (Some(text), Some(span)) = (notice.text, notice.span) {
            let rest = text.get(span.offset..).unwrap_or_default();
            let line = text.lines().nth(span.line.saturating_sub(1)).unwrap_or_default();
            if line.len() <= LONGEST_LINE && span.offset <= text.len() {
                let len = span.len.min(rest.lines().next().map_or(0, str::len));
                let label = LabeledSpan::new(place.map(str::to_owned), span.offset, len);
                let source = Some(Named { name, text });
                return Shown { notice, message: notice.message.to_owned(), source, label: Some(label) };
            }
        }
        let at = notice.span.map(|span| format!(":{}:{}", span.line, span.column)).unwrap_or_default();
        let place = notice.place.map(|place| format!(" at {place}")).unwrap_or_default();
        let message = format!("{}\n{name}{at}{place}", notice.message);
        Shown { notice, message, source: None, label: None }
    }
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn Display + 'b>> {
        let word = self.notice.severity;
        let code = self.notice.code.as_ref().map(|code| format!("[{code}]")).unwrap_or_default();
        Some(Box::new(format!("{word}{code}")))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.notice.severity {
            Severity::Warning => miette::Severity::Warning,
            _ => miette::Severity::Error,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn Display + 'b>> {
        self.notice.help.map(|help| Box::new(help) as Box<dyn Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.label
            .clone()
            .map(|label| Box::new(std::iter::once(label)) as Box<dyn Iterator<Item = LabeledSpan>>)
    }
}

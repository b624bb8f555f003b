//! What cargo and rustc say as JSON: which package an error stands in. Nothing is run and nothing is decided here.

use serde_json::Value;

/// What a line of cargo's says, as far as it matters.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// A program is built: the crate's name and where it is.
    Built { name: String, program: String },
    /// The compiler found a mistake.
    Error { name: String, text: String, place: Option<Place> },
    /// The compiler warned of something in a package.
    Warning { text: String, place: Place },
}

/// Where a mistake stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The name of the package.
    pub(crate) unit: String,
    /// The file in the package.
    pub(crate) file: String,
    pub(crate) line: u64,
}

/// Reads one line of `cargo build --message-format json`. `packages` is the folder of the packages.
pub(crate) fn read(line: &str, packages: &str) -> Option<Message> {
    let line: Value = serde_json::from_str(line).ok()?;
    let name = line["target"]["name"].as_str().unwrap_or_default().to_owned();
    match line["reason"].as_str()? {
        "compiler-artifact" => {
            Some(Message::Built { name, program: line["executable"].as_str()?.to_owned() })
        }
        "compiler-message" => {
            let message = &line["message"];
            let mut text = message["message"].as_str().unwrap_or_default().to_owned();
            if let Some(code) = message["code"]["code"].as_str() {
                text = format!("{text} [{code}]");
            }
            let place = place(message, packages);
            match message["level"].as_str()? {
                // The last error of a crate only counts the others.
                "error" if text.starts_with("aborting due to") => None,
                "error" | "error: internal compiler error" => Some(Message::Error { name, text, place }),
                "warning" => place.map(|place| Message::Warning { text, place }),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The first place in a package that a message or what belongs to it names.
fn place(message: &Value, packages: &str) -> Option<Place> {
    let spans = message["spans"].as_array().into_iter().flatten();
    let (primary, other): (Vec<_>, Vec<_>) = spans.partition(|span| span["is_primary"] == true);
    let found = primary.into_iter().chain(other).find_map(|span| span_place(span, packages));
    let children = || message["children"].as_array().into_iter().flatten();
    found.or_else(|| children().find_map(|child| place(child, packages)))
}

/// The place of a span; one inside of a macro is followed to where the macro was called.
fn span_place(span: &Value, packages: &str) -> Option<Place> {
    let mut span = span;
    while span.is_object() {
        let inside = span["file_name"].as_str().and_then(|file| file.strip_prefix(packages));
        if let Some((unit, file)) = inside.and_then(|it| it.trim_start_matches('/').split_once('/')) {
            let line = span["line_start"].as_u64().unwrap_or_default();
            return Some(Place { unit: unit.to_owned(), file: file.to_owned(), line });
        }
        span = &span["expansion"]["span"];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(level: &str, spans: Value) -> String {
        json!({
            "reason": "compiler-message",
            "target": {"name": "batch-001"},
            "message": {"level": level, "message": "mismatched types", "code": {"code": "E0308"}, "spans": spans},
        })
        .to_string()
    }

    #[test]
    fn an_error_stands_in_a_package() {
        let span = json!({"file_name": "/c/packages/g_a/a/v1/x.rs", "line_start": 7, "is_primary": true});
        let Some(Message::Error { name, text, place }) = read(&said("error", json!([span])), "/c/packages")
        else {
            panic!("an error was said");
        };
        assert_eq!((name.as_str(), text.as_str()), ("batch-001", "mismatched types [E0308]"));
        let expected = Place { unit: "g_a".to_owned(), file: "a/v1/x.rs".to_owned(), line: 7 };
        assert_eq!(place, Some(expected));
    }

    #[test]
    fn an_error_in_a_macro_stands_where_the_macro_is_called() {
        let span = json!({
            "file_name": "/runtime/src/macros.rs", "line_start": 1, "is_primary": true,
            "expansion": {"span": {"file_name": "/c/packages/g_a/b.rs", "line_start": 3}},
        });
        let Some(Message::Error { place: Some(place), .. }) =
            read(&said("error", json!([span])), "/c/packages")
        else {
            panic!("a place was said");
        };
        assert_eq!((place.file.as_str(), place.line), ("b.rs", 3));
    }

    #[test]
    fn what_is_elsewhere_has_no_place() {
        let span = json!({"file_name": "src/main.rs", "line_start": 1, "is_primary": true});
        let found = read(&said("error", json!([span])), "/c/packages");
        assert!(matches!(found, Some(Message::Error { place: None, .. })), "{found:?}");
        assert_eq!(read(&said("warning", json!([])), "/c/packages"), None);
        assert_eq!(read("not json", "/c/packages"), None);
    }

    #[test]
    fn a_program_that_is_built_is_told() {
        let line =
            json!({"reason": "compiler-artifact", "target": {"name": "batch-001"}, "executable": "/x"});
        let expected = Message::Built { name: "batch-001".to_owned(), program: "/x".to_owned() };
        assert_eq!(read(&line.to_string(), "/c"), Some(expected));
    }
}

//! Just enough of the proto2 language for the `generated.proto` files of Kubernetes: packages, messages (flat or
//! nested), fields. No imports are followed, as names are written out; options, enums and services are skipped.

use std::collections::BTreeMap;

use crate::Source;
use crate::diag::{Code, Place, Report};

/// The messages of all files, by full name: `k8s.io.api.core.v1.Pod`.
pub(crate) type Messages = BTreeMap<String, Message>;

/// A message: its fields, in the file's order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    pub(crate) place: Place,
    pub(crate) fields: Vec<ProtoField>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProtoField {
    pub(crate) name: String,
    pub(crate) number: u32,
    pub(crate) kind: ProtoKind,
    pub(crate) repeated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProtoKind {
    /// A scalar's name, or a message's full name.
    Named(String),
    /// `map<string, value>`.
    Map(String),
}

const SCALARS: [&str; 15] = [
    "bool", "bytes", "double", "fixed32", "fixed64", "float", "int32", "int64", "sfixed32", "sfixed64",
    "sint32", "sint64", "string", "uint32", "uint64",
];

/// Reads one file into `messages`.
pub(crate) fn read(source: &Source, messages: &mut Messages, report: &mut Report) {
    let Ok(text) = std::str::from_utf8(&source.bytes) else {
        report.error(
            Code::NotText,
            &Place::new(&source.name, ""),
            "this is not UTF-8",
            "pull the file again",
        );
        return;
    };
    let mut reader =
        Reader { source: &source.name, words: words(text), at: 0, package: String::new(), messages, report };
    reader.file();
}

struct Word<'a> {
    text: &'a str,
    line: usize,
}

/// The words of the text without comments: identifiers with dots, numbers, strings, single characters.
fn words(text: &str) -> Vec<Word<'_>> {
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let (mut at, mut line) = (0, 1);
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b'\n' => {
                line += 1;
                at += 1;
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    at += 1;
                }
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                let end = text[at..].find("*/").map_or(bytes.len(), |end| at + end + 2);
                line += text[at..end].matches('\n').count();
                at = end;
                continue;
            }
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' && bytes[at] != b'\n' {
                    at += 1;
                }
                at = (at + 1).min(bytes.len());
            }
            byte if is_word(byte) => {
                while at < bytes.len() && is_word(bytes[at]) {
                    at += 1;
                }
            }
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            byte if byte.is_ascii() => at += 1,
            _ => {
                at += text[at..].chars().next().map_or(1, char::len_utf8);
            }
        }
        words.push(Word { text: &text[start..at], line });
    }
    words
}

struct Reader<'a, 'b> {
    source: &'a str,
    words: Vec<Word<'a>>,
    at: usize,
    package: String,
    messages: &'b mut Messages,
    report: &'b mut Report,
}

impl<'a> Reader<'a, '_> {
    fn next(&mut self) -> &'a str {
        let word = self.words.get(self.at).map_or("", |word| word.text);
        self.at += 1;
        word
    }

    fn place(&self) -> Place {
        let last = self.words.len().saturating_sub(1);
        let line = self.words.get(self.at.saturating_sub(1).min(last)).map_or(1, |word| word.line);
        Place::new(self.source, format!("line {line}"))
    }

    fn wrong(&mut self, what: String) {
        let place = self.place();
        self.report.error(
            Code::Syntax,
            &place,
            what,
            "generated.proto files of Kubernetes hold proto2 messages only",
        );
    }

    /// Skips to the end of a statement or of the block that follows.
    fn skip(&mut self) {
        let mut depth = 0usize;
        while self.at < self.words.len() {
            match self.next() {
                "{" => depth += 1,
                "}" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return;
                    }
                }
                ";" if depth == 0 => return,
                _ => {}
            }
        }
    }

    fn file(&mut self) {
        while self.at < self.words.len() {
            match self.next() {
                "package" => {
                    self.package = self.next().to_owned();
                    self.skip();
                }
                "message" => {
                    let scope = self.package.clone();
                    self.message(&scope, 0);
                }
                ";" => {}
                "syntax" | "import" | "option" | "enum" | "service" | "extend" => self.skip(),
                other => {
                    self.wrong(format!("`{other}` is not a statement of a .proto file"));
                    return;
                }
            }
        }
    }

    fn message(&mut self, scope: &str, depth: usize) {
        let name = format!("{scope}.{}", self.next());
        let mut message = Message { place: self.place(), fields: Vec::new() };
        if self.next() != "{" || depth > 16 {
            return self.wrong(format!("the message `{name}` has no body"));
        }
        loop {
            let word = self.next();
            match word {
                "}" => break,
                "" => return self.wrong(format!("the message `{name}` does not end")),
                ";" => {}
                "message" => self.message(&name, depth + 1),
                "enum" | "oneof" | "option" | "reserved" | "extensions" | "extend" => self.skip(),
                "optional" | "required" | "repeated" => {
                    let kind = self.next();
                    self.field(&mut message, kind, word == "repeated");
                }
                kind => self.field(&mut message, kind, false),
            }
        }
        self.messages.insert(name, message);
    }

    fn field(&mut self, message: &mut Message, kind: &'a str, repeated: bool) {
        let kind = if kind == "map" {
            let (_, _, _, value, _) = (self.next(), self.next(), self.next(), self.next(), self.next());
            ProtoKind::Map(self.full_name(value))
        } else {
            ProtoKind::Named(self.full_name(kind))
        };
        let name = self.next().to_owned();
        let equals = self.next();
        let number = self.next().parse();
        self.skip();
        match number {
            Ok(number) if equals == "=" => message.fields.push(ProtoField { name, number, kind, repeated }),
            _ => self.wrong(format!("the field `{name}` has no number")),
        }
    }

    fn full_name(&self, name: &str) -> String {
        let name = name.strip_prefix('.').unwrap_or(name);
        if SCALARS.contains(&name) || name.contains('.') {
            name.to_owned()
        } else {
            format!("{}.{name}", self.package)
        }
    }
}

//! Normalising answers: what differs from run to run stands as a placeholder, numbered where being the same matters.
//!
//! | placeholder | instead of | because |
//! |---|---|---|
//! | `<ns>`, `<id>` | the file's namespace and word | the runner makes them up for each run |
//! | `<server>` | `HOST:PORT` | each server has its own |
//! | `<uid N>` | uids | random |
//! | `<version N>` | resourceVersions of objects | a counter that all writers share |
//! | `"version": true` | that of lists, tables and bookmarks | it moves with other people's writes |
//! | `<version>` | the same in messages and raw text | as above |
//! | `<time>` | times | the clock |
//! | `<age>` | ages in the cells of tables | the clock |
//! | members in the order of their names | documents that a message quotes | Go writes them in the order of its structs |
//! | `<token>` | continue tokens | they hold a resourceVersion |
//! | `<generated>` | ends of generated names | random |
//! | `<ip N>`, `<port N>` | cluster IPs and node ports | what is free differs |
//! | `<jwt>`, `<pem>` | signed tokens, certificates | keys and times |
//! | `<hash>` | storageVersionHash, where `${id}` is used | it is made of the group's name |
//! | nothing | bookmarks, but those that end initial events, and where `@first` counts events | they come by the clock |
//! | nothing | CBOR in lists of media types | an alpha feature that the control plane of the tests has on |
//! | `<masked>` | what `# mask:` names | the file says why |
//!
//! Nothing that the file itself sends is replaced: a time in a request comes back as it was or the answer is another one.

use std::fmt::Write as _;
use std::net::IpAddr;

use serde_json::{Map, Value};

use super::conversation::{Conversation, Step};
use super::scan;
use super::wire::Answer;

/// The placeholders of one conversation.
#[derive(Debug, Default)]
pub(crate) struct Plain {
    /// What a text is replaced by wherever it stands.
    names: Vec<(String, String)>,
    masks: Vec<Vec<String>>,
    written: String,
    uids: Vec<String>,
    versions: Vec<String>,
    generated: Vec<String>,
    /// Whether names hold the run's word.
    has_id: bool,
    ips: Vec<String>,
    ports: Vec<String>,
}

fn number(all: &mut Vec<String>, value: &str) -> usize {
    all.iter().position(|it| it == value).unwrap_or_else(|| {
        all.push(value.to_owned());
        all.len() - 1
    })
}

/// What stands before a version in messages.
const BEFORE_VERSIONS: &[&str] = &[
    "ResourceVersion in record (",
    "ResourceVersion in object meta: ",
    "current: ",
    "too old resource version: 1 (",
];

impl Plain {
    /// For a conversation in which these texts (with what they become) are made up for the run.
    pub(crate) fn new(conversation: &Conversation, names: Vec<(String, String)>) -> Plain {
        let masks = conversation.masks.iter();
        let masks = masks.map(|it| it.split('/').skip(1).map(str::to_owned).collect()).collect();
        let has_id = conversation.uses("id");
        Plain { names, masks, has_id, written: conversation.written(), ..Plain::default() }
    }

    /// For what programs print, told with this text.
    pub(crate) fn of_text(written: String, names: Vec<(String, String)>) -> Plain {
        Plain { names, written, ..Plain::default() }
    }

    /// A cluster IP in text.
    pub(crate) fn address(&mut self, text: &str) -> String {
        match self.is_written(text) || text.starts_with("127.") || text.starts_with("0.") {
            true => text.to_owned(),
            false => format!("<ip {}>", number(&mut self.ips, text)),
        }
    }

    /// The answer to a step as it stands in a file.
    pub(crate) fn answer(&mut self, step: &Step, answer: &Answer) -> String {
        let mut out = answer.code.to_string();
        let media = answer.header("content-type").unwrap_or_default();
        if media != "application/json" && !(media.is_empty() && answer.body.is_empty()) {
            let _ = write!(out, " {media}");
        }
        let warnings = answer.headers.iter().filter(|it| it.0 == "warning");
        let mut warnings: Vec<String> = warnings.map(|it| self.text(&self.named(&it.1))).collect();
        // Go walks maps in any order.
        warnings.sort();
        for warning in warnings {
            let _ = write!(out, "\n! {warning}");
        }
        for name in &step.shown {
            match answer.header(name) {
                Some(value) => {
                    let _ = write!(out, "\n< {name}: {}", self.text(&self.named(&value)));
                }
                None => {
                    let _ = write!(out, "\n< no {name}");
                }
            }
        }
        let Ok(text) = std::str::from_utf8(&answer.body) else {
            return out + "\n<binary>";
        };
        let text = self.named(text);
        let documents: Result<Vec<Value>, _> =
            serde_json::Deserializer::from_str(&text).into_iter().collect();
        match documents {
            Ok(documents) if !step.raw_body => {
                for document in documents.iter().filter(|it| step.first.is_some() || !is_periodic(it)) {
                    let mut value = self.value("", document);
                    for mask in &self.masks {
                        cover(&mut value, mask);
                    }
                    let pretty = serde_json::to_string_pretty(&value).unwrap_or_default();
                    let _ = write!(out, "\n{pretty}");
                }
            }
            _ => {
                let _ = write!(out, "\n{}", self.raw(text.trim_end()));
            }
        }
        out
    }

    /// Text that is no JSON, or is looked at as it is.
    pub(crate) fn raw(&mut self, text: &str) -> String {
        let text = self.text(&self.named(text));
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("resourceVersion") {
            let value = after.trim_start_matches(['"', ':', ' ']);
            let (between, _) = after.split_at(after.len() - value.len());
            let tail = value.trim_start_matches(|it: char| it.is_ascii_digit());
            let shown = if tail.len() < value.len() { "<version>" } else { "" };
            let _ = write!(out, "{before}resourceVersion{between}{shown}");
            rest = tail;
        }
        out.push_str(rest);
        // A cell of a table in YAML.
        let lines = out.split('\n').map(|line| match line.trim_start().strip_prefix("- ") {
            Some(cell) if is_age(cell) => line.replace(cell, "<age>"),
            _ => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn named(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }

    fn is_written(&self, text: &str) -> bool {
        self.written.contains(text)
    }

    fn value(&mut self, key: &str, value: &Value) -> Value {
        match (key, value) {
            ("resourceVersion", Value::String(it))
                if !it.is_empty() && !self.is_written(&format!("\"{it}\"")) =>
            {
                format!("<version {}>", number(&mut self.versions, it)).into()
            }
            ("storageVersionHash", Value::String(_)) if self.has_id => "<hash>".into(),
            ("continue", Value::String(it)) if !it.is_empty() => "<token>".into(),
            ("clusterIP" | "clusterIPs", Value::String(it))
                if it.parse::<IpAddr>().is_ok() && !self.is_written(it) =>
            {
                format!("<ip {}>", number(&mut self.ips, it)).into()
            }
            ("nodePort" | "healthCheckNodePort", Value::Number(it)) if !self.is_written(&it.to_string()) => {
                format!("<port {}>", number(&mut self.ports, &it.to_string())).into()
            }
            ("managedFields", Value::Array(all)) => {
                let mut all: Vec<Value> = all.iter().map(|it| self.value("", it)).collect();
                // What happened within a second has no order of its own.
                let rank = |it: &Value| {
                    ["manager", "operation", "subresource", "apiVersion"].map(|part| it[part].to_string())
                };
                all.sort_by_key(rank);
                Value::Array(all)
            }
            ("causes", Value::Array(all)) => {
                // Go walks maps in any order.
                let mut all: Vec<Value> = all.iter().map(|it| self.value("", it)).collect();
                all.sort_by_key(|it| (it["field"].to_string(), it["message"].to_string()));
                Value::Array(all)
            }
            ("resourceRules" | "nonResourceRules", Value::Array(all)) => {
                // The real server adds up bindings in any order.
                let mut all: Vec<Value> = all.iter().map(|it| self.value("", it)).collect();
                all.sort_by_key(Value::to_string);
                Value::Array(all)
            }
            ("clusterIPs", Value::Array(all)) => all.iter().map(|it| self.value(key, it)).collect(),
            ("cells", Value::Array(all)) => all
                .iter()
                .map(|it| match it {
                    Value::String(text) if is_age(text) => "<age>".into(),
                    it => self.value("", it),
                })
                .collect(),
            (_, Value::Array(all)) => all.iter().map(|it| self.value("", it)).collect(),
            (_, Value::Object(all)) => self.object(key, all),
            (_, Value::String(text)) => self.text(text).into(),
            (_, other) => other.clone(),
        }
    }

    fn object(&mut self, key: &str, all: &Map<String, Value>) -> Value {
        if let (Some(Value::String(prefix)), Some(Value::String(name))) =
            (all.get("generateName"), all.get("name"))
            && let Some(rest) = name.strip_prefix(prefix.as_str())
            && !rest.is_empty()
        {
            number(&mut self.generated, rest);
        }
        // The version of a list, a table or a bookmark is that of the whole server, where others write too.
        let uid = all.get("metadata").and_then(|it| it.get("uid"));
        let of_server = all.contains_key("items")
            || all.contains_key("rows")
            || (key == "object" && !uid.is_some_and(Value::is_string));
        let mut names: Vec<&String> = all.keys().collect();
        names.sort();
        // The rest of a list comes first: numbers are given in that order.
        names.sort_by_key(|it| of_server && *it == "metadata");
        let mut out = Vec::new();
        for name in names {
            let Some(value) = all.get(name) else { continue };
            let shown = match value {
                Value::Object(metadata) if of_server && name == "metadata" => {
                    let mut metadata = metadata.clone();
                    if let Some(version) = metadata.remove("resourceVersion") {
                        metadata.insert("version".to_owned(), (!version.is_null()).into());
                    }
                    self.value("", &Value::Object(metadata))
                }
                value => self.value(name, value),
            };
            out.push((self.text(name), shown));
        }
        out.sort_by(|one, other| one.0.cmp(&other.0));
        Value::Object(out.into_iter().collect())
    }

    /// Replaces inside a string.
    /// Documents that a message quotes: the order of their members is chance, and what is in them differs like the rest.
    fn quoted(&mut self, text: &str) -> String {
        const BEFORE: &str = "Invalid value: ";
        let Some(at) = text.find(&format!("{BEFORE}\"{{\\\"")).map(|it| it + BEFORE.len()) else {
            return text.to_owned();
        };
        let mut literals = serde_json::Deserializer::from_str(&text[at..]).into_iter::<String>();
        let Some(Ok(inner)) = literals.next() else { return text.to_owned() };
        let Ok(document) = serde_json::from_str::<Value>(&inner) else { return text.to_owned() };
        let end = at + literals.byte_offset();
        let plain = Value::from(self.value("", &document).to_string()).to_string();
        format!("{}{plain}{}", &text[..at], &text[end..])
    }

    fn text(&mut self, text: &str) -> String {
        if (text.starts_with("-----BEGIN ") || text.starts_with("LS0tLS1CRUdJTi")) && !self.is_written(text) {
            return "<pem>".to_owned();
        }
        let text = &self.quoted(text);
        let written = std::mem::take(&mut self.written);
        let kept = |it: &str, placeholder: String| match written.contains(it) {
            true => it.to_owned(),
            false => placeholder,
        };
        let mut text = scan::replace(text, scan::time, |it| kept(it, "<time>".to_owned()));
        text = scan::replace(&text, scan::web_token, |it| kept(it, "<jwt>".to_owned()));
        text = scan::replace(&text, scan::uid, |it| match written.contains(it) {
            true => it.to_owned(),
            false => format!("<uid {}>", number(&mut self.uids, it)),
        });
        self.written = written;
        for it in &self.generated {
            text = text.replace(it, "<generated>");
        }
        for (kind, all) in [("ip", &self.ips), ("port", &self.ports)] {
            for (index, it) in all.iter().enumerate() {
                text = whole_words(&text, it, &format!("<{kind} {index}>"));
            }
        }
        if let Some((head, _)) = text.split_once(" is invalid: [") {
            text = format!("{head} is invalid: [the causes]");
        }
        for media in [", application/apply-patch+cbor", ", application/cbor-seq", ", application/cbor"] {
            text = text.replace(media, "");
        }
        for before in BEFORE_VERSIONS {
            if let Some((head, tail)) = text.split_once(before) {
                let tail = tail.trim_start_matches(|it: char| it.is_ascii_digit());
                text = format!("{head}{before}<version>{tail}");
            }
        }
        text
    }
}

/// Whether a cell is how long ago something was: `5s`, `2m10s`, `3d4h`.
fn is_age(cell: &str) -> bool {
    let mut parts = cell.split_inclusive(|it: char| it.is_ascii_alphabetic());
    let is_part = |it: &str| {
        let digits = it.trim_end_matches(['s', 'm', 'h', 'd', 'y']);
        it.len() == digits.len() + 1 && !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit())
    };
    !cell.is_empty() && parts.clone().count() <= 2 && parts.all(is_part)
}

/// A bookmark that comes when its time has come; of the first N events of a watch it may be one.
fn is_periodic(event: &Value) -> bool {
    let end = "/object/metadata/annotations/k8s.io~1initial-events-end";
    event["type"] == "BOOKMARK" && event.pointer(end).is_none()
}

/// Replaces a text where it is not a part of a longer number or address.
fn whole_words(text: &str, word: &str, by: &str) -> String {
    let inside = |it: Option<char>| it.is_some_and(|it| it.is_ascii_digit());
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(word) {
        let part = inside(before.chars().next_back()) || inside(after.chars().next());
        out.push_str(before);
        out.push_str(if part { word } else { by });
        rest = after;
    }
    out + rest
}

/// Replaces what a pointer leads to; `*` is any member.
fn cover(value: &mut Value, pointer: &[String]) {
    let Some((first, rest)) = pointer.split_first() else {
        *value = "<masked>".into();
        return;
    };
    match value {
        Value::Object(all) => {
            for (_, it) in all.iter_mut().filter(|it| first == "*" || it.0 == first) {
                cover(it, rest);
            }
        }
        Value::Array(all) => {
            let wanted = |at: usize| first == "*" || *first == at.to_string();
            for (_, it) in all.iter_mut().enumerate().filter(|it| wanted(it.0)) {
                cover(it, rest);
            }
        }
        _ => {}
    }
}

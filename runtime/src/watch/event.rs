//! One line of a watch, read as an event.
//!
//! Pure. What an event of type ERROR means is said by its Status, as for any other answer.

use crate::codec::{self, DecodeError, Reader, UnknownFields, Value};
use crate::object;
use crate::wire::{Map, Status};

/// What happened to an object.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum WatchEvent<T> {
    /// It is there: created, or already there when the watch began.
    Added(T),
    /// It changed.
    Modified(T),
    /// It is gone, or no longer chosen by the selectors; this is how it was last.
    Deleted(T),
    /// Nothing happened up to this version.
    Bookmark(Bookmark),
}

impl<T> WatchEvent<T> {
    /// The object that the event is about; none for bookmarks.
    pub fn object(&self) -> Option<&T> {
        match self {
            WatchEvent::Added(object) | WatchEvent::Modified(object) | WatchEvent::Deleted(object) => {
                Some(object)
            }
            WatchEvent::Bookmark(_) => None,
        }
    }

    /// The object that the event is about; none for bookmarks.
    pub fn into_object(self) -> Option<T> {
        match self {
            WatchEvent::Added(object) | WatchEvent::Modified(object) | WatchEvent::Deleted(object) => {
                Some(object)
            }
            WatchEvent::Bookmark(_) => None,
        }
    }
}

/// Up to which version a watch has told everything.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Bookmark {
    /// The version; a watch that begins here misses nothing.
    pub resource_version: String,
    /// Whether all objects that were there when the watch began have been given (`send_initial_events`).
    pub initial_events_end: bool,
    /// All annotations of the bookmark.
    pub annotations: Map<String>,
}

/// What a line says.
#[derive(Debug)]
pub(super) enum Line<T> {
    Event(WatchEvent<T>),
    Error(Box<Status>),
    /// An event of a type that this build does not know.
    Unknown(String),
    /// An event about an object that cannot be read, but for what it is called.
    Unreadable(Box<Named>, DecodeError),
}

/// As much of an object as is needed to say which one it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Named {
    pub(crate) deleted: bool,
    pub(crate) name: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
}

impl Named {
    /// Reads it from the text of an object that cannot be read as a whole.
    pub(crate) fn read(object: &str) -> Option<Self> {
        Some(codec::from_str::<Nameable>(object).ok()?.metadata.into_named(false))
    }
}

/// Reads one line.
pub(super) fn read<T: Value + Default>(line: &[u8]) -> Result<Line<T>, DecodeError> {
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        // The codec knows best how to say where the text is broken.
        Err(_) => return codec::from_slice::<Status>(line).map(|_| Line::Unknown(String::new())),
    };
    read_as(text).or_else(|error| {
        let Ok(Line::Event(event)) = read_as::<Nameable>(text) else { return Err(error) };
        let deleted = matches!(event, WatchEvent::Deleted(_));
        let Some(object) = event.into_object() else { return Err(error) };
        Ok(Line::Unreadable(Box::new(object.metadata.into_named(deleted)), error))
    })
}

fn read_as<T: Value + Default>(text: &str) -> Result<Line<T>, DecodeError> {
    let mut reader = Reader::new(text);
    let mut event = String::new();
    let mut kind = String::new();
    let mut object = None;
    let mut decoded = None;
    codec::decode_members(&mut reader, "an event", |reader, name| match name {
        "type" => event.decode(reader),
        "kind" => kind.decode(reader),
        // Servers write the type first; then the object is read where it stands.
        "object" if matches!(event.as_str(), "ADDED" | "MODIFIED" | "DELETED") => {
            let mut value = T::default();
            value.decode(reader)?;
            decoded = Some(value);
            Ok(())
        }
        "object" => {
            object = Some(reader.raw()?);
            Ok(())
        }
        _ => reader.raw().map(drop),
    })?;
    reader.end()?;
    if event.is_empty() && kind == "Status" {
        // Some gateways end a watch with a bare Status.
        return codec::from_str(text).map(|status| Line::Error(Box::new(status)));
    }
    let object = object.unwrap_or("null");
    let value = |decoded: Option<T>| decoded.map_or_else(|| codec::from_str::<T>(object), Ok);
    Ok(match event.as_str() {
        "ADDED" => Line::Event(WatchEvent::Added(value(decoded)?)),
        "MODIFIED" => Line::Event(WatchEvent::Modified(value(decoded)?)),
        "DELETED" => Line::Event(WatchEvent::Deleted(value(decoded)?)),
        "BOOKMARK" => Line::Event(WatchEvent::Bookmark(bookmark(object)?)),
        // Whatever it says, the watch is over.
        "ERROR" => Line::Error(Box::new(codec::from_str(object).unwrap_or_else(|_| Status {
            message: Some("an event of type ERROR that holds no Status".to_owned()),
            ..Status::default()
        }))),
        _ => Line::Unknown(event),
    })
}

fn bookmark(object: &str) -> Result<Bookmark, DecodeError> {
    let marked: Marked = codec::from_str(object)?;
    let annotations = marked.metadata.annotations.unwrap_or_default();
    let end = annotations.get("k8s.io/initial-events-end").is_some_and(|value| value == "true");
    Ok(Bookmark { resource_version: marked.metadata.resource_version, initial_events_end: end, annotations })
}

/// As much of an object as a bookmark has.
#[derive(Clone, Default, PartialEq)]
struct Marked {
    metadata: MarkedMetadata,
    unknown: UnknownFields,
}

object! {
    Marked {
        0 metadata "metadata" [1] Message required;
    }
}

#[derive(Clone, Default, PartialEq)]
struct MarkedMetadata {
    resource_version: String,
    annotations: Option<Map<String>>,
}

object! {
    MarkedMetadata {
        0 resource_version "resourceVersion" [6] String required;
        1 annotations "annotations" [12] Map;
    }
}

/// As much of an object as says which one it is.
#[derive(Clone, Default, PartialEq)]
struct Nameable {
    metadata: NameableMetadata,
    unknown: UnknownFields,
}

object! {
    Nameable {
        0 metadata "metadata" [1] Message required;
    }
}

#[derive(Clone, Default, PartialEq)]
struct NameableMetadata {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
}

object! {
    NameableMetadata {
        0 name "name" [1] String;
        1 namespace "namespace" [3] String;
        2 uid "uid" [5] String;
        3 resource_version "resourceVersion" [6] String;
    }
}

impl NameableMetadata {
    fn into_named(self, deleted: bool) -> Named {
        let NameableMetadata { name, namespace, uid, resource_version } = self;
        Named { deleted, name, namespace, uid, resource_version }
    }
}

/// Any object, as its text: what the framer's and the reader's fuzz target decodes into.
#[doc(hidden)]
pub fn fuzz(data: &[u8], cut: usize) {
    let mut frames = super::Frames::with_limit(1 << 16);
    for chunk in data.chunks(cut.max(1)) {
        frames.push(chunk);
        while let Some(Ok(line)) = frames.frame() {
            let _ = read::<crate::wire::RawJson>(line);
        }
    }
    let _ = read::<crate::wire::RawJson>(frames.rest());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::RawJson;

    fn event(line: &str) -> Line<RawJson> {
        read(line.as_bytes()).unwrap()
    }

    #[test]
    fn events_are_read_in_any_order_of_members() {
        for line in
            [r#"{"type":"ADDED","object":{"a":1}}"#, r#"{"extra":[],"object":{"a":1},"type":"ADDED"}"#]
        {
            let Line::Event(WatchEvent::Added(object)) = event(line) else { panic!("{line}") };
            assert_eq!(object.get(), r#"{"a":1}"#);
        }
        assert!(matches!(event(r#"{"type":"MODIFIED","object":{}}"#), Line::Event(WatchEvent::Modified(_))));
        assert!(matches!(event(r#"{"type":"DELETED","object":{}}"#), Line::Event(WatchEvent::Deleted(_))));
        assert!(matches!(event(r#"{"type":"PARTED","object":{}}"#), Line::Unknown(kind) if kind == "PARTED"));
    }

    #[test]
    fn an_object_that_cannot_be_read_is_named_if_its_metadata_can() {
        let line = r#"{"type":"DELETED","object":{"metadata":{"name":"a","namespace":"n","uid":"u","resourceVersion":"7","labels":5},"spec":[]}}"#;
        let Ok(Line::Unreadable(named, _)) = read::<crate::testing::Widget>(line.as_bytes()) else {
            panic!()
        };
        let text = |it: &str| Some(it.to_owned());
        let expected = Named {
            deleted: true,
            name: text("a"),
            namespace: text("n"),
            uid: text("u"),
            resource_version: text("7"),
        };
        assert_eq!(*named, expected);
        let line = r#"{"type":"ADDED","object":{"metadata":{"name":5}}}"#;
        assert!(read::<crate::testing::Widget>(line.as_bytes()).is_err());
    }

    #[test]
    fn bookmarks_carry_the_version_and_the_end_of_what_was_there() {
        let line = concat!(
            r#"{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"42","#,
            r#""creationTimestamp":null,"annotations":{"k8s.io/initial-events-end":"true"}},"spec":{"containers":null}}}"#
        );
        let Line::Event(WatchEvent::Bookmark(bookmark)) = event(line) else { panic!() };
        assert_eq!((bookmark.resource_version.as_str(), bookmark.initial_events_end), ("42", true));
        let Line::Event(WatchEvent::Bookmark(bookmark)) =
            event(r#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}"#)
        else {
            panic!()
        };
        assert_eq!((bookmark.resource_version.as_str(), bookmark.initial_events_end), ("7", false));
    }

    #[test]
    fn errors_are_read_from_events_and_from_bare_statuses() {
        let status =
            r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410}"#;
        for line in [status.to_owned(), format!(r#"{{"type":"ERROR","object":{status}}}"#)] {
            let Line::Error(status) = event(&line) else { panic!("{line}") };
            assert_eq!(status.reason.as_deref(), Some("Expired"));
        }
        assert!(matches!(event(r#"{"type":"ERROR","object":"gone"}"#), Line::Error(_)));
        assert!(matches!(event(r#"{"type":"ERROR"}"#), Line::Error(_)));
    }

    #[test]
    fn what_is_no_event_is_an_error_and_not_a_panic() {
        for line in ["", "{", "[]", "null", r#"{"type":1}"#, r#"{"type":"ADDED","object":{}} x"#, "\u{0}"] {
            assert!(read::<RawJson>(line.as_bytes()).is_err(), "{line:?}");
        }
        assert!(read::<RawJson>(b"{\"type\":\"ADDED\",\"object\":\"\xff\"}").is_err());
        fuzz(b"{\"type\":\"ADDED\",\"object\":\"\xff\"}\n{\n\n{}", 3);
    }
}

//! The form of an answer: what the client accepts, and the answer made into it.
//!
//! The verbs answer in JSON; here that becomes a Table, partial metadata, YAML, protobuf, or indented JSON. CBOR is not offered.

mod accept;
mod duration;
pub(crate) mod order;
mod table;
pub(crate) mod yaml;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::catalog::Resource;
use crate::failure::{Failure, Outcome};
use crate::protobuf;
use crate::request::Incoming;
use crate::server::Shared;
use table::{Include, Style};

const JSON: &str = "application/json";
const YAML: &str = "application/yaml";
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// What a route can answer with; what it streams comes after that in its complaints.
const WHOLE: &[&str] = &[JSON, YAML, PROTOBUF];
const STREAMS: &[&str] =
    &["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];

/// The form that was agreed on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Form {
    media: Media,
    pretty: bool,
    target: Option<Target>,
}

#[derive(Debug, Clone)]
enum Target {
    /// As rows, under this version of `meta.k8s.io`.
    Table {
        style: Arc<Style>,
        version: &'static str,
        include: Include,
        headers: bool,
    },
    Partial {
        version: &'static str,
        list: bool,
        name: String,
    },
}

/// In what an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Media {
    #[default]
    Json,
    Yaml,
    Protobuf,
}

impl Media {
    /// What is taken first where a wildcard leaves the choice.
    const ALL: [Media; 3] = [Media::Json, Media::Yaml, Media::Protobuf];

    fn sub(self) -> &'static str {
        match self {
            Media::Json => "json",
            Media::Yaml => "yaml",
            Media::Protobuf => "vnd.kubernetes.protobuf",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Media::Json => JSON,
            Media::Yaml => YAML,
            Media::Protobuf => PROTOBUF,
        }
    }
}

/// Which kind of answer is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// One object, or the Status of what was done.
    Object,
    List,
    Watch,
}

impl Form {
    /// The form that a client wants of an answer that is about no resource.
    pub(crate) fn plain(incoming: &Incoming) -> Form {
        Form::among(incoming, &Media::ALL)
    }

    fn among(incoming: &Incoming, all: &[Media]) -> Form {
        let wanted = accept::parse(&incoming.accept);
        let plain = wanted.iter().filter(|it| it.parameter("as").is_none());
        let media = plain.flat_map(|it| all.iter().find(|media| it.means("application", media.sub()))).next();
        Form { media: media.copied().unwrap_or_default(), pretty: is_pretty(incoming), target: None }
    }

    /// The form of a document of discovery.
    ///
    /// # Errors
    ///
    /// When neither JSON nor YAML is wanted.
    pub(crate) fn of_document(incoming: &Incoming, by_router: bool) -> Outcome<Form> {
        if by_router && !accept::passes(&incoming.accept, WHOLE) {
            return Err(Failure::not_acceptable(&WHOLE.join(", ")));
        }
        let wanted = accept::parse(&incoming.accept);
        let known = |it: &accept::Clause| {
            it.parameter("as").is_none()
                && (it.means("application", "json") || it.means("application", "yaml"))
        };
        match incoming.accept.is_empty() || wanted.iter().any(known) {
            true => Ok(Form::among(incoming, &[Media::Json, Media::Yaml])),
            false => Err(Failure::only_accepted(&WHOLE.join(", "))),
        }
    }

    /// Agrees on a form, or says that nothing that is wanted can be had.
    pub(crate) fn negotiate(
        shared: &Shared,
        incoming: &Incoming,
        resource: &Arc<Resource>,
        due: Due,
    ) -> Outcome<Form> {
        let both = [WHOLE, STREAMS].concat();
        let offered = if due == Due::Object { WHOLE } else { &both };
        // Custom resources have no router in front that would look at types only.
        if !resource.is_custom() && !accept::passes(&incoming.accept, offered) {
            return Err(Failure::not_acceptable(&offered.join(", ")));
        }
        let mut form = Form { pretty: is_pretty(incoming), ..Form::default() };
        if incoming.accept.is_empty() {
            return Ok(form);
        }
        for clause in accept::parse(&incoming.accept) {
            // A stream that is no watch is known to nobody.
            if clause.parameter("stream").is_some_and(|it| it != "watch") {
                continue;
            }
            let asked = ["as", "g", "v"].map(|it| clause.parameter(it));
            let converts = asked.iter().any(Option::is_some);
            let is_table = clause.parameter("as") == Some("Table");
            let can = |media: Media| match media {
                // Tables and custom resources have no message.
                Media::Protobuf => !is_table && (converts || !resource.is_custom()),
                _ => true,
            };
            let means = |it: &Media| can(*it) && clause.means("application", it.sub());
            let Some(media) = Media::ALL.into_iter().find(means) else { continue };
            if converts {
                let Some(target) = target(shared, incoming, resource, asked.map(Option::unwrap_or_default))?
                else {
                    continue;
                };
                form.target = Some(target);
            }
            if media == Media::Yaml && due == Due::Watch {
                return Err(Failure::only_accepted(&STREAMS.join(", ")));
            }
            form.media = media;
            form.pretty |= clause.parameter("pretty") == Some("1");
            return Ok(form);
        }
        Err(Failure::only_accepted(&(if due == Due::Watch { STREAMS } else { WHOLE }).join(", ")))
    }

    pub(crate) fn content_type(&self) -> &'static str {
        self.media.name()
    }

    /// The type of a watch's answer.
    pub(crate) fn stream_type(&self) -> &'static str {
        if self.media == Media::Protobuf { "application/vnd.kubernetes.protobuf;stream=watch" } else { JSON }
    }

    fn is_as_stored(&self) -> bool {
        self.media == Media::Json && !self.pretty && self.target.is_none()
    }

    /// An answer of a verb in this form.
    ///
    /// # Errors
    ///
    /// When a list is asked for as one object's metadata, or one object as a list's.
    pub(crate) fn whole(&self, body: Bytes) -> Outcome<Bytes> {
        if self.is_as_stored() {
            return Ok(body);
        }
        let Ok(value) = serde_json::from_slice::<Value>(&body) else { return Ok(body) };
        Ok(self.encode(&self.transformed(value, false)?))
    }

    /// A refusal: in the type that was agreed on, but never as a Table or as metadata.
    pub(crate) fn failure(&self, failure: &Failure) -> (Bytes, &'static str) {
        let media = if self.target.is_none() { self.media } else { Media::Json };
        let form = Form { media, pretty: self.pretty || self.target.is_some(), target: None };
        (form.encode(&failure.status()), form.content_type())
    }

    /// A document in this form.
    pub(crate) fn encode(&self, value: &Value) -> Bytes {
        match self.media {
            Media::Yaml => yaml::write(value).into(),
            Media::Protobuf => protobuf::object(value).unwrap_or_default().into(),
            Media::Json => {
                let mut text = order::write(value, self.pretty);
                if !self.pretty {
                    text.push('\n');
                }
                text.into()
            }
        }
    }

    /// Events of a watch in this form. Only the first of a watch carries the columns of a table.
    pub(crate) fn events(&mut self, events: Bytes) -> Bytes {
        if self.target.is_none() && self.media != Media::Protobuf {
            return events;
        }
        let mut out = Vec::with_capacity(events.len());
        for line in events.split_inclusive(|it| *it == b'\n') {
            let Ok(mut event) = serde_json::from_slice::<Value>(line) else {
                out.extend_from_slice(line);
                continue;
            };
            let object = event["object"].take();
            event["object"] = self.transformed(object.clone(), true).unwrap_or(object);
            if let Some(Target::Table { headers, .. }) = &mut self.target {
                *headers = false;
            }
            if self.media == Media::Protobuf {
                out.extend(protobuf::event(&event).unwrap_or_default());
                continue;
            }
            out.extend_from_slice(event.to_string().as_bytes());
            out.push(b'\n');
        }
        out.into()
    }

    fn transformed(&self, value: Value, event: bool) -> Outcome<Value> {
        let Some(target) = &self.target else { return Ok(value) };
        if value["kind"] == "Status" {
            return Ok(value);
        }
        let is_list = value["items"].is_array();
        match target {
            Target::Table { style, version, include, headers } => {
                Ok(style.table(&value, version, *include, *headers))
            }
            Target::Partial { list: false, name, .. } if is_list => Err(Failure::not_that_form(&format!(
                "you requested PartialObjectMetadata, but the requested object is a list (*{name}List)"
            ))),
            Target::Partial { list: true, name, .. } if !is_list && !event => {
                Err(Failure::not_that_form(&format!(
                    "you requested PartialObjectMetadataList, but the requested object is not a list (*{name})"
                )))
            }
            Target::Partial { list: true, .. } if !is_list => Ok(value),
            Target::Partial { list: false, version, .. } => Ok(partial(&value, version)),
            Target::Partial { list: true, version, .. } => {
                let items: Vec<Value> =
                    value["items"].as_array().into_iter().flatten().map(|it| partial(it, version)).collect();
                Ok(json!({
                    "kind": "PartialObjectMetadataList",
                    "apiVersion": format!("meta.k8s.io/{version}"),
                    "metadata": list_metadata(&value),
                    "items": items,
                }))
            }
        }
    }
}

/// What a clause asks to be made of the object; `None` where that is unknown.
fn target(
    shared: &Shared,
    incoming: &Incoming,
    resource: &Arc<Resource>,
    [kind, group, version]: [&str; 3],
) -> Outcome<Option<Target>> {
    let version = match (group, version) {
        ("meta.k8s.io", "v1") => "v1",
        ("meta.k8s.io", "v1beta1") => "v1beta1",
        _ => return Ok(None),
    };
    Ok(match kind {
        "Table" => {
            let include = match incoming.query.get("includeObject") {
                "" | "Metadata" => Include::Metadata,
                "Object" => Include::Object,
                "None" => Include::None,
                other => {
                    let shown = Value::from(other);
                    return Err(Failure::bad_request(format!(
                        "Unable to convert to Table as requested: includeObject: Invalid value: {shown}: must be 'Metadata', 'Object', 'None', or empty"
                    )));
                }
            };
            let style = Arc::new(Style::of(shared, resource));
            Some(Target::Table { style, version, include, headers: true })
        }
        "PartialObjectMetadata" | "PartialObjectMetadataList" => {
            let list = kind.ends_with("List");
            Some(Target::Partial { version, list, name: go_type(resource) })
        }
        _ => None,
    })
}

/// Whether plain JSON is among what a client takes.
pub(crate) fn accepts_json(incoming: &Incoming) -> bool {
    incoming.accept.is_empty()
        || accept::parse(&incoming.accept).iter().any(|it| it.means("application", "json"))
}

/// The name of a kind's type in the real server, which some of its messages show.
fn go_type(resource: &Resource) -> String {
    if resource.is_custom() {
        return "unstructured.Unstructured".to_owned();
    }
    let package = match resource.group.as_str() {
        "" | "events.k8s.io" => "core",
        "internal.apiserver.k8s.io" => "apiserverinternal",
        group => group.split('.').next().unwrap_or_default(),
    };
    format!("{package}.{}", resource.kind)
}

/// Indented for those who look at it: asked for, or to a tool of people.
fn is_pretty(incoming: &Incoming) -> bool {
    match incoming.query.get("pretty") {
        "" => ["curl", "Wget", "Mozilla/5.0"].iter().any(|it| incoming.user_agent.starts_with(it)),
        asked => matches!(asked, "1" | "t" | "T" | "TRUE" | "true" | "True"),
    }
}

/// The metadata of an object and nothing else.
fn partial(object: &Value, version: &str) -> Value {
    let metadata = match &object["metadata"] {
        Value::Null => json!({}),
        metadata => metadata.clone(),
    };
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": metadata,
    })
}

/// The metadata of a list made of this list, or of this object.
fn list_metadata(body: &Value) -> Value {
    let mut metadata = json!({});
    for key in ["resourceVersion", "continue", "remainingItemCount"] {
        match &body["metadata"][key] {
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            value => metadata[key] = value.clone(),
        }
    }
    metadata
}

//! The hand-written half of `clientset`: configuration, transport, requests, codec, watch, errors.
//!
//! It deliberately knows no API group and names no kind: those are facts, and facts are generated.
#![deny(missing_docs)]

mod api;
mod auth;
mod backoff;
mod body_stream;
mod client;
pub mod codec;
pub mod config;
mod custom;
mod discovery;
mod dynamic;
#[doc(hidden)]
pub mod ensure;
mod error;
mod inflate;
mod options;
mod patch;
mod request;
mod resource;
mod rest;
#[cfg(feature = "streams")]
mod streams;
#[cfg(test)]
mod testing;
mod transport;
mod watch;
pub mod wire;
mod yaml;

pub use api::{
    Api, ApplyBody, ApplyRequest, CreateRequest, DeleteCollectionRequest, DeleteRequest, Deleted,
    EditRequest, GetRequest, ListRequest, ListStream, LogBytes, LogLines, LogRequest, PatchRequest,
    ProxyRequest, ResumingLogLines, UpdateRequest, WatchRequest,
};
#[doc(hidden)]
pub use auth::fuzz as fuzz_exec_credential;
pub use auth::{ExecPluginAnswer, ExecPluginRequest};
pub use backoff::Backoff;
pub use client::{Client, Metrics, Middleware, RequestHeaders, RequestInfo, ResponseInfo};
pub use codec::{FillDefaults, UnknownFields};
pub use config::{
    Config, Environment, ExecApiVersion, ExecPlugin, ExecPolicy, Impersonation, InteractiveMode, KubeContext,
    Kubeconfig, Overrides,
};
pub use custom::{Crd, CustomResource, PrinterColumn};
pub use discovery::{
    ApiGroup, ApiResource, ApiSubresource, ApiVersion, Discovered, Discovery, GroupFailure, GroupVersions,
    Mapper, OpenApiDocument, OpenApiIndex, PreferredResources, ServerVersion,
};
pub use dynamic::{DynamicApi, DynamicObject};
pub use error::{ConnectFailure, ConnectPhase, Error, ResultExt};
pub use options::{
    ApplyOptions, CreateOptions, DeleteOptions, FieldValidation, GetOptions, ListOptions, LogOptions,
    PatchOptions, PropagationPolicy, ResourceVersionMatch, UnknownFieldPolicy, UpdateOptions, WatchOptions,
};
pub use patch::Patch;
pub use request::Method;
pub use resource::{Entity, ObjectMetadata, Owner, Resource, ResourceInfo, Scope};
pub use rest::{RawResponse, RawStream, RestClient, RestPath, RestRequest, Warning};
#[cfg(feature = "streams")]
#[doc(hidden)]
pub use streams::fuzz as fuzz_streams;
#[cfg(feature = "streams")]
pub use streams::{
    AttachRequest, Copied, CopyFromRequest, CopyToRequest, ExecRequest, ExitStatus, Output,
    PortForwardFailure, PortForwardRequest, PortForwardStream, PortForwarder, Process, Stderr, Stdin, Stdout,
    Terminal,
};
pub use watch::{
    Bookmark, ResumingEvent, ResumingWatch, UnreadableObject, Watch, WatchEvent, WatchFailure, WatchHandle,
    WatchPhase, WatchStatus,
};
#[doc(hidden)]
pub use watch::{Frames, TooLong, fuzz as fuzz_watch};
pub use wire::{
    Bytes, IntOrString, List, ListMeta, Map, MicroTime, Quantity, RawJson, ShardInfo, Status, StatusCause,
    StatusDetails, Time,
};

/// The result of any call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the macros name by path, so that a type called `Option` or `String` in generated code changes nothing.
#[doc(hidden)]
pub mod __private {
    pub use serde::{Deserialize, Deserializer, Serialize, Serializer};
    pub use std::borrow::Cow;
    pub use std::convert::From;
    pub use std::default::Default;
    pub use std::fmt::{self, Debug, Display, Formatter};
    pub use std::option::Option;
    pub use std::primitive::{bool, i64, str, usize};
    pub use std::result::Result;
    pub use std::string::String;
    pub use std::stringify;
}

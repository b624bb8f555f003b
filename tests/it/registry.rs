//! Every generated type, to be walked at run time: the lists are made by build.rs from the generated source.

use std::pin::Pin;

use clientset::codec::{self, Object, Value};
use clientset::{Api, Client, FieldValidation, Resource, ResourceInfo, Scope};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A type with members.
pub(crate) struct ObjectType {
    /// Its path below the crate: `apps::v1::Deployment`.
    pub(crate) path: &'static str,
    /// Makes a default one.
    pub(crate) make: fn() -> Box<dyn Object>,
}

/// A top-level kind: a type with `apiVersion` and `kind`.
pub(crate) struct Kind {
    pub(crate) path: &'static str,
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    /// JSON text through the codec: what it writes, and the members it did not know.
    pub(crate) through_codec: fn(&str) -> Result<Written, String>,
    /// JSON text through serde_json, as text and as a tree of values.
    pub(crate) through_serde: fn(&str) -> Result<[String; 2], String>,
}

/// What the codec writes of what it has read, and the members it did not know.
pub(crate) type Written = (String, Vec<String>);

/// A kind that is served under a path of its own.
pub(crate) struct ResourceType {
    pub(crate) info: ResourceInfo,
    /// Creates an object from JSON, through its type, as a dry run that refuses unknown members.
    pub(crate) create_strictly: fn(&Client, &str, &str) -> Answer,
}

/// The text of an answer, to come.
pub(crate) type Answer = Pin<Box<dyn Future<Output = clientset::Result<String>> + Send>>;

include!(concat!(env!("OUT_DIR"), "/registry.rs"));

const fn object_type<T: Object + Default + 'static>(path: &'static str) -> ObjectType {
    ObjectType { path, make: || Box::<T>::default() }
}

const fn kind<T: Object + Default + Serialize + DeserializeOwned>(
    path: &'static str,
    api_version: &'static str,
    kind: &'static str,
) -> Kind {
    Kind { path, api_version, kind, through_codec: through_codec::<T>, through_serde: through_serde::<T> }
}

const fn resource<T: Resource>() -> ResourceType {
    ResourceType { info: ResourceInfo::of::<T>(), create_strictly: create_strictly::<T> }
}

fn through_codec<T: Object + Default>(json: &str) -> Result<(String, Vec<String>), String> {
    let object: T = codec::from_str(json).map_err(|error| error.to_string())?;
    let value: &dyn Value = &object;
    let unknown = object.unknown().into_iter().flat_map(codec::UnknownFields::iter);
    Ok((codec::to_string(value), unknown.map(|member| member.path()).collect()))
}

fn through_serde<T: Serialize + DeserializeOwned>(json: &str) -> Result<[String; 2], String> {
    let round = || {
        let object: T = serde_json::from_str(json)?;
        let text = serde_json::to_string(&object)?;
        let tree: serde_json::Value = serde_json::from_str(json)?;
        let object: T = serde_json::from_value(tree)?;
        Ok([text, serde_json::to_value(&object)?.to_string()])
    };
    round().map_err(|error: serde_json::Error| error.to_string())
}

fn create_strictly<T: Resource>(client: &Client, namespace: &str, json: &str) -> Answer {
    let object: T = codec::from_str(json).expect("the specimen is of the type");
    let api: Api<T> = match T::SCOPE {
        Scope::Namespaced => Api::namespaced(client, namespace),
        Scope::Cluster => Api::cluster(client),
    };
    Box::pin(api.create(&object).dry_run().field_validation(FieldValidation::Strict).raw())
}

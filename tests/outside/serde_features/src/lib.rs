//! Objects with every member set go through serde_json as they are, with `arbitrary_precision` and `preserve_order` on.
//!
//! The objects are made by the same reader of the specification that the integration tests use.
#![cfg(test)]

#[allow(dead_code)]
#[path = "../../../it/spec_reader.rs"]
mod spec_reader;
#[path = "../../../it/specimen.rs"]
mod specimen;

use std::fmt::Debug;

use clientset::codec::{self, Value as Encode};
use clientset::{Map, RawJson, object, open_int_enum};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn round<T: Encode + Default + PartialEq + Debug + Serialize + DeserializeOwned>(object: &Value) {
    let text = object.to_string();
    let by_codec: T = codec::from_str(&text).expect("the codec reads it");
    let by_text: T = serde_json::from_str(&text).expect("serde_json reads it");
    let by_tree: T = serde_json::from_value(object.clone()).expect("a tree of values is read");
    assert_eq!(by_codec, by_text);
    assert_eq!(by_codec, by_tree);
    for back in [
        serde_json::from_str(&codec::to_string(&by_codec)).expect("JSON"),
        serde_json::from_str(&serde_json::to_string(&by_text).expect("it is written")).expect("JSON"),
        serde_json::to_value(&by_tree).expect("a tree of values is written"),
    ] {
        let back: Value = back;
        assert_eq!(&back, object);
    }
}

fn specimen(schema: &str) -> Value {
    specimen::populated(spec_reader::schema(schema).expect("the specification has it"))
}

#[test]
fn populated_objects_come_back_as_they_went_in() {
    round::<clientset::core::v1::Pod>(&specimen("io.k8s.api.core.v1.Pod"));
    round::<clientset::core::v1::Node>(&specimen("io.k8s.api.core.v1.Node"));
    round::<clientset::apps::v1::StatefulSet>(&specimen("io.k8s.api.apps.v1.StatefulSet"));
    round::<clientset::flowcontrol::v1::FlowSchema>(&specimen("io.k8s.api.flowcontrol.v1.FlowSchema"));
    round::<clientset::autoscaling::v2::HorizontalPodAutoscaler>(&specimen(
        "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
    ));
    round::<clientset::apiextensions::v1::CustomResourceDefinition>(&specimen(
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
    ));
}

#[test]
fn a_number_that_no_machine_type_holds_is_read_as_it_is() {
    let text = r#"{"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{"name":"a"},"data":{"n":123456789012345678901234567890.5},"revision":9007199254740993}"#;
    let tree: Value = serde_json::from_str(text).expect("JSON");
    for read in [serde_json::from_str(text), serde_json::from_value(tree)] {
        let read: clientset::apps::v1::ControllerRevision = read.expect("it is read");
        assert_eq!(codec::to_string(&read), text);
        // serde has no larger numbers, so what goes out through it is the nearest 64-bit float; integers stay whole.
        let out = serde_json::to_value(&read).expect("it is written");
        assert_eq!(out["data"]["n"].as_f64(), Some(123456789012345678901234567890.5));
        assert_eq!(out["revision"].as_i64(), Some(9_007_199_254_740_993));
    }
}

#[test]
fn objects_inside_a_tree_of_somebody_elses_are_written_in_order() {
    let map: clientset::core::v1::ConfigMap =
        codec::from_str(r#"{"metadata": {"name": "a"}, "data": {"b": "1", "a": "2"}}"#).expect("it is read");
    let tree = json!({"zero": 0, "object": map, "after": 1});
    let names: Vec<&str> =
        tree["object"].as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(names, ["apiVersion", "kind", "metadata", "data"]);
}

/// What only custom resources have: members that are kept without being known, defaults, nulls in lists and maps.
#[derive(Clone, Default, PartialEq)]
struct Custom {
    code: Option<Code>,
    maybe: Option<Option<i64>>,
    holes: Option<Vec<Option<i64>>>,
    gaps: Option<Map<Option<Vec<Vec<String>>>>>,
    raws: Option<Vec<RawJson>>,
    needed: Option<i64>,
    preserved: Map<RawJson>,
}

object! {
    Custom + preserved {
        0 code "code" [] Varint = "301";
        1 maybe "maybe" [] Varint = "5";
        2 holes "holes" [] Varint;
        3 gaps "gaps" [] Map;
        4 raws "raws" [] Raw;
        5 needed "needed" [] Varint required;
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Code {
    V301,
    Other(i64),
}

open_int_enum! { Code { V301 301; } }

#[test]
fn custom_resources_come_back_as_they_went_in() {
    round::<Custom>(&json!({
        "z": [1, 2.5, null, {"b": 1, "a": 18446744073709551615u64}], "a": null, "code": 7, "maybe": null,
        "holes": [1, null], "gaps": {"z": null, "a": [["x"], []]}, "raws": [null, {"z": 1, "a": -1}], "needed": null,
    }));
    let long: Custom =
        serde_json::from_str(r#"{"kept":123456789012345678901234567890.5}"#).expect("it is read");
    assert_eq!(long.preserved["kept"].get(), "123456789012345678901234567890.5");
    let whole: Custom = serde_json::from_str(r#"{"code":301.0}"#).expect("it is read");
    assert_eq!(whole.code, Some(Code::V301));
}

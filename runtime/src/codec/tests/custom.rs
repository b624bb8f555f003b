//! What custom resources add to objects: defaults, members that are kept without being known, nullable items, enums of
//! integers.

use proptest::prelude::*;
use serde_json::{Map as JsonMap, Value as Json, json};

use super::super::*;
use crate::ApplyBody;
use crate::wire::{Map, RawJson};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum StatusCode {
    V301,
    V302,
    Negative,
    Other(i64),
}

crate::open_int_enum! { StatusCode { V301 301; V302 302; Negative -1; } }

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Off,
    Other(i64),
}

crate::open_int_enum! { Level { Off 0; } }

#[derive(Clone, Default, PartialEq)]
struct Part {
    name: String,
    count: Option<i32>,
    color: Option<String>,
    inner: Option<Box<Part>>,
}

crate::object! {
    Part {
        0 name "name" [] String required;
        1 count "count" [] Varint = "2";
        2 color "color" [] String = r#""red \"ish\"""#;
        3 inner "inner" [] Message;
    }
}

#[derive(Clone, Default, PartialEq)]
struct Spec {
    size: Option<i64>,
    part: Option<Box<Part>>,
    parts: Option<Vec<Part>>,
    by_name: Option<Map<Part>>,
    grid: Option<Vec<Vec<Part>>>,
    nested: Option<Map<Map<Part>>>,
    holes: Option<Vec<Option<Part>>>,
    gaps: Option<Map<Option<Part>>>,
    maybe: Option<Option<i64>>,
    needed: Option<i64>,
    raw: Option<RawJson>,
    raws: Option<Vec<RawJson>>,
    open: Option<Map<RawJson>>,
    code: Option<StatusCode>,
    preserved: Map<RawJson>,
}

crate::object! {
    Spec + preserved {
        0 size "size" [] Varint = "3";
        1 part "part" [] Message = "{}";
        2 parts "parts" [] Message map["name"] = r#"[{"name":"a"}]"#;
        3 by_name "byName" [] Map;
        4 grid "grid" [] Message;
        5 nested "nested" [] Map;
        6 holes "holes" [] Message;
        7 gaps "gaps" [] Map;
        8 maybe "maybe" [] Varint = "5";
        9 needed "needed" [] Varint required;
        10 raw "raw" [] Raw = r#"{"any":[null]}"#;
        11 raws "raws" [] Raw;
        12 open "open" [] Map;
        13 code "code" [] Varint = "302";
    }
}

#[derive(Clone, Default, PartialEq)]
struct Kind {
    spec: Spec,
    unknown: UnknownFields,
    more: Map<RawJson>,
}

crate::object! {
    Kind = "example.com/v1" "Kind" + more {
        0 spec "spec" [] Message required;
    }
}

fn kind(json: &str) -> Kind {
    from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

fn tree(json: &str) -> Json {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

#[test]
fn members_that_the_schema_keeps_are_kept_and_are_not_unknown() {
    let json = r#"{"apiVersion":"example.com/v1","kind":"Kind","spec":{"size":1,"needed":null,"a":{"b":[1.50,null]},"c":null},"top":12345678901234567890123}"#;
    let object = kind(json);
    assert_eq!(object.spec.preserved["a"].get(), r#"{"b":[1.50,null]}"#);
    assert_eq!(object.more["top"].get(), "12345678901234567890123");
    assert!(object.unknown.is_empty(), "{:?}", object.unknown);
    assert_eq!(to_string(&object), json);
    assert!(encode_restoring(&object).lost.is_empty());
    // Neither the type of another kind nor a member of the table may hide among them.
    assert!(from_str::<Kind>(r#"{"kind":"Other"}"#).is_err());
    assert!(from_str::<Kind>(r#"{"spec":{"size":"1"}}"#).is_err());
    assert!(from_str::<Kind>(r#"{"top":[1,}"#).unwrap_err().to_string().contains(".top"));
}

#[test]
fn a_member_that_a_known_one_does_not_keep_is_unknown_beside_those_that_are_kept() {
    let json = r#"{"spec":{"part":{"name":"a","new":1},"kept":2},"kept":3}"#;
    let object = kind(json);
    let paths: Vec<String> = object.unknown.iter().map(|member| member.path()).collect();
    assert_eq!(paths, [".spec.part.new"]);
    let encoded = encode_restoring(&object);
    assert!(encoded.lost.is_empty(), "{encoded:?}");
    let mut expected = tree(json);
    expected["apiVersion"] = json!("example.com/v1");
    expected["kind"] = json!("Kind");
    expected["spec"]["needed"] = Json::Null;
    assert_eq!(tree(&encoded.json), expected);
}

#[test]
fn of_a_kept_member_that_repeats_the_last_one_wins() {
    let spec: Spec = from_str(r#"{"z":1,"a":1,"z":2,"b":{"x":1},"b":{"y":2}}"#).unwrap();
    assert_eq!(to_string(&spec), r#"{"needed":null,"a":1,"b":{"y":2},"z":2}"#);
}

#[test]
fn what_is_put_among_kept_members_under_a_known_name_is_not_written_twice() {
    let mut object = Kind::default();
    object.spec.size = Some(1);
    for name in ["size", "maybe", "other"] {
        object.spec.preserved.insert(name, RawJson::parse("7").unwrap());
    }
    for name in ["apiVersion", "kind", "spec", "other"] {
        object.more.insert(name, RawJson::parse("7").unwrap());
    }
    let json = r#"{"apiVersion":"example.com/v1","kind":"Kind","spec":{"size":1,"needed":null,"other":7},"other":7}"#;
    assert_eq!(to_string(&object), json);
    assert_eq!(serde_json::to_string(&object).unwrap(), json);
}

#[test]
fn kept_members_count_when_objects_are_compared_and_shown() {
    let one: Spec = from_str(r#"{"x":{"a":1,"b":2}}"#).unwrap();
    let same: Spec = from_str(r#"{"x":{ "b":2, "a":1 }}"#).unwrap();
    let other: Spec = from_str(r#"{"x":{"a":1}}"#).unwrap();
    assert!(one == same && one != other);
    assert!(!one.is_default() && Spec::default().is_default());
    assert_eq!(format!("{one:?}"), r#"Spec { x: {"a":1,"b":2} }"#);
    let secret: Spec = from_str(r#"{"password":"canary","token":{"a":"canary"},"plain":"shown"}"#).unwrap();
    let shown = format!("{secret:?}");
    assert!(!shown.contains("canary") && shown.contains("shown") && shown.contains("password"), "{shown}");
}

#[test]
fn what_is_applied_has_the_kept_members_too() {
    let mut object = kind(r#"{"spec":{"kept":1},"status":{"b":2},"more":{"c":3}}"#);
    let plain = r#"{"apiVersion":"example.com/v1","kind":"Kind","spec":{"kept":1},"more":{"c":3}}"#;
    assert_eq!(object.apply_json(None), plain);
    assert!(object.apply_json(Some("status")).contains(r#""status":{"b":2}"#));
    // A required object that holds nothing else is no zero.
    object.spec.preserved.clear();
    assert!(!object.apply_json(None).contains("spec"));
}

#[test]
fn many_kept_members_in_the_worst_order_take_no_quadratic_time() {
    let members: Vec<String> = (0..100_000).rev().map(|key| format!("\"{key:06}\":{key}")).collect();
    let begun = std::time::Instant::now();
    let spec: Spec = from_str(&format!("{{{}}}", members.join(","))).unwrap();
    assert_eq!((spec.preserved.len(), spec.preserved["000007"].get()), (100_000, "7"));
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}

#[test]
fn absent_members_get_their_defaults_and_others_stay() {
    let mut spec = Spec::default();
    fill_defaults(&mut spec);
    let part = json!({"name": "", "count": 2, "color": "red \"ish\""});
    let listed = json!({"name": "a", "count": 2, "color": "red \"ish\""});
    let expected = json!({"size": 3, "part": part, "parts": [listed], "maybe": 5, "needed": null,
        "raw": {"any": [null]}, "code": 302});
    assert_eq!(tree(&to_string(&spec)), expected);
    let again = spec.clone();
    FillDefaults::fill_defaults(&mut spec);
    assert!(spec == again, "a second time there is nothing to do");

    let mut spec: Spec =
        from_str(r#"{"size":0,"parts":[],"maybe":null,"part":{"name":"b","color":"","inner":{"name":"c"}}}"#)
            .unwrap();
    assert_eq!(spec.maybe, Some(None));
    fill_defaults(&mut spec);
    assert_eq!((spec.size, spec.maybe), (Some(0), Some(None)));
    assert!(spec.parts.as_ref().unwrap().is_empty());
    let part = spec.part.as_ref().unwrap();
    assert_eq!((part.count, part.color.as_deref()), (Some(2), Some("")));
    assert_eq!(part.inner.as_ref().unwrap().count, Some(2));
    assert!(to_string(&spec).contains(r#""maybe":null"#));
}

#[test]
fn defaults_reach_into_lists_and_maps_of_any_depth() {
    let mut object = kind(
        r#"{"spec":{"parts":[{"name":"a"}],"byName":{"x":{}},"grid":[[{}],[{},{"count":1}]],"nested":{"a":{"b":{}}},"holes":[null,{}],"gaps":{"n":null,"p":{}},"kept":{"part":{}}}}"#,
    );
    fill_defaults(&mut object);
    let spec = &object.spec;
    assert_eq!(spec.parts.as_ref().unwrap()[0].count, Some(2));
    assert_eq!(spec.by_name.as_ref().unwrap()["x"].count, Some(2));
    let counts: Vec<Vec<_>> =
        spec.grid.iter().flatten().map(|row| row.iter().map(|part| part.count).collect()).collect();
    assert_eq!(counts, [vec![Some(2)], vec![Some(2), Some(1)]]);
    assert_eq!(spec.nested.as_ref().unwrap()["a"]["b"].count, Some(2));
    let holes = spec.holes.as_ref().unwrap();
    assert_eq!((&holes[0], holes[1].as_ref().unwrap().count), (&None, Some(2)));
    let gaps = spec.gaps.as_ref().unwrap();
    assert_eq!((&gaps["n"], gaps["p"].as_ref().unwrap().count), (&None, Some(2)));
    assert_eq!(spec.preserved["kept"].get(), r#"{"part":{}}"#);
}

#[derive(Clone, Default, PartialEq)]
struct Wrong {
    number: Option<i64>,
    text: Option<String>,
    endless: Option<Box<Wrong>>,
}

crate::object! {
    Wrong {
        0 number "number" [] Varint = "\"one\"";
        1 text "text" [] String = "{";
        2 endless "endless" [] Message = "{}";
    }
}

#[test]
fn a_default_that_is_wrong_is_left_out_and_one_that_holds_itself_ends() {
    let mut wrong = Wrong::default();
    fill_defaults(&mut wrong);
    assert_eq!((wrong.number, &wrong.text), (None, &None));
    let mut depth = 0;
    let mut next = wrong.endless;
    while let Some(inner) = next {
        depth += 1;
        next = inner.endless;
    }
    assert_eq!(depth, MAX_DEPTH);
}

#[test]
fn nulls_in_lists_and_maps_survive_where_the_type_has_room_for_them() {
    for json in [
        r#"{"holes":[null,{"name":""},null],"needed":null}"#,
        r#"{"gaps":{"a":null,"b":{"name":""}},"needed":1}"#,
        r#"{"maybe":null,"needed":null}"#,
        r#"{"maybe":1,"needed":null}"#,
        r#"{"needed":null,"raws":[null,1,{"a":null},"x",[]]}"#,
        r#"{"needed":null,"open":{"a":null,"b":[null],"c":1e400}}"#,
        r#"{"needed":null,"kept":null}"#,
        r#"{"grid":[[],[{"name":"a"}]],"nested":{"a":{},"b":{"c":{"name":""}}},"needed":null}"#,
    ] {
        let spec: Spec = from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
        assert_eq!(to_string(&spec), json);
        if !json.contains("1e400") {
            assert_eq!(serde_json::to_string(&spec).unwrap(), json);
            assert!(serde_json::from_str::<Spec>(json).unwrap() == spec, "{json}");
            assert!(serde_json::from_value::<Spec>(tree(json)).unwrap() == spec, "{json}");
        }
    }
    // An optional member that is null is absent, since Go's zero is.
    assert_eq!(to_string(&from_str::<Spec>(r#"{"raw":null,"size":null}"#).unwrap()), r#"{"needed":null}"#);
}

#[test]
fn enums_of_integers_keep_numbers_that_they_do_not_know() {
    for (json, code) in [
        ("301", StatusCode::V301),
        ("302.0", StatusCode::V302),
        ("3.02e2", StatusCode::V302),
        ("-1", StatusCode::Negative),
        ("308", StatusCode::Other(308)),
        ("null", StatusCode::Other(0)),
    ] {
        assert_eq!(from_str::<StatusCode>(json).unwrap(), code, "{json}");
        if json != "null" {
            assert_eq!(serde_json::from_str::<StatusCode>(json).unwrap(), code, "{json}");
        }
        assert_eq!(to_string(&code), code.as_i64().to_string());
        assert_eq!(serde_json::to_string(&code).unwrap(), code.to_string());
        assert_eq!(StatusCode::from(code.as_i64()), code);
    }
    for json in ["301.5", "\"301\"", "true", "1e30"] {
        assert!(from_str::<StatusCode>(json).is_err(), "{json}");
    }
    assert_eq!(StatusCode::default(), StatusCode::Other(0));
    assert!(StatusCode::default().is_default() && !StatusCode::V301.is_default());
    assert_eq!((Level::default(), from_str::<Level>("0").unwrap()), (Level::Off, Level::Off));
    assert_eq!(format!("{:>5}", StatusCode::V301), "  301");
}

/// Structural defaulting as a server does it, on trees: what the tables do is held against it.
fn default_part(part: &mut Json) {
    let Json::Object(part) = part else { return };
    // What is required is always written.
    set(part, "name", json!(""));
    set(part, "count", json!(2));
    set(part, "color", json!("red \"ish\""));
    part.get_mut("inner").into_iter().for_each(default_part);
}

fn default_spec(spec: &mut JsonMap<String, Json>) {
    set(spec, "size", json!(3));
    set(spec, "part", json!({}));
    set(spec, "parts", json!([{"name": "a"}]));
    set(spec, "raw", json!({"any": [null]}));
    set(spec, "code", json!(302));
    if !spec.contains_key("maybe") {
        spec.insert("maybe".to_owned(), json!(5));
    }
    for (name, value) in spec {
        let inside: Vec<&mut Json> = match (name.as_str(), value) {
            ("part", value) => vec![value],
            ("parts" | "holes", Json::Array(items)) => items.iter_mut().collect(),
            ("grid", Json::Array(rows)) => rows.iter_mut().filter_map(Json::as_array_mut).flatten().collect(),
            ("byName" | "gaps", Json::Object(map)) => map.values_mut().collect(),
            ("nested", Json::Object(map)) => {
                map.values_mut().filter_map(Json::as_object_mut).flat_map(|map| map.values_mut()).collect()
            }
            _ => Vec::new(),
        };
        inside.into_iter().for_each(default_part);
    }
}

/// A member that is null and may not be counts as absent.
fn set(members: &mut JsonMap<String, Json>, name: &str, value: Json) {
    if members.get(name).is_none_or(Json::is_null) {
        members.insert(name.to_owned(), value);
    }
}

fn part() -> impl Strategy<Value = Json> {
    let leaf = ("[ab]", proptest::option::of(0..3i32), proptest::option::of("[r ]"), Just(Json::Null));
    let object = |(name, count, color, inner): (String, Option<i32>, Option<String>, Json)| {
        let mut part = json!({"name": name});
        if let Some(count) = count {
            part["count"] = json!(count);
        }
        if let Some(color) = color {
            part["color"] = json!(color);
        }
        if !inner.is_null() {
            part["inner"] = inner;
        }
        part
    };
    leaf.prop_map(object).prop_recursive(3, 6, 1, move |inner| {
        ("[ab]", proptest::option::of(0..3i32), proptest::option::of("[r ]"), inner).prop_map(object)
    })
}

fn members() -> impl Strategy<Value = JsonMap<String, Json>> {
    let some = |values: BoxedStrategy<Json>| proptest::option::of(values);
    let list =
        |item: BoxedStrategy<Json>| proptest::collection::vec(item, 0..3).prop_map(Json::Array).boxed();
    let map = |value: BoxedStrategy<Json>| {
        let members = proptest::collection::btree_map("[a-c]{1,2}", value, 0..3);
        members.prop_map(|members| Json::Object(members.into_iter().collect())).boxed()
    };
    let or_null = |value: BoxedStrategy<Json>| prop_oneof![Just(Json::Null), value].boxed();
    let part = part().boxed();
    let raw = prop_oneof![Just(json!([null, {"a": 1}])), Just(json!("x")), Just(json!({"part": {}}))].boxed();
    let number = (-3..4i64).prop_map(Json::from).boxed();
    let code = prop_oneof![Just(json!(301)), Just(json!(7))].boxed();
    let fields = [
        ("size", some(number.clone())),
        ("part", some(part.clone())),
        ("parts", some(list(part.clone()))),
        ("byName", some(map(part.clone()))),
        ("grid", some(list(list(part.clone())))),
        ("nested", some(map(map(part.clone())))),
        ("holes", some(list(or_null(part.clone())))),
        ("gaps", some(map(or_null(part)))),
        ("maybe", some(or_null(number.clone()))),
        ("raw", some(raw.clone())),
        ("raws", some(list(or_null(raw.clone())))),
        ("open", some(map(or_null(raw.clone())))),
        ("code", some(code)),
        ("kept", some(or_null(raw.clone()))),
        ("a/~\"", some(raw)),
    ];
    let values: Vec<_> =
        fields.into_iter().map(|(name, value)| value.prop_map(move |value| (name, value))).collect();
    (values, or_null(number)).prop_map(|(values, needed)| {
        let present = values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        present.chain([("needed".to_owned(), needed)]).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_server_stores_comes_back_and_gets_the_defaults_that_a_server_would_give(members in members()) {
        let json = Json::Object(members.clone()).to_string();
        let mut spec: Spec = from_str(&json).unwrap();
        prop_assert_eq!(tree(&to_string(&spec)), Json::Object(members.clone()));
        prop_assert_eq!(serde_json::to_value(&spec).unwrap(), Json::Object(members.clone()));
        prop_assert!(serde_json::from_value::<Spec>(Json::Object(members.clone())).unwrap() == spec);
        fill_defaults(&mut spec);
        let mut filled = members;
        default_spec(&mut filled);
        prop_assert_eq!(tree(&to_string(&spec)), Json::Object(filled));
    }
}

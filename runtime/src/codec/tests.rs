//! The codec on types of its own: what a table drives, and what it must never do.

use serde_json::json;

use super::*;
use crate::wire::{List, Map, RawJson};

mod custom;

#[derive(Clone, Default, PartialEq)]
struct Meta {
    name: Option<String>,
    labels: Option<Map<String>>,
    managed: Option<Vec<RawJson>>,
}

crate::object! {
    Meta {
        0 name "name" [1] String;
        1 labels "labels" [11] Map;
        2 managed "managedFields" [17] Raw atomic;
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Policy {
    Always,
    Never,
    Other(String),
}

crate::open_enum! { Policy { Always "Always"; Never "Never"; } }

#[derive(Clone, Default, PartialEq)]
struct Part {
    name: String,
    count: Option<i32>,
    ratio: Option<f64>,
    policy: Option<Policy>,
    part: Option<Box<Part>>,
    set_at: Option<Vec<String>>,
}

crate::object! {
    Part {
        0 name "name" [1] String required;
        1 count "count" [2] Varint;
        2 ratio "ratio" [3] Double;
        3 policy "policy" [4] String;
        4 part "part" [5] Message;
        5 set_at "set" [6] String set;
    }
}

#[derive(Clone, Default, PartialEq)]
struct Widget {
    metadata: Meta,
    parts: Option<Vec<Part>>,
    loose: Option<Vec<Part>>,
    nothing: Option<i64>,
    unknown: UnknownFields,
}

crate::object! {
    Widget = "example.com/v1" "Widget" {
        0 metadata "metadata" [1] Message required;
        1 parts "parts" [2] Message map["name"];
        2 loose "loose" [3] Message;
        3 nothing "nothing" [4] Varint required;
    }
}

fn widget(json: &str) -> Widget {
    from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

fn error(json: &str) -> String {
    from_str::<Widget>(json).expect_err(json).to_string()
}

const FULL: &str = r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a\n\"b\"","labels":{"x":"1","y":""},"managedFields":[{"f:a":{}}]},"parts":[{"name":"p","count":-3,"ratio":0.5,"policy":"Always","part":{"name":"q","policy":"Sometimes"},"set":["é","😀"]}],"nothing":null}"#;

#[test]
fn what_was_read_is_written_back_byte_for_byte() {
    assert_eq!(to_string(&widget(FULL)), FULL);
}

#[test]
fn serde_json_reads_and_writes_the_same() {
    let object = widget(FULL);
    assert_eq!(serde_json::to_string(&object).unwrap(), FULL);
    assert_eq!(serde_json::from_str::<Widget>(FULL).unwrap(), object);
    let tree: serde_json::Value = serde_json::from_str(FULL).unwrap();
    assert_eq!(serde_json::from_value::<Widget>(tree.clone()).unwrap(), object);
    assert_eq!(serde_json::to_value(&object).unwrap(), tree);
}

#[test]
fn null_is_absent_where_a_member_is_optional_and_default_where_it_is_not() {
    let object = widget(r#"{"metadata":null,"parts":null,"loose":[{"name":null,"count":null}]}"#);
    assert_eq!(object.parts, None);
    assert_eq!(object.loose.unwrap()[0], Part::default());
}

#[test]
fn a_required_member_that_may_be_null_is_written_as_null() {
    assert!(to_string(&Widget::default()).ends_with(r#""nothing":null}"#));
}

#[test]
fn the_last_of_a_repeated_member_wins_and_nothing_merges() {
    let object = widget(r#"{"metadata":{"name":"a","labels":{"x":"1"}},"metadata":{"labels":{"y":"2"}}}"#);
    assert_eq!(object.metadata.name, None);
    assert_eq!(object.metadata.labels.unwrap().keys().collect::<Vec<_>>(), ["y"]);
    let object = widget(r#"{"parts":[{"name":"a"}],"parts":[{"count":1}]}"#);
    assert_eq!(object.parts.unwrap(), [Part { count: Some(1), ..Part::default() }]);
}

#[test]
fn integral_floats_are_integers_and_nothing_else_is() {
    for (number, value) in [("1.0", 1), ("1e2", 100), ("-2147483648", i32::MIN), ("2.50e1", 25)] {
        let object = widget(&format!(r#"{{"loose":[{{"count":{number}}}]}}"#));
        assert_eq!(object.loose.unwrap()[0].count, Some(value), "{number}");
    }
    for number in ["1.5", "2147483648", "1e40", "\"1\"", "true", "01", "1.", "+1", "- 1", "NaN"] {
        error(&format!(r#"{{"loose":[{{"count":{number}}}]}}"#));
    }
}

#[test]
fn a_wrong_kind_is_an_error_and_an_absent_one_is_fine() {
    assert_eq!(
        error(r#"{"apiVersion":"example.com/v2"}"#),
        r#".apiVersion of Widget: expected "example.com/v1", found another value at byte 14"#
    );
    widget(r#"{"apiVersion":"","kind":null}"#);
}

#[test]
fn an_error_names_the_place_and_never_the_value() {
    assert_eq!(
        error(r#"{"parts":[{},{"part":{"name":{"secret":"hunter2"}}}]}"#),
        ".parts[1].part.name of Widget: expected a string, found an object at byte 29"
    );
    assert_eq!(
        error(r#"{"metadata":{"labels":{"a.b/c":7}}}"#),
        r#".metadata.labels["a.b/c"] of Widget: expected a string, found a number at byte 31"#
    );
}

#[test]
fn text_that_is_no_json_is_refused() {
    for json in [
        "",
        "{",
        "{}}",
        "{} x",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "[]",
        "\"\\q\"",
        "{\"a\":[1,]}",
        "{\"a\":[}",
        "{\"a\":\"\u{1}\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\ud800\\u0041\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"x",
        "{\"a\":nul}",
        "{\"a\":truex}",
        "{\"a\":-}",
        "{\"a\":1e}",
        "{\"a\":{\"b\":1]}",
        "{'a':1}",
        "{\"a\":\"\\u12\"}",
        "\u{feff}{}",
    ] {
        error(json);
    }
    assert!(from_slice::<Widget>(b"{\"a\":\"\xff\"}").unwrap_err().to_string().contains("UTF-8"));
}

#[test]
fn nesting_is_limited_for_known_unknown_and_raw_values_alike() {
    let deep = |depth: usize| "{\"part\":".repeat(depth) + "{}" + &"}".repeat(depth);
    let list = |depth: usize| format!("{{\"x\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(from_str::<Part>(&deep(MAX_DEPTH - 1)).is_ok());
    assert!(from_str::<Part>(&deep(MAX_DEPTH)).unwrap_err().to_string().contains("depth limit"));
    assert!(from_str::<Part>(&list(MAX_DEPTH - 1)).is_ok());
    assert!(from_str::<Part>(&list(MAX_DEPTH)).unwrap_err().to_string().contains("depth limit"));
    assert!(from_str::<Part>(&list(1_000_000)).is_err());
}

#[test]
fn unknown_members_are_kept_by_path_and_written_back() {
    let json = r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"new":[1, 2]},"parts":[{"name":"a"},{"name":"b","fresh":{"x":1}}],"loose":[{"name":"c","n":null}],"nothing":null,"top":"t"}"#;
    let object = widget(json);
    let paths: Vec<String> = object.unknown.iter().map(|field| field.path()).collect();
    assert_eq!(paths, [".metadata.new", ".parts[1].fresh", ".loose[0].n", ".top"]);
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(parse(&to_string(&object)), parse(json));
    assert_eq!(parse(&serde_json::to_string(&object).unwrap()), parse(json));
    assert_eq!(object, Widget { unknown: UnknownFields::default(), ..object.clone() });
}

#[test]
fn an_unknown_member_follows_its_item_and_is_reported_when_the_item_is_gone() {
    let mut object = widget(
        r#"{"parts":[{"name":"a"},{"name":"b","fresh":1}],"loose":[{"name":"c","n":2},{"name":"d"}]}"#,
    );
    object.parts.as_mut().unwrap().remove(0);
    object.parts.as_mut().unwrap()[0].count = Some(9);
    object.loose.as_mut().unwrap().swap(0, 1);
    let encoded = encode_restoring(&object);
    assert_eq!(encoded.lost, [""; 0]);
    let value: serde_json::Value = serde_json::from_str(&encoded.json).unwrap();
    assert_eq!(value["parts"], json!([{"name": "b", "count": 9, "fresh": 1}]));
    assert_eq!(value["loose"], json!([{"name": "d"}, {"name": "c", "n": 2}]));
    object.parts = None;
    object.loose.as_mut().unwrap()[1].name = "other".into();
    assert_eq!(encode_restoring(&object).lost, [".parts[1].fresh", ".loose[0].n"]);
}

#[test]
fn items_of_a_list_need_no_kind_and_keep_their_own_unknown_members() {
    let list: List<Widget> =
        from_str(r#"{"kind":"WidgetList","apiVersion":"example.com/v1","metadata":{"resourceVersion":"7","odd":1},"items":[{"metadata":{"name":"a"}},{"x":1}]}"#)
            .unwrap();
    assert_eq!(list.metadata.resource_version.as_deref(), Some("7"));
    assert!(list.items[0].unknown.is_empty());
    assert_eq!(list.items[1].unknown.iter().map(|field| field.path()).collect::<Vec<_>>(), [".x"]);
    assert!(from_str::<List<Widget>>(r#"{"kind":"GadgetList","items":[]}"#).is_err());
    assert!(from_str::<List<Widget>>(r#"{"kind":"Status","status":"Failure"}"#).is_err());
}

#[test]
fn a_sparse_text_leaves_out_zeros_of_required_members() {
    let object = Widget { loose: Some(vec![Part::default()]), ..Widget::default() };
    assert_eq!(to_sparse_string(&object), r#"{"apiVersion":"example.com/v1","kind":"Widget","loose":[{}]}"#);
}

#[test]
fn debug_shows_what_is_there() {
    let shown = format!("{:?}", widget(r#"{"metadata":{"name":"a"},"loose":[{"policy":"X"}]}"#));
    assert_eq!(
        shown,
        r#"Widget { metadata: Meta { name: "a" }, loose: [Part { name: "", policy: Other("X") }] }"#
    );
}

#[derive(Clone, Default, PartialEq)]
struct Names {
    env: Option<i32>,
    env_from: Option<i32>,
    first: Option<i32>,
    second: Option<i32>,
    odd: Option<i32>,
    quote: Option<i32>,
}

crate::object! {
    Names {
        0 env "env" [1] Varint;
        1 env_from "envFrom" [2] Varint;
        2 first "terminationMessagePath" [3] Varint;
        3 second "terminationMessagePolicy" [4] Varint;
        4 odd "a\\tb" [] Varint;
        5 quote "x\":1,\"y" [] Varint;
    }
}

#[test]
fn names_are_told_apart_however_they_are_written() {
    let read = |json: &str| {
        let names: Names = from_str(json).expect("valid JSON");
        [names.env, names.env_from, names.first, names.second, names.odd, names.quote]
    };
    let first_four = [Some(1), Some(2), Some(3), Some(4), None, None];
    for json in [
        r#"{"env":1,"envFrom":2,"terminationMessagePath":3,"terminationMessagePolicy":4}"#,
        r#"{"terminationMessagePolicy":4,"terminationMessagePath":3,"envFrom":2,"env":1}"#,
        r#"{"env" :1, "envFrom"
            :2,"terminationMessagePath"	:3,"terminationMessagePolicy": 4}"#,
        r#"{"\u0065nv":1,"env\u0046rom":2,"terminationMessage\u0050ath":3,"terminationMessagePolic\u0079":4}"#,
    ] {
        assert_eq!(read(json), first_four, "{json}");
    }
    assert_eq!(read(r#"{"en":1,"envF":2,"terminationMessage":3}"#), [None; 6]);
    // As JSON, the first name holds a tab and the second is two members: neither is a row's.
    assert_eq!(read(r#"{"a\tb":5,"x":1,"y":6}"#), [None; 6]);
    assert_eq!(read(r#"{"a\\tb":5,"x\":1,\"y":6}"#), [None, None, None, None, Some(5), Some(6)]);
}

#[derive(Clone, Default, PartialEq)]
struct Login {
    user: String,
    token: Option<String>,
    password: String,
    string_data: Option<Map<String>>,
    annotations: Option<Map<String>>,
}

crate::object! {
    Login {
        0 user "user" [] String;
        1 token "token" [] String;
        2 password "password" [] String required;
        3 string_data "stringData" [] Map;
        4 annotations "annotations" [] Map;
    }
}

#[test]
fn debug_shows_no_member_that_holds_a_credential() {
    let applied = "kubectl.kubernetes.io/last-applied-configuration";
    let login = Login {
        user: "jane".into(),
        token: Some("canary".into()),
        password: "canary".into(),
        string_data: Some(Map::from([("key", "canary".to_owned())])),
        annotations: Some(Map::from([(applied, "canary".to_owned()), ("a", "plain".to_owned())])),
    };
    for shown in [format!("{login:?}"), format!("{login:#?}"), format!("{:?}", login.annotations)] {
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains("plain") && shown.contains(applied), "{shown}");
    }
    let shown = format!("{login:?}");
    for there in ["jane", "token", "stringData", "password"] {
        assert!(shown.contains(there), "{shown}");
    }
}

#[test]
fn an_item_is_held_once_however_many_unknown_members_it_has() {
    let members: String = (0..2000).map(|n| format!(",\"x{n}\":0")).collect();
    let name = "n".repeat(100_000);
    let begun = std::time::Instant::now();
    for list in ["parts", "loose"] {
        // 200 MB of copies, and as many more to look at, if each member held or asked for its item by itself.
        let object = widget(&format!("{{\"{list}\":[{{\"name\":\"{name}\"{members}}}]}}"));
        assert_eq!(object.unknown.iter().count(), 2000);
        assert!(object.unknown.iter().all(|member| member.path().starts_with(&format!(".{list}[0].x"))));
    }
    assert!(begun.elapsed().as_secs() < 2, "{:?}", begun.elapsed());
}

#[test]
fn of_a_repeated_member_no_unknown_one_stays_either() {
    let object = widget(r#"{"parts":[{"name":"a","x":1}],"loose":[{"y":2}],"parts":[{"name":"a","z":3}]}"#);
    let paths: Vec<String> = object.unknown.iter().map(|field| field.path()).collect();
    assert_eq!(paths, [".loose[0].y", ".parts[0].z"]);
}

#[test]
fn items_that_share_their_keys_keep_their_places() {
    let object = widget(r#"{"parts":[{"name":"a"},{"name":"a","x":1}]}"#);
    let value: serde_json::Value = serde_json::from_str(&to_string(&object)).unwrap();
    assert_eq!(value["parts"], json!([{"name": "a"}, {"name": "a", "x": 1}]));
    // Once that one is another, which of them it belongs to cannot be told.
    let mut changed = object;
    changed.parts.as_mut().unwrap()[1].count = Some(1);
    assert_eq!(encode_restoring(&changed).lost, [".parts[1].x"]);
}

#[test]
fn unknown_members_come_back_as_the_text_they_were() {
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    for value in [&*deep, "12345678901234567890.12345678901234567890", "1e999", "1.50", "-0"] {
        for json in [
            format!(r#"{{"apiVersion":"example.com/v1","kind":"Widget","metadata":{{"new":{value}}}}}"#),
            format!(
                r#"{{"apiVersion":"example.com/v1","kind":"Widget","parts":[{{"name":"a","new":{value}}}]}}"#
            ),
        ] {
            let encoded = encode_restoring(&widget(&json));
            assert!(
                encoded.lost.is_empty() && encoded.json.contains(&format!("\"new\":{value}}}")),
                "{encoded:?}"
            );
        }
    }
}

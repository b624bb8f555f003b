//! The JSON reader beside serde_json: the same texts are accepted, and mean the same. The differences that are allowed are
//! the numbered ones of README.md; whatever else differs is a finding.

use clientset::apiextensions::v1::CustomResourceDefinition;
use clientset::apps::v1::Deployment;
use clientset::core::v1::{ConfigMap, Pod};
use clientset::networking::v1::NetworkPolicy;
use clientset::runtime::codec::{self, MAX_DEPTH, Object, Value};
use clientset::{
    Bytes, DynamicObject, FillDefaults, IntOrString, List, Map, Quantity, RawJson, Status, Time,
};
use clientset::{UnknownFields, object, open_int_enum};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value as Json;

use super::tree::Tree;

/// How deep serde_json reads.
const THEIR_DEPTH: usize = 127;

pub(super) fn check(data: &[u8]) {
    let facts = Facts::of(data);
    accepted_alike(data, &facts);
    read_alike(data, &facts);
    kind::<Pod>(data, &facts);
    kind::<Deployment>(data, &facts);
    kind::<ConfigMap>(data, &facts);
    kind::<NetworkPolicy>(data, &facts);
    kind::<CustomResourceDefinition>(data, &facts);
    value::<List<Pod>>(data, &facts);
    value::<Status>(data, &facts);
    value::<DynamicObject>(data, &facts);
    custom(data, &facts);
}

/// A custom resource with all that built-in kinds have not.
#[derive(Clone, Default, PartialEq)]
struct Custom {
    spec: Option<Box<Spec>>,
    unknown: UnknownFields,
    preserved: Map<RawJson>,
}

object! { Custom = "example.com/v1" "Custom" + preserved { 0 spec "spec" [] Message = "{}"; } }

#[derive(Clone, Default, PartialEq)]
struct Spec {
    code: Option<Code>,
    maybe: Option<Option<i64>>,
    holes: Option<Vec<Option<Spec>>>,
    gaps: Option<Map<Option<Vec<RawJson>>>>,
    amount: Option<Quantity>,
    time: Option<Time>,
    bytes: Option<Bytes>,
    port: Option<IntOrString>,
    preserved: Map<RawJson>,
}

object! {
    Spec + preserved {
        0 code "code" [] Varint = "301";
        1 maybe "maybe" [] Varint = "5";
        2 holes "holes" [] Message;
        3 gaps "gaps" [] Map = r#"{"a":null}"#;
        4 amount "amount" [] Quantity = "1";
        5 time "time" [] Time;
        6 bytes "bytes" [] Bytes;
        7 port "port" [] IntOrString = r#""http""#;
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Code {
    V301,
    Other(i64),
}

open_int_enum! { Code { V301 301; } }

fn custom(data: &[u8], facts: &Facts) {
    kind::<Custom>(data, facts);
    let Ok(mut object) = codec::from_slice::<Custom>(data) else { return };
    object.fill_defaults();
    let filled = object.clone();
    object.fill_defaults();
    assert!(object == filled, "defaults are filled in once");
    let read: Custom = codec::from_str(&codec::to_string(&filled)).expect("what we wrote");
    assert!(read == filled);
}

/// What the text is, told without either reader.
struct Facts {
    depth: usize,
    /// Whether a number stands in it that a 64-bit float cannot tell from its neighbours, or hold at all.
    long_numbers: bool,
}

impl Facts {
    fn of(data: &[u8]) -> Self {
        let (mut depth, mut open) = (0usize, 0usize);
        let (mut string, mut escaped) = (false, false);
        let (mut digits, mut long_numbers) = (0, false);
        for &byte in data {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if string => escaped = true,
                b'"' => string = !string,
                _ if string => {}
                b'{' | b'[' => {
                    open += 1;
                    depth = depth.max(open);
                }
                b'}' | b']' => open = open.saturating_sub(1),
                _ => {}
            }
            match byte {
                b'0'..=b'9' => digits += 1,
                b'.' | b'-' | b'+' => {}
                b'e' | b'E' if digits > 0 => long_numbers = true,
                _ => digits = 0,
            }
            long_numbers |= digits > 15;
        }
        Facts { depth, long_numbers }
    }
}

fn accepted_alike(data: &[u8], facts: &Facts) {
    let ours = codec::from_slice::<RawJson>(data);
    let theirs = serde_json::from_slice::<Json>(data);
    match (&ours, &theirs) {
        (Ok(raw), Ok(value)) => {
            let again: Json = serde_json::from_str(raw.get()).expect("a part of what serde_json has read");
            assert_eq!(again, *value);
        }
        (Err(error), Ok(_)) => panic!("serde_json accepts this, we say: {error}"),
        (Ok(_), Err(error)) => {
            let message = error.to_string();
            let deep = facts.depth > THEIR_DEPTH && message.contains("recursion limit exceeded"); // README: D1
            let range = message.contains("number out of range"); // README: D2
            assert!(deep || range, "we accept this, serde_json says: {message}");
            serde_json::from_slice::<IgnoredAny>(data).expect("valid JSON but for depth and range");
        }
        (Err(error), Err(_)) => {
            assert!(error.offset() <= data.len(), "{error}");
            // serde_json skips without looking at surrogates and UTF-8; where it stops even so, nobody accepts the text.
            if serde_json::from_slice::<IgnoredAny>(data).is_ok() && facts.depth <= MAX_DEPTH {
                let message = error.to_string();
                let known = message.contains("Unicode character") || message.contains("UTF-8");
                assert!(known, "serde_json skips this, we say: {message}");
            }
        }
    }
    assert!(facts.depth <= MAX_DEPTH || ours.is_err(), "nested {} deep", facts.depth);
}

/// A tree built by our reader against one built by theirs, and the way through serde.
fn read_alike(data: &[u8], facts: &Facts) {
    // A list or map that is null is an empty one, to the codec.
    if data.trim_ascii() == b"null" {
        return;
    }
    let ours = codec::from_slice::<Vec<Tree>>(data).map(Tree::List);
    let ours = ours.or_else(|_| codec::from_slice::<Map<Tree>>(data).map(Tree::Map));
    let Ok(ours) = ours else { return };
    let written = codec::to_string(&ours);
    let again = match &ours {
        Tree::List(_) => codec::from_str(&written).map(Tree::List),
        _ => codec::from_str(&written).map(Tree::Map),
    };
    assert_eq!(again.expect("what we wrote"), ours);
    let Ok(theirs) = serde_json::from_slice::<Json>(data) else { return };
    // Theirs keeps one member of a name, the last; so does ours.
    assert_eq!(ours.to_json().expect("numbers that serde_json has read"), theirs);
    assert_eq!(serde_json::from_str::<Json>(&written).expect("what we wrote"), theirs);
    if let (Tree::Map(map), false) = (&ours, facts.long_numbers) {
        let by_serde: Map<Tree> = serde_json::from_slice(data).expect("the shell reads what the codec reads");
        let by_serde = serde_json::to_value(&by_serde).expect("a tree");
        assert_eq!(by_serde, serde_json::to_value(map).expect("a tree"));
        assert!(alike(&by_serde, &theirs), "{by_serde} {theirs}");
    }
}

/// Whether trees are equal where `1` and `1.0` are.
fn alike(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| alike(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, left)| right.get(name).is_some_and(|right| alike(left, right)))
        }
        (Json::Number(left), Json::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        _ => left == right,
    }
}

/// What holds for every type.
fn value<T: Value + Default + PartialEq + serde::Serialize + DeserializeOwned>(data: &[u8], facts: &Facts) {
    let ours = match codec::from_slice::<T>(data) {
        Ok(ours) => ours,
        Err(error) => {
            let _ = error.to_string();
            if serde_json::from_slice::<T>(data).is_ok() {
                // README: D4, D5: the shell sees no syntax of its own, so only numbers can differ.
                assert!(facts.long_numbers, "serde accepts this, the codec says: {error}");
            }
            return;
        }
    };
    let _ = format!("{:?}", Shown(&ours));
    let written = codec::to_string(&ours);
    let again: T = match codec::from_str(&written) {
        Ok(again) => again,
        Err(error) => panic!("what we wrote: {error}: {written}"),
    };
    assert!(again == ours, "written and read again it differs: {written}");
    assert_eq!(codec::to_string(&again), written);
    codec::from_str::<RawJson>(&written).expect("what we wrote is JSON");
    if serde_json::from_slice::<Json>(data).is_err() {
        return; // README: D1, D2
    }
    let by_serde = serde_json::from_slice::<T>(data);
    match by_serde {
        Ok(value) => assert!(facts.long_numbers || value == ours, "serde reads another value: {written}"),
        Err(error) => assert!(facts.long_numbers, "the codec accepts this, serde says: {error}"),
    }
    let by_serde = serde_json::to_value(&ours);
    if let (Ok(by_serde), Ok(plain)) = (by_serde, serde_json::from_str::<Json>(&written)) {
        assert!(facts.long_numbers || alike(&by_serde, &plain), "{by_serde} {plain}");
    }
}

/// What holds for kinds, which keep the members that they do not know.
fn kind<T: Object + Default + PartialEq + serde::Serialize + DeserializeOwned>(data: &[u8], facts: &Facts) {
    value::<T>(data, facts);
    let Ok(ours) = codec::from_slice::<T>(data) else { return };
    let Some(unknown) = ours.unknown().filter(|unknown| !unknown.is_empty()) else { return };
    let encoded = codec::encode_restoring(&ours);
    // Telling items apart has a price limit, which lists in lists many times over reach: then they count as gone.
    if facts.depth > 32 && !encoded.lost.is_empty() {
        return;
    }
    assert_eq!(encoded.lost, Vec::<String>::new(), "unchanged, so nothing may be lost");
    // A name may stand twice: the last one wins, on either side. Order is not kept.
    let members = |unknown: &UnknownFields| -> Vec<(String, RawJson)> {
        let mut members: Vec<(String, RawJson)> = Vec::new();
        for field in unknown.iter() {
            let value = RawJson::parse(field.json()).expect("a member that was read");
            members.retain(|(path, _)| *path != field.path());
            members.push((field.path(), value));
        }
        members.sort_by(|(left, _), (right, _)| left.cmp(right));
        members
    };
    let again: T = codec::from_str(&encoded.json).expect("what we wrote");
    let restored = again.unknown().expect("a kind of the same type");
    assert_eq!(members(restored), members(unknown), "every unknown member comes back as it was");
}

struct Shown<'a, T>(&'a T);

impl<T: Value> std::fmt::Debug for Shown<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.debug(f)
    }
}

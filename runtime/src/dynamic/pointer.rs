//! JSON pointers (RFC 6901) on the members of an object: finding, setting, removing.
//!
//! Deliberately without a way to reach the object itself (the empty pointer): callers have it already.

use serde_json::{Map, Value as Json};

/// The names on the way, unescaped; `None` for what is no pointer or the empty one.
fn names(pointer: &str) -> Option<Vec<String>> {
    let names = pointer.strip_prefix('/')?.split('/');
    names.map(unescape).collect()
}

fn unescape(name: &str) -> Option<String> {
    let mut out = String::with_capacity(name.len());
    let mut chars = name.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '~' => match chars.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            c => c,
        });
    }
    Some(out)
}

/// The place in a list: digits without a leading zero.
fn index(name: &str) -> Option<usize> {
    let plain = name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    if plain { name.parse().ok() } else { None }
}

/// The value at `pointer`.
pub(super) fn find<'a>(members: &'a Map<String, Json>, pointer: &str) -> Option<&'a Json> {
    let names = names(pointer)?;
    let (first, rest) = names.split_first()?;
    rest.iter().try_fold(members.get(first)?, |value, name| match value {
        Json::Object(members) => members.get(name),
        Json::Array(items) => items.get(index(name)?),
        _ => None,
    })
}

/// Sets the value at `pointer`, or says why not and changes nothing.
pub(super) fn set(members: &mut Map<String, Json>, pointer: &str, value: Json) -> Result<(), &'static str> {
    let names = names(pointer).ok_or("a JSON pointer begins with `/`, and `~` stands before 0 or 1 only")?;
    check(members, &names)?;
    let (first, rest) = names.split_first().ok_or("the pointer is empty")?;
    let mut place = members.entry(first.as_str()).or_insert(Json::Null);
    for name in rest {
        if place.is_null() {
            *place = if name == "-" { Json::Array(Vec::new()) } else { Json::Object(Map::new()) };
        }
        place = match place {
            Json::Object(members) => members.entry(name.as_str()).or_insert(Json::Null),
            Json::Array(items) => {
                let at = if name == "-" { items.len() } else { index(name).unwrap_or(items.len()) };
                if at == items.len() {
                    items.push(Json::Null);
                }
                items.get_mut(at).ok_or("the list ends before")?
            }
            _ => return Err("a value on the way is no object and no list"),
        };
    }
    *place = value;
    Ok(())
}

/// Whether all that is there of the way can be gone.
fn check(members: &Map<String, Json>, names: &[String]) -> Result<(), &'static str> {
    let Some((first, rest)) = names.split_first() else { return Ok(()) };
    let mut place = members.get(first);
    for name in rest {
        place = match place {
            // What is missing is made.
            None | Some(Json::Null) => return Ok(()),
            Some(Json::Object(members)) => members.get(name),
            Some(Json::Array(_)) if name == "-" => None,
            Some(Json::Array(items)) => match index(name) {
                Some(at) if at <= items.len() => items.get(at),
                Some(_) => return Err("the list ends before"),
                None => return Err("a list has numbers and `-` for names"),
            },
            Some(_) => return Err("a value on the way is no object and no list"),
        };
    }
    Ok(())
}

/// Removes the value at `pointer`; `true` if there was one.
pub(super) fn remove(members: &mut Map<String, Json>, pointer: &str) -> bool {
    let Some(names) = names(pointer) else { return false };
    let Some((last, way)) = names.split_last() else { return false };
    let Some((first, rest)) = way.split_first() else { return members.remove(last).is_some() };
    let parent = rest.iter().try_fold(members.get_mut(first), |value, name| match value {
        Some(Json::Object(members)) => Some(members.get_mut(name)),
        Some(Json::Array(items)) => Some(index(name).and_then(|at| items.get_mut(at))),
        _ => None,
    });
    match parent.flatten() {
        Some(Json::Object(members)) => members.remove(last).is_some(),
        Some(Json::Array(items)) => match index(last).filter(|at| *at < items.len()) {
            Some(at) => {
                items.remove(at);
                true
            }
            None => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn members(value: Json) -> Map<String, Json> {
        let Json::Object(members) = value else { panic!("{value}") };
        members
    }

    #[test]
    fn values_are_found_by_name_and_number() {
        let object = members(json!({"a": {"b/c": [{"~": 1}]}, "": 2, "s": "x"}));
        for (pointer, found) in [
            ("/a/b~1c/0/~0", Some(json!(1))),
            ("/", Some(json!(2))),
            ("/a/b~1c/00", None),
            ("/a/b~1c/+0", None),
            ("/a/b~1c/-", None),
            ("/a/b~1c/99999999999999999999999", None),
            ("/a/~2", None),
            ("/a/~", None),
            ("/s/x", None),
            ("a", None),
            ("", None),
        ] {
            assert_eq!(find(&object, pointer), found.as_ref(), "{pointer}");
        }
    }

    #[test]
    fn setting_makes_the_way_or_changes_nothing() {
        for (pointer, wanted) in [
            ("/x/y", Ok(json!({"a": [1], "n": null, "s": "", "x": {"y": 7}}))),
            ("/n/y/z", Ok(json!({"a": [1], "n": {"y": {"z": 7}}, "s": ""}))),
            ("/n/-", Ok(json!({"a": [1], "n": [7], "s": ""}))),
            ("/a/0", Ok(json!({"a": [7], "n": null, "s": ""}))),
            ("/a/1", Ok(json!({"a": [1, 7], "n": null, "s": ""}))),
            ("/a/-", Ok(json!({"a": [1, 7], "n": null, "s": ""}))),
            ("/a/-/b", Ok(json!({"a": [1, {"b": 7}], "n": null, "s": ""}))),
            ("/a/2", Err("the list ends before")),
            ("/a/b", Err("a list has numbers and `-` for names")),
            ("/s/b", Err("a value on the way is no object and no list")),
            ("/a/0/b", Err("a value on the way is no object and no list")),
            ("a", Err("a JSON pointer begins with `/`, and `~` stands before 0 or 1 only")),
        ] {
            let before = json!({"a": [1], "n": null, "s": ""});
            let mut object = members(before.clone());
            let outcome = set(&mut object, pointer, json!(7));
            assert_eq!(outcome.err(), wanted.as_ref().err().copied(), "{pointer}");
            assert_eq!(Json::Object(object), wanted.unwrap_or(before), "{pointer}");
        }
    }

    #[test]
    fn removing_says_whether_there_was_something() {
        let mut object = members(json!({"a": [1, {"b": 2}], "s": "x"}));
        for (pointer, there) in [
            ("/a/1/b", true),
            ("/a/1/b", false),
            ("/a/0", true),
            ("/a/7", false),
            ("/s/x", false),
            ("/s", true),
            ("", false),
        ] {
            assert_eq!(remove(&mut object, pointer), there, "{pointer}");
        }
        assert_eq!(Json::Object(object), json!({"a": [{}]}));
    }
}

//! Takes objects through their generated types and says what came back. `cargo xtask corpus` builds it with many of them,
//! hands it a list of files and judges what it prints: one JSON object a line.

use std::any::type_name;
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use clientset::{DynamicObject, Resource, codec};
use serde_json::{Value, json};

/// What one type does with the JSON of an object.
pub(crate) type Trip = fn(&str) -> Value;

/// Reads lines `INDEX<tab>TYPE<tab>FILE` from the file that is named as the program's argument.
pub(crate) fn run(types: &[(&str, Trip)]) -> ExitCode {
    let list = std::env::args().nth(1).unwrap_or_default();
    let list = match fs::read_to_string(&list) {
        Ok(list) => list,
        Err(error) => {
            eprintln!("cannot read {list}: {error}");
            return ExitCode::FAILURE;
        }
    };
    for line in list.lines() {
        let mut cells = line.split('\t');
        let mut cell = || cells.next().unwrap_or_default();
        let (index, name, file) = (cell(), cell(), cell());
        // Known before anything can end the program.
        say(&json!({"begin": index}));
        let trip = types.iter().find(|(known, _)| *known == name).map(|(_, trip)| *trip);
        let mut answer = match (fs::read_to_string(file), trip) {
            (Err(error), _) => json!({"error": format!("cannot be read: {error}")}),
            (_, None) => json!({"error": format!("no type {name}")}),
            (Ok(text), Some(trip)) => match DynamicObject::from_yaml(&text) {
                Err(error) => json!({"error": error.to_string()}),
                Ok(object) => trip(&object.to_json()),
            },
        };
        answer["index"] = index.into();
        say(&answer);
    }
    ExitCode::SUCCESS
}

fn say(answer: &Value) {
    let mut out = io::stdout().lock();
    // Without a reader there is nobody to tell.
    let _ = writeln!(out, "{answer}").and_then(|()| out.flush());
}

/// Decodes and encodes by the codec, and by serde_json.
pub(crate) fn trip<T>(read: &str) -> Value
where
    T: Resource + serde::Serialize + serde::de::DeserializeOwned,
{
    let typed: T = match codec::from_str(read) {
        Ok(typed) => typed,
        Err(error) => return json!({"read": read, "error": format!("{}: {error}", type_name::<T>())}),
    };
    let unknown: Vec<String> = match typed.as_object().and_then(|object| object.unknown()) {
        Some(unknown) => unknown.iter().map(|field| field.path()).collect(),
        None => vec!["the type keeps no unknown members".to_owned()],
    };
    let value: Value = serde_json::from_str(read).unwrap_or_default();
    let by_serde = serde_json::from_value::<T>(value).map_err(|error| error.to_string());
    let same = by_serde.as_ref().is_ok_and(|other| *other == typed);
    let by_serde = by_serde.and_then(|typed| serde_json::to_value(&typed).map_err(|error| error.to_string()));
    let mut answer = json!({"read": read, "codec": codec::to_string(&typed), "unknown": unknown, "same": same});
    match by_serde {
        Ok(value) => answer["serde"] = value,
        Err(error) => answer["error"] = format!("by serde: {error}").into(),
    }
    answer
}

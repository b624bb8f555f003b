//! The answers of a real kube-apiserver, recorded, against those of the embedded server.
//!
//! Each file in `answers/` is a conversation that starts on an empty server: requests, and below each the answer that kube-apiserver
//! 1.37.1 gave. To record again, start a fresh control plane (no controller-manager) with `kubectl proxy` in front of it and run
//! `CLIENTSET_RECORD=http://127.0.0.1:8001 cargo test -p clientset-testserver --test answers`; every recording needs a control plane
//! that has not seen the file's namespaces yet.
//!
//! What differs from run to run (uids, revisions, times, generated names, tokens) stands as a placeholder, numbered where being the same
//! matters.

mod support;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clientset_testserver::TestServer;
use serde_json::{Map, Value};
use support::{Answer, send};

struct Step {
    /// From `### label: title`.
    head: String,
    label: String,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
    answer: String,
}

fn parse(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for part in text.split("### ").skip(1) {
        let (head, rest) = part.split_once('\n').expect("a title");
        let (request, answer) = rest.split_once("<<< ").unwrap_or((rest, ""));
        let (start, body) = request.split_once("\n\n").unwrap_or((request, ""));
        let mut lines = start.lines();
        let (method, path) = lines.next().and_then(|it| it.split_once(' ')).expect("METHOD PATH");
        let header = |it: &str| it.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        steps.push(Step {
            head: head.to_owned(),
            label: head.split_once(':').map(|it| it.0).unwrap_or_default().to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            headers: lines.filter_map(header).collect(),
            body: body.trim_end().to_owned(),
            answer: answer.trim_end().to_owned(),
        });
    }
    steps
}

/// Puts what earlier answers said where `${label/metadata/uid}` asks for it.
fn fill(text: &str, answers: &HashMap<String, Value>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').expect("a closed placeholder");
        let (label, pointer) = name.split_once('/').expect("label/pointer");
        let value = answers.get(label).and_then(|it| it.pointer(&format!("/{pointer}")));
        let value = value.unwrap_or_else(|| panic!("{name} is in no answer"));
        out.push_str(before);
        out.push_str(&value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        rest = after;
    }
    out + rest
}

/// Replaces what differs from run to run.
#[derive(Default)]
struct Plain {
    uids: Vec<String>,
    versions: Vec<String>,
    generated: Vec<String>,
}

fn sorted(all: Map<String, Value>) -> Map<String, Value> {
    let mut all: Vec<(String, Value)> = all.into_iter().collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all.into_iter().collect()
}

fn number(all: &mut Vec<String>, value: &str) -> usize {
    all.iter().position(|it| it == value).unwrap_or_else(|| {
        all.push(value.to_owned());
        all.len() - 1
    })
}

impl Plain {
    fn value(&mut self, key: &str, value: &Value) -> Value {
        match (key, value) {
            ("uid", Value::String(it)) if it.len() == 36 => {
                format!("<uid {}>", number(&mut self.uids, it)).into()
            }
            ("resourceVersion", Value::String(it)) => {
                format!("<version {}>", number(&mut self.versions, it)).into()
            }
            ("creationTimestamp" | "deletionTimestamp" | "time" | "lastTransitionTime", Value::String(_)) => {
                "<time>".into()
            }
            ("continue", Value::String(it)) if !it.is_empty() => "<token>".into(),
            ("managedFields", Value::Array(all)) => {
                let mut all: Vec<Value> = all.iter().map(|it| self.value("", it)).collect();
                let rank = |it: &Value| {
                    [it["manager"].to_string(), it["operation"].to_string(), it["subresource"].to_string()]
                };
                all.sort_by_key(rank);
                Value::Array(all)
            }
            ("causes", Value::Array(all)) => {
                // Go walks maps in any order.
                let mut all: Vec<Value> = all.iter().map(|it| self.value("", it)).collect();
                all.sort_by_key(|it| (it["field"].to_string(), it["message"].to_string()));
                Value::Array(all)
            }
            (_, Value::Array(all)) => all.iter().map(|it| self.value("", it)).collect(),
            (_, Value::Object(all)) => {
                if let (Some(Value::String(prefix)), Some(Value::String(name))) =
                    (all.get("generateName"), all.get("name"))
                    && let Some(rest) = name.strip_prefix(prefix.as_str())
                {
                    number(&mut self.generated, rest);
                }
                // The version of a list or bookmark is that of the whole server, where others write too.
                let of_server =
                    all.contains_key("items") || (key == "object" && !all["metadata"]["uid"].is_string());
                if let (true, Some(metadata)) = (of_server, all.get("metadata").and_then(Value::as_object)) {
                    let (mut all, mut metadata) = (all.clone(), metadata.clone());
                    all.remove("metadata");
                    metadata
                        .remove("resourceVersion")
                        .map(|it| metadata.insert("version".to_owned(), (!it.is_null()).into()));
                    let Value::Object(mut out) = self.value("", &Value::Object(all)) else { unreachable!() };
                    out.insert("metadata".to_owned(), self.value("", &Value::Object(metadata)));
                    return Value::Object(sorted(out));
                }
                let mut names: Vec<&String> = all.keys().collect();
                names.sort();
                let inner = names.into_iter().map(|it| (it.clone(), self.value(it, &all[it])));
                Value::Object(inner.collect::<Map<String, Value>>())
            }
            (_, Value::String(text)) => self.text(text).into(),
            (_, other) => other.clone(),
        }
    }

    fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (index, uid) in self.uids.iter().enumerate() {
            text = text.replace(uid, &format!("<uid {index}>"));
        }
        for it in &self.generated {
            text = text.replace(it, "<generated>");
        }
        if let Some((head, _)) = text.split_once(" is invalid: [") {
            text = format!("{head} is invalid: [the causes]");
        }
        for before in ["ResourceVersion in record (", "current: ", "too old resource version: 1 ("] {
            if let Some((head, tail)) = text.split_once(before) {
                let tail = tail.trim_start_matches(|it: char| it.is_ascii_digit());
                text = format!("{head}{before}<version>{tail}");
            }
        }
        text
    }

    fn answer(&mut self, answer: &Answer) -> String {
        let mut out = answer.code.to_string();
        if !answer.content_type.starts_with("application/json") {
            let _ = write!(out, " {}", answer.content_type);
        }
        for warning in &answer.warnings {
            let _ = write!(out, "\n! {}", self.text(warning));
        }
        for document in serde_json::Deserializer::from_str(&answer.body).into_iter::<Value>() {
            match document {
                Ok(value) => {
                    let value = self.value("", &value);
                    let pretty = serde_json::to_string_pretty(&value).expect("JSON");
                    let _ = write!(out, "\n{pretty}");
                }
                Err(_) => {
                    let _ = write!(out, "\n{}", answer.body.trim_end());
                    break;
                }
            }
        }
        out
    }
}

async fn play(url: &str, steps: &[Step], recording: bool) -> Vec<String> {
    let (mut answers, mut plain, mut out) = (HashMap::new(), Plain::default(), Vec::new());
    for step in steps {
        let (path, body) = (fill(&step.path, &answers), fill(&step.body, &answers));
        let mut headers: Vec<(&str, &str)> =
            step.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if !body.is_empty() && step.headers.iter().all(|(name, _)| name != "Content-Type") {
            headers.push(("Content-Type", "application/json"));
        }
        let answer = send(url, &step.method, &path, &headers, &body).await;
        if let (false, Ok(value)) = (step.label.is_empty(), serde_json::from_str(&answer.body)) {
            answers.insert(step.label.clone(), value);
        }
        out.push(plain.answer(&answer));
        if recording && path.contains("customresourcedefinitions") {
            // The real server serves a new or changed CRD a moment after it says so.
            std::thread::sleep(std::time::Duration::from_secs(3));
        }
    }
    out
}

fn rewrite(file: &Path, text: &str, steps: &[Step], answers: &[String]) {
    let mut out = text.split("### ").next().unwrap_or_default().to_owned();
    for (step, answer) in steps.iter().zip(answers) {
        let _ = writeln!(out, "### {}\n{} {}", step.head, step.method, step.path);
        for (name, value) in &step.headers {
            let _ = writeln!(out, "{name}: {value}");
        }
        if !step.body.is_empty() {
            let _ = writeln!(out, "\n{}", step.body);
        }
        let _ = writeln!(out, "<<< {answer}\n");
    }
    std::fs::write(file, out.trim_end().to_owned() + "\n").expect("the file is written");
}

fn difference(expected: &str, got: &str) -> String {
    let (expected, got): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), got.lines().collect());
    let same = expected.iter().zip(&got).take_while(|(one, other)| one == other).count();
    let tail =
        |it: &[&str]| it.iter().skip(same).take(12).map(|it| format!("    {it}\n")).collect::<String>();
    format!("  from line {same}\n  kube-apiserver:\n{}  embedded:\n{}", tail(&expected), tail(&got))
}

fn conversations() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/answers");
    let only = std::env::var("CLIENTSET_ONLY").unwrap_or_default();
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the recorded answers")
        .filter_map(|it| Some(it.ok()?.path()))
        .filter(|it| it.extension().is_some_and(|it| it == "http") && it.to_string_lossy().contains(&only))
        .collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_those_of_kube_apiserver() {
    let mut differences = String::new();
    let mut count = 0;
    let real = std::env::var("CLIENTSET_RECORD").ok();
    let mut playing = Vec::new();
    for file in conversations() {
        let text = std::fs::read_to_string(&file).expect("a conversation");
        if let Some(real) = &real {
            let steps = parse(&text);
            let answers = play(real, &steps, true).await;
            rewrite(&file, &text, &steps, &answers);
            continue;
        }
        playing.push(tokio::spawn(async move {
            let server = TestServer::start().await.expect("a server");
            let steps = parse(&text);
            let answers = play(&server.url(), &steps, false).await;
            (file, steps, answers)
        }));
    }
    for it in playing {
        let (file, steps, answers) = it.await.expect("a conversation without panic");
        for (step, answer) in steps.iter().zip(&answers) {
            count += 1;
            if step.answer != *answer {
                let name = file.file_stem().unwrap_or_default().to_string_lossy();
                let _ = writeln!(differences, "{name}: {}\n{}", step.head, difference(&step.answer, answer));
            }
        }
    }
    assert!(differences.is_empty(), "of {count} answers some differ:\n{differences}");
}

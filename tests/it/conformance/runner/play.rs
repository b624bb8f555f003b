//! Playing a conversation on a server: names for the run, placeholders filled, requests sent, waiting, tidying up.
//!
//! What is in an answer is of no interest here.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::conversation::{Conversation, Step, Until};
use super::plain::Plain;
use super::served;
use super::server::Server;
use super::wire::{Answer, Ask, send};

/// How long `@until` asks again.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two requests of `@until`.
const PAUSE: Duration = Duration::from_millis(50);

/// A word of small letters and digits that no other run has, always of the same length.
fn word(first: char) -> String {
    let mut rest = RandomState::new().build_hasher().finish();
    let mut out = String::from(first);
    for _ in 0..9 {
        out.push(char::from_digit((rest % 36) as u32, 36).unwrap_or('0'));
        rest /= 36;
    }
    out
}

/// What earlier steps and the runner know, for `${…}`.
#[derive(Debug, Default)]
pub(crate) struct Known {
    words: HashMap<String, String>,
    answers: HashMap<String, Value>,
}

impl Known {
    /// Puts what is known where `${ns}`, `${id}` or `${label/metadata/uid}` asks for it.
    pub(crate) fn fill(&self, text: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').ok_or("a placeholder has no end")?;
            out.push_str(before);
            match (self.words.get(name), name.split_once('/')) {
                (Some(word), _) => out.push_str(word),
                (None, Some((label, pointer))) => {
                    let value = self.answers.get(label).and_then(|it| it.pointer(&format!("/{pointer}")));
                    let value = value.ok_or_else(|| format!("{name} is in no answer"))?;
                    out.push_str(&value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                }
                (None, None) => return Err(format!("nothing is called {name}")),
            }
            rest = after;
        }
        Ok(out + rest)
    }
}

/// A run: a namespace and a word of its own on a server.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    server: &'a Server,
    pub(crate) known: Known,
    /// What was created outside of namespaces, to be removed.
    created: Vec<String>,
    /// What had finalizers, which nobody else would take away.
    held: BTreeSet<String>,
    has_namespace: bool,
}

impl<'a> Run<'a> {
    /// Makes up the names, and the namespace where it is wanted.
    pub(crate) async fn begin(server: &'a Server, with_namespace: bool) -> Result<Run<'a>, String> {
        let words = HashMap::from([("ns".to_owned(), word('n')), ("id".to_owned(), word('i'))]);
        let known = Known { words, ..Known::default() };
        let mut run = Run { server, known, created: Vec::new(), held: BTreeSet::new(), has_namespace: false };
        if with_namespace {
            let body = run.known.fill(r#"{"metadata":{"name":"${ns}"}}"#)?;
            let answer = run.as_admin("POST", "/api/v1/namespaces", &body).await?;
            if answer.code != 201 {
                return Err(format!("the namespace was refused: {}", answer.text()));
            }
            run.has_namespace = true;
        }
        Ok(run)
    }

    /// What the made-up names and the server's address are shown as.
    pub(crate) fn names(&self) -> Vec<(String, String)> {
        let mut names = vec![(self.server.address.clone(), "<server>".to_owned())];
        names.extend(self.known.words.iter().map(|(name, word)| (word.clone(), format!("<{name}>"))));
        names
    }

    async fn as_admin(&self, method: &str, path: &str, body: &str) -> Result<Answer, String> {
        let json = [("content-type".to_owned(), "application/json".to_owned())];
        let headers = if body.is_empty() { &[][..] } else { &json[..] };
        let admin = self.server.person("admin")?;
        Ok(send(&self.server.address, &admin, Ask { method, path, headers, body, first: None }).await)
    }

    /// Sends one step, as often as it takes.
    pub(crate) async fn step(&mut self, step: &Step) -> Result<Answer, String> {
        let path = self.known.fill(&step.path)?;
        let body = self.known.fill(&step.body)?;
        let mut headers = Vec::new();
        for (name, value) in &step.headers {
            headers.push((name.clone(), self.known.fill(value)?));
        }
        if !body.is_empty() && !headers.iter().any(|it| it.0.eq_ignore_ascii_case("content-type")) {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        let who = self.server.person(&self.known.fill(&step.identity)?)?;
        let begun = Instant::now();
        let answer = loop {
            let ask =
                Ask { method: &step.method, path: &path, headers: &headers, body: &body, first: step.first };
            let answer = send(&self.server.address, &who, ask).await;
            if step.until.as_ref().is_none_or(|it| it.holds(&answer)) || begun.elapsed() > PATIENCE {
                break answer;
            }
            tokio::time::sleep(PAUSE).await;
        };
        if !step.label.is_empty()
            && let Ok(value) = serde_json::from_slice(&answer.body)
        {
            self.known.answers.insert(step.label.clone(), value);
        }
        self.remember(&step.method, &path, &answer);
        if self.server.is_real {
            let admin = self.server.person("admin")?;
            served::wait(&self.server.address, &admin, &step.method, &path, &answer).await;
        }
        Ok(answer)
    }

    /// Notes what is left behind.
    fn remember(&mut self, method: &str, path: &str, answer: &Answer) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        if !matches!(answer.code, 200 | 201) || query.contains("dryRun") {
            return;
        }
        let Ok(object) = serde_json::from_slice::<Value>(&answer.body) else { return };
        let Some(name) = object["metadata"]["name"].as_str() else { return };
        let path = if method == "POST" { format!("{path}/{name}") } else { path.to_owned() };
        if !path.ends_with(&format!("/{name}")) {
            return;
        }
        if object["metadata"]["finalizers"].is_array() {
            self.held.insert(path.clone());
        }
        let in_namespace = path.split_once("/namespaces/").is_some_and(|(_, rest)| rest.contains('/'));
        if answer.code == 201 && !in_namespace {
            self.created.push(path);
        }
    }

    /// What a server would keep of this run.
    pub(crate) fn end(self) -> Leftovers {
        let namespace = self.known.words.get("ns").filter(|_| self.has_namespace);
        let namespace = namespace.map(|name| format!("/api/v1/namespaces/{name}"));
        Leftovers { held: self.held, gone: self.created, namespace }
    }
}

/// What a run leaves behind on a server that goes on.
#[derive(Debug, Default)]
pub(crate) struct Leftovers {
    /// What has finalizers.
    held: BTreeSet<String>,
    /// What was created outside of namespaces.
    gone: Vec<String>,
    namespace: Option<String>,
}

impl Leftovers {
    /// Removes what others would see, such as bindings of roles: all but the namespace.
    pub(crate) async fn remove_shared(&mut self, server: &Server) {
        let Ok(admin) = server.person("admin") else { return };
        for path in std::mem::take(&mut self.held) {
            let merge = [("content-type".to_owned(), "application/merge-patch+json".to_owned())];
            let body = r#"{"metadata":{"finalizers":null}}"#;
            let ask = Ask { method: "PATCH", path: &path, headers: &merge, body, first: None };
            let _ = send(&server.address, &admin, ask).await;
        }
        for path in std::mem::take(&mut self.gone).iter().rev() {
            let _ = send(&server.address, &admin, Ask { method: "DELETE", path, ..Ask::default() }).await;
        }
    }

    /// Removes the rest, without waiting for it to be gone.
    pub(crate) async fn remove(mut self, server: &Server) {
        self.remove_shared(server).await;
        let (Ok(admin), Some(path)) = (server.person("admin"), &self.namespace) else { return };
        let _ = send(&server.address, &admin, Ask { method: "DELETE", path, ..Ask::default() }).await;
    }
}

impl Until {
    fn holds(&self, answer: &Answer) -> bool {
        match self {
            Until::Code(code) => answer.code == *code,
            Until::Member(pointer, wanted) => {
                let Ok(all) = serde_json::from_slice::<Value>(&answer.body) else { return false };
                let Some(value) = all.pointer(pointer) else { return false };
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                wanted.as_ref().is_none_or(|it| *it == text)
            }
        }
    }
}

/// What came of a conversation.
#[derive(Debug, Default)]
pub(crate) struct Played {
    /// As they stand in files.
    pub(crate) answers: Vec<String>,
    pub(crate) leftovers: Leftovers,
}

/// Plays a conversation. A step that cannot be sent has its reason as answer.
pub(crate) async fn play(conversation: &Conversation, server: &Server) -> Result<Played, String> {
    let mut run = Run::begin(server, conversation.uses("ns")).await?;
    let mut plain = Plain::new(conversation, run.names());
    let mut answers = Vec::new();
    for step in &conversation.steps {
        answers.push(match run.step(step).await {
            Ok(answer) => plain.answer(step, &answer),
            Err(error) => format!("0\n{error}"),
        });
    }
    let mut leftovers = run.end();
    if server.is_real {
        leftovers.remove_shared(server).await;
    }
    Ok(Played { answers, leftovers })
}

/// Plays a conversation on an embedded server made for it.
pub(crate) async fn play_embedded(conversation: &Conversation) -> Result<Vec<String>, String> {
    let server = Server::embedded(&conversation.settings).await?;
    Ok(play(conversation, &server).await?.answers)
}

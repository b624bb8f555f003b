//! Reading and writing the files: head, steps, directives, recorded answers.
//!
//! Nothing is sent here, and a request is kept as it was written, so that recording changes the answers alone.

use std::fmt::Write as _;

/// A file: what it is about, what it needs, and its steps.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conversation {
    /// Everything before the first step.
    pub(crate) head: String,
    /// From `# server: name, name=value`.
    pub(crate) settings: Vec<(String, String)>,
    /// From `# mask: /pointer`: what differs from run to run in this file.
    pub(crate) masks: Vec<String>,
    /// From `# alone: why`: it is not played beside others.
    pub(crate) alone: bool,
    pub(crate) steps: Vec<Step>,
}

/// A request and the answer it got when it was recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Step {
    /// Without the label.
    pub(crate) title: String,
    /// Under which later steps find the answer.
    pub(crate) label: String,
    /// The text from `###` to the answer.
    raw: String,
    /// Whose credentials are shown: `admin`, `cert-admin`, `user`, `anonymous` or `token:…`.
    pub(crate) identity: String,
    pub(crate) until: Option<Until>,
    /// Of a stream, how many lines are read before the connection is closed.
    pub(crate) first: Option<usize>,
    /// Headers of the answer that are compared.
    pub(crate) shown: Vec<String>,
    /// The body is compared as text, not as JSON.
    pub(crate) raw_body: bool,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// As it was recorded, normalised; empty where nothing was.
    pub(crate) answer: String,
}

/// What a step waits for, by asking again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Until {
    /// `@until 404`
    Code(u16),
    /// `@until /status/phase=Active`, or `@until /metadata/deletionTimestamp` for anything that is there.
    Member(String, Option<String>),
}

impl Conversation {
    /// Reads a file. What cannot be understood is an error with the title of its step.
    pub(crate) fn parse(text: &str) -> Result<Conversation, String> {
        let mut all = Conversation::default();
        let mut part: Vec<&str> = Vec::new();
        let mut inside = false;
        for line in text.lines().chain(["### "]) {
            if !line.starts_with("### ") {
                part.push(line);
                continue;
            }
            if inside {
                let step = Step::parse(&part).map_err(|error| {
                    format!(
                        "{}: {error}",
                        part.first().copied().unwrap_or_default().trim_start_matches("### ")
                    )
                })?;
                all.steps.push(step);
            } else {
                all.read_head(&part);
            }
            inside = true;
            part = vec![line];
        }
        if all.steps.is_empty() {
            return Err("there is no step".to_owned());
        }
        Ok(all)
    }

    fn read_head(&mut self, lines: &[&str]) {
        self.head = lines.iter().fold(String::new(), |all, line| all + line + "\n");
        for line in lines {
            self.alone |= line.starts_with("# alone:");
            if let Some(text) = line.strip_prefix("# server:") {
                self.settings.extend(settings(text));
            } else if let Some(masks) = line.strip_prefix("# mask:") {
                self.masks.extend(list(masks));
            }
        }
    }

    /// The file with these answers.
    pub(crate) fn with_answers(&self, answers: &[String]) -> String {
        let mut out = self.head.clone();
        for (step, answer) in self.steps.iter().zip(answers) {
            let _ = writeln!(out, "{}\n<<< {answer}\n", step.raw.trim_end());
        }
        out.trim_end().to_owned() + "\n"
    }

    /// The titles of the steps, with what is recorded of them.
    pub(crate) fn recorded(&self) -> Vec<(&str, &str)> {
        self.steps.iter().map(|it| (it.title.as_str(), it.answer.as_str())).collect()
    }

    /// Whether `${name}` stands in a request.
    pub(crate) fn uses(&self, name: &str) -> bool {
        let wanted = format!("${{{name}}}");
        self.steps.iter().any(|it| it.raw.contains(&wanted))
    }

    /// Everything that the file sends, as it is written: a value that stands here is no invention of the server.
    pub(crate) fn written(&self) -> String {
        self.steps.iter().fold(String::new(), |all, it| all + &it.raw + "\n")
    }
}

/// `a, b`
fn list(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty())
}

/// `name, name=value`
pub(crate) fn settings(text: &str) -> impl Iterator<Item = (String, String)> {
    list(text).map(|it| match it.split_once('=') {
        Some((name, value)) => (name.trim().to_owned(), value.trim().to_owned()),
        None => (it, String::new()),
    })
}

impl Step {
    fn parse(lines: &[&str]) -> Result<Step, String> {
        let answer_at = lines.iter().position(|it| it.starts_with("<<<")).unwrap_or(lines.len());
        let (request, answer) = lines.split_at(answer_at);
        let mut step = Step { raw: request.join("\n"), identity: "admin".to_owned(), ..Step::default() };
        let mut answer = answer.to_vec();
        // In what order warnings are recorded says nothing.
        let count = answer.iter().skip(1).take_while(|it| it.starts_with("! ")).count();
        if let Some(all) = answer.get_mut(1..1 + count) {
            all.sort_unstable();
        }
        step.answer = answer.join("\n").trim_start_matches("<<<").trim().to_owned();
        let mut lines = request.iter().copied();
        let title = lines.next().unwrap_or_default().trim_start_matches("### ");
        let is_word = |it: &str| it.chars().all(|it| it.is_ascii_alphanumeric() || "-_".contains(it));
        match title.split_once(':') {
            Some((label, title)) if is_word(label) => {
                (step.label, step.title) = (label.to_owned(), title.trim().to_owned());
            }
            _ => step.title = title.to_owned(),
        }
        let mut start = "";
        for line in lines.by_ref().filter(|it| !it.trim().is_empty()) {
            match line.strip_prefix('@') {
                Some(directive) => step.directive(directive)?,
                None => {
                    start = line;
                    break;
                }
            }
        }
        let (method, path) = start.split_once(' ').ok_or("a line `METHOD /path` is missing")?;
        if !path.starts_with('/') || method.chars().any(|it| !it.is_ascii_uppercase()) {
            return Err(format!("`{start}` is not `METHOD /path`"));
        }
        (step.method, step.path) = (method.to_owned(), path.trim().to_owned());
        for line in lines.by_ref().take_while(|it| !it.is_empty()) {
            let (name, value) = line.split_once(':').ok_or_else(|| format!("`{line}` is no header"))?;
            step.headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        step.body = lines.collect::<Vec<_>>().join("\n").trim_end().to_owned();
        Ok(step)
    }

    fn directive(&mut self, text: &str) -> Result<(), String> {
        let (name, value) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let value = value.trim();
        match name {
            "as" => self.identity = value.to_owned(),
            "until" => self.until = Some(Until::parse(value)?),
            "first" => {
                self.first = Some(value.parse().map_err(|_| format!("`@first {value}` is no number"))?);
            }
            "raw" => self.raw_body = true,
            "header" => self.shown.extend(value.split(',').map(|it| it.trim().to_owned())),
            _ => return Err(format!("`@{text}` is no directive")),
        }
        Ok(())
    }
}

impl Until {
    fn parse(text: &str) -> Result<Until, String> {
        if let Some(pointer) = text.strip_prefix('/') {
            return Ok(match pointer.split_once('=') {
                Some((pointer, value)) => Until::Member(format!("/{pointer}"), Some(value.to_owned())),
                None => Until::Member(text.to_owned(), None),
            });
        }
        text.parse().map(Until::Code).map_err(|_| format!("`@until {text}` is neither status nor /pointer"))
    }
}

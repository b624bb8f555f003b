//! Files of commands: what other clients are told to do, and what they print.
//!
//! `### title`, directives, `$ command` with whatever belongs to it (a here-document), `<<< 0` with the exit code, the output. Reading
//! and writing alone; running is in `programs`.

use std::fmt::Write as _;

use super::conversation::settings;

/// A file of commands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    head: String,
    /// From `# server: name, name=value`.
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) steps: Vec<Command>,
}

/// A command and what it printed when it was recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Command {
    pub(crate) title: String,
    raw: String,
    /// A context of the kubeconfig.
    pub(crate) identity: String,
    /// For the shell.
    pub(crate) text: String,
    /// Exit code, standard output, standard error with `! ` before each line.
    pub(crate) answer: String,
}

impl Script {
    /// Reads a file. What cannot be understood is an error with the title of its step.
    pub(crate) fn parse(text: &str) -> Result<Script, String> {
        let mut parts = text.split("\n### ");
        let head = parts.next().unwrap_or_default();
        let mut script = Script { head: head.trim_end().to_owned(), ..Script::default() };
        script.settings =
            head.lines().filter_map(|it| it.strip_prefix("# server:")).flat_map(settings).collect();
        for part in parts {
            script.steps.push(Command::parse(part)?);
        }
        if script.steps.is_empty() {
            return Err("there is no step".to_owned());
        }
        Ok(script)
    }

    /// The file with these answers.
    pub(crate) fn with_answers(&self, answers: &[String]) -> String {
        let mut out = self.head.clone() + "\n";
        for (step, answer) in self.steps.iter().zip(answers) {
            let _ = write!(out, "\n### {}\n<<< {answer}\n", step.raw.trim_end());
        }
        out
    }

    /// The titles of the steps, with what is recorded of them.
    pub(crate) fn recorded(&self) -> Vec<(&str, &str)> {
        self.steps.iter().map(|it| (it.title.as_str(), it.answer.as_str())).collect()
    }

    /// Everything that is told to the client.
    pub(crate) fn written(&self) -> String {
        self.steps.iter().fold(String::new(), |all, it| all + &it.raw + "\n")
    }
}

impl Command {
    fn parse(part: &str) -> Result<Command, String> {
        let (raw, answer) = part.split_once("\n<<< ").unwrap_or((part, ""));
        let (title, rest) = raw.split_once('\n').unwrap_or((raw, ""));
        let mut identity = "admin".to_owned();
        let mut text = String::new();
        for line in rest.trim().lines() {
            match line.strip_prefix("@as ") {
                Some(name) if text.is_empty() => identity = name.trim().to_owned(),
                _ if text.is_empty() => {
                    text = line
                        .strip_prefix("$ ")
                        .ok_or_else(|| format!("{title}: `{line}` is no `$ command`"))?
                        .into();
                }
                _ => {
                    text.push('\n');
                    text.push_str(line);
                }
            }
        }
        let (title, raw) = (title.to_owned(), raw.to_owned());
        Ok(Command { title, raw, identity, text, answer: answer.trim_end().to_owned() })
    }
}

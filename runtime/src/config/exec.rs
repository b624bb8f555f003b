//! Which program gives credentials, how it is called, and which may run at all. Deliberately only the description: `auth`
//! runs it.

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::{Config, Redacted};

/// A program that prints credentials, as in a kubeconfig's `users[].user.exec`.
///
/// It runs when the first request needs a credential, again when that has expired, and after the server has answered
/// 401. A kubeconfig that names a program can run anything: use kubeconfigs of others with care.
///
/// ```
/// use clientset_runtime::config::{Config, ExecApiVersion, ExecPlugin};
///
/// let plugin = ExecPlugin::new("aws")
///     .args(["eks", "get-token", "--cluster-name", "prod"])
///     .env("AWS_PROFILE", "prod")
///     .api_version(ExecApiVersion::V1Beta1);
/// let config = Config::new("https://example.com").exec(plugin);
/// ```
#[derive(Clone)]
pub struct ExecPlugin {
    pub(crate) command: String,
    pub(crate) args: Vec<String>,
    /// Values are secrets: people put tokens there.
    pub(crate) env: Vec<(String, SecretString)>,
    pub(crate) api_version: ExecApiVersion,
    pub(crate) interactive_mode: InteractiveMode,
    pub(crate) install_hint: Option<String>,
    pub(crate) provide_cluster_info: bool,
    /// JSON text: what the kubeconfig's cluster says to its plugins (`extensions`, `client.authentication.k8s.io/exec`).
    pub(crate) cluster_config: Option<String>,
    pub(crate) timeout: Option<Duration>,
    /// Why standard input is not to be had, though it may be a terminal.
    pub(crate) stdin_unavailable: Option<String>,
}

/// Which exec plugins may run. A kubeconfig that names a program is code: use [`ExecPolicy::Deny`] or a list for one that
/// is not your own.
///
/// ```
/// use clientset_runtime::config::{Config, ExecPlugin, ExecPolicy};
///
/// let policy = ExecPolicy::allowlist(["aws", "/usr/local/bin/kubelogin"]);
/// let config = Config::new("https://example.com").exec(ExecPlugin::new("aws")).exec_policy(policy);
/// assert!(config.validate().is_ok());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExecPolicy {
    /// Every program.
    #[default]
    Allow,
    /// None. A client whose only credential is an exec plugin is an error.
    Deny,
    /// Only these: absolute paths, or names that are looked up in `PATH` as the plugin's command is. What is compared is
    /// the absolute path of the file; symbolic links are not followed.
    Allowlist(Vec<String>),
}

/// Which form of `ExecCredential` is spoken with the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExecApiVersion {
    /// `client.authentication.k8s.io/v1`
    #[default]
    V1,
    /// `client.authentication.k8s.io/v1beta1`
    V1Beta1,
}

/// Whether the program may ask the user something on the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum InteractiveMode {
    /// It gets no standard input.
    Never,
    /// It gets standard input where that is a terminal.
    #[default]
    IfAvailable,
    /// It cannot do without; an error where standard input is not a terminal.
    Always,
}

impl ExecPlugin {
    /// A program by its name, found in `PATH`, or by its path.
    pub fn new(command: impl Into<String>) -> Self {
        ExecPlugin {
            command: command.into(),
            args: Vec::new(),
            env: Vec::new(),
            api_version: ExecApiVersion::default(),
            interactive_mode: InteractiveMode::default(),
            install_hint: None,
            provide_cluster_info: false,
            cluster_config: None,
            timeout: None,
            stdin_unavailable: None,
        }
    }

    /// Adds one argument.
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Adds a variable to the environment of this process, which the program inherits.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), SecretString::from(value.into())));
        self
    }

    /// Which version is spoken; the program must answer in the same. `v1` unless set.
    pub fn api_version(mut self, version: ExecApiVersion) -> Self {
        self.api_version = version;
        self
    }

    /// Whether the program may use the terminal. `IfAvailable` unless set.
    pub fn interactive_mode(mut self, mode: InteractiveMode) -> Self {
        self.interactive_mode = mode;
        self
    }

    /// Told to the user when the program is not there. Control characters are taken out.
    pub fn install_hint(mut self, hint: impl AsRef<str>) -> Self {
        let hint = clean(hint.as_ref());
        self.install_hint = Some(hint).filter(|hint| !hint.is_empty());
        self
    }

    /// Tells the program which server it is for, through `KUBERNETES_EXEC_INFO`.
    pub fn provide_cluster_info(mut self, provide: bool) -> Self {
        self.provide_cluster_info = provide;
        self
    }

    /// What else the program is told about the cluster, as JSON: `spec.cluster.config` of `KUBERNETES_EXEC_INFO`. Given
    /// only with [`ExecPlugin::provide_cluster_info`].
    pub fn cluster_config(mut self, json: impl Into<String>) -> Self {
        self.cluster_config = Some(json.into());
        self
    }

    /// Says that standard input is used by something else, and what: a program that could ask does not, and one that has
    /// to is an error.
    pub fn stdin_unavailable(mut self, why: impl Into<String>) -> Self {
        self.stdin_unavailable = Some(why.into());
        self
    }

    /// Ends the program after this long. Unless set: one minute, and no limit where the user may be typing.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl ExecPlugin {
    /// Everything that is wrong with the description: the member, and what is wrong with it.
    pub(crate) fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if self.command.is_empty() {
            problems
                .push(("exec.command", "missing; name the program that gives the credentials".to_owned()));
        }
        if self.command.contains('\0') {
            problems.push(("exec.command", "holds a NUL character; take it out".to_owned()));
        }
        if self.args.iter().any(|arg| arg.contains('\0')) {
            problems.push(("exec.args", "hold a NUL character; take it out".to_owned()));
        }
        for (name, value) in &self.env {
            if name.is_empty() || name.contains(['=', '\0']) {
                let message = format!("{name:?} is no name of a variable; give each a name without `=`");
                problems.push(("exec.env", message));
            } else if value.expose_secret().contains('\0') {
                problems.push(("exec.env", format!("{name:?} holds a NUL character; take it out")));
            }
        }
        let config = self.cluster_config.as_ref();
        if config.is_some_and(|config| serde_json::from_str::<serde::de::IgnoredAny>(config).is_err()) {
            problems.push(("exec", "what it is told about the cluster is not JSON; write JSON".to_owned()));
        }
        problems
    }
}

impl ExecPolicy {
    /// Only these programs.
    pub fn allowlist(programs: impl IntoIterator<Item = impl Into<String>>) -> Self {
        ExecPolicy::Allowlist(programs.into_iter().map(Into::into).collect())
    }

    /// Everything that is wrong with it.
    pub(crate) fn problems(&self) -> Vec<String> {
        let ExecPolicy::Allowlist(entries) = self else { return Vec::new() };
        if entries.is_empty() {
            return vec!["the list of allowed exec plugins is empty: use ExecPolicy::Deny".to_owned()];
        }
        let wrong = entries.iter().filter_map(|entry| Some((entry, entry_problem(entry)?)));
        wrong.map(|(entry, problem)| format!("the allowed exec plugin {entry:?} {problem}")).collect()
    }
}

/// What can never equal the absolute path of a program, or is read in two ways.
fn entry_problem(entry: &str) -> Option<&'static str> {
    let path = Path::new(entry);
    // Comparing components takes out what is said twice.
    let clean: PathBuf = path.components().filter(|part| *part != Component::ParentDir).collect();
    if entry.is_empty() {
        Some("is empty")
    } else if clean.as_os_str() != path.as_os_str() || clean == Path::new(".") {
        Some("is not a clean path: it has `.`, `..` or a slash too many")
    } else if entry.contains(std::path::is_separator) && !path.is_absolute() {
        Some("is neither a name nor an absolute path")
    } else {
        None
    }
}

impl Config {
    /// Which exec plugins may run. Every one unless set.
    pub fn exec_policy(mut self, policy: ExecPolicy) -> Self {
        self.exec_policy = policy;
        self
    }

    pub(crate) fn exec_policy_value(&self) -> &ExecPolicy {
        &self.exec_policy
    }
}

impl ExecApiVersion {
    /// As it stands in `apiVersion`.
    pub fn as_str(self) -> &'static str {
        match self {
            ExecApiVersion::V1 => "client.authentication.k8s.io/v1",
            ExecApiVersion::V1Beta1 => "client.authentication.k8s.io/v1beta1",
        }
    }
}

impl fmt::Debug for ExecPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecPlugin")
            .field("command", &self.command)
            // Arguments and values may hold secrets; their number and names are enough to recognise the plugin by.
            .field("args", &format_args!("[{} arguments]", self.args.len()))
            .field("env", &self.env.iter().map(|(name, _)| (name, Redacted)).collect::<Vec<_>>())
            .field("api_version", &self.api_version)
            .field("interactive_mode", &self.interactive_mode)
            .field("provide_cluster_info", &self.provide_cluster_info)
            .finish_non_exhaustive()
    }
}

/// Text of others, safe on a terminal: escape sequences and control characters are gone, line breaks stay.
pub(crate) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' && chars.next_if_eq(&'[').is_some() {
            // A control sequence ends with a byte of 0x40..=0x7e; what stands before are its parameters.
            while chars.next_if(|c| ('\u{20}'..='\u{3f}').contains(c)).is_some() {}
            chars.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
        } else if c == '\n' || !(c.is_control() || is_bidi_control(c)) {
            cleaned.push(c);
        }
    }
    cleaned.trim().to_owned()
}

/// Characters that reorder what stands around them, so that a hint could look like another.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn an_allowlist_holds_names_and_clean_absolute_paths() {
        for entry in ["aws", "gke-gcloud-auth-plugin", "/usr/bin/aws"] {
            assert_eq!(ExecPolicy::allowlist([entry]).problems(), Vec::<String>::new());
        }
        for (entry, expected) in [
            ("", "is empty"),
            (".", "clean"),
            ("..", "clean"),
            ("/usr/bin/", "clean"),
            ("/usr//bin/aws", "clean"),
            ("/usr/./bin/aws", "clean"),
            ("/usr/bin/../aws", "clean"),
            ("./aws", "neither a name nor"),
            ("bin/aws", "neither a name nor"),
        ] {
            let problems = ExecPolicy::allowlist([entry]).problems();
            assert!(problems.len() == 1 && problems[0].contains(expected), "{entry}: {problems:?}");
        }
        assert!(ExecPolicy::Allowlist(Vec::new()).problems()[0].contains("ExecPolicy::Deny"));
        assert!(ExecPolicy::Deny.problems().is_empty() && ExecPolicy::Allow.problems().is_empty());
    }

    #[test]
    fn what_no_program_can_be_called_with_is_a_problem() {
        let plugin =
            ExecPlugin::new("").arg("a\0b").env("A=B", "x").env("KEY", "s3cr3t\0").cluster_config("{s3cr3t");
        let problems = plugin.problems();
        assert_eq!(problems.len(), 5, "{problems:?}");
        assert!(!format!("{problems:?}").contains("s3cr3t"), "{problems:?}");
    }
}

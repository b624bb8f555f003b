//! Which program gives credentials, and how it is called. Deliberately only the description: `auth` runs it.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

use super::Redacted;

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

    /// Ends the program after this long. Unless set: one minute, and no limit where the user may be typing.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
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

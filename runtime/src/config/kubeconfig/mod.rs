//! Kubeconfigs: which files, in which order, merged how. Deliberately read-only; `edit` writes them.

mod build;
mod edit;
mod model;
mod names;
mod read;

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub use edit::{ClusterEdit, ContextEdit, EditOptions, KubeconfigEdit, UserEdit};
pub use model::KubeContext;
use model::Named;
#[cfg(feature = "oidc")]
pub(crate) use model::StoredUser;
pub(crate) use model::{AuthProvider, Cluster, User};

use super::tls::read_limited;
use super::{Config, Environment, Overrides};
use crate::error::Kind;
use crate::yaml::INPUT_LIMIT;
use crate::{Error, Result};

/// The variable that names the files.
const KUBECONFIG: &str = "KUBECONFIG";

/// One kubeconfig, or several merged into one: the clusters, users and contexts in them.
///
/// Reading it runs nothing and reads no file that it names; [`Kubeconfig::config_for`] makes a configuration of one
/// context, and one `Kubeconfig` serves any number of them.
///
/// ```no_run
/// use clientset_runtime::config::{Kubeconfig, Overrides};
///
/// let kubeconfig = Kubeconfig::load()?;
/// for name in kubeconfig.context_names() {
///     println!("{name}: {}", kubeconfig.config_for(&Overrides::context(name))?.server_url());
/// }
/// # Ok::<(), clientset_runtime::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Kubeconfig {
    clusters: Vec<Named<Cluster>>,
    users: Vec<Named<User>>,
    contexts: Vec<Named<KubeContext>>,
    current_context: Option<String>,
    sources: Sources,
    environment: Environment,
}

/// Where it came from.
#[derive(Clone, Default)]
struct Sources {
    /// All files that were asked for, in their order.
    listed: Vec<PathBuf>,
    /// Files that were read.
    read: Vec<PathBuf>,
    /// Files of a list that do not exist.
    missing: Vec<PathBuf>,
    /// What named them: `KUBECONFIG`, `~/.kube/config`.
    named_by: &'static str,
    /// Exactly this was asked for, so that nothing else stands in for it.
    explicit: bool,
    /// What it is called, where it is no kubeconfig at all.
    label: Option<String>,
}

impl Kubeconfig {
    /// Reads the files in `KUBECONFIG`, or `~/.kube/config` where that is not set.
    ///
    /// Files of the list that do not exist are passed over; without any the result is empty.
    ///
    /// # Errors
    ///
    /// A file that exists cannot be read or is malformed; the error names every such file and the places in it.
    pub fn load() -> Result<Self> {
        Kubeconfig::load_from(&Environment::system())
    }

    /// The same in another environment.
    ///
    /// # Errors
    ///
    /// As [`Kubeconfig::load`].
    pub fn load_from(environment: &Environment) -> Result<Self> {
        let (paths, named_by) = Kubeconfig::named_files(environment);
        let kubeconfig = Kubeconfig::merge(paths, false, named_by, environment)?;
        let sources = &kubeconfig.sources;
        if named_by == KUBECONFIG && sources.read.is_empty() && !sources.missing.is_empty() {
            // Most often a slip, and what follows (the pod's configuration, or none) would hide it.
            tracing::warn!(files = ?sources.missing, "no file that KUBECONFIG names exists");
        }
        Ok(kubeconfig)
    }

    /// The files that are read and written where none is named, and what names them.
    fn named_files(environment: &Environment) -> (Vec<PathBuf>, &'static str) {
        match environment.get(KUBECONFIG) {
            Some(list) => (std::env::split_paths(&list).collect(), KUBECONFIG),
            None => {
                let home = environment.home_dir();
                (home.map(|home| home.join(".kube").join("config")).into_iter().collect(), "the home folder")
            }
        }
    }

    /// Reads one file, which has to exist.
    ///
    /// # Errors
    ///
    /// The file does not exist, cannot be read or is malformed.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Kubeconfig::read_in(path.as_ref(), &Environment::system())
    }

    pub(crate) fn read_in(path: &Path, environment: &Environment) -> Result<Self> {
        Kubeconfig::merge(vec![path.to_path_buf()], true, "the caller", environment)
    }

    /// Reads a kubeconfig from memory. Relative paths in it are relative to the process's working folder.
    ///
    /// # Errors
    ///
    /// It is malformed.
    pub fn parse(yaml: impl AsRef<[u8]>) -> Result<Self> {
        let mut merged =
            Kubeconfig { sources: Sources { explicit: true, ..Sources::default() }, ..Kubeconfig::default() };
        let file = read::read(yaml.as_ref(), None)
            .map_err(|problems| malformed(Kind::Config, vec![(None, problems)]))?;
        merged.add(file);
        Ok(merged)
    }

    /// What a pod's service account says, in the form of a kubeconfig.
    pub(crate) fn of_a_pod(
        origin: String,
        cluster: Cluster,
        user: User,
        namespace: Option<String>,
        environment: &Environment,
    ) -> Self {
        fn named<T>(name: &str, value: T) -> Vec<Named<T>> {
            vec![Named { name: name.to_owned(), value, file: None }]
        }
        let (cluster_name, user_name) = ("in-cluster", "service account");
        let context = KubeContext {
            cluster: Some(cluster_name.to_owned()),
            user: Some(user_name.to_owned()),
            namespace,
        };
        Kubeconfig {
            clusters: named(cluster_name, cluster),
            users: named(user_name, user),
            contexts: named(cluster_name, context),
            current_context: Some(cluster_name.to_owned()),
            sources: Sources { explicit: true, label: Some(origin), ..Sources::default() },
            environment: environment.clone(),
        }
    }

    fn merge(
        paths: Vec<PathBuf>,
        explicit: bool,
        named_by: &'static str,
        environment: &Environment,
    ) -> Result<Self> {
        let sources = Sources { explicit, named_by, ..Sources::default() };
        let mut merged = Kubeconfig { sources, environment: environment.clone(), ..Kubeconfig::default() };
        let mut problems = Vec::new();
        let mut absent = false;
        for path in paths {
            if path.as_os_str().is_empty() || merged.sources.listed.contains(&path) {
                continue;
            }
            merged.sources.listed.push(path.clone());
            match read_limited(&path, INPUT_LIMIT as u64) {
                Ok(bytes) => match read::read(&bytes, Some(&path)) {
                    Ok(file) => {
                        hint_of_others(&path);
                        merged.add(file);
                    }
                    Err(found) => problems.push((Some(path.clone()), found)),
                },
                Err(error) if error.kind() == ErrorKind::NotFound && !explicit => {
                    merged.sources.missing.push(path);
                    continue;
                }
                Err(error) => {
                    absent |= error.kind() == ErrorKind::NotFound;
                    let what_to_do = match error.kind() {
                        ErrorKind::NotFound => "; correct the path",
                        ErrorKind::PermissionDenied => "; let this program's user read it",
                        ErrorKind::IsADirectory => "; name the file in it",
                        _ => "",
                    };
                    problems.push((Some(path.clone()), vec![format!("cannot be read: {error}{what_to_do}")]));
                }
            }
            merged.sources.read.push(path);
        }
        match problems.len() {
            0 => Ok(merged),
            1 if absent => Err(malformed(Kind::NoConfig, problems)),
            _ => Err(malformed(Kind::Config, problems)),
        }
    }

    /// Of entries with the same name the first wins as a whole; of `current-context` the first that is set.
    fn add(&mut self, file: read::File) {
        fn add<T>(into: &mut Vec<Named<T>>, from: Vec<Named<T>>) {
            let known: std::collections::HashSet<String> =
                into.iter().map(|entry| entry.name.clone()).collect();
            into.extend(from.into_iter().filter(|entry| !known.contains(&entry.name)));
        }
        add(&mut self.clusters, file.clusters);
        add(&mut self.users, file.users);
        add(&mut self.contexts, file.contexts);
        self.current_context = self.current_context.take().or(file.current_context);
    }

    /// Whether there is nothing in it: no cluster, user or context, as with files that do not exist.
    pub fn is_empty(&self) -> bool {
        self.clusters.is_empty()
            && self.users.is_empty()
            && self.contexts.is_empty()
            && self.current_context.is_none()
    }

    /// The names of the contexts, in the order of the files.
    pub fn context_names(&self) -> impl Iterator<Item = &str> {
        self.contexts.iter().map(|entry| entry.name.as_str())
    }

    /// The contexts with their names, in the order of the files.
    pub fn contexts(&self) -> impl Iterator<Item = (&str, &KubeContext)> {
        self.contexts.iter().map(|entry| (entry.name.as_str(), &entry.value))
    }

    /// One context.
    pub fn context(&self, name: &str) -> Option<&KubeContext> {
        self.contexts.iter().find(|entry| entry.name == name).map(|entry| &entry.value)
    }

    /// The names of the clusters.
    pub fn cluster_names(&self) -> impl Iterator<Item = &str> {
        self.clusters.iter().map(|entry| entry.name.as_str())
    }

    /// The names of the users.
    pub fn user_names(&self) -> impl Iterator<Item = &str> {
        self.users.iter().map(|entry| entry.name.as_str())
    }

    /// The context that is used when none is asked for.
    pub fn current_context(&self) -> Option<&str> {
        self.current_context.as_deref()
    }

    /// The configuration of the current context.
    ///
    /// # Errors
    ///
    /// As [`Kubeconfig::config_for`].
    pub fn config(&self) -> Result<Config> {
        self.config_for(&Overrides::default())
    }

    /// The environment that decides on the namespace in a pod, and that exec plugins run in.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Whether it says, together with the overrides, which server to speak to.
    pub(crate) fn chooses(&self, overrides: &Overrides) -> bool {
        let asked = [&overrides.context, &overrides.cluster, &overrides.server, &self.current_context];
        asked.into_iter().any(|name| name.as_ref().is_some_and(|name| !name.is_empty()))
    }

    /// Where it was looked for, one line a place.
    pub(crate) fn places(&self) -> Vec<String> {
        let named_by = self.sources.named_by;
        let mut places = Vec::new();
        if named_by != KUBECONFIG {
            places.push(format!("{KUBECONFIG}: not set"));
        }
        places.extend(self.sources.listed.iter().map(|path| {
            let of_file = |entry: &&Named<KubeContext>| entry.file.as_deref() == Some(path.as_path());
            let mut names = self.contexts.iter().filter(of_file).map(|entry| entry.name.as_str()).peekable();
            let state = if self.sources.missing.contains(path) {
                "does not exist".to_owned()
            } else if names.peek().is_none() {
                "names no context".to_owned()
            } else {
                format!("has no current-context{}", names::alternatives("", names))
            };
            format!("{} (from {named_by}): {state}", path.display())
        }));
        if self.sources.listed.is_empty() {
            places.push(match named_by {
                KUBECONFIG => format!("{KUBECONFIG}: names no file"),
                _ => "~/.kube/config: there is no home folder".to_owned(),
            });
        }
        places
    }
}

/// Says, at debug level only, that others on this machine can read the credentials. Louder would be noise: many tools
/// write kubeconfigs like that, and what is readable may hold no secret.
fn hint_of_others(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
        if mode & 0o077 != 0 {
            tracing::debug!(
                path = %path.display(),
                mode = %format_args!("{:03o}", mode & 0o777),
                "others on this machine can read the kubeconfig; `chmod 600` keeps it to yourself"
            );
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

impl fmt::Debug for Kubeconfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kubeconfig")
            .field("files", &self.sources.read)
            .field("clusters", &self.cluster_names().collect::<Vec<_>>())
            .field("users", &self.user_names().collect::<Vec<_>>())
            .field("contexts", &self.context_names().collect::<Vec<_>>())
            .field("current_context", &self.current_context)
            .finish()
    }
}

/// How many problems of one file are worth reading.
const SHOWN_PROBLEMS: usize = 20;

fn malformed(kind: Kind, files: Vec<(Option<PathBuf>, Vec<String>)>) -> Error {
    let several = files.len() > 1;
    let name = |path: &Option<PathBuf>| match path {
        Some(path) => format!("kubeconfig {}", path.display()),
        None => "kubeconfig from memory".to_owned(),
    };
    let context = if several {
        "kubeconfig".to_owned()
    } else {
        files.first().map(|file| name(&file.0)).unwrap_or_default()
    };
    let mut lines = Vec::new();
    for (path, problems) in &files {
        let prefix = if several { format!("{}: ", name(path)) } else { String::new() };
        lines.extend(problems.iter().take(SHOWN_PROBLEMS).map(|problem| format!("{prefix}{problem}")));
        if problems.len() > SHOWN_PROBLEMS {
            lines.push(format!("{prefix}and {} more", problems.len() - SHOWN_PROBLEMS));
        }
    }
    let count: usize = files.iter().map(|(_, problems)| problems.len()).sum();
    let message = match lines.as_slice() {
        [only] => only.clone(),
        many => {
            let list: String = many.iter().map(|line| format!("\n  - {line}")).collect();
            format!("{count} problems:{list}")
        }
    };
    Error::new(kind, context, message)
}

impl Sources {
    /// For messages: the file, or the files, or memory.
    fn describe(&self) -> String {
        match self.read.as_slice() {
            _ if self.label.is_some() => self.label.clone().unwrap_or_default(),
            [] if self.explicit => "kubeconfig from memory".to_owned(),
            [] => "overrides without a kubeconfig".to_owned(),
            files => {
                let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
                format!("kubeconfig {}", files.join(", "))
            }
        }
    }
}

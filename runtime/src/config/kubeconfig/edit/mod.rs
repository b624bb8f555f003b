//! Kubeconfigs that are changed and saved: which files, under which locks, each entry where it came from.
//!
//! Works on the trees of the files, so that whatever this crate does not know stays. Deliberately without what stands in an
//! entry: that is in `entry`.

mod document;
mod entry;
mod lock;
mod replace;

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use self::document::{Document, Sort};
pub use self::entry::{ClusterEdit, ContextEdit, UserEdit};
use super::model::StoredUser;
use super::{Kubeconfig, names, read};
use crate::config::Environment;
use crate::config::tls::read_limited;
use crate::error::Kind;
use crate::yaml::{self, INPUT_LIMIT};
use crate::{Error, Result};

/// How long it is waited for another program that is writing.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// Kubeconfig files under change, locked until this is saved or dropped.
///
/// As `kubectl config` does it: an entry is written back to the file it came from, a new one to the first file that
/// exists, and beside each file stands a `.lock` that keeps other programs away meanwhile. Members and extensions that
/// this crate does not know are kept; comments are not. Everything here blocks: call it off the executor.
///
/// ```
/// use clientset_runtime::config::{Kubeconfig, KubeconfigEdit};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("clientset-edit-{}", std::process::id()));
/// # let file = folder.join("config");
/// let mut edit = KubeconfigEdit::open_file(&file)?;
/// edit.cluster("prod").server("https://203.0.113.7:6443").certificate_authority_file(folder.join("ca.crt"));
/// edit.user("me").token("s3cr3t");
/// edit.context("prod").cluster("prod").user("me").namespace("web");
/// edit.set_current_context("prod")?;
/// edit.save()?;
///
/// assert_eq!(Kubeconfig::read(&file)?.current_context(), Some("prod"));
/// # std::fs::remove_dir_all(folder)?;
/// # Ok(()) }
/// ```
pub struct KubeconfigEdit {
    /// In the order in which they win.
    files: Vec<Document>,
    /// Where new entries go.
    home: usize,
    /// Go last, after everything is written.
    _locks: Vec<lock::Lock>,
}

/// Which files are changed, and how long it is waited for them. See [`KubeconfigEdit::options`].
#[derive(Clone, Debug)]
pub struct EditOptions {
    file: Option<PathBuf>,
    environment: Environment,
    lock_timeout: Duration,
}

impl EditOptions {
    /// This file alone, whether it exists or not.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Takes `KUBECONFIG` and the home folder from here.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// How long it is waited for another program that has locked a file. 5 seconds unless set.
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Locks the files and reads them.
    ///
    /// # Errors
    ///
    /// A file is locked for too long (the message says by whom), cannot be read or is malformed; or there is no file
    /// to write to.
    pub fn open(self) -> Result<KubeconfigEdit> {
        let mut paths: Vec<PathBuf> = match self.file {
            Some(file) => vec![file],
            None => Kubeconfig::named_files(&self.environment).0,
        };
        paths.retain(|path| !path.as_os_str().is_empty());
        if paths.is_empty() {
            let message = "there is no file to write to: KUBECONFIG is not set, and there is no home folder";
            return Err(Error::new(Kind::NoConfig, "changing the kubeconfig", message)
                .with_help("set KUBECONFIG, or name a file"));
        }
        // One file under two names would lock us out, or the second copy of it would be written over the first.
        let mut seen = std::collections::HashSet::new();
        paths.retain(|path| {
            let whole = path.canonicalize().or_else(|_| std::path::absolute(path));
            seen.insert(whole.unwrap_or_else(|_| path.clone()))
        });
        let locks = lock::all(&paths, self.lock_timeout)?;
        let mut files = Vec::new();
        let mut problems = Vec::new();
        for path in paths {
            match document(&path) {
                Ok(document) => files.push(document),
                Err(found) => problems.push((Some(path), found)),
            }
        }
        if !problems.is_empty() {
            return Err(super::malformed(Kind::Config, problems));
        }
        let home = files.iter().position(|file| file.exists).unwrap_or(0);
        Ok(KubeconfigEdit { files, home, _locks: locks })
    }
}

/// A file's tree, whole; it was looked at as any kubeconfig is, so that its shape is known.
fn document(path: &Path) -> std::result::Result<Document, Vec<String>> {
    match read_limited(path, INPUT_LIMIT as u64) {
        Ok(bytes) => {
            read::read(&bytes, Some(path))?;
            let tree = yaml::parse(&bytes).map_err(|error| vec![error.to_string()])?;
            Ok(Document::new(path, Some(tree)))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Document::new(path, None)),
        Err(error) => Err(vec![format!("cannot be read: {error}")]),
    }
}

impl KubeconfigEdit {
    /// The files in `KUBECONFIG`, or `~/.kube/config` where that is not set.
    ///
    /// # Errors
    ///
    /// As [`EditOptions::open`].
    pub fn open() -> Result<Self> {
        KubeconfigEdit::options().open()
    }

    /// One file, which is made where it does not exist.
    ///
    /// # Errors
    ///
    /// As [`EditOptions::open`].
    pub fn open_file(path: impl Into<PathBuf>) -> Result<Self> {
        KubeconfigEdit::options().file(path).open()
    }

    /// Says which files, in which environment, and how long to wait for them.
    pub fn options() -> EditOptions {
        EditOptions { file: None, environment: Environment::system(), lock_timeout: LOCK_TIMEOUT }
    }

    /// A cluster, made where there is none of this name.
    pub fn cluster(&mut self, name: &str) -> ClusterEdit<'_> {
        ClusterEdit::new(self.entry(Sort::Cluster, name))
    }

    /// A user, made where there is none of this name.
    pub fn user(&mut self, name: &str) -> UserEdit<'_> {
        UserEdit::new(self.entry(Sort::User, name))
    }

    /// A context, made where there is none of this name.
    pub fn context(&mut self, name: &str) -> ContextEdit<'_> {
        ContextEdit::new(self.entry(Sort::Context, name))
    }

    /// Chooses the context that is used when none is asked for.
    ///
    /// # Errors
    ///
    /// There is no such context.
    pub fn set_current_context(&mut self, name: &str) -> Result<()> {
        if !self.names(Sort::Context).any(|known| known == name) {
            let others = names::alternatives(name, self.names(Sort::Context));
            let message = format!("there is no context {name:?}{others}");
            return Err(Error::new(Kind::NoContext, self.describe(), message));
        }
        // The first file that says one wins, and the home of what is new is the first that exists.
        self.files[self.home].set_current_context(Some(name));
        Ok(())
    }

    /// Chooses no context.
    pub fn unset_current_context(&mut self) {
        for file in &mut self.files {
            file.set_current_context(None);
        }
    }

    /// Takes out a cluster; true where there was one. Contexts that name it are left as they are.
    pub fn delete_cluster(&mut self, name: &str) -> bool {
        self.delete(Sort::Cluster, name)
    }

    /// Takes out a user; true where there was one. Contexts that name it are left as they are.
    pub fn delete_user(&mut self, name: &str) -> bool {
        self.delete(Sort::User, name)
    }

    /// Takes out a context; true where there was one. Where it was the current one, none is afterwards.
    pub fn delete_context(&mut self, name: &str) -> bool {
        for file in &mut self.files {
            if file.current_context() == Some(name) {
                file.set_current_context(None);
            }
        }
        self.delete(Sort::Context, name)
    }

    /// Gives a cluster another name, in the contexts that name it too.
    ///
    /// # Errors
    ///
    /// There is none of the old name, or one of the new.
    pub fn rename_cluster(&mut self, from: &str, to: &str) -> Result<()> {
        self.rename(Sort::Cluster, from, to)
    }

    /// Gives a user another name, in the contexts that name it too.
    ///
    /// # Errors
    ///
    /// There is none of the old name, or one of the new.
    pub fn rename_user(&mut self, from: &str, to: &str) -> Result<()> {
        self.rename(Sort::User, from, to)
    }

    /// Gives a context another name; it stays the current one where it was.
    ///
    /// # Errors
    ///
    /// There is none of the old name, or one of the new.
    pub fn rename_context(&mut self, from: &str, to: &str) -> Result<()> {
        self.rename(Sort::Context, from, to)
    }

    /// What the files will say when they are saved, merged as readers merge them.
    ///
    /// # Errors
    ///
    /// None but a defect of this crate: what it writes it can read.
    pub fn kubeconfig(&self) -> Result<Kubeconfig> {
        let mut merged = Kubeconfig::default();
        for document in self.files.iter().filter(|file| file.exists || file.changed) {
            let file = read::read(document.text().as_bytes(), Some(&document.path)).map_err(|problems| {
                super::malformed(Kind::Config, vec![(Some(document.path.clone()), problems)])
            })?;
            merged.add(file);
            merged.sources.read.push(document.path.clone());
        }
        Ok(merged)
    }

    /// Writes the files that were changed, and takes the locks away.
    ///
    /// Each file is replaced as a whole by one that is complete, so that no reader sees half of it; only one that cannot be
    /// replaced, being somebody else's or mounted by itself, is written in place. A symbolic link stays one, and so do owner
    /// and mode; a new file can be read by its owner alone.
    ///
    /// # Errors
    ///
    /// A file cannot be written. Those before it have been.
    pub fn save(self) -> Result<()> {
        self.kubeconfig()?;
        for document in self.files.iter().filter(|file| file.changed) {
            let text = SecretString::from(document.text());
            replace::replace(&document.path, text.expose_secret().as_bytes()).map_err(|error| {
                let context = format!("writing kubeconfig {}", document.path.display());
                Error::new(Kind::Config, context, error.to_string()).with_source(error)
            })?;
        }
        Ok(())
    }

    fn names(&self, sort: Sort) -> impl Iterator<Item = &str> {
        self.files.iter().flat_map(move |file| file.names(sort))
    }

    fn entry(&mut self, sort: Sort, name: &str) -> document::Entry<'_> {
        let at = self.files.iter().position(|file| file.names(sort).any(|known| known == name));
        // There is a file, or this would not have been opened.
        document::Entry::of(&mut self.files[at.unwrap_or(self.home)], sort, name)
    }

    fn delete(&mut self, sort: Sort, name: &str) -> bool {
        // From every file, or an entry that was hidden behind this one would come to light.
        let mut found = false;
        for file in &mut self.files {
            found |= file.delete(sort, name);
        }
        found
    }

    fn rename(&mut self, sort: Sort, from: &str, to: &str) -> Result<()> {
        let kind = sort.member();
        let fail = |message| Err(Error::new(Kind::Config, self.describe(), message));
        if !self.names(sort).any(|known| known == from) {
            let others = names::alternatives(from, self.names(sort));
            return fail(format!("there is no {kind} {from:?}{others}"));
        }
        if to.is_empty() || self.names(sort).any(|known| known == to) {
            return fail(format!("the {kind} {from:?} cannot be called {to:?}: that is no name, or taken"));
        }
        for file in &mut self.files {
            file.rename(sort, from, to);
        }
        Ok(())
    }

    fn describe(&self) -> String {
        let paths: Vec<_> = self.files.iter().map(|file| file.path.display().to_string()).collect();
        format!("kubeconfig {}", paths.join(", "))
    }
}

impl fmt::Debug for KubeconfigEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = self.files.iter().map(|file| (&file.path, file.changed));
        f.debug_struct("KubeconfigEdit").field("files", &files.collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

impl StoredUser {
    /// The settings of this user's auth-provider as its file has them now: another program may have refreshed them. Blocks.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or has no such user any more.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))] // What refreshes tokens is behind the feature `oidc`.
    pub(crate) fn read(&self) -> Result<BTreeMap<String, SecretString>> {
        let kubeconfig = Kubeconfig::read_in(&self.file, &Environment::empty())?;
        match kubeconfig.users.into_iter().find(|entry| entry.name == self.user) {
            Some(user) => Ok(user.value.auth_provider.map(|provider| provider.config).unwrap_or_default()),
            None => Err(self.gone()),
        }
    }

    fn gone(&self) -> Error {
        let message = format!("there is no user {:?} any more", self.user);
        Error::new(Kind::Config, format!("kubeconfig {}", self.file.display()), message)
    }

    /// Writes settings of this user's auth-provider back to its file, and nothing else. Blocks.
    ///
    /// # Errors
    ///
    /// The file is locked for too long, is not what it was, or cannot be written.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))] // What refreshes tokens is behind the feature `oidc`.
    pub(crate) fn save(&self, settings: &[(&str, &SecretString)]) -> Result<()> {
        let mut edit = KubeconfigEdit::open_file(&self.file)?;
        if !edit.names(Sort::User).any(|known| known == self.user) {
            return Err(self.gone());
        }
        for (name, value) in settings {
            edit.user(&self.user).auth_provider_setting(name, value.expose_secret());
        }
        edit.save()
    }
}

#[cfg(test)]
mod tests;

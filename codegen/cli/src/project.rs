//! A crate with a clientset.toml: finding it, reading its inputs, generating from them, and bringing its output up to date.
//! What is said about it, and how, is the command's affair and the build script's.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use clientset_codegen::{Package, PackageInputs, Source, package};

use crate::dependency::Dependency;
use crate::failure::{Context, Failure, Result};
use crate::files::{self, shown};
use crate::lock::Lock;
use crate::output::{self, Owner, Plan};
use crate::settings::Settings;

/// The name of the file that says what to generate.
pub(crate) const CONFIG: &str = "clientset.toml";
const LOCK: &str = "clientset.lock";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A crate with a clientset.toml.
#[derive(Debug)]
pub(crate) struct Project {
    /// The folder of clientset.toml.
    pub(crate) root: PathBuf,
    pub(crate) config: Source,
    pub(crate) settings: Settings,
    lock: Lock,
    /// Keeps others from generating at the same time, as long as it is open.
    _guard: File,
}

/// What the inputs of a project say.
#[derive(Debug)]
pub(crate) struct Generated {
    pub(crate) package: Package,
    /// The inputs, with clientset.toml at the end.
    pub(crate) sources: Vec<Source>,
    lock: String,
}

impl Project {
    /// The project of a folder: the nearest clientset.toml in it or above it.
    pub(crate) fn find(folder: &Path) -> Result<Project> {
        let found = folder.ancestors().map(|above| above.join(CONFIG)).find(|path| path.is_file());
        let path = found.ok_or_else(|| {
            Failure::new(format!("there is no {CONFIG} in {} or above it", folder.display())).help(
                "run `cargo clientset init` in the folder of your crate, or name the file with --config",
            )
        })?;
        Self::open(&path)
    }

    /// The project of a clientset.toml.
    pub(crate) fn open(path: &Path) -> Result<Project> {
        let tried = || format!("cannot read {}", shown(path));
        let mut guard = File::open(path).context(tried)?;
        // Not every file system can; then two runs at once are their user's affair.
        let _ = guard.lock();
        let mut bytes = Vec::new();
        guard.read_to_end(&mut bytes).context(tried)?;
        let text = std::str::from_utf8(&bytes).context(tried)?;
        let settings = Settings::read(text, &shown(path))?;
        let root = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
            _ => PathBuf::from("."),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let locked = root.join(LOCK);
        let lock = match files::read_if_there(&locked)? {
            Some(bytes) => Lock::read(&String::from_utf8_lossy(&bytes), &shown(&locked))?,
            None => Lock::default(),
        };
        Ok(Project { config: Source::new(name, bytes), root, settings, lock, _guard: guard })
    }

    /// The folder that is generated, once it is certain that nothing on the way to it leads elsewhere.
    pub(crate) fn output(&self) -> Result<PathBuf> {
        let mut path = self.root.clone();
        for part in &self.settings.output {
            path.push(part);
            if path.is_symlink() {
                let what = format!("{} is a link, and `output` leads through it", shown(&path));
                return Err(Failure::new(what)
                    .help("name the folder that it leads to, which has to be below clientset.toml"));
            }
        }
        Ok(path)
    }

    /// The files that the inputs are, under the names that errors and the output call them.
    pub(crate) fn inputs(&self) -> Result<BTreeMap<String, PathBuf>> {
        let mut found = BTreeMap::new();
        for input in &self.settings.inputs {
            let (name, path) = (plain(input), self.root.join(input));
            if path.is_dir() {
                files_of(&path, &name, &mut found)?;
            } else if path.exists() {
                found.insert(name, path);
            } else if self.settings.inputs.len() > 1 || Path::new(input).extension().is_some() {
                return Err(Failure::new(format!("the input {} is not there", shown(&path)))
                    .help(format!("put it there, or take it out of `inputs` in {}", self.config.name)));
            }
        }
        Ok(found)
    }

    /// The folder that new inputs go to: the first that is one.
    pub(crate) fn input_folder(&self) -> Result<(String, PathBuf)> {
        let folder = self.settings.inputs.iter().find(|input| {
            self.root.join(input).is_dir()
                || (!self.root.join(input).exists() && Path::new(input).extension().is_none())
        });
        let folder = folder.ok_or_else(|| {
            Failure::new(format!("`inputs` in {} has no folder to add files to", self.config.name))
                .help("add one, such as inputs = [\"crds\"]")
        })?;
        Ok((plain(folder), self.root.join(folder)))
    }

    /// What the generator is asked: the inputs, with some more or other ones on top.
    pub(crate) fn asked(&self, on_top: &BTreeMap<String, Vec<u8>>) -> Result<PackageInputs> {
        let mut texts = BTreeMap::new();
        for (name, path) in self.inputs()? {
            if !on_top.contains_key(&name) {
                texts.insert(name, files::read(&path)?);
            }
        }
        texts.extend(on_top.iter().map(|(name, bytes)| (name.clone(), bytes.clone())));
        let crds = texts.into_iter().map(|(name, bytes)| Source::new(name, bytes)).collect();
        Ok(PackageInputs { crds, config: self.config.clone(), names: self.lock.names.clone() })
    }

    /// Generates from the inputs, with some more or other ones on top. Writes nothing.
    pub(crate) fn generate(&self, on_top: &BTreeMap<String, Vec<u8>>) -> Result<Generated> {
        let asked = self.asked(on_top)?;
        let hash = |crd: &Source| (crd.name.clone(), format!("sha256:{}", files::sha256(&crd.bytes)));
        let inputs = asked.crds.iter().map(hash).collect();
        let outcome = package(&asked);
        let mut sources = asked.crds;
        sources.push(asked.config);
        let package = match outcome {
            Ok(package) => package,
            Err(diagnostics) => return Err(Failure::mistakes(diagnostics, sources, &self.root)),
        };
        let lock = Lock { generator: VERSION.to_owned(), inputs, names: package.names.clone() }.text();
        Ok(Generated { package, sources, lock })
    }

    /// What has to change in the output.
    pub(crate) fn plan<'a>(&self, generated: &'a Generated) -> Result<Plan<'a>> {
        Plan::make(&self.output()?, &generated.package.files, &Owner::PACKAGE)
    }

    /// The text of the lock, and whether it is another one than there is.
    pub(crate) fn lock_change(&self, generated: &Generated) -> Option<(Option<String>, String)> {
        let old = std::fs::read(self.root.join(LOCK)).ok();
        let changed = old.as_deref() != Some(generated.lock.as_bytes());
        let old = old.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        changed.then(|| (old, generated.lock.clone()))
    }

    /// Why the lock is another one where the output is not, each with what helps.
    #[cfg(feature = "cli")]
    pub(crate) fn lock_reasons(&self, generated: &Generated) -> Vec<(String, String)> {
        let Ok(new) = Lock::read(&generated.lock, LOCK) else { return Vec::new() };
        let bytes = |name: &str| {
            let source = generated.sources.iter().find(|source| source.name == name);
            source.map(|source| source.bytes.as_slice()).unwrap_or_default()
        };
        self.lock.reasons(&new, bytes)
    }

    /// Where the lock is.
    pub(crate) fn lock_path(&self) -> PathBuf {
        self.root.join(LOCK)
    }

    /// Puts right what an interrupted run left. To be called before anything is compared that will be written.
    pub(crate) fn recover(&self) -> Result<()> {
        output::recover(&self.output()?, &Owner::PACKAGE)
    }

    /// Brings the output and then the lock up to date; says what was done and whether anything was.
    ///
    /// Killed between the two, the lock is the old one, and the next run gives the same output from it.
    pub(crate) fn write(&self, generated: &Generated) -> Result<(String, bool)> {
        self.recover()?;
        let plan = self.plan(generated)?;
        let summary = plan.carry_out()?;
        let locked = files::write_if_changed(&self.lock_path(), generated.lock.as_bytes())?;
        Ok((summary, locked || !plan.is_empty()))
    }

    /// How the crate depends on `clientset`.
    pub(crate) fn dependency(&self) -> Result<Dependency> {
        Dependency::read(&self.root)
    }

    /// What to say where another version has generated the output.
    pub(crate) fn other_generator(&self) -> Option<(String, String)> {
        let other = &self.lock.generator;
        (!other.is_empty() && other != VERSION).then(|| {
            (
                format!("the output was generated by version {other}, and this is {VERSION}"),
                format!("for the same output: cargo install cargo-clientset --version {other}"),
            )
        })
    }
}

/// A path as it is written down: with `/` and without `.`.
fn plain(path: &str) -> String {
    let parts = Path::new(path).components().filter(|part| *part != Component::CurDir);
    parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The files of a folder that may hold CRDs, by their path in it.
#[cfg(feature = "cli")]
pub(crate) fn inputs_below(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    files_of(folder, "", &mut found)?;
    Ok(found)
}

/// The YAML and JSON files of a folder and those below it; hidden ones and links to folders are not looked at.
fn files_of(folder: &Path, name: &str, found: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    for entry in files::names(folder)? {
        let path = folder.join(&entry);
        let name = if name.is_empty() { entry.clone() } else { format!("{name}/{entry}") };
        if entry.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            if !path.is_symlink() {
                files_of(&path, &name, found)?;
            }
        } else if is_input(&path) {
            found.insert(name, path);
        }
    }
    Ok(())
}

/// Whether a file may hold CRDs, by its name.
pub(crate) fn is_input(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|known| ending == *known))
}

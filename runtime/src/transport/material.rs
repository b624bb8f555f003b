//! Certificates and keys as they are now: files are read again when they change, a plugin's certificate takes the place of the
//! one before. What cannot be read or used changes nothing: the old ones stay.
//!
//! Deliberately no connection here: `pool` gives up those of before.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use secrecy::ExposeSecret;

use super::connector::Tls;
use super::tls;
use crate::Result;
use crate::auth::Identity;
use crate::config::{PemSource, TlsOptions};

/// What TLS is made of.
pub(super) struct Material {
    /// As configured; a plugin's certificate is not in it.
    options: TlsOptions,
    http2: bool,
    state: Mutex<State>,
    /// Contents are compared by hashes of this one, so that no key is kept twice.
    hasher: RandomState,
}

struct State {
    /// The plugin's certificate that is presented.
    presented: Option<Identity>,
    files: Vec<File>,
}

/// A file as it was when it was read last.
struct File {
    path: PathBuf,
    stamp: Option<Stamp>,
    content: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    /// Kubernetes changes files by exchanging a link to their folder.
    inode: u64,
}

impl Material {
    /// # Errors
    ///
    /// When something of it cannot be read or used.
    pub(super) fn new(options: TlsOptions, http2: bool) -> Result<(Material, Tls)> {
        let sources = options.ca.iter().chain(options.identity.iter().flat_map(|(chain, key)| [chain, key]));
        let paths = sources.filter_map(PemSource::path);
        let hasher = RandomState::new();
        // Before they are used: what changes meanwhile is noticed.
        let files = paths.map(|path| File::look(path.to_owned(), &hasher)).collect();
        let tls = tls::connections(&options, http2)?;
        Ok((Material { options, http2, state: Mutex::new(State { presented: None, files }), hasher }, tls))
    }

    /// Whether there is anything that could change by itself.
    pub(super) fn has_files(&self) -> bool {
        !self.lock().files.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to use from now on, where a plugin's certificate is another than before. A younger one is never replaced by an older.
    ///
    /// # Errors
    ///
    /// When certificate and key cannot be used.
    pub(super) fn present(&self, identity: Option<&Identity>) -> Result<Option<Tls>> {
        let mut state = self.lock();
        let same = match (&state.presented, identity) {
            (None, None) => true,
            (Some(old), Some(new)) => new.generation <= old.generation,
            _ => false,
        };
        if same {
            return Ok(None);
        }
        let tls = self.build(identity)?;
        state.presented = identity.cloned();
        Ok(Some(tls))
    }

    /// What to use from now on, where a file holds something else than before and that can be used. Reads files.
    pub(super) fn reload(&self) -> Option<Tls> {
        let mut state = self.lock();
        let mut changed = false;
        let mut seen = Vec::with_capacity(state.files.len());
        for file in &mut state.files {
            let now = Stamp::of(&file.path);
            if now.is_none_or(|now| Some(now) == file.stamp && !now.is_young()) {
                seen.push(None);
                continue;
            }
            let fresh = File::look(file.path.clone(), &self.hasher);
            changed |= fresh.content.is_some() && fresh.content != file.content;
            seen.push(Some(fresh));
        }
        let remember = |state: &mut State, seen: Vec<Option<File>>| {
            for (file, fresh) in state.files.iter_mut().zip(seen) {
                if let Some(fresh) = fresh.filter(|fresh| fresh.content.is_some()) {
                    *file = fresh;
                }
            }
        };
        if !changed {
            remember(&mut state, seen);
            return None;
        }
        match self.build(state.presented.as_ref()) {
            Ok(tls) => {
                remember(&mut state, seen);
                tracing::debug!("certificate files have changed: new connections use what they hold now");
                Some(tls)
            }
            // Perhaps only half of a pair is written yet: it is looked at again.
            Err(error) => {
                let error = error.to_string();
                tracing::debug!(
                    error,
                    "certificate files have changed and cannot be used: the old ones stay"
                );
                None
            }
        }
    }

    fn build(&self, identity: Option<&Identity>) -> Result<Tls> {
        match identity {
            None => tls::connections(&self.options, self.http2),
            Some(identity) => {
                let pem =
                    (PemSource::Inline(identity.chain.clone()), PemSource::Inline(identity.key.clone()));
                let options = TlsOptions { identity: Some(pem), ..self.options.clone() };
                tls::connections(&options, self.http2)
            }
        }
    }
}

impl File {
    fn look(path: PathBuf, hasher: &RandomState) -> File {
        let stamp = Stamp::of(&path);
        let source = PemSource::File(path.clone());
        let content = source.read("certificate").ok().map(|pem| hasher.hash_one(pem.expose_secret()));
        File { path, stamp, content }
    }
}

impl Stamp {
    fn of(path: &std::path::Path) -> Option<Stamp> {
        let metadata = std::fs::metadata(path).ok()?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Some(Stamp { modified: metadata.modified().ok(), length: metadata.len(), inode })
    }

    /// Whether the file could have changed once more without a trace: clocks of file systems are coarse.
    fn is_young(&self) -> bool {
        self.modified.is_none_or(|modified| modified.elapsed().is_ok_and(|age| age.as_secs() < 2))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Authority;
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_changed_file_is_used_and_one_that_cannot_be_is_not() {
        let authority = Authority::new();
        let folder = tempfile::tempdir().unwrap();
        let (ca, chain, key) =
            (folder.path().join("ca"), folder.path().join("chain"), folder.path().join("key"));
        let (one, two) = (authority.issue("one.test"), authority.issue("two.test"));
        std::fs::write(&ca, authority.pem()).unwrap();
        std::fs::write(&chain, &one.chain).unwrap();
        std::fs::write(&key, &one.key).unwrap();
        let config = Config::new("https://example.com")
            .certificate_authority_file(&ca)
            .client_certificate_files(&chain, &key);
        let (material, _) = Material::new(config.tls().clone(), true).unwrap();
        assert!(material.has_files());
        assert!(material.reload().is_none(), "the first load is no change");
        std::fs::write(&chain, &one.chain).unwrap();
        assert!(material.reload().is_none(), "the same again is no change");
        std::fs::write(&chain, &two.chain).unwrap();
        assert!(material.reload().is_none(), "half of a pair is not used");
        std::fs::write(&key, &two.key).unwrap();
        assert!(material.reload().is_some());
        assert!(material.reload().is_none());
        for content in ["", "nothing", "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n"] {
            std::fs::write(&ca, content).unwrap();
            assert!(material.reload().is_none(), "{content:?}");
        }
        std::fs::remove_file(&ca).unwrap();
        assert!(material.reload().is_none());
        std::fs::write(&ca, format!("{}{}", authority.pem(), Authority::new().pem())).unwrap();
        assert!(material.reload().is_some());
    }

    #[test]
    fn a_certificate_of_a_plugin_takes_the_place_of_an_older_one_only() {
        let authority = Authority::new();
        let config = Config::new("https://example.com").certificate_authority_pem(authority.pem());
        let (material, _) = Material::new(config.tls().clone(), true).unwrap();
        let pair = authority.issue("one.test");
        let identity = |generation| Identity {
            chain: pair.chain.clone().into_bytes().into(),
            key: pair.key.clone().into_bytes().into(),
            generation,
        };
        assert!(material.present(None).unwrap().is_none());
        assert!(material.present(Some(&identity(1))).unwrap().is_some());
        assert!(material.present(Some(&identity(1))).unwrap().is_none());
        assert!(material.present(Some(&identity(3))).unwrap().is_some());
        assert!(material.present(Some(&identity(2))).unwrap().is_none());
        let broken = Identity { key: Vec::new().into(), ..identity(4) };
        assert!(material.present(Some(&broken)).is_err());
        assert!(material.present(Some(&identity(3))).unwrap().is_none(), "the old one stays");
        assert!(material.present(None).unwrap().is_some());
    }
}

//! What TLS is to use: authorities, identity, name. Deliberately no parsing of certificates: the transport does that.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretSlice};

use super::Redacted;
use crate::error::Kind;
use crate::{Error, Result};

/// No certificate file is larger; a device or a wrong path must not fill the memory.
const PEM_LIMIT: u64 = 4 << 20;

/// How the connection is secured.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsOptions {
    /// Replaces the platform's authorities.
    pub(crate) ca: Option<PemSource>,
    /// Certificate chain and private key.
    pub(crate) identity: Option<(PemSource, PemSource)>,
    pub(crate) insecure: bool,
    pub(crate) server_name: Option<String>,
}

impl TlsOptions {
    /// Whether anything here asks for TLS: then a server without a scheme means https.
    pub(crate) fn is_set(&self) -> bool {
        self.ca.is_some() || self.identity.is_some() || self.insecure
    }
}

/// PEM text, in memory or in a file that is read when it is needed (and again when it may have changed).
#[derive(Clone)]
pub(crate) enum PemSource {
    Inline(SecretSlice<u8>),
    File(PathBuf),
}

impl PemSource {
    pub(crate) fn inline(pem: &[u8]) -> Self {
        PemSource::Inline(SecretSlice::from(pem.to_vec()))
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            PemSource::Inline(_) => None,
            PemSource::File(path) => Some(path),
        }
    }

    /// The PEM text. `what` names it in the error: "certificate authority".
    pub(crate) fn read(&self, what: &str) -> Result<SecretSlice<u8>> {
        match self {
            PemSource::Inline(pem) => Ok(pem.clone()),
            PemSource::File(path) => {
                let context = || format!("reading {what} {}", path.display());
                let pem = read_limited(path, PEM_LIMIT).map_err(|error| {
                    Error::new(Kind::Config, context(), error.to_string()).with_source(error)
                })?;
                let pem = SecretSlice::from(pem);
                if pem.expose_secret().iter().all(u8::is_ascii_whitespace) {
                    return Err(Error::new(Kind::Config, context(), "the file is empty"));
                }
                Ok(pem)
            }
        }
    }
}

impl fmt::Debug for PemSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PemSource::Inline(_) => f.debug_tuple("Inline").field(&Redacted).finish(),
            PemSource::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// A whole file, refused where it is larger than `limit` bytes.
pub(crate) fn read_limited(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    let too_large = || Err(std::io::Error::other(format!("the file is larger than {limit} bytes")));
    let file = std::fs::File::open(path)?;
    // What says its size is refused before anything is read; a pipe says nothing.
    if file.metadata()?.len() > limit {
        return too_large();
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { too_large() } else { Ok(bytes) }
}

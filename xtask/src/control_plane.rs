//! A real Kubernetes control plane for tests: which release, where its files lie. Building and running are in the
//! modules below. Pods run only where the kubelet of our own (tests/controlplane/kubelet) is asked for.

pub(crate) mod build;
pub(crate) mod credentials;
pub(crate) mod gomodule;
pub(crate) mod kubeconfig;
pub(crate) mod running;
pub(crate) mod server;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::failure::{Failure, Result};
use crate::files;
use crate::workspace;

/// A Kubernetes release, `1.N.P`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Release {
    /// The minor, N.
    pub(crate) minor: u32,
    /// The patch, P.
    pub(crate) patch: u32,
}

impl Release {
    /// The release that the committed Go module builds: the newest one.
    pub(crate) fn newest() -> Result<Self> {
        let path = gomodule::committed().join("go.mod");
        let text = files::read_text(&path)?;
        gomodule::required(&text, "k8s.io/kubernetes")
            .and_then(|version| version.strip_prefix('v'))
            .ok_or_else(|| {
                Failure::new(format!("{} requires no k8s.io/kubernetes", workspace::shown(&path)))
            })?
            .parse()
    }

    /// The version of `k8s.io/kubernetes`.
    pub(crate) fn module_version(self) -> String {
        format!("v1.{}.{}", self.minor, self.patch)
    }

    /// The version of the staging modules (`k8s.io/api` and its like).
    pub(crate) fn staging_version(self) -> String {
        format!("v0.{}.{}", self.minor, self.patch)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}.{}", self.minor, self.patch)
    }
}

impl FromStr for Release {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
        let mut next = || parts.next().and_then(|part| part.parse().ok());
        match (next(), next(), next(), parts.next()) {
            (Some(1), Some(minor), Some(patch), None) => Ok(Self { minor, patch }),
            _ => Err(Failure::new(format!("`{text}` is not a Kubernetes release"))
                .help("write it as 1.N.P, for example 1.36.3")),
        }
    }
}

/// The folder of one release's control plane below `target/`.
pub(crate) fn folder(release: Release) -> PathBuf {
    cache().join(release.to_string())
}

/// The folder of the running server's files: kubeconfig, certificates, logs.
pub(crate) fn run_folder(release: Release) -> PathBuf {
    workspace::path("target/control-plane").join(release.to_string()).join("run")
}

/// Built binaries may be shared between checkouts; what runs may not.
fn cache() -> PathBuf {
    std::env::var_os("CLIENTSET_CONTROL_PLANE_CACHE")
        .map_or_else(|| workspace::path("target/control-plane"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_read_with_and_without_v() {
        assert_eq!("1.36.3".parse::<Release>().unwrap(), Release { minor: 36, patch: 3 });
        assert_eq!("v1.36.3".parse::<Release>().unwrap().staging_version(), "v0.36.3");
        for wrong in ["1.36", "2.0.0", "1.x.0", "1.36.3.4", ""] {
            assert!(wrong.parse::<Release>().is_err(), "{wrong}");
        }
    }
}

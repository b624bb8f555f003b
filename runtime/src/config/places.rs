//! Where each setting of a configuration was written, so that a problem is said with the place where it can be mended.

use std::collections::BTreeSet;
use std::path::Path;

/// What settings are called, in messages: as kubeconfigs and the flags of `kubectl` call them.
const OF_CLUSTER: &[&str] =
    &["server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority", "proxy-url"];

/// The entries of a kubeconfig that a configuration was made of, and which of its settings are from elsewhere.
#[derive(Clone, Default)]
pub(crate) struct Places {
    /// `cluster "prod" in /home/me/.kube/config`
    pub(crate) cluster: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) context: Option<String>,
    /// Settings that overrides gave.
    overridden: BTreeSet<&'static str>,
    /// Settings that code changed afterwards.
    in_code: BTreeSet<&'static str>,
}

impl Places {
    pub(crate) fn overridden(&mut self, member: &'static str) {
        self.overridden.insert(member);
    }

    pub(crate) fn in_code(&mut self, member: &'static str) {
        self.in_code.insert(member);
    }

    /// Where the proxy's URL was written.
    pub(crate) fn of_proxy(&self) -> String {
        let member = "proxy-url";
        match &self.cluster {
            _ if self.in_code.contains(member) => "Config::proxy_url".to_owned(),
            _ if self.overridden.contains(member) => "override --proxy-url".to_owned(),
            Some(stanza) => format!("{member} of {stanza}"),
            None => member.to_owned(),
        }
    }

    /// One line: the place of `member`, and what is wrong there.
    pub(crate) fn problem(&self, member: &str, message: &str) -> String {
        let stanza = match member {
            "namespace" => &self.context,
            _ if OF_CLUSTER.contains(&member) => &self.cluster,
            _ => &self.user,
        };
        // `exec.command` is where `exec` is.
        let whole = member.split('.').next().unwrap_or(member);
        match stanza {
            _ if self.in_code.contains(whole) => format!("{member}: {message}"),
            _ if self.overridden.contains(whole) => format!("override --{member}: {message}"),
            Some(stanza) => format!("{stanza}: {member}: {message}"),
            None => format!("{member}: {message}"),
        }
    }
}

/// `user "me"`, and the file where there is more than one that it can be in.
pub(crate) fn stanza(kind: &str, name: &str, file: Option<&Path>, several: bool) -> String {
    match file.filter(|_| several) {
        Some(file) => format!("{kind} {name:?} in {}", file.display()),
        None => format!("{kind} {name:?}"),
    }
}

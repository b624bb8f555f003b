//! `/version`: what the server is.

use crate::object;

/// What a server says it is.
#[derive(Clone, Default, PartialEq)]
pub struct ServerVersion {
    /// `1`
    pub major: String,
    /// `37`; some providers add a `+`.
    pub minor: String,
    /// `v1.37.1`, with what a provider added to it.
    pub git_version: String,
    /// The commit it was built from.
    pub git_commit: String,
    /// Whether that commit had been changed.
    pub git_tree_state: String,
    /// When it was built.
    pub build_date: String,
    /// The Go it was built with.
    pub go_version: String,
    /// The compiler it was built with.
    pub compiler: String,
    /// What it runs on, as `linux/amd64`.
    pub platform: String,
    /// The major version that it behaves as, where it says so (since 1.32).
    pub emulation_major: Option<String>,
    /// The minor version that it behaves as, where it says so (since 1.32).
    pub emulation_minor: Option<String>,
    /// The oldest major version that it can be rolled back to, where it says so.
    pub min_compatibility_major: Option<String>,
    /// The oldest minor version that it can be rolled back to, where it says so.
    pub min_compatibility_minor: Option<String>,
}

object! {
    ServerVersion {
        0 major "major" [] String required;
        1 minor "minor" [] String required;
        2 emulation_major "emulationMajor" [] String;
        3 emulation_minor "emulationMinor" [] String;
        4 min_compatibility_major "minCompatibilityMajor" [] String;
        5 min_compatibility_minor "minCompatibilityMinor" [] String;
        6 git_version "gitVersion" [] String required;
        7 git_commit "gitCommit" [] String required;
        8 git_tree_state "gitTreeState" [] String required;
        9 build_date "buildDate" [] String required;
        10 go_version "goVersion" [] String required;
        11 compiler "compiler" [] String required;
        12 platform "platform" [] String required;
    }
}

impl ServerVersion {
    /// Major and minor version as numbers: `(1, 37)`, also for `37+`. `None` where the server gives no numbers.
    pub fn numbers(&self) -> Option<(u32, u32)> {
        let number = |text: &str| {
            let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
            text[..end].parse().ok()
        };
        Some((number(&self.major)?, number(&self.minor)?))
    }
}

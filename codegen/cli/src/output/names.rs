//! Which names a generator may write. They come from specifications, so none of them may lead out of the folder, and each has to
//! be a name on every system: a crate that is written on one is built on another.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use super::{ENDING, Owner};
use crate::failure::{Failure, Result};

/// Names of devices on Windows, with whatever ending.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
/// The same with a digit behind.
const PORTS: [&str; 2] = ["com", "lpt"];

/// Checks all names of an output.
pub(super) fn check<'a>(names: impl Iterator<Item = &'a String>, owner: &Owner) -> Result<()> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for name in names {
        if !is_safe(name, owner) {
            return Err(Failure::new(format!("the generator wants to write `{name}`, which it must not"))
                .help(
                    "this is a bug of the generator: it must refuse such a name with the place it comes from",
                ));
        }
        if let Some(other) = seen.insert(name.to_lowercase(), name) {
            return Err(Failure::new(format!(
                "the generator wants to write `{other}` and `{name}`, which are one file on many systems"
            ))
            .help("this is a bug of the generator: it must give them different names"));
        }
    }
    Ok(())
}

/// Whether the file may be written.
pub(super) fn is_safe(name: &str, owner: &Owner) -> bool {
    let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    let ours = owner.shared.contains(&name) || (name.starts_with(owner.below) && name.ends_with(ENDING));
    plain && ours && name.split('/').all(is_a_name_everywhere)
}

fn is_a_name_everywhere(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = stem.strip_suffix(|c: char| c.is_ascii_digit());
    let device = match numbered {
        Some(word) => PORTS.contains(&word),
        None => DEVICES.contains(&stem.as_str()),
    };
    let odd = |c: char| c.is_control() || matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '\\');
    !part.is_empty() && !device && !part.ends_with(['.', ' ']) && !part.contains(odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_or_are_no_names_are_refused() {
        let safe = |name: &str| is_safe(name, &Owner::PACKAGE);
        for name in ["mod.rs", "example/v1/widget.rs", "com/mod.rs", "aux_.rs", "console.rs", "com10.rs"] {
            assert!(safe(name), "{name}");
        }
        for name in [
            "../x.rs",
            "a/../x.rs",
            "/etc/x.rs",
            "build.sh",
            "",
            "a//b.rs",
            "./a.rs",
            "a\\b.rs",
            "c:x.rs",
            "aux.rs",
            "NUL.rs",
            "com1.rs",
            "a/con/b.rs",
            "a./b.rs",
            "a /b.rs",
            "a\n.rs",
            "a?.rs",
        ] {
            assert!(!safe(name), "{name}");
        }
    }

    #[test]
    fn names_that_are_one_file_on_some_systems_are_refused() {
        let names = ["a/Widget.rs".to_owned(), "a/widget.rs".to_owned()];
        let error = check(names.iter(), &Owner::PACKAGE).unwrap_err().to_string();
        assert!(error.contains("`a/Widget.rs` and `a/widget.rs`"), "{error}");
    }
}

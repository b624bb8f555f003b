//! Where a repository begins: GitHub wants the paths of annotations relative to it. It looks at folders and one variable, and
//! knows nothing else of git.

use std::path::{Path, PathBuf};

use super::super::lexical;

/// The folder that paths are relative to: the one that GitHub's runner names, where this is below it, else the nearest upwards
/// that has `.git`, which is a file in a work tree.
pub(super) fn root() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let named = std::env::var_os("GITHUB_WORKSPACE").filter(|value| !value.is_empty());
    above(&here, named.map(PathBuf::from))
}

fn above(here: &Path, named: Option<PathBuf>) -> Option<PathBuf> {
    // The folder of a process is named without links, and so has to be what it is compared with.
    let named = named.and_then(|path| path.canonicalize().ok()).filter(|path| here.starts_with(path));
    named.or_else(|| here.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_path_buf))
}

/// A path that is relative to where the program runs, relative to the root; what is outside stays as it is.
pub(super) fn within(root: &Path, shown: &str) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let whole = lexical(&here.join(shown));
    match whole.strip_prefix(root) {
        Ok(path) => path.to_string_lossy().replace('\\', "/"),
        Err(_) => shown.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runner_s_word_counts_before_git_and_only_above() {
        let place = tempfile::tempdir().unwrap();
        let place = place.path().canonicalize().unwrap();
        let here = place.join("repo/crate");
        std::fs::create_dir_all(&here).unwrap();
        std::fs::create_dir_all(place.join("other")).unwrap();
        std::fs::write(place.join("repo/.git"), "gitdir: elsewhere").unwrap();
        assert_eq!(above(&here, None), Some(place.join("repo")));
        assert_eq!(above(&here, Some(place.join("other"))), Some(place.join("repo")));
        assert_eq!(above(&here, Some(place.clone())), Some(place));
    }

    #[test]
    fn what_is_outside_stays_as_it_is() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(
            within(here.parent().unwrap(), "./a/../b"),
            format!("{}/b", here.file_name().unwrap().to_string_lossy())
        );
        assert_eq!(within(&here, "../b"), "../b");
    }
}

//! The inputs of the generator as files: fetching and pinning. What they say is the generator's business.

pub(crate) mod module;
pub(crate) mod server;
pub(crate) mod sources;

/// The file name of a group-version's document: `apis/apps/v1` is `apis__apps__v1.json`.
pub(crate) fn file_name(path: &str) -> String {
    format!("{}.json", path.replace('/', "__"))
}

/// Whether a path of the OpenAPI v3 index, or a file stem made from one, is a group-version (and not a group, or
/// something beside the API as `/version`).
pub(crate) fn is_group_version(path: &str) -> bool {
    let path = path.replace("__", "/");
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["api", version] | ["apis", _, version] => !version.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_group_versions_are_kept() {
        for (path, kept) in [
            ("api/v1", true),
            ("apis/apps/v1", true),
            ("apis__apps__v1", true),
            ("api", false),
            ("apis", false),
            ("apis/apps", false),
            ("version", false),
            ("openid/v1/jwks", false),
            (".well-known/openid-configuration", false),
        ] {
            assert_eq!(is_group_version(path), kept, "{path}");
        }
        assert_eq!(file_name("apis/apps/v1"), "apis__apps__v1.json");
    }
}

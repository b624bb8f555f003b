//! The README against the code: what can be set and scripted is listed there.

/// The public methods of a source file whose receiver is `self` by value: the words of builders and scripts.
fn words(source: &str) -> Vec<&str> {
    let methods = source.split("    pub fn ").skip(1);
    let taken = methods.filter(|it| it.split_once(')').is_some_and(|(head, _)| head.contains("self")));
    taken.filter_map(|it| it.split(['(', '<']).next()).collect()
}

#[test]
fn every_setting_and_every_word_of_a_script_is_in_the_readme() {
    let readme = include_str!("../README.md");
    let sources = [
        ("settings", include_str!("../src/server.rs"), "impl Builder {"),
        ("users and TLS", include_str!("../src/security/api.rs"), "impl Builder {"),
        ("requests and times", include_str!("../src/fault/on.rs"), "impl On {"),
        ("effects", include_str!("../src/fault/effects.rs"), "impl On {"),
    ];
    for (what, source, start) in sources {
        let (_, code) = source.split_once(start).expect("the methods");
        let words = words(code);
        assert!(words.len() > 4, "{what}: {words:?}");
        for word in words {
            let named = [format!("{word}("), format!("`{word}`"), format!("`.{word}`")];
            assert!(
                named.iter().any(|it| readme.contains(it.as_str())),
                "{what}: `{word}` is not in the README"
            );
        }
    }
}

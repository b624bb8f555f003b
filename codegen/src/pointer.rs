//! The steps of JSON pointers (RFC 6901) as text. It looks nothing up.

/// Appends a member's name as a step: `/a~1b` for `a/b`.
pub(crate) fn push(pointer: &mut String, name: &str) {
    pointer.push('/');
    for letter in name.chars() {
        match letter {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            letter => pointer.push(letter),
        }
    }
}

/// The name that a step is of: `a/b` for `a~1b`.
pub(crate) fn name(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

//! Paths that lead nowhere whatever the server has: doubled slashes, broken escapes.
//!
//! What a proper path means is read in `request`.

use crate::discovery::Told;
use crate::failure::{Failure, Outcome};

/// The answer to a path that is none; `None` for all others.
pub(super) fn odd(path: &str) -> Outcome<Option<Told>> {
    if path.starts_with("//") {
        return Ok(Some(Told::no_page()));
    }
    if path.contains("//") {
        return Err(Failure::no_such_resource());
    }
    let whole = |it: &str| it.chars().take(2).filter(char::is_ascii_hexdigit).count() == 2;
    if !path.split('%').skip(1).all(whole) {
        return Ok(Some(Told::bad_request()));
    }
    Ok(None)
}

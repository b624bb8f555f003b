//! What is wrong with a JSON text: what was expected, what was found, where.
//!
//! The offending text itself is never repeated: it may be a Secret's.

use std::fmt;
use std::sync::Arc;

/// Why a JSON text could not be read, with the path and the offset of the place.
pub struct DecodeError(Box<Inner>);

struct Inner {
    /// From the innermost outwards: filled while the readers return.
    path: Vec<Segment>,
    offset: usize,
    expected: String,
    found: &'static str,
    type_name: &'static str,
}

/// One step of a path, as it is known while the readers return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Member(Arc<str>),
    Index(usize),
}

impl DecodeError {
    #[cold]
    pub(crate) fn new(offset: usize, expected: impl Into<String>, found: &'static str) -> Self {
        DecodeError(Box::new(Inner {
            path: Vec::new(),
            offset,
            expected: expected.into(),
            found,
            type_name: "",
        }))
    }

    #[cold]
    pub(crate) fn at_member(mut self, name: &str) -> Self {
        self.0.path.push(Segment::Member(name.into()));
        self
    }

    #[cold]
    pub(crate) fn at_index(mut self, index: usize) -> Self {
        self.0.path.push(Segment::Index(index));
        self
    }

    #[cold]
    pub(crate) fn of_type(mut self, name: &'static str) -> Self {
        self.0.type_name = name;
        self
    }

    /// The place, as in `.spec.containers[0].image`; `.` for the text as a whole.
    pub fn path(&self) -> String {
        let segments: Vec<Segment> = self.0.path.iter().rev().cloned().collect();
        render_path(&segments)
    }

    /// The place as a byte offset from the start of the text.
    pub fn offset(&self) -> usize {
        self.0.offset
    }
}

/// `.spec.containers[0]["a.b"]`: member names that are no plain words are quoted.
pub(crate) fn render_path(segments: &[Segment]) -> String {
    if segments.is_empty() {
        return ".".to_owned();
    }
    let mut path = String::new();
    for segment in segments {
        match segment {
            Segment::Member(name) if is_plain(name) => {
                path.push('.');
                path.push_str(name);
            }
            Segment::Member(name) => path.push_str(&format!("[{name:?}]")),
            Segment::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// For people, as [`Error`](crate::Error) is: `unwrap` prints this form.
impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { offset, expected, found, type_name, .. } = &*self.0;
        write!(f, "{}", self.path())?;
        if !type_name.is_empty() {
            write!(f, " of {type_name}")?;
        }
        write!(f, ": expected {expected}, found {found} at byte {offset}")
    }
}

impl std::error::Error for DecodeError {}

//! The one error type: opaque, boxed, with apimachinery's predicates.
//!
//! It deliberately exposes no foreign error type, and its `Display` never repeats its `source()`.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

mod connect;
mod network;
mod predicates;
mod response;

pub use connect::{ConnectFailure, ConnectPhase};
pub use predicates::ResultExt;
pub(crate) use response::{BODY_SHOWN, excerpt, from_answer, from_status};

use crate::wire::Status;

/// What to ask where something answers that does not speak like an API server.
pub(crate) const NO_API: &str = "is this the API server, or a proxy or login page?";

/// What any call of this crate can fail with.
///
/// One word wide, `Send + Sync + 'static`. Branch on the predicates (`is_not_found()`, `is_conflict()` …); they follow
/// the rules of Kubernetes' apimachinery: the reason decides, and the HTTP code only where the reason is unknown.
/// `Display` says what was asked of which server, what came back and what to do.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    /// What was being done: `GET https://host/api/v1/...`, `reading kubeconfig /path`. Never holds a secret.
    context: String,
    message: String,
    help: Option<String>,
    /// Whether a write may have been done.
    ambiguous: bool,
    /// Where a redirect points to.
    location: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What sort of failure it is. Private: callers use the predicates.
#[derive(Debug)]
pub(crate) enum Kind {
    /// The server answered with a failure.
    Status { status: Box<Status>, http: u16, retry_after: Option<Duration> },
    /// A kubeconfig, flag, environment variable or in-cluster file is missing or wrong.
    Config,
    /// No place that a configuration is looked for in has one.
    NoConfig,
    /// A context was asked for that is not there.
    NoContext,
    /// Credentials could not be had (exec plugin, token file).
    Auth,
    /// The request is refused before anything is sent.
    Request,
    /// No connection to the server.
    Connect(ConnectFailure),
    /// The connection broke.
    Transport,
    /// The body ended too early.
    Truncated,
    /// A deadline of the client passed.
    Timeout,
    /// A body that began did not go on.
    Stalled,
    /// An answer is longer than is taken.
    TooLarge,
    /// A success that is no answer of an API server.
    Content,
    /// What a stream leads to said that it failed.
    #[cfg_attr(not(feature = "streams"), allow(dead_code))]
    Remote,
    /// A file of this machine cannot be read or written.
    #[cfg_attr(not(feature = "streams"), allow(dead_code))]
    Local,
    /// What came back cannot be read.
    Decode,
    /// An update would drop members that this build does not know.
    UnknownFields,
    /// An object was stored, and the server will not make of it what it should.
    NotAccepted,
    /// The server has no resource of this name.
    NoMatch,
    /// The server has more than one resource that this name can mean.
    AmbiguousResource,
    /// A version whose server could not be asked what it offers.
    Stale,
}

impl Error {
    pub(crate) fn new(kind: Kind, context: impl Into<String>, message: impl Into<String>) -> Self {
        Error(Box::new(Inner {
            kind,
            context: context.into(),
            message: message.into(),
            help: None,
            ambiguous: false,
            location: None,
            source: None,
        }))
    }

    /// The same error with what the reader can do about it.
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// The same error with something to know beside it.
    pub(crate) fn with_note(mut self, note: impl AsRef<str>) -> Self {
        self.0.message = format!("{} [{}]", self.0.message, note.as_ref());
        self
    }

    /// The same error of a write that may have been done.
    pub(crate) fn that_is_ambiguous(mut self, ambiguous: bool) -> Self {
        self.0.ambiguous |= ambiguous;
        self
    }

    /// The same error with where the server points to instead.
    pub(crate) fn with_location(mut self, location: &str) -> Self {
        self.0.location = Some(location.to_owned());
        self
    }

    /// The same error with more of what the reader can do about it.
    pub(crate) fn with_more_help(mut self, more: impl AsRef<str>) -> Self {
        match &mut self.0.help {
            Some(help) => {
                help.push_str("; ");
                help.push_str(more.as_ref());
            }
            help => *help = Some(more.as_ref().to_owned()),
        }
        self
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// The same error, said of `context` where it had none of its own.
    pub(crate) fn in_context(mut self, context: impl FnOnce() -> String) -> Self {
        if self.0.context.is_empty() {
            // A name that was refused for its length is part of it.
            self.0.context = excerpt(context().as_bytes(), 700);
        }
        self
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.0.kind
    }
}

/// For people: `main` and `unwrap` print errors in this form, so it is the message and what caused it, one a line. The
/// fields are shown by `{:#?}`.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return f
                .debug_struct("Error")
                .field("kind", &self.0.kind)
                .field("context", &self.0.context)
                .field("message", &self.0.message)
                .field("source", &self.0.source)
                .finish();
        }
        write!(f, "{self}")?;
        let mut source = self.source();
        while let Some(error) = source {
            write!(f, "\n  because: {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.context.is_empty() {
            write!(f, "{}: ", self.0.context)?;
        }
        f.write_str(&self.0.message)?;
        if let Some(help) = &self.0.help {
            // Behind a list it would look like a part of the last item.
            match self.0.message.contains('\n') {
                true => write!(f, "\n{help}")?,
                false => write!(f, " ({help})")?,
            }
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests;

impl From<crate::codec::DecodeError> for Error {
    /// JSON that cannot be read, wherever it came from.
    fn from(error: crate::codec::DecodeError) -> Self {
        Error::new(Kind::Decode, "reading JSON", error.to_string())
    }
}

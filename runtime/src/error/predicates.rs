//! What a caller can ask of an error: apimachinery's predicates and what stands behind them.
//!
//! The rule is theirs: the reason of the Status decides, and the HTTP code counts only where the reason is empty or
//! none that is known. The exceptions (`is_already_exists`, `is_expired`, `is_server_timeout` by reason alone;
//! `is_too_many_requests`, `is_request_entity_too_large` by code as well) are theirs too.

use std::time::Duration;

use super::{ConnectFailure, Error, Kind};
use crate::Result;
use crate::wire::{Status, StatusCause};

/// The reasons that have a meaning of their own: with one of these the HTTP code says nothing more.
const KNOWN_REASONS: &[&str] = &[
    "Unauthorized",
    "Forbidden",
    "NotFound",
    "AlreadyExists",
    "Conflict",
    "Gone",
    "Invalid",
    "ServerTimeout",
    "StorageReadError",
    "Timeout",
    "TooManyRequests",
    "BadRequest",
    "MethodNotAllowed",
    "NotAcceptable",
    "RequestEntityTooLarge",
    "UnsupportedMediaType",
    "InternalError",
    "Expired",
    "ServiceUnavailable",
];

impl Error {
    /// The object that was asked for, its namespace or its whole resource type is not there.
    ///
    /// # Troubleshooting
    /// Check the name and the namespace. On a list it means that the server does not serve this resource: the CRD is not
    /// installed, or the version is not served. [`ResultExt::optional`] turns it into `None`.
    pub fn is_not_found(&self) -> bool {
        self.reason_or_code("NotFound", 404)
    }

    /// An object of this name exists already.
    ///
    /// # Troubleshooting
    /// Use `apply` where creating and changing are the same to you, or `generate_name` for a name of the server's choice.
    pub fn is_already_exists(&self) -> bool {
        self.reason() == "AlreadyExists"
    }

    /// The object changed since it was read, or a field is owned by another field manager.
    ///
    /// # Troubleshooting
    /// Read it again and repeat the change, or let `edit` do that. For `apply`, the causes name the fields and their
    /// managers; `force()` takes them over.
    pub fn is_conflict(&self) -> bool {
        self.reason_or_code("Conflict", 409)
    }

    /// The server understood the object and refuses what it says.
    ///
    /// # Troubleshooting
    /// [`Error::causes`] has one entry for each field, with the path to it.
    pub fn is_invalid(&self) -> bool {
        self.reason_or_code("Invalid", 422)
    }

    /// The caller is known and may not do this.
    ///
    /// # Troubleshooting
    /// The message names verb, resource and namespace: they make the RBAC rule that is missing. A
    /// `SelfSubjectAccessReview` asks the same without trying.
    pub fn is_forbidden(&self) -> bool {
        self.reason_or_code("Forbidden", 403)
    }

    /// The server does not know who is asking.
    ///
    /// # Troubleshooting
    /// The credentials are missing, wrong or expired; they have been renewed once already where that was possible. The
    /// message says where they are from.
    pub fn is_unauthorized(&self) -> bool {
        self.reason_or_code("Unauthorized", 401)
    }

    /// What was there is gone for good; see also [`Error::is_expired`], which servers use for the same code.
    ///
    /// # Troubleshooting
    /// For lists and watches: list again without a resourceVersion.
    pub fn is_gone(&self) -> bool {
        self.reason_or_code("Gone", 410)
    }

    /// The resourceVersion or the continue token is older than what the server remembers.
    ///
    /// # Troubleshooting
    /// List again without a resourceVersion and watch from there.
    pub fn is_expired(&self) -> bool {
        self.reason() == "Expired"
    }

    /// The same as [`Error::is_expired`], by apimachinery's name.
    pub fn is_resource_expired(&self) -> bool {
        self.is_expired()
    }

    /// The server asks for fewer requests, or an eviction would break a disruption budget.
    ///
    /// # Troubleshooting
    /// [`Error::retry_after`] says when to try again. The client has waited and tried ten times where the server said so.
    pub fn is_too_many_requests(&self) -> bool {
        self.reason() == "TooManyRequests" || self.code() == 429
    }

    /// The server gave up waiting; whether it did what was asked is not known. Also a deadline of this client.
    ///
    /// # Troubleshooting
    /// Read the object before repeating a write; [`Error::is_ambiguous`] tells whether it may have been done. A connection
    /// that took too long is also [`Error::is_connect`], an answer that stopped coming also [`Error::is_stalled`].
    pub fn is_timeout(&self) -> bool {
        let ours = matches!(
            self.kind(),
            Kind::Timeout | Kind::Stalled | Kind::Connect(ConnectFailure::Timeout { .. })
        );
        ours || self.reason_or_code("Timeout", 504)
    }

    /// The resourceVersion that was asked for is newer than what the server knows yet.
    ///
    /// # Troubleshooting
    /// The server may be behind others, or was restored from a backup. Ask again a little later, or without a
    /// resourceVersion.
    pub fn is_too_large_resource_version(&self) -> bool {
        self.has_cause("ResourceVersionTooLarge")
            || (self.is_timeout()
                && self.status().and_then(|status| status.message.as_deref()).is_some_and(|message| {
                    // Servers before 1.18 and between say it in words only.
                    message.contains("Too large resource version")
                }))
    }

    /// The server could not finish in time and asks to try again later.
    ///
    /// # Troubleshooting
    /// [`Error::retry_after`] says when.
    pub fn is_server_timeout(&self) -> bool {
        self.reason() == "ServerTimeout"
    }

    /// The server failed in itself.
    ///
    /// # Troubleshooting
    /// The server's log has more; an admission webhook that cannot be reached shows up here too.
    pub fn is_internal(&self) -> bool {
        self.reason_or_code("InternalError", 500)
    }

    /// The server could not make sense of the request.
    ///
    /// # Troubleshooting
    /// Often an option that this server version does not know, or a selector with a mistake in it.
    pub fn is_bad_request(&self) -> bool {
        self.reason_or_code("BadRequest", 400)
    }

    /// The resource does not offer this verb.
    ///
    /// # Troubleshooting
    /// Discovery tells which verbs a resource has.
    pub fn is_method_not_allowed(&self) -> bool {
        self.reason_or_code("MethodNotAllowed", 405)
    }

    /// The server cannot answer in the form that was asked for.
    ///
    /// # Troubleshooting
    /// Check an `Accept` header that you set yourself.
    pub fn is_not_acceptable(&self) -> bool {
        self.reason_or_code("NotAcceptable", 406)
    }

    /// The server does not take a body of this type.
    ///
    /// # Troubleshooting
    /// Strategic merge patches exist for built-in kinds only; use a merge patch or `apply` for custom resources.
    pub fn is_unsupported_media_type(&self) -> bool {
        self.reason_or_code("UnsupportedMediaType", 415)
    }

    /// The object is larger than the server takes (3 MiB by default, less in etcd).
    ///
    /// # Troubleshooting
    /// Split the object, or keep large data elsewhere.
    pub fn is_request_entity_too_large(&self) -> bool {
        self.reason() == "RequestEntityTooLarge" || self.code() == 413
    }

    /// The server, or what it forwards to, cannot answer now.
    ///
    /// # Troubleshooting
    /// An aggregated API whose backend is down answers like this; discovery says which.
    pub fn is_service_unavailable(&self) -> bool {
        self.reason_or_code("ServiceUnavailable", 503)
    }

    /// The object exists in storage and cannot be read from there.
    ///
    /// # Troubleshooting
    /// Decryption keys changed, or the data is damaged; only an administrator can help.
    pub fn is_storage_read_error(&self) -> bool {
        self.reason() == "StorageReadError"
    }

    /// What came back is not an answer of a Kubernetes API.
    ///
    /// # Troubleshooting
    /// A proxy, a login page or another server stands at this address; the message shows how its answer begins.
    pub fn is_unexpected_server_response(&self) -> bool {
        self.has_cause("UnexpectedServerResponse")
    }

    /// A kubeconfig, an environment variable, a flag or an in-cluster file is missing or wrong.
    ///
    /// # Troubleshooting
    /// The message names the file or variable and what is wrong with it.
    pub fn is_config(&self) -> bool {
        matches!(self.kind(), Kind::Config | Kind::NoConfig | Kind::NoContext)
    }

    /// No configuration was found in any place that was looked at (client-go's `IsEmptyConfig`), or the file that was named
    /// does not exist.
    ///
    /// # Troubleshooting
    /// The message lists the places, and why each was passed over; set `KUBECONFIG`, or name a server.
    pub fn is_config_not_found(&self) -> bool {
        matches!(self.kind(), Kind::NoConfig)
    }

    /// The context that was asked for is not in the kubeconfig (client-go's `IsContextNotFound`).
    ///
    /// # Troubleshooting
    /// The message lists the contexts that are there.
    pub fn is_context_not_found(&self) -> bool {
        matches!(self.kind(), Kind::NoContext)
    }

    /// Credentials could not be had: an exec plugin failed, or a token file cannot be read.
    ///
    /// # Troubleshooting
    /// Run the command that the message names by hand.
    pub fn is_auth(&self) -> bool {
        matches!(self.kind(), Kind::Auth)
    }

    /// The request was refused before anything was sent.
    ///
    /// # Troubleshooting
    /// The message says which name, option or body and why.
    pub fn is_request(&self) -> bool {
        matches!(self.kind(), Kind::Request | Kind::UnknownFields)
    }

    /// What a stream leads to failed: nothing listens on the forwarded port, or a tool is missing in the container.
    ///
    /// # Troubleshooting
    /// The server was reached and did its part; the message is from behind it.
    pub fn is_remote(&self) -> bool {
        matches!(self.kind(), Kind::Remote)
    }

    /// A file of this machine cannot be read or written.
    ///
    /// # Troubleshooting
    /// The message names the file and what the system says of it.
    pub fn is_local(&self) -> bool {
        matches!(self.kind(), Kind::Local)
    }

    /// What came back cannot be read as what was asked for.
    ///
    /// # Troubleshooting
    /// The message has the JSON path. `.raw()` gives the text as it came.
    pub fn is_decode(&self) -> bool {
        matches!(self.kind(), Kind::Decode)
    }

    /// An update would have deleted members that this build does not know.
    ///
    /// # Troubleshooting
    /// Use `edit`, which sends only what changes, or a newer version of the types.
    pub fn is_unknown_fields(&self) -> bool {
        matches!(self.kind(), Kind::UnknownFields)
    }

    /// A definition was stored and the server does not accept it: its names belong to another one.
    ///
    /// # Troubleshooting
    /// The message names the definition and what the server said of it. Definitions of one group share no plural,
    /// singular, short name or kind.
    pub fn is_not_accepted(&self) -> bool {
        matches!(self.kind(), Kind::NotAccepted)
    }

    /// The server has no resource of the name or kind that was looked for.
    ///
    /// # Troubleshooting
    /// Check the spelling; `kubectl api-resources` lists all names. For a custom resource: is its CRD installed, and the
    /// version served? The message lists what has the same name in other groups or versions.
    pub fn is_no_match(&self) -> bool {
        matches!(self.kind(), Kind::NoMatch)
    }

    /// The name that was looked for can mean more than one resource.
    ///
    /// # Troubleshooting
    /// Say the group (`widgets.example.com`), or group, version and kind; the message lists the candidates.
    pub fn is_ambiguous_resource(&self) -> bool {
        matches!(self.kind(), Kind::AmbiguousResource)
    }

    /// The server lists a version but could not ask whoever serves it what is in it.
    ///
    /// # Troubleshooting
    /// Look at the version's APIService (`kubectl get apiservice`) and at the API server behind it.
    pub fn is_stale_discovery(&self) -> bool {
        matches!(self.kind(), Kind::Stale)
    }

    /// The Status that the server answered with, or the one made up for an answer that was none.
    pub fn status(&self) -> Option<&Status> {
        match self.kind() {
            Kind::Status { status, .. } => Some(status),
            _ => None,
        }
    }

    /// The HTTP status code of the answer, if there was an answer with a failure.
    pub fn http_status(&self) -> Option<u16> {
        match self.kind() {
            Kind::Status { http, .. } => Some(*http),
            _ => None,
        }
    }

    /// When the server asks to try again: from the `Retry-After` header, else from the Status.
    pub fn retry_after(&self) -> Option<Duration> {
        let Kind::Status { status, retry_after, .. } = self.kind() else { return None };
        retry_after.or_else(|| {
            let details = status.details.as_ref()?;
            let seconds = u64::try_from(details.retry_after_seconds.unwrap_or(0)).unwrap_or(0);
            (seconds > 0 || self.is_server_timeout()).then(|| Duration::from_secs(seconds))
        })
    }

    /// The single causes of the failure, with the fields they are about.
    pub fn causes(&self) -> &[StatusCause] {
        self.status()
            .and_then(|status| status.details.as_ref())
            .and_then(|details| details.causes.as_deref())
            .unwrap_or_default()
    }

    /// Whether one of the causes has this reason, as `FieldManagerConflict` or `ResourceVersionTooLarge`.
    pub fn has_cause(&self, reason: &str) -> bool {
        self.causes().iter().any(|cause| cause.reason.as_deref() == Some(reason))
    }

    /// The reason that the server gave, as `NotFound`; empty where it gave none.
    pub fn reason(&self) -> &str {
        self.status().and_then(|status| status.reason.as_deref()).unwrap_or_default()
    }

    fn code(&self) -> i32 {
        self.status().and_then(|status| status.code).unwrap_or_default()
    }

    fn reason_or_code(&self, reason: &str, code: i32) -> bool {
        self.reason() == reason || (self.code() == code && !KNOWN_REASONS.contains(&self.reason()))
    }
}

/// What is often done with a result of a call.
pub trait ResultExt<T> {
    /// `None` where the object was not found, and every other error as it is.
    ///
    /// # Errors
    ///
    /// Every error but [`Error::is_not_found`].
    fn optional(self) -> Result<Option<T>>;
}

impl<T> ResultExt<T> for Result<T> {
    fn optional(self) -> Result<Option<T>> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

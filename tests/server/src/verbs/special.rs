//! Resources and subresources that store nothing of their own: which module answers them.
//!
//! Logs, exec, attach, port-forward and proxy are not answered yet.

use super::pods;
use crate::call::{Call, Reply};
use crate::catalog::Resource;
use crate::failure::{Failure, Outcome};
use crate::security::token_request;

/// Whether a create is only answered and never stored.
pub(super) fn is_review(resource: &Resource) -> bool {
    matches!(resource.group.as_str(), "authorization.k8s.io" | "authentication.k8s.io")
}

pub(super) fn answer(call: &Call<'_>, subresource: &str) -> Outcome<Reply> {
    match (call.resource.plural.as_str(), subresource) {
        ("serviceaccounts", "token") => token_request::create(call),
        ("pods", "binding") => pods::bind(call),
        ("pods", "eviction") => pods::evict(call),
        _ => Err(Failure::no_such_resource()),
    }
}

//! What can be counted and measured, under the names that client-go's metrics have.
//!
//! Deliberately a trait and no registry: which library keeps the numbers is the program's choice.

use std::sync::Arc;
use std::time::Duration;

use super::middleware::RequestInfo;

/// Receives what is measured; set by [`Config::metrics`](crate::Config::metrics). Every method does nothing unless written.
///
/// In brackets is the name that client-go's metric has, and its labels. The methods are called where the work is done: they
/// should be quick.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use clientset_runtime::{Config, Metrics, RequestInfo};
///
/// #[derive(Default)]
/// struct Count(AtomicU64);
///
/// impl Metrics for Count {
///     fn request_result(&self, _: &RequestInfo<'_>, code: &str) {
///         if code.starts_with('5') {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let failures = Arc::new(Count::default());
/// let config = Config::new("https://203.0.113.7:6443").metrics(failures.clone());
/// ```
pub trait Metrics: Send + Sync + 'static {
    /// How long a call took from its first try to the end of its answer, tries and waits between included; for streams to
    /// their beginning. (`rest_client_request_duration_seconds{verb,host}`, a histogram)
    fn request_duration(&self, request: &RequestInfo<'_>, duration: Duration) {
        let _ = (request, duration);
    }

    /// How one try ended: the HTTP status, or `<error>` where no answer came.
    /// (`rest_client_requests_total{code,method,host}`, a counter)
    fn request_result(&self, request: &RequestInfo<'_>, code: &str) {
        let _ = (request, code);
    }

    /// A request is sent again, and what the try before ended with.
    /// (`rest_client_request_retries_total{code,verb,host}`, a counter)
    fn request_retry(&self, request: &RequestInfo<'_>, code: &str) {
        let _ = (request, code);
    }

    /// How many bytes a request's body has. (`rest_client_request_size_bytes{verb,host}`, a histogram)
    fn request_size(&self, request: &RequestInfo<'_>, bytes: u64) {
        let _ = (request, bytes);
    }

    /// How many bytes the body of an answer has, uncompressed; not for streams.
    /// (`rest_client_response_size_bytes{verb,host}`, a histogram)
    fn response_size(&self, request: &RequestInfo<'_>, bytes: u64) {
        let _ = (request, bytes);
    }

    /// How long a request waited for its turn, where there is a [`rate_limit`](crate::Config::rate_limit).
    /// (`rest_client_rate_limiter_duration_seconds{verb,host}`, a histogram)
    fn rate_limiter_duration(&self, request: &RequestInfo<'_>, duration: Duration) {
        let _ = (request, duration);
    }

    /// An exec plugin was run: how it ended (`no_error`, `plugin_execution_error`, `plugin_not_found_error`,
    /// `client_internal_error`) and its exit code, 0 where there is none.
    /// (`rest_client_exec_plugin_call_total{code,call_status}`, a counter)
    fn exec_plugin_call(&self, code: i32, call_status: &str) {
        let _ = (code, call_status);
    }
}

/// For numbers that somebody else reads.
impl<T: Metrics + ?Sized> Metrics for Arc<T> {
    fn request_duration(&self, request: &RequestInfo<'_>, duration: Duration) {
        (**self).request_duration(request, duration);
    }

    fn request_result(&self, request: &RequestInfo<'_>, code: &str) {
        (**self).request_result(request, code);
    }

    fn request_retry(&self, request: &RequestInfo<'_>, code: &str) {
        (**self).request_retry(request, code);
    }

    fn request_size(&self, request: &RequestInfo<'_>, bytes: u64) {
        (**self).request_size(request, bytes);
    }

    fn response_size(&self, request: &RequestInfo<'_>, bytes: u64) {
        (**self).response_size(request, bytes);
    }

    fn rate_limiter_duration(&self, request: &RequestInfo<'_>, duration: Duration) {
        (**self).rate_limiter_duration(request, duration);
    }

    fn exec_plugin_call(&self, code: i32, call_status: &str) {
        (**self).exec_plugin_call(code, call_status);
    }
}

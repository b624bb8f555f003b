//! How requests are made, whatever they ask for: how long an answer may stop, how many go out, who hears of them.
//!
//! Deliberately apart from where the server is and who asks: these settings are a program's, not a cluster's.

use std::sync::Arc;
use std::time::Duration;

use super::Config;
use crate::client::{Metrics, Middleware, RateLimit};
use crate::request::WarningHandler;
use crate::rest::Warning;

/// How long an answer that has begun may stop, unless set.
const STALL_TIMEOUT: Duration = Duration::from_secs(20);

/// The settings of this module.
#[derive(Clone)]
pub(crate) struct Calls {
    pub(crate) stall_timeout: Option<Duration>,
    pub(crate) rate_limit: Option<Arc<RateLimit>>,
    /// Numbers that make no limit.
    no_limit: Option<(f32, u32)>,
    pub(crate) on_warning: Option<WarningHandler>,
    pub(crate) middleware: Vec<Arc<dyn Middleware>>,
    pub(crate) metrics: Option<Arc<dyn Metrics>>,
}

impl Default for Calls {
    fn default() -> Self {
        Calls {
            stall_timeout: Some(STALL_TIMEOUT),
            rate_limit: None,
            no_limit: None,
            on_warning: None,
            middleware: Vec::new(),
            metrics: None,
        }
    }
}

impl Calls {
    /// What cannot be meant.
    pub(super) fn problems(&self) -> impl Iterator<Item = String> {
        self.no_limit.into_iter().map(|(qps, burst)| {
            format!(
                "{qps} requests a second in bursts of {burst} lets nothing through; both must be above zero"
            )
        })
    }
}

impl Config {
    /// How long an answer that has begun may stop before the request fails with `is_stalled`. 20 seconds unless set; zero
    /// waits for ever.
    ///
    /// It is about answers that are read as a whole. Watches, logs and what is read as it comes are not bound by it, and
    /// neither is what stands behind a proxy.
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.calls.stall_timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
        self
    }

    /// Lets out at most `qps` requests a second, and up to `burst` at once after a pause. No limit unless set: API servers
    /// share themselves out fairly and say when they want less, which is obeyed.
    ///
    /// The limit is one for this configuration, its copies and all their clients. Each try counts, watches count when they
    /// begin. A request's timeout begins after the wait; a wait of more than a second is told at level info.
    ///
    /// ```
    /// use clientset_runtime::Config;
    ///
    /// let config = Config::new("https://203.0.113.7:6443").rate_limit(50.0, 100);
    /// assert!(config.clone().rate_limit(0.0, 1).validate().is_err());
    /// ```
    pub fn rate_limit(mut self, qps: f32, burst: u32) -> Self {
        let limit = RateLimit::new(qps, burst);
        self.calls.no_limit = limit.is_none().then_some((qps, burst));
        self.calls.rate_limit = limit.map(Arc::new);
        self
    }

    /// Hears what servers warn of, as versions that will go away. Each text comes once for each answer.
    ///
    /// Unless set, warnings are written to the log at level warn, each text once for each client. A handler that does
    /// nothing silences them. [`RestRequest::on_warning`](crate::RestRequest::on_warning) is for one request.
    ///
    /// ```
    /// use clientset_runtime::Config;
    ///
    /// let config = Config::new("https://203.0.113.7:6443").on_warning(|warning| eprintln!("Warning: {warning}"));
    /// ```
    pub fn on_warning(mut self, handler: impl Fn(&Warning) + Send + Sync + 'static) -> Self {
        self.calls.on_warning = Some(WarningHandler(Arc::new(handler)));
        self
    }

    /// Adds a hook that sees each try, adds headers and hears how it ended. Hooks are called in order before a try, and in
    /// reverse after it.
    pub fn middleware(mut self, hook: impl Middleware) -> Self {
        self.calls.middleware.push(Arc::new(hook));
        self
    }

    /// Receives what can be counted and measured.
    pub fn metrics(mut self, metrics: impl Metrics) -> Self {
        self.calls.metrics = Some(Arc::new(metrics));
        self
    }

    pub(crate) fn calls(&self) -> &Calls {
        &self.calls
    }
}

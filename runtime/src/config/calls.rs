//! How requests are made, whatever they ask for: how long an answer may stop.
//!
//! Deliberately apart from where the server is and who asks: these settings are a program's, not a cluster's.

use std::time::Duration;

use super::Config;

/// How long an answer that has begun may stop, unless set.
const STALL_TIMEOUT: Duration = Duration::from_secs(20);

/// The settings of this module.
#[derive(Clone)]
pub(crate) struct Calls {
    pub(crate) stall_timeout: Option<Duration>,
}

impl Default for Calls {
    fn default() -> Self {
        Calls { stall_timeout: Some(STALL_TIMEOUT) }
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

    pub(crate) fn calls(&self) -> &Calls {
        &self.calls
    }
}

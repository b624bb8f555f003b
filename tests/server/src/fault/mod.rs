//! Faults on script: which requests are hit (`on`), how (`effects`), and carrying it out (`act`, `answers`, `body`, `events`).
//!
//! Faults happen on the wire, between the client and a server that is right: nothing in here changes what is stored, except that a
//! request may never reach the storage.

mod act;
mod answers;
mod body;
mod effects;
mod events;
mod on;

pub(crate) use act::carry_out;
pub use on::{On, on, on_any};

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::requests::ReceivedRequest;
use crate::server::TestServer;

/// A fault that was set on a server: how often it fired, and the means to end it.
///
/// Dropping this changes nothing: a fault stays until it is [removed](Fault::remove) or the server is gone.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use clientset_testserver::{TestServer, Verb, on};
///
/// let server = TestServer::start().await?;
/// let fault = server.fault(on(Verb::Get).resource("pods").first(2).status(503).retry_after(1));
/// assert_eq!(fault.fired(), 0);
/// fault.remove();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Fault {
    rule: Arc<Rule>,
    faults: Arc<Faults>,
}

impl Fault {
    /// How many requests it has hit.
    pub fn fired(&self) -> u64 {
        *self.rule.fired.borrow()
    }

    /// Waits until it has hit this many requests.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use clientset_testserver::{TestServer, Verb, on};
    /// # let server = TestServer::start().await?;
    /// let fault = server.fault(on(Verb::List).hold());
    /// let held = fault.wait_until_fired(1); // over when somebody lists, and is held
    /// # drop(held); // nobody does in this example
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_until_fired(&self, times: u64) {
        // The rule holds the sender.
        let _ = self.rule.fired.subscribe().wait_for(|it| *it >= times).await;
    }

    /// Lets go the requests that it holds now: [`On::hold`], [`On::stall_after`], [`On::stall_after_events`].
    ///
    /// Requests that come later are held again.
    pub fn release(&self) {
        self.rule.released.send_modify(|it| *it += 1);
    }

    /// Ends the fault, and lets go what it holds.
    pub fn remove(&self) {
        self.faults.rules().retain(|it| !Arc::ptr_eq(it, &self.rule));
        self.release();
    }
}

/// One fault and what it has done so far.
#[derive(Debug)]
pub(crate) struct Rule {
    on: On,
    count: Mutex<on::Count>,
    fired: watch::Sender<u64>,
    released: watch::Sender<u64>,
}

/// A fault that is acting on a request.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    rule: Arc<Rule>,
    /// How many releases there were when it began.
    releases: u64,
}

impl Hit {
    /// Waits for a release since the request was hit.
    async fn released(&self) {
        let _ = self.rule.released.subscribe().wait_for(|it| *it > self.releases).await;
    }
}

/// The faults of a server, in the order in which they were set.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Mutex<Vec<Arc<Rule>>>,
}

impl Faults {
    pub(crate) fn set(self: &Arc<Self>, on: On) -> Fault {
        let count = Mutex::new(on.count());
        let rule =
            Arc::new(Rule { on, count, fired: watch::Sender::new(0), released: watch::Sender::new(0) });
        self.rules().push(rule.clone());
        Fault { rule, faults: self.clone() }
    }

    pub(crate) fn clear(&self) {
        for rule in self.rules().drain(..) {
            rule.released.send_modify(|it| *it += 1);
        }
    }

    /// The fault that hits a request. Every fault that it matches counts it; the first whose turn it is acts.
    pub(crate) fn hit(&self, request: &ReceivedRequest) -> Option<Hit> {
        let mut hit = None;
        for rule in self.rules().iter().filter(|it| it.on.matches(request)) {
            let due = rule.count.lock().unwrap_or_else(PoisonError::into_inner).is_due(&rule.on);
            if due && hit.is_none() {
                hit = Some(Hit { rule: rule.clone(), releases: *rule.released.borrow() });
            }
        }
        if let Some(Hit { rule, .. }) = &hit {
            rule.fired.send_modify(|it| *it += 1);
        }
        hit
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Arc<Rule>>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TestServer {
    /// Sets a fault: does to the requests that are meant what the script says.
    ///
    /// Where several faults match a request, all count it, and the first in the order of setting whose turn it is acts.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use clientset_testserver::{TestServer, Verb, on};
    /// # let server = TestServer::start().await?;
    /// let fault = server.fault(on(Verb::Get).resource("pods").nth(2).status(503).retry_after(1));
    /// // … the code under test reads pods …
    /// assert!(fault.fired() <= 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fault(&self, on: On) -> Fault {
        self.shared.faults.set(on)
    }

    /// Ends all faults, and lets go what they hold.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }
}

//! The time that objects are stamped with, which a test can set.
//!
//! What waits on a socket (timeouts, bookmarks, delays) goes by the real time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// The clock of a server: the system's, or one that stands still until it is moved.
///
/// By it go creation and deletion times, the times of managed fields and conditions, and when tokens expire.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use std::time::{Duration, SystemTime};
/// use clientset_testserver::{Clock, TestServer};
///
/// let clock = Clock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
/// let server = TestServer::builder().clock(&clock).start().await?;
/// clock.advance(Duration::from_secs(3600)); // what is created from now on is an hour younger
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Clock {
    stands_at: Option<Arc<Mutex<Timestamp>>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Clock {
        Clock::default()
    }

    /// A clock that stands at this time. Its clones are the same clock.
    pub fn at(time: SystemTime) -> Clock {
        // What lies beyond the years 1 to 9999 no Kubernetes object can be stamped with.
        let time = Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH);
        Clock { stands_at: Some(Arc::new(Mutex::new(time))) }
    }

    /// Moves the clock. The system's clock is not moved.
    pub fn advance(&self, by: Duration) {
        if let Some(time) = &self.stands_at {
            let mut time = time.lock().unwrap_or_else(PoisonError::into_inner);
            *time = time.checked_add(by).unwrap_or(*time);
        }
    }

    /// What time it is.
    pub fn now(&self) -> SystemTime {
        self.timestamp().into()
    }

    fn timestamp(&self) -> Timestamp {
        match &self.stands_at {
            Some(time) => *time.lock().unwrap_or_else(PoisonError::into_inner),
            None => Timestamp::now(),
        }
    }
}

tokio::task_local! {
    /// The clock of the server that works on this task now. Time is asked for in many places that know no server.
    static CURRENT: Clock;
}

/// The time by the clock of the server that asks.
pub(crate) fn now() -> Timestamp {
    CURRENT.try_with(Clock::timestamp).unwrap_or_else(|_| Timestamp::now())
}

/// Does something by a clock.
pub(crate) async fn by<T>(clock: &Clock, what: impl Future<Output = T>) -> T {
    CURRENT.scope(clock.clone(), what).await
}

/// Does something that waits for nothing by a clock.
pub(crate) fn sync_by<T>(clock: &Clock, what: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(clock.clone(), what)
}

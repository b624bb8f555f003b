//! One connection for a pool, from the wish to the place where it is found: a task of its own, so that it does not matter whether
//! whoever wished for it is still there.
//!
//! Deliberately not when connections are opened, nor who gets them.

use std::sync::{Arc, Weak};

use futures_util::future::{Either, select};
use tokio::sync::watch;

use super::super::connector::{Connector, Opened};
use super::super::{Failure, FailureKind, http1, http2};
use super::{NEW_CONNECTION, Pool};
use crate::config::ConnectionSettings;
use crate::request::Class;

/// A connection that is being opened. However that ends, the pool hears of it.
pub(super) struct Opening {
    pool: Weak<Pool>,
    class: Class,
    /// Of the certificates that it is opened with.
    generation: u64,
    done: bool,
}

impl Opening {
    pub(super) fn new(pool: Weak<Pool>, class: Class) -> Opening {
        Opening { pool, class, generation: 0, done: false }
    }

    pub(super) async fn run(
        mut self,
        connector: Arc<Connector>,
        settings: ConnectionSettings,
        mut ended: watch::Receiver<u64>,
    ) {
        let opened = {
            let opening = std::pin::pin!(self.open(&connector, &settings));
            let ended = std::pin::pin!(async { while ended.changed().await.is_ok() {} });
            match select(opening, ended).await {
                Either::Left((opened, _)) => opened,
                Either::Right(_) => return,
            }
        };
        self.finish(opened);
    }

    async fn open(
        &mut self,
        connector: &Connector,
        settings: &ConnectionSettings,
    ) -> Result<Connection, Failure> {
        let (tls, retired) = match self.pool.upgrade() {
            Some(pool) => {
                pool.read_files(NEW_CONNECTION).await;
                let inner = pool.lock();
                self.generation = inner.generation;
                (inner.tls.clone(), pool.generation.subscribe())
            }
            None => return Err(Failure::new(FailureKind::Connect, "the client is gone")),
        };
        let Opened { io, http2 } = connector.open(tls.as_ref()).await?;
        let pool = self.pool.clone();
        Ok(match http2 {
            true => Connection::Http2(http2::open(io, self.class, settings, pool, retired).await?),
            false => Connection::Http1(http1::open(io, settings, self.generation, pool, retired).await?),
        })
    }

    fn finish(&mut self, opened: Result<Connection, Failure>) {
        self.done = true;
        let Some(pool) = self.pool.upgrade() else { return };
        let mut refused = None;
        let mut stale = None;
        {
            let mut inner = pool.lock();
            let current = inner.generation == self.generation;
            // Its driver has looked for it here already, or will: what has ended by now would stay for ever.
            let opened = match opened {
                Ok(connection) if current => connection.over().map_or(Ok(connection), Err),
                opened => opened,
            };
            inner.lane(self.class).opening -= 1;
            match opened {
                Ok(connection) if !current => stale = Some(connection),
                Ok(Connection::Http2(handle)) => {
                    inner.lane(self.class).connections.push(handle);
                    inner.http2 = Some(true);
                }
                Ok(Connection::Http1(handle)) => {
                    handle.put_aside();
                    inner.idle.push(handle);
                    inner.http2 = Some(false);
                }
                // No other one takes its place: a server that is down is not asked again and again for those who wait.
                Err(failure) => refused = Some((failure, pool.hopeless(&mut inner, self.class))),
            }
        }
        drop(stale);
        if let Some((failure, waiters)) = refused {
            for waiter in waiters {
                let _ = waiter.send(Err(failure.clone()));
            }
        }
        pool.serve(self.class);
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if !self.done {
            self.finish(Err(Failure::new(
                FailureKind::Connect,
                "the runtime that opened the connection ended",
            )));
        }
    }
}

enum Connection {
    Http1(http1::Handle),
    Http2(http2::Handle),
}

impl Connection {
    /// Why it is of no use any more, where it has ended already.
    fn over(&self) -> Option<Failure> {
        let (over, health) = match self {
            Connection::Http1(handle) => (handle.is_closed(), &handle.shared.health),
            Connection::Http2(handle) => (!handle.shared.is_usable(), &handle.shared.health),
        };
        let broken = || Failure::new(FailureKind::Broken, "the connection was closed as soon as it stood");
        let failure = over.then(|| health.explain(broken()))?;
        // Nothing was sent on it.
        let kind = if failure.kind.is_unsent() { failure.kind } else { FailureKind::Connect };
        Some(Failure { kind, ..failure })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::origin::Origin;
    use super::super::super::tests::eventually;
    use super::*;
    use crate::config::{Config, Environment};

    #[tokio::test]
    async fn a_connection_that_has_ended_by_the_time_it_stands_is_not_kept() {
        let url = "http://203.0.113.7";
        let settings = Config::new(url).environment(Environment::empty()).connection_settings();
        let connector = Connector::new(Origin::of(url).unwrap(), None, None, &settings);
        let pool = Pool::new(connector, None, settings.clone());
        let retired = || pool.generation.subscribe();
        for http2 in [true, false] {
            let (ours, theirs) = tokio::io::duplex(1 << 10);
            let weak = Arc::downgrade(&pool);
            let connection = if http2 {
                let opening = http2::open(Box::new(ours), Class::Unary, &settings, weak, retired());
                Connection::Http2(opening.await.unwrap())
            } else {
                Connection::Http1(http1::open(Box::new(ours), &settings, 0, weak, retired()).await.unwrap())
            };
            assert!(connection.over().is_none());
            drop(theirs);
            eventually(|| connection.over().is_some()).await;
            pool.lock().lane(Class::Unary).opening += 1;
            let (waiter, waiting) = tokio::sync::oneshot::channel();
            pool.lock().lane(Class::Unary).waiting.push_back(waiter);
            Opening::new(Arc::downgrade(&pool), Class::Unary).finish(Ok(connection));
            let failure = waiting.await.unwrap().err().unwrap();
            assert_eq!(failure.kind, FailureKind::Connect, "{failure}");
            let mut inner = pool.lock();
            assert!(inner.lane(Class::Unary).connections.is_empty() && inner.idle.is_empty());
        }
    }
}

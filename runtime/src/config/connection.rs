//! How connections are opened, watched over and shared. Deliberately nothing of what is sent over them.

use std::time::Duration;

use super::{Config, Environment};

/// How long a connection may take to stand, TLS handshake included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A dead connection is found within these two, as in client-go.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(15);
/// How many streams share one HTTP/2 connection; kube-apiserver allows 100, and most proxies in front of one 128.
const STREAMS_PER_CONNECTION: usize = 64;
/// How many idle HTTP/1.1 connections are kept, and how long any idle connection is; as in client-go.
const IDLE_CONNECTIONS: usize = 25;
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// How long streams of an identity that was replaced may go on before they have to be opened again.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);
/// How often certificate files are looked at while connections stand; new connections look for themselves.
const RELOAD_INTERVAL: Duration = Duration::from_secs(60);

/// The bounds of what is set: clocks cannot tell later times, and what rests for less works all the time.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
const SHORTEST: Duration = Duration::from_millis(10);

/// What was set; the rest is left to the environment and to the defaults.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionOptions {
    connect_timeout: Option<Duration>,
    ping: Option<(Duration, Duration)>,
    http2: Option<bool>,
    streams_per_connection: Option<usize>,
    idle_timeout: Option<Duration>,
    drain_timeout: Option<Duration>,
    reload_interval: Option<Duration>,
}

/// What holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionSettings {
    /// The bound of everything that it takes until a request can go out: name, TCP, proxy, TLS.
    pub(crate) connect_timeout: Duration,
    /// After how much silence the other end is asked whether it is there; zero never asks.
    pub(crate) ping_interval: Duration,
    /// How long it may take to answer that.
    pub(crate) ping_timeout: Duration,
    pub(crate) http2: bool,
    pub(crate) streams_per_connection: usize,
    pub(crate) idle_connections: usize,
    pub(crate) idle_timeout: Duration,
    pub(crate) drain_timeout: Duration,
    pub(crate) reload_interval: Duration,
}

impl ConnectionOptions {
    pub(crate) fn settle(&self, environment: &Environment) -> ConnectionSettings {
        let seconds = |name| {
            let value = environment.get(name)?;
            Some(Duration::from_secs(value.to_str()?.trim().parse().ok()?))
        };
        let (interval, timeout) = self.ping.unwrap_or_else(|| {
            (
                seconds("HTTP2_READ_IDLE_TIMEOUT_SECONDS").unwrap_or(PING_INTERVAL),
                seconds("HTTP2_PING_TIMEOUT_SECONDS").unwrap_or(PING_TIMEOUT),
            )
        });
        ConnectionSettings {
            connect_timeout: self.connect_timeout.unwrap_or(CONNECT_TIMEOUT).min(LONGEST),
            ping_interval: interval.min(LONGEST),
            // As in Go, no time at all is the default: nobody could answer in that.
            ping_timeout: if timeout.is_zero() { PING_TIMEOUT } else { timeout.min(LONGEST) },
            http2: self.http2.unwrap_or_else(|| environment.get("DISABLE_HTTP2").is_none()),
            streams_per_connection: self.streams_per_connection.unwrap_or(STREAMS_PER_CONNECTION).max(1),
            idle_connections: IDLE_CONNECTIONS,
            idle_timeout: self.idle_timeout.unwrap_or(IDLE_TIMEOUT).clamp(SHORTEST, LONGEST),
            drain_timeout: self.drain_timeout.unwrap_or(DRAIN_TIMEOUT).clamp(SHORTEST, LONGEST),
            reload_interval: self.reload_interval.unwrap_or(RELOAD_INTERVAL),
        }
    }
}

impl Config {
    /// How long a connection may take to stand: name, TCP, proxy and TLS together. 10 seconds unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connection.connect_timeout = Some(timeout);
        self
    }

    /// After how much silence a connection is asked whether it is still there, and how long the answer may take.
    ///
    /// 30 and 15 seconds unless set, here or by `HTTP2_READ_IDLE_TIMEOUT_SECONDS` and `HTTP2_PING_TIMEOUT_SECONDS`.
    /// HTTP/2 asks with a ping, HTTP/1.1 leaves it to TCP, which counts in whole seconds. An interval of zero never asks; a
    /// timeout of zero is the one of 15 seconds.
    pub fn http2_ping(mut self, interval: Duration, timeout: Duration) -> Self {
        self.connection.ping = Some((interval, timeout));
        self
    }

    /// Whether HTTP/2 is spoken where the server does. It is unless set, here or by `DISABLE_HTTP2`.
    pub fn http2(mut self, enabled: bool) -> Self {
        self.connection.http2 = Some(enabled);
        self
    }

    /// How many streams share one HTTP/2 connection before another is opened. 64 unless set; the server may allow fewer.
    pub fn streams_per_connection(mut self, streams: usize) -> Self {
        self.connection.streams_per_connection = Some(streams);
        self
    }

    /// How long a connection that nobody uses is kept. 90 seconds unless set.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.connection.idle_timeout = Some(timeout);
        self
    }

    /// How long streams that were opened with an identity or an authority that has been replaced since may go on.
    /// 30 seconds unless set.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.connection.drain_timeout = Some(timeout);
        self
    }

    /// How often the files of the authority, the client certificate and its key are looked at. 60 seconds unless set.
    pub fn reload_interval(mut self, interval: Duration) -> Self {
        self.connection.reload_interval = Some(interval);
        self
    }

    pub(crate) fn connection_settings(&self) -> ConnectionSettings {
        self.connection.settle(self.surroundings())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_wins_over_the_environment_and_that_over_the_defaults() {
        let environment = Environment::empty()
            .var("HTTP2_READ_IDLE_TIMEOUT_SECONDS", "5")
            .var("HTTP2_PING_TIMEOUT_SECONDS", "garbage")
            .var("DISABLE_HTTP2", "1");
        let config = Config::new("https://example.com").environment(environment);
        let settings = config.connection_settings();
        assert_eq!((settings.ping_interval, settings.ping_timeout), (Duration::from_secs(5), PING_TIMEOUT));
        assert!(!settings.http2);
        let second = Duration::from_secs(1);
        let settings = config.http2_ping(second, 2 * second).http2(true).connection_settings();
        assert_eq!((settings.ping_interval, settings.ping_timeout), (second, 2 * second));
        assert!(settings.http2);
        let settings =
            Config::new("https://example.com").environment(Environment::empty()).connection_settings();
        assert_eq!((settings.ping_interval, settings.ping_timeout), (PING_INTERVAL, PING_TIMEOUT));
        assert!(settings.http2);
        assert_eq!(settings.connect_timeout, CONNECT_TIMEOUT);
    }

    #[test]
    fn numbers_that_would_never_end_or_never_rest_are_brought_into_bounds() {
        let environment = Environment::empty()
            .var("HTTP2_READ_IDLE_TIMEOUT_SECONDS", u64::MAX.to_string())
            .var("HTTP2_PING_TIMEOUT_SECONDS", "0");
        let config = Config::new("https://example.com").environment(environment);
        let settings = config.clone().connection_settings();
        assert_eq!((settings.ping_interval, settings.ping_timeout), (LONGEST, PING_TIMEOUT));
        let settings = config.idle_timeout(Duration::ZERO).drain_timeout(Duration::MAX).connection_settings();
        assert_eq!((settings.idle_timeout, settings.drain_timeout), (SHORTEST, LONGEST));
    }
}

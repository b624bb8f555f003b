//! Secrets are told by nobody: every span, event and panic of the test binary is searched for the secrets that its tests use.
//!
//! Each token, password and key of a test contains `CANARY`; those of the real control plane are read from its kubeconfig. What is
//! found ends the whole run at once: a secret in a log is no matter of one test.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Once, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem::Finder;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Part of every secret that a test makes up. Letters and digits alone, so that no escaping changes it.
pub(crate) const CANARY: &str = "Qz7canaryV3x9sings";

/// A secret of this name.
pub(crate) fn secret(name: &str) -> String {
    format!("{name}-{CANARY}-{name}")
}

/// From now on everything that is logged, traced or panicked with is searched. Called by whatever makes a client.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Another global subscriber would be a mistake: nothing would be searched.
        tracing::subscriber::set_global_default(Scanner { next: AtomicU64::new(1), found: end })
            .expect("no other subscriber");
        log::set_logger(&Logs).expect("no other logger");
        log::set_max_level(log::LevelFilter::Trace);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            search(&panic.to_string(), "a panic", end);
            before(panic);
        }));
    });
}

/// Fails where the text shows a secret: for errors and what is printed.
#[track_caller]
pub(crate) fn is_clean(text: &str) {
    assert!(found_in(text).is_none(), "a secret is in a text of {} bytes", text.len());
}

/// An error in all its forms, none of which shows a secret. Returns what a person would read.
#[track_caller]
pub(crate) fn clean_error(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = Some(error);
    while let Some(error) = cause {
        is_clean(&format!("{error} {error:?} {error:#?}"));
        cause = error.source();
    }
    error.to_string()
}

/// Which form of which secret a text shows.
fn found_in(text: &str) -> Option<usize> {
    static FINDERS: OnceLock<Vec<Finder<'static>>> = OnceLock::new();
    let finders = FINDERS.get_or_init(|| {
        let forms = forms(CANARY).into_iter().chain(of_the_control_plane());
        forms.map(|form| Finder::new(&form).into_owned()).collect()
    });
    finders.iter().position(|it| it.find(text.as_bytes()).is_some())
}

/// How bytes are written: as they are, in base64 at each alignment, as numbers and in hexadecimal.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let mut forms = vec![secret.to_owned()];
    for before in 0..3 {
        let text = STANDARD.encode([&b"..."[..before], bytes].concat());
        // What stands beside it decides on the first and the last letters.
        let first = if before == 0 { 0 } else { before + 1 };
        forms.push(text[first..text.len() - 4].to_owned());
    }
    forms.push(format!("{bytes:?}").trim_matches(['[', ']']).to_owned());
    forms.push(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
    forms
}

/// Tokens, passwords and keys of the kubeconfig that the tests on a real server use.
fn of_the_control_plane() -> Vec<String> {
    let Some(path) = std::env::var_os("CLIENTSET_TEST_KUBECONFIG") else { return Vec::new() };
    let text = std::fs::read_to_string(path).expect("the kubeconfig of the test server");
    let secrets = text.lines().filter_map(|line| {
        let (key, value) = line.trim().trim_start_matches("- ").split_once(": ")?;
        let secret = ["token", "password", "client-key-data"].contains(&key.trim_matches('"'));
        let value = value.trim().trim_matches('"').trim_end_matches(',').trim_matches('"');
        (secret && value.len() >= 8).then(|| value.to_owned())
    });
    secrets.collect()
}

fn search(text: &str, place: &str, found: fn(&str)) {
    if found_in(text).is_some() {
        found(place);
    }
}

fn end(place: &str) {
    // Past the capture of the test harness: who ran the tests has to see it.
    let _ = writeln!(std::io::stderr(), "error: a secret is in {place}");
    std::process::exit(99);
}

thread_local! {
    static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Formats all spans and events, of all crates and levels.
struct Scanner {
    next: AtomicU64,
    found: fn(&str),
}

impl Scanner {
    fn scan(&self, metadata: Option<&Metadata<'_>>, record: impl FnOnce(&mut dyn Visit)) {
        TEXT.with(|text| {
            // An event while another is formatted, by a `Debug` that traces, has a text of its own.
            let mut own = String::new();
            let mut text = text.try_borrow_mut();
            let text = text.as_deref_mut().unwrap_or(&mut own);
            text.clear();
            record(&mut Written(text));
            if found_in(text).is_some() {
                let place =
                    metadata.map_or("a span".to_owned(), |it| format!("{} of {}", it.name(), it.target()));
                (self.found)(&place);
            }
        });
    }
}

impl Subscriber for Scanner {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.scan(Some(span.metadata()), |visit| span.record(visit));
        Id::from_u64(self.next.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.scan(None, |visit| values.record(visit));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.scan(Some(event.metadata()), |visit| event.record(visit));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Written<'a>(&'a mut String);

impl Visit for Written<'_> {
    fn record_str(&mut self, _: &Field, value: &str) {
        self.0.push_str(value);
        self.0.push('\n');
    }

    fn record_error(&mut self, _: &Field, value: &(dyn std::error::Error + 'static)) {
        let _ = writeln!(self.0, "{value} {value:?}");
    }

    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        let _ = writeln!(self.0, "{value:?}");
    }
}

/// What writes to `log`, as rustls does.
struct Logs;

impl log::Log for Logs {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        search(&record.args().to_string(), record.target(), end);
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_each_of_its_forms() {
        let secret = secret("token");
        let seen = [
            secret.clone(),
            format!("{secret:?}"),
            format!("{:?}", secret.as_bytes()),
            format!("{:?}", bytes::Bytes::from(secret.clone())),
            STANDARD.encode(format!("user:{secret}")),
            STANDARD.encode(format!("users:{secret}")),
            STANDARD.encode(format!("usersx:{secret}")),
        ];
        for text in seen {
            assert!(found_in(&format!("before {text} after")).is_some(), "{text}");
        }
        assert_eq!(found_in("a text without one"), None);
    }

    #[test]
    fn spans_events_and_what_is_recorded_later_are_searched() {
        thread_local! {
            static PLACES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
        }
        let found = |place: &str| PLACES.with(|places| places.borrow_mut().push(place.to_owned()));
        let secret = secret("token");
        tracing::subscriber::with_default(Scanner { next: AtomicU64::new(1), found }, || {
            let span = tracing::trace_span!("asking", header = %secret, later = tracing::field::Empty);
            span.record("later", &*secret);
            tracing::trace!(target: "a_crate", "it is {secret}");
            tracing::error!(target: "a_crate", headers = ?[("authorization", &secret)], "sent");
            tracing::info!("nothing to see");
        });
        let places = PLACES.with(RefCell::take);
        assert_eq!(places.len(), 4, "{places:?}");
        assert!(places[0].starts_with("asking") && places[1] == "a span" && places[2].ends_with("a_crate"));
    }
}

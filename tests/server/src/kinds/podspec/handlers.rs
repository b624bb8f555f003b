//! Probes and hooks: one handler each, times that go together, signals.

use serde_json::Value;

use crate::kinds::causes::{At, Causes};
use crate::kinds::formats;
use crate::kinds::look::{has, list, text};

/// The probes and hooks of a container that may have them.
pub(super) fn check_container(
    container: &Value,
    grace: Option<i64>,
    os: &Value,
    at: &At,
    causes: &mut Causes,
) {
    for name in ["livenessProbe", "startupProbe"].into_iter().filter(|it| has(container, it)) {
        let successes = container[name]["successThreshold"].as_i64().unwrap_or(0);
        if successes != 1 {
            causes.invalid(&at.field(name).field("successThreshold"), successes, "must be 1");
        }
    }
    let given = &container["readinessProbe"]["terminationGracePeriodSeconds"];
    if !given.is_null() {
        let at = at.field("readinessProbe").field("terminationGracePeriodSeconds");
        causes.invalid(&at, given.clone(), "must not be set for readinessProbes");
    }
    let at = at.field("lifecycle");
    for name in ["postStart", "preStop"] {
        let Some(seconds) = container["lifecycle"][name]["sleep"]["seconds"].as_i64() else { continue };
        let first = handlers(&container["lifecycle"][name], LIFECYCLE).first() == Some(&"sleep");
        if let (true, Some(grace)) = (first, grace.filter(|it| seconds < 0 || seconds > *it)) {
            let say = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
            causes.invalid(&at.field(name).field("sleep"), seconds, &say);
        }
    }
    if let Some(signal) = container["lifecycle"]["stopSignal"].as_str() {
        stop_signal(signal, os, &at.field("stopSignal"), causes);
    }
}

const PROBE: &[&str] = &["exec", "httpGet", "tcpSocket", "grpc"];
const LIFECYCLE: &[&str] = &["exec", "httpGet", "tcpSocket", "sleep"];

fn handlers(value: &Value, of: &[&'static str]) -> Vec<&'static str> {
    of.iter().copied().filter(|it| has(value, it)).collect()
}

fn one(value: &Value, of: &[&'static str], at: &At, causes: &mut Causes) {
    let given = handlers(value, of);
    if given.is_empty() {
        causes.required(at, "must specify a handler type");
    }
    for name in given.iter().skip(1) {
        causes.forbidden(&at.field(name), "may not specify more than 1 handler type");
    }
}

/// `Probe`.
pub(in crate::kinds) fn probe(value: &Value, at: &At, causes: &mut Causes) {
    one(value, PROBE, at, causes);
}

/// `LifecycleHandler`.
pub(in crate::kinds) fn hook(value: &Value, at: &At, causes: &mut Causes) {
    one(value, LIFECYCLE, at, causes);
}

/// `HTTPGetAction`.
pub(in crate::kinds) fn http(value: &Value, at: &At, causes: &mut Causes) {
    for header in list(value, "httpHeaders") {
        let name = text(header, "name");
        for problem in formats::problems("http-header", name) {
            causes.invalid(&at.field("httpHeaders"), name, &problem);
        }
    }
    if text(value, "protocol") == "HTTP2" {
        if text(value, "scheme") != "HTTP" {
            causes.invalid(&at.field("protocol"), "HTTP2", "is only supported with HTTP (H2C)");
        } else if !text(value, "host").is_empty() {
            let say = "must be empty when `protocol` is \"HTTP2\"";
            causes.invalid(&at.field("host"), text(value, "host"), say);
        }
    }
}

fn stop_signal(signal: &str, os: &Value, at: &At, causes: &mut Causes) {
    match text(os, "name") {
        "windows" if !matches!(signal, "SIGKILL" | "SIGTERM") => {
            causes.unsupported(at, signal, &["SIGKILL", "SIGTERM"]);
        }
        "linux" if !SIGNALS.contains(&signal) => causes.unsupported(at, signal, SIGNALS),
        "windows" | "linux" => {}
        _ => causes.forbidden(at, "may not be set for containers with empty `spec.os.name`"),
    }
}

const SIGNALS: &[&str] = &[
    "SIGABRT",
    "SIGALRM",
    "SIGBUS",
    "SIGCHLD",
    "SIGCLD",
    "SIGCONT",
    "SIGFPE",
    "SIGHUP",
    "SIGILL",
    "SIGINT",
    "SIGIO",
    "SIGIOT",
    "SIGKILL",
    "SIGPIPE",
    "SIGPOLL",
    "SIGPROF",
    "SIGPWR",
    "SIGQUIT",
    "SIGRTMAX",
    "SIGRTMAX-1",
    "SIGRTMAX-10",
    "SIGRTMAX-11",
    "SIGRTMAX-12",
    "SIGRTMAX-13",
    "SIGRTMAX-14",
    "SIGRTMAX-2",
    "SIGRTMAX-3",
    "SIGRTMAX-4",
    "SIGRTMAX-5",
    "SIGRTMAX-6",
    "SIGRTMAX-7",
    "SIGRTMAX-8",
    "SIGRTMAX-9",
    "SIGRTMIN",
    "SIGRTMIN+1",
    "SIGRTMIN+10",
    "SIGRTMIN+11",
    "SIGRTMIN+12",
    "SIGRTMIN+13",
    "SIGRTMIN+14",
    "SIGRTMIN+15",
    "SIGRTMIN+2",
    "SIGRTMIN+3",
    "SIGRTMIN+4",
    "SIGRTMIN+5",
    "SIGRTMIN+6",
    "SIGRTMIN+7",
    "SIGRTMIN+8",
    "SIGRTMIN+9",
    "SIGSEGV",
    "SIGSTKFLT",
    "SIGSTOP",
    "SIGSYS",
    "SIGTERM",
    "SIGTRAP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGUSR1",
    "SIGUSR2",
    "SIGVTALRM",
    "SIGWINCH",
    "SIGXCPU",
    "SIGXFSZ",
];

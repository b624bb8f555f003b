//! The row of a pod: its status in one word, and its restarts.

use serde_json::Value;

use super::super::duration;
use super::view::View;

pub(super) fn cells(pod: View<'_>) -> Vec<Value> {
    let state = State::of(pod);
    let restarts = match (state.restarts, state.last_restart) {
        (0, _) | (_, None) => state.restarts.to_string(),
        (count, Some(time)) => format!("{count} ({} ago)", duration::since(&time.into())),
    };
    let or_none = |text: &str| Value::from(if text.is_empty() { "<none>" } else { text });
    let ip = pod.list("status.podIPs").next().map(|it| it.text("ip")).unwrap_or_default();
    vec![
        pod.name(),
        format!("{}/{}", state.ready, state.total).into(),
        state.reason.into(),
        restarts.into(),
        pod.age(),
        or_none(ip),
        or_none(pod.text("spec.nodeName")),
        or_none(pod.text("status.nominatedNodeName")),
        gates(pod).into(),
    ]
}

fn gates(pod: View<'_>) -> String {
    let gates = pod.list("spec.readinessGates");
    if gates.len() == 0 {
        return "<none>".to_owned();
    }
    let open = gates.clone().filter(|it| pod.is_true(it.text("conditionType"))).count();
    format!("{open}/{}", gates.len())
}

struct State<'a> {
    reason: String,
    ready: usize,
    total: usize,
    restarts: i64,
    last_restart: Option<&'a str>,
}

/// The later of the last restart so far and that of one container; these times sort as text.
fn later<'a>(last: Option<&'a str>, container: View<'a>) -> Option<&'a str> {
    let finished = container.text("lastState.terminated.finishedAt");
    last.max((!finished.is_empty()).then_some(finished))
}

/// How a container ended: its reason, else signal or exit code.
fn ending(terminated: View<'_>) -> String {
    match (terminated.text("reason"), terminated.int("signal")) {
        ("", 0) => format!("ExitCode:{}", terminated.int("exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

impl<'a> State<'a> {
    fn of(pod: View<'a>) -> Self {
        let status = pod.at("status");
        let mut state = State {
            reason: status.text_or("reason", status.text("phase")).to_owned(),
            ready: 0,
            total: pod.count("spec.containers")
                + pod.list("spec.initContainers").filter(|it| is_sidecar(*it)).count(),
            restarts: 0,
            last_restart: None,
        };
        let gated =
            |it: View<'_>| it.text("type") == "PodScheduled" && it.text("reason") == "SchedulingGated";
        if status.list("conditions").any(gated) {
            state.reason = "SchedulingGated".to_owned();
        }
        let (sidecars, initializing) = state.initialize(pod);
        if !initializing || pod.is_true("Initialized") {
            (state.restarts, state.last_restart) = sidecars;
            state.run(pod);
        }
        if pod.is_deleting() {
            if status.text("reason") == "NodeLost" {
                state.reason = "Unknown".to_owned();
            } else if !matches!(status.text("phase"), "Succeeded" | "Failed") {
                state.reason = "Terminating".to_owned();
            }
        }
        state
    }

    /// Goes through the init containers up to the one that is not done; gives back the restarts of the sidecars among them and
    /// whether there was such a one.
    fn initialize(&mut self, pod: View<'a>) -> ((i64, Option<&'a str>), bool) {
        let mut sidecars = (0, None);
        let sidecar =
            |name: &str| pod.list("spec.initContainers").any(|it| it.text("name") == name && is_sidecar(it));
        for (index, container) in pod.list("status.initContainerStatuses").enumerate() {
            let is_sidecar = sidecar(container.text("name"));
            self.restarts += container.int("restartCount");
            self.last_restart = later(self.last_restart, container);
            if is_sidecar {
                sidecars = (sidecars.0 + container.int("restartCount"), later(sidecars.1, container));
            }
            let (terminated, waiting) =
                (container.at("state.terminated"), container.text("state.waiting.reason"));
            if terminated.is_set() && terminated.int("exitCode") == 0 {
                continue;
            }
            if is_sidecar && container.flag("started") {
                self.ready += usize::from(container.flag("ready"));
                continue;
            }
            self.reason = if terminated.is_set() {
                format!("Init:{}", ending(terminated))
            } else if !matches!(waiting, "" | "PodInitializing") {
                format!("Init:{waiting}")
            } else {
                format!("Init:{index}/{}", pod.count("spec.initContainers"))
            };
            return (sidecars, true);
        }
        (sidecars, false)
    }

    fn run(&mut self, pod: View<'a>) {
        let (mut running, mut failed) = (false, None);
        for container in pod.list("status.containerStatuses").rev() {
            self.restarts += container.int("restartCount");
            self.last_restart = later(self.last_restart, container);
            let (terminated, waiting) =
                (container.at("state.terminated"), container.text("state.waiting.reason"));
            if !waiting.is_empty() {
                self.reason = waiting.to_owned();
            } else if terminated.is_set() {
                self.reason = ending(terminated);
                if terminated.int("exitCode") != 0 {
                    failed = Some(self.reason.clone());
                }
            } else if container.flag("ready") && container.at("state.running").is_set() {
                running = true;
                self.ready += 1;
            }
        }
        // One container is done, but the pod need not be.
        if self.reason == "Completed" {
            let ready = pod
                .list("status.conditions")
                .any(|it| it.text("type") == "Ready" && it.text("status") == "True");
            self.reason = match failed {
                _ if running && ready => "Running".to_owned(),
                Some(failed) => failed,
                None if running => "NotReady".to_owned(),
                None => "Completed".to_owned(),
            };
        }
    }
}

fn is_sidecar(container: View<'_>) -> bool {
    container.text("restartPolicy") == "Always"
}

/// What a finished pod's row says besides its cells.
pub(super) fn conditions(pod: View<'_>) -> Option<Value> {
    let message = match pod.text("status.phase") {
        "Succeeded" => "The pod has completed successfully.",
        "Failed" => "The pod failed.",
        _ => return None,
    };
    let reason = pod.text("status.phase");
    Some(serde_json::json!([{"type": "Completed", "status": "True", "reason": reason, "message": message}]))
}

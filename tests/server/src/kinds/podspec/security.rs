//! Security contexts of pods and containers: privileges, profiles, kernel parameters, operating systems.

use serde_json::Value;

use crate::kinds::causes::{At, Causes};
use crate::kinds::look::{flag, has, list, text};
use crate::kinds::{difference, formats};

/// `SeccompProfile`.
pub(in crate::kinds) fn seccomp(profile: &Value, at: &At, causes: &mut Causes) {
    let (kind, path) = (text(profile, "type"), profile["localhostProfile"].as_str());
    let at = at.field("localhostProfile");
    match (kind, path) {
        ("Localhost", None) => causes.required(&at, "must be set when seccomp type is Localhost"),
        ("Localhost", Some(path)) => {
            for problem in formats::path_below(path) {
                causes.invalid(&at, path, &problem);
            }
        }
        (_, Some(_)) => {
            let shown = difference::shown("SeccompProfile", profile);
            causes.invalid_shown(&at, &shown, "can only be set when seccomp type is Localhost");
        }
        _ => {}
    }
}

/// `AppArmorProfile`.
pub(in crate::kinds) fn app_armor(profile: &Value, at: &At, causes: &mut Causes) {
    let at = at.field("localhostProfile");
    match (text(profile, "type"), profile["localhostProfile"].as_str()) {
        ("Localhost", None | Some("")) => causes.required(&at, "must be set when AppArmor type is Localhost"),
        ("Localhost", Some(path)) if path.trim() != path => {
            causes.invalid(&at, path, "must not be padded with whitespace");
        }
        ("RuntimeDefault" | "Unconfined", Some(path)) => {
            causes.invalid(&at, path, "can only be set when AppArmor type is Localhost");
        }
        _ => {}
    }
}

/// `WindowsSecurityContextOptions`.
pub(in crate::kinds) fn windows(options: &Value, at: &At, causes: &mut Causes) {
    for field in ["gmsaCredentialSpec", "runAsUserName"] {
        if options[field].as_str() == Some("") {
            causes.invalid(&at.field(field), "", &format!("{field} cannot be an empty string"));
        }
    }
    if let Some(name) = options["gmsaCredentialSpecName"].as_str() {
        for problem in crate::names::subdomain_problems(name) {
            causes.invalid(&at.field("gmsaCredentialSpecName"), name, &problem);
        }
    }
    let user = text(options, "runAsUserName");
    if user.contains(|it: char| it.is_ascii_control()) {
        causes.invalid(&at.field("runAsUserName"), user, "runAsUserName cannot contain control characters");
    } else if user.matches('\\').count() > 1 {
        let say = "runAsUserName cannot contain more than one backslash";
        causes.invalid(&at.field("runAsUserName"), user, say);
    }
}

/// The security context of a container.
pub(super) fn check_container(spec: &Value, container: &Value, at: &At, causes: &mut Causes) {
    let context = &container["securityContext"];
    let at = at.field("securityContext");
    if text(context, "procMount") == "Unmasked" && spec["hostUsers"].as_bool() != Some(false) {
        let say = "`hostUsers` must be false to use `Unmasked`";
        causes.invalid(&at.field("procMount"), "Unmasked", say);
    }
    if context["allowPrivilegeEscalation"].as_bool() != Some(false) {
        return;
    }
    if flag(context, "privileged") {
        let say = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
        causes.invalid_shown(&at, &difference::shown("SecurityContext", context), say);
    }
    if list(&context["capabilities"], "add").iter().any(|it| it == "CAP_SYS_ADMIN") {
        let say = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
        causes.invalid_shown(&at, &difference::shown("SecurityContext", context), say);
    }
}

/// The security context of a pod, and what it shares with the host.
pub(super) fn check_pod(spec: &Value, at: &At, causes: &mut Causes) {
    if flag(spec, "shareProcessNamespace") && flag(spec, "hostPID") {
        let say = "ShareProcessNamespace and HostPID cannot both be enabled";
        causes.invalid(&at.field("shareProcessNamespace"), true, say);
    }
    if spec["hostUsers"].as_bool() == Some(false) {
        for (name, shown) in [("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
            if flag(spec, name) {
                causes.forbidden(&at.field(shown), "when `hostUsers` is false");
            }
        }
    }
    sysctls(spec, &at.field("securityContext").field("sysctls"), causes);
    host_process(spec, at, causes);
}

fn sysctls(spec: &Value, at: &At, causes: &mut Causes) {
    let mut seen: Vec<&str> = Vec::new();
    for (index, it) in list(&spec["securityContext"], "sysctls").iter().enumerate() {
        let (name, at) = (text(it, "name"), at.index(index).field("name"));
        if name.is_empty() {
            causes.required(&at, "");
        } else if !is_sysctl(name) {
            let say = "must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
            causes.invalid(&at, name, say);
        } else if seen.contains(&name) {
            causes.duplicate(&at, name);
        }
        if flag(spec, "hostNetwork") && name.starts_with("net.") {
            causes.invalid(&at, name, "may not be specified when 'hostNetwork' is true");
        }
        let of_ipc =
            ["kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."].iter().any(|it| name.starts_with(it));
        if flag(spec, "hostIPC") && of_ipc {
            causes.invalid(&at, name, "may not be specified when 'hostIPC' is true");
        }
        seen.push(name);
    }
}

fn is_sysctl(name: &str) -> bool {
    let edge = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    let part = |it: &str| {
        it.starts_with(edge) && it.ends_with(edge) && it.chars().all(|it| edge(it) || "-_".contains(it))
    };
    name.len() <= 253 && name.split(['.', '/']).all(part)
}

fn host_process(spec: &Value, at: &At, causes: &mut Causes) {
    let of = |it: &Value| it["securityContext"]["windowsOptions"]["hostProcess"].as_bool();
    let of_pod = of(spec);
    let all = super::all_containers(spec, at);
    let mut count = 0;
    for (_, at, container) in &all {
        let own = of(container);
        if let (Some(pod), Some(own)) = (of_pod, own)
            && pod != own
        {
            let at = at.field("securityContext").field("windowsOptions").field("hostProcess");
            let say = format!("pod hostProcess value must be identical if both are specified, was {pod}");
            causes.invalid(&at, own, &say);
        }
        count += usize::from(own.or(of_pod).unwrap_or(false));
    }
    if count == 0 {
        return;
    }
    if count != all.len() {
        let say =
            "If pod contains any hostProcess containers then all containers must be HostProcess containers";
        causes.invalid(at, "", say);
    }
    if !flag(spec, "hostNetwork") {
        let say = "hostNetwork must be true if pod contains any hostProcess containers";
        causes.invalid(&at.field("hostNetwork"), false, say);
    }
}

/// What a pod of one operating system may not say.
pub(super) fn check_system(spec: &Value, at: &At, causes: &mut Causes) {
    const OF_POD: &[&str] = &[
        "appArmorProfile",
        "seLinuxOptions",
        "seccompProfile",
        "fsGroup",
        "fsGroupChangePolicy",
        "sysctls",
        "runAsUser",
        "runAsGroup",
        "supplementalGroups",
        "supplementalGroupsPolicy",
        "seLinuxChangePolicy",
    ];
    const OF_CONTAINER: &[&str] = &[
        "appArmorProfile",
        "seLinuxOptions",
        "seccompProfile",
        "capabilities",
        "readOnlyRootFilesystem",
        "privileged",
        "allowPrivilegeEscalation",
        "procMount",
        "runAsUser",
        "runAsGroup",
    ];
    let is_windows = text(&spec["os"], "name") == "windows";
    let (of_pod, of_container, say): (&[&str], &[&str], &str) = if is_windows {
        (OF_POD, OF_CONTAINER, "cannot be set for a windows pod")
    } else {
        (&["windowsOptions"], &["windowsOptions"], "windows options cannot be set for a linux pod")
    };
    let mut forbid = |holder: &Value, at: &At, fields: &[&str]| {
        for field in fields.iter().filter(|it| has(holder, it)) {
            causes.forbidden(&at.field(field), say);
        }
    };
    forbid(&spec["securityContext"], &at.field("securityContext"), of_pod);
    if is_windows {
        forbid(spec, at, &["hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"]);
    }
    for (_, at, container) in super::all_containers(spec, at) {
        forbid(&container["securityContext"], &at.field("securityContext"), of_container);
    }
}

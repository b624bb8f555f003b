//! CertificateSigningRequests: what a request needs, who may be its signer, and how conditions may change.
//!
//! Nothing is signed here, and of certificates only that they are in PEM is looked at. Who asked is set in `security`.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::causes::{At, Causes};
use super::words::{check_form, check_word, items, text, texts};
use super::{Admission, Change, Kind};
use crate::failure::Outcome;
use crate::{meta, names};

const USAGES: [&str; 23] = [
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];

pub(super) const KIND: Kind =
    Kind { admit, check, ..Kind::plain("certificates.k8s.io", "certificatesigningrequests") };

/// The spec stays as it was, and each place of the status changes its own part alone.
fn admit(admission: &Admission<'_>, request: &mut Value) -> Outcome<()> {
    let Some(old) = admission.old else { return Ok(()) };
    request["spec"] = old["spec"].clone();
    if admission.subresource.is_empty() {
        request["status"] = old["status"].clone();
        return Ok(());
    }
    if admission.subresource == "approval" {
        // An approval leaves the certificate alone.
        match old["status"].get("certificate") {
            Some(it) => request["status"]["certificate"] = it.clone(),
            None => super::words::drop_member(&mut request["status"], "certificate"),
        }
    }
    let now = meta::now(0);
    let before = items(&old["status"], "conditions").to_vec();
    let conditions = request["status"].get_mut("conditions").and_then(Value::as_array_mut);
    for condition in conditions.into_iter().flatten() {
        let same = before.iter().find(|it| text(*it, "type") == text(condition, "type"));
        let changed = same.is_none_or(|it| text(it, "status") != text(condition, "status"));
        if condition.get("lastUpdateTime").is_none_or(Value::is_null) {
            condition["lastUpdateTime"] = json!(now);
        }
        if condition.get("lastTransitionTime").is_none_or(Value::is_null) {
            let kept = same.filter(|_| !changed).and_then(|it| it.get("lastTransitionTime")).cloned();
            condition["lastTransitionTime"] = kept.unwrap_or_else(|| json!(now));
        }
    }
    Ok(())
}

fn check(change: &Change<'_>, causes: &mut Causes) {
    if change.old.is_none() {
        check_spec(&change.new["spec"], causes);
    }
    check_conditions(change, causes);
    let certificate = text(&change.new["status"], "certificate");
    let is_pem = || {
        let bytes = STANDARD.decode(certificate).unwrap_or_default();
        String::from_utf8_lossy(&bytes).contains("-----BEGIN CERTIFICATE-----")
    };
    if !certificate.is_empty() && !is_pem() {
        let say = "must contain at least one CERTIFICATE PEM block";
        causes.invalid(&At::new("status.certificate"), "<certificate data>", say);
    }
}

fn check_spec(spec: &Value, causes: &mut Causes) {
    let at = At::new("spec");
    let request = text(spec, "request");
    let pem = STANDARD.decode(request).unwrap_or_default();
    if !String::from_utf8_lossy(&pem).trim_start().starts_with("-----BEGIN CERTIFICATE REQUEST-----") {
        let shown = if request.is_empty() { Value::Null } else { request.into() };
        causes.invalid(&at.field("request"), shown, "PEM block type must be CERTIFICATE REQUEST");
    }
    let usages = texts(spec, "usages");
    let usages_at = at.field("usages");
    if usages.is_empty() {
        causes.required(&usages_at, "");
    }
    let mut seen = BTreeSet::new();
    for (index, usage) in usages.into_iter().enumerate() {
        check_word(&usage.into(), &usages_at.index(index), &USAGES, causes);
        if !seen.insert(usage) {
            causes.duplicate(&usages_at.index(index), usage);
        }
    }
    let signer = text(spec, "signerName");
    let signer_at = at.field("signerName");
    match signer {
        "" => causes.required(&signer_at, ""),
        "kubernetes.io/legacy-unknown" => {
            causes.invalid(&signer_at, signer, "the legacy signerName is not allowed via this API version");
        }
        _ => check_signer(signer, &signer_at, causes),
    }
    if let Some(it) = spec["expirationSeconds"].as_i64().filter(|it| *it < 600) {
        let say = "may not specify a duration less than 600 seconds (10 minutes)";
        causes.invalid(&at.field("expirationSeconds"), it, say);
    }
}

fn check_signer(signer: &str, at: &At, causes: &mut Causes) {
    let parts: Vec<&str> = signer.split('/').collect();
    let [domain, path] = parts.as_slice() else {
        let say = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        return causes.invalid(at, signer, say);
    };
    if names::subdomain_problems(domain).is_empty() && domain.split('.').count() < 2 {
        causes.invalid(at, *domain, "should be a domain with at least two segments separated by dots");
    }
    check_form(domain, at, names::subdomain_problems, causes);
    check_form(path, at, names::subdomain_problems, causes);
}

fn check_conditions(change: &Change<'_>, causes: &mut Causes) {
    let at = At::new("status.conditions");
    let all = items(&change.new["status"], "conditions");
    let has = |kind: &str| all.iter().any(|it| text(it, "type") == kind);
    if has("Approved") && has("Denied") {
        let both = "{conditions[{\"type\": \"Approved\"}], conditions[{\"type\": \"Denied\"}]}";
        let say = "must specify at most one of: `conditions[{\"type\": \"Approved\"}]`, `conditions[{\"type\": \"Denied\"}]`";
        causes.invalid(&at, both, say);
    }
    for (index, it) in all.iter().enumerate() {
        let at = at.index(index);
        let (kind, status) = (text(it, "type"), text(it, "status"));
        if kind.is_empty() {
            causes.required(&at.field("type"), "");
        } else if all.iter().take(index).any(|it| text(it, "type") == kind) {
            causes.duplicate(&at.field("type"), kind);
        }
        match (status, kind) {
            ("", _) => causes.required(&at.field("status"), ""),
            ("True", "Approved" | "Denied" | "Failed") => {}
            (_, "Approved" | "Denied" | "Failed") => {
                check_word(&it["status"], &at.field("status"), &["True"], causes);
            }
            _ => check_word(&it["status"], &at.field("status"), &["True", "False", "Unknown"], causes),
        }
    }
    let before = change.old.map(|it| items(&it["status"], "conditions")).unwrap_or_default();
    for kind in ["Approved", "Denied", "Failed"] {
        let had = before.iter().any(|it| text(it, "type") == kind);
        let place = if kind == "Failed" { "status" } else { "approval" };
        if had && !has(kind) {
            causes.forbidden(&at, &format!("updates may not remove a condition of type \"{kind}\""));
        } else if !had
            && has(kind)
            && change.old.is_some()
            && change.subresource != place
            && !change.subresource.is_empty()
        {
            causes.forbidden(&at, &format!("updates may not add a condition of type \"{kind}\""));
        }
    }
}

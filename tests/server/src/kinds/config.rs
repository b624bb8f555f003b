//! ConfigMaps and Secrets: their keys, their size, the keys that types of Secrets need, and what `immutable` means.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Kind;
use super::causes::{At, Causes};
use super::formats;
use super::words::{check_form, check_same, is_empty, text};

/// What all values together may have.
const MOST_BYTES: usize = 1024 * 1024;
const SAY_IMMUTABLE: &str = "field is immutable when `immutable` is set";

pub(super) const CONFIG_MAP: Kind = Kind {
    check: |change, causes| check_config_map(change.new, change.old, causes),
    ..Kind::plain("", "configmaps")
};

pub(super) const SECRET: Kind = Kind {
    defaults: secret_defaults,
    check: |change, causes| check_secret(change.new, change.old, causes),
    warn: |change, warnings| {
        // Of certificates only that there is one is looked at.
        let pem = STANDARD.decode(text(&change.new["data"], "tls.crt")).unwrap_or_default();
        if text(change.new, "type") == "kubernetes.io/tls" && !pem.starts_with(b"-----BEGIN") {
            warnings.push("tls: failed to find any PEM data in certificate input".to_owned());
        }
    },
    ..Kind::plain("", "secrets")
};

/// What is wrong with a ConfigMap.
pub(crate) fn check_config_map(map: &Value, old: Option<&Value>, causes: &mut Causes) {
    if let Some(old) = old {
        check_frozen(map, old, &["data", "binaryData"], causes);
    }
    let (data, binary) = (At::new("data"), At::new("binaryData"));
    let mut size = 0;
    for (key, value) in map["data"].as_object().into_iter().flatten() {
        check_form(key, &data.key(key), formats::config_key, causes);
        if map["binaryData"].get(key).is_some() {
            causes.invalid(&data.key(key), key.as_str(), "duplicate of key present in binaryData");
        }
        size += value.as_str().unwrap_or_default().len();
    }
    for (key, value) in map["binaryData"].as_object().into_iter().flatten() {
        check_form(key, &binary.key(key), formats::config_key, causes);
        size += decoded_length(value.as_str().unwrap_or_default());
    }
    if size > MOST_BYTES {
        causes.too_long(&At::default(), MOST_BYTES);
    }
}

fn decoded_length(base64: &str) -> usize {
    let padding = base64.bytes().rev().take_while(|it| *it == b'=').count();
    (base64.len() / 4 * 3).saturating_sub(padding)
}

/// What may not change once `immutable` is set.
fn check_frozen(new: &Value, old: &Value, fields: &[&str], causes: &mut Causes) {
    if old["immutable"].as_bool() != Some(true) {
        return;
    }
    if new["immutable"].as_bool() != Some(true) {
        causes.forbidden(&At::new("immutable"), SAY_IMMUTABLE);
    }
    for field in fields {
        let same = new[*field] == old[*field] || (is_empty(&new[*field]) && is_empty(&old[*field]));
        if !same {
            causes.forbidden(&At::new(field), SAY_IMMUTABLE);
        }
    }
}

/// A Secret has a type, and `stringData` goes into `data`, where it wins.
fn secret_defaults(secret: &mut Value) {
    if text(secret, "type").is_empty() {
        secret["type"] = "Opaque".into();
    }
    let Some(plain) = secret.as_object_mut().and_then(|it| it.remove("stringData")) else { return };
    for (key, value) in plain.as_object().into_iter().flatten() {
        secret["data"][key.as_str()] = STANDARD.encode(value.as_str().unwrap_or_default()).into();
    }
}

/// What is wrong with a Secret.
pub(crate) fn check_secret(secret: &Value, old: Option<&Value>, causes: &mut Causes) {
    if let Some(old) = old {
        check_same(&secret["type"], &old["type"], &At::new("type"), causes);
        check_frozen(secret, old, &["data"], causes);
    }
    let at = At::new("data");
    let mut size = 0;
    for (key, value) in secret["data"].as_object().into_iter().flatten() {
        check_form(key, &at.key(key), formats::config_key, causes);
        size += decoded_length(value.as_str().unwrap_or_default());
    }
    if size > MOST_BYTES {
        causes.too_long(&at, MOST_BYTES);
    }
    check_type(secret, &at, causes);
}

/// The keys that a type needs.
fn check_type(secret: &Value, at: &At, causes: &mut Causes) {
    let value = |key: &str| secret["data"].get(key).and_then(Value::as_str);
    let filled = |key: &str| value(key).is_some_and(|it| !it.is_empty());
    let mut need = |key: &str, fits: bool| {
        if !fits {
            causes.required(&at.key(key), "");
        }
    };
    match text(secret, "type") {
        "kubernetes.io/tls" => {
            need("tls.crt", value("tls.crt").is_some());
            need("tls.key", value("tls.key").is_some());
        }
        "kubernetes.io/basic-auth" => {
            let either = value("username").is_some() || value("password").is_some();
            need("username", either);
            need("password", either);
        }
        "kubernetes.io/ssh-auth" => need("ssh-privatekey", filled("ssh-privatekey")),
        "kubernetes.io/dockercfg" => check_json(value(".dockercfg"), &at.key(".dockercfg"), causes),
        "kubernetes.io/dockerconfigjson" => {
            check_json(value(".dockerconfigjson"), &at.key(".dockerconfigjson"), causes);
        }
        "kubernetes.io/service-account-token" => {
            let key = "kubernetes.io/service-account.name";
            if text(&secret["metadata"]["annotations"], key).is_empty() {
                causes.required(&At::new("metadata.annotations").key(key), "");
            }
        }
        _ => {}
    }
}

/// A value that has to be there and has to be a JSON object. What it says is not repeated.
fn check_json(value: Option<&str>, at: &At, causes: &mut Causes) {
    let Some(encoded) = value else { return causes.required(at, "") };
    let bytes = STANDARD.decode(encoded).unwrap_or_default();
    let problem = match serde_json::from_slice::<Value>(&bytes) {
        Ok(Value::Object(_) | Value::Null) => return,
        Ok(other) => format!(
            "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            crate::patch::go(&other)
        ),
        Err(error) => crate::body::syntax(&error, &bytes),
    };
    causes.invalid(at, "<secret contents redacted>", &problem);
}

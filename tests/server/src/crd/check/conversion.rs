//! How objects get from one version to another: what a definition may say about it. Nothing is converted here.

use serde_json::Value;

use super::{list, one_of, text};
use crate::cel::url::Url;
use crate::failure::Cause;
use crate::kinds::formats::dns1035_label;

const AT: &str = "spec.conversion";

pub(super) fn check(conversion: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    if !conversion.is_object() {
        return causes;
    }
    one_of(text(&conversion["strategy"]), "spec.conversion.strategy", &["None", "Webhook"], &mut causes);
    let client = &conversion["webhook"]["clientConfig"];
    let versions = list(&conversion["webhook"]["conversionReviewVersions"]);
    let client_at = format!("{AT}.webhookClientConfig");
    let versions_at = format!("{AT}.conversionReviewVersions");
    if conversion["strategy"] != "Webhook" {
        let say = "should not be set when strategy is not set to Webhook";
        if client.is_object() {
            causes.push(Cause::forbidden(client_at, say));
        }
        if !versions.is_empty() {
            causes.push(Cause::forbidden(versions_at, say));
        }
        return causes;
    }
    match (client["url"].as_str(), client["service"].is_object()) {
        _ if !client.is_object() => {
            causes.push(Cause::required(client_at, "required when strategy is set to Webhook"));
        }
        (Some(url), false) => webhook_url(url, &format!("{client_at}.url"), &mut causes),
        (None, true) => {
            for name in ["namespace", "name"] {
                if text(&client["service"][name]).is_empty() {
                    causes.push(Cause::required(format!("{client_at}.service.{name}"), ""));
                }
            }
        }
        _ => causes.push(Cause::required(client_at, "exactly one of url or service is required")),
    }
    if versions.is_empty() {
        causes.push(Cause::required(versions_at, ""));
        return causes;
    }
    for (index, version) in versions.iter().enumerate() {
        let at = format!("{versions_at}[{index}]");
        if versions.iter().take(index).any(|it| it == version) {
            causes.push(Cause::invalid(at, version, "duplicate version"));
            continue;
        }
        for problem in dns1035_label(text(version)) {
            causes.push(Cause::invalid(at.clone(), version, &problem));
        }
    }
    if !versions.iter().any(|it| matches!(text(it), "v1" | "v1beta1")) {
        let given = &conversion["webhook"]["conversionReviewVersions"];
        causes.push(Cause::invalid(versions_at, given, "must include at least one of v1, v1beta1"));
    }
    causes
}

fn webhook_url(given: &str, at: &str, causes: &mut Vec<Cause>) {
    const FORM: &str = "; desired format: https://host[/path]";
    let Some(url) = Url::parse(given) else {
        let say = format!("url must be a valid URL: parse {given:?}: invalid URL{FORM}");
        causes.push(Cause::required(at, &say));
        return;
    };
    let mut wrong = |value: &str, say: &str| causes.push(Cause::invalid(at, &value.into(), say));
    if url.scheme != "https" {
        wrong(&url.scheme, &format!("'https' is the only allowed URL scheme{FORM}"));
    }
    if url.host.is_empty() {
        wrong("", &format!("host must be specified{FORM}"));
    }
    if let Some(user) = &url.user {
        wrong(user, "user information is not permitted in the URL");
    }
    if !url.fragment.is_empty() {
        wrong(&url.fragment, "fragments are not permitted in the URL");
    }
    if !url.query.is_empty() {
        wrong(&url.query, "query parameters are not permitted in the URL");
    }
}

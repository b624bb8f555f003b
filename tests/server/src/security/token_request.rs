//! TokenRequest: a service account is given a token.
//!
//! Tokens for admission webhooks are not made: nothing calls webhooks here.

use std::cell::RefCell;

use serde_json::{Value, json};

use super::tokens::ISSUER;
use crate::call::{Call, Reply};
use crate::catalog::Resource;
use crate::failure::{Cause, Failure, Outcome};
use crate::schema::strings;
use crate::store::Store;
use crate::{clock, meta};

/// The shortest and the longest life of a token, in seconds.
const SHORTEST: i64 = 600;
const LONGEST: i64 = 1 << 32;
/// A life of so many seconds asks for a token that lasts a year and warns after that time, if it is for a pod.
const WARN_ONLY: i64 = 3607;
const YEAR: i64 = 365 * 24 * 60 * 60;

/// Answers `create` on `serviceaccounts/token`.
pub(crate) fn create(call: &Call<'_>) -> Outcome<Reply> {
    let resource = Resource::of_kind("authentication.k8s.io", "v1", "TokenRequest");
    let inner = Call {
        shared: call.shared,
        incoming: call.incoming,
        resource: resource.into(),
        target: call.target.clone(),
        warnings: RefCell::default(),
        form: call.form.clone(),
    };
    let reply = answer(&inner);
    call.warnings.borrow_mut().extend(inner.warnings.take());
    reply
}

fn answer(call: &Call<'_>) -> Outcome<Reply> {
    let mut object = super::reviews::read_with(call, |object| {
        if !object["spec"].is_object() {
            object["spec"] = json!({});
        }
        if !object["spec"]["expirationSeconds"].is_i64() {
            object["spec"]["expirationSeconds"] = 3600.into();
        }
    })?;
    let (name, namespace) = (call.name(), call.target.namespace.as_deref().unwrap_or_default());
    let given = meta::name(&object);
    if !given.is_empty() && given != name {
        let why = "must match the service account name if specified";
        return Err(call.invalid(name, &[Cause::invalid("metadata.name", &given.into(), why)]));
    }
    let store = call.store();
    let find = |plural: &str, key: &str, name: &str| {
        let found = store.get(&(String::new(), plural.to_owned()), key);
        found.cloned().ok_or_else(|| Failure::not_found("", plural, name))
    };
    let account = find("serviceaccounts", &format!("{namespace}/{name}"), name)?;
    let uid = meta::text(&account.value, "uid");
    let asked = meta::text(&object, "uid");
    if !asked.is_empty() && asked != uid {
        let why = format!(
            "the UID in the token request ({asked}) does not match the UID of the service account ({uid})"
        );
        return Err(Failure::conflict(&call.resource.group, &call.resource.kind, name, &why));
    }
    if strings(object["spec"].get("audiences")).is_empty() {
        object["spec"]["audiences"] = json!([ISSUER]);
    }
    for (field, value) in [("name", name), ("namespace", namespace), ("uid", uid)] {
        object["metadata"][field] = value.into();
    }
    object["metadata"]["creationTimestamp"] = meta::now(0).into();
    let causes = check(&object["spec"]);
    if !causes.is_empty() {
        return Err(call.invalid("", &causes));
    }

    let spec = &object["spec"];
    let life = spec["expirationSeconds"].as_i64().unwrap_or(3600);
    let audiences = strings(spec.get("audiences"));
    let now = clock::now().as_second();
    let mut private = json!({"namespace": namespace, "serviceaccount": {"name": name, "uid": uid}});
    let bound = &spec["boundObjectRef"];
    let mut expires = now + life;
    if bound.is_object() {
        bind(bound, namespace, name, &store, &mut private)?;
        if private["pod"].is_object() && life == WARN_ONLY && audiences == [ISSUER] {
            private["warnafter"] = (now + life).into();
            expires = now + YEAR;
        }
    }
    drop(store);
    let claims = json!({
        "aud": audiences,
        "exp": expires,
        "iat": now,
        "iss": ISSUER,
        "jti": meta::uid(),
        "kubernetes.io": private,
        "nbf": now,
        "sub": format!("system:serviceaccount:{namespace}:{name}"),
    });
    let token = call.shared.security.signer().and_then(|it| it.sign(&claims));
    let token = token.ok_or_else(|| Failure::internal("failed to generate token"))?;
    object["status"] = json!({"token": token, "expirationTimestamp": meta::now(life)});
    if !object["spec"]["boundObjectRef"].is_object() {
        object["spec"]["boundObjectRef"] = Value::Null;
    }
    Ok(call.unstored(201, &object))
}

fn check(spec: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let (life, attestations) = (&spec["expirationSeconds"], &spec["attestations"]);
    let field = "spec.expirationSeconds";
    if life.as_i64().is_some_and(|it| it < SHORTEST) {
        causes.push(Cause::invalid(field, life, "may not specify a duration less than 10 minutes"));
    }
    if life.as_i64().is_some_and(|it| it > LONGEST) {
        causes.push(Cause::invalid(field, life, "may not specify a duration larger than 2^32 seconds"));
    }
    if attestations.as_object().is_some_and(|it| !it.is_empty()) {
        let why = "attestations may only be specified with a webhook bound object reference";
        return vec![Cause::invalid("spec.attestations", attestations, why)];
    }
    causes
}

/// Puts what a token is bound to into its claims.
fn bind(bound: &Value, namespace: &str, account: &str, store: &Store, private: &mut Value) -> Outcome<()> {
    let text = |name: &str| bound[name].as_str().unwrap_or_default();
    let (kind, version, name) = (text("kind"), text("apiVersion"), text("name"));
    let (group, short) = version.split_once('/').unwrap_or(("", version));
    let (plural, member) = match (group, kind) {
        ("", "Pod") => ("pods", "pod"),
        ("", "Node") => ("nodes", "node"),
        ("", "Secret") => ("secrets", "secret"),
        _ => {
            let shown = format!("{group}/{short}, Kind={kind}");
            return Err(Failure::bad_request(format!("cannot bind token to object of type {shown}")));
        }
    };
    let key = if kind == "Node" { name.to_owned() } else { format!("{namespace}/{name}") };
    let found = store.get(&(String::new(), plural.to_owned()), &key);
    let found = found.ok_or_else(|| Failure::not_found("", plural, name))?;
    let uid = meta::text(&found.value, "uid");
    private[member] = json!({"name": name, "uid": uid});
    if kind == "Pod" {
        let spec = &found.value["spec"];
        if spec["serviceAccountName"].as_str().unwrap_or_default() != account {
            return Err(Failure::bad_request(format!(
                "cannot bind token for serviceaccount \"{account}\" to pod running with different serviceaccount name."
            )));
        }
        let node = spec["nodeName"].as_str().unwrap_or_default();
        if !node.is_empty() {
            private["node"] = json!({"name": node});
            if let Some(found) = store.get(&(String::new(), "nodes".to_owned()), node) {
                private["node"]["uid"] = meta::text(&found.value, "uid").into();
            }
        }
    }
    let wanted = text("uid");
    if !wanted.is_empty() && wanted != uid {
        let why = format!(
            "the UID in the bound object reference ({wanted}) does not match the UID in record. The object might have been deleted and then recreated"
        );
        return Err(Failure::conflict(group, kind, name, &why));
    }
    Ok(())
}

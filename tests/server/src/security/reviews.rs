//! Reviews: whose a token is, who asks, who may do what. They are answered and never stored.
//!
//! The reviews of access are read and checked in `access_review`.

use serde_json::{Map, Value, json};

use super::access_review;
use super::authenticate::by_token;
use super::rbac::Granted;
use super::tokens::ISSUER;
use crate::apply::fields::FieldSet;
use crate::apply::managers;
use crate::call::{Call, Reply};
use crate::failure::{Failure, Outcome};
use crate::schema::strings;
use crate::verbs::create::{cannot_handle, drop_unknown, place};
use crate::{body, kinds, meta};

/// Answers the creation of a review.
pub(crate) fn create(call: &Call<'_>) -> Outcome<Reply> {
    let mut object = read(call)?;
    match call.resource.plural.as_str() {
        "selfsubjectreviews" => {
            let metadata = json!({"creationTimestamp": meta::now(0)});
            let answer = json!({"metadata": metadata, "status": {"userInfo": call.incoming.caller.info()}});
            return Ok(call.unstored(201, &answer));
        }
        "selfsubjectrulesreviews" => return rules(call, &object),
        "tokenreviews" => token(call, &mut object)?,
        _ => access_review::answer(call, &mut object)?,
    }
    Ok(call.unstored(201, &object))
}

/// Reads the body of a create that stores nothing, and notes who sent what.
pub(super) fn read(call: &Call<'_>) -> Outcome<Value> {
    read_with(call, |_| {})
}

/// The same, with defaults of its own.
pub(super) fn read_with(call: &Call<'_>, fill: impl Fn(&mut Value)) -> Outcome<Value> {
    let options = call.write_options("CreateOptions", false)?;
    let mut object = body::read(call.incoming, &call.resource.kind)?;
    body::check_type(&mut object, &call.resource, &call.incoming.body)?;
    drop_unknown(call, &mut object, options.unknown).map_err(|why| cannot_handle(call, &why))?;
    place(call, &mut object)?;
    // Protobuf says that nothing is said.
    meta::tidy(&mut object);
    if object["metadata"]["generation"] == 0 {
        meta::remove(&mut object, "generation");
    }
    kinds::fill_defaults(&call.resource, &mut object);
    fill(&mut object);
    if let Some(schema) = call.resource.schema() {
        // What is written though nobody set it belongs to nobody.
        let mut empty = json!({"metadata": {}});
        kinds::round_trip(&mut empty, &schema);
        let (manager, now) = (call.manager(false), meta::now(0));
        managers::update(&empty, &mut object, &schema, manager, &FieldSet::default(), &now);
    }
    meta::tidy(&mut object);
    Ok(object)
}

fn token(call: &Call<'_>, object: &mut Value) -> Outcome<()> {
    let token = object["spec"]["token"].as_str().unwrap_or_default();
    if token.is_empty() {
        return Err(Failure::bad_request("token is required for TokenReview in authentication"));
    }
    let mut audiences = strings(object["spec"].get("audiences"));
    if audiences.is_empty() {
        audiences.push(ISSUER.to_owned());
    }
    let mut status = object["status"].as_object().cloned().unwrap_or_default();
    status.remove("authenticated");
    match by_token(call.shared, token, &audiences) {
        Ok((who, common)) => {
            status.insert("authenticated".to_owned(), true.into());
            status.insert("user".to_owned(), who.info());
            status.insert("audiences".to_owned(), json!(common));
        }
        Err(why) => {
            status.entry("user").or_insert_with(|| Value::Object(Map::new()));
            if !why.is_empty() {
                status.insert("error".to_owned(), why.into());
            }
        }
    }
    object["status"] = Value::Object(status);
    Ok(())
}

fn rules(call: &Call<'_>, object: &Value) -> Outcome<Reply> {
    let namespace = object["spec"]["namespace"].as_str().unwrap_or_default();
    if namespace.is_empty() {
        return Err(Failure::bad_request("no namespace on request"));
    }
    let (mut resources, mut paths, mut error) = (Vec::new(), Vec::new(), String::new());
    let who = &call.incoming.caller;
    if call.shared.security.rbac() {
        let granted = Granted::to(&call.store(), who, namespace);
        error = granted.error();
        for (rule, _) in granted.rules {
            if !rule.resources.is_empty() {
                let mut told = json!({
                    "verbs": rule.verbs,
                    "apiGroups": rule.groups,
                    "resources": rule.resources,
                });
                if !rule.names.is_empty() {
                    told["resourceNames"] = json!(rule.names);
                }
                resources.push(told);
            }
            if !rule.urls.is_empty() {
                paths.push(json!({"verbs": rule.verbs, "nonResourceURLs": rule.urls}));
            }
        }
    } else {
        resources.push(json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}));
        paths.push(json!({"verbs": ["*"], "nonResourceURLs": ["*"]}));
    }
    let mut status = json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false});
    if !error.is_empty() {
        status["evaluationError"] = error.into();
    }
    Ok(call.unstored(201, &json!({"metadata": {}, "spec": {}, "status": status})))
}

//! Who may approve and sign certificate requests of a signer: the verbs `approve` and `sign` on `signers`.

use serde_json::Value;

use super::attributes::Attributes;
use super::identity::MASTERS;
use super::rbac::Granted;
use crate::call::Call;
use crate::failure::{Failure, Outcome};
use crate::store::Store;

const GROUP: &str = "certificates.k8s.io";

/// Refuses an approval, or a certificate, of somebody who may not give it.
pub(crate) fn check(call: &Call<'_>, store: &Store, new: &Value, old: &Value) -> Outcome<()> {
    let who = &call.incoming.caller;
    let is_request = call.resource.is(GROUP, "certificatesigningrequests");
    if !is_request || !call.shared.security.rbac() || who.is_in(MASTERS) {
        return Ok(());
    }
    let changed = |field: &str| {
        let value = |it: &Value| it["status"].get(field).filter(|it| !it.is_null()).cloned();
        value(new) != value(old)
    };
    let verb = match call.subresource() {
        "approval" => "approve",
        "status" if changed("certificate") || changed("conditions") => "sign",
        _ => return Ok(()),
    };
    let signer = old["spec"]["signerName"].as_str().unwrap_or_default();
    let domain = signer.split('/').next().unwrap_or_default();
    let granted = Granted::to(store, who, "");
    let may = |name: String| {
        let asked = Attributes {
            is_resource: true,
            verb: verb.to_owned(),
            group: GROUP.to_owned(),
            resource: "signers".to_owned(),
            name,
            ..Attributes::default()
        };
        granted.decide(&asked).0
    };
    // The name itself, or all names of its domain.
    if may(signer.to_owned()) || may(format!("{domain}/*")) {
        return Ok(());
    }
    let why =
        format!("user not permitted to {verb} requests with signerName {}", super::attributes::quote(signer));
    Err(Failure::forbidden(GROUP, &call.resource.plural, call.name(), &why))
}

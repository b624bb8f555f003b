//! The kubeconfig of a test control plane, written as JSON (which is YAML). It reads none.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::credentials::Credentials;

/// One context per way to log in: `admin` (token, the current one), `cert-admin` (client certificate) and `user`
/// (token of somebody who may do nothing).
pub(crate) fn text(server: &str, credentials: &Credentials) -> String {
    let user = |name: &str, user: Value| json!({"name": name, "user": user});
    let context = |name: &str| json!({"name": name, "context": {"cluster": "clientset-test", "user": name}});
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "clientset-test",
            "cluster": {"server": server, "certificate-authority-data": STANDARD.encode(&credentials.ca)},
        }],
        "users": [
            user("admin", json!({"token": credentials.admin_token})),
            user("cert-admin", json!({
                "client-certificate-data": STANDARD.encode(&credentials.client.certificate),
                "client-key-data": STANDARD.encode(&credentials.client.key),
            })),
            user("user", json!({"token": credentials.user_token})),
        ],
        "contexts": [context("admin"), context("cert-admin"), context("user")],
        "current-context": "admin",
    });
    format!("{config:#}\n")
}

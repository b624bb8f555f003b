//! What exec plugins print: any bytes give a credential or an error, and no error repeats what may be a secret.

use clientset::{ExecApiVersion, fuzz_exec_credential};
use serde_json::Value;

/// Stands in the seeds wherever a secret would.
const CANARY: &str = "s3cr3t";

pub(super) fn check(data: &[u8]) {
    let json: Option<Value> = serde_json::from_slice(data).ok();
    for version in [ExecApiVersion::V1, ExecApiVersion::V1Beta1] {
        match fuzz_exec_credential(data, version) {
            Ok((token, certificate)) => {
                assert!(token.is_some() || certificate, "something was given");
                let token = token.unwrap_or_default();
                assert!(!token.chars().any(|c| c.is_whitespace() || c.is_control()));
                // Where it is JSON without members twice, the token is the one that everybody reads.
                if let Some(json) = &json {
                    assert_eq!(json["apiVersion"], version.as_str());
                    assert_eq!(json["kind"], "ExecCredential");
                    assert_eq!(json["status"]["token"].as_str().unwrap_or_default().trim(), token);
                }
            }
            Err(message) => assert!(!message.contains(CANARY) && message.len() < 300, "{message}"),
        }
    }
}

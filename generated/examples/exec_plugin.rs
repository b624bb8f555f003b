//! An exec credential plugin: gives the token that is in a file, for ten minutes at a time.
//!
//! A kubeconfig's user names it so:
//!
//!     exec:
//!       apiVersion: client.authentication.k8s.io/v1
//!       command: /path/to/exec_plugin
//!       args: [/path/to/token]
//!       interactiveMode: Never

use std::time::{Duration, SystemTime};

use clientset::ExecPluginRequest;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: exec_plugin TOKEN_FILE")?;
    let request = ExecPluginRequest::from_env()?;
    let token = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let expires = SystemTime::now() + Duration::from_secs(600);
    println!("{}", request.answer().token(token.trim()).expires(expires).to_json());
    Ok(())
}

//! The configuration that Kubernetes gives to every pod. Needs the token and the address, and forgives the rest.

use std::fs;
use std::path::{Path, PathBuf};

use super::kubeconfig::{Cluster, User};
use super::tls::read_limited;
use super::{Environment, Kubeconfig, PemSource};
use crate::error::Kind;
use crate::{Error, Result};

const ORIGIN: &str = "in-cluster configuration";

/// What a pod's service account gives, as if it stood in a kubeconfig, so that overrides mean the same; or why there is none.
pub(crate) fn kubeconfig(environment: &Environment) -> Result<Kubeconfig> {
    let fail = |message: String| Err(Error::new(Kind::NoConfig, ORIGIN, message));
    let missing = missing_variables(environment);
    if !missing.is_empty() {
        return fail(format!("this is not a pod of a cluster: {} not set", missing.join(" and ")));
    }
    let text =
        |name| environment.get(name).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default();
    let (host, port) = (text("KUBERNETES_SERVICE_HOST"), text("KUBERNETES_SERVICE_PORT"));
    let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host };

    let Some(token) = environment.service_account_file("token") else {
        return fail("there is no service account folder".to_owned());
    };
    if let Err(error) = readable(&token) {
        let message = format!("the service account token {} cannot be read: {error}", token.display());
        return fail(message).map_err(|error| {
            error.with_help(
                "the pod may run without one: see automountServiceAccountToken in its specification",
            )
        });
    }
    let text = |path: &Path| Some(path.to_string_lossy().into_owned());
    let mut cluster = Cluster { server: Some(format!("https://{host}:{port}")), ..Cluster::default() };
    let mut origin = ORIGIN.to_owned();
    match authority(environment) {
        Ok(path) => cluster.certificate_authority = text(&path),
        // As client-go: the platform's authorities may do. The origin stands in the messages where they do not.
        Err(why) => origin = format!("{ORIGIN} (without its authority: {why})"),
    }
    let user = User { token_file: text(&token), ..User::default() };
    Ok(Kubeconfig::of_a_pod(origin, cluster, user, namespace(environment), environment))
}

/// Whether `kubeconfig` has a chance: the address is set and there is a token.
pub(crate) fn is_possible(environment: &Environment) -> bool {
    missing_variables(environment).is_empty()
        && environment.service_account_file("token").is_some_and(|token| token.is_file())
}

/// Why there is no in-cluster configuration, for the list of places that were looked at.
pub(crate) fn why_not(environment: &Environment) -> String {
    let missing = missing_variables(environment);
    if !missing.is_empty() {
        return format!("in-cluster: {} not set", missing.join(" and "));
    }
    match environment.service_account_file("token") {
        Some(token) => format!("in-cluster: {} does not exist", token.display()),
        None => "in-cluster: there is no service account folder".to_owned(),
    }
}

/// The pod's own namespace.
pub(crate) fn namespace(environment: &Environment) -> Option<String> {
    if !is_possible(environment) {
        return None;
    }
    let said = environment.get("POD_NAMESPACE").map(|name| name.to_string_lossy().into_owned());
    let filed = || {
        let path = environment.service_account_file("namespace")?;
        String::from_utf8(read_limited(&path, 4096).ok()?).ok()
    };
    let name = said.or_else(filed)?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn missing_variables(environment: &Environment) -> Vec<&'static str> {
    let names = ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"];
    names.into_iter().filter(|name| environment.get(name).is_none()).collect()
}

fn authority(environment: &Environment) -> std::result::Result<PathBuf, String> {
    let path = environment.service_account_file("ca.crt").ok_or("there is no service account folder")?;
    let source = PemSource::File(path.clone());
    let pem = source.read("authority").map_err(|error| error.to_string())?;
    let pem =
        String::from_utf8_lossy(secrecy::ExposeSecret::expose_secret(&pem)).contains("BEGIN CERTIFICATE");
    if pem { Ok(path) } else { Err(format!("{} holds no certificate", path.display())) }
}

fn readable(path: &Path) -> std::io::Result<()> {
    let file = fs::File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(std::io::Error::other("it is a folder"));
    }
    Ok(())
}

//! What may not stand together in a configuration. All problems are said at once; none repeats a secret.

use std::fs::File;

use secrecy::ExposeSecret;

use super::impersonation::is_header_value;
use super::{Config, PemSource, server};
use crate::error::Kind;
use crate::{Error, Result};

impl Config {
    /// Everything that is wrong, in the order of the builder's methods.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        problems.extend(self.server.as_ref().err().cloned());
        self.tls_problems(&mut problems);
        self.credential_problems(&mut problems);
        self.plain_http_problems(&mut problems);
        problems.extend(self.impersonation.iter().flat_map(|who| who.problems()));
        problems
            .extend(self.proxy.iter().filter_map(|proxy| server::check_proxy(proxy.expose_secret()).err()));
        if self.user_agent.is_empty() || !is_header_value(&self.user_agent) {
            problems.push(format!("user agent {:?} is no header value", self.user_agent));
        }
        problems
    }

    fn tls_problems(&self, problems: &mut Vec<String>) {
        if self.tls.insecure && self.tls.ca.is_some() {
            problems.push(
                "a certificate authority and insecure-skip-tls-verify are both set: drop the second, or the server \
                 is not checked at all"
                    .to_owned(),
            );
        }
        let (chain, key) = match &self.tls.identity {
            Some((chain, key)) => (Some(chain), Some(key)),
            None => (None, None),
        };
        let sources = [
            ("certificate authority", self.tls.ca.as_ref()),
            ("client certificate", chain),
            ("client key", key),
        ];
        for (what, source) in sources {
            match source {
                Some(PemSource::File(path)) => problems.extend(unreadable(what, path)),
                Some(PemSource::Inline(pem)) if pem.expose_secret().iter().all(u8::is_ascii_whitespace) => {
                    problems.push(format!("the {what} is empty"));
                }
                _ => {}
            }
        }
    }

    fn credential_problems(&self, problems: &mut Vec<String>) {
        let credentials = &self.credentials;
        if credentials.basic.is_some() && (credentials.token.is_some() || credentials.token_file.is_some()) {
            problems.push(
                "a token and a user name with password are both set: a request can carry only one".to_owned(),
            );
        }
        if let Some(token) = &credentials.token {
            let token = token.expose_secret();
            if token.is_empty() {
                problems.push("the token is empty".to_owned());
            } else if token.chars().any(|c| c.is_control() || c.is_whitespace()) {
                problems.push("the token holds white space or a control character".to_owned());
            }
        }
        if let Some(path) = &credentials.token_file {
            problems.extend(unreadable("token file", path));
        }
        if let Some((user, password)) = &credentials.basic {
            if user.contains(':') {
                problems
                    .push("the user name holds a colon, which ends it in basic authentication".to_owned());
            }
            if user.is_empty() && password.expose_secret().is_empty() {
                problems.push("the user name is empty".to_owned());
            }
        }
        if let Some(plugin) = &credentials.exec {
            problems.extend(plugin.problems());
        }
        problems.extend(self.exec_policy.problems());
    }

    fn plain_http_problems(&self, problems: &mut Vec<String>) {
        if !self.is_plain_http() || self.allow_credentials_over_http {
            return;
        }
        let credentials = &self.credentials;
        let named = [
            (credentials.token.is_some(), "a token"),
            (credentials.token_file.is_some(), "a token file"),
            (credentials.basic.is_some(), "a user name and password"),
            (credentials.exec.is_some(), "an exec plugin"),
            (self.tls.identity.is_some(), "a client certificate"),
        ];
        let named: Vec<_> = named.into_iter().filter_map(|(set, what)| set.then_some(what)).collect();
        if !named.is_empty() {
            problems.push(format!(
                "{} would be used over plain http, where everybody on the way can take it: use https, drop it (kubectl \
                 proxy needs none), or call allow_credentials_over_http(true)",
                named.join(" and ")
            ));
        }
    }
}

/// One error for all problems, or none.
pub(crate) fn report(origin: &str, problems: Vec<String>) -> Result<()> {
    match problems.as_slice() {
        [] => Ok(()),
        [only] => Err(Error::new(Kind::Config, origin, format!("invalid configuration: {only}"))),
        many => {
            let list: String = many.iter().map(|problem| format!("\n  - {problem}")).collect();
            let message = format!("invalid configuration, {} problems:{list}", many.len());
            Err(Error::new(Kind::Config, origin, message))
        }
    }
}

fn unreadable(what: &str, path: &std::path::Path) -> Option<String> {
    let error = match File::open(path).and_then(|file| file.metadata()) {
        Ok(metadata) if metadata.is_dir() => "it is a folder".to_owned(),
        Ok(_) => return None,
        Err(error) => error.to_string(),
    };
    Some(format!("{what} {} cannot be read: {error}", path.display()))
}

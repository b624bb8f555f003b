//! What may not stand together in a configuration. All problems are said at once; none repeats a secret.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use secrecy::ExposeSecret;

use super::impersonation::is_header_value;
use super::places::Places;
use super::{Config, PemSource, server};
use crate::error::Kind;
use crate::{Error, Result};

impl Config {
    /// Everything that is wrong, in the order of the builder's methods: each with its place and what to do.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut found = Found { places: &self.places, problems: Vec::new() };
        if let Err(why) = &self.server {
            found.add("server", why);
        }
        self.tls_problems(&mut found);
        self.credential_problems(&mut found);
        self.exec_problems(&mut found);
        self.plain_http_problems(&mut found);
        for (member, message) in self.impersonation.iter().flat_map(|who| who.problems()) {
            found.add(member, &message);
        }
        if let Some(Err(why)) = self.proxy.as_ref().map(|proxy| server::check_proxy(proxy.expose_secret())) {
            found.add("proxy-url", &why);
        }
        if self.user_agent.is_empty() || !is_header_value(&self.user_agent) {
            found.add("user agent", &format!("{:?} is no header value; write name/version", self.user_agent));
        }
        for why in self.calls.problems() {
            found.add("rate limit", &why);
        }
        found.problems
    }

    fn tls_problems(&self, found: &mut Found<'_>) {
        if self.tls.insecure && self.tls.ca.is_some() {
            found.add(
                "insecure-skip-tls-verify",
                "set together with certificate-authority; drop insecure-skip-tls-verify, or the server is not checked at \
                 all",
            );
        }
        let (chain, key) = match &self.tls.identity {
            Some((chain, key)) => (Some(chain), Some(key)),
            None => (None, None),
        };
        let sources = [
            ("certificate-authority", self.tls.ca.as_ref()),
            ("client-certificate", chain),
            ("client-key", key),
        ];
        for (member, source) in sources {
            match source {
                Some(PemSource::File(path)) => found.unreadable(member, path, true),
                Some(PemSource::Inline(pem)) if pem.expose_secret().iter().all(u8::is_ascii_whitespace) => {
                    found.add(member, "empty; put the PEM text in, or drop it");
                }
                _ => {}
            }
        }
    }

    fn credential_problems(&self, found: &mut Found<'_>) {
        let credentials = &self.credentials;
        if credentials.basic.is_some() && (credentials.token.is_some() || credentials.token_file.is_some()) {
            found.add(
                "token",
                "set together with username and password; keep one, a request carries only one",
            );
        }
        if let Some(token) = &credentials.token {
            let token = token.expose_secret();
            if token.is_empty() {
                found.add("token", "empty; put the token in, or drop it");
            } else if token.chars().any(|c| c.is_control() || c.is_whitespace()) {
                found.add("token", "holds white space or a control character; write it in one piece");
            }
        }
        if let Some(path) = &credentials.token_file {
            found.unreadable("tokenFile", path, false);
        }
        if let Some((user, password)) = &credentials.basic {
            if user.contains(':') {
                found.add("username", "holds a colon, which ends it in basic authentication; take it out");
            }
            if user.is_empty() && password.expose_secret().is_empty() {
                found.add("username", "empty; name the user, or drop username and password");
            }
        }
    }

    fn exec_problems(&self, found: &mut Found<'_>) {
        for (member, message) in self.credentials.exec.iter().flat_map(|plugin| plugin.problems()) {
            found.add(member, &message);
        }
        found.problems.extend(self.exec_policy.problems());
    }

    fn plain_http_problems(&self, found: &mut Found<'_>) {
        if !self.is_plain_http() || self.allow_credentials_over_http {
            return;
        }
        let credentials = &self.credentials;
        let named = [
            (credentials.token.is_some(), "a token"),
            (credentials.token_file.is_some(), "a token file"),
            (credentials.basic.is_some(), "a user name and password"),
            (credentials.exec.is_some(), "an exec plugin"),
            (credentials.auth_provider.is_some(), "an auth-provider"),
            (self.tls.identity.is_some(), "a client certificate"),
        ];
        let named: Vec<_> = named.into_iter().filter_map(|(set, what)| set.then_some(what)).collect();
        if !named.is_empty() {
            let message = format!(
                "{} would be used over plain http, where everybody on the way can take it; use https, drop it (kubectl \
                 proxy needs none), or call allow_credentials_over_http(true)",
                named.join(" and ")
            );
            found.add("server", &message);
        }
    }
}

/// Problems, said with their places.
struct Found<'a> {
    places: &'a Places,
    problems: Vec<String>,
}

impl Found<'_> {
    fn add(&mut self, member: &str, message: &str) {
        self.problems.push(self.places.problem(member, message));
    }

    /// A file that is not there, is a folder, may not be read, or (where that is asked) holds nothing.
    fn unreadable(&mut self, member: &str, path: &Path, not_empty: bool) {
        let why = match File::open(path).and_then(|file| file.metadata()) {
            Ok(metadata) if metadata.is_dir() => {
                "cannot be read: it is a folder; name the file in it".to_owned()
            }
            Ok(metadata) if not_empty && metadata.is_file() && metadata.len() == 0 => {
                "is empty; put the PEM text in, or drop it".to_owned()
            }
            Ok(_) => return,
            Err(error) => {
                let what_to_do = match error.kind() {
                    ErrorKind::NotFound => "correct the path",
                    ErrorKind::PermissionDenied => "let this program's user read it",
                    _ => "name a file that can be read",
                };
                format!("cannot be read: {error}; {what_to_do}")
            }
        };
        self.add(member, &format!("{} {why}", path.display()));
    }
}

/// One error for all problems, or none.
pub(crate) fn report(origin: &str, problems: Vec<String>) -> Result<()> {
    if problems.is_empty() { Ok(()) } else { Err(failure(origin, problems)) }
}

/// One error for all problems.
pub(crate) fn failure(origin: &str, problems: Vec<String>) -> Error {
    let message = match problems.as_slice() {
        [only] => format!("invalid configuration: {only}"),
        many => {
            let list: String = many.iter().map(|problem| format!("\n  - {problem}")).collect();
            format!("invalid configuration, {} problems:{list}", many.len())
        }
    };
    Error::new(Kind::Config, origin, message)
}

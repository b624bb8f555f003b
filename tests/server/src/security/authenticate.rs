//! From credentials to an identity: bearer tokens, client certificates, or nothing.
//!
//! What the identity may do is not asked here.

use std::sync::Arc;

use hyper::header::{self, HeaderMap};

use super::identity::{Identity, Secret};
use super::impersonate::Wanted;
use super::tokens;
use crate::failure::{Failure, Outcome};
use crate::server::Shared;

/// The SHA-256 of a client certificate that was shown in a TLS handshake, in hex.
pub(crate) type Fingerprint = String;

/// What a request shows to say who it is.
#[derive(Debug, Default)]
pub(crate) struct Presented {
    pub(crate) authorization: Option<Secret>,
    pub(crate) certificate: Option<Fingerprint>,
    pub(crate) wanted: Wanted,
}

impl Presented {
    pub(crate) fn of(headers: &HeaderMap, certificate: Option<&Fingerprint>) -> Presented {
        let authorization = headers.get(header::AUTHORIZATION);
        Presented {
            authorization: authorization.map(|it| Secret::new(it.to_str().unwrap_or_default())),
            certificate: certificate.cloned(),
            wanted: Wanted::of(headers),
        }
    }

    /// What is wrong with an `Authorization` header that is not looked at.
    pub(crate) fn warning(&self) -> Option<&'static str> {
        let mut parts = self.authorization.as_ref()?.reveal().trim().splitn(3, ' ');
        let is_bearer = parts.next()?.eq_ignore_ascii_case("bearer");
        let is_spaced = parts.next()?.is_empty() && parts.next().is_some();
        let say =
            "the provided Authorization header contains extra space before the bearer token, and is ignored";
        (is_bearer && is_spaced).then_some(say)
    }

    /// The bearer token, if there is one.
    fn token(&self) -> Option<&str> {
        let mut parts = self.authorization.as_ref()?.reveal().trim().splitn(3, ' ');
        let scheme = parts.next()?;
        let token = parts.next()?;
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    }
}

/// Says who a request is, before any impersonation.
pub(super) fn identify(shared: &Arc<Shared>, presented: &Presented) -> Outcome<Identity> {
    let security = &shared.security;
    let mut refused = false;
    if let Some(fingerprint) = &presented.certificate {
        match security.certificates.owner(fingerprint) {
            Some(who) => return Ok(who),
            None => refused = true,
        }
    }
    if let Some(token) = presented.token() {
        match by_token(shared, token, &[tokens::ISSUER.to_owned()]) {
            Ok((who, _)) => return Ok(who),
            // A server that lets everybody in does not ask strangers for their papers.
            Err(_) if security.is_open() && !tokens::is_ours(token) => {}
            Err(_) => refused = true,
        }
    }
    match refused {
        true => Err(Failure::unauthorized()),
        false if security.is_open() => Ok(Identity::admin()),
        false if security.lets_anonymous_in() => Ok(Identity::anonymous()),
        false => Err(Failure::unauthorized()),
    }
}

/// Whose token this is, with the audiences it is good for, or why it is refused.
pub(super) fn by_token(
    shared: &Arc<Shared>,
    token: &str,
    audiences: &[String],
) -> Result<(Identity, Vec<String>), String> {
    let security = &shared.security;
    if let Some(user) = security.users.iter().find(|it| it.tokens.iter().any(|it| it.reveal() == token)) {
        let api = [tokens::ISSUER.to_owned()];
        let common: Vec<String> = api.into_iter().filter(|it| audiences.contains(it)).collect();
        return if common.is_empty() { Err(String::new()) } else { Ok((user.identity(), common)) };
    }
    if !tokens::is_ours(token) {
        return Err("invalid bearer token".to_owned());
    }
    let (who, common) = tokens::verify(security.known_signer(), &shared.store(), token, audiences)
        .map_err(|why| format!("[invalid bearer token, {why}]"))?;
    Ok((who.authenticated(), common))
}

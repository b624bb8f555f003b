//! Who asks and whether they may: the chain that every request passes before it is routed.
//!
//! Authentication, impersonation, authorization, in this order, as in the real server. Nothing here reads a body but reviews do
//! (`reviews`, `token_request`), which are resources like any other.

mod access_review;
mod aggregate;
mod api;
mod attributes;
mod authenticate;
mod bootstrap;
pub(crate) mod escalation;
mod identity;
mod impersonate;
mod rbac;
pub(crate) mod reviews;
pub(crate) mod signers;
mod tls;
pub(crate) mod token_request;
mod tokens;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};

pub(crate) use attributes::Attributes;
pub(crate) use authenticate::{Fingerprint, Presented};
pub use identity::User;
pub(crate) use identity::{Identity, Secret};
use impersonate::Mode;
use rbac::Granted;
pub use tls::ClientCertificate;
pub(crate) use tls::{Certificates, accept, base64};
use tokens::Signer;

use crate::call::Call;
use crate::failure::Outcome;
use crate::request::Incoming;
use crate::server::Shared;
use crate::store::Store;

/// What a server is told about its users at its start.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(crate) users: Vec<User>,
    pub(crate) admin: Option<Secret>,
    pub(crate) anonymous: Option<bool>,
    pub(crate) rbac: bool,
    pub(crate) tls: bool,
}

/// What a server knows about its users.
#[derive(Debug)]
pub(crate) struct Security {
    users: Vec<User>,
    /// The token of the administrator; without one everybody is let in.
    admin: Option<Secret>,
    anonymous: bool,
    rbac: bool,
    pub(crate) certificates: Certificates,
    /// Made with the first token of a service account.
    signer: OnceLock<Option<Signer>>,
    /// Which way of impersonation each user took last.
    modes: Mutex<HashMap<String, Mode>>,
}

impl Security {
    pub(crate) fn new(settings: Settings) -> std::io::Result<Security> {
        let Settings { mut users, mut admin, anonymous, rbac, tls } = settings;
        if admin.is_none() && (rbac || anonymous.is_some() || !users.is_empty()) {
            admin = Some(Secret::new(tokens::random()));
        }
        if let Some(token) = &admin {
            let user = User::new("admin").uid("admin").group(identity::MASTERS);
            users.push(user.token(token.reveal()));
        }
        Ok(Security {
            users,
            admin,
            anonymous: anonymous.unwrap_or(rbac),
            rbac,
            certificates: Certificates::new(tls)?,
            signer: OnceLock::new(),
            modes: Mutex::default(),
        })
    }

    /// Whether everybody is let in and may do everything.
    pub(crate) fn is_open(&self) -> bool {
        self.admin.is_none()
    }

    pub(crate) fn rbac(&self) -> bool {
        self.rbac
    }

    fn lets_anonymous_in(&self) -> bool {
        self.anonymous
    }

    /// The key that signs the tokens of service accounts.
    fn signer(&self) -> Option<&Signer> {
        self.signer.get_or_init(Signer::new).as_ref()
    }

    /// The same if there is one already: without it no token can be ours.
    fn known_signer(&self) -> Option<&Signer> {
        self.signer.get()?.as_ref()
    }

    fn last_mode(&self, name: &str) -> Option<Mode> {
        self.modes.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }

    fn set_last_mode(&self, name: &str, mode: Mode) {
        const MOST: usize = 10_000;
        let mut modes = self.modes.lock().unwrap_or_else(PoisonError::into_inner);
        if modes.len() < MOST || modes.contains_key(name) {
            modes.insert(name.to_owned(), mode);
        }
    }

    /// The `user` of a kubeconfig for the administrator, as JSON.
    pub(crate) fn admin_credentials(&self) -> Value {
        self.admin.as_ref().map_or_else(|| json!({}), |it| json!({"token": it.reveal()}))
    }

    /// The same for one of the other users: a token, else a client certificate.
    pub(crate) fn credentials(&self, name: &str) -> Option<Value> {
        let user = self.users.iter().find(|it| it.name == name)?;
        if let Some(token) = user.tokens.first() {
            return Some(json!({"token": token.reveal()}));
        }
        let groups: Vec<&str> = user.groups.iter().map(String::as_str).collect();
        let made = self.certificates.issue(name, &groups).ok()?;
        Some(json!({
            "client-certificate-data": base64(&made.certificate),
            "client-key-data": base64(&made.key),
        }))
    }
}

/// Makes the objects that a server with RBAC begins with.
pub(crate) fn seed(shared: &Arc<Shared>) {
    if shared.security.rbac {
        bootstrap::seed(&mut shared.store(), shared.settings.all_apis);
    }
}

/// Says who a request is that may do what it asks for, or refuses it.
pub(crate) fn admit(shared: &Arc<Shared>, incoming: &Incoming) -> Outcome<Identity> {
    let security = &shared.security;
    let who = authenticate::identify(shared, &incoming.presented)?;
    let asked = || Attributes::of(&incoming.method, &incoming.path, &incoming.query);
    let decide = |who: &Identity, asked: &Attributes| decide(shared, who, asked);
    let wanted = &incoming.presented.wanted;
    let who = impersonate::become_wanted(security, &decide, who, wanted, asked)?;
    if security.rbac && !who.is_in(identity::MASTERS) {
        let asked = asked();
        let (allowed, reason) = decide(&who, &asked);
        if !allowed {
            return Err(asked.forbidden(&who, &reason));
        }
    }
    Ok(who)
}

/// Whether somebody may do something, with the reason.
pub(crate) fn decide(shared: &Arc<Shared>, who: &Identity, asked: &Attributes) -> (bool, String) {
    if !shared.security.rbac || who.is_in(identity::MASTERS) {
        return (true, String::new());
    }
    Granted::to(&shared.store(), who, &asked.namespace).decide(asked)
}

/// Refuses a patch or update that would create, by somebody who may not.
pub(crate) fn may_create(call: &Call<'_>, store: &Store) -> Outcome<()> {
    let (security, incoming) = (&call.shared.security, call.incoming);
    let who = &incoming.caller;
    if !security.rbac || incoming.method == "POST" || who.is_in(identity::MASTERS) {
        return Ok(());
    }
    let asked = Attributes::of(&incoming.method, &incoming.path, &incoming.query);
    let asked = Attributes { verb: "create".to_owned(), ..asked };
    match Granted::to(store, who, &asked.namespace).decide(&asked) {
        (true, _) => Ok(()),
        (false, reason) => Err(asked.forbidden(who, &reason)),
    }
}

/// Answers the paths where the keys that verify tokens of service accounts are found.
pub(crate) fn keys(shared: &Arc<Shared>, path: &str) -> Option<(&'static str, Value)> {
    match path {
        "/openid/v1/jwks" => {
            let keys = shared.security.signer().map_or_else(|| json!({"keys": []}), Signer::key_set);
            Some(("application/jwk-set+json", keys))
        }
        "/.well-known/openid-configuration" => Some((
            "application/json",
            json!({
                "issuer": tokens::ISSUER,
                "jwks_uri": format!("https://{}/openid/v1/jwks", shared.address),
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
            }),
        )),
        _ => None,
    }
}

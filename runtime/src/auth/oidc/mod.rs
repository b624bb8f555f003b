//! Tokens of OpenID Connect, as a kubeconfig's `auth-provider` of this name has them: the id-token while it holds, then
//! another by the refresh-token, which is written back.
//!
//! Deliberately not how the identity provider is asked (`provider`) nor what is in a token (`token`), and no log-in: that
//! is what exec plugins are for.

mod provider;
mod token;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};

use super::clock::{Age, Clock, Lifetime};
use super::renewed::{Failure, Fresh, Renewed, Source};
use super::{bearer, is_token};
use crate::config::{Config, StoredUser, trimmed_secret};
use crate::error::Kind;
use crate::{Error, Result};
use provider::Provider;

const AGAIN: &str = "log in again: `kubectl oidc-login setup` shows how to do that with an exec plugin, which needs no \
                     refresh-token here";

/// Where the tokens are kept between processes. Its functions block.
pub(super) trait Store: Send + Sync + 'static {
    /// The provider's settings as they stand now: another process may have refreshed meanwhile.
    fn read(&self) -> Result<BTreeMap<String, SecretString>>;

    /// Replaces some of them.
    fn save(&self, changed: &[(&str, &SecretString)]) -> Result<()>;
}

impl Store for StoredUser {
    fn read(&self) -> Result<BTreeMap<String, SecretString>> {
        StoredUser::read(self)
    }

    fn save(&self, changed: &[(&str, &SecretString)]) -> Result<()> {
        StoredUser::save(self, changed)
    }
}

/// One user of one identity provider.
pub(super) struct Oidc {
    provider: Provider,
    clock: Clock,
    tokens: Mutex<Tokens>,
    store: Option<Arc<dyn Store>>,
}

#[derive(Clone, Default)]
struct Tokens {
    id: Option<SecretString>,
    refresh: Option<SecretString>,
}

impl Tokens {
    fn of(settings: &BTreeMap<String, SecretString>) -> Self {
        let get = |name: &str| {
            let token = settings.get(name).map(|token| trimmed_secret(token.expose_secret().to_owned()));
            token.filter(|token| !token.expose_secret().is_empty())
        };
        Tokens { id: get("id-token"), refresh: get("refresh-token") }
    }
}

impl Oidc {
    /// Checks the settings. Nothing is sent yet.
    pub(super) fn open(
        settings: &BTreeMap<String, SecretString>,
        config: &Config,
        store: Option<Arc<dyn Store>>,
        clock: Clock,
    ) -> Result<Renewed<Oidc>> {
        let provider = Provider::new(settings, config).map_err(|problem| fail(&Failure::new(problem)))?;
        let tokens = Tokens::of(settings);
        if tokens.id.is_none() && tokens.refresh.is_none() {
            let neither = Failure::new("there is neither an id-token nor a refresh-token").with_help(AGAIN);
            return Err(fail(&neither));
        }
        let oidc = Oidc { provider, clock: clock.clone(), tokens: Mutex::new(tokens.clone()), store };
        Ok(match oidc.usable(&tokens) {
            Some(fresh) => Renewed::starting_with(oidc, clock, fresh),
            None => Renewed::with_clock(oidc, clock),
        })
    }

    /// The id-token, where it says until when it holds and that is to come.
    fn usable(&self, tokens: &Tokens) -> Option<Fresh> {
        let id = tokens.id.as_ref().filter(|id| is_token(id.expose_secret()))?;
        let expires = token::expiry(id.expose_secret())?;
        let now = self.clock.now();
        let fresh = Fresh { header: Some(bearer(id)), identity: None, expires: Some(expires) };
        (Lifetime::new(now, Some(expires)).age(now) != Age::Over).then_some(fresh)
    }

    async fn renew(&self) -> std::result::Result<Fresh, Failure> {
        let before = self.tokens();
        // A refresh-token is often good for one use, and another process may have used ours and written down the next.
        if let Some(store) = self.store.clone() {
            let read = tokio::task::spawn_blocking(move || store.read()).await;
            if let Ok(Ok(settings)) = read {
                let stored = Tokens::of(&settings);
                let same = |one: &Option<SecretString>, other: &Option<SecretString>| {
                    one.as_ref().map(|token| token.expose_secret())
                        == other.as_ref().map(|token| token.expose_secret())
                };
                let fresh = self.usable(&stored).filter(|_| !same(&stored.id, &before.id));
                if stored.refresh.is_some() && !same(&stored.refresh, &before.refresh) {
                    self.lock().refresh = stored.refresh.clone();
                }
                if let Some(fresh) = fresh {
                    self.lock().id = stored.id;
                    return Ok(fresh);
                }
            }
        }
        let Some(refresh) = self.tokens().refresh else {
            return Err(Failure::new("the id-token is over or was refused, and there is no refresh-token")
                .with_help(AGAIN));
        };
        let granted = self.provider.refresh(&refresh).await?;
        if !is_token(granted.id.expose_secret()) {
            return Err(Failure::new("the id_token that the provider gave is none"));
        }
        let Some(expires) = token::expiry(granted.id.expose_secret()) else {
            return Err(Failure::new("the id_token that the provider gave does not say when it expires"));
        };
        {
            let mut tokens = self.lock();
            tokens.id = Some(granted.id.clone());
            if let Some(next) = &granted.refresh {
                tokens.refresh = Some(next.clone());
            }
        }
        self.save(&granted).await;
        Ok(Fresh { header: Some(bearer(&granted.id)), identity: None, expires: Some(expires) })
    }

    /// Writes down what was granted. That it cannot be written is no reason to go without it now.
    async fn save(&self, granted: &provider::Granted) {
        let Some(store) = self.store.clone() else { return };
        let (id, refresh) = (granted.id.clone(), granted.refresh.clone());
        let saved = tokio::task::spawn_blocking(move || {
            let mut changed = vec![("id-token", &id)];
            changed.extend(refresh.as_ref().map(|refresh| ("refresh-token", refresh)));
            store.save(&changed)
        })
        .await;
        if let Ok(Err(error)) = saved {
            tracing::warn!(%error, "the refreshed tokens cannot be saved; other processes have to log in again");
        }
    }

    fn tokens(&self) -> Tokens {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Oidc {
    const KEEPS_THE_LAST: bool = false;
    /// A refresh-token is often good for one use.
    const USES_UP: bool = true;

    async fn obtain(&self) -> std::result::Result<Fresh, Failure> {
        tracing::debug!(issuer = self.provider.issuer(), "refreshing the OpenID Connect token");
        self.renew().await
    }

    fn needs_somebody(&self) -> bool {
        false
    }

    fn error(&self, failure: &Failure) -> Error {
        fail(failure)
    }
}

fn fail(failure: &Failure) -> Error {
    let error = Error::new(Kind::Auth, "auth-provider \"oidc\"", failure.message.as_str());
    match &failure.help {
        Some(help) => error.with_help(help.as_str()),
        None => error,
    }
}

#[cfg(test)]
mod tests;

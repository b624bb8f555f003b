//! One try: who asks, over which connections, and the request as it goes out.
//!
//! It deliberately decides nothing: what the answer means is the caller's business.

use std::sync::{Arc, PoisonError};

use secrecy::ExposeSecret;

use super::Client;
use super::attempts::Attempts;
use crate::Result;
use crate::auth::Presented;
use crate::request::{Class, Request};
use crate::transport::{HttpTransport, Outgoing, Transport};

impl Client {
    /// Who asks, for one try.
    pub(super) async fn presented(&self) -> Result<Presented> {
        self.shared.auth.presented().await.map_err(|error| self.with_origin(error))
    }

    /// Whether the server refused the credentials and others may be had: once for each call.
    pub(super) fn renewed(&self, attempts: &mut Attempts, status: u16, refused: &Presented) -> bool {
        if status != 401 || attempts.renewed {
            return false;
        }
        attempts.renewed = true;
        self.shared.auth.refuse(refused)
    }

    /// The connections to use: those that present the exec plugin's certificate, where there is one.
    pub(super) fn transport(&self, presented: &Presented) -> Result<Arc<dyn Transport>> {
        let Some(identity) = &presented.identity else {
            return Ok(self.shared.transport.clone());
        };
        let mut presenting = self.shared.presenting.lock().unwrap_or_else(PoisonError::into_inner);
        match &*presenting {
            Some((generation, transport)) if *generation == identity.generation => Ok(transport.clone()),
            // Requests under way keep the old connections until they end; the identity of a new one is the new one.
            _ => {
                let transport: Arc<dyn Transport> =
                    Arc::new(HttpTransport::presenting(&self.shared.config, identity)?);
                *presenting = Some((identity.generation, transport.clone()));
                Ok(transport)
            }
        }
    }

    pub(super) fn outgoing(&self, request: &Request, presented: &Presented) -> Outgoing {
        let mut headers = request.headers.clone();
        for (name, value) in &self.shared.headers {
            if name != "user-agent" || headers.get(name).is_none() {
                headers.add(name.clone(), value.clone());
            }
        }
        // A compressed watch would be buffered on the way, and its events are too small to gain by it.
        let plain = request.class == Class::Stream || self.shared.config.compression_disabled();
        headers.set("accept-encoding", if plain { "identity" } else { "gzip" });
        if let Some(value) = &presented.authorization {
            headers.set("authorization", value.expose_secret());
        }
        Outgoing {
            method: request.method,
            url: format!("{}{}", self.shared.server, request.target()),
            headers,
            body: request.body.clone(),
            class: request.class,
        }
    }
}

//! One try: who asks, over which connections, and the request as it goes out.
//!
//! It deliberately decides nothing: what the answer means is the caller's business.

use secrecy::ExposeSecret;

use super::Client;
use super::attempts::Attempts;
use crate::Result;
use crate::auth::Presented;
use crate::request::{Class, Request};
use crate::transport::{Outgoing, Transport};

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
        // Who is refused had nothing done for him.
        attempts.under_way = false;
        attempts.renewed = self.shared.auth.refuse(refused);
        attempts.renewed
    }

    /// The connections to use, presenting the exec plugin's certificate where there is one.
    pub(super) fn transport(&self, presented: &Presented) -> Result<&dyn Transport> {
        self.shared.transport.present(presented.identity.as_ref())?;
        Ok(&*self.shared.transport)
    }

    pub(super) fn outgoing(&self, request: &Request, presented: &Presented) -> Result<Outgoing> {
        let mut headers = self.shared.headers.clone();
        headers.extend(&request.headers);
        // A compressed watch would be buffered on the way, and its events are too small to gain by it.
        let plain = request.class == Class::Stream || self.shared.config.compression_disabled();
        headers.set("accept-encoding", if plain { "identity" } else { "gzip" });
        if let Some(value) = &presented.authorization {
            headers
                .set_secret("authorization", value.expose_secret())
                .map_err(|error| error.in_context(|| request.context(&self.shared.server)))?;
        }
        let mut url = String::with_capacity(self.shared.server.len() + request.path.as_str().len() + 64);
        url.push_str(&self.shared.server);
        request.write_target(&mut url);
        Ok(Outgoing {
            method: request.method,
            url,
            headers,
            body: request.body.clone(),
            class: request.class,
        })
    }
}

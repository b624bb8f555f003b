//! The server's OpenAPI v3 documents: which there are, and their text.
//!
//! It deliberately reads none of them; that is for those who know what they look for.

use std::fmt;

use crate::error::{Error, Kind};
use crate::request::{Method, Path, Request};
use crate::wire::Map;
use crate::{Client, Result, object};

/// The OpenAPI v3 documents that a server has.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenApiIndex {
    /// One for each group and version, and one for each path outside of those.
    pub documents: Vec<OpenApiDocument>,
}

/// One OpenAPI v3 document of a server; asked for with [`OpenApiDocument::text`].
#[derive(Clone)]
pub struct OpenApiDocument {
    client: Client,
    path: String,
    target: Path,
    query: Vec<(String, String)>,
}

impl OpenApiIndex {
    pub(super) fn read(client: &Client, index: Index) -> Result<Self> {
        let documents = index.paths.into_iter().map(|(path, entry)| {
            OpenApiDocument::new(client, &path, &entry.server_relative_url).map_err(|why| {
                let context = format!("GET {}/openapi/v3", client.server());
                let shown = crate::error::excerpt(entry.server_relative_url.as_bytes(), 256);
                Error::new(
                    Kind::Decode,
                    context,
                    format!("the document {path:?} is said to be at {shown:?}: {why}"),
                )
                .with_help("only paths of the same server are followed")
            })
        });
        Ok(OpenApiIndex { documents: documents.collect::<Result<_>>()? })
    }

    /// The document of `apps/v1`, or of `v1` of the core group.
    pub fn document(&self, api_version: &str) -> Option<&OpenApiDocument> {
        self.documents.iter().find(|document| document.api_version() == Some(api_version))
    }
}

impl OpenApiDocument {
    fn new(client: &Client, path: &str, url: &str) -> Result<Self, String> {
        let (target, query) = url.split_once('?').unwrap_or((url, ""));
        let target = Path::absolute(target).map_err(|error| error.to_string())?;
        let plain =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match plain(name) && plain(value) {
                true => Ok((name.to_owned(), value.to_owned())),
                false => Err("its query is none that a server gives".to_owned()),
            }
        });
        Ok(OpenApiDocument {
            client: client.clone(),
            path: path.to_owned(),
            target,
            query: pairs.collect::<Result<_, String>>()?,
        })
    }

    /// The path that it describes, without the first slash: `apis/apps/v1`, `api/v1`, `version`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// `apps/v1`, or `v1` for the core group, where the document is about a version of a group.
    pub fn api_version(&self) -> Option<&str> {
        match self.path.strip_prefix("apis/") {
            Some(rest) => rest.split_once('/').filter(|(_, version)| !version.contains('/')).map(|_| rest),
            None => self.path.strip_prefix("api/").filter(|version| !version.contains('/')),
        }
    }

    /// What changes when the document does: with the same hash it need not be asked for again.
    pub fn hash(&self) -> Option<&str> {
        self.query.iter().find(|(name, _)| name == "hash").map(|(_, value)| value.as_str())
    }

    /// The document, as JSON text.
    ///
    /// # Errors
    ///
    /// When the server answers with a failure or not at all, or with what is no text.
    pub async fn text(&self) -> Result<String> {
        let mut request = Request::new(Method::Get, self.target.clone());
        for (name, value) in &self.query {
            request.query.push(name.clone(), value.clone());
        }
        let response = self.client.call(&request).await?;
        String::from_utf8(response.body.into())
            .map_err(|_| self.client.error(&request, Kind::Decode, "the answer is no UTF-8 text"))
    }
}

impl fmt::Debug for OpenApiDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OpenApiDocument").field(&self.path).finish()
    }
}

/// `/openapi/v3` as it comes.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Index {
    paths: Map<Entry>,
}

object! { Index { 0 paths "paths" [] Map required; } }

#[derive(Clone, Default, PartialEq)]
struct Entry {
    server_relative_url: String,
}

object! { Entry { 0 server_relative_url "serverRelativeURL" [] String required; } }

//! What a server offers: groups, versions, resources, its own version and its OpenAPI documents; and finding a resource by
//! what people call it.
//!
//! Deliberately without a cache but for the [`Mapper`]'s: each call asks the server.

mod aggregated;
mod legacy;
mod mapper;
mod model;
mod openapi;
mod query;
#[cfg(test)]
mod tests;
mod version;

pub use mapper::Mapper;
pub use model::{
    ApiGroup, ApiResource, ApiSubresource, ApiVersion, Discovered, GroupFailure, GroupVersions,
    PreferredResources,
};
pub use openapi::{OpenApiDocument, OpenApiIndex};
pub use version::ServerVersion;

use std::time::Duration;

use futures_util::{StreamExt as _, future, stream};

use crate::client::Response;
use crate::codec::{self, DecodeError, Value};
use crate::error::{self, Error, Kind};
use crate::request::{Method, Path, Request};
use crate::{Client, Result};

/// How many versions are asked for at once where they must be asked for one by one.
const AT_ONCE: usize = 16;
/// How long a version that failed gets to answer after all: what is broken must not hold up the rest.
const AGAIN_WITHIN: Duration = Duration::from_secs(10);

/// The discovery client. Cheap to clone; from [`Client::discovery`].
///
/// ```no_run
/// # async fn run(client: clientset_runtime::Client) -> clientset_runtime::Result<()> {
/// let found = client.discovery().all().await?;
/// for resource in found.preferred_resources().filter(|resource| resource.supports(["list", "watch"])) {
///     println!("{} {}", resource.info.api_version(), resource.info.plural);
/// }
/// for failure in &found.failures {
///     eprintln!("{failure}");
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Discovery {
    client: Client,
    /// How `/api` and `/apis` are asked for; `None` for the old form.
    accept: Option<&'static str>,
}

/// What `/api` or `/apis` answered.
enum Root {
    /// Everything below it.
    Aggregated(Discovered),
    /// Only the groups.
    Groups(Vec<GroupVersions>, Vec<GroupFailure>),
}

impl Discovery {
    fn new(client: &Client) -> Self {
        Discovery { client: client.clone(), accept: Some(aggregated::ACCEPT) }
    }

    /// The same client, which asks for one version after the other as before 1.26, even where there is a shorter way.
    #[must_use]
    pub fn unaggregated(mut self) -> Self {
        self.accept = None;
        self
    }

    /// The same client, which asks what the answering server itself serves, where several servers of different versions
    /// answer as one and tell each other what they serve (1.36 on). Older servers take it for the usual question.
    #[must_use]
    pub fn without_peers(mut self) -> Self {
        self.accept = Some(aggregated::ACCEPT_WITHOUT_PEERS);
        self
    }

    /// Everything that the server offers, in two calls where it can aggregate, else in one for each version.
    ///
    /// What fails is asked for once more; what fails then is in [`Discovered::failures`], beside all the rest.
    ///
    /// # Errors
    ///
    /// When neither `/api` nor `/apis` can be had, or one of them is there and cannot be read.
    pub async fn all(&self) -> Result<Discovered> {
        let (core, named) = self.roots().await?;
        let mut found = Discovered::default();
        for root in [core, named].into_iter().flatten() {
            match root {
                Root::Aggregated(part) => {
                    found.groups.extend(part.groups);
                    found.failures.extend(part.failures);
                }
                Root::Groups(groups, failures) => {
                    found.failures.extend(failures);
                    self.each_version(groups, &mut found).await;
                }
            }
        }
        self.again(&mut found).await;
        Ok(found)
    }

    /// Each resource once, in the version that the server prefers for it.
    ///
    /// # Errors
    ///
    /// As [`Discovery::all`].
    pub async fn preferred_resources(&self) -> Result<PreferredResources> {
        let found = self.all().await?;
        let resources = found.preferred_resources().cloned().collect();
        Ok(PreferredResources { resources, failures: found.failures })
    }

    /// The groups and their versions, without resources; the core group is first.
    ///
    /// # Errors
    ///
    /// As [`Discovery::all`]; and when a group cannot be read, since there is no other place to say so.
    pub async fn server_groups(&self) -> Result<Vec<GroupVersions>> {
        let (core, named) = self.clone().unaggregated().roots().await?;
        let mut all = Vec::new();
        for root in [core, named].into_iter().flatten() {
            match root {
                Root::Groups(groups, failures) => {
                    if let Some(failure) = failures.into_iter().next() {
                        return Err(failure.error);
                    }
                    all.extend(groups);
                }
                // Nobody asked for it.
                Root::Aggregated(_) => {}
            }
        }
        Ok(all)
    }

    /// The resources of one version: `apps/v1`, or `v1` of the core group.
    ///
    /// # Errors
    ///
    /// When the server does not serve it (`is_not_found`), answers with another failure or not at all, or what it answers
    /// cannot be read.
    pub async fn resources(&self, api_version: &str) -> Result<Vec<ApiResource>> {
        self.resources_within(api_version, None).await
    }

    async fn resources_within(&self, api_version: &str, limit: Option<Duration>) -> Result<Vec<ApiResource>> {
        let (group, version) = split(api_version);
        let mut request = version_path(api_version)
            .map(|path| Request::new(Method::Get, path))
            .map_err(|error| error.in_context(|| format!("discovery on {}", self.client.server())))?;
        request.timeout = limit;
        // One that is down may be so for days; `again` asks for it once more.
        request.uninvited = false;
        let response = self.client.call(&request).await?;
        legacy::resources(group, version, &response.body).map_err(|error| self.unreadable(&request, &error))
    }

    /// What the server is, from `/version`.
    ///
    /// # Errors
    ///
    /// When the server answers with a failure or not at all, or what it answers cannot be read.
    pub async fn server_version(&self) -> Result<ServerVersion> {
        self.value("/version").await
    }

    /// The OpenAPI v3 documents that the server has.
    ///
    /// # Errors
    ///
    /// When the server answers with a failure or not at all, or what it answers cannot be read or leads elsewhere.
    pub async fn openapi_v3(&self) -> Result<OpenApiIndex> {
        OpenApiIndex::read(&self.client, self.value("/openapi/v3").await?)
    }

    /// A new mapper from what people call a resource to the resource.
    pub fn mapper(&self) -> Mapper {
        Mapper::new(self.clone())
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    async fn value<T: Value + Default>(&self, path: &str) -> Result<T> {
        let request = Request::new(Method::Get, Path::absolute(path)?);
        let response = self.client.call(&request).await?;
        codec::from_slice(&response.body).map_err(|error| self.unreadable(&request, &error))
    }

    /// `/api` and `/apis`; a server can lack one of them.
    async fn roots(&self) -> Result<(Option<Root>, Option<Root>)> {
        let (core, named) = future::join(self.root(true), self.root(false)).await;
        match (core?, named?) {
            (Ok(core), Ok(named)) => Ok((Some(core), Some(named))),
            (Ok(core), Err(_)) => Ok((Some(core), None)),
            (Err(_), Ok(named)) => Ok((None, Some(named))),
            (Err(_), Err(error)) => Err(error.with_help(
                "there is no /api either: is this a Kubernetes API server, and its URL complete?",
            )),
        }
    }

    /// One of the two; the inner error is that it is not there.
    async fn root(&self, core: bool) -> Result<Result<Root>> {
        let mut request = Request::new(Method::Get, Path::absolute(if core { "/api" } else { "/apis" })?);
        if let Some(accept) = self.accept {
            request.headers.set("accept", accept);
        }
        let Response { headers, body, .. } = match self.client.call(&request).await {
            Ok(response) => response,
            Err(error) if error.is_not_found() => return Ok(Err(error)),
            Err(error) => return Err(error),
        };
        let context = request.context(self.client.server());
        let root = if self.accept.is_some() && aggregated::is_aggregated(headers.get("content-type")) {
            aggregated::read(core, &body, &context).map(Root::Aggregated)
        } else if core {
            legacy::core(&body).map(|groups| Root::Groups(groups, Vec::new()))
        } else {
            legacy::groups(&body, &context).map(|(groups, failures)| Root::Groups(groups, failures))
        };
        root.map(Ok).map_err(|error| self.unreadable(&request, &error))
    }

    /// Asks for every version of these groups, many at once, and keeps their order.
    async fn each_version(&self, groups: Vec<GroupVersions>, found: &mut Discovered) {
        let wanted: Vec<(usize, String, String)> = groups
            .iter()
            .enumerate()
            .flat_map(|(at, group)| {
                group.versions.iter().map(move |version| (at, group.group.clone(), version.clone()))
            })
            .collect();
        let first = found.groups.len();
        found.groups.extend(groups.into_iter().map(|group| ApiGroup {
            name: group.group,
            preferred_version: group.preferred_version,
            versions: Vec::new(),
        }));
        let calls = wanted.into_iter().map(|(at, group, version)| async move {
            let resources = self.resources(&model::api_version(&group, &version)).await;
            (at, group, version, resources)
        });
        let mut answers = stream::iter(calls).buffered(AT_ONCE);
        while let Some((at, group, version, resources)) = answers.next().await {
            let resources = resources.unwrap_or_else(|error| {
                found.failures.push(GroupFailure::new(&group, Some(&version), error));
                Vec::new()
            });
            // A version that failed is one all the same: its name is known.
            found.groups[first + at].versions.push(ApiVersion { version, resources });
        }
    }

    /// Asks once more for each version that failed: those who serve it may be back, and if not they say more of it.
    async fn again(&self, found: &mut Discovered) {
        let (failures, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut found.failures)
            .into_iter()
            .partition(|failure| failure.version.is_some() && worth_another_try(&failure.error));
        found.failures = rest;
        let calls = failures.into_iter().map(|failure| async move {
            let resources = self.resources_within(&failure.name(), Some(AGAIN_WITHIN)).await;
            (failure, resources)
        });
        let mut answers = stream::iter(calls).buffered(AT_ONCE);
        while let Some((failure, resources)) = answers.next().await {
            let resources = match resources {
                Ok(resources) => resources,
                Err(error) => {
                    let error = match failure.error.is_stale_discovery() {
                        true => failure.error.with_note(format!("asked by itself: {error}")),
                        false => error,
                    };
                    found.failures.push(GroupFailure { error, ..failure });
                    continue;
                }
            };
            let group = found.groups.iter_mut().find(|group| group.name == failure.group);
            let versions = group.into_iter().flat_map(|group| &mut group.versions);
            let version =
                versions.filter(|version| Some(&version.version) == failure.version.as_ref()).last();
            match version {
                Some(version) => version.resources = resources,
                None => found.failures.push(failure),
            }
        }
    }

    fn unreadable(&self, request: &Request, error: &DecodeError) -> Error {
        self.client
            .error(request, Kind::Decode, format!("the answer cannot be read: {error}"))
            .with_help(error::NO_API)
    }
}

/// Whether what failed can be different a moment later.
fn worth_another_try(error: &Error) -> bool {
    error.is_stale_discovery()
        || error.is_transport()
        || error.is_timeout()
        || error.http_status().is_some_and(|status| status == 429 || status >= 500)
}

/// Group and version of `group/version`, or of the `version` of the core group.
fn split(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

fn version_path(api_version: &str) -> Result<Path> {
    let mut path = Path::root();
    match api_version.split_once('/') {
        Some((group, version)) => {
            path.push("path", "apis")?.push("group", group)?.push("version", version)?;
        }
        None => {
            path.push("path", "api")?.push("version", api_version)?;
        }
    }
    Ok(path)
}

impl Client {
    /// The client that asks what the server offers.
    pub fn discovery(&self) -> Discovery {
        Discovery::new(self)
    }

    /// A new mapper from what people call a resource (`deploy`, `deployments.apps`, `apps/v1 Deployment`) to the resource.
    pub fn mapper(&self) -> Mapper {
        self.discovery().mapper()
    }
}

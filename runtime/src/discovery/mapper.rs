//! From what people call a resource to the resource, with a memory of what the server offers.
//!
//! It deliberately never grows old by the clock: it asks again when it does not know a name, since then one was added.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::model::{ApiGroup, ApiResource, ApiVersion, Discovered};
use super::query::{Outcome, Query};
use super::{Discovery, split};
use crate::error::{Error, Kind};
use crate::{Api, DynamicApi, DynamicObject, Entity as _, ResourceInfo, Result};

/// How many candidates an error lists.
const SHOWN: usize = 12;

/// Finds resources by name. Clones share what they know.
///
/// A name is a plural, a singular, a kind or a short name, alone or with a group or version: `deploy`, `deployments.apps`,
/// `deployments.v1.apps`, `pods.v1`, `apps/v1 Deployment`. Without a group the core group wins, then the server's order
/// of groups; without a version the one that the server prefers. Names written out win over short names.
///
/// ```no_run
/// # async fn run(client: clientset_runtime::Client) -> clientset_runtime::Result<()> {
/// let deployments = client.mapper().resolve("deploy").await?;
/// let list = client.dynamic(deployments).list().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Mapper {
    discovery: Discovery,
    /// Held while the server is asked, so that many lookups at once ask once.
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    all: Option<Arc<Discovered>>,
    /// Versions that were asked for by themselves, by `group/version`: enough where a name says its version.
    some: HashMap<String, Discovered>,
}

impl Mapper {
    pub(super) fn new(discovery: Discovery) -> Self {
        Mapper { discovery, known: Arc::default() }
    }

    /// The facts of the resource that is called `name`.
    ///
    /// # Errors
    ///
    /// When there is none (`is_no_match`), also not after asking the server once more; when there is more than one that
    /// could be meant (`is_ambiguous_resource`); and when the server cannot be asked. The first two list what there is.
    pub async fn resolve(&self, name: &str) -> Result<ResourceInfo> {
        self.resource(name).await.map(|resource| resource.info)
    }

    /// The facts of the resource of a kind: `apps/v1` and `Deployment`.
    ///
    /// # Errors
    ///
    /// As [`Mapper::resolve`].
    pub async fn resolve_kind(&self, api_version: &str, kind: &str) -> Result<ResourceInfo> {
        self.look_up(&Query::kind(api_version, kind)).await.map(|resource| resource.info)
    }

    /// The resource that is called `name`, with its verbs, subresources and other names.
    ///
    /// # Errors
    ///
    /// As [`Mapper::resolve`].
    pub async fn resource(&self, name: &str) -> Result<ApiResource> {
        self.look_up(&Query::parse(name)).await
    }

    /// The client for an object, by its kind: in its namespace, or else in the configuration's.
    ///
    /// # Errors
    ///
    /// As [`Mapper::resolve`].
    pub async fn api_of(&self, object: &DynamicObject) -> Result<DynamicApi> {
        let resource = self.resolve_kind(object.api_version(), object.kind()).await?;
        let client = self.discovery.client();
        let namespace = resource.namespaced.then(|| {
            let own = object.metadata().namespace().filter(|namespace| !namespace.is_empty());
            own.unwrap_or(client.default_namespace()).to_owned()
        });
        Ok(Api::dynamic(client, resource, namespace))
    }

    /// What is counted to a category, as `all`, in preferred versions.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked.
    pub async fn category(&self, name: &str) -> Result<Vec<ApiResource>> {
        Ok(self.discovered().await?.category(name).cloned().collect())
    }

    /// Everything that the mapper knows; asks the server if it knows nothing yet.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked.
    pub async fn discovered(&self) -> Result<Arc<Discovered>> {
        let mut known = self.known.lock().await;
        match &known.all {
            Some(all) => Ok(all.clone()),
            None => self.fetch(&mut known).await,
        }
    }

    /// Forgets everything, so that the next lookup asks the server.
    pub async fn invalidate(&self) {
        *self.known.lock().await = Known::default();
    }

    async fn look_up(&self, query: &Query) -> Result<ApiResource> {
        let mut known = self.known.lock().await;
        if let Some(all) = &known.all {
            if let Some(resource) = self.outcome(query, all)? {
                return Ok(resource);
            }
        } else if let Some(version) = query.only_version()
            && let Some(resource) = self.in_version(query, version, &mut known).await?
        {
            return Ok(resource);
        }
        // Not known, so something may have been added since; a second answer of the same is believed.
        let all = self.fetch(&mut known).await?;
        self.outcome(query, &all)?.ok_or_else(|| self.no_match(query, &all))
    }

    async fn fetch(&self, known: &mut Known) -> Result<Arc<Discovered>> {
        let all = Arc::new(self.discovery.all().await?);
        *known = Known { all: Some(all.clone()), some: HashMap::new() };
        Ok(all)
    }

    /// Looks into one version only: a name that says where it belongs should not wait for the whole server.
    async fn in_version(
        &self,
        query: &Query,
        version: String,
        known: &mut Known,
    ) -> Result<Option<ApiResource>> {
        if let Some(found) = known.some.get(&version) {
            return self.outcome(query, found);
        }
        let resources = match self.discovery.resources(&version).await {
            Ok(resources) => resources,
            // A name that is no path is no resource's either; what else it may be, the rest of the server tells.
            Err(error) if error.is_not_found() || error.is_request() => return Ok(None),
            Err(error) => return Err(error),
        };
        let (group, number) = split(&version);
        let found = Discovered {
            groups: vec![ApiGroup {
                name: group.to_owned(),
                preferred_version: number.to_owned(),
                versions: vec![ApiVersion { version: number.to_owned(), resources }],
            }],
            failures: Vec::new(),
        };
        let outcome = self.outcome(query, &found);
        known.some.insert(version, found);
        outcome
    }

    fn outcome(&self, query: &Query, found: &Discovered) -> Result<Option<ApiResource>> {
        match query.find(found) {
            Outcome::None => Ok(None),
            Outcome::One(resource) => Ok(Some(resource.clone())),
            Outcome::Many(candidates) => Err(self.ambiguous(query, &candidates)),
        }
    }

    fn ambiguous(&self, query: &Query, candidates: &[&ApiResource]) -> Error {
        let message = format!("this can be any of {}", shown(candidates));
        Error::new(Kind::AmbiguousResource, self.context(query), message)
            .with_help("say the group, as in `deployments.apps`, or group, version and kind")
    }

    fn no_match(&self, query: &Query, found: &Discovered) -> Error {
        let similar = query.similar(found);
        let mut message = "the server has no such resource".to_owned();
        if !similar.is_empty() {
            message.push_str(&format!("; it has {}", shown(&similar)));
        }
        let error = Error::new(Kind::NoMatch, self.context(query), message)
            .with_help("is its CRD installed, and this version of it served?");
        match found.failures.as_slice() {
            [] => error,
            failures => {
                let names: Vec<String> =
                    failures.iter().take(SHOWN).map(|failure| format!("{:?}", failure.name())).collect();
                let more = if failures.len() > SHOWN { " and more" } else { "" };
                error.with_note(format!(
                    "it may be in what could not be discovered: {}{more}",
                    names.join(", ")
                ))
            }
        }
    }

    fn context(&self, query: &Query) -> String {
        let text = crate::error::excerpt(query.text.as_bytes(), 256);
        format!("looking for the resource {text:?} on {}", self.discovery.client().server())
    }
}

/// `deployments.apps (Deployment of apps/v1)`.
fn shown(candidates: &[&ApiResource]) -> String {
    let mut names: Vec<String> = candidates
        .iter()
        .take(SHOWN)
        .map(|resource| {
            let ResourceInfo { group, kind, plural, .. } = &resource.info;
            let dot = if group.is_empty() { "" } else { "." };
            let name = format!("{plural}{dot}{group} ({kind} of {})", resource.info.api_version());
            crate::error::excerpt(name.as_bytes(), 256)
        })
        .collect();
    if candidates.len() > SHOWN {
        names.push(format!("{} more", candidates.len() - SHOWN));
    }
    names.join(", ")
}

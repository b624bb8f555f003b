//! Telling a server of custom resource definitions, and waiting until it serves them.
//!
//! The facts of definitions: where they are, and by which conditions they say how far they are. How objects are applied and
//! watched is the runtime's. It works on JSON, so that it needs no feature.
//!
//! What a kube-apiserver guarantees: once `Established` is true, the server that said so serves the kind, but a version that
//! was added to a definition, or another server of the same cluster, may need a moment more. So discovery has to list
//! each served version before this is done; what it lists is served, since both come from the same cache of definitions,
//! and discovery is told last. Of the other servers of a cluster nothing can be known from outside: they may answer 404
//! for about a second, against which each server holds back the first creation of an object for two.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use clientset_runtime::ensure::{Ensure, Progress, Wanted};
use clientset_runtime::{Client, Crd, DynamicObject, ResourceInfo, Result};

use crate::Clientset;

/// Who applies, unless somebody else is named.
const FIELD_MANAGER: &str = "clientset";
/// How long it may take, unless said otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Makes sure that a server knows custom resource definitions and serves their kinds.
///
/// Each definition is applied (server-side apply), all at the same time; then it watches until each is established with
/// the names that it asks for, and discovery lists every served version. Definitions that are there already, and are the
/// same, are left as they are; one that is being deleted is applied again once it is gone.
///
/// ```no_run
/// # #[cfg(feature = "example-v1")]
/// # async fn example(client: clientset::Clientset) -> clientset::Result<()> {
/// use clientset::{ensure_crds, example::v1::Widget};
///
/// ensure_crds(&client, [Widget::crd()]).await?;
/// client.example_v1().widgets("default").list().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// When the server finds a definition wrong (`is_invalid`, with the fields in `causes()`), its names belong to another one
/// (`is_not_accepted`), other field managers own what it says differently (`is_conflict`: see
/// [`force`](EnsureCrds::force)), the caller may not do this (`is_forbidden`: it takes `patch`, `create`, `get` and `watch`
/// of `customresourcedefinitions`), or not all are served when time is up (`is_timeout`, with what was still missing).
/// The definition that is meant is named in each.
pub fn ensure_crds<I>(client: &impl AsRef<Client>, crds: I) -> EnsureCrds
where
    I: IntoIterator,
    I::Item: Into<Crd>,
{
    EnsureCrds {
        client: client.as_ref().clone(),
        crds: crds.into_iter().map(Into::into).collect(),
        field_manager: None,
        force: false,
        timeout: TIMEOUT,
    }
}

/// Definitions that a server is to know: see [`ensure_crds`].
#[must_use = "a request does nothing until it is awaited or sent"]
#[derive(Clone, Debug)]
pub struct EnsureCrds {
    client: Client,
    crds: Vec<Crd>,
    field_manager: Option<String>,
    force: bool,
    timeout: Duration,
}

impl EnsureCrds {
    /// Who applies: `clientset`, unless said otherwise here or by the client.
    pub fn field_manager(mut self, manager: impl Into<String>) -> Self {
        self.field_manager = Some(manager.into());
        self
    }

    /// Takes over what other field managers say differently, as after `kubectl apply` of an older definition.
    pub fn force(mut self) -> Self {
        self.force = true;
        self
    }

    /// Gives up after this time: 30 seconds, unless said otherwise. What was applied stays.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Applies the definitions and waits until all are served.
    ///
    /// # Errors
    ///
    /// As [`ensure_crds`].
    pub async fn send(self) -> Result<()> {
        let mut wanted = Vec::new();
        for crd in &self.crds {
            let object = crd.to_dynamic()?;
            wanted.push(Wanted { name: crd.name(), served: served(crd, &object), object });
        }
        let by_client = self.client.default_field_manager().map(str::to_owned);
        let ensure = Ensure {
            client: self.client,
            resource: ResourceInfo::new(
                "apiextensions.k8s.io",
                "v1",
                "CustomResourceDefinition",
                "customresourcedefinitions",
                false,
            ),
            progress,
            help: "definitions of one group share no plural, singular, short name, kind or list kind: rename, or \
                   delete the other one",
            field_manager: self.field_manager.or(by_client).unwrap_or_else(|| FIELD_MANAGER.to_owned()),
            force: self.force,
            timeout: self.timeout,
        };
        ensure.run(wanted).await
    }
}

impl IntoFuture for EnsureCrds {
    type Output = Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl AsRef<Client> for Clientset {
    fn as_ref(&self) -> &Client {
        self.client()
    }
}

/// What discovery lists of a definition: the kind in each version that is served.
fn served(crd: &Crd, object: &DynamicObject) -> Vec<ResourceInfo> {
    let namespaced = object.text("/spec/scope") == Some("Namespaced");
    let versions = (0..).map(|at| format!("/spec/versions/{at}")).take_while(|version| object.has(version));
    let served = versions.filter(|version| {
        object.get::<bool>(&format!("{version}/served")).ok().flatten().unwrap_or_default()
    });
    let name = |version: String| object.text(&format!("{version}/name")).unwrap_or_default().to_owned();
    let info = |version: String| {
        ResourceInfo::new(
            crd.group().to_owned(),
            name(version),
            crd.kind().to_owned(),
            crd.plural().to_owned(),
            namespaced,
        )
    };
    served.map(info).collect()
}

/// How far a definition is, by its conditions.
///
/// The server compares names as this does: once it has accepted all, it does not look at the condition again, which may
/// stay false from names that were asked for in between.
fn progress(crd: &DynamicObject) -> Progress {
    if crd.has("/metadata/deletionTimestamp") {
        return Progress::Waiting(
            "it is being deleted, and will be applied again once it is gone".to_owned(),
        );
    }
    let accepted = names_accepted(crd);
    let said = |condition: &str| {
        let text = |member: &str| crd.text(&format!("{condition}/{member}")).unwrap_or_default();
        format!("{} is {} ({}: {})", text("type"), text("status"), text("reason"), text("message"))
    };
    if let Some(names) = condition(crd, "NamesAccepted")
        && !accepted
        && crd.text(&format!("{names}/status")) == Some("False")
    {
        return Progress::Refused(said(&names));
    }
    let Some(established) = condition(crd, "Established") else {
        return Progress::Waiting("the server has not looked at it yet".to_owned());
    };
    match crd.text(&format!("{established}/status")) {
        Some("True") if accepted => Progress::Ready,
        Some("True") => Progress::Waiting("the server has not accepted its names yet".to_owned()),
        _ => match crd.text(&format!("{established}/reason")) {
            // Both pass by themselves.
            Some("Installing" | "NotAccepted") | None => Progress::Waiting(said(&established)),
            Some(_) => Progress::Refused(said(&established)),
        },
    }
}

/// Where the condition of a type stands.
fn condition(crd: &DynamicObject, of_type: &str) -> Option<String> {
    (0..)
        .map(|at| format!("/status/conditions/{at}"))
        .take_while(|condition| crd.has(condition))
        .find(|condition| crd.text(&format!("{condition}/type")) == Some(of_type))
}

fn names_accepted(crd: &DynamicObject) -> bool {
    let text = |member: &str, name: &str| {
        crd.text(&format!("{member}/{name}")).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let list = |member: &str, name: &str| {
        crd.get::<Vec<String>>(&format!("{member}/{name}")).ok().flatten().unwrap_or_default()
    };
    let same = |name: &str| text("/spec/names", name) == text("/status/acceptedNames", name);
    let same_list = |name: &str| list("/spec/names", name) == list("/status/acceptedNames", name);
    ["plural", "singular", "kind", "listKind"].into_iter().all(same)
        && ["shortNames", "categories"].into_iter().all(same_list)
}

//! Seeing to it that objects are there and that the server has made of them what it should: apply, then watch.
//!
//! It knows no kind: how far an object is, and what the server then has to serve, is told by whoever asks. Not part of the
//! public interface; `ensure_crds` of the crate `clientset` is.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::error::{Error, Kind};
use crate::watch::WatchEvent;
use crate::{Client, DynamicApi, DynamicObject, Entity, ResourceInfo, Result};

/// The first pause before something is tried again; each is twice the one before, up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(1);
/// How long a refusal may be one of before the object was applied: the server writes a new one, or none if it still holds.
const STALE: Duration = Duration::from_secs(2);

/// How far an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is what it should be.
    Ready,
    /// It is not yet, and what is missing.
    Waiting(String),
    /// It will not be, and why.
    Refused(String),
}

/// An object that is to be there, and what the server serves once it is ready.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The object's name.
    pub name: String,
    /// What is applied.
    pub object: DynamicObject,
    /// What discovery has to list.
    pub served: Vec<ResourceInfo>,
}

/// Objects of one resource that are to be there, and how they are made so.
#[derive(Clone, Debug)]
pub struct Ensure {
    /// Where.
    pub client: Client,
    /// Of which resource, which lives in no namespace.
    pub resource: ResourceInfo,
    /// How far an object is.
    pub progress: fn(&DynamicObject) -> Progress,
    /// What can be done about a refusal.
    pub help: &'static str,
    /// Who applies.
    pub field_manager: String,
    /// Whether fields of others are taken over.
    pub force: bool,
    /// How long all of it may take.
    pub timeout: Duration,
}

/// What an object still waits for, for the message of the deadline.
struct Missing(Mutex<String>);

impl Missing {
    fn is(&self, what: impl Into<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = what.into();
    }

    fn get(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Ensure {
    /// Applies all objects and waits until each is ready, all at the same time. The first that fails ends it.
    ///
    /// # Errors
    ///
    /// When an object is refused, now or later, the server answers with a failure that does not pass, or time is up.
    pub async fn run(self, wanted: Vec<Wanted>) -> Result<()> {
        let wanted = self.distinct(wanted)?;
        let missing: Vec<Missing> = wanted.iter().map(|_| Missing(Mutex::default())).collect();
        let mut open: Vec<usize> = (0..wanted.len()).collect();
        let this = &self;
        let all = async {
            let each = wanted.iter().zip(&missing).enumerate();
            let mut running: FuturesUnordered<_> = each
                .map(|(at, (wanted, missing))| async move { (at, this.one(wanted, missing).await) })
                .collect();
            while let Some((done, result)) = running.next().await {
                result?;
                open.retain(|at| *at != done);
            }
            Ok(())
        };
        // Boxed, since it is large and lives in every future that waits for it.
        if let Ok(result) = timeout(self.timeout, Box::pin(all)).await {
            return result;
        }
        let late = open.iter().filter_map(|at| Some((wanted.get(*at)?, missing.get(*at)?)));
        let late: Vec<String> =
            late.map(|(wanted, missing)| format!("{}: {}", wanted.name, missing.get())).collect();
        let message = format!("not ready within {:?}: {}", self.timeout, late.join("; "));
        let help = "what was applied stays; the server may need longer, which a longer timeout allows";
        Err(Error::new(Kind::Timeout, self.describe(""), message).with_help(help))
    }

    fn describe(&self, name: &str) -> String {
        let space = if name.is_empty() { "" } else { " " };
        format!("ensure {}{space}{name} on {}", self.resource.plural, self.client.server())
    }

    /// Each name once; the same object may be wanted twice, as when two versions of a kind bring it along.
    fn distinct(&self, wanted: Vec<Wanted>) -> Result<Vec<Wanted>> {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut distinct: Vec<Wanted> = Vec::new();
        for wanted in wanted {
            let place = *places.entry(wanted.name.clone()).or_insert(distinct.len());
            match distinct.get(place) {
                None => distinct.push(wanted),
                Some(other) if other.object == wanted.object => {}
                Some(_) => {
                    let message = "two that differ have this name";
                    return Err(Error::new(Kind::Request, self.describe(&wanted.name), message)
                        .with_help("nothing was sent"));
                }
            }
        }
        Ok(distinct)
    }

    async fn one(&self, wanted: &Wanted, missing: &Missing) -> Result<()> {
        let api = self.client.dynamic(self.resource.clone());
        loop {
            missing.is("it is not applied yet");
            let applied = self.apply(&api, wanted, missing).await?;
            if self.client.defaults().dry_run {
                return Ok(());
            }
            // What was on its way out when it was applied is gone then: apply it again.
            if self.until_ready(&api, wanted, applied, missing).await? {
                break;
            }
        }
        for resource in &wanted.served {
            self.until_served(resource, missing).await?;
        }
        Ok(())
    }

    async fn apply(&self, api: &DynamicApi, wanted: &Wanted, missing: &Missing) -> Result<DynamicObject> {
        let mut pause = Pause::new();
        loop {
            let mut request = api.apply(&wanted.name, &wanted.object).field_manager(&self.field_manager);
            if self.force {
                request = request.force();
            }
            match request.await {
                // No connection at all is more likely a mistake than a moment.
                Err(error) if passes(&error) && !error.is_connect() => {
                    missing.is(error.to_string());
                    pause.wait().await;
                }
                result => return result,
            }
        }
    }

    /// Watches one object: `true` once it is ready, `false` once it is gone.
    async fn until_ready(
        &self,
        api: &DynamicApi,
        wanted: &Wanted,
        applied: DynamicObject,
        missing: &Missing,
    ) -> Result<bool> {
        let mut seen = Seen { version: String::new(), refused: None };
        if self.look(&applied, wanted, &mut seen, missing, true)? {
            return Ok(true);
        }
        let mut pause = Pause::new();
        loop {
            let watch = api
                .watch()
                .field_selector(format!("metadata.name={}", wanted.name))
                .resource_version(&seen.version)
                .allow_bookmarks();
            let mut watch = match watch.await {
                Ok(watch) => watch,
                Err(error) if error.is_expired() || error.is_gone() => {
                    match self.read_again(api, wanted, &mut seen, missing).await? {
                        Some(answer) => return Ok(answer),
                        None => continue,
                    }
                }
                Err(error) if passes(&error) => {
                    pause.wait().await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            loop {
                let event = match seen.refused.clone() {
                    None => watch.next().await,
                    Some((until, why)) => match timeout_at(until, watch.next()).await {
                        Ok(event) => event,
                        Err(_) => return Err(self.refused(wanted, &why)),
                    },
                };
                match event {
                    Some(Ok(WatchEvent::Added(object) | WatchEvent::Modified(object))) => {
                        pause = Pause::new();
                        if self.look(&object, wanted, &mut seen, missing, false)? {
                            return Ok(true);
                        }
                    }
                    Some(Ok(WatchEvent::Deleted(_))) => return Ok(false),
                    Some(Ok(WatchEvent::Bookmark(bookmark))) => seen.version = bookmark.resource_version,
                    Some(Err(error)) if error.is_decode() => {}
                    Some(Err(error)) if error.is_expired() || error.is_gone() => {
                        if let Some(answer) = self.read_again(api, wanted, &mut seen, missing).await? {
                            return Ok(answer);
                        }
                        break;
                    }
                    Some(Err(error)) if !passes(&error) => return Err(error),
                    // Ended or broken: on from the last version seen.
                    Some(Err(_)) | None => break,
                }
            }
            pause.wait().await;
        }
    }

    /// The object as it is now, where the server has forgotten what happened since the last version seen.
    async fn read_again(
        &self,
        api: &DynamicApi,
        wanted: &Wanted,
        seen: &mut Seen,
        missing: &Missing,
    ) -> Result<Option<bool>> {
        let mut pause = Pause::new();
        loop {
            match api.get(&wanted.name).await {
                Ok(object) => {
                    return Ok(self.look(&object, wanted, seen, missing, false)?.then_some(true));
                }
                Err(error) if error.is_not_found() => return Ok(Some(false)),
                Err(error) if passes(&error) => pause.wait().await,
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes notice of an object; `true` where it is ready.
    ///
    /// In the answer to the apply a refusal may be one of the object as it was before: the server has to look at it first.
    fn look(
        &self,
        object: &DynamicObject,
        wanted: &Wanted,
        seen: &mut Seen,
        missing: &Missing,
        applied: bool,
    ) -> Result<bool> {
        seen.version = object.metadata().resource_version().unwrap_or_default().to_owned();
        match (self.progress)(object) {
            Progress::Ready => return Ok(true),
            Progress::Waiting(what) => {
                missing.is(what);
                seen.refused = None;
            }
            Progress::Refused(why) if applied => {
                missing.is(&why);
                seen.refused = Some((Instant::now() + STALE, why));
            }
            Progress::Refused(why) => return Err(self.refused(wanted, &why)),
        }
        Ok(false)
    }

    fn refused(&self, wanted: &Wanted, why: &str) -> Error {
        let message = crate::error::excerpt(why.as_bytes(), 4096);
        Error::new(Kind::NotAccepted, self.describe(&wanted.name), message).with_help(self.help)
    }

    /// Asks discovery, for which there is no watch.
    async fn until_served(&self, resource: &ResourceInfo, missing: &Missing) -> Result<()> {
        let version = resource.api_version();
        missing.is(format!("discovery does not list {} in {version} yet", resource.plural));
        let mut pause = Pause::new();
        loop {
            match self.client.discovery().resources(&version).await {
                Ok(resources) if resources.iter().any(|listed| listed.info == *resource) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.is_not_found() || passes(&error) => {}
                Err(error) => return Err(error),
            }
            pause.wait().await;
        }
    }
}

/// What is known of an object that is watched.
struct Seen {
    version: String,
    /// Since the object was applied it is said to be refused, and until when that may be old.
    refused: Option<(Instant, String)>,
}

/// Whether the same may succeed a moment later.
fn passes(error: &Error) -> bool {
    error.is_transport()
        || error.is_connect()
        || error.is_timeout()
        || error.is_server_timeout()
        || error.is_service_unavailable()
        || error.is_too_many_requests()
}

struct Pause(Duration);

impl Pause {
    fn new() -> Self {
        Pause(FIRST_PAUSE)
    }

    async fn wait(&mut self) {
        sleep(self.0).await;
        self.0 = (self.0 * 2).min(LAST_PAUSE);
    }
}

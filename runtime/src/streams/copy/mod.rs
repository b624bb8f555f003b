//! Copying files out of and into a container: `tar` over exec, as kubectl does it.
//!
//! What a container sends is not trusted. The archive is read by [`unpack`], which writes only below the folder that was named;
//! [`pack`] makes the one that is sent. Both work on threads for blocking work, joined to the stream by a bounded pipe.

mod bridge;
mod pack;
mod unpack;

use std::fmt;
use std::future::IntoFuture;
use std::path::PathBuf;

use futures_util::future::Either;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::exec::ExecRequest;
use super::process::{ExitStatus, Stderr, Stdin, Stdout};
use crate::Result;
use crate::error::{Error, Kind, excerpt};
use crate::transport::BoxFuture;
use bridge::bridge;

/// How much is copied unless more is asked for.
const MAX_BYTES: u64 = 1 << 30;
/// How many entries an archive may have.
const MAX_ENTRIES: u64 = 1_000_000;
/// How many of the names that were left out are told.
const MAX_SKIPPED: usize = 1000;
/// How much of what tar complains about is kept.
const MAX_COMPLAINT: usize = 4096;
const PIECE: usize = 64 << 10;

/// What was copied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// How many files.
    pub files: u64,
    /// How many folders.
    pub directories: u64,
    /// How many bytes were in the files.
    pub bytes: u64,
    /// What was left out, since it is neither file nor folder: links, devices, pipes. The first thousand.
    pub skipped: Vec<String>,
}

impl Copied {
    fn skip(&mut self, path: &std::path::Path, what: &str) {
        if self.skipped.len() < MAX_SKIPPED {
            let path = excerpt(path.to_string_lossy().as_bytes(), 512);
            self.skipped.push(format!("{path} ({what})"));
        }
    }
}

/// The bounds of a copy.
#[derive(Clone, Copy, Debug)]
struct Limits {
    bytes: u64,
    entries: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { bytes: MAX_BYTES, entries: MAX_ENTRIES }
    }
}

macro_rules! setters {
    () => {
        /// Which container; needed where the pod has several and none is the default one.
        pub fn container(mut self, container: impl Into<String>) -> Self {
            self.exec = self.exec.map(|exec| exec.container(container));
            self
        }

        /// The most bytes that all files together may have: 1 GiB, unless said otherwise.
        pub fn max_bytes(mut self, bytes: u64) -> Self {
            self.limits.bytes = bytes;
            self
        }
    };
}

/// Copies a file or a folder out of a container. Awaited it gives what was [`Copied`].
///
/// `path` lands in `local` under its own last name: `/var/log` becomes `local/log`. Files that are there are replaced. Only
/// files and folders are copied: links, devices and pipes are left out and listed. Nothing is written outside of `local`,
/// whatever the container sends. What was written before a failure stays.
///
/// ```no_run
/// # async fn run(pods: clientset_runtime::DynamicApi) -> clientset_runtime::Result<()> {
/// let copied = pods.copy_from("web-0", "exec", "/var/log", "out").await?;
/// println!("{} files, {} left out", copied.files, copied.skipped.len());
/// # Ok(()) }
/// ```
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct CopyFromRequest {
    exec: Result<ExecRequest>,
    name: String,
    local: PathBuf,
    limits: Limits,
}

impl CopyFromRequest {
    pub(crate) fn new(
        exec: impl FnOnce(Vec<String>) -> ExecRequest,
        path: &str,
        local: impl Into<PathBuf>,
    ) -> Self {
        let (exec, name) = match split(path) {
            Some((parent, name)) => {
                let command = ["tar", "cf", "-", "-C", parent, &format!("./{name}")];
                (Ok(exec(command.map(str::to_owned).to_vec())), name.to_owned())
            }
            None => (Err(nameless(path)), String::new()),
        };
        CopyFromRequest { exec, name, local: local.into(), limits: Limits::default() }
    }

    setters!();

    /// Copies.
    ///
    /// # Errors
    ///
    /// As [`ExecRequest::start`]; when there is no `tar` in the container or it fails (`is_remote`), as when the path is not
    /// there; when more is sent than is wanted (`is_body_too_large`), or something that would be written elsewhere
    /// (`is_decode`); and when something cannot be written here (`is_local`).
    pub async fn send(self) -> Result<Copied> {
        let CopyFromRequest { exec, name, local, limits } = self;
        let mut process = exec?.start().await?;
        let context = process.context.clone();
        let (stdout, stderr) = (process.stdout(), process.stderr());
        let (sender, receiver) = bridge();
        let unpacking = tokio::task::spawn_blocking(move || unpack::unpack(receiver, &name, &local, limits));
        let unpacked = async {
            unpacking.await.unwrap_or_else(|error| {
                Err(Error::new(Kind::Local, "", format!("the archive could not be unpacked: {error}")))
            })
        };
        let streams = futures_util::future::join(feed(stdout, sender), complaint(stderr));
        // Where unpacking fails, nothing that the container still has to send is waited for.
        futures_util::pin_mut!(streams, unpacked);
        let (unpacked, ((), complaint)) = match futures_util::future::select(unpacked, streams).await {
            Either::Left((Err(error), _)) if !error.is_truncated() => {
                return Err(error.in_context(|| context.to_string()));
            }
            Either::Left((unpacked, streams)) => (unpacked, streams.await),
            Either::Right((streams, unpacked)) => (unpacked.await, streams),
        };
        finish(unpacked, process.wait().await, &complaint, &context)
    }
}

/// Copies a file or a folder into a container. Awaited it gives what was [`Copied`].
///
/// `local` lands in the folder `path` under its own last name: `conf` becomes `/etc/conf`. Files and folders keep their
/// permissions, as far as `tar` there gives them, are as old as the copy, and belong to whoever runs `tar`; links are copied as
/// links. Needs a server that speaks v5.
///
/// ```no_run
/// # async fn run(pods: clientset_runtime::DynamicApi) -> clientset_runtime::Result<()> {
/// pods.copy_to("web-0", "exec", "conf", "/etc").await?;
/// # Ok(()) }
/// ```
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct CopyToRequest {
    exec: Result<ExecRequest>,
    local: PathBuf,
    limits: Limits,
}

impl CopyToRequest {
    pub(crate) fn new(
        exec: impl FnOnce(Vec<String>) -> ExecRequest,
        local: impl Into<PathBuf>,
        path: &str,
    ) -> Self {
        let path = if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
        let command = ["tar", "xmf", "-", "-C", &path].map(str::to_owned).to_vec();
        CopyToRequest { exec: Ok(exec(command).stdin()), local: local.into(), limits: Limits::default() }
    }

    setters!();

    /// Copies.
    ///
    /// # Errors
    ///
    /// As [`ExecRequest::start`]; when there is no `tar` in the container or it fails (`is_remote`), as when the folder is
    /// not there; when something cannot be read here (`is_local`), or there is more than is wanted (`is_body_too_large`).
    pub async fn send(self) -> Result<Copied> {
        let CopyToRequest { exec, local, limits } = self;
        let mut process = exec?.start().await?;
        let context = process.context.clone();
        if !process.can_close_stdin() {
            let message =
                "the server speaks v4.channel.k8s.io only, which cannot tell tar that the archive ends";
            return Err(Error::new(Kind::Request, &*context, message));
        }
        let (stdin, stderr) = (process.stdin(), process.stderr());
        drop(process.stdout());
        let (sender, receiver) = bridge();
        let packing = tokio::task::spawn_blocking(move || pack::pack(sender, &local, limits));
        let waiting = futures_util::future::join(drain(receiver, stdin), complaint(stderr));
        let packed = async {
            packing.await.unwrap_or_else(|error| {
                Err(Error::new(Kind::Local, "", format!("the archive could not be made: {error}")))
            })
        };
        // Where packing fails, tar waits for more: it is not waited for.
        futures_util::pin_mut!(waiting, packed);
        let (packed, (_, complaint)) = match futures_util::future::select(packed, waiting).await {
            Either::Left((Ok(packed), waiting)) => (Ok(packed), waiting.await),
            Either::Left((Err(error), waiting)) if error.is_truncated() => (Err(error), waiting.await),
            Either::Left((Err(error), _)) => return Err(error.in_context(|| context.to_string())),
            Either::Right((waited, packed)) => (packed.await, waited),
        };
        finish(packed, process.wait().await, &complaint, &context)
    }
}

/// Hands output to a thread. What it does not take is thrown away, so that a failure here never waits for the other side.
async fn feed(stdout: Option<Stdout>, sender: bridge::Sender) {
    let Some(mut stdout) = stdout else { return };
    let mut buffer = vec![0; PIECE];
    while let Ok(length) = stdout.read(&mut buffer).await {
        if length == 0 {
            return sender.finish().await;
        }
        if !sender.send(buffer.get(..length).unwrap_or_default()).await {
            return;
        }
    }
}

/// Sends what a thread makes. An archive that broke off must not look whole: its end is told only where there is one.
async fn drain(mut receiver: bridge::Receiver, stdin: Option<Stdin>) -> Option<Stdin> {
    let mut stdin = stdin?;
    while let Some(bytes) = receiver.next().await {
        let sent = if bytes.is_empty() { stdin.shutdown().await } else { stdin.write_all(&bytes).await };
        if sent.is_err() || bytes.is_empty() {
            break;
        }
    }
    Some(stdin)
}

macro_rules! request {
    ($name:ident) => {
        impl IntoFuture for $name {
            type Output = Result<Copied>;
            type IntoFuture = BoxFuture<'static, Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.send())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("local", &self.local)
                    .field("limits", &self.limits)
                    .finish_non_exhaustive()
            }
        }
    };
}

request!(CopyFromRequest);
request!(CopyToRequest);

/// The folder that something is in, and its own name.
fn split(path: &str) -> Option<(&str, &str)> {
    let trimmed = path.trim_end_matches('/');
    let (parent, name) = match trimmed.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((parent, name)) => (parent, name),
        None => (".", trimmed),
    };
    let parent_is_plain = !parent.starts_with('-');
    (!matches!(name, "" | "." | "..") && parent_is_plain).then_some((parent, name))
}

fn nameless(path: &str) -> Error {
    Error::new(Kind::Request, "", format!("{path:?} does not end with the name of a file or a folder"))
        .with_help("nothing was sent; name what to copy, as `/etc/hosts`")
}

/// The beginning of what tar complains about.
async fn complaint(stderr: Option<Stderr>) -> String {
    let mut text = Vec::new();
    if let Some(mut stderr) = stderr {
        let mut buffer = vec![0; PIECE];
        while let Ok(length @ 1..) = stderr.read(&mut buffer).await {
            let room = MAX_COMPLAINT.saturating_sub(text.len()).min(length);
            text.extend_from_slice(buffer.get(..room).unwrap_or_default());
        }
    }
    excerpt(&text, MAX_COMPLAINT)
}

/// What becomes of a copy whose two halves ended like this.
fn finish(here: Result<Copied>, there: Result<ExitStatus>, complaint: &str, context: &str) -> Result<Copied> {
    let no_tar = || {
        Error::new(Kind::Remote, context, "there is no `tar` in the container")
            .with_help("copying needs one; an ephemeral container can bring it")
    };
    match (here, there) {
        (Ok(copied), Ok(status)) if status.success() => Ok(copied),
        (Err(error), Ok(_)) if !error.is_truncated() => Err(error.in_context(|| context.to_owned())),
        (_, Ok(status)) if matches!(status.code(), 126 | 127) => Err(no_tar()),
        (_, Ok(status)) if !status.success() => {
            let what = format!("tar in the container ended with {status}: {complaint}");
            Err(Error::new(Kind::Remote, context, what))
        }
        (_, Err(error)) if error.to_string().contains("executable file not found") => Err(no_tar()),
        (_, Err(error)) => Err(error),
        (Err(error), _) => Err(error.in_context(|| context.to_owned())),
        (Ok(copied), Ok(_)) => Ok(copied),
    }
}

#[cfg(test)]
mod tests;

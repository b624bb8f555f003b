//! A process in a container that runs: its input and output, the size of its terminal, and how it ends.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::JoinHandle;

use super::channels::{self, Protocol};
use super::failure::{Cause, Failure};
use super::pipe::{PipeReader, PipeWriter};
use super::session::{Ended, Purpose, Size};
use crate::error::{self, Error, Kind};
use crate::wire::Status;
use crate::{Result, codec};

/// A process in a container. Dropping it closes the connection and ends everything that belongs to it.
///
/// Its streams are taken out and read or written wherever that is convenient, at the same time if need be; they fail once
/// the process is dropped. What nobody reads waits: 1 MiB of each stream is held, and beyond that the connection
/// stands still until it is read, as a pipe does. A stream that is dropped is thrown away from then on.
///
/// ```no_run
/// # async fn run(pods: clientset_runtime::DynamicApi) -> Result<(), Box<dyn std::error::Error>> {
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// let mut process = pods.exec("web-0", "exec", ["cat"]).stdin().start().await?;
/// let (mut stdin, mut stdout) = (process.stdin().unwrap(), process.stdout().unwrap());
/// stdin.write_all(b"hello").await?;
/// stdin.shutdown().await?;
/// let mut text = String::new();
/// stdout.read_to_string(&mut text).await?;
/// assert!(process.wait().await?.success());
/// # Ok(()) }
/// ```
pub struct Process {
    pub(super) stdin: Option<Stdin>,
    pub(super) stdout: Option<Stdout>,
    pub(super) stderr: Option<Stderr>,
    pub(super) terminal: Option<Terminal>,
    pub(super) protocol: Protocol,
    pub(super) context: Arc<str>,
    pub(super) task: Task<Ended>,
    pub(super) ended: Option<Ended>,
}

impl Process {
    /// Its standard input, once, where it was asked for. Shutting it down or dropping it is the end of the input.
    pub fn stdin(&mut self) -> Option<Stdin> {
        self.stdin.take()
    }

    /// Its standard output, once. In a terminal, standard error comes here too.
    pub fn stdout(&mut self) -> Option<Stdout> {
        self.stdout.take()
    }

    /// Its standard error, once; none in a terminal.
    pub fn stderr(&mut self) -> Option<Stderr> {
        self.stderr.take()
    }

    /// Its terminal, where it was asked for: to resize it while something else waits for the process.
    pub fn terminal(&self) -> Option<Terminal> {
        self.terminal.clone()
    }

    /// Tells the process how large its terminal is, in characters. Of sizes that follow fast the last one counts.
    ///
    /// # Errors
    ///
    /// When it has no terminal.
    pub fn resize(&self, width: u16, height: u16) -> Result<()> {
        match &self.terminal {
            Some(terminal) => {
                terminal.resize(width, height);
                Ok(())
            }
            None => Err(Error::new(Kind::Request, &*self.context, "there is no terminal to resize")
                .with_help("ask for one with `.tty()`")),
        }
    }

    /// Whether the end of the input can be told: not by servers that speak v4 only (before Kubernetes 1.30).
    pub fn can_close_stdin(&self) -> bool {
        self.protocol == Protocol::V5
    }

    /// Waits until it ends. Streams that were not taken are closed before: nothing more goes in, and output is thrown
    /// away. Giving up waiting changes nothing, and waiting again gives the same answer.
    ///
    /// # Errors
    ///
    /// When the process could not be run or the server lost it (the server's Status), or when the connection ends before
    /// the server said how it ended: an exit code is never made up.
    pub async fn wait(&mut self) -> Result<ExitStatus> {
        self.stdin = None;
        self.stdout = None;
        self.stderr = None;
        if self.ended.is_none() {
            // A task is joined once only, so what came of it is kept, whatever it was.
            self.ended = Some(self.task.join().await.unwrap_or_else(|error| {
                let message = format!("the task of the stream failed: {error}");
                Ended { verdict: Vec::new(), end: Err(Failure::new(Cause::Broken, &self.context, message)) }
            }));
        }
        match self.ended.as_ref().map(|ended| (&ended.end, ended.verdict.as_slice())) {
            Some((Ok(()), verdict)) => exit_status(verdict, &self.context),
            // How it ended is known even where the output is not complete.
            Some((Err(_), verdict)) if parse(verdict).is_some() => exit_status(verdict, &self.context),
            Some((Err(failure), _)) => Err(failure.to_error()),
            None => Err(Error::new(Kind::Transport, &*self.context, "the stream is gone")),
        }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("of", &self.context)
            .field("protocol", &self.protocol.name())
            .field("ended", &self.ended.is_some())
            .finish_non_exhaustive()
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExitStatus {
    code: i32,
}

impl ExitStatus {
    /// The exit code; 128 and the number of the signal where one ended it.
    pub fn code(self) -> i32 {
        self.code
    }

    /// Whether the exit code is 0.
    pub fn success(self) -> bool {
        self.code == 0
    }
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}", self.code)
    }
}

/// The Status on the channel for it, once it is all there.
fn parse(verdict: &[u8]) -> Option<Status> {
    let status: Status = codec::from_slice(verdict).ok()?;
    matches!(status.status.as_deref(), Some("Success" | "Failure")).then_some(status)
}

/// What a Status says of a process.
fn exit_status(verdict: &[u8], context: &Arc<str>) -> Result<ExitStatus> {
    let unreadable = |what: &str| {
        let message = format!("the server said in no readable way how the process ended: {what}");
        Err(Error::new(Kind::Decode, &**context, message))
    };
    let Some(status) = parse(verdict) else { return unreadable("no Status") };
    if status.status.as_deref() == Some("Success") {
        return Ok(ExitStatus { code: 0 });
    }
    if status.reason.as_deref() == Some("NonZeroExitCode") {
        let causes =
            status.details.as_ref().and_then(|details| details.causes.as_deref()).unwrap_or_default();
        let code = causes.iter().find(|cause| cause.reason.as_deref() == Some("ExitCode"));
        let code = code.and_then(|cause| cause.message.as_deref()).map(|text| text.trim().parse::<i32>());
        return match code {
            Some(Ok(code)) if code != 0 => Ok(ExitStatus { code }),
            _ => unreadable("it failed with an exit code, and none is given"),
        };
    }
    let http = status.code.and_then(|code| u16::try_from(code).ok()).unwrap_or(500);
    Err(error::from_status(status, http, None, context.to_string()))
}

/// The channels of a process.
pub(super) struct Running;

impl Purpose for Running {
    const VERDICT: u8 = channels::STATUS;

    fn knows(&self, channel: u8) -> bool {
        matches!(channel, channels::STDOUT | channels::STDERR)
    }

    fn is_complete(&self, verdict: &[u8]) -> bool {
        parse(verdict).is_some()
    }

    fn judge(&self, verdict: &[u8]) -> std::result::Result<(), (Cause, String)> {
        match parse(verdict) {
            Some(_) => Ok(()),
            None => Err((Cause::Broken, "the stream ended without a word on how the process did".to_owned())),
        }
    }
}

/// A task that ends when this is dropped.
pub(super) struct Task<T>(JoinHandle<T>);

impl<T: Send + 'static> Task<T> {
    pub(super) fn spawn(future: impl Future<Output = T> + Send + 'static) -> Self {
        Task(tokio::spawn(future))
    }

    pub(super) async fn join(&mut self) -> std::result::Result<T, tokio::task::JoinError> {
        (&mut self.0).await
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The terminal of a process.
#[derive(Clone)]
pub struct Terminal(pub(super) Size);

impl Terminal {
    /// Tells the process how large its terminal is, in characters. Of sizes that follow fast the last one counts.
    pub fn resize(&self, width: u16, height: u16) {
        self.0.set(width, height);
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Terminal")
    }
}

/// The standard input of a process: shutting it down or dropping it is the end of the input.
///
/// Flushing waits until what was written is on its way. A server that speaks v4 only cannot be told that the input ends:
/// shutting down fails there with `Unsupported`. What helps is a program that knows by itself when to end, or dropping the
/// [`Process`].
pub struct Stdin {
    pub(super) pipe: PipeWriter,
    pub(super) protocol: Protocol,
}

impl AsyncWrite for Stdin {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.pipe.poll_write(cx, bytes).map_err(Into::into)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pipe.poll_flush(cx).map_err(Into::into)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.pipe.poll_flush(cx)).map_err(io::Error::from)?;
        if self.protocol == Protocol::V4 {
            let message = "v4.channel.k8s.io cannot close the standard input";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::Unsupported, message)));
        }
        self.pipe.finish();
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for Stdin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stdin")
    }
}

macro_rules! output {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name(pub(super) PipeReader);

        impl AsyncRead for $name {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                self.0.poll_read(cx, buffer)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

output! {
    /// The standard output of a process. It ends when the process does; where the stream breaks off, reading fails.
    Stdout
}
output! {
    /// The standard error of a process. It ends when the process does; where the stream breaks off, reading fails.
    Stderr
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x3_an_exit_code_is_the_servers_or_none() {
        let context: Arc<str> = "test".into();
        let exit = |text: &str| exit_status(text.as_bytes(), &context);
        let failed = |causes: &str| {
            format!(
                r#"{{"kind":"Status","status":"Failure","reason":"NonZeroExitCode","message":"m","details":{{"causes":[{causes}]}}}}"#
            )
        };
        assert!(exit(r#"{"metadata":{},"status":"Success"}"#).unwrap().success());
        let status =
            exit(&failed(r#"{"reason":"Other","message":"1"},{"reason":"ExitCode","message":"137"}"#));
        assert_eq!((status.unwrap().code(), status_text(137)), (137, "exit code 137".to_owned()));
        for bad in [
            failed(""),
            failed(r#"{"reason":"ExitCode"}"#),
            failed(r#"{"reason":"ExitCode","message":"0"}"#),
            failed(r#"{"reason":"ExitCode","message":"99999999999"}"#),
            failed(r#"{"reason":"ExitCode","message":"one"}"#),
            "{}".to_owned(),
            String::new(),
            r#"{"status":"Success""#.to_owned(),
            "error".to_owned(),
        ] {
            assert!(exit(&bad).unwrap_err().is_decode(), "{bad}");
        }
        let gone = r#"{"status":"Failure","reason":"NotFound","message":"no such container","code":404}"#;
        assert!(exit(gone).unwrap_err().is_not_found());
        assert!(exit(r#"{"status":"Failure","message":"x"}"#).unwrap_err().is_internal());
    }

    fn status_text(code: i32) -> String {
        ExitStatus { code }.to_string()
    }
}

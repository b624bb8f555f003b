//! Running a program in a container, and attaching to the one that runs: requests as values.

use std::fmt;
use std::sync::Arc;

use super::channels::{self, Protocol};
use super::handshake;
use super::output::{self, Output};
use super::pipe::pipe;
use super::process::{Process, Running, Stderr, Stdin, Stdout, Task, Terminal};
use super::session::{Session, Size};
use super::socket::Socket;
use crate::error::{Error, Kind};
use crate::request::Request;
use crate::transport::Duplex;
use crate::{Client, Result};

/// How much of each stream is held for who does not read or send at once.
const HELD: usize = 1 << 20;
/// Which protocols are spoken, best first.
const PROTOCOLS: [Protocol; 2] = [Protocol::V5, Protocol::V4];

/// What exec and attach have in common.
struct Connect {
    client: Client,
    request: Result<Request>,
    container: Option<String>,
    stdin: bool,
    stdout: bool,
    stderr: bool,
    tty: bool,
    size: Option<(u16, u16)>,
}

impl Connect {
    fn new(client: Client, request: Result<Request>) -> Self {
        let (stdin, stdout, stderr, tty) = (false, true, true, false);
        Connect { client, request, container: None, stdin, stdout, stderr, tty, size: None }
    }

    fn describe(&self) -> String {
        match &self.request {
            Ok(request) => request.context(self.client.server()),
            Err(error) => error.to_string(),
        }
    }

    fn ready(self) -> Result<(Client, Request, Option<Size>)> {
        let mut request = self.request?;
        if !self.stdin && !self.stdout && !self.stderr {
            let message = "nothing is to be streamed: no input, no output, no errors";
            return Err(self.client.error(&request, Kind::Request, message));
        }
        request.query.text("container", &self.container);
        request.query.flag("stdin", self.stdin);
        request.query.flag("stdout", self.stdout);
        // In a terminal both are one, and servers refuse to part them.
        request.query.flag("stderr", self.stderr && !self.tty);
        request.query.flag("tty", self.tty);
        request.headers.set("accept", "*/*");
        let size = self.tty.then(Size::default);
        if let (Some(size), Some((width, height))) = (&size, self.size) {
            size.set(width, height);
        }
        Ok((self.client, request, size))
    }

    async fn start(self) -> Result<Process> {
        let (wants_in, wants_out, wants_err) = (self.stdin, self.stdout, self.stderr && !self.tty);
        let (client, request, size) = self.ready()?;
        let context: Arc<str> = request.context(client.server()).into();
        let (protocol, io) = handshake::open(&client, request, &PROTOCOLS).await?;
        let wanted = Wanted { stdin: wants_in, stdout: wants_out, stderr: wants_err, size };
        Ok(process(io, protocol, context, wanted))
    }
}

/// Which streams of a process are wanted.
pub(super) struct Wanted {
    pub(super) stdin: bool,
    pub(super) stdout: bool,
    pub(super) stderr: bool,
    pub(super) size: Option<Size>,
}

/// A process on the other side of a connection.
pub(super) fn process(io: Box<dyn Duplex>, protocol: Protocol, context: Arc<str>, wanted: Wanted) -> Process {
    let mut outputs = Vec::new();
    let mut output = |wanted: bool, channel| {
        wanted.then(|| {
            let (writer, reader) = pipe(HELD);
            outputs.push((channel, writer));
            reader
        })
    };
    let stdout = output(wanted.stdout, channels::STDOUT).map(Stdout);
    let stderr = output(wanted.stderr, channels::STDERR).map(Stderr);
    let (stdin, input) = match wanted.stdin {
        true => {
            let (pipe, reader) = pipe(HELD);
            (Some(Stdin { pipe, protocol }), Some(reader))
        }
        false => (None, None),
    };
    let session = Session {
        socket: Socket::new(io),
        protocol,
        purpose: Running,
        context: context.clone(),
        input,
        outputs,
        size: wanted.size.clone().unwrap_or_default(),
    };
    let terminal = wanted.size.map(Terminal);
    let task = Task::spawn(session.run());
    Process { stdin, stdout, stderr, terminal, protocol, context, task, ended: None }
}

macro_rules! setters {
    () => {
        /// Which container, an ephemeral one as well; needed where the pod has several and none is the default one.
        pub fn container(mut self, container: impl Into<String>) -> Self {
            self.connect.container = Some(container.into());
            self
        }

        /// Connects the standard input: see [`Process::stdin`].
        pub fn stdin(mut self) -> Self {
            self.connect.stdin = true;
            self
        }

        /// Does not ask for the standard output.
        pub fn no_stdout(mut self) -> Self {
            self.connect.stdout = false;
            self
        }

        /// Does not ask for the standard error.
        pub fn no_stderr(mut self) -> Self {
            self.connect.stderr = false;
            self
        }

        /// Uses a terminal: standard error then comes with the standard output.
        pub fn tty(mut self) -> Self {
            self.connect.tty = true;
            self
        }

        /// Uses a terminal of this size, in characters.
        pub fn terminal_size(mut self, width: u16, height: u16) -> Self {
            self.connect.tty = true;
            self.connect.size = Some((width, height));
            self
        }

        /// How long the server may take to agree to the stream: 60 seconds, unless said otherwise. What runs then may run
        /// as long as it likes.
        pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
            if let Ok(request) = &mut self.connect.request {
                request.timeout = Some(timeout);
            }
            self
        }
    };
}

/// Runs a program in a container.
///
/// ```no_run
/// # async fn run(pods: clientset_runtime::DynamicApi) -> clientset_runtime::Result<()> {
/// let output = pods.exec("web-0", "exec", ["ls", "/"]).output().await?;
/// println!("{}: {}", output.status, String::from_utf8_lossy(&output.stdout));
/// # Ok(()) }
/// ```
#[must_use = "a request does nothing until it is started"]
pub struct ExecRequest {
    connect: Connect,
    input: Option<Vec<u8>>,
    max_output: usize,
}

impl ExecRequest {
    pub(crate) fn new<S: Into<String>>(
        client: Client,
        request: Result<Request>,
        command: impl IntoIterator<Item = S>,
    ) -> Self {
        let request = request.and_then(|mut request| {
            let mut given = false;
            for argument in command {
                request.query.push("command", argument);
                given = true;
            }
            match given {
                true => Ok(request),
                false => Err(client.error(&request, Kind::Request, "no program to run was given")),
            }
        });
        ExecRequest { connect: Connect::new(client, request), input: None, max_output: output::MAX }
    }

    setters!();

    /// What the program reads from its standard input, for [`ExecRequest::output`].
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.connect.stdin = true;
        self.input = Some(input.into());
        self
    }

    /// The most that [`ExecRequest::output`] takes, both streams together: 16 MiB, unless said otherwise.
    pub fn max_output(mut self, bytes: usize) -> Self {
        self.max_output = bytes;
        self
    }

    /// Starts the program and hands out its streams. It is running when this returns, or has failed to.
    ///
    /// # Errors
    ///
    /// When there is no such pod (`is_not_found`), the caller may not do this (`is_forbidden`), or the server answers with
    /// another failure, with no WebSocket, or not at all; and when there is [input](ExecRequest::input) (`is_request`).
    pub async fn start(self) -> Result<Process> {
        if self.input.is_some() {
            let message = "the input would be lost: nothing was sent";
            return Err(Error::new(Kind::Request, self.connect.describe(), message)
                .with_help("write it to `Process::stdin`, or call `output()`"));
        }
        self.connect.start().await
    }

    /// Runs the program to its end and gives what it wrote.
    ///
    /// A program that fails is no error: [`Output::status`] has its exit code.
    ///
    /// # Errors
    ///
    /// As [`ExecRequest::start`] and [`Process::wait`]; when the program writes more than [`ExecRequest::max_output`]
    /// (`is_body_too_large`), and when there is input and the server cannot be told that it ends (`is_request`).
    pub async fn output(self) -> Result<Output> {
        let ExecRequest { mut connect, input, max_output } = self;
        connect.stdin = input.is_some();
        output::collect(connect.start().await?, input, max_output).await
    }
}

impl fmt::Debug for ExecRequest {
    /// Not the command: there may be a secret in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecRequest").field("target", &self.connect.describe()).finish_non_exhaustive()
    }
}

/// Attaches to the process that a container runs.
///
/// ```no_run
/// # async fn run(pods: clientset_runtime::DynamicApi) -> clientset_runtime::Result<()> {
/// let mut process = pods.attach("web-0", "attach").container("debugger").stdin().tty().start().await?;
/// process.resize(120, 40)?;
/// # Ok(()) }
/// ```
#[must_use = "a request does nothing until it is started"]
pub struct AttachRequest {
    connect: Connect,
}

impl AttachRequest {
    pub(crate) fn new(client: Client, request: Result<Request>) -> Self {
        AttachRequest { connect: Connect::new(client, request) }
    }

    setters!();

    /// Attaches. Dropping the [`Process`] detaches; the process in the container goes on.
    ///
    /// # Errors
    ///
    /// As [`ExecRequest::start`].
    pub async fn start(self) -> Result<Process> {
        self.connect.start().await
    }
}

impl fmt::Debug for AttachRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttachRequest").field("target", &self.connect.describe()).finish_non_exhaustive()
    }
}

//! A program run to its end, and what it wrote.

use std::io;

use futures_util::future::Either;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use super::process::{ExitStatus, Process, Stdin};
use crate::Result;
use crate::error::{Error, Kind};

/// How much a program may write, unless said otherwise.
pub(super) const MAX: usize = 16 << 20;

/// What a program wrote, and how it ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Output {
    /// What it wrote to its standard output; in a terminal, to its standard error too.
    pub stdout: Vec<u8>,
    /// What it wrote to its standard error.
    pub stderr: Vec<u8>,
    /// How it ended.
    pub status: ExitStatus,
}

/// Runs a process to its end.
pub(super) async fn collect(mut process: Process, input: Option<Vec<u8>>, max: usize) -> Result<Output> {
    let context = process.context.clone();
    if input.is_some() && !process.can_close_stdin() {
        let message =
            "the server speaks v4.channel.k8s.io only, which cannot tell a program that its input ends";
        return Err(Error::new(Kind::Request, &*context, message).with_help(
            "use `.stdin().start()` and a program that knows by itself when to end, as `head -c`",
        ));
    }
    let (stdin, stdout, stderr) = (process.stdin(), process.stdout(), process.stderr());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let read = {
        let read = read(stdout, stderr, &mut out, &mut err, max);
        let write = write(stdin, input.unwrap_or_default());
        futures_util::pin_mut!(read, write);
        match futures_util::future::select(read, write).await {
            // A program that writes too much need not take its input, so that is not waited for.
            Either::Left((Ok(total), write)) if total <= max => {
                write.await;
                Ok(total)
            }
            Either::Left((read, _)) => read,
            Either::Right(((), read)) => read.await,
        }
    };
    match read {
        Ok(total) if total <= max => {}
        Ok(_) => {
            let message = format!("the program wrote more than {max} bytes");
            return Err(Error::new(Kind::TooLarge, &*context, message)
                .with_help("raise `max_output`, or read it as it comes with `.start()`"));
        }
        // What the server said of the process tells more than that its output broke off.
        Err(error) => {
            return Err(match process.wait().await {
                Err(failed) => failed,
                Ok(_) => unread(error, &context),
            });
        }
    }
    let status = process.wait().await?;
    Ok(Output { stdout: out, stderr: err, status })
}

fn unread(error: io::Error, context: &str) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::new(Kind::Transport, context, format!("the output broke off: {error}")),
    }
}

/// A program that reads less than it is given is no failure: as with a pipe, the rest is thrown away.
async fn write(stdin: Option<Stdin>, input: Vec<u8>) {
    if let Some(mut stdin) = stdin
        && stdin.write_all(&input).await.is_ok()
    {
        let _ = stdin.shutdown().await;
    }
}

/// Reads both streams at the same time, until both end or there is too much; and gives how much there was.
async fn read(
    mut stdout: Option<impl AsyncRead + Unpin>,
    mut stderr: Option<impl AsyncRead + Unpin>,
    out: &mut Vec<u8>,
    err: &mut Vec<u8>,
    max: usize,
) -> io::Result<usize> {
    let mut total = 0;
    while (stdout.is_some() || stderr.is_some()) && total <= max {
        let one = next(&mut stdout, out);
        let other = next(&mut stderr, err);
        futures_util::pin_mut!(one, other);
        let read = match futures_util::future::select(one, other).await {
            Either::Left((read, _)) => read,
            Either::Right((read, _)) => read,
        };
        total += read?;
    }
    Ok(total)
}

/// Reads once; a stream that ended is put away, and one that is away never ends.
async fn next(stream: &mut Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> io::Result<usize> {
    let Some(open) = stream else { return std::future::pending().await };
    let length = open.read_buf(into).await?;
    if length == 0 {
        *stream = None;
    }
    Ok(length)
}

//! The control plane that outlives a command: a supervising process, the note it leaves about itself, and the loopback
//! socket on which it is asked whether it lives and told to stop. It starts no server itself.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::server::Server;
use crate::failure::{Context, Failure, Result};
use crate::files;

/// How often the supervisor looks whether its children live.
const LOOK: Duration = Duration::from_millis(250);
/// How long an answer on the loopback socket may take.
const ANSWER: Duration = Duration::from_secs(10);

/// The note in the run folder.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Note {
    /// The Kubernetes release.
    pub(crate) kubernetes: String,
    /// `https://127.0.0.1:PORT`.
    pub(crate) server: String,
    /// The kubeconfig's path.
    pub(crate) kubeconfig: PathBuf,
    /// The supervisor's process.
    pub(crate) pid: u32,
    port: u16,
    secret: String,
}

impl Note {
    /// The note in a run folder, if the supervisor that wrote it still answers.
    pub(crate) fn of_running(folder: &Path) -> Option<Self> {
        let note: Self = serde_json::from_slice(&std::fs::read(path(folder)).ok()?).ok()?;
        note.ask("ping").ok()?;
        Some(note)
    }

    /// Stops the servers and waits until they are gone.
    pub(crate) fn stop(&self) -> Result<()> {
        self.ask("stop").context(|| format!("cannot stop the control plane (process {})", self.pid))
    }

    fn ask(&self, word: &str) -> std::io::Result<()> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(ANSWER))?;
        writeln!(stream, "{} {word}", self.secret)?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        if answer.trim() == "ok" { Ok(()) } else { Err(std::io::Error::other("no such control plane")) }
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("running.json")
}

enum Event {
    Stop(TcpStream),
    StdinEnded,
}

/// Keeps a server until somebody stops it, a program of it ends, or (if asked for) standard input ends. `announce` is
/// called once the socket answers.
pub(crate) fn supervise(
    mut server: Server,
    kubernetes: String,
    folder: &Path,
    end_with_stdin: bool,
    announce: impl FnOnce(&Note),
) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .context(|| "cannot listen on 127.0.0.1 for `stop`".to_owned())?;
    let port = listener.local_addr().context(|| "cannot listen on 127.0.0.1".to_owned())?.port();
    let secret = files::sha256(&files::read(&folder.join("admin.token"))?);
    let note = Note {
        kubernetes,
        server: server.url.clone(),
        kubeconfig: server.kubeconfig.clone(),
        pid: std::process::id(),
        port,
        secret: secret.clone(),
    };
    let text = serde_json::to_string_pretty(&note).context(|| "cannot write the note".to_owned())?;
    files::write_secret(&path(folder), text.as_bytes())?;

    let (events, inbox) = mpsc::channel();
    if end_with_stdin {
        let events = events.clone();
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            let _ = events.send(Event::StdinEnded);
        });
    }
    std::thread::spawn(move || {
        for stream in listener.incoming().filter_map(|stream| stream.ok()) {
            if let Some(stream) = answer(stream, &secret)
                && events.send(Event::Stop(stream)).is_err()
            {
                return;
            }
        }
    });
    announce(&note);
    let asked = loop {
        match inbox.recv_timeout(LOOK) {
            Ok(Event::Stop(stream)) => break Some(stream),
            Ok(Event::StdinEnded) => break None,
            Err(RecvTimeoutError::Timeout) => server.alive()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::new("the control plane's own socket is gone"));
            }
        }
    };
    drop(server);
    let _ = std::fs::remove_file(path(folder));
    if let Some(mut stream) = asked {
        let _ = stream.write_all(b"ok\n");
    }
    Ok(())
}

/// Answers a ping; hands back the stream of who said `stop` and waits for it to be done.
fn answer(mut stream: TcpStream, secret: &str) -> Option<TcpStream> {
    stream.set_read_timeout(Some(ANSWER)).ok()?;
    let mut line = String::new();
    BufReader::new(stream.try_clone().ok()?).read_line(&mut line).ok()?;
    match line.trim().split_once(' ') {
        Some((said, "stop")) if said == secret => return Some(stream),
        Some((said, "ping")) if said == secret => stream.write_all(b"ok\n").ok()?,
        _ => {}
    }
    None
}

//! A program that was started, and all that it has started itself: given up, they end together.
//!
//! Deliberately nothing of what the program prints. On Windows only the program itself is ended, not what it started.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long a program that was killed may take to go.
const REAP: Duration = Duration::from_secs(2);

/// A program under way. Dropped before its end, it is killed.
pub(super) struct Group {
    pub(super) child: Child,
    #[cfg(unix)]
    id: Option<rustix::process::Pid>,
}

impl Group {
    /// Starts it: in a group of its own, or in ours where it is to use the terminal, which lets only one group read and
    /// sends Ctrl-C to that one.
    pub(super) fn spawn(mut command: Command, own_group: bool) -> io::Result<Group> {
        command.kill_on_drop(true);
        #[cfg(unix)]
        if own_group {
            command.process_group(0);
        }
        #[cfg(windows)]
        if own_group {
            const CREATE_NO_WINDOW: u32 = 0x0800_0000;
            command.creation_flags(CREATE_NO_WINDOW);
        }
        let child = command.spawn()?;
        Ok(Group {
            #[cfg(unix)]
            id: child
                .id()
                .filter(|_| own_group)
                .and_then(|id| i32::try_from(id).ok())
                .and_then(rustix::process::Pid::from_raw),
            child,
        })
    }

    /// Waits for the program's own end; what it has left running in the background goes on.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        // From now on the number may be another's.
        self.forget();
        Ok(status)
    }

    /// Ends it, and waits until it is gone.
    pub(super) async fn stop(mut self) {
        self.kill();
        let _ = self.child.start_kill();
        let _ = timeout(REAP, self.child.wait()).await;
    }

    #[cfg(unix)]
    fn forget(&mut self) {
        self.id = None;
    }

    #[cfg(not(unix))]
    fn forget(&mut self) {}

    /// The program has not been waited for, so the number of its group is still its own.
    #[cfg(unix)]
    fn kill(&mut self) {
        if let Some(id) = self.id.take() {
            let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
        }
    }

    #[cfg(not(unix))]
    fn kill(&mut self) {}
}

impl Drop for Group {
    fn drop(&mut self) {
        // The child itself is killed by `kill_on_drop`, and waited for by the executor.
        self.kill();
    }
}

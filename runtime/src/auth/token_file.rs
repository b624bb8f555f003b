//! A token in a file that somebody else rotates: read again every minute and after a 401; the last good one is kept.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{Presented, bearer, is_token};
use crate::config::{read_limited, trimmed_secret};
use crate::error::Kind;
use crate::{Error, Result};

/// How long a token that was read is taken for current; kubelets rotate long before a token expires.
const PERIOD: Duration = Duration::from_secs(60);
/// How long before the end of that the file is read again.
const LEEWAY: Duration = Duration::from_secs(10);
/// A token is a few kilobytes at most.
const LIMIT: u64 = 1 << 20;

pub(super) struct TokenFile {
    path: PathBuf,
    state: Mutex<State>,
    stale: AtomicBool,
}

struct State {
    header: SecretString,
    /// `None` until the first use: the clock belongs to the executor, which may not run yet when a client is made.
    due: Option<Instant>,
}

impl TokenFile {
    pub(super) fn open(path: PathBuf) -> Result<Self> {
        let header = read(&path)?;
        Ok(TokenFile { path, state: Mutex::new(State { header, due: None }), stale: AtomicBool::new(false) })
    }

    pub(super) async fn presented(&self) -> Result<Presented> {
        let mut state = self.state.lock().await;
        let now = Instant::now();
        let stale = self.stale.swap(false, Ordering::AcqRel);
        let due = *state.due.get_or_insert(now + PERIOD - LEEWAY);
        if stale || now >= due {
            let path = self.path.clone();
            // A token that cannot be read now may be there in a minute, and the old one may hold until then.
            if let Ok(Ok(header)) = tokio::task::spawn_blocking(move || read(&path)).await {
                state.header = header;
            }
            state.due = Some(Instant::now() + PERIOD - LEEWAY);
        }
        Ok(Presented { authorization: Some(state.header.clone()), ..Presented::default() })
    }

    pub(super) fn refuse(&self, _: &Presented) -> bool {
        self.stale.store(true, Ordering::Release);
        true
    }
}

fn read(path: &Path) -> Result<SecretString> {
    let fail =
        |message: String| Error::new(Kind::Auth, format!("reading token file {}", path.display()), message);
    let bytes = read_limited(path, LIMIT).map_err(|error| fail(error.to_string()).with_source(error))?;
    let token = trimmed_secret(String::from_utf8(bytes).map_err(|_| fail("it is not text".to_owned()))?);
    if token.expose_secret().is_empty() {
        return Err(fail("it is empty".to_owned()));
    }
    if !is_token(token.expose_secret()) {
        return Err(fail(
            "it holds more than a token: white space or control characters stand in it".to_owned(),
        ));
    }
    Ok(bearer(&token))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    async fn shown(file: &TokenFile) -> String {
        file.presented().await.unwrap().authorization.unwrap().expose_secret().to_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn a_rotated_token_is_picked_up_within_the_minute() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        fs::write(&path, "one\r\n").unwrap();
        let file = TokenFile::open(path.clone()).unwrap();
        assert_eq!(shown(&file).await, "Bearer one");
        fs::write(&path, " two\n").unwrap();
        tokio::time::advance(Duration::from_secs(49)).await;
        assert_eq!(shown(&file).await, "Bearer one");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(shown(&file).await, "Bearer two");
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_good_token_is_kept_while_the_file_is_gone_empty_or_broken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        fs::write(&path, "one").unwrap();
        let file = TokenFile::open(path.clone()).unwrap();
        for content in [None, Some(""), Some("\n"), Some("a b"), Some("a\nb")] {
            match content {
                None => fs::remove_file(&path).unwrap(),
                Some(content) => fs::write(&path, content).unwrap(),
            }
            tokio::time::advance(PERIOD).await;
            assert_eq!(shown(&file).await, "Bearer one", "{content:?}");
        }
        fs::write(&path, "two").unwrap();
        tokio::time::advance(PERIOD).await;
        assert_eq!(shown(&file).await, "Bearer two");
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_401_the_file_is_read_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        fs::write(&path, "one").unwrap();
        let file = TokenFile::open(path.clone()).unwrap();
        fs::write(&path, "two").unwrap();
        assert_eq!(shown(&file).await, "Bearer one");
        assert!(file.refuse(&Presented::default()));
        assert_eq!(shown(&file).await, "Bearer two");
    }

    #[test]
    fn a_file_without_a_token_is_refused_when_the_client_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        assert!(TokenFile::open(path.clone()).is_err());
        for content in ["", " \n", "s3cr3t and more"] {
            fs::write(&path, content).unwrap();
            let error = TokenFile::open(path.clone()).err().expect(content).to_string();
            assert!(error.contains("token file") && !error.contains("s3cr3t"), "{error}");
        }
    }
}

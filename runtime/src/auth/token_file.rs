//! A token in a file that somebody else rotates: read again every minute and after a 401; the last good one is kept.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};

use super::clock::Clock;
use super::renewed::{Failure, Fresh, Renewed, Source};
use super::{bearer, is_token};
use crate::config::{read_limited, trimmed_secret};
use crate::error::Kind;
use crate::{Error, Result};

/// How long a token that was read is taken for current at most; kubelets rotate long before a token expires.
const PERIOD: Duration = Duration::from_secs(60);
/// How long reading may take: a file on a network that is gone hangs.
const READING: Duration = Duration::from_secs(5);
/// A token is a few kilobytes.
const LIMIT: u64 = 1 << 20;

pub(super) struct TokenFile {
    path: PathBuf,
    clock: Clock,
}

impl TokenFile {
    /// Reads it for the first time, when a client is made.
    pub(super) fn open(path: PathBuf, clock: Clock) -> Result<Renewed<TokenFile>> {
        let file = TokenFile { path, clock: clock.clone() };
        let read = read(&file.path).map_err(|failure| file.error(&failure))?;
        let fresh = file.fresh(read);
        Ok(Renewed::starting_with(file, clock, fresh))
    }

    fn fresh(&self, header: SecretString) -> Fresh {
        let expires: SystemTime = self.clock.now().wall + PERIOD;
        Fresh { header: Some(header), identity: None, expires: Some(expires) }
    }
}

impl Source for TokenFile {
    const KEEPS_THE_LAST: bool = true;

    async fn obtain(&self) -> std::result::Result<Fresh, Failure> {
        let path = self.path.clone();
        let reading = tokio::task::spawn_blocking(move || read(&path));
        let read = match tokio::time::timeout(READING, reading).await {
            Ok(Ok(read)) => read,
            Ok(Err(_)) => Err(Failure::new("reading it was interrupted")),
            Err(_) => Err(Failure::new(format!("it could not be read within {READING:?}"))),
        };
        if let Err(failure) = &read {
            let path = self.path.display();
            tracing::warn!(%path, reason = failure.message, "the token file cannot be read; its last token is used on");
        }
        read.map(|header| self.fresh(header))
    }

    fn needs_somebody(&self) -> bool {
        false
    }

    fn error(&self, failure: &Failure) -> Error {
        let context = format!("reading token file {}", self.path.display());
        let error = Error::new(Kind::Auth, context, failure.message.as_str());
        match &failure.help {
            Some(help) => error.with_help(help.as_str()),
            None => error,
        }
    }
}

fn read(path: &Path) -> std::result::Result<SecretString, Failure> {
    let bytes = read_limited(path, LIMIT).map_err(|error| Failure::new(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::new("it is not text"))?;
    let token = trimmed_secret(text);
    if token.expose_secret().is_empty() {
        return Err(Failure::new("it is empty").with_help("its writer may not have put a token into it yet"));
    }
    if !is_token(token.expose_secret()) {
        return Err(Failure::new(
            "it holds more than a token: white space or control characters stand in it",
        ));
    }
    Ok(bearer(&token))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct File {
        _folder: tempfile::TempDir,
        path: PathBuf,
        clock: Clock,
        tokens: Renewed<TokenFile>,
    }

    impl File {
        fn holding(content: &str) -> File {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("token");
            fs::write(&path, content).unwrap();
            let clock = Clock::default();
            let tokens = TokenFile::open(path.clone(), clock.clone()).unwrap();
            File { _folder: folder, path, clock, tokens }
        }

        async fn shown(&self) -> String {
            self.tokens.presented().await.unwrap().authorization.unwrap().expose_secret().to_owned()
        }
    }

    #[tokio::test]
    async fn e10_a_rotated_token_is_trimmed_and_picked_up_within_the_minute() {
        let file = File::holding("one\r\n");
        assert_eq!(file.shown().await, "Bearer one");
        fs::write(&file.path, " two\n").unwrap();
        file.clock.pass(Duration::from_secs(44));
        assert_eq!(file.shown().await, "Bearer one");
        file.clock.pass(Duration::from_secs(16));
        assert_eq!(file.shown().await, "Bearer two");
        // The clock was set back by eight hours: the minute is a minute.
        fs::write(&file.path, "three").unwrap();
        file.clock.jump(-8 * 3600);
        file.clock.pass(Duration::from_secs(60));
        assert_eq!(file.shown().await, "Bearer three");
    }

    #[tokio::test]
    async fn e10_a_busy_client_reads_beside_its_requests() {
        let file = File::holding("one");
        fs::write(&file.path, "two").unwrap();
        file.clock.pass(Duration::from_secs(46));
        assert_eq!(file.shown().await, "Bearer one", "nobody waits for the file yet");
        while file.shown().await != "Bearer two" {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn e10_the_last_good_token_is_kept_while_the_file_is_gone_empty_or_broken() {
        let file = File::holding("one");
        for content in [None, Some(""), Some("\n"), Some("a b"), Some("a\nb")] {
            match content {
                None => fs::remove_file(&file.path).unwrap(),
                Some(content) => fs::write(&file.path, content).unwrap(),
            }
            file.clock.pass(PERIOD);
            assert_eq!(file.shown().await, "Bearer one", "{content:?}");
            let presented = file.tokens.presented().await.unwrap();
            file.tokens.refuse(&presented);
            assert_eq!(file.shown().await, "Bearer one", "{content:?}");
        }
        fs::write(&file.path, "two").unwrap();
        file.clock.pass(PERIOD);
        assert_eq!(file.shown().await, "Bearer two");
    }

    #[tokio::test]
    async fn e10_after_a_401_the_file_is_read_at_once() {
        let file = File::holding("one");
        fs::write(&file.path, "two").unwrap();
        let presented = file.tokens.presented().await.unwrap();
        assert!(file.tokens.refuse(&presented));
        assert_eq!(file.shown().await, "Bearer two");
        assert!(file.tokens.refuse(&presented), "a younger one is there");
        assert_eq!(file.shown().await, "Bearer two");
    }

    #[test]
    fn e10_a_file_without_a_token_is_refused_when_the_client_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let open = || TokenFile::open(path.clone(), Clock::default());
        assert!(open().is_err());
        for content in ["", " \n", "s3cr3t and more"] {
            fs::write(&path, content).unwrap();
            let error = open().err().expect(content).to_string();
            assert!(error.contains("token file") && !error.contains("s3cr3t"), "{error}");
        }
    }
}

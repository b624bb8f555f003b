//! A client that costs next to nothing, so that what is measured is the server: HTTP/1.1 by hand.

use std::io::{Error, Result};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that is kept.
pub struct Line {
    stream: TcpStream,
    host: String,
}

impl Line {
    pub async fn open(url: &str) -> Result<Line> {
        let host = url.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&host).await?;
        stream.set_nodelay(true)?;
        Ok(Line { stream, host })
    }

    pub async fn send(&mut self, method: &str, path: &str, body: &str) -> Result<()> {
        let (host, length) = (&self.host, body.len());
        let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(head.as_bytes()).await
    }

    /// Sends a request and reads an answer that has a length; gives the status.
    pub async fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<u16> {
        self.send(method, path, body).await?;
        let mut got = Vec::new();
        loop {
            let mut piece = [0; 16 * 1024];
            let count = self.stream.read(&mut piece).await?;
            if count == 0 {
                return Err(Error::other("the connection was closed"));
            }
            got.extend_from_slice(&piece[..count]);
            let Some(end) = got.windows(4).position(|it| it == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&got[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|it| it.strip_prefix("content-length:"));
            let length: usize = length.and_then(|it| it.trim().parse().ok()).unwrap_or(0);
            if got.len() >= end + 4 + length {
                let code = head.split(' ').nth(1).and_then(|it| it.parse().ok());
                return code.ok_or_else(|| Error::other("no status"));
            }
        }
    }

    /// Reads a stream until so many events have come; each is a line that ends an object.
    pub async fn events(&mut self, wanted: usize) -> Result<()> {
        let (mut seen, mut last) = (0, 0);
        let mut piece = vec![0; 64 * 1024];
        while seen < wanted {
            let count = self.stream.read(&mut piece).await?;
            if count == 0 {
                return Err(Error::other(format!("the watch ended after {seen} of {wanted} events")));
            }
            for byte in &piece[..count] {
                seen += usize::from(last == b'}' && *byte == b'\n');
                last = *byte;
            }
        }
        Ok(())
    }

    /// Waits for the head of an answer to a watch.
    pub async fn begun(&mut self) -> Result<()> {
        let mut last = [0; 4];
        while &last != b"\r\n\r\n" {
            last.rotate_left(1);
            last[3] = self.stream.read_u8().await?;
        }
        Ok(())
    }
}

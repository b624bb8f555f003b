//! The one server that a transport speaks to, and what a URL of it becomes in a request. Deliberately no general URL parser:
//! what was checked goes out byte for byte.

use bytes::Bytes;
use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

/// Scheme, host and port. Credentials go nowhere else.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    scheme: Scheme,
    /// As it stands in the URL: what `Host` and `:authority` say.
    authority: Authority,
    /// `https://host:port`: what every URL begins with.
    prefix: String,
}

impl Origin {
    /// The origin of this URL, or `None` where it has none that HTTP could carry.
    pub(super) fn of(url: &str) -> Option<Origin> {
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.split('/').next()?;
        let prefix = format!("{scheme}://{authority}");
        let scheme = match scheme {
            "https" => Scheme::HTTPS,
            "http" => Scheme::HTTP,
            _ => return None,
        };
        let authority: Authority = authority.parse().ok()?;
        (!authority.host().is_empty() && !authority.as_str().contains('@')).then_some(Origin {
            scheme,
            authority,
            prefix,
        })
    }

    pub(super) fn is_plain(&self) -> bool {
        self.scheme == Scheme::HTTP
    }

    pub(super) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The host without the brackets of an IPv6 address and without the dot that ends a fully qualified name.
    pub(super) fn host(&self) -> &str {
        let host = self.authority.host();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        host.strip_suffix('.').filter(|host| !host.is_empty()).unwrap_or(host)
    }

    pub(super) fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(if self.is_plain() { 80 } else { 443 })
    }

    /// `host:port`, the host as it stands in the URL: what a proxy is asked for.
    pub(super) fn host_and_port(&self) -> String {
        format!("{}:{}", self.authority.host(), self.port())
    }

    /// The URL with scheme and host for this path, as HTTP/2 and plain proxies want it.
    pub(super) fn absolute(&self, target: PathAndQuery) -> Option<Uri> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(target);
        Uri::from_parts(parts).ok()
    }

    /// Path and query of a URL of this origin, exactly as they are written.
    ///
    /// # Errors
    ///
    /// Where the URL is not of this origin, or where anybody on the way could read the path as another one.
    pub(super) fn target(&self, url: String) -> Result<PathAndQuery, &'static str> {
        match url.strip_prefix(&self.prefix) {
            None => return Err("the URL is not of the server that this client is for"),
            Some("") => return Ok(PathAndQuery::from_static("/")),
            Some(rest) if !rest.starts_with('/') => {
                return Err("the URL is not of the server that this client is for");
            }
            Some(rest) => {
                let path = rest.split('?').next().unwrap_or(rest);
                if !rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#' && byte != b'\\')
                    || path.split('/').any(is_dots)
                {
                    return Err("the path would change on its way");
                }
            }
        }
        let bytes = Bytes::from(url);
        let written = bytes.slice(self.prefix.len()..);
        let target = PathAndQuery::from_maybe_shared(written.clone())
            .map_err(|_| "the path cannot stand in a request")?;
        if target.as_str().as_bytes() != written {
            return Err("the path would change on its way");
        }
        Ok(target)
    }
}

/// Whether this segment means another folder, escaped or not.
fn is_dots(segment: &str) -> bool {
    if segment.len() > 6 || !(segment.starts_with('.') || segment.starts_with('%')) {
        return false;
    }
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_goes_out_as_it_is_or_not_at_all() {
        let origin = Origin::of("https://[::1]:6443/prefix").unwrap();
        assert_eq!((origin.host(), origin.port(), origin.is_plain()), ("::1", 6443, false));
        for path in ["/prefix/api", "/api?a=b%20c&d=%2F..%2f", "/a//b/", "/%41%2fb", "/a/...", "/?x=../.."] {
            let target = origin.target(format!("https://[::1]:6443{path}")).unwrap();
            assert_eq!(target.as_str(), path);
        }
        assert_eq!(origin.target("https://[::1]:6443".into()).unwrap().as_str(), "/");
        for url in [
            "https://[::1]:6443/a/../b",
            "https://[::1]:6443/a/%2E%2e/b",
            "https://[::1]:6443/./b",
            "https://[::1]:6443/a/..",
            "https://[::1]:6443/a#b",
            "https://[::1]:6443/a b",
            "https://[::1]:6443/ä",
            "https://[::1]:6443/a\\b",
            "https://[::1]:6443/a\r\nx: y",
            "https://[::1]:64433/a",
            "https://[::1]:6443@elsewhere/a",
            "http://[::1]:6443/a",
            "https://elsewhere/a",
        ] {
            assert!(origin.target(url.to_owned()).is_err(), "{url}");
        }
    }

    #[test]
    fn names_and_ports_are_as_the_url_says() {
        for (url, host, port) in [
            ("https://example.com", "example.com", 443),
            ("http://example.com./x", "example.com", 80),
            ("http://203.0.113.7:8080", "203.0.113.7", 8080),
        ] {
            let origin = Origin::of(url).unwrap();
            assert_eq!((origin.host(), origin.port()), (host, port), "{url}");
        }
        for url in ["", "example.com", "ftp://example.com", "https://", "https://a@b", "https://ä.example"] {
            assert!(Origin::of(url).is_none(), "{url}");
        }
    }
}

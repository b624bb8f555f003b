//! Server URLs: what a user may write, and what it means. Deliberately no general URL parser: the transport has one.

/// A server's URL, settled: scheme, host, optional port and path prefix; no trailing slash, query or fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    url: String,
    plain: bool,
}

impl Server {
    /// Understands `host`, `host:port` and URLs. Without a scheme, `secure` decides. The error never repeats a password.
    pub(crate) fn parse(given: &str, secure: bool) -> Result<Server, String> {
        let given = given.trim();
        let named = without_userinfo(given);
        let fail =
            |why: &str| Err(format!("{named:?} is not a server's URL: {why}; write https://host:port"));
        let (scheme, rest) = match given.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None => ((if secure { "https" } else { "http" }).to_owned(), given),
        };
        if scheme != "http" && scheme != "https" {
            return fail("only http and https are spoken");
        }
        // A query or a fragment means nothing for a server; client-go drops them too.
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        if rest.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return fail("it holds white space, a backslash or a control character");
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.contains('@') {
            return fail("it holds a user name or password; give those separately");
        }
        let authority = match authority {
            "" if given.is_empty() => "localhost",
            "" => return fail("it has no host"),
            some => some,
        };
        let authority =
            check_authority(authority).or_else(|why| fail(&why).map(|_: Server| String::new()))?;
        let path = path.trim_end_matches('/');
        if path.split('/').any(|segment| matches!(segment, "." | "..")) {
            return fail("its path holds `.` or `..`");
        }
        let slash = if path.is_empty() { "" } else { "/" };
        Ok(Server { url: format!("{scheme}://{authority}{slash}{path}"), plain: scheme == "http" })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }
}

/// The authority with a bare IPv6 address put in brackets, or what is wrong with it.
fn check_authority(authority: &str) -> Result<String, String> {
    if authority.parse::<std::net::Ipv6Addr>().is_ok() {
        return Ok(format!("[{authority}]"));
    }
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (address, rest) = rest.split_once(']').ok_or("a `[` without a `]`")?;
        if address.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(format!("{address:?} is not an IPv6 address"));
        }
        match rest.strip_prefix(':') {
            Some(port) => (address, Some(port)),
            None if rest.is_empty() => (address, None),
            None => return Err("something other than a port follows the `]`".to_owned()),
        }
    } else {
        match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        }
    };
    if host.is_empty() {
        return Err("it has no host".to_owned());
    }
    if let Some(bad) = host.chars().find(|c| "<>^|%[]{}\"'`,;=&*()!$+".contains(*c)) {
        return Err(format!("{bad:?} may not stand in a host"));
    }
    match port {
        Some(port)
            if port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0) => {
        }
        Some(port) => return Err(format!("{port:?} is not a port")),
        None => {}
    }
    Ok(authority.to_owned())
}

/// The proxy schemes that the transport can go through.
pub(crate) fn check_proxy(url: &str) -> Result<(), String> {
    let shown = without_userinfo(url);
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(format!("{shown:?} has no scheme; write http://, https:// or socks5:// before the host"));
    };
    if !["http", "https", "socks5", "socks5h"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(format!(
            "{shown:?} has the scheme {scheme:?}; http, https, socks5 and socks5h are understood"
        ));
    }
    if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!("{shown:?} holds white space or a control character; take it out"));
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    check_authority(host)
        .map(drop)
        .map_err(|why| format!("{shown:?} is not a URL: {why}; write scheme://host:port"))
}

/// A URL that may be shown: whatever stands before an `@` is taken out, even where the rest is no URL, and so is a query.
pub(crate) fn without_userinfo(url: &str) -> String {
    let (url, query) = match url.split_once('?') {
        Some((url, _)) => (url, "?[REDACTED]"),
        None => (url, ""),
    };
    match (url.rsplit_once('@'), url.split_once("://")) {
        (Some((_, host)), Some((scheme, _))) if !scheme.contains('@') => {
            format!("{scheme}://[REDACTED]@{host}{query}")
        }
        (Some((_, host)), _) => format!("[REDACTED]@{host}{query}"),
        (None, _) => format!("{url}{query}"),
    }
}

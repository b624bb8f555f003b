//! Which proxy stands before a server: the configuration's, or what the environment says as Go reads it.

use std::net::IpAddr;

use super::origin::Origin;
use super::proxy::Proxy;
use crate::Result;
use crate::config::{Config, Environment};
use crate::error::{Error, Kind};

/// The proxy for this server, or `None`.
///
/// One that the configuration names is used whatever `NO_PROXY` says, as in client-go.
///
/// # Errors
///
/// When its URL cannot be used. It may hold a password, so it is not shown.
pub(super) fn choose(config: &Config, origin: &Origin) -> Result<Option<Proxy>> {
    let (url, named) = match config.proxy() {
        Some(url) => (url.to_owned(), "proxy-url"),
        None => match from_environment(config.surroundings(), origin) {
            Some(found) => found,
            None => return Ok(None),
        },
    };
    let from = match named {
        "proxy-url" => config.proxy_place(),
        variable => variable.to_owned(),
    };
    Proxy::parse(&url).map(|proxy| Some(proxy.from(from))).ok_or_else(|| {
        Error::new(Kind::Config, config.origin(), format!("the proxy URL ({named}) cannot be used"))
            .with_help("http, https, socks5 and socks5h URLs are understood; a user name and a password in them are %-escaped")
    })
}

/// The URL of the environment's proxy for this server, and which variable holds it.
fn from_environment(environment: &Environment, origin: &Origin) -> Option<(String, &'static str)> {
    let names = if origin.is_plain() { ["HTTP_PROXY", "http_proxy"] } else { ["HTTPS_PROXY", "https_proxy"] };
    let (name, value) = names.into_iter().find_map(|name| Some((name, environment.get(name)?)))?;
    // Within CGI the first of these is set by whoever asks; Go ignores it too.
    if name == "HTTP_PROXY" && environment.get("REQUEST_METHOD").is_some() {
        return None;
    }
    let value = value.into_string().unwrap_or_default();
    let except = ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| environment.get(name));
    let except = except.and_then(|list| list.into_string().ok()).unwrap_or_default();
    if !applies(&except, origin.host(), origin.port()) {
        return None;
    }
    let value = value.trim().to_owned();
    Some((if value.contains("://") { value } else { format!("http://{value}") }, name))
}

/// Whether a server is reached through the environment's proxy.
fn applies(except: &str, host: &str, port: u16) -> bool {
    let host = host.to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok().map(|address: IpAddr| address.to_canonical());
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return false;
    }
    !except.split(',').any(|entry| matches(&entry.trim().to_ascii_lowercase(), &host, address, port))
}

/// Whether one entry of `NO_PROXY` means this server.
fn matches(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if entry.is_empty() {
        return false;
    }
    if entry == "*" {
        return true;
    }
    if let Some((network, bits)) = entry.split_once('/') {
        let (Ok(network), Ok(bits)) = (network.parse(), bits.parse()) else { return false };
        return address.is_some_and(|address| contains(network, bits, address));
    }
    let (name, wanted) = split_port(entry);
    if wanted.is_some_and(|wanted| wanted.parse() != Ok(port)) {
        return false;
    }
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    if let Ok(named) = name.parse::<IpAddr>() {
        return address == Some(named.to_canonical());
    }
    // `.example.com` and `*.example.com` mean what is below it, `example.com` itself too.
    let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
    match name.strip_prefix('.') {
        Some("") => false,
        Some(_) => host.ends_with(name),
        None if name.is_empty() => false,
        None => host == name || host.strip_suffix(name).is_some_and(|above| above.ends_with('.')),
    }
}

/// `host:port` in two; a bare IPv6 address has no port.
fn split_port(entry: &str) -> (&str, Option<&str>) {
    match entry.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, Some(port)),
        _ => (entry, None),
    }
}

fn contains(network: IpAddr, bits: u32, address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            u32::from(network) & mask == u32::from(address) & mask
        }
        (IpAddr::V6(network), IpAddr::V6(address)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            u128::from(network) & mask == u128::from(address) & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(environment: Environment, server: &str) -> Option<String> {
        let origin = Origin::of(server).unwrap();
        from_environment(&environment, &origin).map(|(url, _)| url)
    }

    #[test]
    fn the_environment_is_read_as_go_reads_it() {
        let environment = || {
            Environment::empty()
                .var("HTTPS_PROXY", "http://secure:1")
                .var("http_proxy", "plain:2")
                .var("NO_PROXY", "10.0.0.0/8, .corp.example,exact.example,*.star.example,port.example:6443,fd00::/8,192.0.2.7,[2001:db8::1]:443")
        };
        for (server, expected) in [
            ("https://api.example", Some("http://secure:1")),
            ("http://api.example", Some("http://plain:2")),
            ("https://10.1.2.3:6443", None),
            ("https://11.1.2.3:6443", Some("http://secure:1")),
            ("https://a.corp.example", None),
            ("https://corp.example", Some("http://secure:1")),
            ("https://EXACT.example", None),
            ("https://a.exact.example", None),
            ("https://inexact.example", Some("http://secure:1")),
            ("https://a.star.example", None),
            ("https://port.example:6443", None),
            ("https://port.example", Some("http://secure:1")),
            ("https://[fd00::1]:6443", None),
            ("https://[fe00::1]:6443", Some("http://secure:1")),
            ("https://192.0.2.7", None),
            ("https://[2001:db8::1]", None),
            ("https://[2001:db8::1]:6443", Some("http://secure:1")),
            ("https://localhost:6443", None),
            ("https://127.0.0.1:6443", None),
            ("https://[::1]:6443", None),
        ] {
            assert_eq!(chosen(environment(), server).as_deref(), expected, "{server}");
        }
        assert_eq!(chosen(environment().var("NO_PROXY", "a, *"), "https://api.example"), None);
        assert_eq!(
            chosen(environment().var("NO_PROXY", ",,:1,/8,10/x"), "https://10.0.0.1").as_deref(),
            Some("http://secure:1")
        );
        let cgi = environment().var("HTTP_PROXY", "evil").var("REQUEST_METHOD", "GET");
        assert_eq!(chosen(cgi, "http://api.example"), None);
        assert_eq!(chosen(Environment::empty(), "https://api.example"), None);
    }

    #[test]
    fn a_proxy_of_the_configuration_is_used_whatever_no_proxy_says() {
        let environment = Environment::empty().var("NO_PROXY", "*").var("HTTPS_PROXY", "http://elsewhere");
        let origin = Origin::of("https://127.0.0.1:6443").unwrap();
        let config =
            |url: &str| Config::new("https://127.0.0.1:6443").environment(environment.clone()).proxy_url(url);
        let proxy = choose(&config("http://me:p%40ss@proxy.example:3128"), &origin).unwrap().unwrap();
        assert_eq!((proxy.host(), proxy.port()), ("proxy.example", 3128));
        assert_eq!(proxy.authorization().unwrap().as_bytes(), b"Basic bWU6cEBzcw==");
        for url in [
            "http://a:canary@",
            "http://a:can%4",
            "ftp://canary@b",
            "http://b:canary",
            "http://canary:12/3@b",
            "http://a:12#canary@b",
            "canary",
        ] {
            let error = choose(&config(url), &origin).unwrap_err().to_string();
            assert!(!error.contains("canary"), "{error}");
        }
    }
}

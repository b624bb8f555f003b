//! URLs as Go's standard library reads them, as far as Kubernetes looks at their parts.
//!
//! Not a URL library: nothing is resolved or normalised.

/// The parts of a URL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Url {
    pub(crate) scheme: String,
    pub(crate) user: Option<String>,
    /// With the port.
    pub(crate) host: String,
    /// As it was written.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) fragment: String,
}

fn split_scheme(text: &str) -> Option<(&str, &str)> {
    for (at, it) in text.char_indices() {
        match it {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return None,
            ':' => return Some((text.get(..at)?, text.get(at + 1..)?)),
            _ => break,
        }
    }
    Some(("", text))
}

/// Whether every `%` starts two hexadecimal digits.
fn escapes_are_fine(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().filter(|it| *it.1 == b'%').all(|(at, _)| {
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
        digit(at + 1) && digit(at + 2)
    })
}

fn host_is_fine(host: &str) -> bool {
    let port_is_fine = |it: &str| {
        it.is_empty() || it.strip_prefix(':').is_some_and(|it| it.bytes().all(|it| it.is_ascii_digit()))
    };
    if let Some(rest) = host.strip_prefix('[') {
        return rest.rsplit_once(']').is_some_and(|(_, port)| port_is_fine(port));
    }
    if let Some(at) = host.rfind(':')
        && !port_is_fine(host.get(at..).unwrap_or_default())
    {
        return false;
    }
    let allowed =
        |it: char| !it.is_ascii() || it.is_ascii_alphanumeric() || "-_.~!$&'()*+,;=:[]<>\"%".contains(it);
    host.chars().all(allowed) && escapes_are_fine(host)
}

impl Url {
    /// Reads a reference of any kind.
    pub(crate) fn parse(text: &str) -> Option<Url> {
        let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
        if !escapes_are_fine(fragment) {
            return None;
        }
        let mut url = Url::read(rest, false)?;
        url.fragment = fragment.to_owned();
        Some(url)
    }

    /// Reads what a request may ask for: an absolute URL or an absolute path.
    pub(crate) fn parse_request(text: &str) -> Option<Url> {
        Url::read(text, true)
    }

    fn read(text: &str, is_request: bool) -> Option<Url> {
        if text.chars().any(|it| it.is_ascii_control()) || (text.is_empty() && is_request) {
            return None;
        }
        let mut url = Url::default();
        if text == "*" {
            url.path = "*".to_owned();
            return Some(url);
        }
        let (scheme, rest) = split_scheme(text)?;
        url.scheme = scheme.to_lowercase();
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        url.query = query.to_owned();
        if !rest.starts_with('/') {
            if !url.scheme.is_empty() {
                return Some(url);
            }
            let first = rest.split('/').next().unwrap_or_default();
            if is_request || first.contains(':') {
                return None;
            }
        }
        let mut path = rest;
        if let Some(after) = rest.strip_prefix("//")
            && (!url.scheme.is_empty() || (!is_request && !after.starts_with('/')))
        {
            let end = after.find('/').unwrap_or(after.len());
            let (authority, after) = after.split_at(end);
            path = after;
            let (user, host) = match authority.rsplit_once('@') {
                Some((user, host)) => (Some(user), host),
                None => (None, authority),
            };
            if !host_is_fine(host) || user.is_some_and(|it| it.contains(['@', '/', ' '])) {
                return None;
            }
            url.user = user.map(str::to_owned);
            url.host = host.to_owned();
        }
        if !escapes_are_fine(path) {
            return None;
        }
        url.path = path.to_owned();
        Some(url)
    }

    pub(crate) fn hostname(&self) -> &str {
        if let Some(rest) = self.host.strip_prefix('[') {
            return rest.split(']').next().unwrap_or_default();
        }
        self.host.split(':').next().unwrap_or_default()
    }

    pub(crate) fn port(&self) -> &str {
        let after = self.host.rsplit(']').next().unwrap_or_default();
        after.rsplit_once(':').map_or("", |it| it.1)
    }

    /// The path with what must be escaped escaped.
    pub(crate) fn escaped_path(&self) -> String {
        let plain = |it: u8| it.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@%!'()*[]".contains(&it);
        self.path
            .bytes()
            .map(|it| if plain(it) { char::from(it).to_string() } else { format!("%{it:02X}") })
            .collect()
    }

    /// The values of the query, by name in the order of their first appearance.
    pub(crate) fn values(&self) -> Vec<(String, Vec<String>)> {
        let mut all: Vec<(String, Vec<String>)> = Vec::new();
        for pair in self.query.split('&').filter(|it| !it.is_empty() && !it.contains(';')) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (unescape(name), unescape(value)) else { continue };
            match all.iter_mut().find(|it| it.0 == name) {
                Some(it) => it.1.push(value),
                None => all.push((name, vec![value])),
            }
        }
        all
    }
}

fn unescape(text: &str) -> Option<String> {
    if !escapes_are_fine(text) {
        return None;
    }
    let (mut out, mut rest) = (Vec::new(), text.bytes());
    while let Some(it) = rest.next() {
        match it {
            b'+' => out.push(b' '),
            b'%' => {
                let hex = [rest.next()?, rest.next()?];
                out.push(u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?);
            }
            it => out.push(it),
        }
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

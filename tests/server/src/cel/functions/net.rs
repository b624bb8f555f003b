//! Addresses, networks, URLs and named formats.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use crate::cel::eval::{Found, error};
use crate::cel::url::Url;
use crate::cel::value::{Key, Val};
use crate::kinds::formats::dns1035_label;
use crate::names;

pub(super) fn call(name: &str, args: &[Val]) -> Option<Found> {
    let bool = |it: bool| Ok(Val::Bool(it));
    Some(match (name, args) {
        ("ip", [Val::Text(text)]) => ip(text).map_or_else(error, |it| Ok(Val::Ip(it))),
        ("isIP", [Val::Text(text)]) => bool(ip(text).is_ok()),
        ("ip.isCanonical", [Val::Text(text)]) => {
            ip(text).map_or_else(error, |it| bool(it.to_string() == **text))
        }
        ("family", [Val::Ip(it)]) => Ok(Val::Int(if it.is_ipv4() { 4 } else { 6 })),
        ("isUnspecified", [Val::Ip(it)]) => bool(it.is_unspecified()),
        ("isLoopback", [Val::Ip(it)]) => bool(it.is_loopback()),
        ("isLinkLocalUnicast", [Val::Ip(it)]) => bool(is_link_local(it)),
        ("isLinkLocalMulticast", [Val::Ip(it)]) => bool(match it {
            IpAddr::V4(it) => matches!(it.octets(), [224, 0, 0, _]),
            IpAddr::V6(it) => it.segments().first().is_some_and(|it| it & 0xff0f == 0xff02),
        }),
        ("isGlobalUnicast", [Val::Ip(it)]) => bool(
            !(it.is_unspecified()
                || it.is_loopback()
                || it.is_multicast()
                || is_link_local(it)
                || *it == IpAddr::V4(Ipv4Addr::BROADCAST)),
        ),
        ("cidr", [Val::Text(text)]) => cidr(text).map_or_else(
            |why| error(format!("network address parse error during conversion from string: {why}")),
            |(address, bits)| Ok(Val::Cidr(address, bits)),
        ),
        ("isCIDR", [Val::Text(text)]) => bool(cidr(text).is_ok()),
        ("containsIP", [Val::Cidr(address, bits), Val::Ip(it)]) => bool(contains(*address, *bits, *it)),
        ("containsIP", [Val::Cidr(address, bits), Val::Text(text)]) => {
            ip(text).map_or_else(error, |it| bool(contains(*address, *bits, it)))
        }
        ("containsCIDR", [Val::Cidr(address, bits), Val::Cidr(other, other_bits)]) => {
            bool(bits <= other_bits && contains(*address, *bits, masked(*other, *other_bits)))
        }
        ("containsCIDR", [Val::Cidr(address, bits), Val::Text(text)]) => cidr(text).map_or_else(
            |why| error(format!("network address parse error during conversion from string: {why}")),
            |(other, other_bits)| {
                bool(*bits <= other_bits && contains(*address, *bits, masked(other, other_bits)))
            },
        ),
        ("ip", [Val::Cidr(address, _)]) => Ok(Val::Ip(*address)),
        ("prefixLength", [Val::Cidr(_, bits)]) => Ok(Val::Int((*bits).into())),
        ("masked", [Val::Cidr(address, bits)]) => Ok(Val::Cidr(masked(*address, *bits), *bits)),
        ("url", [Val::Text(text)]) => match Url::parse_request(text) {
            Some(it) => Ok(Val::Url(Arc::new(it))),
            None => error(format!("URL parse error during conversion from string: {}", not_a_url(text))),
        },
        ("isURL", [Val::Text(text)]) => bool(Url::parse_request(text).is_some()),
        ("getScheme", [Val::Url(it)]) => Ok(Val::text(&it.scheme)),
        ("getHost", [Val::Url(it)]) => Ok(Val::text(&it.host)),
        ("getHostname", [Val::Url(it)]) => Ok(Val::text(it.hostname())),
        ("getPort", [Val::Url(it)]) => Ok(Val::text(it.port())),
        ("getEscapedPath", [Val::Url(it)]) => Ok(Val::text(&it.escaped_path())),
        ("getQuery", [Val::Url(it)]) => {
            let mut all = BTreeMap::new();
            for (name, values) in it.values() {
                let values = values.iter().map(|it| Val::text(it)).collect();
                all.insert(Key::Text(Arc::from(name.as_str())), Val::list(values));
            }
            Ok(Val::Map(Arc::new(all)))
        }
        ("format.named", [Val::Text(text)]) => {
            let known = FORMATS.iter().find(|it| ***it == **text);
            Ok(Val::Optional(known.map(|it| Arc::new(Val::Format(it)))))
        }
        ("validate", [Val::Format(format), Val::Text(text)]) => {
            let problems = problems(format, text);
            Ok(Val::Optional(
                (!problems.is_empty())
                    .then(|| Arc::new(Val::list(problems.iter().map(|it| Val::text(it)).collect()))),
            ))
        }
        (name, []) => {
            let known = name.strip_prefix("format.").and_then(|it| FORMATS.iter().find(|name| **name == it));
            Ok(Val::Format(known?))
        }
        _ => return None,
    })
}

const FORMATS: &[&str] = &[
    "dns1123Label",
    "dns1123Subdomain",
    "dns1035Label",
    "qualifiedName",
    "dns1123LabelPrefix",
    "dns1123SubdomainPrefix",
    "dns1035LabelPrefix",
    "labelValue",
    "uri",
    "uuid",
    "byte",
    "date",
    "datetime",
];

fn problems(format: &str, text: &str) -> Vec<String> {
    use crate::schema::validate::has_format;
    // A prefix may end where a name could not.
    let prefix = || match text.strip_suffix('-') {
        Some(rest) => format!("{rest}a"),
        None => text.to_owned(),
    };
    let known = |format: &str, say: &str| match has_format(format, text) {
        true => Vec::new(),
        false => vec![say.to_owned()],
    };
    match format {
        "dns1123Label" => names::label_problems(text),
        "dns1123Subdomain" => names::subdomain_problems(text),
        "dns1035Label" => dns1035_label(text),
        "qualifiedName" => names::qualified_problems(text),
        "dns1123LabelPrefix" => names::label_problems(&prefix()),
        "dns1123SubdomainPrefix" => names::subdomain_problems(&prefix()),
        "dns1035LabelPrefix" => dns1035_label(&prefix()),
        "labelValue" => names::label_value_problem(text).map(str::to_owned).into_iter().collect(),
        "uri" if Url::parse_request(text).is_none() => vec![not_a_url(text)],
        "uuid" => known("uuid", "does not match the UUID format"),
        "byte" => known("byte", "invalid base64"),
        "date" => known("date", "invalid date"),
        "datetime" => known("date-time", "invalid datetime"),
        _ => Vec::new(),
    }
}

fn not_a_url(text: &str) -> String {
    let quoted = crate::failure::shown(&text.into());
    match text {
        "" => format!("parse {quoted}: empty url"),
        _ => format!("parse {quoted}: invalid URI for request"),
    }
}

fn is_link_local(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => it.is_link_local(),
        IpAddr::V6(it) => it.segments().first().is_some_and(|it| it & 0xffc0 == 0xfe80),
    }
}

/// Strict: no leading zeros, no zones, no IPv4 inside of IPv6.
fn ip(text: &str) -> Result<IpAddr, String> {
    let quoted = crate::failure::shown(&text.into());
    if text.contains('%') {
        return Err(format!("IP address {quoted} with zone value is not allowed"));
    }
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(it)) if it.to_ipv4_mapped().is_some() => {
            Err(format!("IPv4-mapped IPv6 address {quoted} is not allowed"))
        }
        Ok(it) => Ok(it),
        Err(_) => Err(format!(
            "IP Address {quoted} parse error during conversion from string: ParseAddr({quoted}): {}",
            why_no_ip(text)
        )),
    }
}

fn why_no_ip(text: &str) -> &'static str {
    if text.contains(':') {
        return "unexpected character";
    }
    let parts: Vec<&str> = text.split('.').collect();
    let zero = |it: &&str| it.len() > 1 && it.starts_with('0') && it.chars().all(|it| it.is_ascii_digit());
    let large =
        |it: &&str| it.chars().all(|it| it.is_ascii_digit()) && it.parse::<u8>().is_err() && !it.is_empty();
    if parts.len() == 1 {
        "unable to parse IP"
    } else if parts.iter().any(zero) {
        "IPv4 field has octet with leading zero"
    } else if parts.iter().any(large) {
        "IPv4 field has value >255"
    } else if parts.len() < 4 {
        "IPv4 address too short"
    } else if parts.len() > 4 {
        "IPv4 address too long"
    } else {
        "unexpected character"
    }
}

fn cidr(text: &str) -> Result<(IpAddr, u8), String> {
    let quoted = crate::failure::shown(&text.into());
    let wrong = |why: &str| {
        format!(
            "network address parse error during conversion from string: netip.ParsePrefix({quoted}): {why}"
        )
    };
    let Some((address, bits)) = text.rsplit_once('/') else { return Err(wrong("no '/'")) };
    let parsed = address.parse::<IpAddr>().map_err(|_| {
        let inner = crate::failure::shown(&address.into());
        wrong(&format!("ParseAddr({inner}): {}", why_no_ip(address)))
    })?;
    if let IpAddr::V6(it) = parsed
        && it.to_ipv4_mapped().is_some()
    {
        return Err(format!("IPv4-mapped IPv6 address {quoted} is not allowed"));
    }
    let most = if parsed.is_ipv4() { 32 } else { 128 };
    let plain = !bits.is_empty() && bits.chars().all(|it| it.is_ascii_digit());
    if !plain || (bits.len() > 1 && bits.starts_with('0')) {
        return Err(wrong(&format!("bad bits after slash: {}", crate::failure::shown(&bits.into()))));
    }
    match bits.parse::<u8>() {
        Ok(bits) if bits <= most => Ok((parsed, bits)),
        _ => Err(wrong("prefix length out of range")),
    }
}

fn masked(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(it) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from(u32::from(it) & mask))
        }
        IpAddr::V6(it) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from(u128::from(it) & mask))
        }
    }
}

fn contains(network: IpAddr, bits: u8, address: IpAddr) -> bool {
    network.is_ipv4() == address.is_ipv4() && masked(network, bits) == masked(address, bits)
}

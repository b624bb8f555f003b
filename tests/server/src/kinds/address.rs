//! IP addresses and ranges in fields of built-in kinds: what is one, in which form, and which are special.
//!
//! Addresses that are handed out are in `service`.

use std::net::IpAddr;

use super::causes::{At, Causes};

const NOT_AN_ADDRESS: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const NOT_A_RANGE: &str = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

/// A network: an address and how many of its bits are fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    address: IpAddr,
    bits: u8,
}

/// Takes leading zeros off the parts of an IPv4 address, which were allowed once.
fn without_zeros(text: &str) -> String {
    let strip = |part: &str| match part.trim_start_matches('0') {
        "" if !part.is_empty() => "0".to_owned(),
        rest => rest.to_owned(),
    };
    if text.contains(':') {
        text.to_owned()
    } else {
        text.split('.').map(strip).collect::<Vec<_>>().join(".")
    }
}

/// An address, also one with leading zeros.
pub(crate) fn parse(text: &str) -> Option<IpAddr> {
    without_zeros(text).parse().ok()
}

fn is_mapped(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(it) if it.to_ipv4_mapped().is_some())
}

/// `IPv4` or `IPv6`.
pub(crate) fn family(address: IpAddr) -> &'static str {
    if address.is_ipv4() || is_mapped(address) { "IPv4" } else { "IPv6" }
}

/// Text that has to be an address, in the strict form.
pub(crate) fn check(text: &str, at: &At, causes: &mut Causes) {
    match (parse(text), text.parse::<IpAddr>()) {
        (None, _) => causes.invalid(at, text, NOT_AN_ADDRESS),
        (Some(_), Err(_)) => causes.invalid(at, text, "must not have leading 0s"),
        (Some(_), Ok(it)) if is_mapped(it) => {
            causes.invalid(at, text, "must not be an IPv4-mapped IPv6 address");
        }
        _ => {}
    }
}

/// An address that traffic can be sent to.
pub(crate) fn check_endpoint(text: &str, at: &At, causes: &mut Causes) {
    let Some(address) = parse(text) else { return causes.invalid(at, text, "must be a valid IP address") };
    let (local, multicast) = match address {
        IpAddr::V4(it) => (it.is_link_local(), it.octets().starts_with(&[224, 0, 0])),
        IpAddr::V6(it) => {
            (it.segments()[0] & 0xffc0 == 0xfe80, it.is_multicast() && it.segments()[0] & 0xf == 2)
        }
    };
    let mut complain = |bad: bool, say: &str| {
        if bad {
            causes.invalid(at, text, say);
        }
    };
    complain(address.is_unspecified(), &format!("may not be unspecified ({text})"));
    complain(address.is_loopback(), "may not be in the loopback range (127.0.0.0/8, ::1/128)");
    complain(local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
    complain(multicast, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
}

impl Range {
    /// Reads `10.0.0.0/8`.
    pub(crate) fn parse(text: &str) -> Option<Range> {
        let (address, bits) = text.split_once('/')?;
        let address = parse(address)?;
        if bits.is_empty() || !bits.chars().all(|it| it.is_ascii_digit()) {
            return None;
        }
        let bits: u8 = bits.parse().ok()?;
        (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some(Range { address, bits })
    }

    fn number(address: IpAddr) -> u128 {
        match address {
            IpAddr::V4(it) => u128::from(u32::from(it)) << 96,
            IpAddr::V6(it) => u128::from(it),
        }
    }

    fn mask(self) -> u128 {
        if self.bits == 0 { 0 } else { u128::MAX << (128 - u32::from(self.bits)) }
    }

    pub(crate) fn family(self) -> &'static str {
        family(self.address)
    }

    /// Whether bits are set behind the fixed ones.
    fn has_host(self) -> bool {
        Self::number(self.address) & !self.mask() != 0
    }

    /// Whether another network lies inside of this one and is smaller.
    pub(crate) fn strictly_contains(self, other: Range) -> bool {
        self.address.is_ipv4() == other.address.is_ipv4()
            && self.bits < other.bits
            && Self::number(other.address) & self.mask() == Self::number(self.address) & self.mask()
    }
}

/// Text that has to be a range, in the strict form.
pub(crate) fn check_range(text: &str, at: &At, causes: &mut Causes) {
    let Some(range) = Range::parse(text) else { return causes.invalid(at, text, NOT_A_RANGE) };
    let (address, bits) = text.split_once('/').unwrap_or((text, ""));
    if address.parse::<IpAddr>().is_err() || (bits.len() > 1 && bits.starts_with('0')) {
        causes.invalid(at, text, "must not have leading 0s in IP or prefix length");
    } else if is_mapped(range.address) {
        causes.invalid(at, text, "must not have an IPv4-mapped IPv6 address");
    } else if range.has_host() {
        causes.invalid(at, text, "must not have bits set beyond the prefix length");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(check: fn(&str, &At, &mut Causes), text: &str) -> Vec<String> {
        let mut causes = Causes::default();
        check(text, &At::new("x"), &mut causes);
        causes.0.into_iter().map(|it| it.message).collect()
    }

    #[test]
    fn addresses_are_judged_in_the_servers_words() {
        assert!(said(check, "10.0.0.1").is_empty() && said(check, "fd00::1").is_empty());
        assert_eq!(said(check, "010.0.0.1"), [r#"Invalid value: "010.0.0.1": must not have leading 0s"#]);
        assert_eq!(said(check, "x").len(), 1);
        assert_eq!(said(check, "::ffff:1.2.3.4").len(), 1);
        assert_eq!(said(check_endpoint, "127.0.0.1").len(), 1);
        assert_eq!(said(check_endpoint, "fe80::1").len(), 1);
        assert_eq!(said(check_endpoint, "224.0.0.1").len(), 1);
    }

    #[test]
    fn ranges_are_judged_in_the_servers_words() {
        assert!(said(check_range, "10.0.0.0/8").is_empty() && said(check_range, "fd00::/64").is_empty());
        for (text, say) in [
            ("10.0.0.0", NOT_A_RANGE),
            ("10.0.0.0/33", NOT_A_RANGE),
            ("10.0.0.1/8", "must not have bits set beyond the prefix length"),
            ("10.0.0.0/08", "must not have leading 0s in IP or prefix length"),
        ] {
            assert_eq!(said(check_range, text), [format!("Invalid value: \"{text}\": {say}")]);
        }
        let wide = Range::parse("10.0.0.0/8").expect("a range");
        assert!(wide.strictly_contains(Range::parse("10.1.0.0/16").expect("a range")));
        assert!(!wide.strictly_contains(wide));
        assert!(!wide.strictly_contains(Range::parse("11.0.0.0/16").expect("a range")));
    }
}

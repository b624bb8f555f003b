//! What the server hands out to Services: addresses of `10.0.0.0/24`, node ports from 30000 to 32767, and families of addresses, of which
//! there is one.
//!
//! What is taken is read from the stored Services, so that nothing has to be given back.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Value, json};

use super::address;
use super::causes::{At, Causes};
use super::service::{has_address, has_health_port, has_node_ports, kind_of, node_ports};
use super::service_rules::check_addresses;
use super::words::{drop_member, items, text, texts};

const NETWORK: [u8; 3] = [10, 0, 0];
/// Below this are the addresses that people choose themselves.
const FIRST_ADDRESS: u8 = 17;
const PORTS: std::ops::RangeInclusive<i64> = 30000..=32767;

/// Why an allocation did not come about.
#[derive(Debug)]
pub(super) enum Refusal {
    Invalid(Causes),
    Internal(String),
}

fn refused(at: &str, value: impl Into<Value>, detail: &str) -> Refusal {
    let mut causes = Causes::default();
    causes.invalid(&At::new(at), value, detail);
    Refusal::Invalid(causes)
}

/// What other Services hold.
#[derive(Debug, Default)]
pub(super) struct Taken {
    addresses: BTreeSet<String>,
    ports: BTreeSet<i64>,
    /// Where to look first: what was given back is not handed out again at once.
    turn: u64,
}

impl Taken {
    /// Nothing yet; `turn` says where to look for what is free.
    pub(super) fn new(turn: u64) -> Taken {
        Taken { turn, ..Taken::default() }
    }

    /// Adds what a stored Service holds.
    pub(super) fn add(&mut self, service: &Value) {
        let spec = &service["spec"];
        self.addresses.extend(texts(spec, "clusterIPs").into_iter().map(str::to_owned));
        self.ports.extend(node_ports(spec));
        self.ports.extend(spec["healthCheckNodePort"].as_i64());
    }

    fn address(&mut self, wanted: &str) -> Result<(), String> {
        let inside = matches!(address::parse(wanted), Some(IpAddr::V4(it))
            if it.octets().starts_with(&NETWORK) && !matches!(it.octets()[3], 0 | 255));
        if !inside {
            return Err("the provided network does not match the current range".to_owned());
        }
        if !self.addresses.insert(wanted.to_owned()) {
            return Err("provided IP is already allocated".to_owned());
        }
        Ok(())
    }

    fn any_address(&mut self) -> Option<String> {
        let [one, two, three] = NETWORK;
        let start = FIRST_ADDRESS + (self.turn * 7 % u64::from(255 - FIRST_ADDRESS)) as u8;
        let all = (start..255).chain(FIRST_ADDRESS..start).chain(1..FIRST_ADDRESS);
        let mut all = all.map(|it| Ipv4Addr::new(one, two, three, it).to_string());
        let free = all.find(|it| !self.addresses.contains(it))?;
        self.addresses.insert(free.clone());
        Some(free)
    }

    fn port(&mut self, wanted: i64) -> Result<(), String> {
        if !PORTS.contains(&wanted) {
            let (first, last) = (PORTS.start(), PORTS.end());
            return Err(format!(
                "provided port is not in the valid range. The range of valid ports is {first}-{last}"
            ));
        }
        if self.ports.insert(wanted) { Ok(()) } else { Err("provided port is already allocated".to_owned()) }
    }

    fn any_port(&mut self) -> Option<i64> {
        let start = PORTS.start() + (self.turn * 13 % 2048) as i64;
        let mut all = (start..=*PORTS.end()).chain(*PORTS.start()..start);
        let free = all.find(|it| !self.ports.contains(it))?;
        self.ports.insert(free);
        Some(free)
    }
}

/// Hands out what a new Service needs. A dry run takes nothing and shows the start of the range.
pub(super) fn allocate(service: &mut Value, taken: &mut Taken, dry_run: bool) -> Result<(), Refusal> {
    let name = crate::meta::name(service).to_owned();
    let Some(spec) = service.get_mut("spec").filter(|it| it.is_object()) else { return Ok(()) };
    let first = text(spec, "clusterIP").to_owned();
    if !first.is_empty() && items(spec, "clusterIPs").is_empty() {
        spec["clusterIPs"] = json!([first]);
    }
    families(spec, None)?;
    addresses(spec, taken, &name, dry_run)?;
    if matches!(kind_of(spec), "NodePort" | "LoadBalancer") {
        new_ports(spec, taken)?;
    }
    health_port(spec, taken)
}

/// The same for a changed one, which keeps what it has.
pub(super) fn reallocate(
    new: &mut Value,
    old: &Value,
    taken: &mut Taken,
    dry_run: bool,
) -> Result<(), Refusal> {
    let name = crate::meta::name(new).to_owned();
    let old = &old["spec"];
    let Some(spec) = new.get_mut("spec").filter(|it| it.is_object()) else { return Ok(()) };
    keep_allocated(spec, old);
    agree_on_addresses(spec, old);
    families(spec, Some(old))?;
    if has_address(spec) && !has_address(old) {
        addresses(spec, taken, &name, dry_run)?;
    }
    if matches!(kind_of(spec), "NodePort" | "LoadBalancer") {
        changed_ports(spec, old, taken)?;
    }
    if has_health_port(spec) && !has_health_port(old) {
        health_port(spec, taken)?;
    }
    Ok(())
}

/// What an update leaves out stays as it was.
fn keep_allocated(spec: &mut Value, old: &Value) {
    if has_address(old) && has_address(spec) {
        if text(spec, "clusterIP").is_empty() && !text(old, "clusterIP").is_empty() {
            spec["clusterIP"] = old["clusterIP"].clone();
        }
        if items(spec, "clusterIPs").is_empty() && !items(old, "clusterIPs").is_empty() {
            spec["clusterIPs"] = old["clusterIPs"].clone();
        }
    }
    if has_node_ports(old) && has_node_ports(spec) {
        let before: BTreeSet<i64> = node_ports(old).collect();
        let used: BTreeSet<i64> = node_ports(spec).filter(|it| before.contains(it)).collect();
        let of_name = |name: &str| {
            let mut same = items(old, "ports").iter().filter(|it| text(*it, "name") == name);
            same.next_back()
                .and_then(|it| it["nodePort"].as_i64())
                .filter(|it| *it != 0 && !used.contains(it))
        };
        for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
            let kept = of_name(text(port, "name"));
            if let (true, Some(kept)) = (port["nodePort"].as_i64().unwrap_or(0) == 0, kept) {
                port["nodePort"] = kept.into();
            }
        }
    }
    if has_health_port(old) && has_health_port(spec) && spec["healthCheckNodePort"].as_i64().unwrap_or(0) == 0
    {
        spec["healthCheckNodePort"] = old["healthCheckNodePort"].clone();
    }
}

/// A client may change only one of the two forms of the address; the other follows.
fn agree_on_addresses(spec: &mut Value, old: &Value) {
    let (is, was) = (text(spec, "clusterIP").to_owned(), text(old, "clusterIP"));
    if !items(old, "clusterIPs").is_empty() && items(spec, "clusterIPs").is_empty() && is == was {
        spec["clusterIPs"] = old["clusterIPs"].clone();
    }
    if is == was || texts(spec, "clusterIPs") != texts(old, "clusterIPs") {
        return;
    }
    if is.is_empty() {
        drop_member(spec, "clusterIPs");
    } else {
        spec["clusterIPs"] = json!([is]);
    }
}

/// Settles `ipFamilies` and `ipFamilyPolicy` on a server of one family.
fn families(spec: &mut Value, old: Option<&Value>) -> Result<(), Refusal> {
    if !has_address(spec) {
        return Ok(());
    }
    let selects = spec["selector"].as_object().is_some_and(|it| !it.is_empty());
    let open = text(spec, "clusterIP") == "None" && !selects;
    if text(spec, "ipFamilyPolicy").is_empty() {
        let kept = old.map(|it| text(it, "ipFamilyPolicy")).filter(|it| !it.is_empty());
        let policy = kept.unwrap_or(if open { "RequireDualStack" } else { "SingleStack" });
        spec["ipFamilyPolicy"] = policy.into();
    }
    let mut causes = Causes::default();
    check_addresses(spec, old, &mut causes);
    if !causes.is_empty() {
        return Err(Refusal::Invalid(causes));
    }
    let at = |field: &str| At::new("spec").field(field);
    let policy = spec["ipFamilyPolicy"].clone();
    if let Some(old) = old {
        let both = ["clusterIPs", "ipFamilies"];
        if policy == "SingleStack" {
            for field in both {
                let same = texts(spec, field) == texts(old, field);
                if let (true, Some(all)) = (same, spec.get_mut(field).and_then(Value::as_array_mut)) {
                    all.truncate(1);
                }
            }
        } else {
            for (field, what) in both.into_iter().zip(["cluster IP", "IP family"]) {
                let count = items(spec, field).len();
                if count > 0 && count < items(old, field).len() {
                    let say = format!("must be 'SingleStack' to release the secondary {what}");
                    causes.invalid(&at("ipFamilyPolicy"), policy.clone(), &say);
                }
            }
        }
    }
    if policy == "SingleStack" {
        for (field, what) in [("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families")] {
            if items(spec, field).len() == 2 {
                let say = format!(
                    "must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified"
                );
                causes.invalid(&at("ipFamilyPolicy"), policy.clone(), &say);
            }
        }
    }
    let mut families: Vec<String> = texts(spec, "ipFamilies").into_iter().map(str::to_owned).collect();
    for (index, ip) in texts(spec, "clusterIPs").into_iter().enumerate() {
        if ip == "None" {
            break;
        }
        let Some(family) = address::parse(ip).map(address::family) else { continue };
        if index >= families.len() {
            if family == "IPv4" {
                families.push(family.to_owned());
            } else {
                let say = format!("{family} is not configured on this cluster");
                causes.invalid(&at("clusterIPs").index(index), spec["clusterIPs"].clone(), &say);
            }
        }
    }
    if !causes.is_empty() {
        return Err(Refusal::Invalid(causes));
    }
    if open {
        if families.is_empty() {
            families.push("IPv4".to_owned());
        }
        if families.len() < 2 && policy != "SingleStack" {
            let other = if families.first().is_some_and(|it| it == "IPv4") { "IPv6" } else { "IPv4" };
            families.push(other.to_owned());
        }
        spec["ipFamilies"] = families.into();
        return Ok(());
    }
    if policy == "RequireDualStack" {
        let say = "this cluster is not configured for dual-stack services";
        causes.invalid(&at("ipFamilyPolicy"), policy, say);
    }
    for (index, family) in families.iter().enumerate().filter(|(_, it)| *it != "IPv4") {
        causes.invalid(&at("ipFamilies").index(index), family.as_str(), "not configured on this cluster");
    }
    if !causes.is_empty() {
        return Err(Refusal::Invalid(causes));
    }
    if families.is_empty() {
        families.push("IPv4".to_owned());
    }
    spec["ipFamilies"] = families.into();
    Ok(())
}

fn addresses(spec: &mut Value, taken: &mut Taken, name: &str, dry_run: bool) -> Result<(), Refusal> {
    if !has_address(spec) || texts(spec, "clusterIPs").first() == Some(&"None") {
        return Ok(());
    }
    let wanted = texts(spec, "clusterIPs").first().copied().unwrap_or_default().to_owned();
    let address = if wanted.is_empty() {
        let [one, two, three] = NETWORK;
        let free =
            if dry_run { Some(Ipv4Addr::new(one, two, three, 0).to_string()) } else { taken.any_address() };
        let full = || {
            Refusal::Internal(format!("failed to allocate a serviceIP for Service \"{name}\": range is full"))
        };
        free.ok_or_else(full)?
    } else {
        let say = |why: String| {
            let detail = format!("failed to allocate IP {wanted}: {why}");
            refused("spec.clusterIPs", spec["clusterIPs"].clone(), &detail)
        };
        taken.address(&wanted).map_err(say)?;
        wanted
    };
    spec["clusterIP"] = address.as_str().into();
    spec["clusterIPs"] = json!([address]);
    Ok(())
}

fn no_port_left() -> Refusal {
    Refusal::Internal("failed to allocate a nodePort: range is full".to_owned())
}

/// One number serves a port in all its protocols.
fn new_ports(spec: &mut Value, taken: &mut Taken) -> Result<(), Refusal> {
    let wishes: Vec<(i64, i64)> = items(spec, "ports")
        .iter()
        .map(|it| (it["port"].as_i64().unwrap_or(0), it["nodePort"].as_i64().unwrap_or(0)))
        .collect();
    let automatic = has_node_ports(spec);
    let mut settled: Vec<(i64, i64)> = Vec::new();
    for (index, port) in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten().enumerate()
    {
        let (number, own) = wishes.get(index).copied().unwrap_or_default();
        if own == 0 && !automatic {
            continue;
        }
        let at = format!("spec.ports[{index}].nodePort");
        let known = settled.iter().find(|it| it.0 == number).map(|it| it.1);
        let wish = wishes.iter().find(|it| it.0 == number && it.1 != 0).map(|it| it.1);
        let chosen = match (known, wish) {
            (Some(known), _) if own == 0 || own == known => known,
            (Some(_), _) => {
                taken.port(own).map_err(|why| refused(&at, own, &why))?;
                own
            }
            (None, Some(wish)) => {
                taken.port(wish).map_err(|why| refused(&at, wish, &why))?;
                wish
            }
            (None, None) => taken.any_port().ok_or_else(no_port_left)?,
        };
        if known.is_none() {
            settled.push((number, chosen));
        }
        port["nodePort"] = chosen.into();
    }
    Ok(())
}

fn changed_ports(spec: &mut Value, old: &Value, taken: &mut Taken) -> Result<(), Refusal> {
    let before: BTreeSet<i64> = node_ports(old).collect();
    let automatic = has_node_ports(spec);
    let mut fresh = BTreeSet::new();
    for (index, port) in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten().enumerate()
    {
        let own = port["nodePort"].as_i64().unwrap_or(0);
        if own == 0 {
            if automatic {
                port["nodePort"] = taken.any_port().ok_or_else(no_port_left)?.into();
            }
        } else if !before.contains(&own) && fresh.insert(own) {
            let at = format!("spec.ports[{index}].nodePort");
            taken.port(own).map_err(|why| refused(&at, own, &why))?;
        }
    }
    Ok(())
}

fn health_port(spec: &mut Value, taken: &mut Taken) -> Result<(), Refusal> {
    if !has_health_port(spec) {
        return Ok(());
    }
    let wanted = spec["healthCheckNodePort"].as_i64().unwrap_or(0);
    if wanted == 0 {
        spec["healthCheckNodePort"] = taken.any_port().ok_or_else(no_port_left)?.into();
        return Ok(());
    }
    let say = |why| format!("failed to allocate requested HealthCheck NodePort {wanted}: {why}");
    taken.port(wanted).map_err(|why| Refusal::Internal(say(why)))
}

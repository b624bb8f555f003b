//! Impersonation: asking as somebody else, where that is allowed.
//!
//! There are modes, as in the real server: the constrained ones for nodes, service accounts and other users, each with verbs of its own,
//! and the old one with the verb `impersonate`. The mode that let a user through last is tried first.

use std::collections::BTreeMap;

use hyper::header::HeaderMap;

use super::Security;
use super::attributes::{Attributes, quote};
use super::identity::{
    ANONYMOUS, AUTHENTICATED, Identity, MASTERS, UNAUTHENTICATED, node_name, service_account_groups,
    split_service_account,
};
use crate::failure::{Failure, Outcome};
use crate::names;
use crate::request::unescape;

const GROUP: &str = "authentication.k8s.io";
/// From so many on a right to impersonate all is asked for first.
const MANY: usize = 4;

/// Whom a request wants to be, from its headers.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    name: String,
    uid: String,
    groups: Vec<String>,
    extra: BTreeMap<String, Vec<String>>,
}

impl Wanted {
    pub(super) fn of(headers: &HeaderMap) -> Wanted {
        let mut wanted = Wanted::default();
        for (name, value) in headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            match name.as_str() {
                "impersonate-user" if wanted.name.is_empty() => wanted.name = value,
                "impersonate-uid" if wanted.uid.is_empty() => wanted.uid = value,
                "impersonate-group" => wanted.groups.push(value),
                other => {
                    if let Some(key) = other.strip_prefix("impersonate-extra-") {
                        wanted.extra.entry(unescape(key, false)).or_default().push(value);
                    }
                }
            }
        }
        wanted
    }

    fn is_name_only(&self) -> bool {
        self.uid.is_empty() && self.groups.is_empty() && self.extra.is_empty()
    }

    /// As Go shows it.
    fn shown(&self) -> String {
        let list = |all: &[String]| all.iter().map(|it| quote(it)).collect::<Vec<_>>().join(", ");
        let groups = match self.groups.as_slice() {
            [] => "[]string(nil)".to_owned(),
            all => format!("[]string{{{}}}", list(all)),
        };
        let extra: Vec<String> =
            self.extra.iter().map(|(key, all)| format!("{}:[]string{{{}}}", quote(key), list(all))).collect();
        let extra = match extra.as_slice() {
            [] => "map[string][]string(nil)".to_owned(),
            all => format!("map[string][]string{{{}}}", all.join(", ")),
        };
        let (name, uid) = (quote(&self.name), quote(&self.uid));
        format!("&user.DefaultInfo{{Name:{name}, UID:{uid}, Groups:{groups}, Extra:{extra}}}")
    }
}

/// The ways to be let through, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    AssociatedNode,
    ArbitraryNode,
    ServiceAccount,
    UserInfo,
    Legacy,
}

const MODES: [Mode; 5] =
    [Mode::AssociatedNode, Mode::ArbitraryNode, Mode::ServiceAccount, Mode::UserInfo, Mode::Legacy];

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Mode::AssociatedNode => "associated-node",
            Mode::ArbitraryNode => "arbitrary-node",
            Mode::ServiceAccount => "serviceaccount",
            Mode::UserInfo => "user-info",
            Mode::Legacy => "",
        }
    }

    fn applies(self, wanted: &Wanted, who: &Identity) -> bool {
        let node = node_name(&wanted.name);
        let is_account = split_service_account(&wanted.name).is_some();
        match self {
            Mode::AssociatedNode => {
                let own = who.extra.get("authentication.kubernetes.io/node-name");
                let own = own.filter(|it| it.len() == 1).and_then(|it| it.first());
                wanted.is_name_only()
                    && node.is_some()
                    && split_service_account(&who.name).is_some()
                    && own.map(String::as_str) == node
            }
            Mode::ArbitraryNode => wanted.is_name_only() && node.is_some(),
            Mode::ServiceAccount => wanted.is_name_only() && is_account,
            Mode::UserInfo => node.is_none() && !is_account,
            Mode::Legacy => true,
        }
    }
}

/// Who the request is after impersonation; the one who asks where it wants none.
pub(super) fn become_wanted<'a>(
    security: &Security,
    decide: &dyn Fn(&Identity, &Attributes) -> (bool, String),
    who: Identity,
    wanted: &Wanted,
    asked: impl FnOnce() -> Attributes + 'a,
) -> Outcome<Identity> {
    if wanted.name.is_empty() {
        return match wanted.is_name_only() {
            true => Ok(who),
            false => Err(Failure::bad_request(format!(
                "requested {} without impersonating a user name",
                wanted.shown()
            ))),
        };
    }
    let asked = asked();
    let check = Check { decide, who: &who, wanted };
    let last = security.last_mode(&who.name);
    let others = MODES.iter().copied().filter(|it| Some(*it) != last);
    let mut first = None;
    for mode in last.into_iter().chain(others).filter(|it| it.applies(wanted, &who)) {
        match check.pass(mode, &asked) {
            Ok(new) => {
                security.set_last_mode(&who.name, mode);
                return Ok(new);
            }
            Err(failure) => {
                first.get_or_insert(failure);
            }
        }
    }
    Err(first.unwrap_or_else(|| Failure::plain("all impersonation modes failed")))
}

struct Check<'a> {
    decide: &'a dyn Fn(&Identity, &Attributes) -> (bool, String),
    who: &'a Identity,
    wanted: &'a Wanted,
}

impl Check<'_> {
    fn may(&self, asked: &Attributes) -> Outcome<()> {
        match (self.decide)(self.who, asked) {
            (true, _) => Ok(()),
            (false, reason) => Err(asked.forbidden(self.who, &reason)),
        }
    }

    fn pass(&self, mode: Mode, asked: &Attributes) -> Outcome<Identity> {
        let constrained = mode != Mode::Legacy;
        if constrained {
            let verb = format!("impersonate-on:{}:{}", mode.name(), asked.verb);
            self.may(&Attributes { verb, ..asked.clone() })?;
        }
        let verb = match constrained {
            true => format!("impersonate:{}", mode.name()),
            false => "impersonate".to_owned(),
        };
        let about = |group: &str, resource: &str, name: &str| Attributes {
            is_resource: true,
            verb: verb.clone(),
            group: group.to_owned(),
            resource: resource.to_owned(),
            name: name.to_owned(),
            ..Attributes::default()
        };
        let wanted = self.wanted;
        let group = if constrained { GROUP } else { "" };
        let mut new = Identity {
            name: wanted.name.clone(),
            uid: wanted.uid.clone(),
            groups: wanted.groups.clone(),
            extra: wanted.extra.clone(),
        };

        let mut name = about(group, "users", &wanted.name);
        if let (true, Some(node)) = (constrained, node_name(&wanted.name)) {
            let shown = if mode == Mode::AssociatedNode { "*" } else { node };
            name = about(group, "nodes", shown);
            new.groups = vec!["system:nodes".to_owned()];
        }
        if let Some((namespace, account)) = split_service_account(&wanted.name) {
            name = Attributes { namespace: namespace.to_owned(), ..about(group, "serviceaccounts", account) };
            if wanted.groups.is_empty() {
                new.groups = service_account_groups(namespace);
            }
        }
        self.may(&name)?;
        if !wanted.uid.is_empty() {
            self.may(&about(GROUP, "uids", &wanted.uid))?;
        }
        self.groups(constrained, |name| about(group, "groups", name))?;
        self.extra(constrained, |key, name| Attributes {
            subresource: key.to_owned(),
            ..about(GROUP, "userextras", name)
        })?;

        let ensured = match new.name.as_str() {
            ANONYMOUS => Some(UNAUTHENTICATED),
            _ => (!new.is_in(UNAUTHENTICATED)).then_some(AUTHENTICATED),
        };
        if let Some(group) = ensured.filter(|it| !new.is_in(it)) {
            new.groups.push(group.to_owned());
        }
        Ok(new)
    }

    fn groups(&self, constrained: bool, about: impl Fn(&str) -> Attributes) -> Outcome<()> {
        let groups = &self.wanted.groups;
        if constrained && groups.iter().any(String::is_empty) {
            let why = "impersonating the empty string group is not allowed";
            return Err(about("").forbidden(self.who, why));
        }
        if constrained && groups.iter().any(|it| it == MASTERS) {
            let why = "impersonating the system:masters group is not allowed";
            return Err(about(MASTERS).forbidden(self.who, why));
        }
        if constrained && groups.len() >= MANY && self.may(&about("*")).is_ok() {
            return Ok(());
        }
        groups.iter().try_for_each(|it| self.may(&about(it)))
    }

    fn extra(&self, constrained: bool, about: impl Fn(&str, &str) -> Attributes) -> Outcome<()> {
        let extra = &self.wanted.extra;
        if constrained && let Some(why) = extra.iter().find_map(|(key, all)| odd_extra(key, all)) {
            return Err(about("", "").forbidden(self.who, &why));
        }
        let count: usize = extra.values().map(Vec::len).sum();
        if constrained && count >= MANY && self.may(&about("*", "*")).is_ok() {
            return Ok(());
        }
        for (key, values) in extra {
            values.iter().try_for_each(|it| self.may(&about(key, it)))?;
        }
        Ok(())
    }
}

/// What constrained impersonation does not take as an extra attribute.
fn odd_extra(key: &str, values: &[String]) -> Option<String> {
    if key.is_empty() {
        return Some("impersonating the empty string key in extra is not allowed".to_owned());
    }
    let value = quote(key);
    let is_path = |it: &str| {
        !it.is_empty() && it.chars().all(|it| it.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:".contains(it))
    };
    let problem = match key.split_once('/') {
        Some((domain, path)) if !domain.is_empty() && !path.is_empty() => match names::is_subdomain(domain) {
            false => {
                return Some(format!(
                    "impersonating an invalid key in extra is not allowed: extra.key: Invalid value: {}",
                    quote(domain)
                ));
            }
            true => (!is_path(path)).then(|| "Invalid path".to_owned()),
        },
        _ => Some("must be a domain-prefixed path (such as \"acme.io/foo\")".to_owned()),
    };
    if let Some(problem) = problem {
        return Some(format!(
            "impersonating an invalid key in extra is not allowed: extra.key: Invalid value: {value}: {problem}"
        ));
    }
    if key.chars().any(|it| it.is_uppercase()) {
        return Some(format!("impersonating a non-lowercase key in extra is not allowed: {value}"));
    }
    values
        .iter()
        .any(String::is_empty)
        .then(|| "impersonating the empty string value in extra is not allowed".to_owned())
}

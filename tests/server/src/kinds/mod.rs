//! What is particular to single built-in kinds: defaults, what the server sets, rules.
//!
//! Behaviour is written once and fed by tables: `data/defaults.tsv` and `data/rules.tsv` by type, `KINDS` by kind, a module for
//! each kind that needs more. The verbs ask only the functions of this module; they know no kind.

mod address;
mod autoscaler;
mod autoscaler_v1;
pub(crate) mod causes;
mod certificate;
mod config;
mod defaults;
mod difference;
mod endpoints;
mod event;
mod flow;
pub(crate) mod formats;
mod ingress;
mod limits;
pub(crate) mod look;
mod namespace;
mod network_policy;
mod node;
mod others;
mod plain;
mod pod;
mod podspec;
mod policies;
pub(crate) mod quantity;
pub(crate) mod quota;
mod roles;
pub(crate) mod rules;
pub(crate) mod selectors;
mod service;
mod service_allocation;
mod service_rules;
pub(crate) mod versions;
mod volumes;
mod webhooks;
pub(crate) mod wire;
mod words;
mod workloads;

pub(crate) use wire::round_trip;

use std::cell::RefCell;

use serde_json::{Value, json};

use self::causes::Causes;
use self::defaults::{TypeDefault, TypeDefaults};
use self::rules::ValueCheck;
use crate::catalog::Resource;
use crate::failure::{Cause, Outcome};
use crate::store::Store;

/// Deeper than any built-in type; a guard for the walks.
const MAX_DEPTH: usize = 200;

/// A built-in kind: facts and functions. What a kind does not say is [`Kind::plain`]'s.
pub(crate) struct Kind {
    pub(crate) group: &'static str,
    pub(crate) plural: &'static str,
    /// Whether `metadata.generation` counts the changes of its spec.
    pub(crate) generations: bool,
    /// Whether deleting it answers with the object instead of a Status.
    pub(crate) answers_with_object: bool,
    /// Defaults that only this kind has, after those of its types.
    pub(crate) defaults: fn(&mut Value),
    /// What admission does to it: it sees the store, may change the object and may refuse it.
    pub(crate) admit: fn(&Admission<'_>, &mut Value) -> Outcome<()>,
    /// What a create sets whatever was sent; the status is gone by then.
    pub(crate) prepare_create: fn(&mut Value),
    /// What comes last of a create, when the rules have been kept.
    pub(crate) finish: fn(&mut Value),
    /// What an update resets or sets: the new object, the old one, the subresource.
    pub(crate) prepare_update: fn(&mut Value, &Value, &str),
    /// Rules beyond those of its types, of creates and updates alike.
    pub(crate) check: fn(&Change<'_>, &mut Causes),
    /// Warnings that go with the answer.
    pub(crate) warn: fn(&Change<'_>, &mut Vec<String>),
}

impl Kind {
    /// A kind with nothing particular.
    pub(crate) const fn plain(group: &'static str, plural: &'static str) -> Kind {
        Kind {
            group,
            plural,
            generations: false,
            answers_with_object: false,
            defaults: |_| {},
            admit: |_, _| Ok(()),
            prepare_create: |_| {},
            finish: |_| {},
            prepare_update: |_, _, _| {},
            check: |_, _| {},
            warn: |_, _| {},
        }
    }
}

/// A write, as rules see it.
pub(crate) struct Change<'a> {
    pub(crate) new: &'a Value,
    /// `None` for a create.
    pub(crate) old: Option<&'a Value>,
    /// Empty for the object itself.
    pub(crate) subresource: &'a str,
}

/// A write, as admission sees it.
pub(crate) struct Admission<'a> {
    pub(crate) store: &'a Store,
    pub(crate) resource: &'a Resource,
    pub(crate) namespace: &'a str,
    /// `None` for a create.
    pub(crate) old: Option<&'a Value>,
    pub(crate) subresource: &'a str,
    pub(crate) dry_run: bool,
}

/// The kinds with a module of their own; those with facts alone are in `plain`.
const KINDS: &[&Kind] = &[&namespace::KIND, &pod::KIND, &plain::CRD];

/// Defaults of types that depend on more than one member.
const TYPE_DEFAULTS: &[(&str, TypeDefault)] = &[
    ("io.k8s.api.core.v1.Container", podspec::defaults::container),
    ("io.k8s.api.core.v1.EphemeralContainer", podspec::defaults::container),
    ("io.k8s.api.core.v1.PodSpec", podspec::defaults::spec),
    ("io.k8s.api.core.v1.Volume", podspec::defaults::volume),
];

/// Rules of types that look at more than one member.
const TYPE_CHECKS: &[(&str, ValueCheck)] = &[
    ("io.k8s.api.core.v1.AppArmorProfile", podspec::security::app_armor),
    ("io.k8s.api.core.v1.EnvVar", podspec::environment::variable),
    ("io.k8s.api.core.v1.HTTPGetAction", podspec::handlers::http),
    ("io.k8s.api.core.v1.LifecycleHandler", podspec::handlers::hook),
    ("io.k8s.api.core.v1.NodeSelector", podspec::scheduling::node_selector),
    ("io.k8s.api.core.v1.NodeSelectorTerm", podspec::scheduling::node_term),
    ("io.k8s.api.core.v1.PodAffinityTerm", podspec::scheduling::pod_term),
    ("io.k8s.api.core.v1.PodSpec", podspec::check),
    ("io.k8s.api.core.v1.Probe", podspec::handlers::probe),
    ("io.k8s.api.core.v1.SeccompProfile", podspec::security::seccomp),
    ("io.k8s.api.core.v1.Toleration", podspec::scheduling::toleration),
    ("io.k8s.api.core.v1.Volume", podspec::volumes::check),
    ("io.k8s.api.core.v1.WindowsSecurityContextOptions", podspec::security::windows),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement", selectors::requirement),
];

static NOTHING: Kind = Kind::plain("", "");

fn of(resource: &Resource) -> &'static Kind {
    if resource.is_custom() {
        return &NOTHING;
    }
    let own = KINDS
        .iter()
        .copied()
        .chain(others::KINDS.iter().copied())
        .chain(workloads::KINDS.iter().copied())
        .chain(plain::KINDS);
    own.into_iter().find(|it| resource.is(it.group, it.plural)).unwrap_or(&NOTHING)
}

pub(crate) fn answers_with_object(resource: &Resource) -> bool {
    // The newest version of this one is stored by code that answers otherwise.
    let newest_taints = resource.is("resource.k8s.io", "devicetaintrules") && resource.version == "v1";
    of(resource).answers_with_object && !newest_taints
}

pub(crate) fn counts_generations(resource: &Resource) -> bool {
    resource.is_custom() || of(resource).generations
}

/// Fills in what the server itself sets before anything is compared: what the schema says and the defaults known here.
pub(crate) fn fill_defaults(resource: &Resource, object: &mut Value) {
    if let Some(schema) = resource.schema() {
        if resource.is_custom() {
            crate::schema::defaults::fill(object, &schema);
        } else {
            round_trip(object, &schema);
            defaults::fill(object, &schema);
        }
    }
    (of(resource).defaults)(object);
}

/// Whether an update of an object that is not there creates it.
pub(crate) fn created_by_update(resource: &Resource) -> bool {
    crate::registry::traits(resource).upsert
}

/// Where the real server keeps a kind, which some messages tell.
pub(crate) fn registry_path(resource: &Resource) -> &str {
    let found = others::REGISTRY_PATHS.iter().find(|(group, plural, _)| resource.is(group, plural));
    found.map_or(resource.plural.as_str(), |(_, _, path)| *path)
}

/// Whether a PriorityClass is one of the system's, which stay.
pub(crate) fn is_system_class(name: &str) -> bool {
    policies::is_system_class(name)
}

/// Lets admission change or refuse a write.
pub(crate) fn admit(admission: &Admission<'_>, object: &mut Value) -> Outcome<()> {
    limits::admit(admission, object)?;
    (of(admission.resource).admit)(admission, object)?;
    if let (false, Some(schema)) =
        (admission.resource.is_custom(), versions::stored_schema(admission.resource))
    {
        wire::as_stored(object, &schema);
    }
    Ok(())
}

/// What a create sets whatever was sent.
pub(crate) fn prepare_create(resource: &Resource, object: &mut Value) {
    if resource.has("status") && !resource.is("", "nodes") {
        let kept = object.get("status").is_some() && !resource.is_custom();
        if let Some(all) = object.as_object_mut() {
            all.remove("status");
        }
        if kept {
            object["status"] = json!({});
        }
    }
    (of(resource).prepare_create)(object);
    if let (false, Some(schema)) = (resource.is_custom(), versions::stored_schema(resource)) {
        // What is always written is written into a fresh status too.
        round_trip(object, &schema);
    }
    if counts_generations(resource) {
        object["metadata"]["generation"] = 1.into();
    }
}

/// What comes last of a create, when the rules have been kept.
pub(crate) fn finish(resource: &Resource, object: &mut Value) {
    (of(resource).finish)(object);
}

/// What an update sets whatever was sent.
pub(crate) fn prepare_update(resource: &Resource, new: &mut Value, old: &Value, subresource: &str) {
    (of(resource).prepare_update)(new, old, subresource);
}

/// Adds everything that is wrong with a built-in object besides its metadata; what is accepted may be worth a warning.
pub(crate) fn check(
    resource: &Resource,
    change: &Change<'_>,
    found: &mut Vec<Cause>,
    warnings: &RefCell<Vec<String>>,
) {
    let kind = of(resource);
    let mut causes = Causes(std::mem::take(found));
    if let (false, true, Some(schema)) =
        (resource.is_custom(), change.subresource.is_empty(), versions::stored_schema(resource))
    {
        rules::check_object(change.new, &schema, &mut causes);
    }
    (kind.check)(change, &mut causes);
    if causes.is_empty() {
        (kind.warn)(change, &mut warnings.borrow_mut());
    }
    *found = causes.0;
    if !resource.is_custom() && resource.group != "apiextensions.k8s.io" {
        // The same complaint twice is one.
        let mut seen: Vec<(String, String)> = Vec::new();
        found.retain(|it| {
            let this = (it.field.clone(), it.message.clone());
            let is_new = !seen.contains(&this);
            seen.push(this);
            is_new
        });
    }
}

//! Kinds of which only facts are particular: whether generations are counted, which fields select.
//!
//! A kind that gets functions moves to a module of its own.

use super::Kind;
use crate::crd;

pub(super) const CRD: Kind = Kind {
    generations: true,
    defaults: crd::fill_defaults,
    prepare_create: crd::prepare_create,
    prepare_update: crd::prepare_update,
    check: crd::check_change,
    warn: crd::warn,
    ..Kind::plain("apiextensions.k8s.io", "customresourcedefinitions")
};

const fn counting(group: &'static str, plural: &'static str) -> Kind {
    Kind { generations: true, ..Kind::plain(group, plural) }
}

const fn answering(group: &'static str, plural: &'static str) -> Kind {
    Kind { answers_with_object: true, ..Kind::plain(group, plural) }
}

pub(super) static KINDS: &[Kind] = &[
    answering("", "serviceaccounts"),
    answering("storage.k8s.io", "csinodes"),
    answering("storage.k8s.io", "volumeattributesclasses"),
    answering("resource.k8s.io", "deviceclasses"),
    answering("resource.k8s.io", "devicetaintrules"),
    answering("resource.k8s.io", "resourceclaims"),
    answering("resource.k8s.io", "resourceclaimtemplates"),
    answering("resource.k8s.io", "resourceslices"),
    answering("resource.k8s.io", "resourcepoolstatusrequests"),
    counting("networking.k8s.io", "networkpolicies"),
];

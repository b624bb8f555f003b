//! Names the types of CRDs: kinds by their kind, what they hold by the shortest name that means one thing in the API
//! group, level by level. Names that were given before stay; numbers are the last resort, so that no CRD fails for
//! its names. Decides nothing about which types there are.

use std::collections::{BTreeMap, BTreeSet};

use super::Tables;
use super::candidates::{Weak, candidate, count};
use super::names::{Pins, is_type_name};
use super::share::Class;
use super::tree::{Tree, type_name};
use crate::diag::{Code, Place, Report};
use crate::ir::{Api, Module, Reexport, Shape, Type, id};
use crate::names;

pub(super) fn run(
    api: &mut Api,
    tree: &Tree,
    classes: &[Class],
    tables: &Tables<'_>,
    pins: &mut Pins,
    report: &mut Report,
) {
    let groups: BTreeSet<String> = tree.nodes.iter().map(|node| node.module.group.clone()).collect();
    let weak = Weak::new();
    for group in groups {
        let classes =
            classes.iter().filter(|class| class.modules.first().is_some_and(|module| module.group == group));
        let mut naming = Naming {
            tree,
            tables,
            weak: &weak,
            taken: BTreeMap::new(),
            clients: BTreeSet::new(),
            classes: classes.collect(),
            names: Vec::new(),
        };
        naming.names = vec![None; naming.classes.len()];
        naming.kinds(api, &group, pins, report);
        naming.pinned(report);
        naming.halves();
        naming.levels();
        naming.rename(report);
        naming.write(api, pins);
    }
    reexports(api);
    stale_renames(api, tables, report);
}

/// The naming of one API group.
struct Naming<'a> {
    tree: &'a Tree,
    tables: &'a Tables<'a>,
    weak: &'a Weak,
    /// The names in use in each version.
    taken: BTreeMap<Module, BTreeSet<String>>,
    /// The names of clients, which give way to types that have been named before.
    clients: BTreeSet<String>,
    classes: Vec<&'a Class>,
    /// The name of each class.
    names: Vec<Option<String>>,
}

impl Naming<'_> {
    /// What a person or an earlier run calls the type.
    fn given(&self, id: &str) -> Option<(&str, bool)> {
        let by_hand = self.tables.renames.get(id).map(|name| (name.as_str(), true));
        by_hand.or_else(|| self.tables.pinned.get(id).map(|name| (name.as_str(), false)))
    }

    fn is_taken(&self, modules: &[Module], name: &str) -> bool {
        modules.iter().any(|module| self.taken.get(module).is_some_and(|taken| taken.contains(name)))
    }

    fn take(&mut self, modules: &[Module], name: &str) {
        for module in modules {
            self.taken.entry(module.clone()).or_default().insert(name.to_owned());
        }
    }

    /// Kinds, their lists and their clients: a name of those is taken in all versions, so that it never means two things.
    fn kinds(&mut self, api: &mut Api, group: &str, pins: &mut Pins, report: &mut Report) {
        let modules: Vec<Module> =
            api.versions.keys().filter(|module| module.group == *group).cloned().collect();
        let words = &self.tables.names.words;
        let mut used: BTreeMap<Module, BTreeSet<String>> = BTreeMap::new();
        for lists in [false, true] {
            let own = api.types.iter_mut().filter(|(id, ty)| {
                id::is_custom(id)
                    && ty.module.group == *group
                    && matches!(ty.shape, Shape::List(_)) == lists
                    && (lists || ty.gvk.is_some())
            });
            for (id, ty) in own {
                if !is_kind(&ty.name) {
                    let what = format!("`{}` cannot be the name of a kind", ty.name.escape_default());
                    report.error(
                        Code::BadName,
                        &ty.place,
                        what,
                        "kinds begin with a letter and have letters, digits and `-`",
                    );
                    continue;
                }
                let used = used.entry(ty.module.clone()).or_default();
                ty.name = match self.given(id).map(|(name, by_hand)| (name.to_owned(), by_hand)) {
                    Some((name, by_hand)) if !is_type_name(&name) || used.contains(&name) => {
                        self.refuse(id, ty, &name, by_hand, report);
                        continue;
                    }
                    Some((name, _)) => name,
                    None => numbered(&type_name(&ty.name, words), |name| {
                        !is_type_name(name) || used.contains(name)
                    }),
                };
                used.insert(ty.name.clone());
                pins.nested.insert(id.clone(), (ty.module.clone(), ty.name.clone()));
            }
        }
        for names in used.values() {
            for name in names {
                self.take(&modules, name);
            }
        }
        for module in &modules {
            let Some(version) = api.versions.get(module) else { continue };
            self.clients.insert(crate::emit::group_client(module));
            for resource in &version.resources {
                let kind = api.types.get(&resource.kind).map_or("", |ty| ty.name.as_str());
                let client = match self.tables.names.clients.get(&format!("{module}/{}", resource.plural)) {
                    Some(client) => client.clone(),
                    None => names::plural(kind, &resource.plural),
                };
                let all = format!("All{client}");
                self.clients.extend([format!("{client}Client"), format!("{all}Client"), all, client]);
            }
        }
    }

    fn refuse(&self, id: &str, ty: &Type, name: &str, by_hand: bool, report: &mut Report) {
        let what = if is_type_name(name) {
            format!("the name `{name}` of `{id}` is taken in `{}`", ty.module)
        } else {
            format!("`{}` cannot be the name of a type", name.escape_default())
        };
        let (place, help) = if by_hand {
            (Place::new(self.tables.config_name, format!("types/{id}")), "give another name".to_owned())
        } else {
            let help = format!("remove the row of `{id}`, or give another name in [types] of clientset.toml");
            (Place::new(self.tables.names_name, id), help)
        };
        report.error(Code::BadTable, &place, what, help);
    }

    /// Names that were given before, those of the newest version first.
    fn pinned(&mut self, report: &mut Report) {
        for by_hand in [true, false] {
            for at in 0..self.classes.len() {
                let class = self.classes[at];
                if self.names[at].is_some() {
                    continue;
                }
                let ids = class.nodes.iter().map(|node| self.tree.nodes[*node].id.as_str());
                let given: Vec<(String, String)> = ids
                    .filter_map(|id| Some((id, self.given(id)?)))
                    .filter(|(_, (_, hand))| *hand == by_hand)
                    .map(|(id, (name, _))| (id.to_owned(), name.to_owned()))
                    .collect();
                for (id, name) in given {
                    let is_in_use = by_hand && self.is_pinned_elsewhere(at, &name);
                    if !is_type_name(&name) || self.is_reserved(&class.modules, &name, by_hand) || is_in_use {
                        let ty = Type {
                            module: class.modules.first().cloned().unwrap_or_default(),
                            ..Type::default()
                        };
                        self.refuse(&id, &ty, &name, by_hand, report);
                    } else if !self.is_taken(&class.modules, &name) {
                        self.take(&class.modules, &name);
                        self.names[at] = Some(name);
                        break;
                    }
                    // Another class has kept the name: one was split, or two have become alike.
                }
            }
        }
    }

    /// Whether a name is taken by what is no nested type, or by a person's choice.
    fn is_reserved(&self, modules: &[Module], name: &str, by_hand: bool) -> bool {
        let is_nested = self.names.iter().flatten().any(|given| given == name);
        self.is_taken(modules, name) && (by_hand || !is_nested)
    }

    /// Whether another type of the same modules was given the name before: code that uses it would mean another type.
    fn is_pinned_elsewhere(&self, at: usize, name: &str) -> bool {
        let class = self.classes[at];
        let others =
            self.classes.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other);
        let near = others.filter(|other| other.modules.iter().any(|module| class.modules.contains(module)));
        let mut ids = near.flat_map(|other| &other.nodes).map(|node| self.tree.nodes[*node].id.as_str());
        ids.any(|id| self.given(id) == Some((name, false)))
    }

    /// `WidgetSpec` and `WidgetStatus`, which everybody expects.
    fn halves(&mut self) {
        for at in 0..self.classes.len() {
            let class = self.classes[at];
            let half =
                class.nodes.iter().map(|node| &self.tree.nodes[*node]).find(|node| self.tree.is_half(node));
            let Some(name) = half.map(|node| self.tree.base(node)) else { continue };
            let is_free = !self.is_taken(&class.modules, &name) && !self.clients.contains(&name);
            if self.names[at].is_none() && is_type_name(&name) && is_free {
                self.take(&class.modules, &name);
                self.names[at] = Some(name);
            }
        }
    }

    /// The shortest name that only one class wants, level by level; at last a number.
    fn levels(&mut self) {
        // A class that has a longer name from an earlier run wants the shorter ones all the same: what they would mean
        // is no clearer for it.
        let mut contending: Vec<usize> = (0..self.classes.len()).collect();
        let speaker = |class: &Class| class.nodes.first().copied().unwrap_or(usize::MAX);
        let depth =
            self.classes.iter().map(|class| count(self.tree, speaker(class))).max().unwrap_or_default();
        for level in 0..depth {
            let wanted: Vec<(usize, String)> = contending
                .iter()
                .filter_map(|at| {
                    let name = candidate(self.tree, speaker(self.classes[*at]), self.weak, level)?;
                    Some((*at, name))
                })
                .collect();
            let mut wanting: BTreeMap<(&Module, &str), usize> = BTreeMap::new();
            for (at, name) in &wanted {
                for module in &self.classes[*at].modules {
                    *wanting.entry((module, name)).or_default() += 1;
                }
            }
            for (at, name) in &wanted {
                let modules = &self.classes[*at].modules;
                let alone = modules.iter().all(|module| wanting.get(&(module, name.as_str())) == Some(&1));
                let is_free = !self.is_taken(modules, name) && !self.clients.contains(name);
                if self.names[*at].is_none() && alone && is_free && is_type_name(name) {
                    self.take(&modules.clone(), name);
                    self.names[*at] = Some(name.clone());
                }
            }
            let reached: BTreeSet<usize> = wanted
                .into_iter()
                .filter(|(at, name)| self.names[*at].as_ref() == Some(name))
                .map(|(at, _)| at)
                .collect();
            contending.retain(|at| !reached.contains(at));
            if contending.iter().all(|at| self.names[*at].is_some()) {
                break;
            }
        }
        let mut rest: Vec<usize> = (0..self.classes.len()).filter(|at| self.names[*at].is_none()).collect();
        rest.sort_by_key(|at| self.tree.nodes.get(speaker(self.classes[*at])).map(|node| &node.id));
        for at in rest {
            let (class, node) = (self.classes[at], speaker(self.classes[at]));
            let last = count(self.tree, node).saturating_sub(1);
            let full = candidate(self.tree, node, self.weak, last).unwrap_or_default();
            let name = numbered(&full, |name| {
                !is_type_name(name) || self.is_taken(&class.modules, name) || self.clients.contains(name)
            });
            self.take(&class.modules, &name);
            self.names[at] = Some(name);
        }
    }

    /// What clientset.toml renames by the name that the type would have.
    fn rename(&mut self, report: &mut Report) {
        for at in 0..self.classes.len() {
            let class = self.classes[at];
            let (Some(module), Some(name)) = (class.modules.first(), self.names[at].clone()) else {
                continue;
            };
            let keys = [name.clone(), format!("{module}::{name}")];
            let Some((key, new)) = keys.iter().find_map(|key| self.tables.renames.get_key_value(key)) else {
                continue;
            };
            if self.names.iter().flatten().any(|name| name == new) {
                // It was renamed before, and this is another that has come by the name; or the new name is another's.
                report.warn(
                    Code::NameTaken,
                    &Place::new(self.tables.config_name, format!("types/{key}")),
                    format!("`{module}::{name}` is not renamed: there is a `{new}`"),
                    "name the type that is meant by its id, as clientset.lock has it",
                );
                continue;
            }
            if is_type_name(new) && !self.is_taken(&class.modules, new) {
                self.take(&class.modules, new);
                self.names[at] = Some(new.clone());
            } else {
                let ty = Type { module: module.clone(), ..Type::default() };
                self.refuse(key, &ty, new, true, report);
            }
        }
    }

    fn write(&self, api: &mut Api, pins: &mut Pins) {
        for (class, name) in self.classes.iter().zip(&self.names) {
            let Some(name) = name else { continue };
            let nodes: Vec<_> = class.nodes.iter().filter_map(|at| self.tree.nodes.get(*at)).collect();
            let Some(ty) = nodes.first().and_then(|node| api.types.get_mut(&node.id)) else { continue };
            ty.name.clone_from(name);
            // One row a version: a class that is split between versions later keeps its name in each.
            for module in &class.modules {
                let mut own = nodes.iter().filter(|node| node.module == *module);
                let known = own.clone().find(|node| self.tables.pinned.contains_key(&node.id));
                if let Some(node) = known.or_else(|| own.next()) {
                    pins.nested.insert(node.id.clone(), (module.clone(), name.clone()));
                }
            }
            // The spec and the status of each kind have their names, even if another kind's are the same type.
            for node in nodes.iter().filter(|node| self.tree.is_half(node)) {
                let alias = self.tree.base(node);
                let Some(version) = api.versions.get_mut(&node.module) else { continue };
                let is_free = !self.is_taken(std::slice::from_ref(&node.module), &alias)
                    && !version.reexports.iter().any(|reexport| reexport.name == alias);
                if is_free
                    && is_type_name(&alias)
                    && let Some(first) = nodes.first()
                {
                    version.reexports.push(Reexport { id: first.id.clone(), name: alias });
                }
            }
        }
    }
}

/// What the versions show of each other, by its name.
fn reexports(api: &mut Api) {
    let Api { versions, types, .. } = api;
    for version in versions.values_mut() {
        for reexport in version.reexports.iter_mut().filter(|reexport| reexport.name.is_empty()) {
            if let Some(ty) = types.get(&reexport.id) {
                reexport.name.clone_from(&ty.name);
            }
        }
    }
}

/// Rows of [types] in clientset.toml that rename nothing.
fn stale_renames(api: &Api, tables: &Tables<'_>, report: &mut Report) {
    for (key, name) in tables.renames {
        let is_done = api.types.iter().any(|(id, ty)| id::is_custom(id) && ty.name == *name);
        if !is_done {
            let what = format!("there is no type `{key}`");
            report.error(
                Code::StaleRow,
                &Place::new(tables.config_name, format!("types/{key}")),
                what,
                "name it by its id or by its name",
            );
        }
    }
}

/// The name, or with the first number behind it that makes it fit.
fn numbered(name: &str, is_refused: impl Fn(&str) -> bool) -> String {
    let name = if name.is_empty() { "Type" } else { name };
    if !is_refused(name) {
        return name.to_owned();
    }
    let stem = if name.starts_with(|first: char| first.is_ascii_uppercase()) {
        name.to_owned()
    } else {
        format!("T{name}")
    };
    (2_u32..).map(|count| format!("{stem}{count}")).find(|name| !is_refused(name)).unwrap_or(stem)
}

/// Whether a server takes the text for a kind.
fn is_kind(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

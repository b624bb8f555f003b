//! Where a generated type or member comes from: from `widgets.spec.size`, or from `WidgetSpec`, to the Rust path and
//! to the place in the CRD. It answers from the IR of a package and writes no code.

mod query;
mod rust;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::diag::{Code, Diagnostic, Place, Report, Severity};
use crate::ir::{Api, Field, Resource, Shape, Type};
use crate::package::{PackageInputs, Prepared, prepare};
use crate::surface::Surface;
use crate::version::newest_first;
use query::Query;

/// How many members are looked at while the places of a shared type are searched: core types hold themselves.
const VISITS: usize = 200_000;
/// How many other places of a type are told.
const TOLD: usize = 20;

/// What is known about one type or member of a package.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// The way to it in objects: `example.com/v1 Widget.spec.size`.
    pub what: String,
    /// Where the CRD says it.
    pub place: Place,
    /// Its path in Rust, without that of the package: `example::v1::WidgetSpec::size`.
    pub path: String,
    /// The type of the member, or what the type is: `Option<i32>`, `struct`, `enum`.
    pub form: String,
    /// The file that holds it, in the output folder; none for a core type.
    pub file: Option<String>,
    /// Its documentation, line by line.
    pub docs: Vec<String>,
    /// Its members, or the values of an enum: name and form.
    pub members: Vec<(String, String)>,
    /// The other ways to the same type, if it is shared.
    pub shared: Vec<String>,
    /// How many of those are not told.
    pub more: usize,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.what)?;
        writeln!(f, "  rust  {}: {}", self.path, self.form)?;
        match &self.file {
            Some(file) => writeln!(f, "  file  {file}")?,
            None => writeln!(f, "  file  (a core type of clientset)")?,
        }
        if !self.docs.is_empty() {
            writeln!(f)?;
            for line in &self.docs {
                writeln!(f, "{}", format!("  {line}").trim_end())?;
            }
        }
        if !self.members.is_empty() {
            writeln!(f)?;
            for (name, form) in &self.members {
                let colon = if form.is_empty() { "" } else { ": " };
                writeln!(f, "  {name}{colon}{form}")?;
            }
        }
        if !self.shared.is_empty() {
            writeln!(f, "\n  the same type stands at")?;
            for way in &self.shared {
                writeln!(f, "    {way}")?;
            }
            if self.more > 0 {
                writeln!(f, "    and {} more", self.more)?;
            }
        }
        Ok(())
    }
}

/// Says where a member or a type of a package comes from.
///
/// The query is a path as `kubectl explain` takes it (`widgets.spec.size`, with the plural, the singular or the kind, and
/// `widgets.example.com.spec` where two groups have it), or a Rust name (`WidgetSpec`, `example::v1::WidgetSpec::size`).
/// `api_version` (`example.com/v1`) chooses a version; without it the newest that has it answers.
///
/// # Errors
///
/// When the inputs are wrong, or when there is no such thing; then the help says what there is.
pub fn explain(
    inputs: &PackageInputs,
    query: &str,
    api_version: Option<&str>,
) -> Result<Vec<Explanation>, Vec<Diagnostic>> {
    let mut report = Report::default();
    let Prepared { crds, mut api, .. } = prepare(inputs, &mut report);
    // The way may go on below a core type.
    api.load_all();
    if report.has_errors() {
        return Err(report.take(&inputs.crds));
    }
    let surface = Surface::of(&crds);
    let book = Book { api: &api, places: places(&surface), surface: &surface };
    let kinds = book.resources(api_version);
    let found = match Query::read(query, &kinds) {
        _ if kinds.is_empty() => Err(book.versions()),
        Query::Path { kinds, steps } => book.path(&kinds, &steps),
        Query::Rust { ty, member } => book.rust(&ty, member.as_deref()),
        Query::Unknown { help } => Err(help),
    };
    found.map_err(|help| {
        let what = format!("nothing here is called `{query}`");
        vec![Diagnostic { help, ..Diagnostic::new(Severity::Error, Code::NothingFound, "query", what) }]
    })
}

/// `example.com/v1 Widget` and the way below it, without marks of lists and maps -> where the CRD says it.
type Places<'a> = BTreeMap<(&'a str, String), &'a Place>;

fn places(surface: &Surface) -> Places<'_> {
    let mut places = BTreeMap::new();
    for (name, schema) in &surface.schemas {
        places.extend(schema.form.place.as_ref().map(|place| ((name.as_str(), String::new()), place)));
        for (path, field) in &schema.fields {
            // Where a list and its items both have a row, that of the list is first and stays.
            if let Some(place) = &field.place {
                places.entry((name.as_str(), query::plain(path))).or_insert(place);
            }
        }
    }
    places
}

/// What answers are looked up in.
struct Book<'a> {
    api: &'a Api,
    places: Places<'a>,
    surface: &'a Surface,
}

/// A kind that can be asked for.
#[derive(Clone, Copy)]
struct Kind<'a> {
    resource: &'a Resource,
    group: &'a str,
    version: &'a str,
    id: &'a str,
    name: &'a str,
    short_names: &'a [String],
}

impl Kind<'_> {
    /// `example.com/v1 Widget`, as the surface calls it.
    fn schema(&self) -> String {
        format!("{}/{} {}", self.group, self.version, self.name)
    }
}

impl<'a> Book<'a> {
    /// The kinds there are, the newest version first.
    fn resources(&self, api_version: Option<&str>) -> Vec<Kind<'a>> {
        let mut kinds = Vec::new();
        for version in self.api.versions.values() {
            for resource in &version.resources {
                let Some((id, ty)) = self.api.types.get_key_value(&resource.kind) else { continue };
                let Some(gvk) = ty.gvk.as_ref().filter(|_| !ty.external) else { continue };
                let (group, version, name) = (&*gvk.group, &*gvk.version, &*gvk.kind);
                if api_version.is_none_or(|wanted| wanted == gvk.api_version()) {
                    let manifests = self.api.crds.iter();
                    let mut own =
                        manifests.filter(|crd| crd.versions.iter().any(|version| version.ty == *id));
                    let short_names = own.next().map(|crd| &*crd.short_names).unwrap_or_default();
                    kinds.push(Kind { resource, group, version, id, name, short_names });
                }
            }
        }
        kinds.sort_by(|a, b| newest_first(a.version, b.version).then(a.id.cmp(b.id)));
        kinds
    }

    /// What to say where no kind is of the version that is asked for.
    fn versions(&self) -> String {
        let kinds = self.resources(None);
        let versions: BTreeSet<String> =
            kinds.iter().map(|kind| format!("{}/{}", kind.group, kind.version)).collect();
        format!("the versions are: {}", versions.into_iter().collect::<Vec<_>>().join(", "))
    }

    /// The first of the kinds that has the member; a group has its own answer.
    fn path(&self, kinds: &[Kind<'a>], steps: &[String]) -> Result<Vec<Explanation>, String> {
        let (mut found, mut help, mut groups) = (Vec::new(), String::new(), BTreeSet::new());
        for kind in kinds {
            if groups.contains(&(kind.group, kind.name)) {
                continue;
            }
            match self.walk(kind, steps) {
                Ok(explanation) => {
                    groups.insert((kind.group, kind.name));
                    found.push(explanation);
                }
                Err(other) if help.is_empty() => help = other,
                Err(_) => {}
            }
        }
        if found.is_empty() { Err(help) } else { Ok(found) }
    }

    fn walk(&self, kind: &Kind<'a>, steps: &[String]) -> Result<Explanation, String> {
        let (mut owner, mut member): (&str, Option<&Field>) = (kind.id, None);
        let mut way = String::new();
        for (index, step) in steps.iter().enumerate() {
            if let Some(member) = member {
                owner = match rust::named(&member.ty) {
                    Some(id) => id,
                    None => {
                        return Err(format!(
                            "`{way}` is of type {} and has no members",
                            rust::form(self.api, member)
                        ));
                    }
                };
            }
            let fields = self.api.types.get(owner).map(members).unwrap_or_default();
            let Some(field) = fields.iter().find(|field| field.json == *step) else {
                let names: Vec<&str> = fields.iter().map(|field| field.json.as_str()).collect();
                let whose = if index == 0 { kind.name } else { &way };
                return Err(match (query::nearest(step, &names), names.is_empty()) {
                    (_, true) => format!("`{whose}` has no members"),
                    (Some(near), _) => format!("did you mean `{near}`? `{whose}` has: {}", names.join(", ")),
                    (None, _) => format!("`{whose}` has: {}", names.join(", ")),
                });
            };
            member = Some(field);
            query::join(&mut way, step);
        }
        Ok(match member {
            Some(field) => self.member(kind, &way, owner, field),
            None => self.whole(kind, "", kind.id),
        })
    }

    /// A member that a way leads to.
    fn member(&self, kind: &Kind<'_>, way: &str, owner: &str, field: &Field) -> Explanation {
        let ty = self.api.types.get(owner);
        let below = rust::named(&field.ty).and_then(|id| self.api.types.get(id));
        Explanation {
            what: query::whole(&kind.schema(), way),
            place: self.place(&kind.schema(), way).unwrap_or(&field.place).clone(),
            path: ty.map_or(String::new(), |ty| format!("{}::{}", rust::path(ty), field.name)),
            form: rust::form(self.api, field),
            file: ty.and_then(rust::file),
            docs: rust::plain(&field.docs),
            members: below.map(|ty| rust::members(self.api, ty)).unwrap_or_default(),
            ..Explanation::default()
        }
    }

    /// A type that a way leads to.
    fn whole(&self, kind: &Kind<'_>, way: &str, id: &str) -> Explanation {
        let ty = self.api.types.get(id);
        Explanation {
            what: query::whole(&kind.schema(), way),
            place: self.place(&kind.schema(), way).cloned().unwrap_or_default(),
            path: ty.map_or(String::new(), rust::path),
            form: ty.map_or("", rust::what).to_owned(),
            file: ty.and_then(rust::file),
            docs: ty.map(|ty| rust::plain(&ty.docs)).unwrap_or_default(),
            members: ty.map(|ty| rust::members(self.api, ty)).unwrap_or_default(),
            ..Explanation::default()
        }
    }

    fn place(&self, schema: &str, way: &str) -> Option<&'a Place> {
        let name = self.surface.schemas.get_key_value(schema)?.0;
        self.places.get(&(name.as_str(), way.to_owned())).copied()
    }

    /// All ways to a type, by its Rust name.
    fn rust(&self, name: &str, member: Option<&str>) -> Result<Vec<Explanation>, String> {
        // However much of the path is given: `v1::WidgetSpec`, `crds::example::v1::WidgetSpec`.
        let is_meant = |ty: &Type| {
            let path = rust::path(ty);
            path == name || path.ends_with(&format!("::{name}")) || name.ends_with(&format!("::{path}"))
        };
        let types = self.api.types.iter();
        let types = types.filter(|(_, ty)| !matches!(ty.shape, Shape::List(_)) && is_meant(ty));
        let (mut found, mut help) = (Vec::new(), String::new());
        for (id, ty) in types {
            let mut ways = self.ways(id);
            if ways.is_empty() {
                continue;
            }
            let (kind, way) = ways.remove(0);
            let field = member.and_then(|name| members(ty).iter().find(|field| field.name == name));
            if member.is_some() && field.is_none() {
                let names: Vec<&str> = members(ty).iter().map(|field| field.name.as_str()).collect();
                help = format!("`{}` has: {}", ty.name, names.join(", "));
                continue;
            }
            let mut explanation = match field {
                Some(field) => {
                    let mut way = way;
                    query::join(&mut way, &field.json);
                    self.member(&kind, &way, id, field)
                }
                None => self.whole(&kind, &way, id),
            };
            explanation.more = ways.len().saturating_sub(TOLD);
            let shared = ways.into_iter().take(TOLD);
            explanation.shared = shared.map(|(kind, way)| query::whole(&kind.schema(), &way)).collect();
            found.push(explanation);
        }
        match (found.is_empty(), help.is_empty()) {
            (false, _) => Ok(found),
            (true, false) => Err(help),
            (true, true) => {
                let is_list = |ty: &&Type| matches!(ty.shape, Shape::List(_));
                let own = self.api.types.values().filter(|ty| !ty.external && !is_list(ty));
                let names: BTreeSet<&str> = own.map(|ty| ty.name.as_str()).collect();
                let near = query::nearest(name, &names.into_iter().collect::<Vec<_>>());
                Err(near.map_or("no type of this package has that name".to_owned(), |near| {
                    format!("did you mean `{near}`?")
                }))
            }
        }
    }

    /// Every way from a kind to a type, kinds with the newest version first.
    fn ways(&self, target: &str) -> Vec<(Kind<'a>, String)> {
        let mut ways = Vec::new();
        let mut visits = 0;
        for kind in self.resources(None) {
            let mut next = vec![(kind.id, String::new(), 0)];
            while let Some((id, way, depth)) = next.pop() {
                if id == target {
                    ways.push((kind, way.clone()));
                }
                let Some(ty) = self.api.types.get(id) else { continue };
                visits += 1;
                if visits > VISITS || depth > 64 {
                    continue;
                }
                for field in members(ty).iter().rev() {
                    let Some(below) = rust::named(&field.ty) else { continue };
                    // Below a core type there is nothing of the package.
                    if below != target && self.api.types.get(below).is_none_or(|ty| ty.external) {
                        continue;
                    }
                    let mut way = way.clone();
                    query::join(&mut way, &field.json);
                    next.push((below, way, depth + 1));
                }
            }
        }
        ways
    }
}

fn members(ty: &Type) -> &[Field] {
    match &ty.shape {
        Shape::Object(fields) => fields,
        _ => &[],
    }
}

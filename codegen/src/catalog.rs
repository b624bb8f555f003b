//! The core types that custom resources refer to or embed, as facts: written from the IR of Kubernetes' own documents,
//! embedded, and read back as external types. It decides nothing about which of them stands for what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::ir::{Api, Field, Module, Shape, Ty, Type, Variant};
use crate::pass::reuse;
use crate::spec::schema::GroupVersionKind;
use crate::spec::tables::Names;

/// What is reached from these, and from the types of data/reuse.toml, is in the catalog.
const ROOTS: &[&str] = &[
    "io.k8s.api.autoscaling.v1.Scale",
    "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec",
    "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus",
    "io.k8s.api.batch.v1.CronJobSpec",
    "io.k8s.api.batch.v1.JobStatus",
    "io.k8s.api.core.v1.ConfigMapEnvSource",
    "io.k8s.api.core.v1.ContainerState",
    "io.k8s.api.core.v1.ObjectReference",
    "io.k8s.api.core.v1.PersistentVolumeClaim",
    "io.k8s.api.core.v1.PersistentVolumeSpec",
    "io.k8s.api.core.v1.PodTemplateSpec",
    "io.k8s.api.core.v1.ResourceQuotaSpec",
    "io.k8s.api.core.v1.SecretReference",
    "io.k8s.api.core.v1.Service",
    "io.k8s.api.core.v1.Taint",
    "io.k8s.api.core.v1.Toleration",
    "io.k8s.api.core.v1.TypedLocalObjectReference",
    "io.k8s.api.apps.v1.DaemonSetSpec",
    "io.k8s.api.apps.v1.DeploymentSpec",
    "io.k8s.api.apps.v1.StatefulSetSpec",
    "io.k8s.api.networking.v1.IngressSpec",
    "io.k8s.api.networking.v1.NetworkPolicySpec",
    "io.k8s.api.policy.v1.PodDisruptionBudgetSpec",
    "io.k8s.api.rbac.v1.ClusterRole",
    "io.k8s.api.rbac.v1.ClusterRoleBinding",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Condition",
    "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector",
    "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
];

/// The facts about core types.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    types: BTreeMap<String, Type>,
    names: Names,
    groups: BTreeSet<String>,
}

impl Catalog {
    /// The catalog of this release, read once in a process.
    pub(crate) fn get() -> &'static Catalog {
        static CATALOG: OnceLock<Catalog> = OnceLock::new();
        CATALOG.get_or_init(|| read(include_str!("../data/catalog.json")).unwrap_or_default())
    }

    /// The modules of Kubernetes' own groups: `core`, `apps`.
    pub(crate) fn groups(&self) -> &BTreeSet<String> {
        &self.groups
    }

    /// The words and names that rules do not know.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }
}

impl Api {
    /// Makes all core types of the catalog known as external ones; the pass `reuse` drops those that nothing refers to.
    pub(crate) fn load_all(&mut self) {
        for (id, ty) in &Catalog::get().types {
            self.types.entry(id.clone()).or_insert_with(|| ty.clone());
        }
    }
}

/// The catalog as text, one type a line.
pub(crate) fn write(api: &Api, names: &Names) -> String {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&str> = ROOTS.to_vec();
    let paths: BTreeSet<&str> = reuse::paths().collect();
    let is_reused = |ty: &Type| paths.contains(format!("{}::{}", ty.module, ty.name).as_str());
    next.extend(api.types.iter().filter(|(_, ty)| is_reused(ty)).map(|(id, _)| id.as_str()));
    while let Some(id) = next.pop() {
        let Some((id, ty)) = api.types.get_key_value(id) else { continue };
        if !reached.insert(id.as_str()) {
            continue;
        }
        if let Shape::Object(fields) = &ty.shape {
            for field in fields {
                if let Ty::Named(id) = field.ty.leaf() {
                    next.push(id);
                }
            }
        }
    }
    let words = json!({
        "acronyms": names.words.acronyms,
        "plural_acronyms": names.words.plural_acronyms,
    });
    let custom: BTreeSet<&str> = api.crds.iter().map(|crd| crd.group.as_str()).collect();
    let groups: BTreeSet<&str> = api.versions.keys().map(|module| module.group.as_str()).collect();
    let groups: Vec<&&str> = groups.difference(&custom).collect();
    let mut text = format!("{{\n\"words\": {words},\n\"fields\": {},\n", json!(names.fields));
    text.push_str(&format!("\"groups\": {},\n\"types\": {{\n", json!(groups)));
    let rows: Vec<String> = reached
        .into_iter()
        .filter_map(|id| Some(format!("{}: {}", Value::from(id), type_facts(api.types.get(id)?)?)))
        .collect();
    text.push_str(&rows.join(",\n"));
    text.push_str("\n}\n}\n");
    text
}

fn type_facts(ty: &Type) -> Option<Value> {
    let mut facts = json!({ "path": format!("{}::{}", ty.module, ty.name) });
    if let Some(gvk) = &ty.gvk {
        facts["gvk"] = json!([gvk.group, gvk.version, gvk.kind]);
    }
    match &ty.shape {
        Shape::Object(fields) => {
            let fields = fields.iter().map(|field| (field.json.clone(), field_facts(field)));
            facts["object"] = Value::Object(fields.collect());
        }
        Shape::Enum(variants) => {
            let variants =
                variants.iter().map(|variant| (variant.value.clone(), variant.name.clone().into()));
            facts["enum"] = Value::Object(variants.collect());
        }
        Shape::List(_) | Shape::IntEnum(_) | Shape::Alias(_) => return None,
    }
    Some(facts)
}

fn field_facts(field: &Field) -> Value {
    let mut facts = json!({ "ty": spell(&field.ty) });
    if field.required {
        facts["required"] = true.into();
    }
    if field.nullable {
        facts["nullable"] = true.into();
    }
    if let Some(list_type) = &field.list_type {
        facts["list"] = list_type.as_str().into();
    }
    if !field.list_map_keys.is_empty() {
        facts["keys"] = field.list_map_keys.clone().into();
    }
    if let Some(default) = &field.default {
        facts["default"] = default.as_str().into();
    }
    facts["name"] = field.name.as_str().into();
    facts
}

/// `[@Quantity]` is a list of a type of the runtime, `{#id}` a map of a core type, `?` stands before what may be null.
fn spell(ty: &Ty) -> String {
    match ty {
        Ty::Bool => "bool".to_owned(),
        Ty::I32 => "i32".to_owned(),
        Ty::I64 | Ty::OneOfInt(_) => "i64".to_owned(),
        Ty::F64 => "f64".to_owned(),
        Ty::String | Ty::OneOf(_) => "string".to_owned(),
        Ty::Runtime(name) => format!("@{name}"),
        Ty::Named(id) => format!("#{id}"),
        Ty::List(inner) => format!("[{}]", spell(inner)),
        Ty::Map(inner) => format!("{{{}}}", spell(inner)),
        Ty::Nullable(inner) => format!("?{}", spell(inner)),
    }
}

fn unspell(text: &str) -> Option<Ty> {
    let inside = |close: char| Some(Box::new(unspell(text.get(1..)?.strip_suffix(close)?)?));
    Some(match text {
        "bool" => Ty::Bool,
        "i32" => Ty::I32,
        "i64" => Ty::I64,
        "f64" => Ty::F64,
        "string" => Ty::String,
        _ => match text.chars().next()? {
            '@' => Ty::Runtime(text.get(1..)?.to_owned()),
            '#' => Ty::Named(text.get(1..)?.to_owned()),
            '[' => Ty::List(inside(']')?),
            '{' => Ty::Map(inside('}')?),
            '?' => Ty::Nullable(Box::new(unspell(text.get(1..)?)?)),
            _ => return None,
        },
    })
}

fn read(text: &str) -> Option<Catalog> {
    let value: Value = serde_json::from_str(text).ok()?;
    let strings = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut names = Names::default();
    names.words.acronyms = strings(&value["words"]["acronyms"]);
    names.words.plural_acronyms = strings(&value["words"]["plural_acronyms"]);
    for (json, name) in value["fields"].as_object()? {
        names.fields.insert(json.clone(), name.as_str()?.to_owned());
    }
    let mut types = BTreeMap::new();
    for (id, facts) in value["types"].as_object()? {
        types.insert(id.clone(), read_type(facts)?);
    }
    let groups = strings(&value["groups"]).into_iter().collect();
    Some(Catalog { types, names, groups })
}

fn read_type(facts: &Value) -> Option<Type> {
    let (module, name) = facts["path"].as_str()?.rsplit_once("::")?;
    let shape = match (&facts["object"], &facts["enum"]) {
        (Value::Object(fields), _) => {
            Shape::Object(fields.iter().map(|(json, facts)| read_field(json, facts)).collect::<Option<_>>()?)
        }
        (_, Value::Object(variants)) => {
            let variant = |(value, name): (&String, &Value)| {
                Some(Variant { name: name.as_str()?.to_owned(), value: value.clone(), docs: Vec::new() })
            };
            Shape::Enum(variants.iter().map(variant).collect::<Option<_>>()?)
        }
        _ => return None,
    };
    let gvk = match &facts["gvk"] {
        Value::Array(parts) => {
            let part = |index: usize| Some(parts.get(index)?.as_str()?.to_owned());
            Some(GroupVersionKind { group: part(0)?, version: part(1)?, kind: part(2)? })
        }
        _ => None,
    };
    Some(Type {
        module: Module::parse(module)?,
        name: name.to_owned(),
        gvk,
        shape,
        external: true,
        ..Type::default()
    })
}

fn read_field(json: &str, facts: &Value) -> Option<Field> {
    let keys = facts["keys"].as_array().into_iter().flatten().filter_map(Value::as_str);
    Some(Field {
        json: json.to_owned(),
        name: facts["name"].as_str()?.to_owned(),
        ty: unspell(facts["ty"].as_str()?)?,
        required: facts["required"].as_bool().unwrap_or_default(),
        nullable: facts["nullable"].as_bool().unwrap_or_default(),
        list_type: facts["list"].as_str().map(str::to_owned),
        list_map_keys: keys.map(str::to_owned).collect(),
        default: facts["default"].as_str().map(str::to_owned),
        ..Field::default()
    })
}

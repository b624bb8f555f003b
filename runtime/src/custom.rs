//! What a kind has that is defined by a custom resource definition: its facts, and the definition itself.
//!
//! Definitions are texts here: what a server makes of them, and how one is told of them, is no business of this file.

use std::borrow::Cow;
use std::fmt;

use crate::{DynamicObject, Resource, Result};

/// A kind that a custom resource definition defines, with the facts of that definition.
///
/// Implemented by generated code through [`custom_resource!`](crate::custom_resource).
pub trait CustomResource: Resource {
    /// The definition as JSON, with all its versions.
    const CRD: &'static str;
    /// The name of one object in commands, in lower case.
    const SINGULAR: &'static str;
    /// The kind of a list.
    const LIST_KIND: &'static str;
    /// Shorter names in commands.
    const SHORT_NAMES: &'static [&'static str];
    /// The groups of resources it belongs to, such as `all`.
    const CATEGORIES: &'static [&'static str];
    /// The version that servers store.
    const STORAGE_VERSION: &'static str;
    /// What `kubectl get` shows of this version, beside the name (and the age, where it is not among them).
    const PRINTER_COLUMNS: &'static [PrinterColumn];
}

/// One column of `kubectl get`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PrinterColumn {
    /// Its head.
    pub name: &'static str,
    /// `integer`, `number`, `string`, `boolean` or `date`: the definition's `type`.
    pub kind: &'static str,
    /// How the value is to be shown; empty where the definition does not say.
    pub format: &'static str,
    /// What it is; empty where the definition does not say.
    pub description: &'static str,
    /// 0 is always shown; larger ones only in wide output.
    pub priority: i32,
    /// Where the value stands in the object, as in `.spec.replicas`.
    pub json_path: &'static str,
}

impl PrinterColumn {
    /// A column that is always shown.
    pub const fn new(name: &'static str, kind: &'static str, json_path: &'static str) -> Self {
        PrinterColumn { name, kind, format: "", description: "", priority: 0, json_path }
    }

    /// How the value is to be shown.
    pub const fn format(mut self, format: &'static str) -> Self {
        self.format = format;
        self
    }

    /// What it is.
    pub const fn description(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// 0 is always shown; larger ones only in wide output.
    pub const fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }
}

/// A custom resource definition: its name, and its text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Crd {
    group: Cow<'static, str>,
    kind: Cow<'static, str>,
    plural: Cow<'static, str>,
    json: Cow<'static, str>,
}

impl Crd {
    /// The definition of a generated kind. `Widget::crd()` is the same.
    pub const fn of<T: CustomResource>() -> Self {
        Crd {
            group: Cow::Borrowed(T::GROUP),
            kind: Cow::Borrowed(T::KIND),
            plural: Cow::Borrowed(T::PLURAL),
            json: Cow::Borrowed(T::CRD),
        }
    }

    /// A definition that is known at run time only, from JSON text.
    ///
    /// ```
    /// # use clientset_runtime::Crd;
    /// let crd = Crd::from_json(r#"{"spec": {"group": "example.com", "names": {"kind": "Widget", "plural": "widgets"}}}"#)?;
    /// assert_eq!(crd.name(), "widgets.example.com");
    /// # Ok::<(), clientset_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When it is no JSON object, or does not say its group, kind and plural.
    pub fn from_json(json: &str) -> Result<Self> {
        Self::from_dynamic(&DynamicObject::from_json(json)?)
    }

    /// A definition that is known at run time only, from one YAML document.
    ///
    /// # Errors
    ///
    /// When it is no YAML mapping, or does not say its group, kind and plural.
    pub fn from_yaml(yaml: &str) -> Result<Self> {
        Self::from_dynamic(&DynamicObject::from_yaml(yaml)?)
    }

    fn from_dynamic(object: &DynamicObject) -> Result<Self> {
        let text = |pointer: &str| {
            object.text(pointer).map(|text| Cow::Owned(text.to_owned())).ok_or_else(|| {
                let message = format!("{pointer} is missing or no text");
                crate::Error::new(crate::error::Kind::Decode, "reading a custom resource definition", message)
            })
        };
        Ok(Crd {
            group: text("/spec/group")?,
            kind: text("/spec/names/kind")?,
            plural: text("/spec/names/plural")?,
            json: object.to_json().into(),
        })
    }

    /// The name of the definition: `plural.group`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.plural, self.group)
    }

    /// The group of the kind.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// The kind.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The name of the kind in URLs.
    pub fn plural(&self) -> &str {
        &self.plural
    }

    /// The definition as JSON text.
    pub fn as_json(&self) -> &str {
        &self.json
    }

    /// The definition as an object, to be changed or sent.
    ///
    /// # Errors
    ///
    /// When the text is no JSON object, which that of a generated kind always is.
    pub fn to_dynamic(&self) -> Result<DynamicObject> {
        DynamicObject::from_json(&self.json)
    }
}

impl From<&Crd> for Crd {
    fn from(crd: &Crd) -> Self {
        crd.clone()
    }
}

impl fmt::Debug for Crd {
    /// The names; the text is long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Crd");
        out.field("name", &self.name()).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Implements [`CustomResource`] for a generated kind, and gives it `Widget::CRD`, `Widget::crd()` and
/// `widget.fill_defaults()` of its own, which need no trait in scope.
///
/// ```
/// use clientset_runtime::{CustomResource, UnknownFields, custom_resource, object, object_metadata, resource};
/// # use clientset_runtime::{Map, Time};
/// # #[derive(Clone, Default, PartialEq)]
/// # pub struct ObjectMeta {
/// #     name: Option<String>, generate_name: Option<String>, namespace: Option<String>, uid: Option<String>,
/// #     resource_version: Option<String>, generation: Option<i64>, creation_timestamp: Option<Time>,
/// #     deletion_timestamp: Option<Time>, labels: Option<Map<String>>, annotations: Option<Map<String>>,
/// #     finalizers: Option<Vec<String>>, owner_references: Option<Vec<Owner>>, managed_fields: Option<()>,
/// # }
/// # #[derive(Clone, Default, PartialEq)]
/// # pub struct Owner { api_version: String, kind: String, name: String, uid: String, controller: Option<bool> }
/// # object! { ObjectMeta { 0 name "name" [] String; } }
/// # object_metadata!(ObjectMeta);
///
/// #[derive(Clone, Default, PartialEq)]
/// pub struct Widget {
///     metadata: ObjectMeta,
///     unknown: UnknownFields,
/// }
///
/// object! { Widget = "example.com/v1" "Widget" { 0 metadata "metadata" [] Message required; } }
/// resource! { Widget = "example.com" "v1" "Widget" "widgets" Namespaced }
/// custom_resource! {
///     Widget {
///         crd r#"{"apiVersion": "apiextensions.k8s.io/v1"}"#;
///         singular "widget";
///         list_kind "WidgetList";
///         short_names "wd" "wdg";
///         categories "all";
///         storage_version "v1";
///         column "Color" "string" ".spec.color" description("The color.");
///         column "Weight" "number" ".spec.weight" format("double") priority(1);
///     }
/// }
///
/// assert_eq!(Widget::crd().name(), "widgets.example.com");
/// assert_eq!(Widget::SHORT_NAMES, ["wd", "wdg"]);
/// assert_eq!(Widget::PRINTER_COLUMNS[1].priority, 1);
/// Widget::default().fill_defaults();
/// ```
///
/// In full; all lines but the columns are always there, in this order, lists of names may be empty:
///
/// ```text
/// custom_resource! {
///     NAME {
///         crd EXPRESSION;                  a constant &'static str: the definition as JSON
///         singular "NAME";
///         list_kind "NAME";
///         short_names "NAME"*;
///         categories "NAME"*;
///         storage_version "VERSION";
///         (column "NAME" "TYPE" "JSON PATH" format("…")? description("…")? priority(…)?;)*
///     }
/// }
/// ```
#[macro_export]
macro_rules! custom_resource {
    ($name:ident {
        crd $crd:expr;
        singular $singular:literal;
        list_kind $list_kind:literal;
        short_names $($short_name:literal)*;
        categories $($category:literal)*;
        storage_version $storage_version:literal;
        $(column $column:literal $kind:literal $json_path:literal $($word:ident ($value:literal))*;)*
    }) => {
        impl $crate::CustomResource for $name {
            const CRD: &'static $crate::__private::str = $crd;
            const SINGULAR: &'static $crate::__private::str = $singular;
            const LIST_KIND: &'static $crate::__private::str = $list_kind;
            const SHORT_NAMES: &'static [&'static $crate::__private::str] = &[$($short_name),*];
            const CATEGORIES: &'static [&'static $crate::__private::str] = &[$($category),*];
            const STORAGE_VERSION: &'static $crate::__private::str = $storage_version;
            const PRINTER_COLUMNS: &'static [$crate::PrinterColumn] = &[
                $($crate::PrinterColumn::new($column, $kind, $json_path)$(.$word($value))*),*
            ];
        }

        impl $name {
            /// The custom resource definition as JSON: what a server has to be told to know the kind.
            pub const CRD: &'static $crate::__private::str = <Self as $crate::CustomResource>::CRD;

            /// The custom resource definition, to be given to `ensure_crds`.
            pub const fn crd() -> $crate::Crd {
                $crate::Crd::of::<Self>()
            }

            /// Gives each member that is absent its default, here and in all that lies below, as a server would.
            pub fn fill_defaults(&mut self) {
                $crate::codec::fill_defaults(self)
            }
        }
    };
}

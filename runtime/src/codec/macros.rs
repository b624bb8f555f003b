//! The macros that turn the facts of a type into its implementations.
//!
//! Generated code calls them, one row a fact; what they expand to is one-line forwarding, so that behaviour stays here.

/// The table of one object type and all that is driven by it: [`Object`](crate::codec::Object),
/// [`Value`](crate::codec::Value), `Debug` and serde.
///
/// The type is a struct with `Clone`, `Default` and `PartialEq`. A row is: index, member, JSON name, protobuf number path,
/// wire kind; then `required` where it is, and how a list merges: `atomic`, `set` or `map["key", …]`; then, where a server
/// fills the member in, its default as JSON text: `= "1"`. A member with a default is an `Option`, since absent and default
/// are two things; one that may also be `null` is an `Option<Option<…>>`, since a server fills in what is absent and leaves
/// a `null` alone.
///
/// A top-level kind names its `apiVersion` and `kind` and has a member `unknown`. A type whose schema keeps members that it
/// does not name says `+ preserved`, and has a member `preserved` that holds them.
///
/// ```
/// use clientset_runtime::{Map, RawJson, UnknownFields, codec, object};
///
/// #[derive(Clone, Default, PartialEq)]
/// struct Widget {
///     spec: WidgetSpec,
///     unknown: UnknownFields,
/// }
///
/// #[derive(Clone, Default, PartialEq)]
/// struct WidgetSpec {
///     replicas: Option<i32>,
///     parts: Option<Vec<String>>,
///     preserved: Map<RawJson>,
/// }
///
/// object! {
///     Widget = "example.com/v1" "Widget" {
///         0 spec "spec" [] Message required;
///     }
/// }
/// object! {
///     WidgetSpec + preserved {
///         0 replicas "replicas" [] Varint = "1";
///         1 parts "parts" [] String set = r#"["wheel"]"#;
///     }
/// }
///
/// let json = r#"{"apiVersion":"example.com/v1","kind":"Widget","spec":{"color":"red"}}"#;
/// let mut widget: Widget = codec::from_str(json)?;
/// assert_eq!(widget.spec.preserved["color"].get(), r#""red""#);
/// assert_eq!(codec::to_string(&widget), json);
/// codec::fill_defaults(&mut widget);
/// assert_eq!(widget.spec.replicas, Some(1));
/// # Ok::<(), codec::DecodeError>(())
/// ```
///
/// In full, in the order in which things stand (`…?` may be missing, `…*` repeats):
///
/// ```text
/// object! { NAME (= "API_VERSION" "KIND")? (+ preserved)? { ROW* } }
/// ROW     = INDEX MEMBER "JSON_NAME" [NUMBER,*] WIRE required? MERGES? (= "DEFAULT AS JSON")? ;
/// WIRE    = a variant of codec::Wire
/// MERGES  = atomic | set | map["KEY",*]
/// ```
#[macro_export]
macro_rules! object {
    ($name:ident = $api_version:literal $kind:literal $(+ $preserved:ident)? { $($rows:tt)* }) => {
        $crate::object!(@ $name
            ($crate::__private::Option::Some($crate::codec::TypeMeta { api_version: $api_version, kind: $kind }))
            {
                fn unknown(&self) -> $crate::__private::Option<&$crate::codec::UnknownFields> {
                    $crate::__private::Option::Some(&self.unknown)
                }
                fn unknown_mut(&mut self) -> $crate::__private::Option<&mut $crate::codec::UnknownFields> {
                    $crate::__private::Option::Some(&mut self.unknown)
                }
            }
            {
                fn type_meta(&self) -> $crate::__private::Option<(&$crate::__private::str, &$crate::__private::str)> {
                    $crate::__private::Option::Some(($api_version, $kind))
                }
            }
            { $($preserved)? }
            { $($rows)* }
        );
    };
    ($name:ident $(+ $preserved:ident)? { $($rows:tt)* }) => {
        $crate::object!(@ $name ($crate::__private::Option::None) {} {} { $($preserved)? } { $($rows)* });
    };
    (@ $name:ident ($type_meta:expr) { $($unknown:tt)* } { $($own_type_meta:tt)* } { $($preserved:ident)? } {
        $($index:literal $member:ident $json:literal [$($number:literal),*] $wire:ident
            $($word:ident)* $([$($key:literal),*])? $(= $default:literal)?;)*
    }) => {
        impl $crate::codec::Object for $name {
            fn table(&self) -> &'static $crate::codec::Table {
                static TABLE: $crate::codec::Table = $crate::codec::Table {
                    name: $crate::__private::stringify!($name),
                    type_meta: $type_meta,
                    fields: &[$(
                        $crate::codec::Field::new($json, &[$($number),*], $crate::codec::Wire::$wire)
                            $(.$word())* $(.keys(&[$($key),*]))? $(.default($default))?
                    ),*],
                };
                &TABLE
            }
            #[allow(unused_variables, unreachable_code)]
            fn member(&self, index: $crate::__private::usize) -> $crate::__private::Option<&dyn $crate::codec::Value> {
                match index {
                    $($index => $crate::__private::Option::Some(&self.$member),)*
                    _ => $crate::__private::Option::None,
                }
            }
            #[allow(unused_variables, unreachable_code)]
            fn member_mut(
                &mut self,
                index: $crate::__private::usize,
            ) -> $crate::__private::Option<&mut dyn $crate::codec::Value> {
                match index {
                    $($index => $crate::__private::Option::Some(&mut self.$member),)*
                    _ => $crate::__private::Option::None,
                }
            }
            $($unknown)*
            $(
                fn preserved(&self) -> $crate::__private::Option<&$crate::Map<$crate::RawJson>> {
                    $crate::__private::Option::Some(&self.$preserved)
                }
                fn preserved_mut(&mut self) -> $crate::__private::Option<&mut $crate::Map<$crate::RawJson>> {
                    $crate::__private::Option::Some(&mut self.$preserved)
                }
            )?
        }

        impl $crate::codec::Value for $name {
            fn decode(
                &mut self,
                reader: &mut $crate::codec::Reader<'_>,
            ) -> $crate::__private::Result<(), $crate::codec::DecodeError> {
                $crate::codec::decode_object(self, reader)
            }
            fn reset(&mut self) {
                *self = $crate::__private::Default::default();
            }
            fn is_default(&self) -> $crate::__private::bool {
                *self == <Self as $crate::__private::Default>::default()
            }
            fn as_object(&self) -> $crate::__private::Option<&dyn $crate::codec::Object> {
                $crate::__private::Option::Some(self)
            }
            fn objects_mut(&mut self, visit: &mut $crate::codec::VisitObjects<'_>) {
                visit(self)
            }
            $($own_type_meta)*
        }

        impl $crate::__private::Debug for $name {
            fn fmt(&self, f: &mut $crate::__private::Formatter<'_>) -> $crate::__private::fmt::Result {
                $crate::codec::debug_object(self, f)
            }
        }

        impl $crate::__private::Serialize for $name {
            fn serialize<S: $crate::__private::Serializer>(
                &self,
                serializer: S,
            ) -> $crate::__private::Result<S::Ok, S::Error> {
                $crate::codec::serialize(self, serializer)
            }
        }

        impl<'de> $crate::__private::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::Deserializer<'de>>(
                deserializer: D,
            ) -> $crate::__private::Result<Self, D::Error> {
                $crate::codec::deserialize(deserializer)
            }
        }
    };
}

/// The implementations of an open enum: known values, and one variant `Other(String)` that keeps any other.
///
/// The default is `Other("")`, as an absent string is `""` in Go.
#[macro_export]
macro_rules! open_enum {
    ($name:ident { $($variant:ident $value:literal;)* }) => {
        #[allow(unreachable_pub)]
        impl $name {
            /// The value as it stands in JSON.
            pub fn as_str(&self) -> &$crate::__private::str {
                match self {
                    $($name::$variant => $value,)*
                    $name::Other(value) => value,
                }
            }
        }

        impl $crate::__private::Default for $name {
            fn default() -> Self {
                $name::Other($crate::__private::String::new())
            }
        }

        impl $crate::__private::From<&$crate::__private::str> for $name {
            fn from(value: &$crate::__private::str) -> Self {
                match value {
                    $($value => $name::$variant,)*
                    _ => $name::Other($crate::__private::From::from(value)),
                }
            }
        }

        impl $crate::__private::From<$crate::__private::String> for $name {
            fn from(value: $crate::__private::String) -> Self {
                match value.as_str() {
                    $($value => $name::$variant,)*
                    _ => $name::Other(value),
                }
            }
        }

        impl $crate::__private::Display for $name {
            fn fmt(&self, f: &mut $crate::__private::Formatter<'_>) -> $crate::__private::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::codec::Value for $name {
            fn decode(
                &mut self,
                reader: &mut $crate::codec::Reader<'_>,
            ) -> $crate::__private::Result<(), $crate::codec::DecodeError> {
                if !reader.null()? {
                    *self = match reader.string()? {
                        $crate::__private::Cow::Borrowed(value) => $crate::__private::From::from(value),
                        $crate::__private::Cow::Owned(value) => $crate::__private::From::from(value),
                    };
                }
                $crate::__private::Result::Ok(())
            }
            fn encode(&self, writer: &mut $crate::codec::Writer) {
                writer.string(self.as_str());
            }
            fn reset(&mut self) {
                *self = $crate::__private::Default::default();
            }
            fn is_default(&self) -> $crate::__private::bool {
                self.as_str().is_empty()
            }
            fn debug(&self, f: &mut $crate::__private::Formatter<'_>) -> $crate::__private::fmt::Result {
                $crate::__private::Debug::fmt(self, f)
            }
        }

        impl $crate::__private::Serialize for $name {
            fn serialize<S: $crate::__private::Serializer>(
                &self,
                serializer: S,
            ) -> $crate::__private::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::__private::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::Deserializer<'de>>(
                deserializer: D,
            ) -> $crate::__private::Result<Self, D::Error> {
                <$crate::__private::String as $crate::__private::Deserialize>::deserialize(deserializer)
                    .map($crate::__private::From::from)
            }
        }
    };
}

/// The implementations of an open enum of integers: known values, and one variant `Other(i64)` that keeps any other.
///
/// The default is 0: `Other(0)`, or the variant that means it, as an absent integer is 0 in Go. Numbers such as `301.0`
/// are integers too, as everywhere.
///
/// ```
/// use clientset_runtime::{codec, open_int_enum};
///
/// #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
/// pub enum StatusCode {
///     V301,
///     V302,
///     Other(i64),
/// }
///
/// open_int_enum! {
///     StatusCode {
///         V301 301;
///         V302 302;
///     }
/// }
///
/// assert_eq!(codec::from_str::<StatusCode>("301.0")?, StatusCode::V301);
/// assert_eq!(StatusCode::from(308), StatusCode::Other(308));
/// assert_eq!(StatusCode::V302.as_i64(), 302);
/// # Ok::<(), codec::DecodeError>(())
/// ```
#[macro_export]
macro_rules! open_int_enum {
    ($name:ident { $($variant:ident $value:literal;)* }) => {
        #[allow(unreachable_pub)]
        impl $name {
            /// The value as it stands in JSON.
            pub fn as_i64(&self) -> $crate::__private::i64 {
                match self {
                    $($name::$variant => $value,)*
                    $name::Other(value) => *value,
                }
            }
        }

        impl $crate::__private::Default for $name {
            fn default() -> Self {
                $crate::__private::From::from(0i64)
            }
        }

        impl $crate::__private::From<$crate::__private::i64> for $name {
            fn from(value: $crate::__private::i64) -> Self {
                match value {
                    $($value => $name::$variant,)*
                    _ => $name::Other(value),
                }
            }
        }

        impl $crate::__private::Display for $name {
            fn fmt(&self, f: &mut $crate::__private::Formatter<'_>) -> $crate::__private::fmt::Result {
                $crate::__private::Display::fmt(&self.as_i64(), f)
            }
        }

        impl $crate::codec::Value for $name {
            fn decode(
                &mut self,
                reader: &mut $crate::codec::Reader<'_>,
            ) -> $crate::__private::Result<(), $crate::codec::DecodeError> {
                let mut value = self.as_i64();
                $crate::codec::Value::decode(&mut value, reader)?;
                *self = $crate::__private::From::from(value);
                $crate::__private::Result::Ok(())
            }
            fn encode(&self, writer: &mut $crate::codec::Writer) {
                writer.integer(self.as_i64());
            }
            fn reset(&mut self) {
                *self = $crate::__private::Default::default();
            }
            fn is_default(&self) -> $crate::__private::bool {
                self.as_i64() == 0
            }
            fn debug(&self, f: &mut $crate::__private::Formatter<'_>) -> $crate::__private::fmt::Result {
                $crate::__private::Debug::fmt(self, f)
            }
        }

        impl $crate::__private::Serialize for $name {
            fn serialize<S: $crate::__private::Serializer>(
                &self,
                serializer: S,
            ) -> $crate::__private::Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.as_i64())
            }
        }

        impl<'de> $crate::__private::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::Deserializer<'de>>(
                deserializer: D,
            ) -> $crate::__private::Result<Self, D::Error> {
                $crate::codec::deserialize(deserializer)
            }
        }
    };
}

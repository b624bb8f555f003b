//! Filling in what a server would: the defaults of a schema, as the tables hold them.
//!
//! Defaults that are not in a schema (those of built-in kinds, of webhooks) are a server's own and not known here.

use super::{MAX_DEPTH, Object, Reader, Value};

/// Gives each member that is absent its default, in the object and in all that lies in it, as a kube-apiserver does when
/// it reads an object.
///
/// A default that is an object gets the defaults of its own members; what is there stays as it is. Members that the type
/// keeps without knowing them (`unknown`, `preserved`) and members of type [`RawJson`](crate::RawJson) are left alone.
/// [`FillDefaults`] is the same as a method.
pub fn fill_defaults(object: &mut dyn Object) {
    fill(object, 0);
}

/// [`fill_defaults`] as a method of every generated type.
///
/// ```
/// use clientset_runtime::{FillDefaults, object};
///
/// #[derive(Clone, Default, PartialEq)]
/// struct WidgetSpec {
///     replicas: Option<i32>,
/// }
///
/// object! { WidgetSpec { 0 replicas "replicas" [] Varint = "1"; } }
///
/// let mut spec = WidgetSpec::default();
/// spec.fill_defaults();
/// assert_eq!(spec.replicas, Some(1));
/// ```
pub trait FillDefaults {
    /// Gives each member that is absent its default, in the object and in all that lies in it, as a server would.
    fn fill_defaults(&mut self);
}

impl<T: Object> FillDefaults for T {
    fn fill_defaults(&mut self) {
        fill_defaults(self);
    }
}

/// `depth` bounds it for types whose default holds the type itself, and for objects deeper than can be read.
fn fill(object: &mut dyn Object, depth: usize) {
    if depth >= MAX_DEPTH {
        return;
    }
    let table = object.table();
    for (index, field) in table.fields.iter().enumerate() {
        let Some(member) = object.member_mut(index) else { continue };
        if member.is_absent()
            && let Some(json) = field.default
        {
            put(member, json);
        }
        member.objects_mut(&mut |object| fill(object, depth + 1));
    }
}

/// The generator has checked that the text is of the member's type; where a table is wrong, the member stays absent.
fn put(member: &mut dyn Value, json: &str) {
    let mut reader = Reader::new(json);
    if member.decode(&mut reader).and_then(|()| reader.end()).is_err() {
        member.reset();
    }
}

//! What a schema becomes: objects with properties become types of their own, lists and maps those of Rust, what has no
//! shape raw JSON. Unions only restrict in structural schemas, so they never shape; `notes` tells of them.

use super::{Lowering, default, notes, scalar};
use crate::ir::{Field, Ty, Type, id};
use crate::lower::types::{OBJECT_META, field};
use crate::names;
use crate::spec::schema::{Additional, Schema};

impl Lowering<'_> {
    /// A member of the type `owner`, which is named `name` for now.
    pub(super) fn member(
        &mut self,
        of: &Schema,
        owner: &str,
        name: &str,
        json: &str,
        schema: &Schema,
    ) -> Field {
        let at = At { id: id::member(owner, json), owner: name, json };
        let ty = self.ty(schema, &at);
        let default = default::text(schema, self.report);
        Field {
            // What a server fills in need not be given.
            required: of.required.iter().any(|name| name == json) && default.is_none(),
            notes: notes::of(schema, &ty),
            default,
            ..field(json, schema, ty)
        }
    }

    /// The type of what stands at a place; objects inside become types.
    fn ty(&mut self, schema: &Schema, at: &At<'_>) -> Ty {
        if let Some(scalar) = scalar::of(schema, self.report) {
            return scalar;
        }
        match (schema.kind.as_deref(), &schema.items, &schema.additional) {
            (Some("array"), Some(items), _) => {
                let item = self.ty(items, at);
                Ty::List(Box::new(nullable(items, item)))
            }
            (Some("array"), None, _) => Ty::List(Box::new(Ty::runtime("RawJson"))),
            (Some("object"), _, _) if !schema.properties.is_empty() => self.nested(schema, at),
            (Some("object"), _, Some(Additional::Of(values))) => {
                let value = self.ty(values, at);
                Ty::Map(Box::new(nullable(values, value)))
            }
            (Some("object"), _, Some(Additional::Anything)) => Ty::Map(Box::new(Ty::runtime("RawJson"))),
            _ => Ty::runtime("RawJson"),
        }
    }

    fn nested(&mut self, schema: &Schema, at: &At<'_>) -> Ty {
        let name = format!("{}{}", at.owner, names::pascal(at.json, self.words));
        let mut fields = Vec::new();
        for (json, property) in &schema.properties {
            fields.push(self.member(schema, &at.id, &name, json, property));
        }
        if schema.embedded_resource {
            embedded(&mut fields);
        }
        let mut object: Type = self.object(schema, &name, fields);
        if object.description.is_empty() {
            object.description = id::describe(&at.id).unwrap_or_default();
        }
        self.add(at.id.clone(), object);
        Ty::Named(at.id.clone())
    }
}

/// Where a schema stands.
struct At<'a> {
    /// The id of the member, which is that of the type that it may become.
    id: String,
    /// The name of the type around it.
    owner: &'a str,
    json: &'a str,
}

fn nullable(schema: &Schema, ty: Ty) -> Ty {
    if schema.nullable { Ty::Nullable(Box::new(ty)) } else { ty }
}

/// Gives an embedded resource what a server keeps in each, whether its schema says so or not.
fn embedded(fields: &mut Vec<Field>) {
    let metadata = Ty::Named(OBJECT_META.to_owned());
    let implied = [
        ("apiVersion", Ty::String, "The group and version of the object."),
        ("kind", Ty::String, "The kind of the object."),
        ("metadata", metadata.clone(), "Standard object's metadata."),
    ];
    for (json, ty, description) in implied {
        match fields.iter_mut().find(|field| field.json == json) {
            // A schema restricts metadata and does not shape it.
            Some(field) if json == "metadata" && field.ty == Ty::runtime("RawJson") => {
                field.ty = metadata.clone();
                field.notes.clear();
            }
            Some(_) => {}
            None => fields.push(Field {
                json: json.to_owned(),
                description: description.to_owned(),
                ty,
                ..Field::default()
            }),
        }
    }
}

//! What can be wrong, as a table of stable codes. A code never changes its meaning and is never given again;
//! docs/diagnostics.md says what each means and what to do, and a test holds the two together.

use std::fmt;

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// What kind of thing is wrong: stable across releases, so that tools can tell diagnostics apart.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $doc])* $name,)*
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// The code as it is printed.
            ///
            /// ```
            /// assert_eq!(clientset_codegen::Code::Syntax.as_str(), "CS0002");
            /// ```
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }
        }
    };
}

codes! {
    /// The bytes are no UTF-8 text.
    NotText = "CS0001",
    /// The text is not YAML, JSON, TOML or protobuf.
    Syntax = "CS0002",
    /// The input is larger, deeper or multiplies itself more than anything honest does.
    Limit = "CS0003",
    /// The file is a template, not YAML.
    Template = "CS0004",
    /// A key stands twice in one mapping.
    DuplicateKey = "CS0005",
    /// A value has another type than is expected there.
    WrongType = "CS0006",
    /// A member is missing.
    Missing = "CS0007",
    /// No document of the file is a CustomResourceDefinition.
    NoCrd = "CS0101",
    /// An object is passed over, since it is no CustomResourceDefinition.
    Skipped = "CS0102",
    /// The CustomResourceDefinition is of a version that servers no longer have.
    OldCrd = "CS0103",
    /// The CustomResourceDefinition is one that a server would refuse.
    BadCrd = "CS0104",
    /// A kind is defined twice.
    DuplicateKind = "CS0105",
    /// No version of the CustomResourceDefinition is served.
    NotServed = "CS0106",
    /// The schema has a keyword whose meaning is not known.
    UnknownKeyword = "CS0201",
    /// The reference points to no schema.
    BadReference = "CS0202",
    /// The schema is not structural, or of a form that has no Rust type.
    NotStructural = "CS0203",
    /// The type is none of OpenAPI.
    UnknownType = "CS0204",
    /// A value does not fit the schema that it stands in.
    BadValue = "CS0205",
    /// A member is required that the schema does not have.
    BadRequired = "CS0206",
    /// A name cannot become a Rust name.
    BadName = "CS0301",
    /// A name is taken already.
    NameTaken = "CS0302",
    /// A group or a version cannot become a module.
    BadModule = "CS0303",
    /// A group, version or plural is one that a server would refuse.
    BadPath = "CS0304",
    /// Nothing has the name that was asked for.
    NothingFound = "CS0305",
    /// The document is no OpenAPI v3 document of a Kubernetes API server.
    NotOpenApi = "CS0401",
    /// Two inputs contradict each other.
    Contradiction = "CS0402",
    /// The document has a path, an action or a message that is not known.
    UnknownApi = "CS0403",
    /// A table has a row that cannot be used.
    BadTable = "CS0501",
    /// A table has a row that applies to nothing.
    StaleRow = "CS0502",
    /// A file that is kept in parts has no marks for them.
    NoMarks = "CS0601",
    /// Anything else.
    Other = "CS0900",
    /// The generator itself is at fault.
    Internal = "CS0901",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

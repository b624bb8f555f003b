//! The options of every verb as plain data, checked as the server would before anything is sent.
//!
//! Each struct has public fields, `Default` and a setter for each; the request values have the same setters. Deliberately
//! no request is built here: that is in `api`.

mod check;
#[cfg(test)]
mod tests;

/// How a `resource_version` is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResourceVersionMatch {
    /// Exactly this version, or an error if it is no longer there.
    Exact,
    /// This version or any newer.
    NotOlderThan,
}

/// What the server does about members that the resource does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldValidation {
    /// Drops them.
    Ignore,
    /// Drops them and warns; what servers do by themselves.
    Warn,
    /// Refuses the request.
    Strict,
}

/// What becomes of the objects that belong to a deleted one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PropagationPolicy {
    /// They stay, without an owner.
    Orphan,
    /// They are deleted after it.
    Background,
    /// They are deleted before it.
    Foreground,
}

/// What an [`update`](crate::Api::update) does about members that were read, are not known to this build, and would be
/// deleted because their place is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnknownFieldPolicy {
    /// Sends nothing and says which members they are.
    #[default]
    Refuse,
    /// Sends the update and says on standard error which members it deletes.
    Warn,
    /// Sends the update.
    Allow,
}

impl ResourceVersionMatch {
    fn as_str(self) -> &'static str {
        match self {
            ResourceVersionMatch::Exact => "Exact",
            ResourceVersionMatch::NotOlderThan => "NotOlderThan",
        }
    }
}

impl FieldValidation {
    fn as_str(self) -> &'static str {
        match self {
            FieldValidation::Ignore => "Ignore",
            FieldValidation::Warn => "Warn",
            FieldValidation::Strict => "Strict",
        }
    }
}

impl PropagationPolicy {
    fn as_str(self) -> &'static str {
        match self {
            PropagationPolicy::Orphan => "Orphan",
            PropagationPolicy::Background => "Background",
            PropagationPolicy::Foreground => "Foreground",
        }
    }
}

/// Declares an options struct with its fields, and a setter for each on the struct.
macro_rules! options {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $form:tt $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name { $($(#[$field_doc])* pub $field: options!(@type $form $type),)* }
        impl $name { $(options!(@setter $(#[$field_doc])* $field $form $type);)* }
    };
    (@type text $type:ty) => { Option<String> };
    (@type some $type:ty) => { Option<$type> };
    (@type flag $type:ty) => { bool };
    (@setter $(#[$doc:meta])* $field:ident text $type:ty) => {
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self, $field: impl Into<String>) -> Self { self.$field = Some($field.into()); self }
    };
    (@setter $(#[$doc:meta])* $field:ident some $type:ty) => {
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self, $field: $type) -> Self { self.$field = Some($field); self }
    };
    (@setter $(#[$doc:meta])* $field:ident flag $type:ty) => {
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self) -> Self { self.$field = true; self }
    };
}

options! {
    /// Options of reading one object.
    GetOptions {
        /// Answers from a state that is no older than this; `"0"` means from the server's cache, whatever its age.
        resource_version: text String,
    }
}

options! {
    /// Options of lists, and of which objects a collection is deleted.
    ListOptions {
        /// Only objects with these labels: `app=web,tier!=db`, `env in (a, b)`.
        label_selector: text String,
        /// Only objects with these fields: `status.phase=Running`.
        field_selector: text String,
        /// Answers from a state that is no older than this; `"0"` means from the server's cache, whatever its age.
        resource_version: text String,
        /// How `resource_version` is meant.
        resource_version_match: some ResourceVersionMatch,
        /// Ends the call after this many seconds, on the server and here.
        timeout_seconds: some u32,
        /// At most this many objects on a page.
        limit: some u32,
        /// Goes on after the page that gave this token.
        continue_token: text String,
        /// Only one shard of the collection (alpha since 1.36).
        shard_selector: text String,
    }
}

options! {
    /// Options of watches.
    WatchOptions {
        /// Only objects with these labels.
        label_selector: text String,
        /// Only objects with these fields.
        field_selector: text String,
        /// What happened after this version; without it, all objects that are there come first.
        resource_version: text String,
        /// How `resource_version` is meant; needed with `send_initial_events` and set by it.
        resource_version_match: some ResourceVersionMatch,
        /// Ends the watch after this many seconds; servers choose between 30 and 60 minutes by themselves.
        timeout_seconds: some u32,
        /// Asks for bookmarks: events that carry nothing but the current version; set by `send_initial_events`.
        allow_bookmarks: flag bool,
        /// Begins with all objects that are there, as events, and marks their end with a bookmark.
        send_initial_events: some bool,
        /// Only one shard of the collection (alpha since 1.36).
        shard_selector: text String,
    }
}

options! {
    /// Options of creating.
    CreateOptions {
        /// Goes through everything but storing.
        dry_run: flag bool,
        /// Who is changing the object, for server-side apply: at most 128 printable characters.
        field_manager: text String,
        /// What the server does about members that the resource does not have.
        field_validation: some FieldValidation,
    }
}

options! {
    /// Options of replacing.
    UpdateOptions {
        /// Goes through everything but storing.
        dry_run: flag bool,
        /// Who is changing the object, for server-side apply: at most 128 printable characters.
        field_manager: text String,
        /// What the server does about members that the resource does not have.
        field_validation: some FieldValidation,
    }
}

options! {
    /// Options of patches other than server-side apply.
    PatchOptions {
        /// Goes through everything but storing.
        dry_run: flag bool,
        /// Who is changing the object, for server-side apply: at most 128 printable characters.
        field_manager: text String,
        /// What the server does about members that the resource does not have.
        field_validation: some FieldValidation,
    }
}

options! {
    /// Options of server-side apply.
    ApplyOptions {
        /// Goes through everything but storing.
        dry_run: flag bool,
        /// Who is applying. Required; at most 128 printable characters.
        field_manager: text String,
        /// Takes over fields that belong to others.
        force: flag bool,
        /// What the server does about members that the resource does not have.
        field_validation: some FieldValidation,
    }
}

options! {
    /// Options of deleting. They travel as the body of the request.
    DeleteOptions {
        /// How long the object gets to end; 0 deletes at once.
        grace_period_seconds: some i64,
        /// Only if the object has this uid.
        precondition_uid: text String,
        /// Only if the object has this resourceVersion.
        precondition_resource_version: text String,
        /// Deprecated by Kubernetes in favour of `propagation_policy`.
        orphan_dependents: some bool,
        /// What becomes of the objects that belong to it.
        propagation_policy: some PropagationPolicy,
        /// Goes through everything but storing.
        dry_run: flag bool,
        /// Deletes an object that can no longer be read from storage, whatever breaks by it.
        ignore_store_read_error_with_cluster_breaking_potential: some bool,
    }
}

options! {
    /// Options of reading the log of a container.
    LogOptions {
        /// Which container; needed where the pod has several.
        container: text String,
        /// Goes on with what is written from now on.
        follow: flag bool,
        /// The log of the container's previous run.
        previous: flag bool,
        /// Only what is not older than this many seconds.
        since_seconds: some i64,
        /// Only what is not older than this moment (RFC 3339).
        since_time: text String,
        /// Puts the time before each line.
        timestamps: flag bool,
        /// Only the last lines.
        tail_lines: some i64,
        /// At most this many bytes.
        limit_bytes: some i64,
        /// Which stream: `All`, `Stdout` or `Stderr` (alpha).
        stream: text String,
        /// Does not check the certificate of the node's kubelet.
        insecure_skip_tls_verify_backend: flag bool,
    }
}

/// What writes do where their own options say nothing: set once for a client.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct WriteDefaults {
    pub(crate) dry_run: bool,
    pub(crate) field_manager: Option<String>,
    pub(crate) field_validation: Option<FieldValidation>,
}

macro_rules! with_defaults {
    ($($name:ident)*) => { $(
        impl $name {
            /// These options, completed by what the client does by itself.
            pub(crate) fn or(&self, defaults: &WriteDefaults) -> Self {
                let mut options = self.clone();
                options.dry_run |= defaults.dry_run;
                options.field_manager = options.field_manager.or_else(|| defaults.field_manager.clone());
                options.field_validation = options.field_validation.or(defaults.field_validation);
                options
            }
        }
    )* };
}

with_defaults! { CreateOptions UpdateOptions PatchOptions ApplyOptions }

impl DeleteOptions {
    /// These options, completed by what the client does by itself.
    pub(crate) fn or(&self, defaults: &WriteDefaults) -> Self {
        let mut options = self.clone();
        options.dry_run |= defaults.dry_run;
        options
    }
}

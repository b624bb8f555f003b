//! Plugins that are real programs: small shell scripts, each misbehaving in its own way.

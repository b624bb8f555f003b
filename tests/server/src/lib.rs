//! tests/server

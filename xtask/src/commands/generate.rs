//! stub
use crate::failure::Result;
use clap::Args;
use std::process::ExitCode;
/// stub
#[derive(Args)]
pub(crate) struct Generate {}
impl Generate {
    pub(crate) fn run(self) -> Result<ExitCode> {
        Ok(ExitCode::SUCCESS)
    }
}

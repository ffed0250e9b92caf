//! stub
use crate::workspace::Workspace;
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}
pub(crate) fn run(_: &Workspace, _: &Arguments) -> anyhow::Result<u8> {
    Ok(0)
}

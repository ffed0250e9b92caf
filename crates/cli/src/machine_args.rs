use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Machine {
    /// auto, cpu, cuda or cuda:INDEX
    #[arg(long, default_value = "auto")]
    pub(crate) device: String,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<std::num::NonZeroUsize>,
    /// Keep trained networks here: what is there is not trained again, what was interrupted is
    /// trained further
    #[arg(long, value_name = "DIR")]
    pub(crate) models: Option<PathBuf>,
}

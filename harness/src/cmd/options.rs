//! Options that several subcommands have.

use std::path::PathBuf;

/// Where data sets are.
#[derive(Clone, Debug, clap::Args)]
pub struct DataRootArg {
    /// Folder that holds the data sets, one folder each (docs/datasets.md)
    #[arg(long, env = "ATROUS_DATA", default_value = "datasets", value_name = "DIR")]
    pub data_root: PathBuf,
}

/// What to compute on.
#[derive(Clone, Debug, clap::Args)]
pub struct DeviceArg {
    /// auto, flex, wgpu[:INDEX], vulkan[:INDEX|:cpu]; `atrous devices` lists them
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    pub device: String,
}

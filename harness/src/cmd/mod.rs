//! One file per subcommand: its arguments, and what it does with the library.

pub mod devices;
pub mod eval;
pub mod inspect;
mod options;
mod output;
pub mod predict;
pub mod prepare;
pub mod sweep;
pub mod table;
pub mod train;

use std::path::{Path, PathBuf};

/// Where a spec's runs go when nobody says otherwise: `runs/<name of the spec>`.
fn default_out(spec_name: &str) -> PathBuf {
    Path::new("runs").join(spec_name)
}

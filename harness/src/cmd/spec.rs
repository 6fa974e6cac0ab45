//! `atrous spec`: what a spec resolves to, and what specs may hold.

use super::output::print;
use crate::experiment::spec::{Overrides, Spec, json_schema, keys};
use crate::support::count::count;
use crate::support::exit::Exit;
use anyhow::Result;
use std::path::PathBuf;

/// Print what a spec resolves to: every key of every experiment, defaults and changes included
///
/// What is printed is a spec itself, and means the same. Nothing is read but the spec and the
/// weights that it names.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// An embedded spec (`atrous sweep --list`) or a TOML file
    #[arg(required_unless_present_any = ["schema", "keys"], conflicts_with_all = ["schema", "keys"])]
    spec: Option<PathBuf>,

    /// Print the JSON schema of specs instead, for editors
    #[arg(long, conflicts_with = "keys")]
    schema: bool,

    /// Print the table of all keys instead, in Markdown
    #[arg(long)]
    keys: bool,

    /// Change a key of every experiment (train.iterations=100) or of one
    /// (stare.train.iterations=100)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Number of seeds (3 is 0, 1, 2) or a list (0,5,7) instead of the spec's
    #[arg(long, value_name = "SEEDS", allow_hyphen_values = true)]
    seeds: Option<String>,

    /// Only this experiment; may be repeated
    #[arg(long, value_name = "EXPERIMENT")]
    only: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  atrous spec quick
      what the embedded spec says, and what it leaves to the protocol of each data set
  atrous spec my-retina.toml --set train.iterations=500 > short.toml
      a spec with nothing left open
  atrous spec --schema > spec.schema.json
      in an editor with Even Better TOML, a first line \"#:schema ./spec.schema.json\" completes and checks keys";

/// Runs the subcommand.
///
/// # Errors
/// One line that names the file, line and key.
pub fn run(args: Args) -> Result<Exit> {
    if args.schema {
        print(json_schema())?;
        return Ok(Exit::Done);
    }
    // clap has seen to it that there is one.
    let Some(path) = args.spec.filter(|_| !args.keys) else {
        print(keys::markdown())?;
        return Ok(Exit::Done);
    };
    let overrides = Overrides { set: args.set, seeds: args.seeds, only: args.only };
    let spec = Spec::load(&path.to_string_lossy(), &overrides)?;
    let runs = count(spec.plan().len(), "run");
    print(format!("# {} resolves to {runs}\n\n{}", spec.name, spec.to_toml()))?;
    Ok(Exit::Done)
}

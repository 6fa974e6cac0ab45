//! `atrous rates`: which rates an image size calls for.

use super::output::{note_left_out, print};
use crate::conclusions::guideline::{self, Evidence, Examination};
use crate::experiment::settings::ModelKind;
use crate::experiment::spec::check_rates;
use crate::results::result::write_json;
use crate::support::exit::Exit;
use anyhow::{Result, anyhow};
use std::path::PathBuf;
use std::str::FromStr;

/// Say which rates an ASPP should have for images of a size, and what its taps see
///
/// For each rate: the field of view in pixels, the share of positions from which each tap of the
/// 3x3 kernel sees the map and not its padding, the share of multiplications that read nothing but
/// padding, and the rate relative to the map. Then the recommended rates and what they rest on: by
/// geometry alone, or, with --evidence, fitted to measured sweeps.
///
/// The size is that of the network's input: the training crop, or the window of sliding inference.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES, group = clap::ArgGroup::new("stride").required(true))]
pub struct Args {
    /// Height and width of the network's input
    #[arg(long, value_name = "HxW")]
    size: Size,

    /// Input side over the side of the map that the ASPP sees: 8 or 16 for DeepLabV3, 1 for the
    /// U-Net
    #[arg(long, value_name = "STRIDE", group = "stride", value_parser = clap::value_parser!(u16).range(1..=1024))]
    output_stride: Option<u16>,

    /// Take the output stride of this network: unet-s5-d16, deeplabv3-r50-d8 ...
    #[arg(long, value_name = "KIND", group = "stride", value_parser = model_kind)]
    model: Option<ModelKind>,

    /// Examine these rates [default: the recommended ones]
    #[arg(long, value_name = "R,R,...", value_delimiter = ',')]
    rates: Vec<usize>,

    /// 3x3 branches to recommend rates for, beside the 1x1 branch
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    branches: u8,

    /// Folders with the results.csv of sweeps; the recommendation rests on their scores, if they
    /// determine one
    #[arg(long, value_name = "DIR", num_args = 1..)]
    evidence: Vec<PathBuf>,

    /// Write all numbers to this JSON file as well
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  atrous rates --size 512x1024 --output-stride 8
      Cityscapes crops in DeepLabV3: what each tap sees, and rates by the geometric rule
  atrous rates --size 512x1024 --output-stride 8 --rates 1,6,12,18,24,36
      the same of other rates
  atrous rates --size 128x128 --model unet-s5-d16 --evidence runs/retina-small
      rates from the scores of a sweep, with the interval that they leave";

/// Height and width, written `512x1024` or `512,1024`.
#[derive(Clone, Copy, Debug)]
struct Size([usize; 2]);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sides = text.split_once(['x', ',']).and_then(|(h, w)| Some([h.parse().ok()?, w.parse().ok()?]));
        let possible = sides.filter(|sides| sides.iter().all(|side| (1..=65_536).contains(side)));
        possible.map(Size).ok_or_else(|| "expected height x width from 1 to 65536, such as 512x1024".into())
    }
}

fn model_kind(text: &str) -> Result<ModelKind, String> {
    let known = ModelKind::ALL.map(ModelKind::name).join(", ");
    let found = ModelKind::ALL.into_iter().find(|kind| kind.name() == text);
    found.ok_or_else(|| format!("unknown network; known are {known}"))
}

/// Runs the subcommand.
///
/// # Errors
/// One line that names the option or file.
pub fn run(args: Args) -> Result<Exit> {
    if !args.rates.is_empty() {
        check_rates(&args.rates).map_err(|message| anyhow!("--rates: {message}"))?;
    }
    let stride = args.model.map_or_else(|| usize::from(args.output_stride.unwrap_or(1)), ModelKind::output_stride);
    let evidence = if args.evidence.is_empty() { None } else { Some(Evidence::read(&args.evidence)?) };
    if let Some(evidence) = &evidence {
        note_left_out(&evidence.left_out);
    }
    let branches = usize::from(args.branches);
    let examination = Examination::new(args.size.0, stride, &args.rates, branches, evidence.as_ref());
    if let Some(path) = &args.json {
        write_json(path, &examination)?;
    }
    print(guideline::text(&examination))?;
    Ok(Exit::Done)
}

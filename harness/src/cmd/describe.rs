//! `atrous describe`: a first description of a folder of images and masks.

use super::check_new_file;
use super::output::print;
use crate::run::options::ImageSizeOptions;
use crate::support::atomic_file;
use crate::support::exit::Exit;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use anyhow::{Context, Result};
use atrous_data::DatasetKind;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Look at a folder of images and masks, and write a first description of it
///
/// Images and masks are paired by their names, splits are told by the names of folders, and every
/// mask is read: its values or colours become classes. What nobody can see in files (the names of
/// the classes, which value is to be ignored, which images show one patient) is said, here and in
/// the file, and is to be completed by hand.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// The folder that holds the images and their masks
    folder: PathBuf,

    #[arg(
        help = "The file to write; must not exist [default: the folder's name, here]",
        long,
        value_name = "FILE.toml"
    )]
    out: Option<PathBuf>,

    #[command(flatten)]
    images: ImageSizeOptions,
}

const EXAMPLES: &str = "\
Examples:
  atrous describe ~/data/CamVid --out my-streets.toml
      what is there, and what is not known; then: atrous inspect my-streets.toml";

/// Runs the subcommand.
///
/// # Errors
/// A folder without pairs of images and masks, a mask that cannot be read, and a file that exists;
/// names it.
pub fn run(args: Args) -> Result<Exit> {
    let folder = std::path::absolute(&args.folder).with_context(|| format!("cannot find {}", args.folder.display()))?;
    let stem = args.out.as_deref().and_then(Path::file_stem).or(folder.file_name());
    let name = name_of(&stem.unwrap_or_default().to_string_lossy());
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.toml")));
    check_new_file(&out)?;
    let place = relative(&folder, &out)?;
    // Reading ends by it.
    let _stop = StopFlag::install()?;
    let progress = Progress::new();
    let bar = progress.bar(0, format!("reading the masks in {}", args.folder.display()));
    let draft = atrous_data::describe_folder(&args.folder, &name, &place, args.images.limit(), &|done, all| {
        bar.set_length(all);
        bar.set(done);
    })?;
    bar.finish();
    atomic_file::write(&out, draft.text.as_bytes())?;
    let mut text = format!("{}\n\nfound:\n", args.folder.display());
    draft.found.iter().try_for_each(|line| writeln!(text, "  {line}"))?;
    writeln!(text, "not known, and to be completed in {}:", out.display())?;
    draft.unknown.iter().try_for_each(|line| writeln!(text, "  {line}"))?;
    print(format!("{text}\nNext: atrous inspect {}\n", out.display()))?;
    Ok(Exit::Done)
}

/// The name of a data set after a folder's or a file's.
fn name_of(text: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c.to_ascii_lowercase() } else { '_' };
    let name: String = text.chars().take(50).map(letter).collect();
    let taken = name.is_empty() || DatasetKind::all().any(|kind| kind.name() == name);
    if taken { format!("my-{}", if name.is_empty() { "set" } else { &name }) } else { name }
}

/// The path of a folder from that of a file: relative where it is below it.
fn relative(folder: &Path, file: &Path) -> Result<String> {
    let file = std::path::absolute(file).with_context(|| format!("cannot find {}", file.display()))?;
    let below = file.parent().and_then(|place| folder.strip_prefix(place).ok());
    let path = below.filter(|path| !path.as_os_str().is_empty()).map(Path::to_owned);
    let path = path.unwrap_or_else(|| if below.is_some() { PathBuf::from(".") } else { folder.to_owned() });
    Ok(path.to_string_lossy().replace('\\', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_places_follow_from_paths() {
        assert_eq!(name_of("CamVid"), "my-camvid");
        assert_eq!(name_of("My Streets.2"), "my_streets_2");
        let place = |folder: &str, file: &str| relative(Path::new(folder), Path::new(file)).unwrap();
        assert_eq!(place("/data/a/b", "/data/x.toml"), "a/b");
        assert_eq!(place("/data", "/data/x.toml"), ".");
        assert_eq!(place("/data", "/else/x.toml"), "/data");
    }
}

//! The experiments of a spec as they are written, each value with its place in the text.

use super::error::SpecError;
use super::locate;
use super::overlay::overlay;
use crate::experiment::settings::Impossible;
use atrous_data::DatasetKind;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The shape of a spec: tables, of which each experiment's is read by itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    #[serde(default)]
    defaults: BTreeMap<String, IgnoredAny>,
    experiment: Vec<BTreeMap<String, IgnoredAny>>,
}

/// The experiments' tables, each over the spec's `[defaults]`.
///
/// # Errors
/// Names the line of text that is not TOML, or no spec, and a description of a data set that cannot
/// be used.
pub(super) fn experiments<'t>(file: &str, text: &'t str) -> Result<Vec<Spanned<DeTable<'t>>>, SpecError> {
    let shape: Shape = toml::from_str(text).map_err(|error| locate::toml_error(file, text, &error))?;
    let mut spec = DeTable::parse(text).map_err(|error| locate::toml_error(file, text, &error))?.into_inner();
    if shape.experiment.is_empty() {
        return Err(locate::key_error(file, text, &spec, "experiment", "the spec has no [[experiment]]"));
    }
    if shape.defaults.contains_key("name") {
        let message = "names cannot be shared: they tell the experiments apart";
        return Err(locate::key_error(file, text, &spec, "defaults.name", message));
    }
    let defaults = spec.remove("defaults").map_or_else(DeTable::new, |defaults| table(defaults).into_inner());
    let Some(DeValue::Array(experiments)) = spec.remove("experiment").map(Spanned::into_inner) else {
        return Ok(Vec::new());
    };
    let over_defaults = |experiment: Spanned<DeValue<'t>>| {
        let experiment = table(experiment);
        Spanned::new(experiment.span(), overlay(defaults.clone(), experiment.into_inner()))
    };
    let mut tables: Vec<_> = experiments.into_iter().map(over_defaults).collect();
    tables.iter_mut().try_for_each(|table| read_description(file, text, table))?;
    Ok(tables)
}

/// Reads the data set that an experiment names by a file, whose path is relative to the spec's.
fn read_description(file: &str, text: &str, table: &mut Spanned<DeTable>) -> Result<(), SpecError> {
    let Some(name) = table.get_ref().get("dataset").and_then(|name| name.get_ref().as_str()) else { return Ok(()) };
    if !DatasetKind::is_description(name) {
        return Ok(());
    }
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    let path = folder.join(name).to_string_lossy().into_owned();
    DatasetKind::described(&path).map_err(|error| {
        let (key, message) = ("dataset".into(), error.to_string());
        locate::error(file, text, table, Impossible { key, message })
    })?;
    if let Some(name) = table.get_mut().get_mut("dataset") {
        *name.get_mut() = DeValue::String(path.into());
    }
    Ok(())
}

/// The value's table; that of a value of another kind, which [`Shape`] does not let pass, is empty.
fn table(value: Spanned<DeValue>) -> Spanned<DeTable> {
    let place = value.span();
    match value.into_inner() {
        DeValue::Table(table) => Spanned::new(place, table),
        _ => Spanned::new(place, DeTable::new()),
    }
}

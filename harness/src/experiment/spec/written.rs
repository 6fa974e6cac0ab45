//! The experiments of a spec as they are written, each value with its place in the text.

use super::error::SpecError;
use super::locate;
use super::overlay::overlay;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
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
/// Names the line of text that is not TOML, or no spec.
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
    Ok(experiments.into_iter().map(over_defaults).collect())
}

/// The value's table; that of a value of another kind, which [`Shape`] does not let pass, is empty.
fn table(value: Spanned<DeValue>) -> Spanned<DeTable> {
    let place = value.span();
    match value.into_inner() {
        DeValue::Table(table) => Spanned::new(place, table),
        _ => Spanned::new(place, DeTable::new()),
    }
}

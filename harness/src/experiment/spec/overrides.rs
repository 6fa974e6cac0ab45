//! Changes to a spec from the command line: `--set`, `--seeds`, `--only`.

use super::Experiment;
use super::error::SpecError;
use super::wire::{self, EXPERIMENT_KEYS, SpecWire};
use serde::Deserialize;
use toml::{Table, Value};

/// What the command line says about a spec.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `train.iterations=10` for all experiments, `stare.train.iterations=10` for one.
    pub set: Vec<String>,
    /// `3` for the seeds 0, 1, 2, or a list: `0,5,7`; `5,` is the seed 5 alone.
    pub seeds: Option<String>,
    /// Names of the experiments to keep; all when empty.
    pub only: Vec<String>,
}

/// One change.
#[derive(Clone, Debug)]
pub(super) struct Override {
    /// As it was typed, for errors.
    pub text: String,
    path: Vec<String>,
    value: Value,
}

impl Overrides {
    /// The changes to keys.
    pub(super) fn changes(&self) -> Result<Vec<Override>, SpecError> {
        let mut changes = Vec::new();
        for set in &self.set {
            changes.push(Override::parse(set)?);
        }
        if let Some(seeds) = &self.seeds {
            let text = format!("--seeds {seeds}");
            let value = Value::Array(
                parse_seeds(seeds).map_err(|message| SpecError::Override { text: text.clone(), message })?,
            );
            changes.push(Override { text, path: vec!["seeds".into()], value });
        }
        Ok(changes)
    }

    /// The experiments that `only` names.
    pub(super) fn select(&self, all: Vec<Experiment>, file: &str) -> Result<Vec<Experiment>, SpecError> {
        if let Some(name) = self.only.iter().find(|name| all.iter().all(|e| e.name != **name)) {
            let known = all.iter().map(|e| e.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(SpecError::Only { name: name.clone(), file: file.into(), known });
        }
        let keep = |e: &Experiment| self.only.is_empty() || self.only.contains(&e.name);
        Ok(all.into_iter().filter(keep).collect())
    }
}

impl Override {
    fn parse(set: &str) -> Result<Override, SpecError> {
        let text = format!("--set {set}");
        let wrong = |message: &str| SpecError::Override { text: text.clone(), message: message.into() };
        let (key, value) =
            set.split_once('=').ok_or_else(|| wrong("expected key=value, such as train.iterations=100"))?;
        let path: Vec<String> = key.trim().split('.').map(|step| step.trim().to_owned()).collect();
        if path.iter().any(String::is_empty) {
            return Err(wrong("expected key=value, such as train.iterations=100"));
        }
        if path == ["name"] {
            return Err(wrong("names cannot be changed: they tell the experiments apart"));
        }
        let value = parse_value(value.trim()).map_err(|message| wrong(&message))?;
        Ok(Override { text, path, value })
    }

    /// Whether a key's value may be due to this change.
    pub(super) fn touches(&self, key: &str) -> bool {
        let first = |steps: &str| steps.split(['.', '[']).next().unwrap_or_default().to_owned();
        self.path.iter().take(2).any(|step| *step == first(key))
    }

    fn apply(&self, spec: &mut Table) -> Result<(), SpecError> {
        let wrong = |message: String| SpecError::Override { text: self.text.clone(), message };
        let Some(Value::Array(experiments)) = spec.get_mut("experiment") else {
            return Err(wrong("the spec has no experiments".into()));
        };
        let everywhere = EXPERIMENT_KEYS.contains(&self.path[0].as_str());
        let path = if everywhere { &self.path[..] } else { &self.path[1..] };
        let mut names = Vec::new();
        let mut changed = false;
        for experiment in experiments.iter_mut().filter_map(Value::as_table_mut) {
            let name = experiment.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            if (everywhere || name == self.path[0]) && !path.is_empty() {
                insert(experiment, path, &self.value).map_err(wrong)?;
                changed = true;
            }
            names.push(name);
        }
        if changed {
            return Ok(());
        }
        Err(wrong(format!(
            "{} is neither a key ({}) nor an experiment with a key behind it ({})",
            self.path[0],
            EXPERIMENT_KEYS.join(", "),
            names.join(", ")
        )))
    }
}

/// Applies the changes in order; an unknown key or a value of the wrong kind names the change that brought it.
pub(super) fn apply(mut spec: Table, changes: &[Override]) -> Result<SpecWire, SpecError> {
    let mut read = SpecWire { experiment: Vec::new() };
    for change in changes {
        change.apply(&mut spec)?;
        read = SpecWire::deserialize(Value::Table(spec.clone())).map_err(|error| SpecError::Override {
            text: change.text.clone(),
            message: wire::plain(error.message()),
        })?;
    }
    Ok(read)
}

/// Sets `path` in a table; tables on the way are created where they are missing.
fn insert(table: &mut Table, path: &[String], value: &Value) -> Result<(), String> {
    let [key, rest @ ..] = path else { return Ok(()) };
    if rest.is_empty() {
        table.insert(key.clone(), value.clone());
        return Ok(());
    }
    match table.entry(key.clone()).or_insert_with(|| Value::Table(Table::new())) {
        Value::Table(inner) => insert(inner, rest, value),
        _ => Err(format!("{key} has no keys of its own")),
    }
}

/// A TOML value; a bare word is a string.
fn parse_value(text: &str) -> Result<Value, String> {
    if !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !["true", "false", "inf", "nan"].contains(&text)
    {
        return Ok(Value::String(text.into()));
    }
    let mut table: Table =
        toml::from_str(&format!("value = {text}")).map_err(|_| format!("`{text}` is not a TOML value"))?;
    match (table.remove("value"), table.is_empty()) {
        (Some(value), true) => Ok(value),
        _ => Err(format!("`{text}` is not a TOML value")),
    }
}

fn parse_seeds(text: &str) -> Result<Vec<Value>, String> {
    let wrong = || "expected a number of seeds, such as 3, or a list, such as 0,5,7".to_owned();
    let number = |part: &str| part.trim().parse::<i64>().ok().filter(|&n| n >= 0).ok_or_else(wrong);
    if let Some(list) = text.strip_suffix(',').or(text.contains(',').then_some(text)) {
        return list.split(',').map(|part| number(part).map(Value::Integer)).collect();
    }
    let count = number(text)?;
    if !(1..=1000).contains(&count) {
        return Err("the number of seeds must be in 1..=1000".into());
    }
    Ok((0..count).map(Value::Integer).collect())
}

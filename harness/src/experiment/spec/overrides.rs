//! Changes to a spec from the command line: `--set`, `--seeds`, `--only`.

use super::defaults;
use super::error::{SpecError, plain};
use super::experiment::Experiment;
use crate::experiment::settings::Impossible;
use atrous_data::{DatasetKind, did_you_mean};
use std::borrow::Cow;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The key that the text of an override's value is read with.
const VALUE: &str = "value";

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

/// One change of a key.
#[derive(Clone, Debug)]
pub(super) struct Override {
    /// The option as it was typed, for errors.
    text: String,
    path: Vec<String>,
    /// A line of TOML that gives [`VALUE`] its value.
    assignment: String,
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
            let list = parse_seeds(seeds).map_err(|message| SpecError::Override { text: text.clone(), message })?;
            changes.push(Override { text, path: vec!["seeds".into()], assignment: format!("{VALUE} = {list:?}") });
        }
        Ok(changes)
    }

    /// The experiments that `only` names.
    pub(super) fn select(&self, all: Vec<Experiment>, file: &str) -> Result<Vec<Experiment>, SpecError> {
        if let Some(name) = self.only.iter().find(|name| all.iter().all(|e| e.name != **name)) {
            let known = all.iter().map(|e| e.name.as_str()).collect::<Vec<_>>().join(", ");
            let meant = did_you_mean(name, all.iter().map(|e| e.name.as_str()));
            return Err(SpecError::Only { name: name.clone(), file: file.into(), meant, known });
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
        let value = value.trim();
        if path.last().is_some_and(|key| key == "dataset") && DatasetKind::is_description(value) {
            DatasetKind::described(value).map_err(|error| wrong(&error.to_string()))?;
            let assignment = format!("{VALUE} = {}", toml::Value::from(value));
            return Ok(Override { text, path, assignment });
        }
        let assignment = assignment(value).map_err(|message| wrong(&message))?;
        Ok(Override { text, path, assignment })
    }

    /// Whether a key's value may be due to this change.
    pub(super) fn touches(&self, key: &str) -> bool {
        let first = |steps: &str| steps.split(['.', '[']).next().unwrap_or_default().to_owned();
        self.path.iter().take(2).any(|step| *step == first(key))
    }

    /// The value, where the assignment was read.
    fn value(&self) -> Option<DeValue<'_>> {
        let mut table = DeTable::parse(&self.assignment).ok()?.into_inner();
        let value = table.remove(VALUE)?.into_inner();
        table.is_empty().then_some(value)
    }

    fn apply<'t>(&'t self, experiments: &mut [Spanned<DeTable<'t>>]) -> Result<(), SpecError> {
        let wrong = |message: String| SpecError::Override { text: self.text.clone(), message };
        let everywhere = Experiment::KEYS.contains(&self.path[0].as_str());
        let path = if everywhere { &self.path[..] } else { &self.path[1..] };
        let mut names = Vec::new();
        let mut changed = false;
        for experiment in experiments.iter_mut().map(Spanned::get_mut) {
            let name = experiment.get("name").and_then(|name| name.get_ref().as_str()).unwrap_or_default().to_owned();
            let meant = !path.is_empty() && (everywhere || name == self.path[0]);
            if let Some(value) = self.value().filter(|_| meant) {
                insert(experiment, path, value).map_err(wrong)?;
                changed = true;
            }
            names.push(name);
        }
        if changed {
            return Ok(());
        }
        let meant = did_you_mean(&self.path[0], Experiment::KEYS.into_iter().chain(names.iter().map(String::as_str)));
        Err(wrong(format!(
            "{} is neither a key ({}) nor an experiment with a key behind it ({}){meant}",
            self.path[0],
            Experiment::KEYS.join(", "),
            names.join(", ")
        )))
    }
}

/// Applies the changes in order. An unknown key or a value of the wrong kind names the change that
/// brought it.
pub(super) fn apply<'t>(
    mut tables: Vec<Spanned<DeTable<'t>>>,
    changes: &'t [Override],
) -> Result<Vec<Experiment>, SpecError> {
    let mut experiments = Vec::new();
    for change in changes {
        change.apply(&mut tables)?;
        let completed = tables.iter().map(defaults::complete).collect::<Result<Vec<_>, _>>();
        experiments = completed
            .map_err(|error| SpecError::Override { text: change.text.clone(), message: plain(error.message()) })?;
    }
    Ok(experiments)
}

/// The error of a value that became impossible through changes: names those that touch the key,
/// else all.
pub(super) fn error(changes: &[Override], impossible: &Impossible) -> SpecError {
    let touching: Vec<&str> = changes.iter().filter(|c| c.touches(&impossible.key)).map(|c| c.text.as_str()).collect();
    let all = changes.iter().map(|c| c.text.as_str()).collect();
    let named: Vec<&str> = if touching.is_empty() { all } else { touching };
    let message = format!("{}: {}", impossible.key, impossible.message);
    SpecError::Override { text: named.join(" "), message }
}

/// Sets `path` in a table; tables on the way are created where they are missing.
fn insert<'t>(table: &mut DeTable<'t>, path: &[String], value: DeValue<'t>) -> Result<(), String> {
    let [key, rest @ ..] = path else { return Ok(()) };
    let unplaced = |value| Spanned::new(0..0, value);
    let name = || Spanned::new(0..0, Cow::Owned(key.clone()));
    if rest.is_empty() {
        table.insert(name(), unplaced(value));
        return Ok(());
    }
    match table.entry(name()).or_insert_with(|| unplaced(DeValue::Table(DeTable::new()))).get_mut() {
        DeValue::Table(inner) => insert(inner, rest, value),
        _ => Err(format!("{key} has no keys of its own")),
    }
}

/// A line of TOML that gives [`VALUE`] this value; a bare word is a string.
fn assignment(text: &str) -> Result<String, String> {
    if !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !["true", "false", "inf", "nan"].contains(&text)
    {
        return Ok(format!("{VALUE} = \"{text}\""));
    }
    let line = format!("{VALUE} = {text}");
    match line.parse::<toml::Table>() {
        Ok(table) if table.len() == 1 => Ok(line),
        _ => Err(format!("`{text}` is not a TOML value")),
    }
}

fn parse_seeds(text: &str) -> Result<Vec<i64>, String> {
    let wrong = || "expected a number of seeds, such as 3, or a list, such as 0,5,7".to_owned();
    let number = |part: &str| part.trim().parse::<i64>().ok().filter(|&n| n >= 0).ok_or_else(wrong);
    if let Some(list) = text.strip_suffix(',').or(text.contains(',').then_some(text)) {
        return list.split(',').map(number).collect();
    }
    let count = number(text)?;
    if !(1..=1000).contains(&count) {
        return Err("the number of seeds must be in 1..=1000".into());
    }
    Ok((0..count).collect())
}

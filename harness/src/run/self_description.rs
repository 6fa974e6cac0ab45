//! What weights of other programs, or those that `atrous export` has written, say of themselves.

use crate::experiment::settings::ModelKind;
use anyhow::{Context, Result, ensure};
use atrous_data::DatasetKind;
use atrous_models::{NetworkDescription, State};
use std::collections::BTreeSet;
use std::fmt::Debug;

/// What a file of weights says of its network; what is `None` it leaves open.
#[derive(Debug, Default)]
pub struct SelfDescription {
    pub dataset: Option<DatasetKind>,
    pub rates: Option<Vec<usize>>,
    pub output_stride: Option<usize>,
    pub align_corners: Option<bool>,
    /// Names of its classes.
    pub classes: Option<Vec<String>>,
    /// Whether it says that it has no auxiliary head.
    pub without_auxiliary: bool,
}

impl SelfDescription {
    /// Reads it from what travels with the tensors: the metadata of `atrous export`, or the
    /// configuration in a checkpoint of mmsegmentation.
    ///
    /// # Errors
    /// A network that this program does not have; names the key.
    pub fn of(state: &State) -> Result<Self> {
        let text = |key: &str| state.metadata.get(key).map(String::as_str);
        if let Some(model) = text("model") {
            let kind = ModelKind::ALL.into_iter().find(|kind| kind.name() == model);
            let kind = kind.with_context(|| format!("its metadata name an unknown model, {model}"))?;
            let rates = |text: &str| text.split('-').map(|rate| rate.parse().ok()).collect::<Option<Vec<usize>>>();
            return Ok(SelfDescription {
                dataset: text("dataset").and_then(|name| name.parse().ok()),
                rates: text("rates").and_then(rates),
                output_stride: (kind.output_stride() > 1).then_some(kind.output_stride()),
                align_corners: Some(text("align_corners") == Some("true")),
                ..SelfDescription::default()
            });
        }
        let classes = NetworkDescription::class_names(state);
        let Some(network) = NetworkDescription::of(state)? else {
            let dataset = classes.as_deref().and_then(of_classes);
            return Ok(SelfDescription { dataset, classes, ..SelfDescription::default() });
        };
        let named = network.dataset_type.as_deref().and_then(of_type);
        Ok(SelfDescription {
            dataset: named.or_else(|| classes.as_deref().and_then(of_classes)),
            rates: Some(network.rates),
            output_stride: network.output_stride,
            align_corners: Some(network.align_corners),
            classes,
            without_auxiliary: !network.auxiliary,
        })
    }

    /// Gives what the file says, or an option does.
    ///
    /// # Errors
    /// Where they contradict each other; names both.
    pub fn agree<T: PartialEq + Debug>(option: &str, said: Option<T>, given: Option<T>) -> Result<Option<T>> {
        if let (Some(said), Some(given)) = (&said, &given) {
            ensure!(said == given, "it says {said:?}, --{option} says {given:?}");
        }
        Ok(said.or(given))
    }

    /// Checks that the network has the classes of a data set, as far as their number and their
    /// names tell. Other names are no error: the same thing has many.
    ///
    /// # Errors
    /// Another number of classes, or the same names in another order.
    pub fn check_classes(&self, dataset: DatasetKind, classes: usize) -> Result<()> {
        let names = dataset.class_names();
        let own = self.classes.as_deref().unwrap_or_default();
        let listed = if own.is_empty() { String::new() } else { format!(" ({})", own.join(", ")) };
        let wanted = names.len();
        ensure!(wanted == classes, "--dataset {dataset} has {wanted} classes, the network has {classes}{listed}");
        let own: Vec<String> = own.iter().map(|name| plain(name)).collect();
        let names: Vec<String> = names.iter().map(|name| plain(name)).collect();
        let same_names = own.iter().collect::<BTreeSet<_>>() == names.iter().collect();
        ensure!(
            !same_names || own == names,
            "its classes are{listed}, and those of --dataset {dataset} are in another order: {}",
            dataset.class_names().join(", ")
        );
        Ok(())
    }
}

/// A class's name without what publishers differ in.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The data set of a class of mmsegmentation, such as `ChaseDB1Dataset`.
fn of_type(name: &str) -> Option<DatasetKind> {
    let name = plain(name.strip_suffix("Dataset").unwrap_or(name));
    DatasetKind::all().find(|kind| plain(kind.name()) == name)
}

/// The only data set whose classes have these names.
fn of_classes(names: &[String]) -> Option<DatasetKind> {
    let names: Vec<String> = names.iter().map(|name| plain(name)).collect();
    let same = |kind: &DatasetKind| kind.class_names().iter().map(|name| plain(name)).eq(names.iter().cloned());
    let mut kinds = DatasetKind::all().filter(same);
    kinds.next().filter(|_| kinds.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(metadata: &[(&str, String)]) -> State {
        let metadata = metadata.iter().map(|(key, text)| ((*key).to_owned(), text.clone())).collect();
        State { metadata, ..State::default() }
    }

    #[test]
    fn data_sets_are_known_by_their_name_in_the_reference_or_by_their_classes() {
        let named = ["STAREDataset", "ChaseDB1Dataset", "HRFDataset", "CityscapesDataset", "iSAIDDataset"];
        let named: Vec<_> = named.into_iter().map(of_type).collect();
        let all =
            [DatasetKind::STARE, DatasetKind::CHASE_DB1, DatasetKind::HRF, DatasetKind::CITYSCAPES, DatasetKind::ISAID];
        assert_eq!(named, all.map(Some));
        assert_eq!(of_type("ADE20KDataset"), None);
        let quoted: Vec<String> = DatasetKind::ISAID.class_names().iter().map(|name| format!("'{name}'")).collect();
        let isaid = state(&[("classes", format!("[{}]", quoted.join(", ")))]);
        assert_eq!(SelfDescription::of(&isaid).unwrap().dataset, Some(DatasetKind::ISAID));
        // Several sets have these.
        let retina = state(&[("classes", "('background', 'vessel')".into())]);
        assert_eq!(SelfDescription::of(&retina).unwrap().dataset, None);
    }

    #[test]
    fn classes_in_another_order_are_no_others() {
        let check = |classes: &str| {
            let described = SelfDescription::of(&state(&[("classes", classes.to_owned())])).unwrap();
            described.check_classes(DatasetKind::STARE, 2).map_err(|error| error.to_string())
        };
        assert!(check("['Background', 'vessel']").is_ok() && check("['a', 'b']").is_ok());
        let error = check("['vessel', 'background']").unwrap_err();
        assert!(error.starts_with("its classes are (vessel, background), and those of --dataset stare"), "{error}");
        let described = SelfDescription::of(&state(&[("classes", "['a', 'b']".into())])).unwrap();
        let error = described.check_classes(DatasetKind::ISAID, 2).unwrap_err().to_string();
        assert_eq!(error, "--dataset isaid has 16 classes, the network has 2 (a, b)");
    }
}

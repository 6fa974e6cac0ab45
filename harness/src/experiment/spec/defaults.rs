//! What an experiment takes where its spec says nothing else: the protocol of its data set, and the
//! published widths of its network.

use super::experiment::Experiment;
use super::overlay::overlay;
use super::protocol;
use crate::experiment::settings::{DataSource, InferSpec, ModelKind, ModelSpec, TrainSpec};
use atrous_data::DatasetKind;
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error, ValueDeserializer};

/// The keys that the defaults of the others depend on. What cannot be read is as good as not
/// written: reading the experiment itself tells what is wrong with it.
struct Asked {
    dataset: DatasetKind,
    model: AskedModel,
    data: DataSource,
}

#[derive(Default, Deserialize)]
struct AskedModel {
    kind: Option<ModelKind>,
    base_channels: Option<usize>,
}

/// The keys that an experiment need not write.
#[derive(Serialize)]
struct Defaults {
    crop: [usize; 2],
    resize: [usize; 2],
    model: ModelSpec,
    train: TrainSpec,
    infer: InferSpec,
}

impl Asked {
    fn of(written: &DeTable) -> Self {
        fn read<'t, T: Deserialize<'t>>(written: &DeTable<'t>, key: &str) -> Option<T> {
            T::deserialize(ValueDeserializer::from(written.get(key)?.clone())).ok()
        }
        Asked {
            dataset: read(written, "dataset").unwrap_or(DatasetKind::STARE),
            model: read(written, "model").unwrap_or_default(),
            data: read(written, "data").unwrap_or_default(),
        }
    }

    fn defaults(self) -> Defaults {
        let protocol = protocol::of(self.dataset);
        let resize = match &self.data {
            DataSource::Files => self.dataset.resize_reference(),
            // Drawn images are not blown up to the size of the real ones.
            DataSource::Synthetic(synthetic) => synthetic.size,
        };
        let (crop, train, model) = (protocol.crop, protocol.train(), self.model.published());
        Defaults { crop, resize, model, train, infer: protocol.infer }
    }
}

impl AskedModel {
    /// The published network, its auxiliary head as wide as the rest.
    fn published(&self) -> ModelSpec {
        /// More channels are refused by the checks.
        const MOST_CHANNELS: usize = 4096;
        let published = ModelSpec::published(self.kind.unwrap_or(ModelKind::UnetS5D16));
        let base_channels = self.base_channels.unwrap_or(published.base_channels).min(MOST_CHANNELS);
        let auxiliary_channels = published.auxiliary_channels / published.base_channels * base_channels;
        ModelSpec { base_channels, auxiliary_channels, ..published }
    }
}

/// The experiment that a table describes, with the defaults under it.
pub(super) fn complete(written: &Spanned<DeTable>) -> Result<Experiment, Error> {
    let defaults = toml::to_string(&Asked::of(written.get_ref()).defaults()).map_err(Error::custom)?;
    let table = overlay(DeTable::parse(&defaults)?.into_inner(), written.get_ref().clone());
    let table = Spanned::new(written.span(), DeValue::Table(table));
    let mut experiment = Experiment::deserialize(ValueDeserializer::from(table))?;
    experiment.add_dead_list();
    Ok(experiment)
}

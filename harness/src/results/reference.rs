//! Published values (`results/paper.csv`), and when a result may be held against one.

use crate::experiment::settings::{DataSource, ModelSpec, Part, RunSettings};
use crate::experiment::spec::protocol;
use crate::results::scores::Metric;
use atrous_data::DatasetKind;
use serde::Deserialize;

/// A published value: the best setting of its data set.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Reference {
    pub dataset: DatasetKind,
    /// The network that was published, such as `unet-s5-d16` or `deeplabv3-r101-d8`.
    pub model: String,
    /// What the publication calls the metric.
    pub metric_published: String,
    /// The metric of ours that it is held against.
    pub held_against: Metric,
    /// The value as it is printed: a fraction, or percent.
    pub value_published: String,
    pub value_fraction: f64,
    pub source: String,
}

/// The values of `results/paper.csv`.
pub fn published() -> Vec<Reference> {
    let text = include_str!("../../../results/paper.csv");
    let rows = csv::Reader::from_reader(text.as_bytes()).into_deserialize();
    rows.collect::<Result<_, _>>().expect("results/paper.csv is valid: a test reads it")
}

/// The published value for a data set; `None` for control images.
pub fn of(dataset: DatasetKind) -> Option<Reference> {
    published().into_iter().find(|reference| reference.dataset == dataset)
}

/// The metric that says which rates are best: the one that the data set's description names, or
/// that is held against the published value; mIoU where there is neither.
pub fn metric(dataset: DatasetKind) -> Metric {
    let described = dataset.metric().and_then(|name| Metric::ALL.into_iter().find(|metric| metric.name() == name));
    let published = || of(dataset).map(|reference| reference.held_against);
    described.or_else(published).unwrap_or(Metric::Miou)
}

impl Reference {
    /// Why a result must not be held against this value; `None` where it may.
    pub fn obstacle(&self, settings: &RunSettings) -> Option<String> {
        let protocol = protocol::of(self.dataset);
        let RunSettings { model, train, crop, .. } = settings;
        let against = |what: &str, here: String, there: String| Some(format!("{what} {here}, not {there}"));
        let sides = |[height, width]: [usize; 2]| format!("{height}x{width}");
        if settings.data != DataSource::Files {
            return Some("synthetic data".into());
        }
        if model.kind.name() != self.model {
            return Some(format!("published for {}", self.model));
        }
        let published = ModelSpec::published(model.kind);
        let widths = [
            ("base channels", model.base_channels, published.base_channels),
            ("ASPP channels", model.aspp_channels, published.aspp_channels),
            ("auxiliary channels", model.auxiliary_channels, published.auxiliary_channels),
        ];
        if let Some((what, here, there)) = widths.into_iter().find(|(_, here, there)| here != there) {
            return against(what, here.to_string(), there.to_string());
        }
        if *model != published {
            return Some("stem or align_corners differ".into());
        }
        let pretrained =
            settings.init.as_ref().is_some_and(|init| init.part == Part::Backbone && init.allow_missing.is_empty());
        if model.kind.is_pretrained() && !pretrained {
            return Some("backbone not trained on ImageNet (init)".into());
        }
        if !model.kind.is_pretrained() && settings.init.is_some() {
            return Some("initial weights of a file".into());
        }
        if *crop != protocol.crop {
            return against("crop", sides(*crop), sides(protocol.crop));
        }
        if train.iterations != protocol.iterations {
            return against("iterations", train.iterations.to_string(), protocol.iterations.to_string());
        }
        if train.batch != protocol.batch {
            return against("batch", train.batch.to_string(), protocol.batch.to_string());
        }
        (!protocol::is_followed_by(settings)).then(|| "learning rate, loss, augmentation or inference differ".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::settings::tests::example;

    fn full_scale() -> RunSettings {
        let mut settings = example();
        settings.data = DataSource::Files;
        settings.model = ModelSpec::published(settings.model.kind);
        settings.crop = [128, 128];
        (settings.train.iterations, settings.train.batch) = (40_000, 16);
        settings.infer = protocol::of(settings.dataset).infer;
        settings
    }

    #[test]
    fn no_data_set_has_more_than_one_value() {
        let (sets, values): (Vec<DatasetKind>, Vec<f64>) =
            published().iter().map(|reference| (reference.dataset, reference.value_fraction)).unzip();
        assert_eq!(values, [0.9001, 0.8959, 0.8966, 0.799, 0.6703]);
        assert!(sets.iter().all(|kind| kind.is_published()), "{sets:?}");
        assert!(sets.is_sorted_by(|a, b| a < b), "{sets:?}");
        assert_eq!(of(DatasetKind::CONTROL), None);
        for reference in published() {
            let value: f64 = reference.value_published.parse().unwrap();
            assert!([value, value / 100.0].iter().any(|v| (v - reference.value_fraction).abs() < 1e-12));
        }
    }

    #[test]
    fn retina_values_are_held_against_dice() {
        let metrics: Vec<Metric> = published().iter().map(|reference| metric(reference.dataset)).collect();
        assert_eq!(metrics, [Metric::Mdice, Metric::Mdice, Metric::Mdice, Metric::Miou, Metric::Miou]);
    }

    #[test]
    fn only_the_full_protocol_is_comparable() {
        let reference = of(DatasetKind::STARE).unwrap();
        assert_eq!(reference.obstacle(&full_scale()), None);
        assert_eq!(reference.obstacle(&example()).unwrap(), "synthetic data");
        let init = |part| {
            let (weights, sha256) = (String::new(), String::new());
            Some(crate::experiment::settings::InitSpec {
                weights,
                part,
                sha256,
                allow_missing: vec![],
                allow_superfluous: vec![],
            })
        };
        let mut pretrained = full_scale();
        pretrained.init = init(Part::Network);
        assert_eq!(reference.obstacle(&pretrained).unwrap(), "initial weights of a file");
        let mut isaid = full_scale();
        isaid.dataset = DatasetKind::ISAID;
        isaid.model = ModelSpec::published(crate::experiment::settings::ModelKind::DeeplabV3R50D8);
        let obstacle = |settings: &RunSettings| of(DatasetKind::ISAID).unwrap().obstacle(settings).unwrap();
        assert_eq!(obstacle(&isaid), "backbone not trained on ImageNet (init)");
        isaid.init = init(Part::Backbone);
        assert_eq!(obstacle(&isaid), "crop 128x128, not 896x896");
        let changes: [fn(&mut RunSettings); 9] = [
            |s| s.model.align_corners = true,
            |s| s.train.lr = 0.02,
            |s| s.infer.stride = Some([64, 64]),
            |s| s.resize = [300, 350],
            |s| s.model.base_channels = 8,
            |s| s.model.aspp_channels = 8,
            |s| s.crop = [64, 64],
            |s| s.train.iterations = 600,
            |s| s.train.batch = 4,
        ];
        for change in changes {
            let mut settings = full_scale();
            change(&mut settings);
            assert!(reference.obstacle(&settings).is_some());
        }
        assert_eq!(of(DatasetKind::ISAID).unwrap().obstacle(&full_scale()).unwrap(), "published for deeplabv3-r50-d8");
    }
}

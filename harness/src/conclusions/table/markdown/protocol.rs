//! What the runs of a section have in common, in one line.

use crate::experiment::settings::{DataSource, InferMode, ModelSpec, Part, RunSettings, one_ratio};
use atrous_models::Precision;

/// One line on network, schedule, inference, data and device.
pub(super) fn protocol(settings: &RunSettings, devices: &[String]) -> String {
    let RunSettings { model, train, infer, .. } = settings;
    let sides = |[height, width]: [usize; 2]| format!("{height}x{width}");
    let inference = match (infer.mode, infer.window, infer.stride) {
        (InferMode::Slide, Some(window), Some(stride)) => {
            format!("scored in windows of {}, step {}", sides(window), sides(stride))
        }
        _ => "scored as whole images".into(),
    };
    let data = match &settings.data {
        DataSource::Files => "images from files".into(),
        DataSource::Synthetic(drawing) => {
            format!("synthetic images ({} + {} of {})", drawing.train, drawing.val, sides(drawing.size))
        }
    };
    format!(
        "{} with {} base and {} ASPP channels{}; {} iterations of {} crops of {}; {inference}; {data}; on {}.",
        model.kind,
        model.base_channels,
        model.aspp_channels,
        extras(settings),
        train.iterations,
        train.batch,
        sides(settings.crop),
        devices.join(", ")
    )
}

/// What is not as in the published protocol's networks, losses and views, each behind a comma.
fn extras(settings: &RunSettings) -> String {
    let RunSettings { model, train, infer, init, .. } = settings;
    let published = ModelSpec::published(model.kind);
    let mut extras = Vec::new();
    if model.auxiliary_channels * published.base_channels != published.auxiliary_channels * model.base_channels {
        extras.push(format!("{} auxiliary channels", model.auxiliary_channels));
    }
    if model.stem != published.stem {
        extras.push("plain stem".to_owned());
    }
    if model.align_corners {
        extras.push("align_corners".to_owned());
    }
    if train.dice_weight != 0.0 {
        extras.push(format!("cross entropy + {} Dice", train.dice_weight));
    }
    if train.precision != Precision::Single {
        extras.push(format!("trained in {} precision", train.precision));
    }
    if let Some(init) = init {
        let part = match init.part {
            Part::Network => "network",
            Part::Backbone => "backbone",
        };
        extras.push(format!("{part} from weights {}", init.sha256.get(..8).unwrap_or(&init.sha256)));
    }
    if infer.ratios != one_ratio() {
        extras.push(format!("at sizes {}", infer.ratios.iter().map(f64::to_string).collect::<Vec<_>>().join(", ")));
    }
    if infer.flip {
        extras.push("with mirror images".to_owned());
    }
    extras.iter().map(|extra| format!(", {extra}")).collect()
}

//! The settings of a run from its line of `results.csv`, which says all that decides a result.

use super::run_record::RunRecord;
use crate::experiment::settings::{
    DataSource, InferMode, InferSpec, InitSpec, ModelKind, ModelSpec, Part, RunSettings, one_ratio,
};
use crate::results::csv::misunderstood;
use anyhow::{Context, Result, bail};
use atrous_models::Stem;
use std::str::FromStr;

impl RunRecord {
    /// The settings of the run, up to what decides no result and what a line does not say: where
    /// drawn images came from (they are given as files), and which keys a file of initial weights
    /// was allowed to lack.
    ///
    /// # Errors
    /// Names the column that cannot be understood.
    pub fn settings(&self) -> Result<RunSettings> {
        if !["files", "synthetic"].contains(&self.data.as_str()) {
            bail!("data: `{}` is neither files nor synthetic", self.data);
        }
        Ok(RunSettings {
            experiment: self.experiment.clone(),
            dataset: parse("dataset", &self.dataset)?,
            model: self.model()?,
            init: self.init()?,
            crop: [self.crop_height, self.crop_width],
            resize: [self.resize_height, self.resize_width],
            rates: list("rates", &self.rates, |rate| rate)?,
            seed: self.seed,
            train: self.train()?,
            infer: self.infer()?,
            data: DataSource::Files,
        })
    }

    fn model(&self) -> Result<ModelSpec> {
        let kind = ModelKind::ALL.into_iter().find(|known| known.name() == self.model);
        let stem = match self.stem.as_str() {
            "" | "deep" => Stem::Deep,
            "plain" => Stem::Plain,
            other => bail!("stem: `{other}` is neither deep nor plain"),
        };
        Ok(ModelSpec {
            kind: kind.with_context(|| format!("model: `{}` is not known here", self.model))?,
            base_channels: self.base_channels,
            aspp_channels: self.aspp_channels,
            auxiliary_channels: self.auxiliary_channels,
            stem,
            align_corners: self.align_corners,
        })
    }

    fn init(&self) -> Result<Option<InitSpec>> {
        if self.init.is_empty() {
            return Ok(None);
        }
        let (part, sha256) = match self.init.split_once(' ') {
            Some(("network", sha256)) => (Part::Network, sha256.to_owned()),
            Some(("backbone", sha256)) => (Part::Backbone, sha256.to_owned()),
            _ => bail!("init: `{}` does not name a part and a checksum", self.init),
        };
        let weights = String::new();
        Ok(Some(InitSpec { weights, part, sha256, allow_missing: vec![], allow_superfluous: vec![] }))
    }

    fn infer(&self) -> Result<InferSpec> {
        let side = |column, side: Option<usize>| side.ok_or_else(|| misunderstood(column, ""));
        let (mode, window, stride) = match self.infer_mode.as_str() {
            "slide" => (
                InferMode::Slide,
                Some([side("window_height", self.window_height)?, side("window_width", self.window_width)?]),
                Some([side("stride_height", self.stride_height)?, side("stride_width", self.stride_width)?]),
            ),
            "whole" => (InferMode::Whole, None, None),
            other => bail!("infer_mode: `{other}` is neither slide nor whole"),
        };
        let ratios = match self.infer_ratios.as_str() {
            "" => one_ratio(),
            text => list("infer_ratios", text, |ratio| ratio.trim_end_matches('x'))?,
        };
        Ok(InferSpec { mode, window, stride, ratios, flip: self.infer_flip })
    }
}

fn parse<T: FromStr>(column: &str, text: &str) -> Result<T> {
    text.parse().map_err(|_| misunderstood(column, text))
}

/// Reads values with `-` between them.
fn list<T: FromStr>(column: &str, text: &str, value: fn(&str) -> &str) -> Result<Vec<T>> {
    let values = text.split('-').map(|part| value(part).parse().ok());
    values.collect::<Option<_>>().ok_or_else(|| misunderstood(column, text))
}

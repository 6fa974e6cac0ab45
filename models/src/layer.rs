//! Maps inside of a network, by name.

use std::fmt;
use std::str::FromStr;

/// A map of which a network can be asked. All of one network have the height and width of the map
/// that its decode head reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// What the decode head reads.
    Backbone,
    /// The ASPP's branch that pools the whole image, broadcast over the map.
    ImagePool,
    /// The ASPP's branch of one rate, by its position among the rates, from 0.
    Branch(usize),
    /// The ASPP's output: all branches through the bottleneck, before the classifier.
    Aspp,
    /// One map per class, before they are resized to the input.
    Logits,
}

/// A name that is no layer's.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown layer \"{0}\": use logits, aspp, branch-0 (the first rate's; branch-1 ...), image-pool or backbone")]
pub struct UnknownLayer(String);

impl Layer {
    /// Gives all layers of a network whose head is an ASPP with so many rates.
    pub fn of_aspp(rates: usize) -> Vec<Layer> {
        let branches = (0..rates).map(Layer::Branch);
        [Layer::Logits, Layer::Aspp].into_iter().chain(branches).chain([Layer::ImagePool, Layer::Backbone]).collect()
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Layer::Backbone => f.write_str("backbone"),
            Layer::ImagePool => f.write_str("image-pool"),
            Layer::Branch(i) => write!(f, "branch-{i}"),
            Layer::Aspp => f.write_str("aspp"),
            Layer::Logits => f.write_str("logits"),
        }
    }
}

impl FromStr for Layer {
    type Err = UnknownLayer;

    fn from_str(name: &str) -> Result<Self, UnknownLayer> {
        let unknown = || UnknownLayer(name.to_owned());
        match name {
            "backbone" => Ok(Layer::Backbone),
            "image-pool" => Ok(Layer::ImagePool),
            "aspp" => Ok(Layer::Aspp),
            "logits" => Ok(Layer::Logits),
            _ => {
                let position = name.strip_prefix("branch-").ok_or_else(unknown)?;
                position.parse().map(Layer::Branch).map_err(|_| unknown())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for layer in Layer::of_aspp(4) {
            assert_eq!(layer.to_string().parse(), Ok(layer));
        }
        for wrong in ["", "branch", "branch-", "branch--1", "Logits", "layer4"] {
            let error = wrong.parse::<Layer>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("unknown layer \"{wrong}\": use logits")), "{error}");
        }
    }
}

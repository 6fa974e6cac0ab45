//! The number of bits that the products of convolutions are made of.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The bits of both operands of a convolution's products, forward and in both gradients. Sums
/// always have 32 bits. So have weights, maps, statistics and what the optimiser keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits.
    #[default]
    Single,
    /// 16 bits: IEEE half precision, rounded to nearest. GPU drivers may round to the other
    /// neighbour.
    ///
    /// Gradients of maps are multiplied by a power of two first that brings the largest value of
    /// the map to between 2^14 and 2^15, and the sums by its inverse. Half precision ends at 2^-24,
    /// and gradients, which are means over all pixels, may be smaller altogether.
    Mixed,
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Precision::Single => "single",
            Precision::Mixed => "mixed",
        })
    }
}

/// The error for a text that is no precision.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown precision \"{0}\": use single or mixed")]
pub struct UnknownPrecision(String);

impl FromStr for Precision {
    type Err = UnknownPrecision;

    fn from_str(name: &str) -> Result<Self, UnknownPrecision> {
        match name {
            "single" => Ok(Precision::Single),
            "mixed" => Ok(Precision::Mixed),
            _ => Err(UnknownPrecision(name.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for precision in [Precision::Single, Precision::Mixed] {
            assert_eq!(precision.to_string().parse(), Ok(precision));
            assert_eq!(serde_json::to_string(&precision).unwrap(), format!("\"{precision}\""));
        }
        let error = "double".parse::<Precision>().unwrap_err().to_string();
        assert_eq!(error, "unknown precision \"double\": use single or mixed");
    }
}

//! The variable of the environment that asks for an algorithm.

/// The variable that says how to compute convolutions, in place of a measurement.
pub const VARIABLE: &str = "ATROUS_GPU_CONVOLUTION";

/// An algorithm that [`VARIABLE`] may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestedAlgorithm {
    Im2col,
    ImplicitGemm,
    /// Cooperative matrices for what is in mixed precision, implicit GEMM for all else.
    Matrices,
}

/// Returns what [`VARIABLE`] of this value asks for; `None` where it asks for a measurement.
///
/// # Errors
/// What it may say, where it says something else.
fn requested_by(value: Option<&str>) -> Result<Option<RequestedAlgorithm>, String> {
    match value {
        None | Some("" | "measured") => Ok(None),
        Some("columns") => Ok(Some(RequestedAlgorithm::Im2col)),
        Some("tiles") => Ok(Some(RequestedAlgorithm::ImplicitGemm)),
        Some("matrices") => Ok(Some(RequestedAlgorithm::Matrices)),
        Some(other) => Err(format!("{VARIABLE}={other} must be measured, columns, tiles or matrices")),
    }
}

/// Returns what [`VARIABLE`] of this process asks for; `None` where it asks for a measurement.
///
/// # Errors
/// What it may say, where it says something else.
pub fn requested() -> Result<Option<RequestedAlgorithm>, String> {
    requested_by(std::env::var_os(VARIABLE).map(|value| value.to_string_lossy().into_owned()).as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_says_how() {
        assert_eq!(requested_by(None), Ok(None));
        assert_eq!(requested_by(Some("measured")), Ok(None));
        assert_eq!(requested_by(Some("tiles")), Ok(Some(RequestedAlgorithm::ImplicitGemm)));
        assert_eq!(requested_by(Some("columns")), Ok(Some(RequestedAlgorithm::Im2col)));
        assert_eq!(requested_by(Some("matrices")), Ok(Some(RequestedAlgorithm::Matrices)));
        let error = requested_by(Some("tile")).unwrap_err();
        assert_eq!(error, "ATROUS_GPU_CONVOLUTION=tile must be measured, columns, tiles or matrices");
    }
}

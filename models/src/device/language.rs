//! The languages that kernels are compiled to.

use std::fmt;

/// The variable that asks for a language, in place of the one that suits the adapter.
const VARIABLE: &str = "ATROUS_GPU_LANGUAGE";

/// A language of kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// The text of WebGPU, which the driver's own language is made of once more: for every adapter.
    Wgsl,
    /// The binary language of Vulkan, which may be cooperative matrices.
    SpirV,
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Language::Wgsl => "WGSL",
            Language::SpirV => "SPIR-V",
        })
    }
}

/// What decides on the language of an adapter.
#[derive(Clone, Copy, Debug)]
pub struct AdapterTraits<'a> {
    /// Whether it is a Vulkan device with all that the runtime's SPIR-V needs.
    pub takes_spirv: bool,
    /// Whether it is a software adapter.
    pub is_software: bool,
    /// What its driver says of itself, such as `Mesa 22.3.6 (LLVM 15.0.6)`.
    pub driver: &'a str,
}

impl Language {
    /// Returns the language of an adapter: the one that the environment asks for, else SPIR-V on
    /// GPUs that take it, and WGSL on all others and on software adapters.
    ///
    /// # Errors
    /// What the variable may say, or why this adapter cannot do what it says.
    pub fn of(adapter: AdapterTraits) -> Result<Self, String> {
        let value = std::env::var_os(VARIABLE).map(|value| value.to_string_lossy().into_owned());
        Self::requested(value.as_deref(), adapter)
    }

    fn requested(value: Option<&str>, adapter: AdapterTraits) -> Result<Self, String> {
        match value {
            None | Some("") if adapter.takes_spirv && !adapter.is_software => Ok(Language::SpirV),
            None | Some("" | "wgsl") => Ok(Language::Wgsl),
            Some("spirv") if !adapter.takes_spirv => {
                Err(format!("{VARIABLE}=spirv: it is no Vulkan device that takes the runtime's SPIR-V"))
            }
            Some("spirv") if adapter.is_software && !compiles_spirv(adapter.driver) => Err(format!(
                "{VARIABLE}=spirv: software adapters must be those of Mesa 26 or newer, this one is {}",
                adapter.driver
            )),
            Some("spirv") => Ok(Language::SpirV),
            Some(other) => Err(format!("{VARIABLE}={other} must be wgsl or spirv")),
        }
    }
}

/// Returns whether a software adapter of this driver compiles the runtime's SPIR-V. Mesa 22.3 and
/// 25.0 crash on it.
fn compiles_spirv(driver: &str) -> bool {
    let major = driver.strip_prefix("Mesa ").and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    major.is_some_and(|major| major >= 26)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GPU: AdapterTraits = AdapterTraits { takes_spirv: true, is_software: false, driver: "565.57.01" };
    const ELSEWHERE: AdapterTraits = AdapterTraits { takes_spirv: false, ..GPU };
    const SOFTWARE: AdapterTraits =
        AdapterTraits { takes_spirv: true, is_software: true, driver: "Mesa 22.3.6 (LLVM 15.0.6)" };
    const NEWER: AdapterTraits = AdapterTraits { driver: "Mesa 26.2.6-1 (LLVM 22.1.8)", ..SOFTWARE };

    #[test]
    fn gpus_with_vulkan_get_spirv_and_all_others_wgsl() {
        for unset in [None, Some("")] {
            assert_eq!(Language::requested(unset, GPU), Ok(Language::SpirV));
            for adapter in [ELSEWHERE, SOFTWARE, NEWER] {
                assert_eq!(Language::requested(unset, adapter), Ok(Language::Wgsl), "{adapter:?}");
            }
        }
    }

    #[test]
    fn a_language_can_be_asked_for() {
        for adapter in [GPU, ELSEWHERE, SOFTWARE, NEWER] {
            assert_eq!(Language::requested(Some("wgsl"), adapter), Ok(Language::Wgsl), "{adapter:?}");
        }
        for adapter in [GPU, NEWER] {
            assert_eq!(Language::requested(Some("spirv"), adapter), Ok(Language::SpirV), "{adapter:?}");
        }
        let error = Language::requested(Some("spirv"), ELSEWHERE).unwrap_err();
        assert!(error.contains("no Vulkan device"), "{error}");
        let error = Language::requested(Some("spirv"), SOFTWARE).unwrap_err();
        assert!(error.ends_with("Mesa 26 or newer, this one is Mesa 22.3.6 (LLVM 15.0.6)"), "{error}");
        let error = Language::requested(Some("glsl"), GPU).unwrap_err();
        assert_eq!(error, "ATROUS_GPU_LANGUAGE=glsl must be wgsl or spirv");
    }

    #[test]
    fn old_software_adapters_are_not_given_spirv() {
        for (driver, compiles) in [
            ("Mesa 22.3.6 (LLVM 15.0.6)", false),
            ("Mesa 25.0.7-2 (LLVM 19.1.7)", false),
            ("Mesa 26.2.6-1 (LLVM 22.1.8)", true),
            ("Mesa 100.0.0", true),
            ("SwiftShader driver", false),
            ("", false),
        ] {
            assert_eq!(compiles_spirv(driver), compiles, "{driver}");
        }
    }
}

//! What the name of a device asks for.

use super::info::{CPU, DeviceError};

/// The graphics API of the adapters that an index counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Vulkan, Metal or DX12.
    Any,
    Vulkan,
}

/// What a name asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceRequest {
    Auto,
    Flex,
    Gpu { api: Api, index: Option<usize> },
    Software(Api),
}

/// Reads a name.
///
/// # Errors
/// [`DeviceError::Unknown`] for a name of another form.
pub fn parse(name: &str) -> Result<DeviceRequest, DeviceError> {
    let unknown = || DeviceError::Unknown(name.to_owned());
    let (api, rest) = match name.split_once(':') {
        Some((api, rest)) => (api, Some(rest)),
        None => (name, None),
    };
    let api = match (api, rest) {
        ("auto", None) => return Ok(DeviceRequest::Auto),
        (CPU, None) => return Ok(DeviceRequest::Flex),
        ("wgpu", _) => Api::Any,
        ("vulkan", _) => Api::Vulkan,
        _ => return Err(unknown()),
    };
    match rest {
        None => Ok(DeviceRequest::Gpu { api, index: None }),
        Some("cpu") => Ok(DeviceRequest::Software(api)),
        Some(index) => Ok(DeviceRequest::Gpu { api, index: Some(index.parse().map_err(|_| unknown())?) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed() {
        assert_eq!(parse("auto").unwrap(), DeviceRequest::Auto);
        assert_eq!(parse("flex").unwrap(), DeviceRequest::Flex);
        assert_eq!(parse("wgpu").unwrap(), DeviceRequest::Gpu { api: Api::Any, index: None });
        assert_eq!(parse("vulkan:1").unwrap(), DeviceRequest::Gpu { api: Api::Vulkan, index: Some(1) });
        assert_eq!(parse("vulkan:cpu").unwrap(), DeviceRequest::Software(Api::Vulkan));
        for wrong in ["", "cuda", "flex:0", "auto:1", "wgpu:", "wgpu:x", "vulkan:-1", "vulkan:0:1"] {
            let message = parse(wrong).unwrap_err().to_string();
            assert!(message.starts_with(&format!("unknown device \"{wrong}\"")), "{message}");
        }
    }
}

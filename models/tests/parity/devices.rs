//! What the comparisons run on.

use std::sync::{Mutex, MutexGuard, PoisonError};

use atrous_models::{ComputeDevice, DeviceError};

/// One test at a time on the GPU: software adapters are slow, and memory is bounded.
static GPU: Mutex<()> = Mutex::new(());

/// Runs `test` on the CPU backend.
pub fn on_the_cpu(test: impl Fn(&ComputeDevice)) {
    test(&ComputeDevice::flex());
}

/// Runs `test` on the device that ATROUS_TEST_DEVICE names, else on a Vulkan device: a GPU where
/// there is one, else a software adapter. Says so where there is none.
pub fn on_vulkan(test: impl Fn(&ComputeDevice)) {
    let _alone: MutexGuard<()> = GPU.lock().unwrap_or_else(PoisonError::into_inner);
    let found = match std::env::var("ATROUS_TEST_DEVICE") {
        Ok(name) => Ok(ComputeDevice::select(&name).unwrap_or_else(|error| panic!("ATROUS_TEST_DEVICE: {error}"))),
        Err(_) => ComputeDevice::select("vulkan").or_else(|_| ComputeDevice::select("vulkan:cpu")),
    };
    match found {
        Ok(device) => test(&device),
        Err(error) => {
            let without = !cfg!(feature = "wgpu");
            assert!(without || matches!(error, DeviceError::Absent { .. }), "{error}");
            println!("skipped: {error} (Debian's mesa-vulkan-drivers has a software adapter)");
        }
    }
}

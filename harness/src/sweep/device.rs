//! The device of a sweep, which is opened anew where it is lost.

use atrous_models::device::{ComputeDevice, DeviceError};
use std::sync::{Mutex, MutexGuard, PoisonError};

type Check<'a> = dyn Fn(&ComputeDevice) -> Result<(), DeviceError> + Sync + 'a;
type Reopen<'a> = dyn Fn(&ComputeDevice) -> Result<ComputeDevice, DeviceError> + Sync + 'a;

/// What a device that may be lost is asked.
#[derive(Clone, Copy)]
pub(super) struct Recovery<'a> {
    /// Whether it still computes.
    pub check: &'a Check<'a>,
    /// To be opened anew.
    pub reopen: &'a Reopen<'a>,
}

impl Recovery<'static> {
    pub const REAL: Self = Recovery { check: &ComputeDevice::check, reopen: &ComputeDevice::reopen };
}

/// The device that runs start on.
pub(super) struct SweepDevice<'a> {
    current: Mutex<ComputeDevice>,
    recovery: Recovery<'a>,
}

impl<'a> SweepDevice<'a> {
    pub fn new(device: &ComputeDevice, recovery: Recovery<'a>) -> Self {
        SweepDevice { current: Mutex::new(device.clone()), recovery }
    }

    fn current(&self) -> MutexGuard<'_, ComputeDevice> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The device for a run that starts now.
    pub fn get(&self) -> ComputeDevice {
        self.current().clone()
    }

    /// Whether the device that a run used does not compute any more.
    pub fn is_lost(&self, used: &ComputeDevice) -> bool {
        (self.recovery.check)(used).is_err()
    }

    /// Sees to it that the next run has a device that computes, after one was lost. Of several runs
    /// that lost it together, the first one's call opens it.
    pub fn recover(&self) -> Result<(), DeviceError> {
        let mut current = self.current();
        if self.is_lost(&current) {
            *current = (self.recovery.reopen)(&current)?;
        }
        Ok(())
    }
}

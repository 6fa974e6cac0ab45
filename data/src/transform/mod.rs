//! The protocol's augmentation, as mmsegmentation 1.2.2 does it on 8-bit images.

pub(crate) mod augment;
mod bilinear;
mod colour;
mod crop;
mod hsv;
mod normalise;
#[cfg(test)]
mod reference;
mod region;
mod resize;

pub use augment::AugmentConfig;
pub(crate) use normalise::denormalise;
pub use normalise::{MEAN, STD, normalise};
pub use resize::{fit_size, resize_image, resize_label};

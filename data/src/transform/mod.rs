//! The protocol's augmentation, as mmsegmentation 1.2.2 does it on 8-bit images.

pub(crate) mod augment;
mod colour;
mod crop;
mod hsv;
mod normalise;
mod resize;

pub use augment::AugmentConfig;
pub use normalise::{MEAN, STD, normalise};
pub(crate) use normalise::{denormalise, normalise_padded, pad_label};
pub use resize::{fit_size, resize_image, resize_label};

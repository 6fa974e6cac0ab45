//! Networks and operations against values recorded from mmsegmentation 1.2.2, on the CPU and on a Vulkan device.
//!
//! The recordings are those in `tests/golden` and those of the folder `ATROUS_GOLDEN`, by default `shared/golden` beside
//! the project, where that is present. Nothing here is tuned to one set of recordings.

#![allow(clippy::disallowed_methods, reason = "tests read what they have written themselves")]

mod agreement;
mod degenerate;
mod devices;
mod networks;
mod operations;
mod recording;
mod weights;

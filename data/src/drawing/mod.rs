//! Pictures that the program draws: images and masks of which every pixel follows from a seed.
//!
//! Vessels branch on a reddish disc, streets have the usual classes in the usual places, aerial
//! tiles hold small bright objects: enough for a small network to learn from in a few hundred
//! iterations.

mod aerial;
mod canvas;
mod control;
mod retina;
mod street;

pub(crate) use aerial::draw as aerial;
pub(crate) use canvas::LabelledCanvas;
pub use control::Drawing;
pub(crate) use retina::draw as retina;
pub(crate) use street::draw as street;

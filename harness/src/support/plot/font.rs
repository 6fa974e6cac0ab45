//! The font of plots.

use plotters::style::{FontStyle, register_font};
use std::sync::OnceLock;

/// Makes Ubuntu Light what plots call `sans-serif`: texts then are measured and drawn alike on
/// every machine, also where no font is installed. May be called any number of times.
pub fn register() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        let font = epaint_default_fonts::UBUNTU_LIGHT;
        assert!(register_font("sans-serif", FontStyle::Normal, font).is_ok(), "the font comes with the program");
    });
}

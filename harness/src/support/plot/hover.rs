//! What a picture says where a pointer rests on it: titles, which need no script.

/// A rectangle of a picture with the text that it shows under a pointer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hover {
    /// Left, top, width and height, in pixels.
    area: [i32; 4],
    text: String,
}

impl Hover {
    /// A rectangle from its left upper corner, width and height.
    pub fn over(area: [i32; 4], text: impl Into<String>) -> Self {
        Hover { area, text: text.into() }
    }

    /// A square around a point, so many pixels to each side.
    pub fn around((x, y): (i32, i32), reach: i32, text: impl Into<String>) -> Self {
        Hover::over([x - reach, y - reach, 2 * reach, 2 * reach], text)
    }

    /// Moves it by so many pixels to the right.
    pub fn moved(mut self, right: i32) -> Self {
        self.area[0] += right;
        self
    }

    /// The element, which paints nothing.
    pub fn svg(&self) -> String {
        let [x, y, width, height] = self.area;
        let text = escaped(&self.text);
        format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"none\" \
             pointer-events=\"all\"><title>{text}</title></rect>\n"
        )
    }
}

/// A text as it stands in an element or an attribute.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

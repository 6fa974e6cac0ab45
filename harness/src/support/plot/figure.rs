//! A plot as files for a paper and as a picture in a page.

use super::chart::Chart;
use super::draw::{self, SCALE, SIZE};
use super::draw_forest;
use super::font;
use super::forest::Forest;
use super::hover::{Hover, escaped};
use anyhow::{Context, Result, anyhow};
use atrous_data::RgbImage8;
use plotters::prelude::{BitMapBackend, DrawingBackend, IntoDrawingArea, SVGBackend};

/// A plot with its name.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The name of its files, without an extension: letters, digits, `-` and `_`.
    pub name: String,
    /// What it shows, for those who cannot see it.
    pub description: String,
    pub content: FigureContent,
}

/// What a figure is a drawing of.
#[derive(Clone, Debug)]
pub enum FigureContent {
    Chart(Chart),
    Forest(Forest),
}

impl Figure {
    /// A stand-alone SVG file, black on white.
    ///
    /// # Errors
    /// None that a chart with finite numbers can cause.
    pub fn svg(&self) -> Result<String> {
        Ok(self.drawn()?.0)
    }

    /// The SVG file, and what its parts say under a pointer.
    fn drawn(&self) -> Result<(String, Vec<Hover>)> {
        let mut text = String::new();
        let hovers = self.draw_on(SVGBackend::with_string(&mut text, self.pixels()))?;
        Ok((self.described(&text), hovers))
    }

    /// SVG to be put into a page: no ground, texts and axes in the page's own colour, series in
    /// colours that the page's style sheet can replace, values as titles under a pointer.
    ///
    /// # Errors
    /// As [`Figure::svg`].
    pub fn inline(&self) -> Result<String> {
        let (svg, hovers) = self.drawn()?;
        let (width, height) = self.size();
        let class = format!("<svg class=\"plot\" width=\"{width}\" height=\"{height}\" ");
        let svg = svg.replacen(&self.dimensions(), &class, 1);
        let titles: String = hovers.iter().map(Hover::svg).collect();
        let svg = svg.replace("</svg>", &format!("{titles}</svg>"));
        let svg = svg.replace("fill=\"#FFFFFF\"", "fill=\"none\"");
        Ok(svg.replace("\"#000000\"", "\"currentColor\""))
    }

    /// A PNG file, white ground, four pixels per unit: a chart has 2080x1360.
    ///
    /// # Errors
    /// As [`Figure::svg`].
    pub fn png(&self) -> Result<Vec<u8>> {
        let (width, height) = self.pixels();
        let mut picture = RgbImage8::filled(height as usize, width as usize, [255; 3]);
        self.draw_on(BitMapBackend::with_buffer(&mut picture.data, (width, height)))?;
        picture.small_png().context("the plot cannot be encoded")
    }

    /// Width and height in units.
    fn size(&self) -> (f64, f64) {
        match &self.content {
            FigureContent::Chart(_) => SIZE,
            FigureContent::Forest(forest) => (draw_forest::WIDTH, forest.height()),
        }
    }

    fn pixels(&self) -> (u32, u32) {
        let (width, height) = self.size();
        ((width * SCALE) as u32, (height * SCALE) as u32)
    }

    /// The text that plotters begins its files with.
    fn dimensions(&self) -> String {
        let (width, height) = self.pixels();
        format!("<svg width=\"{width}\" height=\"{height}\" ")
    }

    fn draw_on<DB: DrawingBackend>(&self, backend: DB) -> Result<Vec<Hover>> {
        font::register();
        let area = backend.into_drawing_area();
        let failed = |error: &dyn std::fmt::Display| anyhow!("the plot {} cannot be drawn: {error}", self.name);
        let hovers = match &self.content {
            FigureContent::Chart(chart) => draw::draw(chart, &area),
            FigureContent::Forest(forest) => draw_forest::draw(forest, &area),
        };
        let hovers = hovers.map_err(|error| failed(&error))?;
        area.present().map_err(|error| failed(&error))?;
        Ok(hovers)
    }

    /// Adds a title and a role that screen readers know.
    fn described(&self, svg: &str) -> String {
        let description = escaped(&self.description);
        let role = format!("{}role=\"img\" aria-label=\"{description}\" ", self.dimensions());
        let svg = svg.replacen(&self.dimensions(), &role, 1);
        svg.replacen(">\n", &format!(">\n<title>{description}</title>\n"), 1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ChartAxis, ChartLine, ChartPoint, Guide};
    use super::*;

    fn figure() -> Figure {
        let points = [(0.14, 0.70), (0.28, 0.72), (0.56, 0.71)];
        let points = points.map(|(x, y)| ChartPoint { x, y, interval: Some((y - 0.01, y + 0.02)) }).to_vec();
        let line = ChartLine { cloud: vec![(0.14, 0.705)], ..ChartLine::marked("STARE & <co>", 0, points) };
        let chart = Chart {
            x: ChartAxis::logarithmic("relative rate ρ", [0.14, 0.56]),
            y: ChartAxis::linear("mDice", [0.69, 0.74]),
            lines: vec![line, ChartLine::curve("fit", 1, &[(0.14, 0.7), (0.56, 0.73)])],
            guides: vec![
                Guide::Vertical { at: 0.5, label: "rule".into() },
                Guide::Horizontal { at: 0.73, label: "published".into() },
                Guide::Horizontal { at: 9.0, label: "far away".into() },
            ],
        };
        Figure {
            name: "scores".into(),
            description: "mDice \"against\" <ρ>".into(),
            content: FigureContent::Chart(chart),
        }
    }

    #[test]
    fn svg_holds_names_labels_and_a_title() {
        let svg = figure().svg().unwrap();
        for part in
            ["STARE &amp; &lt;co&gt;", "relative rate ρ", "published", "<title>mDice &quot;against&quot; &lt;ρ&gt;"]
        {
            assert!(svg.contains(part), "{part}");
        }
        assert!(
            svg.starts_with("<svg width=\"2080\" height=\"1360\" role=\"img\" aria-label=")
                && svg.ends_with("</svg>\n")
        );
        assert!(!svg.contains("far away"), "beyond the axis");
        assert!(svg.contains("#0072B2") && svg.contains("#D55E00"));
    }

    #[test]
    fn labels_of_close_guides_do_not_collide() {
        let mut figure = figure();
        let guide = |at: f64, label: &str| Guide::Vertical { at, label: label.into() };
        let FigureContent::Chart(chart) = &mut figure.content else { unreachable!("it is a chart") };
        chart.guides = vec![guide(0.3, "geometric rule"), guide(0.31, "measured: 0.31")];
        let svg = figure.svg().unwrap();
        let height = |label: &str| -> i32 {
            let (before, _) = svg.split_once(label).unwrap();
            let (_, y) = before.rsplit_once(" y=\"").unwrap();
            y.split_once('"').unwrap().0.parse().unwrap()
        };
        assert!(height("geometric rule") - height("measured: 0.31") >= 72, "a line of text apart");
    }

    #[test]
    fn inline_svg_takes_the_colours_of_its_page() {
        let svg = figure().inline().unwrap();
        assert!(svg.contains("currentColor") && svg.contains("viewBox=\"0 0 2080 1360\""));
        assert!(!svg.contains("#000000") && !svg.contains("#FFFFFF"), "{svg}");
    }

    #[test]
    fn png_shows_the_series_in_its_colour() {
        let bytes = figure().png().unwrap();
        let picture = image::load_from_memory(&bytes).unwrap().to_rgb8();
        assert_eq!(picture.dimensions(), (2080, 1360));
        assert_eq!(picture.get_pixel(1000, 1359).0, [255; 3]);
        let count = |colour: [u8; 3]| picture.pixels().filter(|pixel| pixel.0 == colour).count();
        // Markers of the first series, and black text and axes.
        assert!(count([0x00, 0x72, 0xB2]) > 1000 && count([0; 3]) > 1000);
    }
}

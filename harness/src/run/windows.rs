//! The windows of sliding inference.

use std::ops::Range;

/// A window's rows and columns; smaller than asked for where the image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    pub rows: Range<usize>,
    pub columns: Range<usize>,
}

/// Windows along an axis of `size` pixels.
pub fn count(size: usize, window: usize, stride: usize) -> usize {
    (size + stride - 1).saturating_sub(window) / stride + 1
}

/// The windows along one axis; the last one is shifted inwards.
fn spans(size: usize, window: usize, stride: usize) -> Vec<Range<usize>> {
    (0..count(size, window, stride))
        .map(|i| {
            let end = (i * stride + window).min(size);
            end.saturating_sub(window)..end
        })
        .collect()
}

/// All windows of an image of `size` (height, width), row by row, as the reference implementation
/// visits them.
pub fn windows(size: [usize; 2], window: [usize; 2], stride: [usize; 2]) -> Vec<Window> {
    let rows = spans(size[0], window[0], stride[0]);
    let columns = spans(size[1], window[1], stride[1]);
    let row =
        |rows: Range<usize>| columns.iter().map(move |columns| Window { rows: rows.clone(), columns: columns.clone() });
    rows.into_iter().flat_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// mmsegmentation's own lists (its `slide_inference`): [y1, y2, x1, x2], rows outside.
    #[test]
    fn golden_windows() {
        for recordings in crate::support::golden::recordings() {
            compare_windows(&recordings.json("slide.json").unwrap());
        }
    }

    fn compare_windows(recorded: &serde_json::Value) {
        let mut compared = 0;
        for (size, case) in recorded.as_object().unwrap() {
            let Some((height, width)) = size.split_once('x') else { continue };
            let number = |key: &str| case[key].as_u64().unwrap() as usize;
            let (crop, stride) = (number("crop"), number("stride"));
            let ours = windows([height.parse().unwrap(), width.parse().unwrap()], [crop; 2], [stride; 2]);
            let ours: Vec<[usize; 4]> =
                ours.iter().map(|w| [w.rows.start, w.rows.end, w.columns.start, w.columns.end]).collect();
            let theirs: Vec<[usize; 4]> = serde_json::from_value(case["windows"].clone()).unwrap();
            assert_eq!(ours, theirs, "{size}");
            compared += 1;
        }
        assert!(compared >= 2, "slide.json holds {compared} cases");
    }

    #[test]
    fn every_pixel_is_covered() {
        for size in 1..60 {
            for (window, stride) in [(16, 11), (16, 16), (32, 5)] {
                let spans = spans(size, window, stride);
                let case = format!("{size} {window} {stride}: {spans:?}");
                assert_eq!(spans[0].start, 0, "{case}");
                assert_eq!(spans.last().unwrap().end, size, "{case}");
                assert!(spans.windows(2).all(|pair| pair[1].start <= pair[0].end), "{case}");
                assert!(spans.iter().all(|span| span.len() == window.min(size)), "{case}");
            }
        }
    }
}

//! Maps of small networks, and what is refused.

use super::*;
use atrous_models::{Head, SegmentorConfig};

/// A map of given values around a position, for tests of the numbers.
pub(crate) fn example(
    size: [usize; 2],
    position: [usize; 2],
    rates: &[usize],
    value: impl Fn(usize, usize) -> f64,
) -> ReceptiveField {
    let values = (0..size[0] * size[1]).map(|i| value(i / size[1], i % size[1])).collect();
    let target = Target { pixel: position, position };
    ReceptiveField::mean(values, 1, size, target, rates.to_vec(), 1).unwrap()
}

fn network() -> Segmentor {
    SegmentorConfig::unet_s5_d16(4, 8, vec![1, 2, 5], 3).init(1, &Device::flex())
}

fn noise(count: u64) -> impl Iterator<Item = Result<Image>> {
    (0..count).map(|number| Ok(Image::noise([32, 48], number)))
}

#[test]
fn the_sum_is_one_and_variants_differ() {
    let of = |options: &Options| map(&network(), &Device::flex(), noise(2), options).unwrap();
    let published = of(&Options::default());
    assert_eq!((published.size, published.images, published.values.len()), ([32, 48], 2, 32 * 48));
    assert_eq!(published.target, Target { pixel: [16, 24], position: [16, 24] });
    let variants = [
        Options { rectify: Rectify::Activation, ..Options::default() },
        Options { rectify: Rectify::Absolute, ..Options::default() },
        Options { class: Some(2), ..Options::default() },
        Options { pixel: Some([3, 40]), ..Options::default() },
        Options { layer: Layer::Branch(2), ..Options::default() },
    ];
    for options in variants {
        let other = of(&options);
        assert!((other.values.iter().sum::<f64>() - 1.0).abs() < 1e-9 && other.peak() > 0.0);
        assert!(other.values.iter().all(|value| *value >= 0.0), "{options:?}");
        assert_ne!(other.values, published.values, "{options:?}");
    }
}

/// A mean over two images is that of the two alone, weighted by their sums.
#[test]
fn images_are_averaged() {
    let network = network();
    let of = |numbers: &[u64]| {
        let images = numbers.iter().map(|number| Ok(Image::noise([32, 48], *number)));
        map(&network, &Device::flex(), images, &Options::default()).unwrap()
    };
    let (both, first, second) = (of(&[0, 1]), of(&[0]), of(&[1]));
    assert!((both.sum - (first.sum + second.sum) / 2.0).abs() < 1e-12 * both.sum);
    for ((both_value, a), b) in both.values.iter().zip(&first.values).zip(&second.values) {
        let wanted = (a * first.sum + b * second.sum) / (first.sum + second.sum);
        assert!((both_value - wanted).abs() < 1e-12);
    }
}

/// Nine spots at the taps of the branch that is looked at, and none at those of the others.
#[test]
fn a_branch_looks_where_its_taps_are() {
    let device = Device::flex();
    let network = SegmentorConfig::unet_s5_d16(4, 4, vec![1, 10, 20], 2).init(3, &device);
    for (branch, other) in [(1, 2), (2, 1)] {
        let options = Options { layer: Layer::Branch(branch), ..Options::default() };
        let images = (0..4).map(|number| Ok(Image::noise([64, 64], number)));
        let taps = map(&network, &device, images, &options).unwrap().numbers().taps;
        let contrast = |branch: usize| taps.branches[branch].contrast.unwrap();
        assert!(contrast(branch) > 2.0 && contrast(other) < 1.5, "{taps:?}");
        assert!(taps.branches[branch].taps.iter().all(|tap| tap.mass.unwrap() > 0.01), "{taps:?}");
    }
}

#[test]
fn what_is_not_there_is_named() {
    let network = network();
    let error = |options: &Options| format!("{:#}", map(&network, &Device::flex(), noise(1), options).unwrap_err());
    let options = Options { layer: Layer::Branch(3), ..Options::default() };
    let text = error(&options);
    assert!(text.contains("no layer branch-3") && text.contains("branch-2, image-pool"), "{text}");
    let text = error(&Options { class: Some(3), ..Options::default() });
    assert!(text.contains("no class 3"), "{text}");
    let text = error(&Options { layer: Layer::Aspp, class: Some(0), ..Options::default() });
    assert!(text.contains("aspp has none"), "{text}");
    let text = error(&Options { pixel: Some([32, 0]), ..Options::default() });
    assert!(text.contains("pixel 32,0"), "{text}");
    let none = map(&network, &Device::flex(), [], &Options::default()).unwrap_err().to_string();
    assert!(none.contains("no images"), "{none}");
    let sizes = [Ok(Image::noise([32, 48], 0)), Ok(Image::noise([48, 32], 0))];
    let mixed = map(&network, &Device::flex(), sizes, &Options::default()).unwrap_err().to_string();
    assert!(mixed.contains("have no mean"), "{mixed}");
}

#[test]
fn a_map_of_zeros_is_an_error() {
    let mut network = network();
    let Head::Aspp(head) = &mut network.decode_head;
    head.classifier.weight = head.classifier.weight.clone() * 0.0;
    let error = map(&network, &Device::flex(), noise(1), &Options::default()).unwrap_err().to_string();
    assert!(error.contains("zero everywhere"), "{error}");
}

#[test]
fn a_pixel_of_the_input_is_the_nearest_of_the_map() {
    let target = |pixel, size, stride| {
        let options = Options { pixel, ..Options::default() };
        let Target { pixel, position } = options.target(size, stride).unwrap();
        (pixel, position)
    };
    assert_eq!(target(None, [97, 129], 8), ([6, 8], [48, 64]));
    assert_eq!(target(None, [96, 80], 1), ([48, 40], [48, 40]));
    assert_eq!(target(Some([3, 4]), [97, 129], 8), ([0, 1], [0, 8]));
    assert_eq!(target(Some([96, 128]), [97, 129], 8), ([12, 16], [96, 128]));
    assert_eq!(target(Some([63, 95]), [64, 96], 8), ([7, 11], [56, 88]));
}

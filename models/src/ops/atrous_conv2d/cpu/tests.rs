use super::*;
use crate::ops::atrous_conv2d::geometry::ConvGeometry;
use crate::ops::channel_affine;
use crate::ops::channel_affine::cpu::{Affine, MapsShape};
use proptest::prelude::*;

/// The definition, in f64: (output, input gradient, weight gradient).
fn by_definition(x: &[f32], w: &[f32], g: &[f32], shape: &ConvShape) -> [Vec<f64>; 3] {
    let [ci, co] = shape.channels;
    let [h, wd] = shape.input;
    let [kh, kw] = shape.kernel;
    let [oh, ow] = shape.output();
    let ConvGeometry { stride, padding, dilation } = shape.geometry;
    let mut y = vec![0.0; shape.batch * co * oh * ow];
    let mut gx = vec![0.0; x.len()];
    let mut gw = vec![0.0; w.len()];
    for n in 0..shape.batch {
        for o in 0..co {
            for (oy, ox) in (0..oh).flat_map(|oy| (0..ow).map(move |ox| (oy, ox))) {
                let out = ((n * co + o) * oh + oy) * ow + ox;
                for i in 0..ci {
                    for (ky, kx) in (0..kh).flat_map(|ky| (0..kw).map(move |kx| (ky, kx))) {
                        let iy = (oy * stride + ky * dilation).wrapping_sub(padding);
                        let ix = (ox * stride + kx * dilation).wrapping_sub(padding);
                        if iy >= h || ix >= wd {
                            continue;
                        }
                        let a = ((n * ci + i) * h + iy) * wd + ix;
                        let b = ((o * ci + i) * kh + ky) * kw + kx;
                        y[out] += x[a] as f64 * w[b] as f64;
                        gx[a] += g[out] as f64 * w[b] as f64;
                        gw[b] += g[out] as f64 * x[a] as f64;
                    }
                }
            }
        }
    }
    [y, gx, gw]
}

fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// Compares all three products with the definition. Rounding errors grow with the sizes of the
/// terms of a sum, not with the sum, which may cancel.
fn check(ours: [&[f32]; 3], x: &[f32], w: &[f32], g: &[f32], shape: &ConvShape) {
    let size = |values: &[f32]| values.iter().map(|v| v.abs()).collect::<Vec<f32>>();
    let exact = by_definition(x, w, g, shape);
    let terms = by_definition(&size(x), &size(w), &size(g), shape);
    for (product, name) in ["output", "input gradient", "weight gradient"].into_iter().enumerate() {
        let (ours, exact, terms) = (ours[product], &exact[product], &terms[product]);
        assert_eq!(ours.len(), exact.len(), "{name}");
        for (i, (a, b)) in ours.iter().zip(exact).enumerate() {
            assert!((*a as f64 - b).abs() <= 1e-5 * terms[i], "{name}[{i}]: {a} is not {b}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn all_three_products_follow_the_definition(
        batch in 1usize..4, ci in 1usize..7, co in 1usize..12, h in 1usize..20, w in prop::sample::select(vec![1usize, 3, 8, 15, 16, 24, 33, 64, 70]),
        kernel in prop::sample::select(vec![1usize, 3, 7]), stride in 1usize..3,
        rate in prop::sample::select(vec![1usize, 2, 5, 12, 24]), seed in 0u64..1000,
    ) {
        let geometry = ConvGeometry { stride, ..ConvGeometry::same(kernel, rate) };
        let shape = ConvShape { batch, channels: [ci, co], input: [h, w], kernel: [kernel; 2], geometry };
        let [oh, ow] = shape.output();
        let x = noise(batch * ci * h * w, seed);
        let weight = noise(co * ci * kernel * kernel, seed + 1);
        let g = noise(batch * co * oh * ow, seed + 2);
        let (y, gx) = (forward(&x, &weight, &shape), input_gradient(&g, &weight, &shape));
        check([&y, &gx, &weight_gradient(&x, &g, &shape)], &x, &weight, &g, &shape);
    }
}

/// More weights than partial sums may take: the input channels are split instead of the pixels.
#[test]
fn many_weights_follow_the_definition() {
    let shape =
        ConvShape { batch: 2, channels: [700, 700], input: [3, 2], kernel: [3, 3], geometry: ConvGeometry::same(3, 1) };
    const { assert!(weight_gradient::PARTIAL_BYTES / 4 / (700 * 700 * 9) < weight_gradient::TASKS) };
    let x = noise(2 * 700 * 6, 1);
    let weight = noise(700 * 700 * 9, 2);
    let g = noise(2 * 700 * 6, 3);
    let (y, gx) = (forward(&x, &weight, &shape), input_gradient(&g, &weight, &shape));
    check([&y, &gx, &weight_gradient(&x, &g, &shape)], &x, &weight, &g, &shape);
}

/// A rate of at least the map's size leaves exactly the 1x1 convolution with the centre weights.
#[test]
fn a_rate_beyond_the_map_is_a_pointwise_convolution() {
    let shape =
        |kernel, geometry| ConvShape { batch: 2, channels: [5, 4], input: [9, 9], kernel: [kernel; 2], geometry };
    let atrous = shape(3, ConvGeometry::same(3, 9));
    let point = shape(1, ConvGeometry::same(1, 1));
    let x = noise(2 * 5 * 81, 4);
    let g = noise(2 * 4 * 81, 5);
    let weight = noise(4 * 5 * 9, 6);
    let centre: Vec<f32> = weight.chunks_exact(9).map(|taps| taps[4]).collect();
    assert_eq!(forward(&x, &weight, &atrous), forward(&x, &centre, &point));
    for (i, value) in weight_gradient(&x, &g, &atrous).iter().enumerate() {
        assert!(i % 9 == 4 || *value == 0.0, "tap {} of a dead branch has the gradient {value}", i % 9);
    }
}

/// As many channels as rows are filtered with: groups of rows, and the rows that are left.
#[test]
fn filtered_rows_follow_the_definition() {
    // Height, width, rate: whole groups, rows left over, rows beyond the map, tiles that are cut,
    // and rows of one vector, of which two make a tile: an even number of groups, and odd ones.
    for (number, (height, width, rate)) in [
        (8, 32, 1),
        (13, 33, 1),
        (9, 40, 2),
        (23, 32, 3),
        (30, 48, 7),
        (26, 64, 8),
        (10, 32, 6),
        (16, 16, 1),
        (12, 16, 1),
        (14, 16, 2),
        (20, 8, 1),
    ]
    .into_iter()
    .enumerate()
    {
        let (ci, co) = if number % 2 == 0 { (70, 66) } else { (64, 75) };
        let geometry = ConvGeometry::same(3, rate);
        let shape = ConvShape { batch: 2, channels: [ci, co], input: [height, width], kernel: [3; 2], geometry };
        let seed = number as u64;
        let x = noise(2 * ci * height * width, seed);
        let weight = noise(co * ci * 9, seed + 1);
        let g = noise(2 * co * height * width, seed + 2);
        let (y, gx) = (forward(&x, &weight, &shape), input_gradient(&g, &weight, &shape));
        check([&y, &gx, &weight_gradient(&x, &g, &shape)], &x, &weight, &g, &shape);
    }
}

/// A map that is made on the way is the same, bit for bit, as one that is made afterwards.
#[test]
fn a_map_behind_the_output_changes_no_bit() {
    // Pointwise, panels of a narrow map and of a stride, bands, filtered rows with and without
    // rows that are left over, pixels that no tap sees anything from.
    for (kernel, size, stride, rate, channels) in [
        (1, [9, 70], 1, 1, [20, 13]),
        (3, [8, 8], 1, 1, [40, 24]),
        (3, [20, 33], 2, 1, [9, 12]),
        (7, [30, 40], 1, 1, [3, 10]),
        (3, [16, 16], 1, 1, [600, 24]),
        (3, [23, 48], 1, 3, [64, 17]),
        (3, [40, 40], 1, 36, [16, 16]),
    ] {
        let geometry = ConvGeometry { stride, ..ConvGeometry::same(kernel, rate) };
        let shape = ConvShape { batch: 2, channels, input: size, kernel: [kernel; 2], geometry };
        let [channels_in, channels_out] = channels;
        let x = noise(2 * channels_in * size[0] * size[1], 1);
        let weight = noise(channels_out * channels_in * kernel * kernel, 2);
        let [mean, scale, offset] = [3, 4, 5].map(|seed| noise(channels_out, seed));
        let affine = Affine { mean: &mean, scale: &scale, offset: &offset };
        let plain = forward(&x, &weight, &shape);
        let maps = MapsShape { batch: 2, channels: channels_out, pixels: plain.len() / 2 / channels_out };
        for relu in [false, true] {
            let wanted = channel_affine::cpu::forward(&plain, &affine, relu, &maps);
            let found = mapped_forward(&x, &weight, &shape, Some(MapInPlace { affine: &affine, relu }));
            let differs = wanted.iter().zip(&found).position(|(a, b)| a.to_bits() != b.to_bits());
            assert_eq!(differs, None, "{shape:?}, relu {relu}");
        }
    }
}

//! The kernels on flex's tensors, in both precisions and in 64 bits.

use super::*;
use burn::backend::ops::FloatTensorOps;
use burn::tensor::DType;

fn noise(shape: [usize; 4], size: f32) -> FlexTensor {
    let count: usize = shape.iter().product();
    tensor((0..count).map(|i| (i as f32 * 0.7).sin() * size).collect(), shape)
}

#[test]
fn products_of_64_bits_are_near_those_of_32() {
    let geometry = ConvGeometry::same(3, 2);
    let (input, weight, grad) = (noise([2, 5, 9, 11], 3.0), noise([4, 5, 3, 3], 0.1), noise([2, 4, 9, 11], 1.0));
    let all = |bits: DType| {
        let [input, weight, grad] = [&input, &weight, &grad].map(|of| Flex::float_cast(of.clone(), bits.into()));
        let precision = Precision::Single;
        let gradients =
            Flex::atrous_conv2d_gradients(input.clone(), weight.clone(), grad, geometry, precision, [true; 2]);
        let [of_input, of_weight] = gradients.map(Option::unwrap);
        let output = Flex::atrous_conv2d(input, weight, geometry, precision);
        [output, of_input, of_weight].map(|tensor| (tensor.dtype(), tensor.into_data()))
    };
    for ((bits, double), (_, single)) in all(DType::F64).into_iter().zip(all(DType::F32)) {
        assert_eq!(bits, DType::F64);
        assert_eq!(double.shape(), single.shape());
        let gap = double.iter::<f64>().zip(single.iter::<f64>()).fold(0f64, |gap, (a, b)| gap.max((a - b).abs()));
        assert!(gap > 0.0 && gap < 1e-4, "{gap}");
    }
}

/// Gradients so small that they would all be zero in half precision, without a scale.
#[test]
fn mixed_convolutions_are_those_of_rounded_values() {
    let geometry = ConvGeometry::same(3, 2);
    let (input, weight, grad) = (noise([2, 5, 9, 11], 3.0), noise([4, 5, 3, 3], 0.1), noise([2, 4, 9, 11], 1e-9));
    let values = |tensor: &FlexTensor| FlexValues::of(tensor).unwrap().slice().to_vec();
    let half = |of: &FlexTensor| tensor(half::rounded(&values(of)), dims(of));
    let scaled = tensor(half::rounded_to_scale(&values(&grad)), dims(&grad));
    let all = |precision, [input, weight, grad]: [&FlexTensor; 3]| {
        let [input, weight, grad] = [input, weight, grad].map(Clone::clone);
        let output = Flex::atrous_conv2d(input.clone(), weight.clone(), geometry, precision);
        let gradients = Flex::atrous_conv2d_gradients(input, weight, grad, geometry, precision, [true; 2]);
        let [of_input, of_weight] = gradients.map(Option::unwrap);
        [output, of_input, of_weight].map(|tensor| values(&tensor))
    };
    let mixed = all(Precision::Mixed, [&input, &weight, &grad]);
    assert_eq!(mixed, all(Precision::Single, [&half(&input), &half(&weight), &scaled]));
    for (mixed, single) in mixed.iter().zip(all(Precision::Single, [&input, &weight, &grad])) {
        let peak = single.iter().fold(0f32, |peak, value| peak.max(value.abs()));
        let gap = mixed.iter().zip(&single).fold(0f32, |gap, (a, b)| gap.max((a - b).abs()));
        assert!(gap > 0.0 && gap < 1e-3 * peak, "{gap} of {peak}");
    }
}

#[test]
fn only_wanted_gradients_are_made() {
    let geometry = ConvGeometry::same(3, 1);
    for bits in [DType::F32, DType::F64] {
        let [input, weight, grad] = [noise([1, 2, 4, 4], 1.0), noise([3, 2, 3, 3], 1.0), noise([1, 3, 4, 4], 1.0)]
            .map(|of| Flex::float_cast(of, bits.into()));
        for wanted in [[true, true], [true, false], [false, true], [false, false]] {
            let (input, weight, grad) = (input.clone(), weight.clone(), grad.clone());
            let made = Flex::atrous_conv2d_gradients(input, weight, grad, geometry, Precision::Single, wanted);
            assert_eq!(made.each_ref().map(Option::is_some), wanted);
            let sizes = made.map(|of| of.map(|of| dims(&of)));
            assert_eq!(sizes, [wanted[0].then_some([1, 2, 4, 4]), wanted[1].then_some([3, 2, 3, 3])]);
        }
    }
}

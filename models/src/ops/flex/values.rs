//! What the CPU's kernels read and write: the memory of flex's tensors.

use burn::backend::Flex;
use burn::backend::tensor::IntTensor;
use burn::tensor::{DType, TensorData};

use super::Floats;
use crate::Precision;
use crate::kernels::half;
use crate::kernels::norm::Affine;
use crate::ops::kernels::ChannelMap;

/// A tensor whose values lie in memory in row-major order.
pub(super) struct Values(Floats);

impl Values {
    pub(super) fn of(tensor: Floats) -> Self {
        Self(tensor.to_contiguous())
    }

    pub(super) fn slice(&self) -> &[f32] {
        self.0.as_slice::<f32>().expect("a contiguous tensor of 32-bit floats")
    }

    /// As a map or weights of a product.
    pub(super) fn side(self, precision: Precision) -> Side {
        match precision {
            Precision::Single => Side::AsIs(self),
            Precision::Mixed => Side::Rounded(half::rounded(self.slice())),
        }
    }

    /// As the gradient of a map.
    pub(super) fn scaled_side(self, precision: Precision) -> Side {
        match precision {
            Precision::Single => Side::AsIs(self),
            Precision::Mixed => Side::Rounded(half::rounded_to_scale(self.slice())),
        }
    }
}

/// One side of a convolution's products.
pub(super) enum Side {
    AsIs(Values),
    Rounded(Vec<f32>),
}

impl Side {
    pub(super) fn slice(&self) -> &[f32] {
        match self {
            Side::AsIs(values) => values.slice(),
            Side::Rounded(values) => values,
        }
    }
}

/// Whether values have 64 bits.
pub(super) fn is_double(tensor: &Floats) -> bool {
    tensor.dtype() == DType::F64
}

/// A channel map whose values lie in memory.
pub(super) struct Map([Values; 3]);

impl Map {
    pub(super) fn of(map: ChannelMap<Flex>) -> Self {
        Self([map.mean, map.scale, map.offset].map(Values::of))
    }

    pub(super) fn affine(&self) -> Affine<'_> {
        let [mean, scale, offset] = &self.0;
        Affine { mean: mean.slice(), scale: scale.slice(), offset: offset.slice() }
    }
}

pub(super) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Floats {
    Floats::from_data(TensorData::new(values, shape))
}

pub(super) fn labels(tensor: IntTensor<Flex>) -> Vec<i64> {
    tensor.into_data().iter::<i64>().collect()
}

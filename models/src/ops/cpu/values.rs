//! What the kernels of the CPU backend read and write: the memory of flex's tensors.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{DType, Shape, TensorData};

/// A tensor of floats of the CPU backend.
pub type FlexTensor = FloatTensor<Flex>;

/// The values of a tensor, 32 bits each, in row-major order.
pub struct FlexValues(FlexTensor);

impl FlexValues {
    /// Returns the values of a tensor; `None` where they have other than 32 bits.
    ///
    /// This is the one place that sends tensors of 64 bits to the operations composed of burn's.
    pub fn of(tensor: &FlexTensor) -> Option<Self> {
        (tensor.dtype() == DType::F32).then(|| Self(tensor.to_contiguous()))
    }

    pub fn slice(&self) -> &[f32] {
        self.0.as_slice::<f32>().expect("a contiguous tensor of 32-bit floats")
    }
}

/// Returns a tensor of values in row-major order.
pub fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.into()))
}

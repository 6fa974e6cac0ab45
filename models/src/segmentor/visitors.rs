//! What is done to or learnt of every tensor of a network.

use burn::tensor::{FloatDType, Gradients, Tensor};

use crate::module::{Role, Visitor};
use crate::precision::Precision;

/// Sets the precision of every convolution.
pub(super) struct SetPrecision(pub Precision);

impl Visitor for SetPrecision {
    fn weight(&mut self, _: &str, _: &mut Tensor<4>) {}
    fn vector(&mut self, _: &str, _: Role, _: &mut Tensor<1>) {}
    fn precision(&mut self, precision: &mut Precision) {
        *precision = self.0;
    }
}

/// Takes the gradients from parameters.
pub(super) struct MakeConstants {
    /// Whether they go together with inputs that have gradients.
    pub autodiff: bool,
    /// The precision that they are converted to; `None` leaves them as they are.
    pub bits: Option<FloatDType>,
}

impl MakeConstants {
    fn of<const D: usize>(&self, tensor: &Tensor<D>) -> Tensor<D> {
        let constant = tensor.clone().without_autodiff();
        let constant = match self.bits {
            Some(bits) => constant.cast(bits),
            None => constant,
        };
        if self.autodiff { constant.autodiff() } else { constant }
    }
}

impl Visitor for MakeConstants {
    fn precision(&mut self, precision: &mut Precision) {
        *precision = Precision::Single;
    }

    fn weight(&mut self, _: &str, tensor: &mut Tensor<4>) {
        *tensor = self.of(tensor);
    }

    fn vector(&mut self, _: &str, _: Role, tensor: &mut Tensor<1>) {
        *tensor = self.of(tensor);
    }
}

/// Shows the gradient of every parameter that has one.
pub(super) struct ShowGradients<'a, F> {
    pub gradients: &'a Gradients,
    pub show: F,
}

impl<F: FnMut(&str, Vec<f32>)> ShowGradients<'_, F> {
    fn gradient<const D: usize>(&mut self, key: &str, tensor: &Tensor<D>) {
        if let Some(gradient) = tensor.grad(self.gradients) {
            (self.show)(key, gradient.into_data().iter::<f32>().collect());
        }
    }
}

impl<F: FnMut(&str, Vec<f32>)> Visitor for ShowGradients<'_, F> {
    fn weight(&mut self, key: &str, tensor: &mut Tensor<4>) {
        self.gradient(key, tensor);
    }

    fn vector(&mut self, key: &str, _: Role, tensor: &mut Tensor<1>) {
        self.gradient(key, tensor);
    }
}

/// Counts learned values.
pub(super) struct CountParameters(pub usize);

impl Visitor for CountParameters {
    fn weight(&mut self, _: &str, tensor: &mut Tensor<4>) {
        self.0 += tensor.dims().iter().product::<usize>();
    }

    fn vector(&mut self, _: &str, role: Role, tensor: &mut Tensor<1>) {
        if role == Role::Parameter {
            self.0 += tensor.dims()[0];
        }
    }
}

//! The kernel of the CPU backend: one pass over the values.

use burn::backend::{Flex, TensorMetadata};
use pulp::Arch;
use rayon::prelude::*;

use super::MomentumStepKernels;
use super::options::MomentumOptions;
use crate::ops::cpu::buffer::written;
use crate::ops::cpu::values::{FlexTensor, FlexValues, tensor};

impl MomentumStepKernels for Flex {
    fn momentum_step(
        values: &FlexTensor,
        gradient: &FlexTensor,
        velocities: &FlexTensor,
        options: MomentumOptions,
    ) -> Option<[FlexTensor; 2]> {
        let (given, gradient, velocities) =
            (FlexValues::of(values)?, FlexValues::of(gradient)?, FlexValues::of(velocities)?);
        let (moved, faster) = step(given.slice(), gradient.slice(), velocities.slice(), options);
        Some([moved, faster].map(|of| tensor(of, values.shape())))
    }
}

/// Values per task.
const RUN: usize = 1 << 14;

/// Returns values and velocities after a step: `v = momentum * v + (gradient + weight_decay * w)`,
/// then `w = w - lr * v`.
pub fn step(values: &[f32], gradient: &[f32], velocities: &[f32], options: MomentumOptions) -> (Vec<f32>, Vec<f32>) {
    assert_eq!(values.len(), gradient.len(), "values and gradient");
    assert_eq!(values.len(), velocities.len(), "values and velocities");
    let MomentumOptions { lr, momentum, weight_decay } = options;
    let arch = Arch::new();
    let mut faster = Vec::new();
    // SAFETY: all slices have one length, and every value of every run is written.
    let moved = unsafe {
        written(values.len(), |moved| {
            faster = written(values.len(), |faster| {
                let given = values.par_chunks(RUN).zip(gradient.par_chunks(RUN)).zip(velocities.par_chunks(RUN));
                let results = moved.par_chunks_mut(RUN).zip(faster.par_chunks_mut(RUN));
                results.zip(given).for_each(|((moved, faster), ((values, gradient), velocities))| {
                    arch.dispatch(|| {
                        let given = values.iter().zip(gradient).zip(velocities);
                        for ((moved, faster), ((w, g), v)) in moved.iter_mut().zip(faster).zip(given) {
                            let velocity = v * momentum + (g + w * weight_decay);
                            faster.write(velocity);
                            moved.write(w - velocity * lr);
                        }
                    });
                });
            });
        })
    };
    (moved, faster)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_steps_follow_the_definition() {
        let options = MomentumOptions { lr: 0.5, momentum: 0.25, weight_decay: 2.0 };
        let (w, v) = step(&[1.0, -1.0], &[3.0, 0.0], &[0.0, 0.0], options);
        assert_eq!((&w[..], &v[..]), (&[-1.5, 0.0][..], &[5.0, -2.0][..]));
        let (w, v) = step(&w, &[1.0, 1.0], &v, options);
        assert_eq!((&w[..], &v[..]), (&[-1.125, -0.25][..], &[-0.75, 0.5][..]));
    }

    #[test]
    fn long_tensors_are_covered() {
        let count = 2 * RUN + 5;
        let options = MomentumOptions { lr: 1.0, momentum: 1.0, weight_decay: 0.0 };
        let (w, v) = step(&vec![3.0; count], &vec![1.0; count], &vec![1.0; count], options);
        assert!(w.iter().all(|w| *w == 1.0) && v.iter().all(|v| *v == 2.0) && w.len() == count);
    }
}

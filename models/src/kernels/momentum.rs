//! A step of stochastic gradient descent with momentum, in one pass over the values.

use pulp::Arch;
use rayon::prelude::*;

use super::buffer::written;

/// The constants of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MomentumStep {
    pub lr: f32,
    pub momentum: f32,
    pub weight_decay: f32,
}

/// Values per task.
const RUN: usize = 1 << 14;

/// Returns values and velocities after a step: `v = momentum * v + (gradient + weight_decay * w); w = w - lr * v`.
pub fn step(values: &[f32], gradient: &[f32], velocities: &[f32], by: MomentumStep) -> (Vec<f32>, Vec<f32>) {
    assert_eq!(values.len(), gradient.len(), "values and gradient");
    assert_eq!(values.len(), velocities.len(), "values and velocities");
    let MomentumStep { lr, momentum, weight_decay } = by;
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
        let by = MomentumStep { lr: 0.5, momentum: 0.25, weight_decay: 2.0 };
        let (w, v) = step(&[1.0, -1.0], &[3.0, 0.0], &[0.0, 0.0], by);
        assert_eq!((&w[..], &v[..]), (&[-1.5, 0.0][..], &[5.0, -2.0][..]));
        let (w, v) = step(&w, &[1.0, 1.0], &v, by);
        assert_eq!((&w[..], &v[..]), (&[-1.125, -0.25][..], &[-0.75, 0.5][..]));
    }

    #[test]
    fn long_tensors_are_covered() {
        let count = 2 * RUN + 5;
        let by = MomentumStep { lr: 1.0, momentum: 1.0, weight_decay: 0.0 };
        let (w, v) = step(&vec![3.0; count], &vec![1.0; count], &vec![1.0; count], by);
        assert!(w.iter().all(|w| *w == 1.0) && v.iter().all(|v| *v == 2.0) && w.len() == count);
    }
}

//! What the kernels of the GPU backend have in common.

pub(super) mod launch;
pub(super) mod maps;
#[cfg(test)]
pub(super) mod tests;

//! SIMD kernels: matrix product, attention, normalisation and softmax over slices.

//! What the CPU can do at best: arithmetic in registers, copies of memory.

use std::hint::black_box;

use nar4rec_kernels::{Isa, burst_multiply_adds, dot4_burst, fma_burst};

use crate::{Benchmark, Work, noise};

/// Rounds of a burst: some microseconds.
const ROUNDS: usize = 1000;

/// Kilobytes that are copied, source and destination together: within the first, second and third cache of most CPUs, and
/// beyond them.
pub(crate) const COPIES: [usize; 4] = [24, 384, 8 << 10, 256 << 10];

/// The copy whose memory is at least as much as `set` bytes.
pub(crate) fn copy_of(set: usize) -> String {
    let size = COPIES.into_iter().find(|size| size << 10 >= set).unwrap_or(COPIES[COPIES.len() - 1]);
    format!("peak/copy/{size}")
}

/// Multiply-adds of `f32`.
pub(crate) fn fma(isa: Isa) -> Benchmark {
    // s ← 3 − s, twice, is s.
    assert_eq!(fma_burst(isa, ROUNDS), fma_burst(isa, 2));
    let operations = 2 * ROUNDS * burst_multiply_adds(isa);
    let run = move || {
        black_box(fma_burst(isa, black_box(ROUNDS)));
    };
    Benchmark { work: Work::Operations(operations as f64), peak: None, run: Box::new(run) }
}

/// Multiply-adds of bytes.
pub(crate) fn dot4(isa: Isa) -> Benchmark {
    // Twice the same rounds give the same sum, and another round another.
    assert_eq!(dot4_burst(isa, ROUNDS), dot4_burst(isa, ROUNDS));
    assert_ne!(dot4_burst(isa, 1), dot4_burst(isa, 2));
    let operations = 8 * ROUNDS * burst_multiply_adds(isa);
    let run = move || {
        black_box(dot4_burst(isa, black_box(ROUNDS)));
    };
    Benchmark { work: Work::Operations(operations as f64), peak: None, run: Box::new(run) }
}

/// A copy, read and written so many kilobytes in all.
pub(crate) fn copy(kilobytes: usize) -> Benchmark {
    let numbers = (kilobytes << 10) / (2 * size_of::<f32>());
    let (from, mut to) = (noise(numbers, 1), vec![0.0_f32; numbers]);
    to.copy_from_slice(&from);
    assert_eq!(from, to);
    let run = move || black_box(&mut to).copy_from_slice(black_box(&from));
    Benchmark { work: Work::Bytes((kilobytes << 10) as f64), peak: None, run: Box::new(run) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_the_copy_it_fits_into() {
        assert_eq!(copy_of(1), "peak/copy/24");
        assert_eq!(copy_of(24 << 10), "peak/copy/24");
        assert_eq!(copy_of((24 << 10) + 1), "peak/copy/384");
        assert_eq!(copy_of(usize::MAX), format!("peak/copy/{}", 256 << 10));
    }
}

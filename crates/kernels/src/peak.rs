//! What the CPU can do at best: bursts of multiply-adds that read and write nothing but registers.
//!
//! ```text
//!   fma_burst    every round  s_i ← s_i·a + b                         for each of the accumulators s_i
//!   dot4_burst   every round  t_i ← t_i + Σ over the four bytes of t_{i+1} · w, those of t_{i+1} without a sign
//! ```
//!
//! The accumulators are as many as a tile of the matrix product has and wait for each other nowhere, so all units that
//! multiply are busy all the time. A kernel's speed is told as a share of this. What comes out depends on every operation, and
//! the factors are known at run time only, so that nothing can be left out.
//!
//! Where bytes are multiplied by several instructions, a product of matrices shares some of them between rows and columns and
//! may be a few per cent faster than this.

use std::hint::black_box;

use crate::{
    isa::{ByteKernel, Isa, Kernel},
    simd::{Bytes, Simd},
};

/// Multiply-adds of one number each that a round of [`fma_burst`] does; a round of [`dot4_burst`] does four times as many.
pub fn burst_multiply_adds(isa: Isa) -> usize {
    let (lanes, rows) = isa.tile();
    accumulators(rows) * lanes
}

/// Of a tile of two vectors a row, with a few registers to spare for the factors.
const fn accumulators(tile_rows: usize) -> usize {
    match tile_rows {
        0..=3 => 6,
        4..=6 => 12,
        _ => 24,
    }
}

/// Runs rounds of multiply-adds of `f32`: s ← 3 − s, accumulator i beginning at i/2. Returns the sum of all lanes.
pub fn fma_burst(isa: Isa, rounds: usize) -> f32 {
    struct Burst(usize);
    impl Kernel for Burst {
        type Output = f32;
        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> f32 {
            match accumulators(S::TILE_ROWS) {
                6 => floats::<S, 6>(s, self.0),
                12 => floats::<S, 12>(s, self.0),
                _ => floats::<S, 24>(s, self.0),
            }
        }
    }
    isa.run(Burst(rounds))
}

#[inline(always)]
fn floats<S: Simd, const N: usize>(s: S, rounds: usize) -> f32 {
    let (factor, term) = (s.splat(black_box(-1.0)), s.splat(black_box(3.0)));
    let mut sums: [S::F32; N] = std::array::from_fn(|i| s.splat(i as f32 / 2.0));
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = s.fma(*sum, factor, term);
        }
    }
    let mut total = s.splat(0.0);
    for sum in sums {
        total = s.add(total, sum);
    }
    s.sum(total)
}

/// Where accumulator i of [`dot4_burst`] begins.
const fn first(i: usize) -> [u8; 4] {
    [i as u8, 7, 3, 0]
}

/// What [`dot4_burst`] multiplies by: no sum changes by more than 510 in a round.
const WEIGHTS: [i8; 4] = [1, -1, 1, -1];

/// More rounds than this could overflow a sum.
const MOST_ROUNDS: usize = 1 << 20;

/// Runs rounds of `Bytes::dot4`, every accumulator adding products of its neighbour's bytes. Returns the sum of all lanes, up
/// to rounding.
///
/// # Panics
/// If the rounds are more than a million.
pub fn dot4_burst(isa: Isa, rounds: usize) -> i32 {
    struct Burst(usize);
    impl ByteKernel for Burst {
        type Output = i32;
        #[inline(always)]
        fn run<S: Bytes>(self, s: S) -> i32 {
            match accumulators(S::TILE_ROWS) {
                6 => bytes::<S, 6>(s, self.0),
                12 => bytes::<S, 12>(s, self.0),
                _ => bytes::<S, 24>(s, self.0),
            }
        }
    }
    assert!(rounds <= MOST_ROUNDS, "{rounds} rounds, at most {MOST_ROUNDS}");
    isa.run_bytes(Burst(rounds))
}

#[inline(always)]
fn bytes<S: Bytes, const N: usize>(s: S, rounds: usize) -> i32 {
    let weights = s.splat_bytes(black_box(WEIGHTS.map(|weight| weight as u8)));
    let mut sums: [S::I32; N] = std::array::from_fn(|i| s.splat_bytes(black_box(first(i))));
    for _ in 0..rounds {
        for i in 0..N {
            sums[i] = s.dot4(sums[i], sums[(i + 1) % N], weights);
        }
    }
    let mut total = s.splat(0.0);
    for sum in sums {
        total = s.add(total, s.to_f32(sum));
    }
    s.sum(total) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::isas_under_test;

    #[test]
    fn a_burst_of_floats_is_the_naive_sum() {
        for isa in isas_under_test() {
            let (lanes, rows) = isa.tile();
            for rounds in [0, 1, 2, 3, 1001] {
                let lane = |i: usize| (0..rounds).fold(i as f64 / 2.0, |s, _| 3.0 - s);
                let expected: f64 = (0..accumulators(rows)).map(lane).sum::<f64>() * lanes as f64;
                assert_eq!(f64::from(fma_burst(isa, rounds)), expected, "{} {rounds}", isa.name());
            }
        }
    }

    #[test]
    fn a_burst_of_bytes_is_the_naive_sum() {
        let products = |sum: i32| {
            let products = sum.to_le_bytes().into_iter().zip(WEIGHTS).map(|(a, b)| i32::from(a) * i32::from(b));
            products.sum::<i32>()
        };
        for isa in isas_under_test() {
            let (lanes, rows) = isa.tile();
            let count = accumulators(rows);
            // The sum of all lanes is one of f32.
            for rounds in [0, 1, 2, 3, 10] {
                let mut sums: Vec<i32> = (0..count).map(|i| i32::from_le_bytes(first(i))).collect();
                for i in (0..rounds).flat_map(|_| 0..count) {
                    sums[i] += products(sums[(i + 1) % count]);
                }
                let lane: i64 = sums.into_iter().map(i64::from).sum();
                let found = i64::from(dot4_burst(isa, rounds));
                let error = (found - lane * lanes as i64).abs() as f64;
                assert!(error <= 1e-6 * (lane * lanes as i64).abs() as f64, "{} {rounds}: {found}", isa.name());
            }
        }
    }

    #[test]
    fn a_round_is_counted_as_it_is_done() {
        for isa in isas_under_test() {
            let (lanes, rows) = isa.tile();
            let most = 2 * rows * lanes;
            assert!((1..=most).contains(&burst_multiply_adds(isa)), "{}: no more than a tile", isa.name());
        }
    }
}

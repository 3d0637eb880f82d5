//! Eight lanes in plain Rust: runs everywhere, and the compiler vectorises what it can.

use std::array::from_fn;

use crate::simd::{Bytes, Simd};

/// Needs no particular instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Portable;

impl Simd for Portable {
    type F32 = [f32; 8];
    const LANES: usize = 8;
    const TILE_ROWS: usize = 3;

    #[inline(always)]
    fn splat(self, value: f32) -> [f32; 8] {
        [value; 8]
    }
    #[inline(always)]
    fn load(self, from: &[f32]) -> [f32; 8] {
        from_fn(|i| from[..8][i])
    }
    #[inline(always)]
    fn load_partial(self, from: &[f32]) -> [f32; 8] {
        from_fn(|i| from.get(i).copied().unwrap_or(0.0))
    }
    #[inline(always)]
    fn store(self, vector: [f32; 8], to: &mut [f32]) {
        to[..8].copy_from_slice(&vector);
    }
    #[inline(always)]
    fn store_partial(self, vector: [f32; 8], to: &mut [f32]) {
        let count = to.len().min(8);
        to[..count].copy_from_slice(&vector[..count]);
    }
    #[inline(always)]
    fn add(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        from_fn(|i| a[i] + b[i])
    }
    #[inline(always)]
    fn sub(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        from_fn(|i| a[i] - b[i])
    }
    #[inline(always)]
    fn mul(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        from_fn(|i| a[i] * b[i])
    }
    #[inline(always)]
    fn div(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        from_fn(|i| a[i] / b[i])
    }
    /// Rounds twice: a fused product without the instruction is a slow library call.
    #[inline(always)]
    fn fma(self, a: [f32; 8], b: [f32; 8], c: [f32; 8]) -> [f32; 8] {
        from_fn(|i| a[i] * b[i] + c[i])
    }
    #[inline(always)]
    fn max(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    fn min(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        from_fn(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    fn sqrt(self, a: [f32; 8]) -> [f32; 8] {
        a.map(f32::sqrt)
    }
    /// Adding and subtracting 1.5·2²³ leaves the nearest integer, for |a| below 2²².
    #[inline(always)]
    fn round(self, a: [f32; 8]) -> [f32; 8] {
        const MAGIC: f32 = 12_582_912.0;
        a.map(|a| (a + MAGIC) - MAGIC)
    }
    #[inline(always)]
    fn scale_by_power(self, a: [f32; 8], n: [f32; 8]) -> [f32; 8] {
        from_fn(|i| a[i] * f32::from_bits(((n[i].clamp(-126.0, 127.0) as i32 + 127) as u32) << 23))
    }
    #[inline(always)]
    fn transpose(self, from: &[f32], from_stride: usize, to: &mut [f32], to_stride: usize) {
        for i in 0..8 {
            for (j, number) in from[i * from_stride..][..8].iter().enumerate() {
                to[j * to_stride + i] = *number;
            }
        }
    }
    #[inline(always)]
    fn where_positive(self, test: [f32; 8], value: [f32; 8]) -> [f32; 8] {
        from_fn(|i| if test[i] > 0.0 { value[i] } else { 0.0 })
    }
    #[inline(always)]
    fn prefetch(self, _: *const f32) {}
    #[inline(always)]
    fn sum(self, a: [f32; 8]) -> f32 {
        ((a[0] + a[4]) + (a[1] + a[5])) + ((a[2] + a[6]) + (a[3] + a[7]))
    }
    #[inline(always)]
    fn greatest(self, a: [f32; 8]) -> f32 {
        a.into_iter().fold(f32::NEG_INFINITY, |best, a| if a > best { a } else { best })
    }
}

impl Bytes for Portable {
    type I32 = [i32; 8];

    #[inline(always)]
    fn load_i32(self, from: &[i32]) -> [i32; 8] {
        from_fn(|i| from[..8][i])
    }
    #[inline(always)]
    fn splat_bytes(self, four: [u8; 4]) -> [i32; 8] {
        [i32::from_le_bytes(four); 8]
    }
    #[inline(always)]
    fn load_bytes(self, from: &[i8]) -> [i32; 8] {
        let from = &from[..32];
        from_fn(|i| i32::from_le_bytes(from_fn(|j| from[4 * i + j] as u8)))
    }
    #[inline(always)]
    fn dot4(self, sum: [i32; 8], a: [i32; 8], b: [i32; 8]) -> [i32; 8] {
        from_fn(|i| {
            let (a, b) = (a[i].to_le_bytes(), b[i].to_le_bytes().map(|byte| byte as i8));
            sum[i] + (0..4).map(|j| i32::from(a[j]) * i32::from(b[j])).sum::<i32>()
        })
    }
    #[inline(always)]
    fn to_f32(self, a: [i32; 8]) -> [f32; 8] {
        a.map(|a| a as f32)
    }
    #[inline(always)]
    fn store_offset_bytes(self, a: [f32; 8], to: &mut [u8]) {
        for (to, a) in to[..8].iter_mut().zip(self.round(a)) {
            *to = (a as i32 + 128) as u8;
        }
    }
}

//! AVX2 with FMA: eight lanes, sixteen registers.

use std::arch::x86_64::*;

use crate::{
    isa::{ByteKernel, Kernel},
    simd::{Bytes, Simd},
};

/// Proof that the CPU has AVX2 and FMA: only [`Avx2::new`] makes one, after asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// The token, if the CPU has the instructions.
    pub(crate) fn new() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }

    /// Runs `kernel` in a function compiled with AVX2 and FMA.
    #[inline]
    pub(crate) fn enter<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx2,fma")]
        fn compiled<K: Kernel>(token: Avx2, kernel: K) -> K::Output {
            kernel.run(token)
        }
        // SAFETY: the token exists, so the CPU has AVX2 and FMA.
        unsafe { compiled(self, kernel) }
    }

    /// Runs `kernel` in a function compiled with AVX2 and FMA.
    #[inline]
    pub(crate) fn enter_bytes<K: ByteKernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx2,fma")]
        fn compiled<K: ByteKernel>(token: Avx2, kernel: K) -> K::Output {
            kernel.run(token)
        }
        // SAFETY: the token exists, so the CPU has AVX2 and FMA.
        unsafe { compiled(self, kernel) }
    }

    /// A mask whose first `count` lanes are set.
    #[inline(always)]
    fn mask(self, count: usize) -> __m256i {
        const BITS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
        let from = &BITS[8 - count.min(8)..];
        // SAFETY: `from` starts at 0..=8 of 16 numbers, so eight are readable; the token proves AVX2.
        unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
    }
}

/// Wraps intrinsics that read and write registers only.
macro_rules! registers {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident),+) = $body:expr;)+) => {$(
        $(#[$doc])*
        #[inline(always)]
        fn $name(self, $($arg: __m256),+) -> __m256 {
            // SAFETY: register operations; the token proves AVX2 and FMA.
            unsafe { $body }
        }
    )+};
}

impl Simd for Avx2 {
    type F32 = __m256;
    const LANES: usize = 8;
    const TILE_ROWS: usize = 6;

    registers! {
        fn add(a, b) = _mm256_add_ps(a, b);
        fn sub(a, b) = _mm256_sub_ps(a, b);
        fn mul(a, b) = _mm256_mul_ps(a, b);
        fn div(a, b) = _mm256_div_ps(a, b);
        fn fma(a, b, c) = _mm256_fmadd_ps(a, b, c);
        fn max(a, b) = _mm256_max_ps(a, b);
        fn min(a, b) = _mm256_min_ps(a, b);
        fn sqrt(a) = _mm256_sqrt_ps(a);
        fn round(a) = _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a);
        fn scale_by_power(a, n) = {
            let n = _mm256_min_ps(_mm256_set1_ps(127.0), _mm256_max_ps(_mm256_set1_ps(-126.0), n));
            let biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
            _mm256_mul_ps(a, _mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased)))
        };
        fn where_positive(test, value) =
            _mm256_and_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(test, _mm256_setzero_ps()), value);
    }

    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        // SAFETY: a register operation; the token proves AVX2.
        unsafe { _mm256_set1_ps(value) }
    }
    #[inline(always)]
    fn load(self, from: &[f32]) -> __m256 {
        let from = &from[..8];
        // SAFETY: eight numbers are readable at `from`; the token proves AVX2.
        unsafe { _mm256_loadu_ps(from.as_ptr()) }
    }
    #[inline(always)]
    fn load_partial(self, from: &[f32]) -> __m256 {
        // SAFETY: only the lanes within `from` are read; the token proves AVX2.
        unsafe { _mm256_maskload_ps(from.as_ptr(), self.mask(from.len())) }
    }
    #[inline(always)]
    fn store(self, vector: __m256, to: &mut [f32]) {
        let to = &mut to[..8];
        // SAFETY: eight numbers are writable at `to`; the token proves AVX2.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), vector) }
    }
    #[inline(always)]
    fn store_partial(self, vector: __m256, to: &mut [f32]) {
        // SAFETY: only the lanes within `to` are written; the token proves AVX2.
        unsafe { _mm256_maskstore_ps(to.as_mut_ptr(), self.mask(to.len()), vector) }
    }
    #[inline(always)]
    fn transpose(self, from: &[f32], from_stride: usize, to: &mut [f32], to_stride: usize) {
        let rows: [__m256; 8] = std::array::from_fn(|i| self.load(&from[i * from_stride..]));
        // SAFETY: register operations; the token proves AVX2.
        let columns = unsafe {
            // Pairs of rows interleaved: in each half, numbers (0 1) low or (2 3) high of rows 2i and 2i + 1.
            let low: [__m256; 4] = std::array::from_fn(|i| _mm256_unpacklo_ps(rows[2 * i], rows[2 * i + 1]));
            let high: [__m256; 4] = std::array::from_fn(|i| _mm256_unpackhi_ps(rows[2 * i], rows[2 * i + 1]));
            // One column of four rows in each half: column j and, in the upper half, column j + 4.
            let four = |a: __m256, b: __m256| [_mm256_shuffle_ps::<0x44>(a, b), _mm256_shuffle_ps::<0xee>(a, b)];
            let [t0, t1] = four(low[0], low[1]);
            let [t2, t3] = four(high[0], high[1]);
            let [b0, b1] = four(low[2], low[3]);
            let [b2, b3] = four(high[2], high[3]);
            let lower = |a, b| _mm256_permute2f128_ps::<0x20>(a, b);
            let upper = |a, b| _mm256_permute2f128_ps::<0x31>(a, b);
            let (top, bottom) = ([t0, t1, t2, t3], [b0, b1, b2, b3]);
            let half = |j: usize| if j < 4 { lower(top[j], bottom[j]) } else { upper(top[j - 4], bottom[j - 4]) };
            [half(0), half(1), half(2), half(3), half(4), half(5), half(6), half(7)]
        };
        for (j, column) in columns.into_iter().enumerate() {
            self.store(column, &mut to[j * to_stride..]);
        }
    }
    #[inline(always)]
    fn prefetch(self, address: *const f32) {
        // SAFETY: a prefetch never faults, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(address.cast()) }
    }
    #[inline(always)]
    fn sum(self, a: __m256) -> f32 {
        // SAFETY: register operations; the token proves AVX2.
        unsafe {
            let half = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
            let pair = _mm_add_ps(half, _mm_movehl_ps(half, half));
            _mm_cvtss_f32(_mm_add_ss(pair, _mm_shuffle_ps::<1>(pair, pair)))
        }
    }
    #[inline(always)]
    fn greatest(self, a: __m256) -> f32 {
        // SAFETY: register operations; the token proves AVX2.
        unsafe {
            let half = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
            let pair = _mm_max_ps(half, _mm_movehl_ps(half, half));
            _mm_cvtss_f32(_mm_max_ss(pair, _mm_shuffle_ps::<1>(pair, pair)))
        }
    }
}

impl Bytes for Avx2 {
    type I32 = __m256i;

    #[inline(always)]
    fn load_i32(self, from: &[i32]) -> __m256i {
        let from = &from[..8];
        // SAFETY: eight numbers are readable at `from`; the token proves AVX2.
        unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
    }
    #[inline(always)]
    fn splat_bytes(self, four: [u8; 4]) -> __m256i {
        // SAFETY: a register operation; the token proves AVX2.
        unsafe { _mm256_set1_epi32(i32::from_le_bytes(four)) }
    }
    #[inline(always)]
    fn load_bytes(self, from: &[i8]) -> __m256i {
        let from = &from[..32];
        // SAFETY: 32 bytes are readable at `from`; the token proves AVX2.
        unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
    }
    /// By bytes at even and at odd places, widened: the instruction that multiplies bytes would saturate.
    #[inline(always)]
    fn dot4(self, sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: register operations; the token proves AVX2.
        unsafe {
            let even = _mm256_madd_epi16(
                _mm256_and_si256(a, _mm256_set1_epi16(0xff)),
                _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(b)),
            );
            let odd = _mm256_madd_epi16(_mm256_srli_epi16::<8>(a), _mm256_srai_epi16::<8>(b));
            _mm256_add_epi32(sum, _mm256_add_epi32(even, odd))
        }
    }
    #[inline(always)]
    fn to_f32(self, a: __m256i) -> __m256 {
        // SAFETY: a register operation; the token proves AVX2.
        unsafe { _mm256_cvtepi32_ps(a) }
    }
    #[inline(always)]
    fn store_offset_bytes(self, a: __m256, to: &mut [u8]) {
        let to = &mut to[..8];
        // SAFETY: eight bytes are writable at `to`; the token proves AVX2.
        unsafe {
            let whole = _mm256_add_epi32(_mm256_cvtps_epi32(a), _mm256_set1_epi32(128));
            let words = _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256::<1>(whole));
            _mm_storel_epi64(to.as_mut_ptr().cast(), _mm_packus_epi16(words, words));
        }
    }
}

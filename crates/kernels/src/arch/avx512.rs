//! AVX-512 (F and BW): sixteen lanes, thirty-two registers, a mask for every partial load and store; with or without VNNI,
//! which multiplies bytes.

use std::arch::x86_64::*;

use crate::{
    isa::{ByteKernel, Kernel},
    simd::{Bytes, Simd},
};

/// Proof that the CPU has AVX-512F and BW, and what else `V` proves: only [`Avx512::new`] makes one, after asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx512<V = Plain>(V);

/// Nothing beyond F and BW.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plain(());

/// VNNI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Vnni(());

impl Avx512 {
    /// The token, if the CPU has the instructions.
    pub(crate) fn new() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")).then_some(Self(Plain(())))
    }

    /// Runs `kernel` in a function compiled with AVX-512F and BW.
    #[inline]
    pub(crate) fn enter<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx512f,avx512bw")]
        fn compiled<K: Kernel>(token: Avx512, kernel: K) -> K::Output {
            kernel.run(token)
        }
        // SAFETY: the token exists, so the CPU has AVX-512F and BW.
        unsafe { compiled(self, kernel) }
    }

    /// Runs `kernel` in a function compiled with AVX-512F and BW.
    #[inline]
    pub(crate) fn enter_bytes<K: ByteKernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx512f,avx512bw")]
        fn compiled<K: ByteKernel>(token: Avx512, kernel: K) -> K::Output {
            kernel.run(token)
        }
        // SAFETY: the token exists, so the CPU has AVX-512F and BW.
        unsafe { compiled(self, kernel) }
    }
}

impl Avx512<Vnni> {
    /// The token, if the CPU has the instructions.
    pub(crate) fn new() -> Option<Self> {
        Avx512::<Plain>::new().filter(|_| is_x86_feature_detected!("avx512vnni")).map(|_| Self(Vnni(())))
    }

    /// Without what VNNI adds: for kernels that multiply no bytes.
    pub(crate) fn plain(self) -> Avx512 {
        Avx512(Plain(()))
    }

    /// Runs `kernel` in a function compiled with AVX-512F, BW and VNNI.
    #[inline]
    pub(crate) fn enter_bytes<K: ByteKernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
        fn compiled<K: ByteKernel>(token: Avx512<Vnni>, kernel: K) -> K::Output {
            kernel.run(token)
        }
        // SAFETY: the token exists, so the CPU has AVX-512F, BW and VNNI.
        unsafe { compiled(self, kernel) }
    }
}

/// How four products of bytes are added to a lane.
pub(crate) trait Dot4: Copy + 'static {
    /// As [`Bytes::dot4`].
    fn dot4(self, sum: __m512i, a: __m512i, b: __m512i) -> __m512i;
}

impl Dot4 for Plain {
    /// By bytes at even and at odd places, widened.
    #[inline(always)]
    fn dot4(self, sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: register operations; a token with this proof proves AVX-512BW.
        unsafe {
            let even = _mm512_madd_epi16(
                _mm512_and_si512(a, _mm512_set1_epi16(0xff)),
                _mm512_srai_epi16::<8>(_mm512_slli_epi16::<8>(b)),
            );
            let odd = _mm512_madd_epi16(_mm512_srli_epi16::<8>(a), _mm512_srai_epi16::<8>(b));
            _mm512_add_epi32(sum, _mm512_add_epi32(even, odd))
        }
    }
}

impl Dot4 for Vnni {
    #[inline(always)]
    fn dot4(self, sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: a register operation; a token with this proof proves VNNI.
        unsafe { _mm512_dpbusd_epi32(sum, a, b) }
    }
}

impl<V: Dot4> Avx512<V> {
    /// A mask whose first `count` lanes are set.
    #[inline(always)]
    fn mask(self, count: usize) -> __mmask16 {
        ((1_u32 << count.min(16)) - 1) as __mmask16
    }
}

/// Wraps intrinsics that read and write registers only.
macro_rules! registers {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident),+) = $body:expr;)+) => {$(
        $(#[$doc])*
        #[inline(always)]
        fn $name(self, $($arg: __m512),+) -> __m512 {
            // SAFETY: register operations; the token proves AVX-512F.
            unsafe { $body }
        }
    )+};
}

impl<V: Dot4> Simd for Avx512<V> {
    type F32 = __m512;
    const LANES: usize = 16;
    const TILE_ROWS: usize = 14;

    registers! {
        fn add(a, b) = _mm512_add_ps(a, b);
        fn sub(a, b) = _mm512_sub_ps(a, b);
        fn mul(a, b) = _mm512_mul_ps(a, b);
        fn div(a, b) = _mm512_div_ps(a, b);
        fn fma(a, b, c) = _mm512_fmadd_ps(a, b, c);
        fn max(a, b) = _mm512_max_ps(a, b);
        fn min(a, b) = _mm512_min_ps(a, b);
        fn sqrt(a) = _mm512_sqrt_ps(a);
        fn round(a) = _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a);
        fn scale_by_power(a, n) = _mm512_scalef_ps(a, n);
        fn where_positive(test, value) =
            _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(test, _mm512_setzero_ps()), value);
    }

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        // SAFETY: a register operation; the token proves AVX-512F.
        unsafe { _mm512_set1_ps(value) }
    }
    #[inline(always)]
    fn load(self, from: &[f32]) -> __m512 {
        let from = &from[..16];
        // SAFETY: sixteen numbers are readable at `from`; the token proves AVX-512F.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }
    #[inline(always)]
    fn load_partial(self, from: &[f32]) -> __m512 {
        // SAFETY: only the lanes within `from` are read; the token proves AVX-512F.
        unsafe { _mm512_maskz_loadu_ps(self.mask(from.len()), from.as_ptr()) }
    }
    #[inline(always)]
    fn store(self, vector: __m512, to: &mut [f32]) {
        let to = &mut to[..16];
        // SAFETY: sixteen numbers are writable at `to`; the token proves AVX-512F.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), vector) }
    }
    #[inline(always)]
    fn store_partial(self, vector: __m512, to: &mut [f32]) {
        // SAFETY: only the lanes within `to` are written; the token proves AVX-512F.
        unsafe { _mm512_mask_storeu_ps(to.as_mut_ptr(), self.mask(to.len()), vector) }
    }
    #[inline(always)]
    fn transpose(self, from: &[f32], from_stride: usize, to: &mut [f32], to_stride: usize) {
        let rows: [__m512; 16] = std::array::from_fn(|i| self.load(&from[i * from_stride..]));
        // SAFETY: register operations; the token proves AVX-512F.
        let columns = unsafe { transposed(rows) };
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
    fn sum(self, a: __m512) -> f32 {
        // SAFETY: a register operation; the token proves AVX-512F.
        unsafe { _mm512_reduce_add_ps(a) }
    }
    #[inline(always)]
    fn greatest(self, a: __m512) -> f32 {
        // SAFETY: a register operation; the token proves AVX-512F.
        unsafe { _mm512_reduce_max_ps(a) }
    }
}

impl<V: Dot4> Bytes for Avx512<V> {
    type I32 = __m512i;

    #[inline(always)]
    fn load_i32(self, from: &[i32]) -> __m512i {
        let from = &from[..16];
        // SAFETY: sixteen numbers are readable at `from`; the token proves AVX-512F.
        unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
    }
    #[inline(always)]
    fn splat_bytes(self, four: [u8; 4]) -> __m512i {
        // SAFETY: a register operation; the token proves AVX-512F.
        unsafe { _mm512_set1_epi32(i32::from_le_bytes(four)) }
    }
    #[inline(always)]
    fn load_bytes(self, from: &[i8]) -> __m512i {
        let from = &from[..64];
        // SAFETY: 64 bytes are readable at `from`; the token proves AVX-512F.
        unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
    }
    #[inline(always)]
    fn dot4(self, sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        self.0.dot4(sum, a, b)
    }
    #[inline(always)]
    fn to_f32(self, a: __m512i) -> __m512 {
        // SAFETY: a register operation; the token proves AVX-512F.
        unsafe { _mm512_cvtepi32_ps(a) }
    }
    #[inline(always)]
    fn store_offset_bytes(self, a: __m512, to: &mut [u8]) {
        let to = &mut to[..16];
        // SAFETY: sixteen bytes are writable at `to`; the token proves AVX-512F.
        unsafe {
            let whole = _mm512_add_epi32(_mm512_cvtps_epi32(a), _mm512_set1_epi32(128));
            _mm_storeu_si128(to.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(whole));
        }
    }
}

/// The columns of sixteen rows: two steps within quarters of a register, two that move the quarters.
///
/// # Safety
/// The CPU must have AVX-512F.
#[inline(always)]
unsafe fn transposed(rows: [__m512; 16]) -> [__m512; 16] {
    // SAFETY: register operations; the caller vouches for AVX-512F.
    unsafe {
        // fours[4i + j]: in quarter q, column 4q + j of rows 4i..4i + 4.
        let mut fours = rows;
        for i in 0..4 {
            let [a, b, c, d] = [rows[4 * i], rows[4 * i + 1], rows[4 * i + 2], rows[4 * i + 3]];
            let (ab_low, ab_high) = (_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
            let (cd_low, cd_high) = (_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
            fours[4 * i] = _mm512_shuffle_ps::<0x44>(ab_low, cd_low);
            fours[4 * i + 1] = _mm512_shuffle_ps::<0xee>(ab_low, cd_low);
            fours[4 * i + 2] = _mm512_shuffle_ps::<0x44>(ab_high, cd_high);
            fours[4 * i + 3] = _mm512_shuffle_ps::<0xee>(ab_high, cd_high);
        }
        let mut columns = rows;
        for j in 0..4 {
            let [a, b, c, d] = [fours[j], fours[4 + j], fours[8 + j], fours[12 + j]];
            let (ab_even, ab_odd) = (_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xdd>(a, b));
            let (cd_even, cd_odd) = (_mm512_shuffle_f32x4::<0x88>(c, d), _mm512_shuffle_f32x4::<0xdd>(c, d));
            columns[j] = _mm512_shuffle_f32x4::<0x88>(ab_even, cd_even);
            columns[4 + j] = _mm512_shuffle_f32x4::<0x88>(ab_odd, cd_odd);
            columns[8 + j] = _mm512_shuffle_f32x4::<0xdd>(ab_even, cd_even);
            columns[12 + j] = _mm512_shuffle_f32x4::<0xdd>(ab_odd, cd_odd);
        }
        columns
    }
}

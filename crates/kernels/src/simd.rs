//! The operations the kernels are written in: one vector of `f32`, as wide as the instruction set allows.
//!
//! Every method is safe: a value of a type that implements [`Simd`] exists only if the CPU has the instructions. All are
//! `#[inline(always)]` and meant to be called inside `Kernel::run`, and so is every function over [`Simd`]: a function (or
//! closure) that is not inlined there would be compiled without the instructions. Loops are therefore written out, over
//! `chunks(S::LANES)`, with [`Simd::get`] and [`Simd::put`] for a last chunk that is short.

/// What products of narrow integers are written in, beside [`Simd`]: vectors of `i32`, each lane also four bytes.
pub(crate) trait Bytes: Simd {
    /// A vector of [`Simd::LANES`] numbers.
    type I32: Copy;

    /// The first [`Simd::LANES`] numbers of `from`.
    fn load_i32(self, from: &[i32]) -> Self::I32;
    /// Every lane the four bytes.
    fn splat_bytes(self, four: [u8; 4]) -> Self::I32;
    /// The first 4 · [`Simd::LANES`] bytes of `from`.
    fn load_bytes(self, from: &[i8]) -> Self::I32;
    /// sum + Σ over the four bytes of each lane of a · b, a's bytes without and b's with a sign. Exact.
    fn dot4(self, sum: Self::I32, a: Self::I32, b: Self::I32) -> Self::I32;
    /// As `f32`, rounded to nearest.
    fn to_f32(self, a: Self::I32) -> Self::F32;
    /// Writes round(a) + 128 of each lane, ties to even, to the first [`Simd::LANES`] bytes of `to`; |a| is at most 127.
    fn store_offset_bytes(self, a: Self::F32, to: &mut [u8]);

    /// The vector at `from`.
    ///
    /// # Safety
    /// 4 · [`Simd::LANES`] bytes must be readable at `from`.
    #[inline(always)]
    unsafe fn load_bytes_at(self, from: *const i8) -> Self::I32 {
        // SAFETY: the caller vouches for the extent.
        self.load_bytes(unsafe { std::slice::from_raw_parts(from, 4 * Self::LANES) })
    }
}

/// One instruction set's vector of `f32` and what can be done with it.
pub trait Simd: Copy + 'static {
    /// A vector of [`Simd::LANES`] numbers.
    type F32: Copy;
    /// Numbers in a vector.
    const LANES: usize;
    /// Rows of the matrix product's register tile (its columns are two vectors).
    const TILE_ROWS: usize;

    /// Every lane `value`.
    fn splat(self, value: f32) -> Self::F32;
    /// The first [`Simd::LANES`] numbers of `from`.
    fn load(self, from: &[f32]) -> Self::F32;
    /// The numbers of `from`, at most [`Simd::LANES`], and zero beyond them.
    fn load_partial(self, from: &[f32]) -> Self::F32;
    /// Writes to the first [`Simd::LANES`] numbers of `to`.
    fn store(self, vector: Self::F32, to: &mut [f32]);
    /// Writes the first `to.len()` lanes, at most [`Simd::LANES`].
    fn store_partial(self, vector: Self::F32, to: &mut [f32]);
    /// a + b.
    fn add(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// a − b.
    fn sub(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// a · b.
    fn mul(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// a / b.
    fn div(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// a · b + c, rounded once where the hardware can.
    fn fma(self, a: Self::F32, b: Self::F32, c: Self::F32) -> Self::F32;
    /// The greater of each pair.
    fn max(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// The lesser of each pair.
    fn min(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// The square root.
    fn sqrt(self, a: Self::F32) -> Self::F32;
    /// The nearest integer, ties to even.
    fn round(self, a: Self::F32) -> Self::F32;
    /// a · 2ⁿ for whole n: zero or a vanishing number where that is too small for a normal one, infinite or the greatest
    /// of its order where it is too large. a is between 0.5 and 2.
    fn scale_by_power(self, a: Self::F32, n: Self::F32) -> Self::F32;
    /// `value` where `test` > 0, otherwise zero.
    fn where_positive(self, test: Self::F32, value: Self::F32) -> Self::F32;
    /// Transposes a square of [`Simd::LANES`] rows and columns: number j of row i of `from` becomes number i of row j of `to`.
    /// Rows begin `from_stride` and `to_stride` numbers apart.
    fn transpose(self, from: &[f32], from_stride: usize, to: &mut [f32], to_stride: usize);
    /// Asks for the cache line at `address` to be brought into the second-level cache. Any address will do: nothing is read.
    fn prefetch(self, address: *const f32);
    /// The sum of all lanes, added pairwise.
    fn sum(self, a: Self::F32) -> f32;
    /// The greatest lane.
    fn greatest(self, a: Self::F32) -> f32;

    /// A chunk of at most [`Simd::LANES`] numbers, as `chunks(S::LANES)` gives them; zero beyond its end.
    #[inline(always)]
    fn get(self, chunk: &[f32]) -> Self::F32 {
        if chunk.len() >= Self::LANES { self.load(chunk) } else { self.load_partial(chunk) }
    }

    /// Writes a chunk of at most [`Simd::LANES`] numbers, as `chunks_mut(S::LANES)` gives them.
    #[inline(always)]
    fn put(self, vector: Self::F32, chunk: &mut [f32]) {
        if chunk.len() >= Self::LANES { self.store(vector, chunk) } else { self.store_partial(vector, chunk) }
    }

    /// Two vectors from a chunk of at most 2 · [`Simd::LANES`] numbers; zero beyond its end.
    #[inline(always)]
    fn get_pair(self, chunk: &[f32]) -> [Self::F32; 2] {
        if chunk.len() >= 2 * Self::LANES {
            return [self.load(chunk), self.load(&chunk[Self::LANES..])];
        }
        let (low, high) = chunk.split_at(chunk.len().min(Self::LANES));
        [self.load_partial(low), self.load_partial(high)]
    }

    /// Writes two vectors to a chunk of at most 2 · [`Simd::LANES`] numbers.
    #[inline(always)]
    fn put_pair(self, [low, high]: [Self::F32; 2], chunk: &mut [f32]) {
        if chunk.len() >= 2 * Self::LANES {
            self.store(low, chunk);
            self.store(high, &mut chunk[Self::LANES..]);
            return;
        }
        let (left, right) = chunk.split_at_mut(chunk.len().min(Self::LANES));
        self.store_partial(low, left);
        self.store_partial(high, right);
    }

    /// The vector at `from`.
    ///
    /// # Safety
    /// [`Simd::LANES`] numbers must be readable at `from`.
    #[inline(always)]
    unsafe fn load_at(self, from: *const f32) -> Self::F32 {
        // SAFETY: the caller vouches for the extent.
        self.load(unsafe { std::slice::from_raw_parts(from, Self::LANES) })
    }
}

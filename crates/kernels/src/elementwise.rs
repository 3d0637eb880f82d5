//! Sums, products and the optimiser's step: one pass over slices.

use crate::{
    isa::{Isa, Kernel},
    simd::Simd,
};

/// Defines a kernel over slices of one length as a function of vectors.
macro_rules! slice_kernel {
    ($(#[$doc:meta])* pub fn $name:ident($to:ident: &mut [f32], $from:ident: &[f32] $(, $k:ident: f32)*) |$s:ident| $body:expr) => {
        $(#[$doc])*
        ///
        /// # Panics
        /// If the slices differ in length.
        pub fn $name(isa: Isa, $to: &mut [f32], $from: &[f32] $(, $k: f32)*) {
            struct Run<'a>(&'a mut [f32], &'a [f32], ($(tag!($k),)*));
            impl Kernel for Run<'_> {
                type Output = ();
                #[inline(always)]
                fn run<S: Simd>(self, $s: S) {
                    let Self(to, from, ($($k,)*)) = self;
                    for (to, from) in to.chunks_mut(S::LANES).zip(from.chunks(S::LANES)) {
                        let ($to, $from) = ($s.get(to), $s.get(from));
                        $s.put($body, to);
                    }
                }
            }
            assert_eq!($to.len(), $from.len(), "slices of one length");
            isa.run(Run($to, $from, ($($k,)*)));
        }
    };
}

/// The type of a scalar argument.
macro_rules! tag {
    ($k:ident) => {
        f32
    };
}

slice_kernel! {
    /// `to += from`
    pub fn add(to: &mut [f32], from: &[f32]) |s| s.add(to, from)
}
slice_kernel! {
    /// `to *= from`
    pub fn multiply(to: &mut [f32], from: &[f32]) |s| s.mul(to, from)
}
slice_kernel! {
    /// `to += factor · from`
    pub fn axpy(to: &mut [f32], from: &[f32], factor: f32) |s| s.fma(s.splat(factor), from, to)
}

/// `values *= factor`
pub fn scale(isa: Isa, values: &mut [f32], factor: f32) {
    struct Run<'a>(&'a mut [f32], f32);
    impl Kernel for Run<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            for chunk in self.0.chunks_mut(S::LANES) {
                s.put(s.mul(s.get(chunk), s.splat(self.1)), chunk);
            }
        }
    }
    isa.run(Run(values, factor));
}

/// Σ a·b
///
/// # Panics
/// If the slices differ in length.
pub fn dot(isa: Isa, a: &[f32], b: &[f32]) -> f32 {
    struct Run<'a>(&'a [f32], &'a [f32]);
    impl Kernel for Run<'_> {
        type Output = f32;
        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> f32 {
            dot_of(s, self.0, self.1)
        }
    }
    assert_eq!(a.len(), b.len(), "slices of one length");
    isa.run(Run(a, b))
}

/// Σ a², for the norm of a gradient.
pub fn square_sum(isa: Isa, a: &[f32]) -> f32 {
    dot(isa, a, a)
}

/// Σ a·b within a kernel.
#[inline(always)]
pub(crate) fn dot_of<S: Simd>(s: S, a: &[f32], b: &[f32]) -> f32 {
    let mut sum = s.splat(0.0);
    for (a, b) in a.chunks(S::LANES).zip(b.chunks(S::LANES)) {
        sum = s.fma(s.get(a), s.get(b), sum);
    }
    s.sum(sum)
}

/// Adds every row of `rows` to `sums`: the gradient of a bias.
///
/// # Panics
/// If `rows` is not a whole number of rows as long as `sums`.
pub fn column_sums(isa: Isa, rows: &[f32], sums: &mut [f32]) {
    struct Run<'a>(&'a [f32], &'a mut [f32]);
    impl Kernel for Run<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            let Self(rows, sums) = self;
            for row in rows.chunks_exact(sums.len()) {
                for (to, from) in sums.chunks_mut(S::LANES).zip(row.chunks(S::LANES)) {
                    s.put(s.add(s.get(to), s.get(from)), to);
                }
            }
        }
    }
    if !sums.is_empty() {
        assert_eq!(rows.len() % sums.len(), 0, "whole rows");
        isa.run(Run(rows, sums));
    }
}

/// One step of AdamW over one parameter (Loshchilov & Hutter 2019, algorithm 2), in one pass.
///
/// ```text
///   m ← β₁m + (1−β₁)g      v ← β₂v + (1−β₂)g²
///   w ← w·(1 − lr·decay) − step · m / (√v·correction + ε)
/// ```
/// `step` is lr / (1 − β₁ᵗ) and `correction` 1 / √(1 − β₂ᵗ), computed once per step by the caller; g is what is given times
/// `gradient`, which shortens a gradient that is too long on the way instead of in a pass of its own.
#[derive(Debug, Clone, Copy)]
pub struct AdamStep {
    /// β₁
    pub beta1: f32,
    /// β₂
    pub beta2: f32,
    /// ε
    pub epsilon: f32,
    /// 1 − lr·decay
    pub shrink: f32,
    /// lr / (1 − β₁ᵗ)
    pub step: f32,
    /// 1 / √(1 − β₂ᵗ)
    pub correction: f32,
    /// What gradients are multiplied by.
    pub gradient: f32,
}

/// Applies `step` to the weights `w` with gradient `g` and moments `m`, `v`.
///
/// # Panics
/// If the slices differ in length.
pub fn adam_step(isa: Isa, step: AdamStep, w: &mut [f32], g: &[f32], (m, v): (&mut [f32], &mut [f32])) {
    struct Run<'a>(AdamStep, &'a mut [f32], &'a [f32], &'a mut [f32], &'a mut [f32]);
    impl Kernel for Run<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            let Self(k, w, g, m, v) = self;
            let chunks = w.chunks_mut(S::LANES).zip(g.chunks(S::LANES));
            for ((w, g), (m, v)) in chunks.zip(m.chunks_mut(S::LANES).zip(v.chunks_mut(S::LANES))) {
                let gradient = s.mul(s.get(g), s.splat(k.gradient));
                let mean = s.fma(s.splat(k.beta1), s.get(m), s.mul(s.splat(1.0 - k.beta1), gradient));
                let square = s.mul(s.mul(s.splat(1.0 - k.beta2), gradient), gradient);
                let square = s.fma(s.splat(k.beta2), s.get(v), square);
                let root = s.fma(s.sqrt(square), s.splat(k.correction), s.splat(k.epsilon));
                let kept = s.mul(s.get(w), s.splat(k.shrink));
                s.put(s.sub(kept, s.div(s.mul(s.splat(k.step), mean), root)), w);
                s.put(mean, m);
                s.put(square, v);
            }
        }
    }
    assert!(w.len() == g.len() && g.len() == m.len() && m.len() == v.len(), "slices of one length");
    isa.run(Run(step, w, g, m, v));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::isas_under_test;

    #[test]
    fn simple_sums_at_every_edge() {
        for isa in isas_under_test() {
            for n in [0, 1, 7, 8, 9, 15, 16, 17, 40] {
                let a: Vec<f32> = (0..n).map(|i| i as f32).collect();
                let b: Vec<f32> = (0..n).map(|i| 1.0 - i as f32 * 0.5).collect();
                let check = |got: &[f32], want: &dyn Fn(f32, f32) -> f32| {
                    assert!(
                        got.iter().zip(a.iter().zip(&b)).all(|(x, (a, b))| *x == want(*a, *b)),
                        "{} {n}",
                        isa.name()
                    );
                };
                let mut c = a.clone();
                add(isa, &mut c, &b);
                check(&c, &|a, b| a + b);
                let mut c = a.clone();
                multiply(isa, &mut c, &b);
                check(&c, &|a, b| a * b);
                let mut c = a.clone();
                axpy(isa, &mut c, &b, 4.0);
                check(&c, &|a, b| a + 4.0 * b);
                let mut c = a.clone();
                scale(isa, &mut c, -2.0);
                check(&c, &|a, _| a * -2.0);
                assert_eq!(dot(isa, &a, &b), a.iter().zip(&b).map(|(a, b)| a * b).sum::<f32>());
            }
        }
    }

    #[test]
    fn column_sums_add_to_what_is_there() {
        for isa in isas_under_test() {
            let rows: Vec<f32> = (0..57).map(|i| i as f32).collect();
            let mut sums = vec![1.0; 19];
            column_sums(isa, &rows, &mut sums);
            assert!((0..19).all(|c| sums[c] == 1.0 + (3 * c + 57) as f32));
        }
    }

    #[test]
    fn adam_against_f64() {
        let k = AdamStep {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            shrink: 0.999,
            step: 0.01,
            correction: 3.0,
            gradient: 0.5,
        };
        for isa in isas_under_test() {
            let n = 37;
            let of = |phase: f32| (0..n).map(|i| (i as f32 + phase).sin()).collect::<Vec<f32>>();
            let (mut w, g, mut m, mut v) = (of(0.0), of(1.0), of(2.0), of(3.0));
            v.iter_mut().for_each(|v| *v *= *v);
            let before: Vec<[f64; 4]> = (0..n).map(|i| [w[i], g[i], m[i], v[i]].map(f64::from)).collect();
            adam_step(isa, k, &mut w, &g, (&mut m, &mut v));
            for (i, [w0, g, m0, v0]) in before.into_iter().enumerate() {
                let g = 0.5 * g;
                let mean = 0.9 * m0 + 0.1 * g;
                let square = 0.999 * v0 + 0.001 * g * g;
                let want = w0 * 0.999 - 0.01 * mean / (square.sqrt() * 3.0 + 1e-8);
                assert!((f64::from(w[i]) - want).abs() < 1e-5, "{} {i}: {} not {want}", isa.name(), w[i]);
                assert!((f64::from(m[i]) - mean).abs() < 1e-6 && (f64::from(v[i]) - square).abs() < 1e-6);
            }
        }
    }
}

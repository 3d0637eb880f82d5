//! The exponential, within 2 ULP for arguments from −87 to 88; beyond them it is that of −87 or 88.
//!
//! eˣ = 2ⁿ · eʳ with n = round(x / ln 2) and |r| ≤ ln 2 / 2. ln 2 is subtracted in two parts, so that r keeps its last bits;
//! eʳ is a polynomial of degree 6 whose coefficients are 1/k!, the last two adjusted to level the error.

use crate::{
    isa::{Isa, Kernel},
    simd::Simd,
};

/// Below this eˣ is no longer a normal number; results there are about 1e-38 rather than smaller.
const LEAST: f32 = -87.0;
/// A little above this eˣ overflows; results there stay finite.
const GREATEST: f32 = 88.0;
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;
const COEFFICIENTS: [f32; 6] = [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5];

/// A minimax polynomial of 2ʳ for |r| ≤ ½, relative error 1.3e-7, whose constant is exact.
#[expect(clippy::approx_constant, reason = "the coefficient that the fit gave, which is not quite ln 2")]
const EXP2_COEFFICIENTS: [f32; 6] = [1.326_471_8e-3, 9.671_513e-3, 5.550_734e-2, 0.240_222_42, 0.693_147, 1.0];

/// eˣ of every lane.
#[inline(always)]
pub(crate) fn exp_vector<S: Simd>(s: S, x: S::F32) -> S::F32 {
    // In this order of operands a NaN passes through both.
    let x = s.min(s.splat(GREATEST), s.max(s.splat(LEAST), x));
    let n = s.round(s.mul(x, s.splat(std::f32::consts::LOG2_E)));
    let r = s.fma(n, s.splat(-LN2_HIGH), x);
    let r = s.fma(n, s.splat(-LN2_LOW), r);
    let mut p = s.splat(COEFFICIENTS[0]);
    for coefficient in &COEFFICIENTS[1..] {
        p = s.fma(p, r, s.splat(*coefficient));
    }
    let p = s.fma(s.mul(r, r), p, s.add(r, s.splat(1.0)));
    s.scale_by_power(p, n)
}

/// 2ᵗ of every lane, within 2 ULP; beyond ±126 as there. One multiplication cheaper than eˣ, for functions whose argument is
/// scaled anyway.
#[inline(always)]
pub(crate) fn exp2_vector<S: Simd>(s: S, t: S::F32) -> S::F32 {
    let t = s.min(s.splat(126.0), s.max(s.splat(-126.0), t));
    let n = s.round(t);
    let r = s.sub(t, n);
    let mut p = s.splat(EXP2_COEFFICIENTS[0]);
    for coefficient in &EXP2_COEFFICIENTS[1..] {
        p = s.fma(p, r, s.splat(*coefficient));
    }
    s.scale_by_power(p, n)
}

/// eˣ of every number, in place. Numbers beyond −87 and 88 are taken as those.
pub fn exp(isa: Isa, values: &mut [f32]) {
    struct Exp<'a>(&'a mut [f32]);
    impl Kernel for Exp<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            for chunk in self.0.chunks_mut(S::LANES) {
                s.put(exp_vector(s, s.get(chunk)), chunk);
            }
        }
    }
    isa.run(Exp(values));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::isas_under_test;

    /// Distance in units of the last place between two positive numbers.
    fn ulps(a: f32, b: f32) -> u32 {
        a.to_bits().abs_diff(b.to_bits())
    }

    #[test]
    fn within_two_ulps_of_f64() {
        for isa in isas_under_test() {
            let inputs: Vec<f32> = (0..200_001).map(|i| -87.0 + 175.0 * (i as f32 / 200_000.0)).collect();
            let mut outputs = inputs.clone();
            exp(isa, &mut outputs);
            for (x, y) in inputs.iter().zip(&outputs) {
                let truth = f64::from(*x).exp() as f32;
                assert!(ulps(*y, truth) <= 2, "{} exp({x}) = {y}, expected {truth}", isa.name());
            }
        }
    }

    #[test]
    fn powers_of_two_within_two_ulps_of_f64() {
        struct Exp2<'a>(&'a mut [f32]);
        impl Kernel for Exp2<'_> {
            type Output = ();
            #[inline(always)]
            fn run<S: Simd>(self, s: S) {
                for chunk in self.0.chunks_mut(S::LANES) {
                    s.put(exp2_vector(s, s.get(chunk)), chunk);
                }
            }
        }
        for isa in isas_under_test() {
            let inputs: Vec<f32> = (0..200_001).map(|i| -126.0 + 252.0 * (i as f32 / 200_000.0)).collect();
            let mut outputs = inputs.clone();
            isa.run(Exp2(&mut outputs));
            for (t, y) in inputs.iter().zip(&outputs) {
                let truth = f64::from(*t).exp2() as f32;
                assert!(ulps(*y, truth) <= 2, "{} 2^{t} = {y}, expected {truth}", isa.name());
            }
            let mut extremes = [-1e30, 1e30, f32::NAN];
            isa.run(Exp2(&mut extremes));
            assert!(extremes[0] < 2e-38 && extremes[1].is_finite() && extremes[2].is_nan());
        }
    }

    #[test]
    fn beyond_the_range_it_saturates() {
        for isa in isas_under_test() {
            let mut values = [f32::NEG_INFINITY, -1e30, 0.0, 1e30];
            exp(isa, &mut values);
            assert!(values[0] < 2e-38 && values[1] < 2e-38);
            assert_eq!(values[2], 1.0);
            assert!(values[3].is_finite());
            let mut not_a_number = [f32::NAN];
            exp(isa, &mut not_a_number);
            assert!(not_a_number[0].is_nan(), "a NaN is never hidden");
        }
    }
}

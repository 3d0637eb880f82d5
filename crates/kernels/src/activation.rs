//! Activation functions and their derivatives.
//!
//! GELU is the tanh form: gelu(x) = x·σ(2u), u = √(2/π)·(x + 0.044715·x³), which equals ½x(1 + tanh u).
//! Its derivative is σ(2u) + x·σ(2u)·(1 − σ(2u))·2u′, u′ = √(2/π)·(1 + 3·0.044715·x²).
//! tanh(x) is 2σ(2x) − 1; the derivatives of σ and tanh are σ(1 − σ) and 1 − tanh².

use crate::{
    exp::exp2_vector,
    isa::{Isa, Kernel},
    simd::Simd,
};

/// What follows a linear map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// x
    Identity,
    /// max(x, 0)
    Relu,
    /// x·Φ(x), in its tanh form
    Gelu,
    /// σ(x) = 1/(1 + e⁻ˣ)
    Sigmoid,
    /// tanh(x)
    Tanh,
}

/// 2·√(2/π)
const TWO_ROOT: f32 = 1.595_769;
const CUBIC: f32 = 0.044_715;
/// Where the slope of GELU is flat.
const FLAT: f32 = 20.0;

/// σ(2u) = 1/(1 + 2ᵗ) for the u of GELU, t = −2u/ln 2.
#[inline(always)]
fn gate<S: Simd>(s: S, x: S::F32) -> S::F32 {
    const LINEAR: f32 = -TWO_ROOT * std::f32::consts::LOG2_E;
    let slope = s.fma(s.mul(x, x), s.splat(LINEAR * CUBIC), s.splat(LINEAR));
    s.div(s.splat(1.0), s.add(s.splat(1.0), exp2_vector(s, s.mul(x, slope))))
}

/// σ(x) = 1/(1 + 2ᵗ), t = −x/ln 2.
#[inline(always)]
fn sigmoid<S: Simd>(s: S, x: S::F32) -> S::F32 {
    let power = exp2_vector(s, s.mul(x, s.splat(-std::f32::consts::LOG2_E)));
    s.div(s.splat(1.0), s.add(s.splat(1.0), power))
}

/// tanh(x)
#[inline(always)]
fn tanh<S: Simd>(s: S, x: S::F32) -> S::F32 {
    let doubled = s.add(x, x);
    s.fma(s.splat(2.0), sigmoid(s, doubled), s.splat(-1.0))
}

/// dgelu/dx
#[inline(always)]
fn gelu_slope<S: Simd>(s: S, x: S::F32) -> S::F32 {
    // Beyond this it is 0 or 1 to the last bit, and x³ of far greater numbers would be infinite. A NaN passes through.
    let x = s.min(s.splat(FLAT), s.max(s.splat(-FLAT), x));
    let gate = gate(s, x);
    let rest = s.sub(s.splat(1.0), gate);
    let inner = s.mul(s.splat(TWO_ROOT), s.fma(s.mul(x, x), s.splat(3.0 * CUBIC), s.splat(1.0)));
    s.fma(s.mul(x, inner), s.mul(gate, rest), gate)
}

impl Activation {
    /// The function of every lane.
    #[inline(always)]
    fn of<S: Simd>(self, s: S, x: S::F32) -> S::F32 {
        match self {
            Self::Identity => x,
            // In this order of operands a NaN passes through.
            Self::Relu => s.max(s.splat(0.0), x),
            Self::Gelu => s.mul(x, gate(s, x)),
            Self::Sigmoid => sigmoid(s, x),
            Self::Tanh => tanh(s, x),
        }
    }

    /// The derivative in every lane, times `d`.
    #[inline(always)]
    fn slope<S: Simd>(self, s: S, x: S::F32, d: S::F32) -> S::F32 {
        match self {
            Self::Identity => d,
            Self::Relu => s.where_positive(x, d),
            Self::Gelu => s.mul(d, gelu_slope(s, x)),
            Self::Sigmoid => {
                let y = sigmoid(s, x);
                s.mul(d, s.mul(y, s.sub(s.splat(1.0), y)))
            }
            Self::Tanh => {
                let y = tanh(s, x);
                s.mul(d, s.sub(s.splat(1.0), s.mul(y, y)))
            }
        }
    }

    /// Applies the function in place.
    #[inline(always)]
    pub(crate) fn run<S: Simd>(self, s: S, values: &mut [f32]) {
        let mut chunks = values.chunks_exact_mut(S::LANES);
        for chunk in &mut chunks {
            s.store(self.of(s, s.load(chunk)), chunk);
        }
        let rest = chunks.into_remainder();
        if !rest.is_empty() {
            s.store_partial(self.of(s, s.load_partial(rest)), rest);
        }
    }
}

/// Writes `activation` of `x` to `y`.
///
/// # Panics
/// If the slices differ in length.
pub fn activation_of(isa: Isa, activation: Activation, x: &[f32], y: &mut [f32]) {
    struct Of<'a>(Activation, &'a [f32], &'a mut [f32]);
    impl Kernel for Of<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            let Self(activation, x, y) = self;
            for (x, y) in x.chunks(S::LANES).zip(y.chunks_mut(S::LANES)) {
                s.put(activation.of(s, s.get(x)), y);
            }
        }
    }
    assert_eq!(x.len(), y.len(), "one result per number");
    isa.run(Of(activation, x, y));
}

/// Turns the gradient of the result into the gradient of the argument, in place: `d[i] *= activation'(x[i])`.
///
/// # Panics
/// If the slices differ in length.
pub fn activation_backward(isa: Isa, activation: Activation, x: &[f32], d: &mut [f32]) {
    struct Backward<'a>(Activation, &'a [f32], &'a mut [f32]);
    impl Kernel for Backward<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            let Self(activation, x, d) = self;
            for (x, d) in x.chunks(S::LANES).zip(d.chunks_mut(S::LANES)) {
                let (x, slope) = (s.get(x), s.get(d));
                s.put(activation.slope(s, x, slope), d);
            }
        }
    }
    assert_eq!(x.len(), d.len(), "one gradient per number");
    isa.run(Backward(activation, x, d));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::isas_under_test;

    fn truth(activation: Activation, x: f64) -> f64 {
        match activation {
            Activation::Identity => x,
            Activation::Relu => x.max(0.0),
            Activation::Gelu => {
                0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x)).tanh())
            }
            Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Activation::Tanh => x.tanh(),
        }
    }

    #[test]
    fn a_nan_passes_through() {
        for isa in isas_under_test() {
            for activation in
                [Activation::Identity, Activation::Relu, Activation::Gelu, Activation::Sigmoid, Activation::Tanh]
            {
                let mut y = [0.0; 20];
                activation_of(isa, activation, &[f32::NAN; 20], &mut y);
                assert!(y.iter().all(|y| y.is_nan()), "{activation:?} {}", isa.name());
            }
        }
    }

    #[test]
    fn values_and_slopes_against_f64() {
        let inputs: Vec<f32> = (0..4001).map(|i| (i as f32 - 2000.0) / 200.0).filter(|x| *x != 0.0).collect();
        for isa in isas_under_test() {
            for activation in
                [Activation::Identity, Activation::Relu, Activation::Gelu, Activation::Sigmoid, Activation::Tanh]
            {
                let mut outputs = vec![0.0; inputs.len()];
                activation_of(isa, activation, &inputs, &mut outputs);
                let mut slopes = vec![1.0; inputs.len()];
                activation_backward(isa, activation, &inputs, &mut slopes);
                for ((x, y), slope) in inputs.iter().zip(&outputs).zip(&slopes) {
                    let x = f64::from(*x);
                    // A few roundings of numbers up to |x|.
                    let error = (f64::from(*y) - truth(activation, x)).abs();
                    assert!(error <= 1e-6 * (1.0 + x.abs()), "{activation:?}({x}): off by {error}");
                    let h = 1e-6;
                    let numeric = (truth(activation, x + h) - truth(activation, x - h)) / (2.0 * h);
                    assert!(
                        (f64::from(*slope) - numeric).abs() < 2e-6,
                        "{activation:?}'({x}) = {slope}, not {numeric}"
                    );
                }
            }
        }
    }
}

//! Masked binary cross-entropy on logits: what the evaluator learns from (docs/method.md §4).
//!
//! ```text
//!   loss = Σ over observed (z, y) of  −y·ln σ(z) − (1 − y)·ln(1 − σ(z)) = max(z, 0) − z·y + ln(1 + e^−|z|)
//!   d_z  = σ(z) − y
//! ```

/// The cross-entropy of `logits` with `labels` in 0..=1; a label of NaN was not observed and counts for nothing. Adds the
/// gradient to `d`.
///
/// # Panics
/// If the slices differ in length.
pub fn binary_cross_entropy(logits: &[f32], labels: &[f32], scale: f32, d: &mut [f32]) -> f64 {
    assert!(logits.len() == labels.len() && logits.len() == d.len(), "one label and one gradient per logit");
    let mut loss = 0.0;
    for ((z, y), d) in logits.iter().zip(labels).zip(d) {
        if y.is_nan() {
            continue;
        }
        loss += f64::from(z.max(0.0) - z * y + (-z.abs()).exp().ln_1p());
        *d += scale * (1.0 / (1.0 + (-z).exp()) - y);
    }
    loss * f64::from(scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::assert_gradient;

    #[test]
    fn values_and_gradients() {
        let logits = [-3.0, 0.0, 0.5, 2.0];
        let labels = [0.0, 1.0, 0.3, f32::NAN];
        let naive = |z: &[f64]| -> f64 {
            let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
            let observed = z.iter().zip(labels).filter(|(_, y)| !y.is_nan());
            let terms = observed.map(|(z, y)| {
                let y = f64::from(y);
                -y * sigmoid(*z).ln() - (1.0 - y) * (1.0 - sigmoid(*z)).ln()
            });
            0.25 * terms.sum::<f64>()
        };
        let mut d = [0.0; 4];
        let loss = binary_cross_entropy(&logits, &labels, 0.25, &mut d);
        let wide: Vec<f64> = logits.iter().map(|z| f64::from(*z)).collect();
        assert!((loss - naive(&wide)).abs() < 1e-6);
        assert_gradient(&logits, &d, &naive);
    }

    #[test]
    fn huge_logits_stay_finite() {
        let mut d = [0.0; 2];
        assert_eq!(binary_cross_entropy(&[1e4, -1e4], &[0.0, 1.0], 1.0, &mut d), 2e4);
        assert_eq!(d, [1.0, -1.0]);
    }
}

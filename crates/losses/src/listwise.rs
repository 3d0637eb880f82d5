//! Listwise cross-entropy: how surprised a softmax over a list is by what was wanted of it (Cao et al. 2007, top one).
//!
//! ```text
//!   P = softmax(z) over the items whose worth is known      loss = −Σ_i y_i ln P_i      d_z_i = P_i·Σ y − y_i
//! ```

/// The cross-entropy of one list's `logits` with the worth `y` of its items, each at least 0; an item whose worth is NaN is left
/// out of the softmax. Adds the gradient to `d`. A list of which nothing was wanted counts for nothing.
///
/// # Panics
/// If the slices differ in length.
pub fn listwise_cross_entropy(logits: &[f32], y: &[f32], scale: f32, d: &mut [f32]) -> f64 {
    assert!(logits.len() == y.len() && logits.len() == d.len(), "one worth and one gradient per logit");
    let known = || logits.iter().zip(y).filter(|(_, y)| !y.is_nan());
    let greatest = known().map(|(z, _)| *z).fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = known().map(|(z, _)| (z - greatest).exp()).sum();
    let wanted: f32 = known().map(|(_, y)| *y).sum();
    if wanted <= 0.0 {
        return 0.0;
    }
    let log_sum = greatest + sum.ln();
    let loss: f64 = known().map(|(z, y)| f64::from(*y) * f64::from(log_sum - z)).sum();
    for ((z, y), d) in logits.iter().zip(y).zip(d).filter(|((_, y), _)| !y.is_nan()) {
        *d += scale * ((z - log_sum).exp() * wanted - y);
    }
    loss * f64::from(scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::assert_gradient;

    #[test]
    fn values_and_gradients() {
        let logits = [-1.0, 0.3, 2.0, 0.5, 7.0];
        let y = [0.0, 1.0, 0.5, 0.0, f32::NAN];
        let naive = |z: &[f64]| -> f64 {
            let sum: f64 = z[..4].iter().map(|z| z.exp()).sum();
            0.5 * z[..4].iter().zip(y).map(|(z, y)| -f64::from(y) * (z.exp() / sum).ln()).sum::<f64>()
        };
        let mut d = [0.0; 5];
        let loss = listwise_cross_entropy(&logits, &y, 0.5, &mut d);
        let wide: Vec<f64> = logits.iter().map(|z| f64::from(*z)).collect();
        assert!((loss - naive(&wide)).abs() < 1e-6);
        assert_gradient(&logits, &d, &naive);
    }

    #[test]
    fn nothing_wanted_and_huge_logits() {
        let mut d = [0.0; 2];
        assert_eq!(listwise_cross_entropy(&[1.0, 2.0], &[0.0, f32::NAN], 1.0, &mut d), 0.0);
        assert_eq!(listwise_cross_entropy(&[], &[], 1.0, &mut []), 0.0);
        assert_eq!(d, [0.0; 2]);
        assert_eq!(listwise_cross_entropy(&[1e4, -1e4], &[0.0, 1.0], 1.0, &mut d), 2e4);
        assert_eq!(d, [1.0, -1.0]);
    }
}

//! Gradients against central differences of a naive f64 loss.

/// Checks `d` at `x`. The losses are short sums in f32 of numbers around 1: 2e-5 relative to 1 + |gradient| covers them.
pub(crate) fn assert_gradient(x: &[f32], d: &[f32], naive: &dyn Fn(&[f64]) -> f64) {
    let mut point: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
    for (i, d) in d.iter().enumerate() {
        let at = point[i];
        point[i] = at + 1e-6;
        let up = naive(&point);
        point[i] = at - 1e-6;
        let down = naive(&point);
        point[i] = at;
        let numeric = (up - down) / 2e-6;
        assert!((f64::from(*d) - numeric).abs() <= 2e-5 * (1.0 + numeric.abs()), "d[{i}] = {d}, not {numeric}");
    }
}

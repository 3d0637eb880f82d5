//! Kendall's τ-b: do two orders of the same things agree?
//!
//! ```text
//! over all pairs of things   τ-b = (agree − disagree) / √(pairs not tied in the first · pairs not tied in the second)
//! ```
//!
//! 1 for the same order, −1 for the reverse. Of a few things every pair is looked at.

use std::cmp::Ordering;

use crate::MetricsError;

/// τ-b of the values of some things in two respects; `None` where one respect tells no two things apart.
///
/// ```
/// use nar4rec_metrics::kendall_tau_b;
/// // Of three pairs two are ordered alike and one is not.
/// let tau = kendall_tau_b(&[0.1, 0.2, 0.3], &[0.4, 0.6, 0.5])?.expect("no ties");
/// assert!((tau - 1.0 / 3.0).abs() < 1e-12);
/// # Ok::<(), nar4rec_metrics::MetricsError>(())
/// ```
///
/// # Errors
/// If there are not as many values of each, or one is not finite.
pub fn kendall_tau_b(first: &[f64], second: &[f64]) -> Result<Option<f64>, MetricsError> {
    if first.len() != second.len() {
        return Err(MetricsError::Pairs { first: first.len(), second: second.len() });
    }
    for (index, (a, b)) in first.iter().zip(second).enumerate() {
        if let Some(&value) = [a, b].into_iter().find(|value| !value.is_finite()) {
            return Err(MetricsError::Value { index, value });
        }
    }
    let (mut agreeing, mut apart) = (0_i64, [0_i64; 2]);
    for i in 0..first.len() {
        for j in 0..i {
            let signs = [first, second].map(|values| match values[i].partial_cmp(&values[j]) {
                Some(Ordering::Greater) => 1,
                Some(Ordering::Less) => -1,
                _ => 0,
            });
            agreeing += signs[0] * signs[1];
            apart.iter_mut().zip(signs).for_each(|(apart, sign)| *apart += sign.abs());
        }
    }
    let scale = (apart[0] as f64 * apart[1] as f64).sqrt();
    Ok((scale > 0.0).then(|| agreeing as f64 / scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_that_are_the_same_reversed_or_none() {
        let rising = [0.1, 0.2, 0.7, 0.9];
        let falling = rising.map(|value: f64| -value);
        assert_eq!(kendall_tau_b(&rising, &rising), Ok(Some(1.0)));
        assert_eq!(kendall_tau_b(&rising, &falling), Ok(Some(-1.0)));
        assert_eq!(kendall_tau_b(&rising, &[0.5; 4]), Ok(None));
        assert_eq!(kendall_tau_b(&[0.5], &[0.5]), Ok(None));
        assert_eq!(kendall_tau_b(&[], &[]), Ok(None));
    }

    #[test]
    fn what_is_refused_is_named() {
        let message = |first: &[f64], second: &[f64]| kendall_tau_b(first, second).unwrap_err().to_string();
        assert_eq!(message(&[1.0], &[]), "1 values in the first row but 0 in the second, expected as many in each");
        assert_eq!(message(&[1.0, 2.0], &[1.0, f64::NAN]), "value 1 is NaN, expected a finite number");
    }
}

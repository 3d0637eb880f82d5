//! Comparison with reference numbers: |found − expected| ≤ tolerance · (1 + |expected|).
//!
//! Relative for large numbers and absolute for small ones, which are differences of numbers around 1.

use std::collections::BTreeMap;

use crate::NamedTensors;

/// Where two slices differ most.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Worst {
    index: usize,
    error: f32,
}

fn worst(found: &[f32], expected: &[f32]) -> Worst {
    let of = |found: f32, expected: f32| {
        let error = (found - expected).abs() / (1.0 + expected.abs());
        // Whatever is not a number is as wrong as can be.
        if error.is_nan() { f32::INFINITY } else { error }
    };
    let errors = found.iter().zip(expected).enumerate();
    let errors = errors.map(|(index, (found, expected))| Worst { index, error: of(*found, *expected) });
    errors.max_by(|a, b| a.error.total_cmp(&b.error)).unwrap_or(Worst { index: 0, error: 0.0 })
}

/// The greatest |found − expected| / (1 + |expected|); infinite if one is not a number.
///
/// # Panics
/// If the lengths differ.
pub fn greatest_error(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len(), "one reference number each");
    worst(found, expected).error
}

/// Checks numbers called `name` against the reference.
///
/// # Panics
/// If one is further off than the tolerance allows, with its index, both values and the tolerance; or the lengths differ.
#[track_caller]
pub fn assert_close(name: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{name}: as many numbers as the reference has");
    let Worst { index, error } = worst(found, expected);
    assert!(
        error <= tolerance,
        "{name}[{index}]: {} is off by {error:e} relative to 1 + |{}|, expected at most {tolerance:e}",
        found[index],
        expected[index],
    );
}

/// Checks the gradient of every parameter against the reference, which must name the same ones.
///
/// # Panics
/// If a name stands on one side only or a gradient is further off than the tolerance allows.
#[track_caller]
pub fn assert_gradients_close(name: &str, found: &BTreeMap<String, Vec<f32>>, expected: &NamedTensors, tolerance: f32) {
    assert!(found.keys().eq(expected.keys()), "{name}: {:?}, expected {:?}", found.keys(), expected.keys());
    for (parameter, gradient) in found {
        assert_close(&format!("{name}: d_{parameter}"), gradient, &expected[parameter].1, tolerance);
    }
}

/// Checks that the reference gradient of every parameter has a number above `least`, so that comparing it means something.
///
/// # Panics
/// If one has not.
#[track_caller]
pub fn assert_gradients_seen(name: &str, expected: &NamedTensors, least: f32) {
    for (parameter, (_, gradient)) in expected {
        let greatest = gradient.iter().fold(0.0_f32, |greatest, d| greatest.max(d.abs()));
        assert!(greatest > least, "{name}: d_{parameter} is at most {greatest:e}, which a wrong one could be too");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_compared_relatively_and_small_ones_absolutely() {
        assert_close("x", &[1000.01, 1e-6], &[1000.0, 0.0], 2e-5);
        assert_eq!(greatest_error(&[3.0, 1.5], &[3.0, 1.0]), 0.25);
        assert_eq!(greatest_error(&[f32::NAN], &[1.0]), f32::INFINITY);
        assert_eq!(greatest_error(&[], &[]), 0.0);
    }

    #[test]
    #[should_panic(expected = "x[1]: 0.5 is off by 5e-1 relative to 1 + |0|, expected at most 1e-3")]
    fn the_message_names_what_is_off() {
        assert_close("x", &[1.0, 0.5, 0.1], &[1.0, 0.0, 0.0], 1e-3);
    }

    #[test]
    #[should_panic(expected = "y: [\"a\"], expected [\"b\"]")]
    fn gradients_have_the_same_names() {
        let found = BTreeMap::from([("a".to_owned(), vec![0.0])]);
        let expected = NamedTensors::from([("b".to_owned(), (vec![1], vec![0.0]))]);
        assert_gradients_close("y", &found, &expected, 1.0);
    }
}

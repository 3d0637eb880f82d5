//! Each loss against PyTorch: its value and the gradient of what it is given.
//!
//! The reference was computed in f64, so all of a difference is rounding in f32 of a short sum. It comes to 4.4e-8
//! relative to 1 + |reference|, and the tolerance leaves five times that.

use nar4rec_losses::{Contrastive, ContrastiveScratch, Target, binary_cross_entropy, likelihood, unlikelihood};
use nar4rec_testing::{Golden, assert_close, isas};

const TOLERANCE: f32 = 2e-7;

/// What a test scales its loss by: the reference has no scale, and both value and gradient must follow it.
const SCALES: [f32; 2] = [1.0, 0.25];

/// Checks `loss`, which is given a scale and where to add its gradient, against the golden called `name`.
fn check(golden: &Golden, name: &str, mut loss: impl FnMut(f32, &mut [f32]) -> f64) {
    for scale in SCALES {
        let scaled = |values: &[f32]| -> Vec<f32> { values.iter().map(|value| value * scale).collect() };
        let expected = golden.numbers(&format!("{name}.gradient"));
        let mut d = vec![0.0; expected.len()];
        let value = loss(scale, &mut d);
        let value_expected = golden.number(&format!("{name}.loss")) * scale;
        assert_close(&format!("{name} × {scale}"), &[value as f32], &[value_expected], TOLERANCE);
        assert_close(&format!("{name} × {scale}: gradient"), &d, &scaled(expected), TOLERANCE);
    }
}

#[test]
fn likelihood_and_unlikelihood() {
    let golden = Golden::read("losses");
    type Loss = fn(Target<'_>, f32, &mut [f32]) -> f64;
    for (name, loss) in [("likelihood", likelihood as Loss), ("unlikelihood", unlikelihood as Loss)] {
        let shown: Vec<usize> =
            golden.indices(&format!("{name}.shown")).iter().map(|candidate| *candidate as usize).collect();
        let target = Target {
            log_probabilities: golden.numbers(&format!("{name}.input")),
            positions: shown.len(),
            shown: &shown,
            weights: golden.numbers(&format!("{name}.weights")),
        };
        check(&golden, name, |scale, d| loss(target, scale, d));
    }
}

#[test]
fn contrastive() {
    let golden = Golden::read("losses");
    for name in ["contrastive_narrow", "contrastive_wide"] {
        let loss = Contrastive { margin: golden.number(&format!("{name}.margin")) };
        let (states, width) = golden.rows(&format!("{name}.input"));
        for isa in isas() {
            let mut scratch = ContrastiveScratch::default();
            check(&golden, name, |scale, d| loss.loss(isa, (states, width), scale, d, &mut scratch));
        }
    }
}

#[test]
fn cross_entropy_is_the_sum_over_observed_labels() {
    let golden = Golden::read("losses");
    let (logits, labels) = (golden.numbers("cross_entropy.input"), golden.numbers("cross_entropy.labels"));
    // The reference is their mean.
    let share = 1.0 / labels.iter().filter(|label| !label.is_nan()).count() as f32;
    assert!(
        labels.iter().any(|label| label.is_nan()) && labels.contains(&0.25),
        "gaps and soft labels are in the data"
    );
    check(&golden, "cross_entropy", |scale, d| binary_cross_entropy(logits, labels, share * scale, d));
}

//! The evaluator against PyTorch: logits, training loss and the gradient of every parameter, on every instruction set.
//!
//! PyTorch's lists are padded and masked, ours are ragged, so equal numbers also say that padding changes nothing. The
//! batches hold two lists over the rows of one request, lists of different lengths, and one of a single item.
//!
//! The reference was computed in f64 from the same f32 weights, so all of a difference is rounding in f32: 6e-8 of each
//! intermediate result, of which some thirty stand between an input and a logit, and as many again on the way back. They
//! mostly cancel; the loss is a mean over labels, so gradients are a tenth of the logits' size and so are their errors. The
//! greatest found were 2.6e-7 for logits and 3.9e-8 for gradients, relative to 1 + |reference|; the tolerances leave five
//! times that for other instruction sets.

use nar4rec_autograd::{Tape, TapeMemory};
use nar4rec_evaluator::Evaluator;
use nar4rec_tensor::{Eager, Exec, Purpose, Weights, Workspace};
use nar4rec_testing::{
    EvaluatorCase, Task, assert_close, assert_gradients_close, assert_gradients_seen, evaluator_cases, isas,
    named_gradients,
};

const LOGITS: f32 = 1.3e-6;
const GRADIENTS: f32 = 2e-7;

fn logits<E: Exec>(evaluator: &Evaluator, ex: &mut E, case: &EvaluatorCase) -> Vec<f32> {
    let logits = evaluator.forward(ex, &case.batch, &case.targets.lists);
    assert_eq!(ex.shape(logits), [case.targets.lists.segments().rows(), evaluator.config().feedback.len()]);
    ex.data(logits).to_vec()
}

fn for_each_case(check: impl Fn(&str, &EvaluatorCase, &Weights)) {
    for case in evaluator_cases() {
        for isa in isas() {
            let weights = Weights::new(case.parameters.clone(), isa, Purpose::Training);
            check(&format!("{} on {}", case.name, isa.name()), &case, &weights);
        }
    }
}

#[test]
fn logits_served_and_recorded_are_the_reference() {
    for_each_case(|name, case, weights| {
        let evaluator = &case.task.evaluator;
        let mut workspace = Workspace::default();
        let served = logits(evaluator, &mut Eager::new(weights, &mut workspace), case);
        let mut memory = TapeMemory::default();
        let recorded = logits(evaluator, &mut Tape::new(weights, &mut memory, 0), case);
        // Both call the same kernels in the same order.
        assert!(served == recorded, "{name}: what is served differs from what is trained");
        assert_close(&format!("{name}: logits"), &served, &case.logits, LOGITS);
    });
}

#[test]
fn the_loss_and_the_gradient_of_every_parameter_are_the_reference() {
    for_each_case(|name, case, weights| {
        let (loss, gradients) = case.task.loss(weights, &case.batch, &case.targets);
        assert_close(&format!("{name}: loss"), &[loss as f32], &[case.loss], LOGITS);
        let gradients = named_gradients(weights.isa(), &gradients);
        assert_gradients_close(name, &gradients, &case.gradients, GRADIENTS);
        assert_gradients_seen(name, &case.gradients, 100.0 * GRADIENTS);
    });
}

//! The generator against PyTorch: outputs, training loss and the gradient of every parameter, on every instruction set.
//!
//! PyTorch's requests are padded and masked, ours are ragged, so equal numbers also say that padding changes nothing. The
//! batches hold requests with more candidates than positions, fewer, as many, and one alone.
//!
//! The reference was computed in f64 from the same f32 weights, so all of a difference is rounding in f32: 6e-8 of each
//! intermediate result, of which some forty stand between an input and an output, and as many again on the way back. They
//! mostly cancel. The greatest found were 6e-7 for outputs and 1.4e-6 for gradients, relative to 1 + |reference|; the
//! tolerances leave five times that for other instruction sets.

use nar4rec_autograd::{Tape, TapeMemory};
use nar4rec_generator::{Generator, GeneratorOutput};
use nar4rec_tensor::{Eager, Exec, Purpose, Weights, Workspace};
use nar4rec_testing::{
    GeneratorCase, Task, assert_close, assert_gradients_close, assert_gradients_seen, generator_cases, isas,
    named_gradients,
};

const OUTPUTS: f32 = 3e-6;
const GRADIENTS: f32 = 7e-6;

/// log P̂, candidate states and position states.
fn outputs<E: Exec>(generator: &Generator, ex: &mut E, case: &GeneratorCase) -> [Vec<f32>; 3] {
    let GeneratorOutput { log_probabilities, candidates, positions, segments } = generator.forward(ex, &case.batch);
    assert_eq!(segments.rows(), case.batch.rows());
    [log_probabilities, candidates, positions].map(|value| ex.data(value).to_vec())
}

fn for_each_case(check: impl Fn(&str, &GeneratorCase, &Weights)) {
    for case in generator_cases() {
        for isa in isas() {
            let weights = Weights::new(case.parameters.clone(), isa, Purpose::Training);
            check(&format!("{} on {}", case.name, isa.name()), &case, &weights);
        }
    }
}

#[test]
fn outputs_served_and_recorded_are_the_reference() {
    for_each_case(|name, case, weights| {
        let generator = &case.task.generator;
        let mut workspace = Workspace::default();
        let served = outputs(generator, &mut Eager::new(weights, &mut workspace), case);
        let mut memory = TapeMemory::default();
        let recorded = outputs(generator, &mut Tape::new(weights, &mut memory, 0), case);
        // Both call the same kernels in the same order.
        assert!(served == recorded, "{name}: what is served differs from what is trained");
        let [log_probabilities, candidates, positions] = &served;
        assert_close(&format!("{name}: log P"), log_probabilities, &case.log_probabilities, OUTPUTS);
        assert_close(&format!("{name}: candidates"), candidates, &case.candidates, OUTPUTS);
        assert_close(&format!("{name}: positions"), positions, &case.positions, OUTPUTS);
    });
}

#[test]
fn the_loss_and_the_gradient_of_every_parameter_are_the_reference() {
    for_each_case(|name, case, weights| {
        let (loss, gradients) = case.task.loss(weights, &case.batch, &case.targets);
        assert_close(&format!("{name}: loss"), &[loss as f32], &[case.loss], OUTPUTS);
        let gradients = named_gradients(weights.isa(), &gradients);
        assert_gradients_close(name, &gradients, &case.gradients, GRADIENTS);
        assert_gradients_seen(name, &case.gradients, 100.0 * GRADIENTS);
    });
}

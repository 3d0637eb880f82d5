//! The exported graphs, interpreted, give what our own executor gives.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::HashMap;

use nar4rec_model::Model;
use nar4rec_onnx::{Data, Options, Run, Sample, expected, made_batch};
use oracle::Array;

mod made;
mod oracle;

const TOLERANCE: f64 = 1e-4;

/// Compares outputs where there are candidates or places: `present` says of each row whether it counts.
fn compare(found: &HashMap<String, Array>, run: &Run, present: impl Fn(&str, usize) -> bool, context: &str) {
    assert_eq!(found.len(), run.outputs.len());
    for (name, output) in &run.outputs {
        let (found, expected) = (&found[name], Array::from(output));
        assert_eq!(found.shape, expected.shape, "{context} {name}");
        let columns = *expected.shape.last().unwrap();
        for (at, (found, expected)) in found.data.iter().zip(&expected.data).enumerate() {
            let error = (found - expected).abs() / expected.abs().max(1.0);
            let counts = present(name, at / columns);
            assert!(!counts || error <= TOLERANCE, "{context} {name}[{at}]: {found}, expected {expected}");
        }
    }
}

fn everywhere(_: &str, _: usize) -> bool {
    true
}

/// Requests of these numbers of candidates, and lists over their rows.
fn sample(model: &Model, candidates: &[usize], lists: &[Vec<u32>], options: Options) -> Sample {
    let batch = made_batch(model, candidates).unwrap();
    expected(model, (&batch, lists), options).unwrap()
}

#[test]
fn every_make_agrees_at_sizes_that_were_not_traced() {
    for (number, make) in made::makes().into_iter().enumerate() {
        let model = made::model(make, made::SCHEMAS[number % made::SCHEMAS.len()]);
        let [generator, evaluator] = made::graphs(&model, Options::default());
        for (candidates, lists) in [
            (&[6, 6, 6][..], vec![vec![0, 5, 17], vec![11, 6, 7]]),
            (&[2], vec![vec![1, 0]; 4]),
            (&[1, 1], vec![vec![1]]),
        ] {
            let sample = sample(&model, candidates, &lists, Options::default());
            let context = format!("{make:?} {candidates:?}");
            compare(&oracle::run(&generator, &sample.generator.inputs), &sample.generator, everywhere, &context);
            compare(&oracle::run(&evaluator, &sample.evaluator.inputs), &sample.evaluator, everywhere, &context);
        }
    }
}

#[test]
fn every_schema_agrees() {
    for schema in made::SCHEMAS {
        let model = made::model(made::makes()[1], schema);
        let [generator, evaluator] = made::graphs(&model, Options::default());
        let sample = sample(&model, &[5, 5], &[vec![3, 0, 9], vec![9, 8, 7]], Options::default());
        compare(&oracle::run(&generator, &sample.generator.inputs), &sample.generator, everywhere, schema);
        compare(&oracle::run(&evaluator, &sample.evaluator.inputs), &sample.evaluator, everywhere, schema);
    }
}

#[test]
fn absent_candidates_and_places_change_nothing() {
    let options = Options { mask: true };
    for (number, make) in made::makes().into_iter().enumerate() {
        let model = made::model(make, made::SCHEMAS[number % made::SCHEMAS.len()]);
        let [generator, evaluator] = made::graphs(&model, options);
        let lists = [vec![0, 1, 2], vec![5], vec![7, 6]];
        let sample = sample(&model, &[4, 1, 5], &lists, options);
        let Data::Truths(mask) = &sample.generator.inputs["mask"].data else { panic!("a mask of truths") };
        let present = |name: &str, row: usize| name == "positions" || mask[row];
        let context = format!("{make:?}");
        let found = oracle::run(&generator, &sample.generator.inputs);
        compare(&found, &sample.generator, present, &context);
        let logs = &found["log_probabilities"];
        let absent = logs.data.chunks(made::LENGTH).zip(mask).filter(|(_, present)| !**present);
        assert!(absent.flat_map(|(logs, _)| logs).all(|log| *log < -1e29), "{context}");
        // An absent place has no probabilities, so the evaluator's outputs agree at all places.
        compare(&oracle::run(&evaluator, &sample.evaluator.inputs), &sample.evaluator, everywhere, &context);
    }
}

//! The gradient check: an operation on the tape against the same function written naively in f64.
//!
//! Values are compared with the naive function, gradients with its central differences, which in f64 with a step of 1e-5
//! are good to about 1e-9. What is left is the rounding of the f32 operation: sums of at most some dozens of products of
//! numbers around 1, so 1e-5 relative to 1 + |gradient|, for every operation alike.

use std::sync::Arc;

use nar4rec_tensor::{Exec, Init, Isa, Kind, ParameterId, ParameterSpec, Parameters, Purpose, Registry, Weights};

use crate::{Gradients, Tape, TapeMemory, TapeValue};

const STEP: f64 = 1e-5;
const TOLERANCE: f64 = 1e-5;

pub(crate) type Rows = Vec<Vec<f64>>;

/// Naive matrices in f64, as rows.
pub(crate) mod matrix {
    use super::Rows;

    pub(crate) fn product(a: &[Vec<f64>], b: &[Vec<f64>]) -> Rows {
        let columns = b.first().map_or(0, Vec::len);
        let cell = |row: &[f64], c: usize| row.iter().zip(b).map(|(x, b)| x * b[c]).sum();
        a.iter().map(|row| (0..columns).map(|c| cell(row, c)).collect()).collect()
    }

    pub(crate) fn transposed(a: &[Vec<f64>]) -> Rows {
        let columns = a.first().map_or(0, Vec::len);
        (0..columns).map(|c| a.iter().map(|row| row[c]).collect()).collect()
    }

    pub(crate) fn map(a: &[Vec<f64>], f: impl Fn(f64) -> f64) -> Rows {
        a.iter().map(|row| row.iter().map(|x| f(*x)).collect()).collect()
    }

    pub(crate) fn zip(a: &[Vec<f64>], b: &[Vec<f64>], f: impl Fn(f64, f64) -> f64) -> Rows {
        a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| f(*a, *b)).collect()).collect()
    }
}

/// Collects parameters, then checks functions of them.
pub(crate) struct Check {
    registry: Registry,
    specs: Vec<ParameterSpec>,
}

impl Check {
    pub(crate) fn new() -> Self {
        Self { registry: Registry::default(), specs: Vec::new() }
    }

    pub(crate) fn parameter(&mut self, shape: [usize; 2], kind: Kind) -> ParameterId {
        let name = format!("p{}", self.specs.len());
        self.specs.push(ParameterSpec { name: name.clone(), shape, kind, init: Init::Uniform(1.0) });
        self.registry.add(&name, shape, kind, Init::Uniform(1.0))
    }

    /// Checks value and gradients of `run` against `naive`. Inputs have the given shapes; the loss is a fixed weighting of
    /// the output.
    pub(crate) fn run(
        &self,
        shapes: &[[usize; 2]],
        run: impl Fn(&mut Tape<'_>, &[TapeValue]) -> TapeValue,
        naive: impl Fn(&[Rows], &[Rows]) -> Rows,
    ) {
        let specs: Arc<[ParameterSpec]> = self.specs.clone().into();
        let parameters = Parameters::initialise(Arc::clone(&specs), 3);
        // Inputs are tables too, so that their gradients come out by name.
        let inputs: Vec<ParameterSpec> = shapes
            .iter()
            .enumerate()
            .map(|(i, shape)| ParameterSpec {
                name: format!("x{i}"),
                shape: *shape,
                kind: Kind::Table,
                init: Init::Uniform(1.5),
            })
            .collect();
        let all: Arc<[ParameterSpec]> = specs.iter().cloned().chain(inputs).collect();
        let all_parameters = Parameters::initialise(Arc::clone(&all), 3);
        let mut registry = Registry::default();
        let ids: Vec<ParameterId> =
            all.iter().map(|spec| registry.add(&spec.name, spec.shape, spec.kind, spec.init)).collect();
        assert!(parameters.iter().zip(all_parameters.iter()).all(|(a, b)| a == b), "ids of parameters are kept");

        let weights = Weights::new(all_parameters.clone(), Isa::detect(), Purpose::Training);
        let mut memory = TapeMemory::default();
        let mut tape = Tape::new(&weights, &mut memory, 0);
        let values: Vec<TapeValue> = ids[specs.len()..].iter().map(|id| tape.parameter(*id)).collect();
        let y = run(&mut tape, &values);
        let got = tape.data(y).to_vec();
        let weighting: Vec<f64> = (0..got.len()).map(|i| (i as f64 * 1.3 + 0.4).sin()).collect();
        let mut gradients = Gradients::zeros(&all);
        let mut d = tape.output_gradient(y);
        d.iter_mut().zip(&weighting).for_each(|(d, w)| *d = *w as f32);
        tape.backward([d], &mut gradients);

        let mut point: Vec<Rows> = all_parameters
            .iter()
            .map(|(spec, values)| {
                values.chunks(spec.shape[1]).map(|row| row.iter().map(|x| f64::from(*x)).collect()).collect()
            })
            .collect();
        let evaluate = |point: &[Rows]| naive(&point[specs.len()..], &point[..specs.len()]).concat();
        let want = evaluate(&point);
        assert_eq!(got.len(), want.len(), "shape of the result");
        for (i, (got, want)) in got.iter().zip(&want).enumerate() {
            assert!((f64::from(*got) - want).abs() <= TOLERANCE * (1.0 + want.abs()), "value {i}: {got} not {want}");
        }
        let loss = |point: &[Rows]| evaluate(point).iter().zip(&weighting).map(|(y, w)| y * w).sum::<f64>();
        for (index, spec) in all.iter().enumerate() {
            let mut d = vec![0.0; spec.len()];
            gradients.add_to(Isa::detect(), index, &mut d);
            for (i, d) in d.iter().enumerate() {
                let (row, column) = (i / spec.shape[1], i % spec.shape[1]);
                let at = point[index][row][column];
                point[index][row][column] = at + STEP;
                let up = loss(&point);
                point[index][row][column] = at - STEP;
                let down = loss(&point);
                point[index][row][column] = at;
                let numeric = (up - down) / (2.0 * STEP);
                let close = (f64::from(*d) - numeric).abs() <= TOLERANCE * (1.0 + numeric.abs());
                assert!(close, "d_{}[{row}][{column}] = {d}, difference quotient {numeric}", spec.name);
            }
        }
    }
}

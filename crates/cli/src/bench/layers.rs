//! Time by layer: a clock that an executor tells what runs.
//!
//! An operation belongs to the layer of its parameter, and without one to the layer before it, as the softmax of an attention
//! does. The product that gives log P̂ has no parameter and is a row of its own.

use std::time::{Duration, Instant};

use nar4rec_tensor::{Operation, ParameterId, ParameterSpec, Watch};
use serde::Serialize;

/// The operation that is a layer of its own.
const LOG_PROBABILITIES: &str = "log_probabilities";

/// What a layer took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Spent {
    time: Duration,
    flops: u64,
    operations: u64,
}

/// Keeps the time of every layer of one network.
#[derive(Debug)]
pub(crate) struct LayerClock {
    /// Every layer, the last for log P̂.
    layers: Vec<(String, Spent)>,
    /// The layer of each parameter.
    of_parameter: Vec<usize>,
    /// The layer that the last parameter belonged to.
    current: Option<usize>,
    /// What ran before the first parameter of a pass.
    early: Spent,
    begin: Instant,
}

/// A layer as it is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct LayerRow {
    pub(crate) layer: String,
    /// Microseconds of a request.
    pub(crate) us: f64,
    /// Of the network's time.
    pub(crate) share: f64,
    /// Of its matrix products; none where there are none.
    pub(crate) gflops: Option<f64>,
}

impl LayerClock {
    /// A clock for a network of this name, which begins the names of its parameters.
    pub(crate) fn new(network: &str, parameters: &[ParameterSpec]) -> Self {
        let mut layers: Vec<(String, Spent)> = Vec::new();
        let mut of_parameter = Vec::with_capacity(parameters.len());
        for parameter in parameters {
            let name = layer_of(network, &parameter.name);
            let known = layers.iter().position(|(layer, _)| *layer == name);
            of_parameter.push(known.unwrap_or_else(|| {
                layers.push((name, Spent::default()));
                layers.len() - 1
            }));
        }
        layers.push((LOG_PROBABILITIES.to_owned(), Spent::default()));
        Self { layers, of_parameter, current: None, early: Spent::default(), begin: Instant::now() }
    }

    /// A pass begins: no layer has run yet.
    pub(crate) fn start(&mut self) {
        self.current = None;
    }

    /// Counts an operation.
    fn count(&mut self, operation: Operation, time: Duration) {
        let spent = Spent { time, flops: operation.flops, operations: 1 };
        if operation.name == LOG_PROBABILITIES {
            return self.layers.last_mut().into_iter().for_each(|(_, last)| last.add(spent));
        }
        let named = operation.parameter.map(|id: ParameterId| self.of_parameter[id.index()]);
        self.current = named.or(self.current);
        match self.current {
            Some(layer) => {
                let early = std::mem::take(&mut self.early);
                self.layers[layer].1.add(early);
                self.layers[layer].1.add(spent);
            }
            None => self.early.add(spent),
        }
    }

    /// What each layer that ran took of a request, in the order in which the network declares them.
    pub(crate) fn rows(&self, requests: u64) -> Vec<LayerRow> {
        let total: f64 = self.layers.iter().map(|(_, spent)| spent.time.as_secs_f64()).sum();
        let ran = self.layers.iter().filter(|(_, spent)| spent.operations > 0);
        ran.map(|(layer, spent)| {
            let seconds = spent.time.as_secs_f64();
            LayerRow {
                layer: layer.clone(),
                us: seconds * 1e6 / requests.max(1) as f64,
                share: if total > 0.0 { seconds / total } else { 0.0 },
                gflops: (spent.flops > 0 && seconds > 0.0).then(|| spent.flops as f64 / seconds / 1e9),
            }
        })
        .collect()
    }
}

impl Spent {
    fn add(&mut self, other: Self) {
        self.time += other.time;
        self.flops += other.flops;
        self.operations += other.operations;
    }
}

impl Watch for LayerClock {
    fn begin(&mut self) {
        self.begin = Instant::now();
    }

    fn end(&mut self, operation: Operation) {
        let time = self.begin.elapsed();
        self.count(operation, time);
    }
}

/// The layer of a parameter: `blocks.0.attention` of `evaluator.blocks.0.attention.qkv.weight`, and `input` of
/// `evaluator.input.user.weight`.
fn layer_of(network: &str, parameter: &str) -> String {
    let within = parameter.strip_prefix(network).and_then(|rest| rest.strip_prefix('.')).unwrap_or(parameter);
    let parts: Vec<&str> = within.split('.').collect();
    let is_block = parts.get(1).is_some_and(|part| part.parse::<usize>().is_ok());
    let depth = if is_block { 3 } else { 1 };
    parts[..depth.min(parts.len() - 1).max(1)].join(".")
}

#[cfg(test)]
mod tests {
    use nar4rec_tensor::{Init, Kind, Registry};

    use super::*;

    #[test]
    fn parameters_are_grouped_by_their_dotted_names() {
        for (parameter, layer) in [
            ("input.tables.item_id", "input"),
            ("input.candidate.weight", "input"),
            ("positions", "positions"),
            ("head.bias", "head"),
            ("blocks.0.attention.qkv.weight", "blocks.0.attention"),
            ("candidate_blocks.11.feed_forward.in.bias", "candidate_blocks.11.feed_forward"),
            ("blocks.0.attention_norm.weight", "blocks.0.attention_norm"),
        ] {
            assert_eq!(layer_of("generator", &format!("generator.{parameter}")), layer);
            assert_eq!(layer_of("generator", parameter), layer);
        }
    }

    #[test]
    fn operations_belong_to_their_parameter_or_to_the_layer_before() {
        let mut registry = Registry::default();
        let mut add = |name| Some(registry.add(name, [1, 1], Kind::Vector, Init::Constant(0.0)));
        let (input, head) = (add("evaluator.input.user.weight"), add("evaluator.head.weight"));
        let parameters = registry.finish();
        let mut clock = LayerClock::new("evaluator", &parameters);
        let run = |clock: &mut LayerClock, name, parameter, micros, flops| {
            clock.count(Operation { name, parameter, flops }, Duration::from_micros(micros));
        };
        for _ in 0..2 {
            clock.start();
            run(&mut clock, "repeat", None, 1, 0);
            run(&mut clock, "linear", input, 2, 4000);
            run(&mut clock, "layer_norm", head, 1, 0);
            run(&mut clock, "linear", input, 1, 0);
            run(&mut clock, "add", None, 1, 0);
            run(&mut clock, "layer_norm", head, 1, 0);
            run(&mut clock, LOG_PROBABILITIES, None, 5, 10_000);
        }
        let rows = clock.rows(2);
        let told: Vec<_> = rows.iter().map(|row| (row.layer.as_str(), row.us.round(), row.gflops.is_some())).collect();
        assert_eq!(told, [("input", 5.0, true), ("head", 2.0, false), (LOG_PROBABILITIES, 5.0, true)]);
        assert!((rows.iter().map(|row| row.share).sum::<f64>() - 1.0).abs() < 1e-9);
        assert!((rows[2].gflops.unwrap() - 2.0).abs() < 1e-9);
    }
}

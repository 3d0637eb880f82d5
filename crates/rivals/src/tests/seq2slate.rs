//! Seq2Slate against the same network written naively: one request, one step, one item at a time.

use super::{
    Case, Log,
    reference::{Named, assert_loss, dot, linear, named, sigmoid, softmax, states, sum},
    tiny,
};
use crate::{Seq2SlateConfig, SlateEncoder, SlatePolicy, StepWeights, SystemConfig, SystemKind};

type State = (Vec<f64>, Vec<f64>);

fn lstm(p: &Named, name: &str, x: &[f64], (h, c): &State) -> State {
    let gates = sum(&linear(p, &format!("{name}.input"), x), &linear(p, &format!("{name}.hidden"), h));
    let w = h.len();
    let next: Vec<f64> =
        (0..w).map(|k| sigmoid(gates[w + k]) * c[k] + sigmoid(gates[k]) * gates[2 * w + k].tanh()).collect();
    (next.iter().enumerate().map(|(k, c)| sigmoid(gates[3 * w + k]) * c.tanh()).collect(), next)
}

/// The decoder of one request.
struct Decoder<'a> {
    p: &'a Named,
    x: Vec<Vec<f64>>,
    e: Vec<Vec<f64>>,
    state: State,
}

impl<'a> Decoder<'a> {
    fn new(p: &'a Named, config: &Seq2SlateConfig, log: &Log, request: usize) -> Self {
        let x = states(p, "seq2slate", log, request);
        let (n, nothing) = (x.len(), vec![0.0; config.width]);
        let ranks = &log.ranks[log.batch.request_offsets[request]..][..n];
        let mut e = x.clone();
        let mut state = (nothing.clone(), nothing);
        if config.encoder == SlateEncoder::Lstm {
            for rank in 0..n {
                let item = ranks.iter().position(|r| *r as usize == rank).expect("a permutation");
                state = lstm(p, "seq2slate.encoder", &x[item], &state);
                e[item] = state.0.clone();
            }
        } else {
            state.0.iter_mut().enumerate().for_each(|(k, h)| *h = x.iter().map(|x| x[k]).sum::<f64>() / n as f64);
        }
        Self { p, x, e, state }
    }

    /// The logit of every item after reading the one that was placed last.
    fn step(&mut self, last: Option<usize>) -> Vec<f64> {
        let start = &self.p["seq2slate.start"][0];
        let read = last.map_or(start, |item| &self.x[item]);
        self.state = lstm(self.p, "seq2slate.decoder", read, &self.state);
        let query = linear(self.p, "seq2slate.of_decoder", &self.state.0);
        let logit = |e: &Vec<f64>| {
            let seen = sum(&linear(self.p, "seq2slate.of_item", e), &query);
            let seen: Vec<f64> = seen.iter().map(|x| x.tanh()).collect();
            dot(&self.p["seq2slate.pointer.weight"][0], &seen)
        };
        self.e.iter().map(logit).collect()
    }
}

/// The greatest of the items that are left.
fn greatest(z: &[f64], left: &[usize]) -> usize {
    left.iter().copied().max_by(|a, b| z[*a].total_cmp(&z[*b])).expect("an item is left")
}

fn loss(p: &Named, config: &Seq2SlateConfig, log: &Log) -> f64 {
    let requests = 0..log.batch.requests();
    let of_request = |request: usize| {
        let first = log.batch.request_offsets[request];
        let shown: Vec<usize> =
            log.lists.segments().range(request).map(|place| log.lists.rows()[place] as usize - first).collect();
        let mut decoder = Decoder::new(p, config, log, request);
        let (mut placed, mut loss) = (Vec::new(), 0.0);
        for (step, of_log) in shown.iter().enumerate() {
            let z = decoder.step(placed.last().copied());
            let worth = |item: &usize| f64::from(log.targets[first + item]);
            let left: Vec<usize> =
                (0..z.len()).filter(|item| !placed.contains(item) && !worth(item).is_nan()).collect();
            if left.is_empty() {
                break;
            }
            let total: f64 = left.iter().map(worth).sum();
            let probabilities = softmax(&left.iter().map(|item| z[*item]).collect::<Vec<_>>());
            let weight = match config.step_weights {
                StepWeights::Discounted => 1.0 / (step as f64 + 2.0).log2(),
                StepWeights::Equal => 1.0,
            };
            if total > 0.0 {
                let terms = left.iter().zip(&probabilities).map(|(item, p)| worth(item) / total * p.ln());
                loss -= weight * terms.sum::<f64>();
            }
            placed.push(match config.policy {
                SlatePolicy::Greedy => greatest(&z, &left),
                SlatePolicy::Shown => *of_log,
            });
        }
        loss
    };
    0.5 * requests.map(of_request).sum::<f64>()
}

fn every_form() -> Vec<Seq2SlateConfig> {
    let mut forms = Vec::new();
    for encoder in [SlateEncoder::Lstm, SlateEncoder::None] {
        for policy in [SlatePolicy::Greedy, SlatePolicy::Shown] {
            for step_weights in [StepWeights::Discounted, StepWeights::Equal] {
                forms.push(Seq2SlateConfig { encoder, policy, step_weights, ..tiny().seq2slate });
            }
        }
    }
    forms
}

fn case(seq2slate: Seq2SlateConfig, seed: u64) -> Case {
    Case::new(SystemKind::Seq2Slate, &SystemConfig { seq2slate, ..tiny() }, seed)
}

#[test]
fn the_loss_and_its_gradients_are_the_reference() {
    for (seed, config) in every_form().into_iter().enumerate() {
        let log = Log::new(&[4, 1, 6], seed as u64);
        assert_loss(&case(config, seed as u64), &log, &|p| loss(p, &config, &log));
    }
}

#[test]
fn lists_and_scores_are_the_reference() {
    for (seed, config) in every_form().into_iter().enumerate() {
        let (log, case) = (Log::new(&[5, 1, 8], 9), case(config, seed as u64));
        let p = named(&case);
        for (request, ranked) in case.rank(&log, 4).iter().enumerate() {
            let mut decoder = Decoder::new(&p, &config, &log, request);
            let mut list: Vec<usize> = Vec::new();
            for step in 0..ranked.list.len() {
                let z = decoder.step(list.last().copied());
                if step == 0 {
                    let scores = ranked.scores.iter().zip(softmax(&z));
                    scores.for_each(|(score, p)| assert!((f64::from(*score) - p.ln()).abs() < 1e-5));
                }
                let left: Vec<usize> = (0..z.len()).filter(|item| !list.contains(item)).collect();
                list.push(greatest(&z, &left));
            }
            assert_eq!(ranked.list, list);
        }
    }
}

#[test]
fn among_equals_the_first_is_placed() {
    let segments = nar4rec_tensor::Segments::of_lengths([1, 4]);
    let mut placed = crate::seq2slate::Placed::new(&segments);
    let mut place = || placed.place_greatest(1, 1..5, &[9.0, 1.0, 2.0, 1.0, 2.0]);
    assert_eq!([(); 5].map(|()| place()), [Some(2), Some(4), Some(1), Some(3), None]);
}

//! PIER: permutations near what the user took before, and a network over whole lists that picks one (Shi et al. 2023).
//!
//! ```text
//!   item tower   T_i = hidden layers of relu(x_i)    p_i = σ(wᵀT_i)     x_i: features and initial place, as of every system
//!   FPSM         lists proposed by p → SimHash → the K nearest to the user's past lists                     `pier/fpsm.rs`
//!   OCPM         P(wanted at j) of each item of a list, which sees the list and the user's past             `pier/ocpm.rs`
//!   shown        of the K lists the one of the greatest Σ_j P(wanted at j)
//!
//!   loss         mean over places of the shown and the drawn lists of CE(P, y) + item_weight · mean over candidates of CE(p, y)
//!                − contrast · (mean P in the nearest lists − mean P in the farthest)
//! ```
//!
//! **Proposals.** All permutations where they are few and short ([`PierConfig::enumerated`], five places). Otherwise a beam
//! over items alone: the lists of the greatest Σ_j w_j p_j with the discounts of DCG, w_j = 1/log₂(j + 2).
//!
//! **Contrast.** The paper compares the K lists that FPSM keeps with the K farthest. Here [`PierConfig::contrasted`] lists at
//! either end are compared, so that training need not judge all that serving does.
//!
//! **Scores.** A list says nothing about who is not in it, so the scores of a [`Ranked`] are the item tower's p_i.
//!
//! **The past.** The paper hashes lists that were shown to the user before. A request here holds the ids of past items and not
//! lists, so past lists are runs of as many of them as a list has places, the newest run whole, in the order given; the
//! newest item stands last. Attention to the past goes to the items and not to lists, because the cuts between these are ours.
//! Which feature tells of the past: see `pier/past.rs`. Without such a feature there is no attention to the past, and FPSM
//! keeps the proposals of the greatest value; the latter also for a single user without past items, for whom the loss has no
//! contrast either.
//!
//! **Fields.** The paper has one attention for each feature of an item. Here each bag is a field; the numbers are one together
//! with the user and the initial place, as the state x.
//!
//! **Lists of strangers.** Where the worth of candidates that were not shown is known, as in re-ranking data made of ratings,
//! lists with such candidates are learned from too ([`PierConfig::drawn_lists`]): drawn from the known candidates without
//! replacement in proportion to e^z, z the item tower's logits, as a list is more likely to be proposed the more its items
//! please the tower. A network that has seen only shown items cannot tell a list of strangers from a good one. Where nothing
//! else than the shown items is known, no list is drawn.

mod config;
mod fpsm;
mod loss;
mod ocpm;
mod past;
mod proposals;
mod simhash;
#[cfg(test)]
mod tests;

pub use config::PierConfig;

use std::ops::Range;

use nar4rec_autograd::{Gradients, Tape};
use nar4rec_evaluator::Lists;
use nar4rec_features::InputSpec;
use nar4rec_layers::{ConfigError, Linear};
use nar4rec_tensor::{Activation, Bags, Eager, Exec, ParameterId, Registry, Weights, Workspace};

use crate::{Candidates, Counted, Ranked, Rival, Shown, dnn::Hidden, input::Input};
use fpsm::{Fpsm, Request, Selection};
use ocpm::{Items, Ocpm, Widths};
use past::PastBags;

/// The network.
#[derive(Debug, Clone)]
pub struct Pier {
    input: Input,
    /// The table of each of a candidate's bags.
    tables: Vec<ParameterId>,
    tower: Hidden,
    item_head: Linear,
    past: Option<PastBags>,
    fpsm: Fpsm,
    ocpm: Ocpm,
    config: PierConfig,
}

impl Pier {
    /// Declares the parameters.
    ///
    /// # Errors
    /// If the configuration cannot be built.
    pub fn new(registry: &mut Registry, spec: &InputSpec, config: &PierConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let input = Input::new(registry, spec, config.width);
        let tables = input.candidate_tables().to_vec();
        let past = PastBags::find(spec, &tables, config.past);
        let dim = past.map(|past| past.dim);
        let bags = spec.candidate_bags.iter().map(|bag| spec.tables[bag.table].dim);
        let fields: Vec<usize> = std::iter::once(config.width).chain(bags).collect();
        let widths = Widths { tower: config.tower_width(), fields: &fields, past: dim };
        Ok(Self {
            tower: registry.scope("tower", |registry| Hidden::new(registry, config.width, &config.tower)),
            item_head: registry.scope("item_head", |registry| Linear::edge(registry, config.tower_width(), 1)),
            fpsm: Fpsm::new(config, dim),
            ocpm: registry.scope("lists", |registry| Ocpm::new(registry, widths, config)),
            config: config.clone(),
            input,
            tables,
            past,
        })
    }

    /// What there is to know of candidates by themselves.
    fn items<E: Exec>(&self, ex: &mut E, candidates: Candidates<'_>) -> Items<E::Value> {
        let (x, _) = self.input.forward(ex, candidates);
        let x = ex.dropout(x, self.config.dropout);
        let first = ex.activate(x, Activation::Relu);
        let tower = self.tower.forward(ex, first);
        let mut fields = vec![x];
        for (table, bags) in self.tables.iter().zip(&candidates.batch.candidate_bags) {
            let bags = Bags { offsets: &bags.offsets, ids: &bags.ids };
            fields.push(ex.embed(std::iter::once((*table, bags))));
        }
        Items {
            offsets: candidates.batch.request_offsets.clone(),
            logits: self.item_head.forward(ex, tower),
            past: self.past.map(|past| past.embed(ex, candidates.batch)),
            tower,
            fields,
        }
    }

    /// The selection of FPSM for one request: lists of `length` of its candidates, which are the rows `rows`.
    fn select<E: Exec>(
        &self,
        ex: &E,
        items: &Items<E::Value>,
        (request, rows): (usize, Range<usize>),
        length: usize,
    ) -> Selection {
        let scores: Vec<f32> = ex.data(items.logits)[rows.clone()].iter().map(|z| sigmoid(*z)).collect();
        let (mut candidates, mut past): (&[f32], &[f32]) = (&[], &[]);
        if let (Some(bags), Some(items_of_past)) = (self.past, &items.past) {
            let identity = items.fields[1 + bags.candidate];
            candidates = &ex.data(identity)[rows.start * bags.dim..rows.end * bags.dim];
            let range = items_of_past.segments.range(request);
            past = &ex.data(items_of_past.items)[(range.start + 1) * bags.dim..range.end * bags.dim];
        }
        self.fpsm.select(Request { scores: &scores, candidates, past }, length)
    }
}

fn sigmoid(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}

/// The requests of a pass and the rows of each.
fn requests(offsets: &[usize]) -> impl Iterator<Item = (usize, Range<usize>)> + '_ {
    offsets.windows(2).map(|bounds| bounds[0]..bounds[1]).enumerate()
}

impl Rival for Pier {
    fn counted(&self) -> Counted {
        Counted::Lists
    }

    fn loss(&self, mut tape: Tape<'_>, shown: &Shown<'_>, scale: f32, gradients: &mut Gradients) -> f64 {
        let items = self.items(&mut tape, shown.candidates);
        let lessons = self.lessons(&mut tape, &items, shown);
        let logits = self.ocpm.forward(&mut tape, &items, &lessons.lists);
        let [mut d, mut d_items] = [logits, items.logits].map(|value| tape.output_gradient(value));
        let of_lists = lessons.loss(tape.data(logits), (self.config.contrast, scale), &mut d);
        let scale = scale * self.config.item_weight;
        let of_items = loss::of_items(tape.data(items.logits), (shown.targets, &items.offsets), scale, &mut d_items);
        tape.backward([d, d_items], gradients);
        of_lists + of_items
    }

    fn rank(
        &self,
        weights: &Weights,
        memory: &mut Workspace,
        candidates: Candidates<'_>,
        length: usize,
    ) -> Vec<Ranked> {
        let mut ex = Eager::new(weights, memory);
        let items = self.items(&mut ex, candidates);
        let mut lists = Lists::default();
        let mut counts = Vec::with_capacity(candidates.batch.requests());
        for (request, rows) in requests(&items.offsets) {
            let mut selected = self.select(&ex, &items, (request, rows.clone()), length).lists;
            selected.truncate(self.config.kept);
            counts.push(selected.len());
            selected.iter().for_each(|list| lists.push(list.iter().map(|c| rows.start as u32 + c)));
        }
        let logits = self.ocpm.forward(&mut ex, &items, &lists);
        let worth = |places: &Range<usize>| ex.data(logits)[places.clone()].iter().map(|z| sigmoid(*z)).sum::<f32>();
        let mut places = lists.segments().iter();
        let ranked = requests(&items.offsets).zip(&counts).map(|((_, rows), count)| {
            let of_request: Vec<_> = places.by_ref().take(*count).collect();
            let best = of_request.into_iter().rev().max_by(|a, b| worth(a).total_cmp(&worth(b))).unwrap_or_default();
            Ranked {
                list: lists.rows()[best].iter().map(|row| *row as usize - rows.start).collect(),
                scores: ex.data(items.logits)[rows].iter().map(|z| sigmoid(*z)).collect(),
            }
        });
        ranked.collect()
    }

    fn probabilities(
        &self,
        weights: &Weights,
        memory: &mut Workspace,
        candidates: Candidates<'_>,
        lists: &Lists,
    ) -> Option<Vec<f32>> {
        let mut ex = Eager::new(weights, memory);
        let items = self.items(&mut ex, candidates);
        let logits = self.ocpm.forward(&mut ex, &items, lists);
        Some(ex.data(logits).iter().map(|z| sigmoid(*z)).collect())
    }
}

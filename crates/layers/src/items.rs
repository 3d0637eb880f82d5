//! What of a candidate's state depends on its item alone, computed once for every item of a catalog.
//!
//! ```text
//!   W_c·[own numbers | item numbers | products | own bags | item bags | interactions]
//!     = W_c[own numbers, products, own bags, interactions]·[…]      for each candidate of a request
//!     + W_c[item numbers, item bags]·[…]                            for each item, when a model is loaded
//! ```
//!
//! A map of inputs side by side is the sum of the maps of each, so no weight is needed twice. A candidate whose item is not in
//! the catalog, or who overrides one of its values, has its item's part computed with the request. What a candidate gets
//! depends on nothing but itself.

use std::ops::Range;
use std::sync::Arc;

use nar4rec_features::{Bags, Catalog, FeatureBatch, InputSpec};
use nar4rec_tensor::{
    Eager, Exec, Forward, InputPart, Interaction, LinearWeights, Segments, Weights, Workspace, forward::View,
};

use crate::FeatureEmbedding;
use crate::feature_embedding::{embed, view};

/// Items of the catalog that are computed together.
const ITEMS_PER_PASS: usize = 256;

/// The most numbers that are computed beforehand: 256 MiB of them. A larger catalog's items are computed with each request.
const MOST_NUMBERS: usize = 1 << 26;

/// Which inputs of the candidates' map depend on the item alone.
#[derive(Debug, Clone)]
pub(crate) struct Split {
    item_numbers: Range<usize>,
    /// The first bag that depends on the item alone.
    own_bags: usize,
    /// Bags of the item that take part in interactions, and so are embedded with every request.
    shared_bags: Vec<usize>,
    /// The interactions, over the embeddings of the own bags and the shared ones.
    interactions: Arc<[Interaction]>,
    /// Inputs of the map: own bags, item bags, interactions.
    own_bag_inputs: Range<usize>,
    item_bag_inputs: Range<usize>,
    interaction_inputs: Range<usize>,
}

impl Split {
    /// `user` and `candidate` are the first columns of the embeddings of each bag, and at the end their number.
    pub(crate) fn new(spec: &InputSpec, [user, candidate]: [&[usize]; 2]) -> Self {
        let (numbers, bags) = (spec.candidate_numbers, spec.candidate_bags.len());
        let dim = |bag: usize| candidate[bag + 1] - candidate[bag];
        let is_shared = |bag: &usize| spec.interactions.iter().any(|(_, of_candidate)| of_candidate == bag);
        let shared_bags: Vec<usize> = (spec.own_bags..bags).filter(is_shared).collect();
        let kept = || (0..spec.own_bags).chain(shared_bags.iter().copied());
        let block = |&(of_user, of_candidate): &(usize, usize)| Interaction {
            wide: user[of_user],
            x: kept().take_while(|bag| *bag != of_candidate).map(dim).sum(),
            columns: dim(of_candidate),
        };
        let interactions: Arc<[Interaction]> = spec.interactions.iter().map(block).collect();
        let products: usize = interactions.iter().map(|block| block.columns).sum();
        let (own_end, end) = (numbers + candidate[spec.own_bags], numbers + candidate[bags]);
        Self {
            item_numbers: spec.own_numbers..spec.own_numbers + spec.item_numbers,
            own_bags: spec.own_bags,
            shared_bags,
            interactions,
            own_bag_inputs: numbers..own_end,
            item_bag_inputs: own_end..end,
            interaction_inputs: end..end + products,
        }
    }

    fn has_items(&self) -> bool {
        !self.item_numbers.is_empty() || !self.item_bag_inputs.is_empty()
    }
}

/// The item's part of the state of every item of a catalog, `[catalog rows, width]`.
#[derive(Debug, Clone)]
pub struct ItemStates {
    states: Vec<f32>,
    width: usize,
}

/// Memory between the steps; reuse one for many batches.
#[derive(Debug, Default)]
pub struct ItemScratch {
    /// Rows of the batch, or of the catalog.
    rows: Vec<u32>,
    numbers: Vec<f32>,
    bags: Vec<Bags>,
}

impl ItemScratch {
    fn clear(&mut self, bags: usize) {
        self.rows.clear();
        self.numbers.clear();
        self.bags.resize_with(bags, Bags::default);
        self.bags.iter_mut().for_each(Bags::clear);
    }
}

impl FeatureEmbedding {
    /// What can be computed for a catalog beforehand; nothing if no input depends on the item alone, or there are too many
    /// items.
    pub fn item_states(&self, weights: &Weights, workspace: &mut Workspace, catalog: &Catalog) -> Option<ItemStates> {
        let width = weights.linear(self.candidate.weights().weight).forward.columns();
        let columns = catalog.columns();
        if catalog.is_empty() || !self.split.has_items() || columns.rows().saturating_mul(width) > MOST_NUMBERS {
            return None;
        }
        let (mut states, mut scratch) = (Vec::with_capacity(columns.rows() * width), ItemScratch::default());
        for first in (0..columns.rows()).step_by(ITEMS_PER_PASS) {
            scratch.clear(self.item_bags());
            for row in first..columns.rows().min(first + ITEMS_PER_PASS) {
                scratch.rows.push(row as u32);
                scratch.numbers.extend_from_slice(columns.numbers(row));
                scratch.bags.iter_mut().enumerate().for_each(|(index, bags)| bags.push(columns.bag(row, index)));
            }
            let mut ex = Eager::new(weights, workspace);
            let part = self.item_part(&mut ex, &scratch);
            states.extend_from_slice(ex.data(part));
        }
        Some(ItemStates { states, width })
    }

    /// The state of every candidate of the batch, as [`FeatureEmbedding::forward`] gives it but for rounding.
    pub fn forward_with_items<F: Forward>(
        &self,
        ex: &mut F,
        (batch, segments): (&FeatureBatch, &Arc<Segments>),
        items: &ItemStates,
        scratch: &mut ItemScratch,
    ) -> F::Value {
        ex.scope(|ex| {
            let user_bags = self.embed_user(ex, batch);
            let x = self.own_part(ex, (batch, segments), user_bags);
            let table = View { data: &items.states, columns: items.width };
            let mut x = ex.add_known_rows(x, table, &batch.catalog_rows);
            self.gather_own_items(batch, scratch);
            if !scratch.rows.is_empty() {
                let part = self.item_part(ex, scratch);
                x = ex.add_at(x, part, &scratch.rows);
            }
            self.add_user(ex, (x, segments), batch, user_bags)
        })
    }

    /// How many bags depend on the item alone.
    fn item_bags(&self) -> usize {
        self.candidate_bags.len() - self.split.own_bags
    }

    /// What depends on the request: W_c·[own numbers | products | own bags | interactions] + b.
    fn own_part<F: Forward>(
        &self,
        ex: &mut F,
        (batch, segments): (&FeatureBatch, &Arc<Segments>),
        user_bags: Option<F::Value>,
    ) -> F::Value {
        let split = &self.split;
        let kept = (0..split.own_bags).chain(split.shared_bags.iter().copied());
        let bags = (split.own_bags + split.shared_bags.len() > 0)
            .then(|| ex.embed(kept.map(|bag| (self.candidate_bags[bag], view(&batch.candidate_bags[bag])))));
        let products = user_bags
            .zip(bags)
            .filter(|_| !split.interactions.is_empty())
            .map(|(user, bags)| ex.interact(user, bags, segments, &split.interactions));
        let numbers = (self.candidate_numbers > 0).then(|| ex.input(&batch.candidate_numbers, self.candidate_numbers));
        let behind = split.item_numbers.end..self.candidate_numbers;
        let parts = [
            part(numbers, 0, 0..split.item_numbers.start),
            part(numbers, behind.start, behind),
            part(bags, 0, split.own_bag_inputs.clone()),
            part(products, 0, split.interaction_inputs.clone()),
        ];
        ex.linear_of_parts(batch.rows(), parts.into_iter().flatten(), self.candidate.weights())
    }

    /// W_c·[item numbers | item bags] of the rows gathered.
    fn item_part<F: Forward>(&self, ex: &mut F, gathered: &ItemScratch) -> F::Value {
        let split = &self.split;
        let count = split.item_numbers.len();
        let numbers = (count > 0).then(|| ex.input(&gathered.numbers, count));
        let bags = embed(ex, &self.candidate_bags[split.own_bags..], &gathered.bags);
        let parts = [part(numbers, 0, split.item_numbers.clone()), part(bags, 0, split.item_bag_inputs.clone())];
        let weights = LinearWeights { bias: None, ..self.candidate.weights() };
        ex.linear_of_parts(gathered.rows.len(), parts.into_iter().flatten(), weights)
    }

    /// The item columns of the candidates that do not have them from the catalog.
    fn gather_own_items(&self, batch: &FeatureBatch, scratch: &mut ItemScratch) {
        let split = &self.split;
        scratch.clear(self.item_bags());
        let own = batch.catalog_rows.iter().enumerate().filter(|(_, row)| **row == FeatureBatch::OWN_ITEM);
        for (row, _) in own {
            scratch.rows.push(row as u32);
            let numbers = &batch.candidate_numbers[row * self.candidate_numbers..];
            scratch.numbers.extend_from_slice(&numbers[split.item_numbers.clone()]);
            let from = &batch.candidate_bags[split.own_bags..];
            scratch.bags.iter_mut().zip(from).for_each(|(bags, from)| bags.push(from.bag(row)));
        }
    }
}

/// Columns of a value, from `first` on, as these inputs, if there are any.
fn part<V>(value: Option<V>, first: usize, inputs: Range<usize>) -> Option<InputPart<V>> {
    value.filter(|_| !inputs.is_empty()).map(|value| InputPart { value, first, inputs })
}

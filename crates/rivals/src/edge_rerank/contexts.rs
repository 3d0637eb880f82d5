//! Items to be scored, each in view of the items that stand before it.

use std::sync::Arc;

use nar4rec_tensor::{Bags, Exec, ParameterId, Segments};

/// Embeddings of places: the first is the start that every context begins with, the last is shared by all places further down.
pub(super) const PLACES: usize = 64;

/// Contexts, and the items that may come next in each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contexts {
    /// Rows of the items placed, context by context.
    before: Vec<u32>,
    placed: Segments,
    /// Rows of the items that may come next, context by context.
    items: Vec<u32>,
    next: Segments,
}

impl Contexts {
    /// Appends a context unless nothing may come next.
    pub(crate) fn push(&mut self, before: &[u32], items: impl Iterator<Item = u32>) {
        let known = self.items.len();
        self.items.extend(items);
        if self.items.len() > known {
            self.next.push(self.items.len() - known);
            self.before.extend_from_slice(before);
            self.placed.push(before.len());
        }
    }

    /// Removes all and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.before.clear();
        self.placed.clear();
        self.items.clear();
        self.next.clear();
    }

    /// Rows of the items that may come next, context by context.
    pub(crate) fn items(&self) -> &[u32] {
        &self.items
    }

    /// The items placed and those that may come next, of each context.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u32], &[u32])> {
        let both = self.placed.iter().zip(self.next.iter());
        both.map(|(placed, next)| (&self.before[placed], &self.items[next]))
    }

    /// The start and the items placed in each context, x and where they stand; and which rows are whose.
    pub(super) fn keys<E: Exec>(&self, ex: &mut E, x: E::Value, places: ParameterId) -> (E::Value, Arc<Segments>) {
        let (mut rows, mut ids) = (Vec::new(), Vec::new());
        for (before, _) in self.iter() {
            // The start is no item: any row, times zero.
            rows.extend(std::iter::once(0).chain(before.iter().copied()));
            ids.extend((0..=before.len()).map(place));
        }
        let is_item: Vec<f32> = ids.iter().map(|id| if *id == 0 { 0.0 } else { 1.0 }).collect();
        let items = ex.gather(x, &Arc::new(rows));
        let is_item = ex.input(&is_item, 1);
        let items = ex.times(items, is_item);
        let keys = add_places(ex, items, places, &ids);
        (keys, ex.segments(self.placed.iter().map(|placed| placed.len() + 1)))
    }

    /// The items that may come next, x and where they would stand; and which rows are whose.
    pub(super) fn queries<E: Exec>(&self, ex: &mut E, x: E::Value, places: ParameterId) -> (E::Value, Arc<Segments>) {
        let both = self.iter();
        let ids: Vec<u32> =
            both.flat_map(|(before, items)| std::iter::repeat_n(place(before.len() + 1), items.len())).collect();
        let items = ex.gather(x, &Arc::new(self.items.clone()));
        let queries = add_places(ex, items, places, &ids);
        (queries, ex.segments(self.next.iter().map(|next| next.len())))
    }
}

/// The embedding of what stands after so many, the start included.
fn place(after: usize) -> u32 {
    after.min(PLACES - 1) as u32
}

fn add_places<E: Exec>(ex: &mut E, x: E::Value, places: ParameterId, ids: &[u32]) -> E::Value {
    let offsets: Vec<u32> = (0..=ids.len() as u32).collect();
    let embedded = ex.embed(std::iter::once((places, Bags { offsets: &offsets, ids })));
    ex.add(x, embedded)
}

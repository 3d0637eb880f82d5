//! Items to be scored, each in view of the items that stand before it.

use std::sync::Arc;

use nar4rec_tensor::{Exec, Segments};

use crate::places::Places;

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

    /// The start and the items placed in each context, x and where they stand; and which rows are whose. The start stands at
    /// place 0, and the first item after it at place 1.
    pub(super) fn keys<E: Exec>(&self, ex: &mut E, x: E::Value, table: Places) -> (E::Value, Arc<Segments>) {
        let (mut rows, mut places) = (Vec::new(), Vec::new());
        for (before, _) in self.iter() {
            // The start is no item: any row, times zero.
            rows.extend(std::iter::once(0).chain(before.iter().copied()));
            places.extend(0..=before.len());
        }
        let is_item: Vec<f32> = places.iter().map(|place| if *place == 0 { 0.0 } else { 1.0 }).collect();
        let items = ex.gather(x, &Arc::new(rows));
        let is_item = ex.input(&is_item, 1);
        let items = ex.times(items, is_item);
        let keys = table.add_to(ex, items, places.into_iter());
        (keys, ex.segments(self.placed.iter().map(|placed| placed.len() + 1)))
    }

    /// The items that may come next, x and where they would stand; and which rows are whose.
    pub(super) fn queries<E: Exec>(&self, ex: &mut E, x: E::Value, table: Places) -> (E::Value, Arc<Segments>) {
        let places = self.iter().flat_map(|(before, items)| std::iter::repeat_n(before.len() + 1, items.len()));
        let items = ex.gather(x, &Arc::new(self.items.clone()));
        let queries = table.add_to(ex, items, places);
        (queries, ex.segments(self.next.iter().map(|next| next.len())))
    }
}

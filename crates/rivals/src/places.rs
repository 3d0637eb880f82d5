//! What a place says by itself: an embedding for each, whether of the initial list or of the list that is made.

use nar4rec_tensor::{Bags, Exec, Init, Kind, ParameterId, Registry};

/// Places that have an embedding of their own; those further down share the last.
const COUNT: usize = 64;

/// Embeddings begin uniform in ± this.
const BOUND: f32 = 0.1;

/// A table of places.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places(ParameterId);

impl Places {
    /// Declares the table `name` of rows of `width` numbers.
    pub(crate) fn new(registry: &mut Registry, name: &str, width: usize) -> Self {
        Self(registry.add(name, [COUNT, width], Kind::Table, Init::Uniform(BOUND)))
    }

    /// x with what the table says of each row's place added, places from 0.
    pub(crate) fn add_to<E: Exec>(self, ex: &mut E, x: E::Value, places: impl Iterator<Item = usize>) -> E::Value {
        let ids: Vec<u32> = places.map(|place| place.min(COUNT - 1) as u32).collect();
        let offsets: Vec<u32> = (0..=ids.len() as u32).collect();
        let embedded = ex.embed(std::iter::once((self.0, Bags { offsets: &offsets, ids: &ids })));
        ex.add(x, embedded)
    }
}

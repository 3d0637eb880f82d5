//! What the user took before: the ids of one of the user's bags, whose table also says what the candidates are.
//!
//! ```text
//!   past of a request  [ 0 ; e(r_1) ; … ; e(r_H) ]     rows of the table, in the order given: the newest last
//! ```
//!
//! The row of zeros in front is for those without a past: its key and value are the biases of the maps that make them, which
//! are learned. Of all pairs of a user's and a candidate's bag with one table, the pair of the largest table counts: items
//! are more than their genres. Among equals it is the first.

use std::sync::Arc;

use nar4rec_features::{FeatureBatch, InputSpec};
use nar4rec_tensor::{Bags, Exec, ParameterId, Segments};

/// Where the past stands in the features.
#[derive(Debug, Clone, Copy)]
pub(super) struct PastBags {
    user: usize,
    /// The bag of a candidate that says which item it is.
    pub(super) candidate: usize,
    table: ParameterId,
    /// The length of the table's rows.
    pub(super) dim: usize,
    /// Items that count, at most.
    most: usize,
}

/// The past items of some requests.
#[derive(Debug, Clone)]
pub(super) struct Past<V> {
    /// Of each request a row of zeros and its items, the newest last. `[requests + items, dim]`
    pub(super) items: V,
    /// The rows of each request.
    pub(super) segments: Arc<Segments>,
}

impl PastBags {
    /// The pair of bags, if there is one; `tables` are those of the candidates' bags.
    pub(super) fn find(spec: &InputSpec, tables: &[ParameterId], most: usize) -> Option<Self> {
        let pair = |(user, of_user): (usize, usize)| {
            let candidate = spec.candidate_bags.iter().position(|bag| bag.table == of_user)?;
            Some((user, candidate, &spec.tables[of_user]))
        };
        let users = spec.user_bags.iter().map(|bag| bag.table).enumerate();
        // The last of the greatest is the first where they come in reverse.
        let largest = users.rev().filter_map(pair).max_by_key(|(_, _, table)| table.rows);
        largest.map(|(user, candidate, table)| Self { user, candidate, table: tables[candidate], dim: table.dim, most })
    }

    /// The past items of the requests of a batch.
    pub(super) fn embed<E: Exec>(&self, ex: &mut E, batch: &FeatureBatch) -> Past<E::Value> {
        let bags = &batch.user_bags[self.user];
        let newest = |request: usize| {
            let ids = bags.bag(request);
            &ids[ids.len().saturating_sub(self.most)..]
        };
        let (mut offsets, mut ids) = (vec![0], Vec::new());
        for request in 0..batch.requests() {
            offsets.push(ids.len() as u32);
            for id in newest(request) {
                ids.push(*id);
                offsets.push(ids.len() as u32);
            }
        }
        let segments = ex.segments((0..batch.requests()).map(|request| 1 + newest(request).len()));
        let items = ex.embed(std::iter::once((self.table, Bags { offsets: &offsets, ids: &ids })));
        Past { items, segments }
    }
}

#[cfg(test)]
mod tests {
    use nar4rec_features::{BagSpec, TableSpec};
    use nar4rec_tensor::{Init, Kind, Registry};

    use super::*;

    #[test]
    fn the_largest_shared_table_counts() {
        let table = |name: &str, rows| TableSpec { name: name.into(), rows, dim: 2 };
        let bag = |table| BagSpec { name: format!("bag{table}"), table };
        let mut spec = InputSpec {
            tables: vec![table("genre", 5), table("item", 9), table("city", 99)],
            user_bags: vec![bag(2), bag(0), bag(1), bag(1)],
            candidate_bags: vec![bag(0), bag(1)],
            ..InputSpec::default()
        };
        let mut registry = Registry::default();
        let tables = [0, 1].map(|t| registry.add(&format!("t{t}"), [9, 2], Kind::Table, Init::Constant(0.0)));
        let found = PastBags::find(&spec, &tables, 5).unwrap();
        assert_eq!((found.user, found.candidate, found.table), (2, 1, tables[1]));
        spec.user_bags.truncate(2);
        let found = PastBags::find(&spec, &tables, 5).unwrap();
        assert_eq!((found.user, found.candidate, found.table), (1, 0, tables[0]));
        spec.user_bags.truncate(1);
        assert!(PastBags::find(&spec, &tables, 5).is_none(), "where the user lives is no item");
    }
}

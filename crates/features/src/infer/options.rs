//! What inference may be told: limits, sizes, and which features to read in another way.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// How a schema is inferred from data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SchemaOptions {
    /// Strings that occur less often get the unknown row, which they thereby train.
    pub min_count: u64,
    /// Of more strings than this there is no dictionary: they are hashed.
    pub dictionary_limit: usize,
    /// The number of rows of a table of hashed strings.
    pub hash_buckets: u32,
    /// The row length of the tables of item and user ids.
    pub id_dim: usize,
    /// The greatest row length of the other tables. A table of r rows gets ⌈1.6 r^0.56⌉ or this.
    pub max_dim: usize,
    /// How many of its last entries a list is cut to.
    pub max_list_length: usize,
    /// Whether the item's id is a feature.
    pub item_id: IdFeature,
    /// Whether the user's id is a feature.
    pub user_id: IdFeature,
    /// Names of numbers that are transformed by `log1p`: counts, durations, prices.
    pub log1p: BTreeSet<String>,
    /// Names of numbers that are categories: codes and years that are not to be compared by size.
    pub categories: BTreeSet<String>,
}

/// Whether an id is a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdFeature {
    /// It has an embedding.
    Include,
    /// It is only a name.
    Exclude,
}

impl Default for SchemaOptions {
    fn default() -> Self {
        Self {
            min_count: 2,
            dictionary_limit: 10_000,
            hash_buckets: 32_768,
            id_dim: 32,
            max_dim: 32,
            max_list_length: 50,
            item_id: IdFeature::Include,
            user_id: IdFeature::Exclude,
            log1p: BTreeSet::new(),
            categories: BTreeSet::new(),
        }
    }
}

impl SchemaOptions {
    /// The row length of a table of `rows` rows.
    pub(super) fn dim(&self, rows: usize) -> usize {
        let rule = (1.6 * (rows as f64).powf(0.56)).ceil() as usize;
        rule.min(self.max_dim)
    }
}

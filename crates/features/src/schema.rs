//! The schema: which features there are, how each becomes numbers or table rows, and what a missing value means.
//!
//! Its serde form is the `schema.json` of `docs/features.md`: inferred by [`crate::SchemaBuilder`], then the user's to
//! edit. A schema is plain data; [`Schema::validate`] is the door, and [`crate::Encoder::new`] goes through it.

use serde::{Deserialize, Serialize};

mod validate;

/// The version of the schema format that this crate writes and reads.
pub const SCHEMA_VERSION: u32 = 1;

/// All features of a model's input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The format's version, [`SCHEMA_VERSION`].
    pub version: u32,
    /// The upstream ranker's score; absent or `null`: it is not an input.
    #[serde(default)]
    pub score: Option<ScoreFeature>,
    /// Features of the user and the context.
    #[serde(default)]
    pub user: Vec<Feature>,
    /// Features that belong to the item whatever the request. They come from the catalog; a candidate's own value wins.
    #[serde(default)]
    pub item: Vec<Feature>,
    /// Features of a candidate that depend on the request.
    #[serde(default)]
    pub candidate: Vec<Feature>,
    /// Products of a user number and a candidate's number, each one more number of the candidate.
    #[serde(default)]
    pub products: Vec<Product>,
    /// Element-wise products of pooled embeddings of a user feature and a candidate's feature.
    #[serde(default)]
    pub interactions: Vec<Interaction>,
    /// The embedding tables that categories and lists refer to by name.
    #[serde(default)]
    pub tables: Vec<Table>,
}

/// One feature. The names within a level are distinct, and so are those of `item` and `candidate` together, because a
/// candidate gives both in one place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Feature {
    /// A number.
    Number(NumberFeature),
    /// One string.
    Category(CategoryFeature),
    /// A list of strings.
    List(ListFeature),
}

/// A number, which becomes `(transform(x) - mean) / std` clipped to ±[`crate::CLIP`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberFeature {
    /// The name in the data.
    pub name: String,
    /// What is applied before standardising.
    #[serde(default, skip_serializing_if = "Transform::is_identity")]
    pub transform: Transform,
    /// Mean of the transformed values.
    pub mean: f64,
    /// Standard deviation of the transformed values, greater than 0.
    pub std: f64,
    /// What stands in for a missing value.
    #[serde(default)]
    pub missing: Missing,
    /// Whether a further column says 1 where the value is missing and 0 where it is not.
    #[serde(default)]
    pub indicator: bool,
}

/// What is applied to a number before it is standardised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// Nothing.
    #[default]
    Identity,
    /// `sign(x) · ln(1 + |x|)`: the logarithm for counts and durations, defined for every number.
    Log1p,
}

impl Transform {
    fn is_identity(&self) -> bool {
        *self == Self::Identity
    }

    /// The transformed number; finite for every finite `x`.
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::Log1p => x.abs().ln_1p().copysign(x),
        }
    }
}

/// What stands in for a missing number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The mean, hence 0 after standardising.
    #[default]
    Mean,
    /// The raw number 0, transformed and standardised like any other.
    Zero,
    /// This raw number, transformed and standardised like any other.
    Value(f64),
}

/// One string, which becomes one row of a table. Missing: no row, and the pooled vector is zero. A number given here is
/// read as its shortest decimal, 25 as `"25"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryFeature {
    /// The name in the data; with `source: "id"` only a name.
    pub name: String,
    /// The table its values are rows of.
    pub table: String,
    /// Where the string comes from.
    #[serde(default, skip_serializing_if = "Source::is_feature")]
    pub source: Source,
}

/// Where a category's string comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The feature of this name.
    #[default]
    Feature,
    /// The id: the user's at user level, the item's elsewhere.
    Id,
}

impl Source {
    fn is_feature(&self) -> bool {
        *self == Self::Feature
    }
}

/// A list of strings, which becomes the mean of its rows of a table. Missing or empty: no rows, and the mean is zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListFeature {
    /// The name in the data.
    pub name: String,
    /// The table its values are rows of.
    pub table: String,
    /// Of a longer list the last entries count, since histories are oldest first. At least 1.
    pub max_length: usize,
}

/// The upstream score: standardised by `mean` and `std`, and placed within its list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreFeature {
    /// Mean over all candidates of the training data.
    pub mean: f64,
    /// Standard deviation, greater than 0.
    pub std: f64,
    /// The columns it gives, in this order; distinct and at least one.
    pub columns: Vec<ScoreColumn>,
}

/// A column made of the upstream score. A missing score gives 0 in all but `Missing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreColumn {
    /// The standardised score.
    Value,
    /// `(score - mean) / std` of this request's scores; 0 where they are all equal.
    ZScore,
    /// `1 - 2 r / (k - 1)` with r the number of candidates that score higher and k the number that have a score: +1
    /// for the best, -1 for a sole worst, equal for ties; 0 for k = 1.
    Rank,
    /// 1 where the score is missing, 0 where it is not.
    Missing,
}

/// A derived number of each candidate: the product of two standardised numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// A number at user level.
    pub user: String,
    /// A number at item or candidate level.
    pub item: String,
}

/// A derived embedding of each candidate: the element-wise product of two pooled embeddings from the same table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interaction {
    /// A category or list at user level.
    pub user: String,
    /// A category or list at item or candidate level.
    pub item: String,
}

/// An embedding table: how strings become row numbers, and the length of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The name that features refer to.
    pub name: String,
    /// The length of a row, at least 1.
    pub dim: usize,
    /// How a string becomes a row number.
    pub encoding: Encoding,
}

/// How a string becomes a row number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Encoding {
    /// Row 0 stands for every unknown string, row `1 + i` for `values[i]`.
    Dictionary {
        /// The known strings, distinct.
        values: Vec<String>,
    },
    /// Row [`crate::bucket`]`(string, buckets)`. There is no unknown string.
    Hash {
        /// The number of rows, at least 1.
        buckets: u32,
    },
}

impl Encoding {
    /// The number of rows that a table of this encoding has.
    pub fn rows(&self) -> usize {
        match self {
            Self::Dictionary { values } => values.len() + 1,
            Self::Hash { buckets } => *buckets as usize,
        }
    }
}

impl Feature {
    /// The feature's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Number(number) => &number.name,
            Self::Category(category) => &category.name,
            Self::List(list) => &list.name,
        }
    }

    /// The table that a category or list refers to.
    pub fn table(&self) -> Option<&str> {
        match self {
            Self::Number(_) => None,
            Self::Category(category) => Some(&category.table),
            Self::List(list) => Some(&list.table),
        }
    }

    /// How many number columns it gives.
    pub fn numbers(&self) -> usize {
        match self {
            Self::Number(number) => 1 + usize::from(number.indicator),
            Self::Category(_) | Self::List(_) => 0,
        }
    }
}

impl Schema {
    /// The features that a candidate has: those of the request's candidate level, then those of the item.
    pub fn candidate_side(&self) -> impl Iterator<Item = &Feature> {
        self.candidate.iter().chain(&self.item)
    }
}

#[cfg(test)]
mod tests;

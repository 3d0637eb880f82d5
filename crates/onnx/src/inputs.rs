//! What goes into the graphs: names, types and shapes.
//!
//! ```text
//!   candidate_numbers   f32 [batch, candidates, C]         numbers, as the schema encodes them
//!   candidate.F, item.F i64 [batch, candidates]            a category: a row of its table, -1 for none
//!                       i64 [batch, candidates, F.length]  a list: rows of its table, filled up with -1
//!   user_numbers        f32 [batch, U]
//!   user.F              i64 [batch] or [batch, F.length]
//!   mask                bool [batch, candidates]           generator, if asked for: which candidates there are
//!   lists               i64 [lists, places]                evaluator: rows of the candidates of all requests
//! ```
//!
//! An input that a schema has no features for is left out.

use nar4rec_features::{Feature, InputSpec, Schema, SchemaError};
use serde::Serialize;

use crate::tensor::Dtype;

pub(crate) const CANDIDATE_NUMBERS: &str = "candidate_numbers";
pub(crate) const USER_NUMBERS: &str = "user_numbers";
pub(crate) const MASK: &str = "mask";
pub(crate) const LISTS: &str = "lists";

/// The length of a dimension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Dim {
    /// Always the same.
    Fixed(usize),
    /// As many as there are; the same wherever the name is.
    Named(String),
}

impl Dim {
    pub(crate) fn named(name: &str) -> Self {
        Self::Named(name.to_owned())
    }
}

/// The name, type and shape of what goes in or comes out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Signature {
    pub(crate) name: String,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<Dim>,
}

impl Signature {
    pub(crate) fn new(name: &str, dtype: Dtype, shape: impl IntoIterator<Item = Dim>) -> Self {
        Self { name: name.to_owned(), dtype, shape: shape.into_iter().collect() }
    }
}

/// A category or list as an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BagInput {
    /// The level and the feature's name, which is the input's.
    pub(crate) name: String,
    /// Whether it holds several rows.
    pub(crate) is_list: bool,
}

/// The features of a model as inputs.
#[derive(Debug, Clone)]
pub(crate) struct FeatureInputs {
    pub(crate) spec: InputSpec,
    pub(crate) user_bags: Vec<BagInput>,
    pub(crate) candidate_bags: Vec<BagInput>,
}

impl FeatureInputs {
    /// Those of a schema.
    pub(crate) fn new(schema: &Schema) -> Result<Self, SchemaError> {
        let spec = schema.input_spec()?;
        let bags = |names: &[nar4rec_features::BagSpec], features: &mut dyn Iterator<Item = &Feature>| {
            let bags = features.filter(|feature| feature.table().is_some());
            let input = |(bag, feature): (&nar4rec_features::BagSpec, &Feature)| BagInput {
                name: bag.name.clone(),
                is_list: matches!(feature, Feature::List(_)),
            };
            names.iter().zip(bags).map(input).collect()
        };
        Ok(Self {
            user_bags: bags(&spec.user_bags, &mut schema.user.iter()),
            candidate_bags: bags(&spec.candidate_bags, &mut schema.candidate_side()),
            spec,
        })
    }

    /// An input with a row or rows for each candidate: it tells how many there are.
    pub(crate) fn of_candidates(&self) -> &str {
        if self.spec.candidate_numbers > 0 {
            return CANDIDATE_NUMBERS;
        }
        &self.candidate_bags.first().expect("candidates have a feature in a valid schema").name
    }

    /// The inputs that features make, in the order of the graphs.
    pub(crate) fn signatures(&self) -> Vec<Signature> {
        let candidates = [Dim::named("batch"), Dim::named("candidates")];
        let mut all = side(CANDIDATE_NUMBERS, self.spec.candidate_numbers, &self.candidate_bags, &candidates);
        all.extend(side(USER_NUMBERS, self.spec.user_numbers, &self.user_bags, &candidates[..1]));
        all
    }
}

/// The inputs of candidates or of users, whose rows are counted by `outer`.
fn side(name: &str, numbers: usize, bags: &[BagInput], outer: &[Dim]) -> Vec<Signature> {
    let wide = |name: &str, dtype, last: Option<Dim>| Signature::new(name, dtype, outer.iter().cloned().chain(last));
    let numbers = (numbers > 0).then(|| wide(name, Dtype::Float32, Some(Dim::Fixed(numbers))));
    let bag = |bag: &BagInput| {
        let length = bag.is_list.then(|| Dim::Named(format!("{}.length", bag.name)));
        wide(&bag.name, Dtype::Int64, length)
    };
    numbers.into_iter().chain(bags.iter().map(bag)).collect()
}

/// Which candidates there are.
pub(crate) fn mask() -> Signature {
    Signature::new(MASK, Dtype::Bool, [Dim::named("batch"), Dim::named("candidates")])
}

/// The lists to evaluate.
pub(crate) fn lists() -> Signature {
    Signature::new(LISTS, Dtype::Int64, [Dim::named("lists"), Dim::named("places")])
}

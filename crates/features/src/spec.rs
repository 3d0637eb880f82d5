//! What the layers must expect: how many numbers, which bags, which tables, in which order.
//!
//! Order of a candidate's numbers: the score's columns as the schema lists them; then the numbers of the candidate
//! level, then of the item level, each as the schema lists them and followed by its indicator where it has one; then
//! the products. Order of a candidate's bags: candidate level, then item level. The user's numbers and bags follow
//! the schema.

use crate::SchemaError;
use crate::columns::Shape;
use crate::schema::{Feature, Schema, ScoreColumn, ScoreFeature};

/// What a model's input looks like, derived from a [`Schema`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InputSpec {
    /// Numbers per request.
    pub user_numbers: usize,
    /// Numbers per candidate.
    pub candidate_numbers: usize,
    /// The first of them, which depend on the request: the score's and those of the candidate level.
    pub own_numbers: usize,
    /// Those behind, which depend on the item alone.
    pub item_numbers: usize,
    /// A name for each of the user's numbers, such as `user.age` and `user.age.missing`.
    pub user_number_names: Vec<String>,
    /// A name for each of a candidate's numbers, such as `score.rank`, `item.year` and `user.als0*item.als0`.
    pub candidate_number_names: Vec<String>,
    /// The embedding tables, in the schema's order.
    pub tables: Vec<TableSpec>,
    /// The user's categories and lists.
    pub user_bags: Vec<BagSpec>,
    /// A candidate's categories and lists.
    pub candidate_bags: Vec<BagSpec>,
    /// The first of them, which depend on the request; the others depend on the item alone.
    pub own_bags: usize,
    /// Element-wise products of pooled embeddings: an index into `user_bags` and one into `candidate_bags`, of one
    /// table.
    pub interactions: Vec<(usize, usize)>,
    /// The products at the end of a candidate's numbers: a column of the user's numbers and one of the candidate's.
    pub products: Vec<(usize, usize)>,
}

/// The shape of one embedding table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSpec {
    /// The table's name.
    pub name: String,
    /// The number of rows; every id is below it.
    pub rows: usize,
    /// The length of a row.
    pub dim: usize,
}

/// One category or list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BagSpec {
    /// The level and the feature's name, such as `user.recent`.
    pub name: String,
    /// An index into the tables.
    pub table: usize,
}

impl Schema {
    /// What this schema's input looks like.
    ///
    /// # Errors
    /// If the schema is not valid.
    pub fn input_spec(&self) -> Result<InputSpec, SchemaError> {
        self.validate()?;
        let mut candidate_number_names = score_names(self.score.as_ref());
        candidate_number_names.extend(number_names("candidate", &self.candidate));
        let own_numbers = candidate_number_names.len();
        candidate_number_names.extend(number_names("item", &self.item));
        let item_numbers = candidate_number_names.len() - own_numbers;
        candidate_number_names
            .extend(self.products.iter().map(|p| format!("user.{}*{}", p.user, self.on_candidate(&p.item))));
        let user_number_names = number_names("user", &self.user);
        let tables =
            self.tables.iter().map(|t| TableSpec { name: t.name.clone(), rows: t.encoding.rows(), dim: t.dim });
        let mut candidate_bags = self.bags("candidate", &self.candidate);
        let own_bags = candidate_bags.len();
        candidate_bags.extend(self.bags("item", &self.item));
        Ok(InputSpec {
            user_numbers: user_number_names.len(),
            candidate_numbers: candidate_number_names.len(),
            own_numbers,
            item_numbers,
            user_number_names,
            candidate_number_names,
            tables: tables.collect(),
            user_bags: self.bags("user", &self.user),
            candidate_bags,
            own_bags,
            interactions: self.interaction_columns(),
            products: self.product_columns(),
        })
    }

    fn bags(&self, level: &str, features: &[Feature]) -> Vec<BagSpec> {
        let bag = |feature: &Feature| {
            let name = feature.table()?;
            Some(BagSpec { name: format!("{level}.{}", feature.name()), table: self.table_index(name) })
        };
        features.iter().filter_map(bag).collect()
    }

    /// The index of a table that [`Schema::validate`] has found.
    pub(crate) fn table_index(&self, name: &str) -> usize {
        self.tables.iter().position(|table| table.name == name).expect("a valid schema refers to tables that it has")
    }

    fn product_columns(&self) -> Vec<(usize, usize)> {
        let score = self.score.as_ref().map_or(0, |score| score.columns.len());
        let column = |product: &crate::Product| {
            let user = place(self.user.iter(), &product.user, Feature::numbers);
            (user, score + place(self.candidate_side(), &product.item, Feature::numbers))
        };
        self.products.iter().map(column).collect()
    }

    fn interaction_columns(&self) -> Vec<(usize, usize)> {
        let bags = |feature: &Feature| usize::from(feature.table().is_some());
        let pair = |interaction: &crate::Interaction| {
            let user = place(self.user.iter(), &interaction.user, bags);
            (user, place(self.candidate_side(), &interaction.item, bags))
        };
        self.interactions.iter().map(pair).collect()
    }

    fn on_candidate(&self, name: &str) -> String {
        let level = if self.candidate.iter().any(|feature| feature.name() == name) { "candidate" } else { "item" };
        format!("{level}.{name}")
    }
}

/// How many columns stand before those of the feature called `name`.
fn place<'a>(features: impl Iterator<Item = &'a Feature>, name: &str, columns: impl Fn(&Feature) -> usize) -> usize {
    features.take_while(|feature| feature.name() != name).map(columns).sum()
}

/// How many numbers and bags these features give.
pub(crate) fn shape(features: &[Feature]) -> Shape {
    Shape {
        numbers: features.iter().map(Feature::numbers).sum(),
        bags: features.iter().filter(|feature| feature.table().is_some()).count(),
    }
}

fn number_names(level: &str, features: &[Feature]) -> Vec<String> {
    let mut names = Vec::new();
    for feature in features {
        let Feature::Number(number) = feature else { continue };
        names.push(format!("{level}.{}", number.name));
        if number.indicator {
            names.push(format!("{level}.{}.missing", number.name));
        }
    }
    names
}

fn score_names(score: Option<&ScoreFeature>) -> Vec<String> {
    let name = |column: &ScoreColumn| match column {
        ScoreColumn::Value => "score.value",
        ScoreColumn::ZScore => "score.z_score",
        ScoreColumn::Rank => "score.rank",
        ScoreColumn::Missing => "score.missing",
    };
    score.map_or_else(Vec::new, |score| score.columns.iter().map(|column| name(column).to_owned()).collect())
}

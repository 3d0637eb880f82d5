//! From what was seen to the schema.

use std::collections::{BTreeMap, BTreeSet};

use super::vocabulary::Vocabulary;
use super::{IdFeature, Kind, Observed, SchemaBuilder, SchemaOptions};
use crate::SchemaError;
use crate::schema::{
    CategoryFeature, Encoding, Feature, Interaction, ListFeature, Missing, NumberFeature, Product, SCHEMA_VERSION,
    Schema, ScoreColumn, ScoreFeature, Source, Table,
};

/// A list shares the item-id table if at least this share of its entries are ids of items.
const ID_SHARE: f64 = 0.5;

/// An inferred schema, and what a person should know about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Inferred {
    /// The schema; it is valid.
    pub schema: Schema,
    /// What was seen and left out, and why, one sentence each.
    pub notes: Vec<String>,
}

/// One of the three levels while it is being written.
struct LevelPlan<'a> {
    name: &'static str,
    seen: Vec<(&'a String, &'a Observed)>,
    /// How often each feature could have had a value.
    rows: u64,
}

struct Writer<'a> {
    builder: &'a SchemaBuilder,
    /// The name of the table of item ids, if there is one.
    item_ids: Option<String>,
    tables: Vec<Table>,
    notes: Vec<String>,
}

pub(super) fn finish(builder: &SchemaBuilder) -> Result<Inferred, SchemaError> {
    let mut writer = Writer { builder, item_ids: None, tables: Vec::new(), notes: Vec::new() };
    let score = writer.score();
    let item_id = writer.id(builder.options.item_id, "item_id", &builder.item_ids);
    writer.item_ids.clone_from(&item_id);
    let user_id = writer.id(builder.options.user_id, "user_id", &builder.user_ids);
    let mut user =
        writer.level(&LevelPlan { name: "user", seen: builder.user.iter().collect(), rows: builder.requests });
    let (catalog, inline) = builder.item.iter().partition(|(_, seen)| seen.in_catalog > 0);
    let mut item = writer.level(&LevelPlan { name: "item", seen: catalog, rows: builder.items });
    let candidate = writer.level(&LevelPlan { name: "candidate", seen: inline, rows: builder.candidates });
    if let Some(table) = user_id {
        user.insert(0, id_feature(&builder.user, table));
    }
    if let Some(table) = item_id {
        item.insert(0, id_feature(&builder.item, table));
    }
    writer.note_unused_options();
    let (products, interactions) = {
        let candidate_side: Vec<&Feature> = candidate.iter().chain(&item).collect();
        (products(&user, &candidate_side), interactions(&user, &candidate_side))
    };
    let Writer { tables, notes, .. } = writer;
    let schema = Schema { version: SCHEMA_VERSION, score, user, item, candidate, products, interactions, tables };
    schema.validate()?;
    Ok(Inferred { schema, notes })
}

impl Writer<'_> {
    fn score(&mut self) -> Option<ScoreFeature> {
        let score = &self.builder.score;
        if score.count() == 0 {
            return None;
        }
        let Some(std) = score.std() else {
            self.notes.push(format!("score: always {}, left out", score.mean()));
            return None;
        };
        let mut columns = vec![ScoreColumn::Value, ScoreColumn::ZScore, ScoreColumn::Rank];
        if score.count() < self.builder.candidates {
            columns.push(ScoreColumn::Missing);
        }
        Some(ScoreFeature { mean: score.mean(), std, columns })
    }

    /// Makes the table of ids, and gives its name.
    fn id(&mut self, wanted: IdFeature, name: &str, ids: &Vocabulary) -> Option<String> {
        if wanted == IdFeature::Exclude {
            return None;
        }
        let options = &self.builder.options;
        let Some(encoding) = encoding(ids, options) else {
            self.notes.push(format!("{name}: no id occurs {} times, left out", options.min_count));
            return None;
        };
        let name = free_name(name, |name| self.builder.vocabularies.contains_key(name));
        self.tables.push(Table { name: name.clone(), dim: options.id_dim, encoding });
        Some(name)
    }

    fn level(&mut self, plan: &LevelPlan) -> Vec<Feature> {
        plan.seen.iter().filter_map(|&(name, seen)| self.feature(plan, name, seen)).collect()
    }

    fn feature(&mut self, plan: &LevelPlan, name: &str, seen: &Observed) -> Option<Feature> {
        let values = if seen.in_catalog > 0 { seen.in_catalog } else { seen.inline };
        let somewhere_missing = values < plan.rows;
        let made = match seen.kind {
            None => Err("always null".to_owned()),
            Some(Kind::Number) => self.number(name, seen, somewhere_missing),
            Some(Kind::Category) => self.category(name, somewhere_missing),
            Some(Kind::List) => self.list(name),
        };
        made.map_err(|reason| self.notes.push(format!("{}.{name}: {reason}, left out", plan.name))).ok()
    }

    fn number(&self, name: &str, seen: &Observed, indicator: bool) -> Result<Feature, String> {
        let mean = seen.moments.mean();
        let std = match seen.moments.std() {
            Some(std) => std,
            None if indicator => 1.0,
            None => return Err("the same number everywhere".to_owned()),
        };
        let transform = self.builder.options.transform(name);
        let missing = Missing::Mean;
        Ok(Feature::Number(NumberFeature { name: name.to_owned(), transform, mean, std, missing, indicator }))
    }

    fn category(&mut self, name: &str, somewhere_missing: bool) -> Result<Feature, String> {
        let vocabulary = &self.builder.vocabularies[name];
        match vocabulary.sole() {
            Some(value) if !somewhere_missing => return Err(format!("{value:?} everywhere")),
            _ => {}
        }
        let table = self.table(name, vocabulary)?;
        Ok(Feature::Category(CategoryFeature { name: name.to_owned(), table, source: Source::Feature }))
    }

    fn list(&mut self, name: &str) -> Result<Feature, String> {
        let max_length = self.builder.options.max_list_length;
        let vocabulary = &self.builder.vocabularies[name];
        let table = match &self.item_ids {
            Some(ids) if vocabulary.share_in(&self.builder.item_ids) >= ID_SHARE => ids.clone(),
            _ => self.table(name, vocabulary)?,
        };
        Ok(Feature::List(ListFeature { name: name.to_owned(), table, max_length }))
    }

    /// The table of a feature's own strings, made if another level has not made it.
    fn table(&mut self, name: &str, vocabulary: &Vocabulary) -> Result<String, String> {
        if !self.tables.iter().any(|table| table.name == name) {
            let options = &self.builder.options;
            let encoding =
                encoding(vocabulary, options).ok_or_else(|| format!("no value occurs {} times", options.min_count))?;
            self.tables.push(Table { name: name.to_owned(), dim: options.dim(encoding.rows()), encoding });
        }
        Ok(name.to_owned())
    }

    fn note_unused_options(&mut self) {
        let SchemaOptions { log1p, categories, .. } = &self.builder.options;
        for (option, names, kind) in [("log1p", log1p, Kind::Number), ("categories", categories, Kind::Category)] {
            let used: BTreeSet<&String> = [&self.builder.user, &self.builder.item]
                .into_iter()
                .flatten()
                .filter(|(_, seen)| seen.kind == Some(kind))
                .map(|(name, _)| name)
                .collect();
            let unused = names.iter().filter(|name| !used.contains(name));
            self.notes.extend(unused.map(|name| format!("{option}: {name:?} has no numbers in this data")));
        }
    }
}

/// A dictionary, or a hash where there are too many strings for one; nothing where none occurs often enough.
fn encoding(vocabulary: &Vocabulary, options: &SchemaOptions) -> Option<Encoding> {
    let values = vocabulary.frequent(options.min_count);
    if !vocabulary.is_complete() || values.len() > options.dictionary_limit {
        return Some(Encoding::Hash { buckets: options.hash_buckets });
    }
    (!values.is_empty()).then_some(Encoding::Dictionary { values })
}

fn id_feature(seen: &BTreeMap<String, Observed>, table: String) -> Feature {
    let name = free_name("id", |name| seen.contains_key(name));
    Feature::Category(CategoryFeature { name, table, source: Source::Id })
}

fn free_name(wanted: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut name = wanted.to_owned();
    while taken(&name) {
        name.push('_');
    }
    name
}

/// Numbers of one name at user level and on the candidate's side.
fn products(user: &[Feature], candidate_side: &[&Feature]) -> Vec<Product> {
    let number = |feature: &&Feature| matches!(feature, Feature::Number(_));
    let shared = user
        .iter()
        .filter(number)
        .filter(|user| candidate_side.iter().copied().filter(number).any(|item| item.name() == user.name()));
    shared.map(|user| Product { user: user.name().to_owned(), item: user.name().to_owned() }).collect()
}

/// Categories and lists of one table at user level and on the candidate's side.
fn interactions(user: &[Feature], candidate_side: &[&Feature]) -> Vec<Interaction> {
    let mut pairs = Vec::new();
    for user in user.iter().filter(|user| user.table().is_some()) {
        for item in candidate_side.iter().filter(|item| item.table() == user.table()) {
            pairs.push(Interaction { user: user.name().to_owned(), item: item.name().to_owned() });
        }
    }
    pairs
}

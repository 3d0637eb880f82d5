//! One level of the schema, resolved for encoding: what each feature does is decided once, when the encoder is made.
//!
//! Encoding a row has two steps. [`Level::gather`] walks the features given and the features wanted side by side,
//! both in name order, so that no name is searched for. [`Level::encode`] then goes through the schema's order and
//! writes.

use std::collections::HashMap;

use nar4rec_slate::{FeatureValue, Features};

use crate::columns::{Columns, Shape};
use crate::schema::{Encoding, Feature, Missing, NumberFeature, Source, Table, Transform};
use crate::{CLIP, FeatureError, bucket, spec};

/// The features of one level.
#[derive(Debug)]
pub(crate) struct Level {
    /// In the schema's order.
    plans: Vec<Plan>,
    /// The plans that read a feature, by its name.
    by_name: Vec<usize>,
    shape: Shape,
    reads_id: bool,
}

#[derive(Debug)]
struct Plan {
    name: String,
    source: Source,
    /// Its first column among the level's numbers, or its bag among the level's bags.
    column: usize,
    code: Code,
}

#[derive(Debug)]
enum Code {
    Number(NumberCode),
    Category { table: usize },
    List { table: usize, max_length: usize },
}

#[derive(Debug)]
struct NumberCode {
    transform: Transform,
    mean: f64,
    std: f64,
    indicator: bool,
    /// The encoded stand-in for a missing value.
    missing: f32,
}

/// What one row is made from.
pub(crate) struct Row<'a> {
    /// The id of the user or the item.
    pub(crate) id: Option<&'a str>,
    /// The value of each plan as [`Level::gather`] found it.
    pub(crate) values: &'a [Option<&'a FeatureValue>],
    /// An encoded row of this level that gives what is not among the values.
    pub(crate) under: Option<(&'a Columns, usize)>,
}

/// A table's way from strings to rows.
#[derive(Debug)]
pub(crate) enum Lookup {
    Dictionary(HashMap<Box<str>, u32>),
    Hash(u32),
}

impl Lookup {
    pub(crate) fn new(table: &Table) -> Self {
        match &table.encoding {
            Encoding::Hash { buckets } => Self::Hash(*buckets),
            Encoding::Dictionary { values } => {
                Self::Dictionary(values.iter().zip(1..).map(|(value, row)| (value.as_str().into(), row)).collect())
            }
        }
    }

    fn row(&self, value: &str) -> u32 {
        match self {
            Self::Dictionary(rows) => rows.get(value).copied().unwrap_or(0),
            Self::Hash(buckets) => bucket(value, *buckets),
        }
    }
}

impl NumberCode {
    fn new(feature: &NumberFeature) -> Self {
        let NumberFeature { transform, mean, std, indicator, .. } = *feature;
        let mut code = Self { transform, mean, std, indicator, missing: 0.0 };
        code.missing = match feature.missing {
            Missing::Mean => 0.0,
            Missing::Zero => code.standardise(0.0),
            Missing::Value(value) => code.standardise(value),
        };
        code
    }

    /// Never NaN: the argument and the mean are finite, and the standard deviation is greater than 0.
    fn standardise(&self, number: f64) -> f32 {
        ((self.transform.apply(number) - self.mean) / self.std).clamp(-CLIP, CLIP) as f32
    }
}

impl Level {
    pub(crate) fn new(features: &[Feature], table: impl Fn(&str) -> usize) -> Self {
        let (mut numbers, mut bags) = (0, 0);
        let mut plans = Vec::with_capacity(features.len());
        for feature in features {
            let (source, code) = match feature {
                Feature::Number(number) => (Source::Feature, Code::Number(NumberCode::new(number))),
                Feature::Category(category) => (category.source, Code::Category { table: table(&category.table) }),
                Feature::List(list) => {
                    (Source::Feature, Code::List { table: table(&list.table), max_length: list.max_length })
                }
            };
            let column = if matches!(code, Code::Number(_)) { numbers } else { bags };
            numbers += feature.numbers();
            bags += usize::from(feature.table().is_some());
            plans.push(Plan { name: feature.name().to_owned(), source, column, code });
        }
        let mut by_name: Vec<usize> = (0..plans.len()).filter(|&i| plans[i].source == Source::Feature).collect();
        by_name.sort_by(|&a, &b| plans[a].name.cmp(&plans[b].name));
        let reads_id = by_name.len() < plans.len();
        Self { plans, by_name, shape: spec::shape(features), reads_id }
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    /// Whether a row depends on the id.
    pub(crate) fn reads_id(&self) -> bool {
        self.reads_id
    }

    /// Puts the value that each plan reads into `values`, and says whether there is any.
    pub(crate) fn gather<'r>(&self, given: &'r Features, values: &mut Vec<Option<&'r FeatureValue>>) -> bool {
        values.clear();
        values.resize(self.plans.len(), None);
        let mut any = false;
        let mut given = given.iter();
        let mut next = given.next();
        for &index in &self.by_name {
            let name = self.plans[index].name.as_str();
            while next.is_some_and(|(other, _)| other.as_str() < name) {
                next = given.next();
            }
            match next {
                None => break,
                Some((other, value)) if other == name && *value != FeatureValue::Missing => {
                    values[index] = Some(value);
                    any = true;
                }
                Some(_) => {}
            }
        }
        any
    }

    /// Appends one row to `out`.
    pub(crate) fn encode(&self, tables: &[Lookup], row: &Row, out: &mut Columns) -> Result<(), FeatureError> {
        for (plan, &value) in self.plans.iter().zip(row.values) {
            match (plan.source, value) {
                (Source::Id, _) => plan.push_id(tables, row.id, out),
                (Source::Feature, Some(value)) => plan.push_value(tables, value, out)?,
                (Source::Feature, None) => plan.push_absent(row.under, out),
            }
        }
        out.end_row();
        Ok(())
    }
}

impl Plan {
    fn push_id(&self, tables: &[Lookup], id: Option<&str>, out: &mut Columns) {
        if let (Code::Category { table }, Some(id)) = (&self.code, id) {
            out.push_id(tables[*table].row(id));
        }
        out.end_bag();
    }

    fn push_value(&self, tables: &[Lookup], value: &FeatureValue, out: &mut Columns) -> Result<(), FeatureError> {
        match (&self.code, value) {
            (_, FeatureValue::Number(number)) if !number.is_finite() => {
                return Err(self.mismatch(number.to_string(), "a finite number"));
            }
            (Code::Number(code), FeatureValue::Number(number)) => {
                out.push_number(code.standardise(*number));
                if code.indicator {
                    out.push_number(0.0);
                }
            }
            (Code::Category { table }, FeatureValue::Text(text)) => {
                out.push_id(tables[*table].row(text));
                out.end_bag();
            }
            (Code::Category { table }, FeatureValue::Number(number)) => {
                out.push_id(tables[*table].row(&number_as_text(*number)));
                out.end_bag();
            }
            (Code::List { table, max_length }, FeatureValue::List(list)) => {
                let last = &list[list.len().saturating_sub(*max_length)..];
                last.iter().for_each(|text| out.push_id(tables[*table].row(text)));
                out.end_bag();
            }
            (Code::Number(_), other) => return Err(self.mismatch(other.kind(), "a number")),
            (Code::Category { .. }, other) => return Err(self.mismatch(other.kind(), "a string")),
            (Code::List { .. }, other) => return Err(self.mismatch(other.kind(), "a list of strings")),
        }
        Ok(())
    }

    /// What stands for a value that is not given: the row underneath, or else the policy for missing values.
    fn push_absent(&self, under: Option<(&Columns, usize)>, out: &mut Columns) {
        match (&self.code, under) {
            (Code::Number(code), Some((columns, row))) => {
                let width = 1 + usize::from(code.indicator);
                columns.numbers(row)[self.column..][..width].iter().for_each(|&number| out.push_number(number));
            }
            (Code::Number(code), None) => {
                out.push_number(code.missing);
                if code.indicator {
                    out.push_number(1.0);
                }
            }
            (Code::Category { .. } | Code::List { .. }, under) => {
                if let Some((columns, row)) = under {
                    columns.bag(row, self.column).iter().for_each(|&id| out.push_id(id));
                }
                out.end_bag();
            }
        }
    }

    fn mismatch(&self, found: impl Into<String>, expected: &str) -> FeatureError {
        FeatureError { field: format!("features.{}", self.name), found: found.into(), expected: expected.into() }
    }
}

/// The shortest decimal of a number, by which a number stands for a category: 25 is `"25"`, and -0 is `"0"`.
pub(crate) fn number_as_text(number: f64) -> String {
    (number + 0.0).to_string()
}

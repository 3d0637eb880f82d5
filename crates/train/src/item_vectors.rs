//! Items as vectors of what the catalog says about them, the same for every system: how far apart two items are must not depend on
//! who chose them.

use std::collections::HashMap;

use nar4rec_data::{DataSet, OnBad};
use nar4rec_metrics::intra_list_distance;
use nar4rec_slate::{FeatureValue, Features};

use crate::TrainError;

/// What a vector's column is of: a number, or one string of a category or list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Column {
    Number(String),
    Text(String, String),
}

/// The columns of each item that are not 0. Numbers are standardised over the catalog, a category is 1 in the column of its
/// string, a list in those of all its strings.
#[derive(Debug, Default)]
pub(crate) struct ItemVectors(HashMap<String, Vec<(usize, f32)>>);

impl ItemVectors {
    /// Of the items of a data set's catalog; of none if it has none, or if its items have no features.
    pub(crate) fn of(data: &DataSet, on_bad: OnBad) -> Result<Self, TrainError> {
        let Some(lines) = data.items()? else { return Ok(Self::default()) };
        let items = lines.on_bad(on_bad).map(|line| line.map(|line| (line.value.id, line.value.features)));
        Ok(Self::from_features(items.collect::<Result<_, _>>()?))
    }

    fn from_features(items: Vec<(String, Features)>) -> Self {
        let mut columns: HashMap<Column, usize> = HashMap::new();
        let mut vectors: Vec<Vec<(usize, f64)>> = Vec::with_capacity(items.len());
        for (_, features) in &items {
            let mut vector = Vec::new();
            let mut push = |column, value| {
                let next = columns.len();
                vector.push((*columns.entry(column).or_insert(next), value));
            };
            for (name, value) in features {
                match value {
                    FeatureValue::Missing => (),
                    FeatureValue::Number(number) => push(Column::Number(name.clone()), *number),
                    FeatureValue::Text(text) => push(Column::Text(name.clone(), text.clone()), 1.0),
                    FeatureValue::List(list) => {
                        list.iter().for_each(|text| push(Column::Text(name.clone(), text.clone()), 1.0));
                    }
                }
            }
            vectors.push(vector);
        }
        let scales: HashMap<usize, (f64, f64)> = columns
            .iter()
            .filter(|(column, _)| matches!(column, Column::Number(_)))
            .map(|(_, &at)| {
                (at, moments(vectors.iter().flatten().filter(|(of, _)| *of == at).map(|(_, value)| *value)))
            })
            .collect();
        let standardised = |(at, value): (usize, f64)| match scales.get(&at) {
            Some((mean, deviation)) if *deviation > 0.0 => (at, ((value - mean) / deviation) as f32),
            Some(_) => (at, 0.0),
            None => (at, 1.0),
        };
        let ids = items.into_iter().map(|(id, _)| id);
        let vectors = vectors.into_iter().map(|vector| vector.into_iter().map(standardised).collect::<Vec<_>>());
        Self(ids.zip(vectors).filter(|(_, vector)| !vector.is_empty()).collect())
    }

    /// The mean of 1 − cos over the pairs of a list; nothing if an item of it has no vector, or there are no pairs.
    pub(crate) fn distance<'a>(&self, ids: impl Iterator<Item = &'a str>) -> Option<f64> {
        let rows: Vec<&Vec<(usize, f32)>> = ids.map(|id| self.0.get(id)).collect::<Option<_>>()?;
        let mut used: Vec<usize> = rows.iter().flat_map(|row| row.iter().map(|(at, _)| *at)).collect();
        used.sort_unstable();
        used.dedup();
        let mut dense = vec![0.0; rows.len() * used.len()];
        for (row, dense) in rows.iter().zip(dense.chunks_exact_mut(used.len().max(1))) {
            row.iter().for_each(|(at, value)| dense[used.partition_point(|of| of < at)] = *value);
        }
        if used.is_empty() { None } else { intra_list_distance(&dense, used.len()) }
    }
}

/// Mean and standard deviation.
fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    (mean, (values.map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: &str, year: f64, genres: &[&str]) -> (String, Features) {
        let genres: Vec<String> = genres.iter().map(|genre| (*genre).to_owned()).collect();
        let features = [("year".to_owned(), year.into()), ("genres".to_owned(), genres.into())];
        (id.to_owned(), Features::from(features))
    }

    #[test]
    fn distances_by_hand() {
        // Years stand at −1, −1 and 1, 1 deviations from their mean.
        let vectors = ItemVectors::from_features(vec![
            item("a", 1990.0, &["drama"]),
            item("b", 1990.0, &["drama"]),
            item("c", 2000.0, &["drama"]),
            item("d", 2000.0, &["comedy"]),
            ("empty".to_owned(), Features::new()),
        ]);
        let distance = |ids: &[&str]| vectors.distance(ids.iter().copied());
        let near = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-6;
        assert!(near(distance(&["a", "b"]), 0.0));
        assert!(near(distance(&["a", "c"]), 1.0), "(−1, 1) and (1, 1) are orthogonal");
        assert!(near(distance(&["a", "d"]), 1.5), "(−1, 1, 0) and (1, 0, 1): cos −1/2");
        assert!(near(distance(&["a", "b", "c"]), 2.0 / 3.0));
        assert_eq!(distance(&["a", "empty"]), None);
        assert_eq!(distance(&["a", "unknown"]), None);
        assert_eq!(distance(&["a"]), None);
    }
}

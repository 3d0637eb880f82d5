//! Requests for a model that comes without data: made from its features and its items.
//!
//! Numbers are drawn around the mean and deviation that the schema tells, categories and lists from their tables'
//! dictionaries, items from the catalog. That is enough to cost what real requests cost; it is no measure of quality.

use std::collections::HashSet;

use nar4rec_features::{CategoryFeature, Encoding, Feature, ListFeature, NumberFeature, Schema, Source, Transform};
use nar4rec_slate::{Candidate, FeatureValue, Features, InvalidRequest, Request, User};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Strings that a hashed table is asked for.
const HASHED: usize = 100_000;

/// Of logarithms of numbers, so that every number is finite.
const LOG_LIMIT: f64 = 500.0;

/// √3: a number uniform between it and its negative has deviation 1.
const SPREAD: f64 = 1.732_050_807_568_877_2;

/// Makes requests for one model.
pub(crate) struct Maker<'a> {
    schema: &'a Schema,
    /// The ids of items that the model knows.
    known: &'a [String],
    rng: Pcg64Mcg,
}

impl<'a> Maker<'a> {
    /// `catalog` are the ids of the model's items, of which there may be none.
    pub(crate) fn new(schema: &'a Schema, catalog: &'a [String], seed: u64) -> Self {
        let known = if catalog.is_empty() { dictionary_of_ids(schema).unwrap_or_default() } else { catalog };
        Self { schema, known, rng: Pcg64Mcg::seed_from_u64(seed) }
    }

    /// This many requests of this many candidates each.
    pub(crate) fn requests(&mut self, count: usize, candidates: usize) -> Result<Vec<Request>, InvalidRequest> {
        (0..count).map(|number| self.request(number, candidates)).collect()
    }

    fn request(&mut self, number: usize, candidates: usize) -> Result<Request, InvalidRequest> {
        let schema = self.schema;
        let id = schema.user.iter().find_map(|feature| match feature {
            Feature::Category(category) if category.source == Source::Id => Some(self.string(&category.table)),
            _ => None,
        });
        let user = User { id, features: self.features(&schema.user) };
        let mut ids: Vec<(String, bool)> = self.items(candidates).into_iter().map(|id| (id.to_owned(), true)).collect();
        ids.extend((ids.len()..candidates).map(|place| (format!("made-{number}-{place}"), false)));
        let candidates = ids.into_iter().map(|(id, known)| self.candidate(id, known)).collect();
        Request::new(format!("made-{number}"), user, candidates)
    }

    /// As many different items that the model knows, or all there are.
    fn items(&mut self, count: usize) -> Vec<&'a str> {
        let known = self.known;
        let (mut items, mut taken) = (Vec::new(), HashSet::new());
        while items.len() < count.min(known.len()) {
            let index = self.rng.random_range(0..known.len());
            if taken.insert(index) {
                items.push(known[index].as_str());
            }
        }
        items
    }

    /// An item that the model knows has its features in the catalog; another one brings them.
    fn candidate(&mut self, id: String, known: bool) -> Candidate {
        let schema = self.schema;
        let mut features = self.features(&schema.candidate);
        if !known {
            features.extend(self.features(&schema.item));
        }
        let score = schema.score.as_ref().map(|score| self.around(score.mean, score.std));
        Candidate { id, score, features }
    }

    fn features(&mut self, features: &[Feature]) -> Features {
        features.iter().filter_map(|feature| Some((feature.name().to_owned(), self.value(feature)?))).collect()
    }

    /// A value, unless the feature is the id.
    fn value(&mut self, feature: &Feature) -> Option<FeatureValue> {
        match feature {
            Feature::Number(number) => Some(FeatureValue::Number(self.number(number))),
            Feature::Category(CategoryFeature { source: Source::Id, .. }) => None,
            Feature::Category(category) => Some(FeatureValue::Text(self.string(&category.table))),
            Feature::List(list) => Some(FeatureValue::List(self.list(list))),
        }
    }

    fn number(&mut self, feature: &NumberFeature) -> f64 {
        let transformed = self.around(feature.mean, feature.std);
        match feature.transform {
            Transform::Identity => transformed,
            Transform::Log1p => transformed.abs().min(LOG_LIMIT).exp_m1().copysign(transformed),
        }
    }

    fn list(&mut self, feature: &ListFeature) -> Vec<String> {
        let length = self.rng.random_range(1..=feature.max_length.max(1));
        (0..length).map(|_| self.string(&feature.table)).collect()
    }

    /// A string of a table.
    fn string(&mut self, table: &str) -> String {
        match encoding(self.schema, table) {
            Some(Encoding::Dictionary { values }) if !values.is_empty() => {
                values[self.rng.random_range(0..values.len())].clone()
            }
            _ => format!("made-{}", self.rng.random_range(0..HASHED)),
        }
    }

    /// A draw with this mean and deviation, uniform.
    fn around(&mut self, mean: f64, std: f64) -> f64 {
        mean + std * self.rng.random_range(-SPREAD..=SPREAD)
    }
}

fn encoding<'s>(schema: &'s Schema, table: &str) -> Option<&'s Encoding> {
    schema.tables.iter().find(|found| found.name == table).map(|found| &found.encoding)
}

/// The ids that the model has rows for.
fn dictionary_of_ids(schema: &Schema) -> Option<&[String]> {
    schema.candidate_side().find_map(|feature| match feature {
        Feature::Category(CategoryFeature { source: Source::Id, table, .. }) => match encoding(schema, table)? {
            Encoding::Dictionary { values } => Some(values.as_slice()),
            Encoding::Hash { .. } => None,
        },
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use nar4rec_features::{Catalog, Encoder};

    use super::*;

    const SCHEMA: &str = r#"{"version":1,"score":{"mean":0.5,"std":0.1,"columns":["value"]},
        "user":[{"kind":"number","name":"age","mean":30,"std":5},
                {"kind":"category","name":"user_id","table":"users","source":"id"},
                {"kind":"list","name":"recent","table":"items","max_length":3}],
        "item":[{"kind":"category","name":"item_id","table":"items","source":"id"},
                {"kind":"number","name":"plays","transform":"log1p","mean":2,"std":1}],
        "candidate":[{"kind":"category","name":"place","table":"places"}],
        "tables":[{"name":"users","dim":2,"encoding":{"kind":"hash","buckets":9}},
                  {"name":"items","dim":2,"encoding":{"kind":"dictionary","values":["a","b","c"]}},
                  {"name":"places","dim":2,"encoding":{"kind":"dictionary","values":["top"]}}]}"#;

    fn schema() -> Schema {
        serde_json::from_str(SCHEMA).unwrap()
    }

    #[test]
    fn made_requests_are_encoded_and_the_same_for_the_same_seed() {
        let schema = schema();
        let make = |seed| Maker::new(&schema, &[], seed).requests(20, 5).unwrap();
        assert_eq!(make(3), make(3));
        assert_ne!(make(3), make(4));
        let encoder = Encoder::new(schema.clone()).unwrap();
        let catalog = Catalog::empty(&encoder);
        for request in make(3) {
            assert_eq!(request.candidates().len(), 5);
            encoder.encode(&request, &catalog).unwrap();
        }
    }

    #[test]
    fn values_come_from_the_schema_and_ids_from_the_catalog() {
        let schema = schema();
        let catalog = ["v1".to_owned(), "v2".to_owned()];
        let requests = Maker::new(&schema, &catalog, 1).requests(200, 3).unwrap();
        let ages = requests.iter().map(|request| match request.user().features["age"] {
            FeatureValue::Number(age) => age,
            _ => f64::NAN,
        });
        let mean = ages.sum::<f64>() / 200.0;
        assert!((mean - 30.0).abs() < 2.0, "{mean}");
        for request in &requests {
            let [first, second, third] = request.candidates() else { panic!("three were asked for") };
            assert!(catalog.contains(&first.id) && catalog.contains(&second.id) && !catalog.contains(&third.id));
            assert!(!first.features.contains_key("plays"), "the catalog has it");
            assert!(third.features.contains_key("plays") && !third.features.contains_key("item_id"));
            assert_eq!(first.features["place"], FeatureValue::from("top"));
            assert!(first.score.is_some() && request.user().id.is_some());
        }
        let known = Maker::new(&schema, &[], 1).requests(1, 3).unwrap();
        assert!(known[0].candidates().iter().all(|candidate| ["a", "b", "c"].contains(&candidate.id.as_str())));
    }
}

//! From a request's constraints, by id and feature name, to the decoders' rules, by index.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use nar4rec_decoding::{Group, Neighbours, Rules};
use nar4rec_features::{CategoryFeature, Feature, Schema, Source};
use nar4rec_slate::{Candidate, FeatureValue, Features, Item, Request};

use crate::Problem;

/// What is known of items beside what their candidates say, for constraints to be about.
#[derive(Debug)]
pub(crate) struct Attributes {
    /// The features of each item of the catalog.
    items: HashMap<String, Features>,
    /// Features of candidates that the model knows, whether or not any candidate of a request has them.
    known: HashSet<String>,
}

impl Attributes {
    /// The attributes of a model's items.
    pub(crate) fn new(schema: &Schema, items: Vec<Item>) -> Self {
        let of_schema = schema.item.iter().chain(&schema.candidate).filter_map(read_from_features);
        let of_items = items.iter().flat_map(|item| item.features.keys());
        let known = of_schema.chain(of_items.map(String::as_str)).map(str::to_owned).collect();
        Self { known, items: items.into_iter().map(|item| (item.id, item.features)).collect() }
    }

    /// The rules that keep the request's constraints.
    pub(crate) fn rules(&self, request: &Request) -> Result<Rules, Problem> {
        let none = Rules::none(request.candidates().len());
        if request.constraints().is_empty() {
            return Ok(none);
        }
        self.grouped(by_index(none, request)?, request)
    }

    /// `rules` and the constraints on features.
    fn grouped(&self, mut rules: Rules, request: &Request) -> Result<Rules, Problem> {
        let constraints = request.constraints();
        for (index, limit) in constraints.at_most.iter().enumerate() {
            let field = || format!("constraints.at_most[{index}].feature");
            let values = self.values(request, &limit.feature, field)?;
            let group = Group { at_most: Some(limit.count), ..Group::new(values) };
            rules = rules.group(group).map_err(|error| Problem::of_decoding(error, request))?;
        }
        for (index, feature) in constraints.distinct_neighbours.iter().enumerate() {
            let field = || format!("constraints.distinct_neighbours[{index}]");
            let values = self.values(request, feature, field)?;
            let group = Group { neighbours: Neighbours::Distinct, ..Group::new(values) };
            rules = rules.group(group).map_err(|error| Problem::of_decoding(error, request))?;
        }
        Ok(rules)
    }

    /// The values of a feature of every candidate, as numbers that are equal where the values are.
    fn values(&self, request: &Request, feature: &str, field: impl Fn() -> String) -> Result<Vec<Vec<u32>>, Problem> {
        let mut known = self.known.contains(feature);
        let mut numbers: HashMap<Cow<'_, str>, u32> = HashMap::new();
        let values = request.candidates().iter().map(|candidate| {
            let value = self.value(candidate, feature);
            known |= value.is_some();
            let texts = value.map_or_else(Vec::new, texts);
            let number = |text| {
                let next = numbers.len() as u32;
                *numbers.entry(text).or_insert(next)
            };
            texts.into_iter().map(number).collect()
        });
        let values = values.collect();
        if known { Ok(values) } else { Err(Problem::UnknownFeature { field: field(), feature: feature.to_owned() }) }
    }

    /// A candidate's own value, or else the catalog's.
    fn value<'r>(&'r self, candidate: &'r Candidate, feature: &str) -> Option<&'r FeatureValue> {
        let given = |features: &'r Features| features.get(feature).filter(|value| **value != FeatureValue::Missing);
        given(&candidate.features).or_else(|| given(self.items.get(&candidate.id)?))
    }
}

/// The name of a feature that stands among a candidate's features; an id does not.
fn read_from_features(feature: &Feature) -> Option<&str> {
    match feature {
        Feature::Category(CategoryFeature { source: Source::Id, .. }) => None,
        Feature::Number(number) => Some(&number.name),
        Feature::Category(category) => Some(&category.name),
        Feature::List(list) => Some(&list.name),
    }
}

/// `rules` with the request's pins and exclusions.
fn by_index(mut rules: Rules, request: &Request) -> Result<Rules, Problem> {
    let constraints = request.constraints();
    let ids = request.candidates().iter().map(|candidate| candidate.id.as_str());
    let index: HashMap<&str, usize> = ids.zip(0..).collect();
    for pin in &constraints.pin {
        let pinned = rules.pin(index[pin.id.as_str()], pin.position - 1);
        rules = pinned.map_err(|error| Problem::of_decoding(error, request))?;
    }
    for id in &constraints.exclude {
        rules = rules.exclude(index[id.as_str()]).map_err(|error| Problem::of_decoding(error, request))?;
    }
    Ok(rules)
}

/// The categories that a value stands for: a number is its shortest decimal, as it is to a category of the schema.
fn texts(value: &FeatureValue) -> Vec<Cow<'_, str>> {
    match value {
        FeatureValue::Missing => Vec::new(),
        // Adding 0 makes 0 of −0.
        FeatureValue::Number(number) => vec![(number + 0.0).to_string().into()],
        FeatureValue::Text(text) => vec![text.into()],
        FeatureValue::List(list) => list.iter().map(Cow::from).collect(),
    }
}

//! From a request's constraints, by name, to the decoders' rules, by index.

use std::collections::HashMap;

use nar4rec_decoding::{Group, Neighbours, Rules};
use nar4rec_slate::{FeatureValue, Features, Request};

use crate::RerankError;

/// The features of an item of the catalog.
pub(crate) type Catalog = HashMap<String, Features>;

/// The rules that keep the request's constraints.
pub(crate) fn resolve(request: &Request, catalog: &Catalog) -> Result<Rules, RerankError> {
    let constraints = request.constraints();
    let failed = |source| RerankError::Decode { request_id: request.request_id().to_owned(), source };
    let mut rules = Rules::none(request.candidates().len());
    if constraints.is_empty() {
        return Ok(rules);
    }
    let index: HashMap<&str, usize> =
        request.candidates().iter().enumerate().map(|(index, candidate)| (candidate.id.as_str(), index)).collect();
    for pin in &constraints.pin {
        rules = rules.pin(index[pin.id.as_str()], pin.position - 1).map_err(failed)?;
    }
    for id in &constraints.exclude {
        rules = rules.exclude(index[id.as_str()]).map_err(failed)?;
    }
    for limit in &constraints.at_most {
        let group = Group { at_most: Some(limit.count), ..Group::new(values(request, catalog, &limit.feature)?) };
        rules = rules.group(group).map_err(failed)?;
    }
    for feature in &constraints.distinct_neighbours {
        let group = Group { neighbours: Neighbours::Distinct, ..Group::new(values(request, catalog, feature)?) };
        rules = rules.group(group).map_err(failed)?;
    }
    Ok(rules)
}

/// The values of a feature for every candidate, as numbers that are equal where the values are.
fn values(request: &Request, catalog: &Catalog, feature: &str) -> Result<Vec<Vec<u32>>, RerankError> {
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut number = |value: String| {
        let next = numbers.len() as u32;
        *numbers.entry(value).or_insert(next)
    };
    let mut known = false;
    let of_candidates = request.candidates().iter().map(|candidate| {
        let own = candidate.features.get(feature);
        let value = own.or_else(|| catalog.get(&candidate.id)?.get(feature));
        known |= value.is_some();
        match value {
            None | Some(FeatureValue::Missing) => Vec::new(),
            Some(FeatureValue::Number(value)) => vec![number(value.to_string())],
            Some(FeatureValue::Text(value)) => vec![number(value.clone())],
            Some(FeatureValue::List(values)) => values.iter().map(|value| number(value.clone())).collect(),
        }
    });
    let of_candidates = of_candidates.collect();
    if known {
        return Ok(of_candidates);
    }
    Err(RerankError::UnknownFeature { request_id: request.request_id().to_owned(), feature: feature.to_owned() })
}

//! A small schema with every kind of feature and policy, and data for it, shared by the tests.

use nar4rec_slate::{Item, Request};
use proptest::prelude::*;

use crate::{Catalog, Encoder, Schema};

/// The schema as it stands on disk.
pub(crate) const SCHEMA: &str = include_str!("../tests/data/schema.json");

const ITEMS: &str = r#"[
    {"id":"v1","features":{"year":1995,"als":0.5,"genres":["drama","war"],"brand":"acme"}},
    {"id":"v2","features":{"year":1999,"als":-0.5,"genres":[]}},
    {"id":"v3","features":{}}
]"#;

pub(crate) fn schema() -> Schema {
    serde_json::from_str(SCHEMA).expect("a sample that fits its schema")
}

pub(crate) fn encoder() -> Encoder {
    Encoder::new(schema()).expect("a sample that fits its schema")
}

pub(crate) fn catalog(encoder: &Encoder) -> Catalog {
    let items: Vec<Item> = serde_json::from_str(ITEMS).expect("a sample that fits its schema");
    Catalog::from_items(encoder, &items).expect("a sample that fits its schema")
}

/// A request with this user and these candidates, in JSON.
pub(crate) fn request(user: &str, candidates: &str) -> Request {
    serde_json::from_str(&format!(r#"{{"request_id":"r","user":{user},"candidates":{candidates}}}"#))
        .expect("a sample that fits its schema")
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), -3.0..3.0, prop::num::f64::NORMAL]
}

fn features() -> impl Strategy<Value = nar4rec_slate::Features> {
    let numbers =
        prop::collection::btree_map(prop::sample::select(vec!["age", "als", "price", "year"]), number(), 0..4);
    let text = prop::option::of(prop::sample::select(vec!["acme", "zeta", "F"]));
    let list = prop::option::of(prop::collection::vec(prop::sample::select(vec!["v1", "v2", "v9", "war"]), 0..5));
    (numbers, text, list).prop_map(|(numbers, text, list)| {
        let mut features: nar4rec_slate::Features =
            numbers.into_iter().map(|(name, number)| (name.to_owned(), number.into())).collect();
        features.extend(text.map(|text| ("brand".to_owned(), text.into())));
        let list = list.map(|list| list.into_iter().map(str::to_owned).collect::<Vec<_>>());
        features.extend(list.map(|list| ("recent".to_owned(), list.into())));
        features
    })
}

/// Any request of up to eight candidates, some in the catalog and some not.
pub(crate) fn any_request() -> impl Strategy<Value = Request> {
    let candidate = (prop::option::of(number()), features());
    (features(), prop::collection::vec(candidate, 1..8)).prop_map(|(user, candidates)| {
        let user = nar4rec_slate::User { id: None, features: user };
        let candidates = candidates.into_iter().enumerate().map(|(index, (score, mut features))| {
            features.remove("recent");
            nar4rec_slate::Candidate { id: format!("v{index}"), score, features }
        });
        Request::new("r", user, candidates.collect()).expect("a sample that fits its schema")
    })
}

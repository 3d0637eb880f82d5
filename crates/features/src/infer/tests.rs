//! Inference from small made logs.

use nar4rec_slate::{FeatureValue, User};

use super::*;
use crate::{Encoding, Feature, Interaction, Missing, Product, Schema, ScoreColumn, Source};

fn item(line: &str) -> Item {
    serde_json::from_str(line).unwrap()
}

fn request(user: &str, candidates: &str) -> Request {
    serde_json::from_str(&format!(r#"{{"request_id":"r","user":{user},"candidates":{candidates}}}"#)).unwrap()
}

fn infer(options: SchemaOptions, items: &[&str], requests: &[(&str, &str)]) -> Inferred {
    let mut builder = SchemaBuilder::new(options);
    items.iter().for_each(|line| builder.observe_item(&item(line)).unwrap());
    requests.iter().for_each(|(user, candidates)| builder.observe_request(&request(user, candidates)).unwrap());
    builder.finish().unwrap()
}

/// Three requests over a catalog of four, with a feature of every sort.
fn sample(options: SchemaOptions) -> Inferred {
    let items = [
        r#"{"id":"a","features":{"year":1990,"als":0.5,"tags":["x","y"],"brand":"m"}}"#,
        r#"{"id":"b","features":{"year":1994,"als":-0.5,"tags":["x"],"brand":"m"}}"#,
        r#"{"id":"c","features":{"year":1990,"als":0.0,"tags":["y","z"]}}"#,
        r#"{"id":"d","features":{"year":1994,"als":0.0,"tags":[],"brand":"n"}}"#,
    ];
    let first = (
        r#"{"id":"u1","features":{"als":1.0,"age":"25","clicks":0,"recent":["a","b"],"country":"DE"}}"#,
        r#"[{"id":"a","score":1,"features":{"price":3}},{"id":"b","score":3,"features":{"year":2000}}]"#,
    );
    let second = (
        r#"{"id":"u1","features":{"als":3.0,"age":"25","clicks":6,"recent":["a","gone"],"country":"DE","note":null}}"#,
        r#"[{"id":"a","score":1,"features":{"price":5}},{"id":"c"}]"#,
    );
    let third = (
        r#"{"id":"u2","features":{"als":2.0,"age":"31","clicks":0,"recent":[],"country":"DE"}}"#,
        r#"[{"id":"d","score":1}]"#,
    );
    infer(options, &items, &[first, second, third])
}

fn feature<'s>(features: &'s [Feature], name: &str) -> &'s Feature {
    features.iter().find(|feature| feature.name() == name).unwrap_or_else(|| panic!("{name} is a feature"))
}

fn names(features: &[Feature]) -> Vec<&str> {
    features.iter().map(Feature::name).collect()
}

fn number(features: &[Feature], name: &str) -> crate::NumberFeature {
    match feature(features, name) {
        Feature::Number(number) => number.clone(),
        other => panic!("{other:?} is no number"),
    }
}

fn values<'s>(schema: &'s Schema, table: &str) -> &'s [String] {
    match &schema.tables[schema.table_index(table)].encoding {
        Encoding::Dictionary { values } => values,
        Encoding::Hash { .. } => panic!("{table} has no dictionary"),
    }
}

#[test]
fn levels_kinds_and_statistics() {
    let Inferred { schema, notes } = sample(SchemaOptions::default());
    assert_eq!(names(&schema.user), ["age", "als", "clicks", "recent"]);
    assert_eq!(names(&schema.item), ["id", "als", "brand", "tags", "year"]);
    assert_eq!(names(&schema.candidate), ["price"]);

    let als = number(&schema.user, "als");
    assert_eq!((als.mean, als.std, als.indicator, als.missing), (2.0, 0.8164966, false, Missing::Mean));
    let price = number(&schema.candidate, "price");
    assert_eq!((price.mean, price.std, price.indicator), (4.0, 1.0, true), "two of five candidates have one");
    let year = number(&schema.item, "year");
    assert_eq!((year.mean, year.std, year.indicator), (1993.6, 3.666061, false), "the override counts too");

    let score = schema.score.as_ref().unwrap();
    assert_eq!((score.mean, score.std), (1.5, 0.8660254));
    assert!(score.columns.contains(&ScoreColumn::Missing));
    assert_eq!(notes, ["user.country: \"DE\" everywhere, left out", "user.note: always null, left out",]);
}

#[test]
fn tables_products_and_interactions() {
    let Inferred { schema, .. } = sample(SchemaOptions::default());
    assert_eq!(values(&schema, "item_id"), ["a"], "only a is a candidate twice; the catalog does not count");
    assert_eq!(values(&schema, "tags"), ["x", "y"]);
    assert_eq!(values(&schema, "brand"), ["m"]);
    assert_eq!(feature(&schema.user, "recent").table(), Some("item_id"), "three of four entries are items");
    assert_eq!(feature(&schema.item, "tags").table(), Some("tags"));
    let Feature::Category(id) = feature(&schema.item, "id") else { panic!("id is a category") };
    assert_eq!((id.source, id.table.as_str()), (Source::Id, "item_id"));
    assert_eq!(schema.products, [Product { user: "als".into(), item: "als".into() }]);
    assert_eq!(schema.interactions, [Interaction { user: "recent".into(), item: "id".into() }]);
    let dims: Vec<_> = schema.tables.iter().map(|table| (table.name.as_str(), table.dim)).collect();
    assert_eq!(dims, [("item_id", 32), ("age", 3), ("brand", 3), ("tags", 3)]);
}

#[test]
fn options_are_followed() {
    let mut options =
        SchemaOptions { min_count: 1, dictionary_limit: 2, max_list_length: 7, ..SchemaOptions::default() };
    options.user_id = IdFeature::Include;
    options.item_id = IdFeature::Exclude;
    options.log1p = ["clicks", "typo"].map(str::to_owned).into();
    options.categories = ["year".to_owned()].into();
    let Inferred { schema, notes } = sample(SchemaOptions { hash_buckets: 64, max_dim: 2, ..options });
    assert_eq!(names(&schema.user), ["id", "age", "als", "clicks", "recent"]);
    assert_eq!(values(&schema, "user_id"), ["u1", "u2"]);
    assert!(!names(&schema.item).contains(&"id"));
    let clicks = number(&schema.user, "clicks");
    assert_eq!((clicks.transform, clicks.mean), (Transform::Log1p, 0.6486367), "ln(7) / 3");
    assert!(notes.contains(&"log1p: \"typo\" has no numbers in this data".to_owned()), "{notes:?}");
    let year = &schema.tables[schema.table_index("year")];
    assert_eq!((&year.encoding, year.dim), (&Encoding::Hash { buckets: 64 }, 2), "three years, a dictionary holds two");
    assert_eq!(feature(&schema.user, "recent").table(), Some("recent"), "there is no id table to share");
    let Feature::List(recent) = feature(&schema.user, "recent") else { panic!("recent is a list") };
    assert_eq!(recent.max_length, 7);
}

#[test]
fn features_of_one_name_share_a_table() {
    let options = SchemaOptions { min_count: 1, ..SchemaOptions::default() };
    let items = [r#"{"id":"a","features":{"city":"Bonn"}}"#, r#"{"id":"b","features":{"city":"Rome"}}"#];
    let user = r#"{"features":{"city":"Oslo"}}"#;
    let Inferred { schema, .. } = infer(options, &items, &[(user, r#"[{"id":"a"}]"#)]);
    assert_eq!(values(&schema, "city"), ["Bonn", "Oslo", "Rome"]);
    assert_eq!(schema.interactions, [Interaction { user: "city".into(), item: "city".into() }]);
}

#[test]
fn a_feature_called_like_the_id_keeps_its_name() {
    let options = SchemaOptions { min_count: 1, ..SchemaOptions::default() };
    let items =
        [r#"{"id":"a","features":{"id":"x","item_id":"p"}}"#, r#"{"id":"b","features":{"id":"y","item_id":"q"}}"#];
    let Inferred { schema, .. } = infer(options, &items, &[("{}", r#"[{"id":"a"}]"#)]);
    assert_eq!(names(&schema.item), ["id_", "id", "item_id"]);
    assert_eq!(feature(&schema.item, "id_").table(), Some("item_id_"));
    assert_eq!(values(&schema, "item_id_"), ["a"]);
}

#[test]
fn what_cannot_tell_anything_is_left_out() {
    let first = (r#"{"features":{"one":1,"rare":"x","flag":1}}"#, r#"[{"id":"a","score":5},{"id":"b","score":5}]"#);
    let second = (r#"{"features":{"one":1,"rare":"y"}}"#, r#"[{"id":"a","score":5}]"#);
    let Inferred { schema, notes } = infer(SchemaOptions::default(), &[], &[first, second]);
    assert_eq!(names(&schema.user), ["flag"], "a constant that is sometimes missing tells something");
    assert_eq!(number(&schema.user, "flag").std, 1.0);
    assert_eq!(schema.score, None);
    let expected = [
        "score: always 5, left out",
        "user.one: the same number everywhere, left out",
        "user.rare: no value occurs 2 times, left out",
    ];
    assert_eq!(notes, expected);
}

#[test]
fn without_any_input_there_is_no_schema() {
    let builder = SchemaBuilder::new(SchemaOptions::default());
    assert!(builder.finish().unwrap_err().to_string().contains("no feature here"));
    let mut builder = SchemaBuilder::new(SchemaOptions { id_dim: 0, min_count: 1, ..SchemaOptions::default() });
    builder.observe_request(&request("{}", r#"[{"id":"a"}]"#)).unwrap();
    assert_eq!(builder.finish().unwrap_err().field, "tables[0].dim");
}

#[test]
fn a_name_of_two_kinds_is_an_error_where_it_happens() {
    let mut builder = SchemaBuilder::new(SchemaOptions::default());
    builder.observe_item(&item(r#"{"id":"a","features":{"year":1990}}"#)).unwrap();
    builder.observe_request(&request(r#"{"features":{"age":25,"year":"x"}}"#, r#"[{"id":"a"}]"#)).unwrap();
    let user = builder.observe_request(&request(r#"{"features":{"age":"25"}}"#, r#"[{"id":"a"}]"#)).unwrap_err();
    assert_eq!(user.to_string(), "user.features.age: found a string, expected a number as on the lines before");
    let inline = r#"[{"id":"a"},{"id":"b","features":{"year":["x"]}}]"#;
    let inline = builder.observe_request(&request("{}", inline)).unwrap_err();
    assert_eq!(
        inline.to_string(),
        "candidates[1].features.year: found a list of strings, expected a number as on the lines before"
    );
    let catalog = builder.observe_item(&item(r#"{"id":"b","features":{"year":"x"}}"#)).unwrap_err();
    assert_eq!(catalog.field, "features.year");
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    let mut builder = SchemaBuilder::new(SchemaOptions::default());
    let user = User { id: None, features: Features::from([("x".to_owned(), FeatureValue::Number(f64::INFINITY))]) };
    let request = Request::new("r", user, request("{}", r#"[{"id":"a"}]"#).candidates().to_vec()).unwrap();
    let error = builder.observe_request(&request).unwrap_err();
    assert_eq!(error.to_string(), "user.features.x: found inf, expected a finite number");
}

#[test]
fn an_inferred_schema_survives_json() {
    let Inferred { schema, .. } = sample(SchemaOptions::default());
    let text = serde_json::to_string_pretty(&schema).unwrap();
    assert_eq!(serde_json::from_str::<Schema>(&text).unwrap(), schema);
}

#[test]
fn options_read_from_json_and_refuse_what_they_do_not_know() {
    let options: SchemaOptions = serde_json::from_str(r#"{"min_count":5,"user_id":"include","log1p":["x"]}"#).unwrap();
    assert_eq!((options.min_count, options.user_id, options.log1p.len()), (5, IdFeature::Include, 1));
    assert!(serde_json::from_str::<SchemaOptions>(r#"{"min_cont":5}"#).is_err());
}

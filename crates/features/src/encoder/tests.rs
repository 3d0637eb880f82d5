//! Golden encodings, worked by hand from `tests/data/schema.json`, for every kind of feature and every policy.

use nar4rec_slate::{Features, Item};

use super::*;
use crate::{bucket, sample};

const NOBODY: &str = "{}";

fn encode(user: &str, candidates: &str) -> Result<EncodedRequest, String> {
    let encoder = sample::encoder();
    encoder.encode(&sample::request(user, candidates), &sample::catalog(&encoder)).map_err(|error| error.to_string())
}

fn user(features: &str) -> (Vec<f32>, Vec<Vec<u32>>) {
    let encoded = encode(&format!(r#"{{"features":{features}}}"#), r#"[{"id":"v1"}]"#).unwrap();
    row(encoded.user(), 0)
}

/// Numbers and bags of one row.
fn row(columns: &Columns, row: usize) -> (Vec<f32>, Vec<Vec<u32>>) {
    (columns.numbers(row).to_vec(), (0..columns.bags()).map(|bag| columns.bag(row, bag).to_vec()).collect())
}

/// Item columns of the sole candidate.
fn item(candidate: &str) -> (Vec<f32>, Vec<Vec<u32>>) {
    let encoder = sample::encoder();
    let catalog = sample::catalog(&encoder);
    let encoded = encoder.encode(&sample::request(NOBODY, &format!("[{candidate}]")), &catalog).unwrap();
    let (columns, index) = encoded.item(&catalog, 0);
    row(columns, index)
}

#[test]
fn columns_have_names_in_the_order_of_the_numbers() {
    let encoder = sample::encoder();
    let spec = encoder.spec();
    assert_eq!(spec.user_number_names, ["user.als", "user.visits", "user.visits.missing"]);
    let names = [
        "score.value",
        "score.z_score",
        "score.rank",
        "score.missing",
        "candidate.price",
        "candidate.price.missing",
        "item.year",
        "item.als",
        "item.als.missing",
        "user.als*item.als",
        "user.visits*candidate.price",
    ];
    assert_eq!(spec.candidate_number_names, names);
    assert_eq!((spec.user_numbers, spec.candidate_numbers), (3, 11));
    assert_eq!(spec.products, [(0, 7), (1, 4)]);
    let bags = |bags: &[crate::BagSpec]| bags.iter().map(|b| (b.name.clone(), b.table)).collect::<Vec<_>>();
    assert_eq!(bags(&spec.user_bags), [("user.age".into(), 1), ("user.recent".into(), 0)]);
    let candidate = [("candidate.slot", 4), ("item.id", 0), ("item.genres", 2), ("item.brand", 3)];
    assert_eq!(bags(&spec.candidate_bags), candidate.map(|(name, table)| (name.to_owned(), table)));
    assert_eq!(spec.interactions, [(1, 1)]);
    let tables: Vec<_> = spec.tables.iter().map(|table| (table.rows, table.dim)).collect();
    assert_eq!(tables, [(3, 4), (3, 2), (4, 3), (1000, 2), (2, 1)]);
}

#[test]
fn a_number_is_transformed_standardised_and_clipped() {
    let visits = (1.0 + 6.0_f64).ln();
    let (numbers, _) = user(r#"{"als":0.75,"visits":6}"#);
    assert_eq!(numbers, [1.5, ((visits - 1.0) / 0.5) as f32, 0.0]);
    assert_eq!(user(r#"{"als":1e300,"visits":-1e300}"#).0, [8.0, -8.0, 0.0]);
    assert_eq!(user(r#"{"als":true}"#).0[0], 2.0, "true is 1");
}

#[test]
fn a_missing_number_follows_its_policy() {
    assert_eq!(user("{}").0, [0.0, -2.0, 1.0], "mean; zero after log1p, told by the indicator");
    assert_eq!(user(r#"{"als":null,"visits":null}"#), user("{}"));
    assert_eq!(item(r#"{"id":"v3"}"#).0, [-1.0, 0.0, 1.0], "the value 1980; mean and indicator");
}

#[test]
fn a_category_is_one_row_unknown_is_row_0_and_missing_is_none() {
    assert_eq!(user(r#"{"age":"25"}"#).1[0], [1]);
    assert_eq!(user(r#"{"age":"26"}"#).1[0], [0]);
    assert_eq!(user("{}").1[0], [0; 0]);
}

#[test]
fn a_number_given_for_a_category_is_its_shortest_decimal() {
    assert_eq!(user(r#"{"age":25}"#).1[0], [1]);
    assert_eq!(user(r#"{"age":25.0}"#).1[0], [1]);
    assert_eq!(user(r#"{"age":5e-1}"#).1[0], [2]);
    assert_eq!(number_as_text(-0.0), "0");
    assert_eq!(number_as_text(1e21), "1000000000000000000000");
}

#[test]
fn a_hashed_category_is_its_bucket() {
    assert_eq!(bucket("acme", 1000), 367);
    assert_eq!(item(r#"{"id":"v1"}"#).1[2], [367]);
    assert_eq!(item(r#"{"id":"v2"}"#).1[2], [0; 0]);
    assert_eq!(item(r#"{"id":"v2","features":{"brand":"new"}}"#).1[2], [bucket("new", 1000)]);
}

#[test]
fn of_a_long_list_the_last_entries_count() {
    assert_eq!(user(r#"{"recent":["v1","v9","v2","v1"]}"#).1[1], [0, 2, 1]);
    assert_eq!(user(r#"{"recent":["v2","v2"]}"#).1[1], [2, 2], "repetitions count");
    assert_eq!(user(r#"{"recent":[]}"#).1[1], [0; 0]);
    assert_eq!(user("{}").1[1], [0; 0]);
}

#[test]
fn an_item_comes_from_the_catalog() {
    let (numbers, bags) = item(r#"{"id":"v1"}"#);
    assert_eq!(numbers, [0.5, 2.0, 0.0]);
    assert_eq!(bags, [vec![1], vec![2, 3], vec![367]]);
}

#[test]
fn an_item_that_the_catalog_lacks_still_has_its_id_and_its_own_values() {
    assert_eq!(item(r#"{"id":"v9"}"#), (vec![-1.0, 0.0, 1.0], vec![vec![0], vec![], vec![]]));
    let (numbers, bags) = item(r#"{"id":"v9","features":{"als":0.25,"genres":["war"]}}"#);
    assert_eq!(numbers, [-1.0, 1.0, 0.0]);
    assert_eq!(bags, [vec![0], vec![3], vec![]]);
    let encoder = sample::encoder();
    let empty = Catalog::empty(&encoder);
    let encoded = encoder.encode(&sample::request(NOBODY, r#"[{"id":"v2"}]"#), &empty).unwrap();
    let (columns, index) = encoded.item(&empty, 0);
    assert_eq!(columns.bag(index, 0), [2], "the dictionary knows the id even without a catalog");
}

#[test]
fn without_an_id_feature_an_unknown_item_is_the_missing_row() {
    let mut schema = sample::schema();
    schema.item.remove(0);
    schema.interactions.clear();
    let encoder = Encoder::new(schema).unwrap();
    let catalog = sample::catalog(&encoder);
    let encoded = encoder.encode(&sample::request(NOBODY, r#"[{"id":"v9"}]"#), &catalog).unwrap();
    assert_eq!(encoded.own_items.rows(), 0);
    let (columns, index) = encoded.item(&catalog, 0);
    assert_eq!(row(columns, index), (vec![-1.0, 0.0, 1.0], vec![vec![], vec![]]));
}

#[test]
fn a_candidates_own_values_win_one_by_one() {
    let (numbers, bags) = item(r#"{"id":"v1","features":{"year":2000,"genres":["comedy"],"brand":null}}"#);
    assert_eq!(numbers, [1.0, 2.0, 0.0], "its year, the catalog's als");
    assert_eq!(bags, [vec![1], vec![1], vec![367]], "its genres, the catalog's id; null gives nothing");
    assert_eq!(item(r#"{"id":"v1","features":{"als":0}}"#).0, [0.5, 0.0, 0.0]);
    assert_eq!(item(r#"{"id":"v3","features":{"als":0}}"#).0, [-1.0, 0.0, 0.0], "the indicator too");
    let emptied = item(r#"{"id":"v1","features":{"genres":[]}}"#);
    assert_eq!(emptied.1[1], [0; 0], "an empty list is a value");
}

#[test]
fn only_overrides_cost_item_columns() {
    let candidates =
        r#"[{"id":"v1","features":{"price":3,"other":"x","brand":null}},{"id":"v2","features":{"year":2000}}]"#;
    assert_eq!(encode(NOBODY, candidates).unwrap().own_items.rows(), 1);
}

#[test]
fn candidate_columns_are_the_score_then_the_features() {
    let candidates =
        r#"[{"id":"v1","score":3,"features":{"price":15,"slot":"top"}},{"id":"v2","score":-1},{"id":"v3"}]"#;
    let encoded = encode(NOBODY, candidates).unwrap();
    assert_eq!(row(encoded.rows(), 0), (vec![1.0, 1.0, 1.0, 0.0, 1.0, 0.0], vec![vec![1]]));
    assert_eq!(row(encoded.rows(), 1), (vec![-1.0, -1.0, -1.0, 0.0, 0.0, 1.0], vec![vec![]]));
    assert_eq!(row(encoded.rows(), 2), (vec![0.0, 0.0, 0.0, 1.0, 0.0, 1.0], vec![vec![]]));
}

#[test]
fn a_user_id_can_be_a_feature() {
    let text = sample::SCHEMA.replacen(
        r#""name": "age",
      "table": "age""#,
        r#""name": "age", "source": "id", "table": "age""#,
        1,
    );
    let encoder = Encoder::new(serde_json::from_str(&text).unwrap()).unwrap();
    let ids = |user| {
        let request = sample::request(user, r#"[{"id":"v1"}]"#);
        encoder.encode(&request, &Catalog::empty(&encoder)).unwrap().user().bag(0, 0).to_vec()
    };
    assert_eq!(ids(r#"{"id":"25","features":{"age":"0.5"}}"#), [1], "the feature of that name is not read");
    assert_eq!(ids(r#"{"id":"u"}"#), [0]);
    assert_eq!(ids("{}"), [0; 0]);
}

#[test]
fn a_value_of_another_kind_names_its_field() {
    let candidate = |features: &str| encode(NOBODY, &format!(r#"[{{"id":"v2"}},{{"id":"v1","features":{features}}}]"#));
    for (message, expected) in [
        (candidate(r#"{"price":"3"}"#), "candidates[1].features.price: found a string, expected a number"),
        (candidate(r#"{"year":["x"]}"#), "candidates[1].features.year: found a list of strings, expected a number"),
        (candidate(r#"{"genres":"war"}"#), "candidates[1].features.genres: found a string, expected a list of strings"),
        (candidate(r#"{"slot":["top"]}"#), "candidates[1].features.slot: found a list of strings, expected a string"),
        (
            encode(r#"{"features":{"als":"x"}}"#, r#"[{"id":"v1"}]"#),
            "user.features.als: found a string, expected a number",
        ),
    ] {
        assert_eq!(message.unwrap_err(), expected);
    }
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    let encoder = sample::encoder();
    for name in ["als", "age"] {
        let features = Features::from([(name.to_owned(), f64::NAN.into())]);
        let request = sample::request(NOBODY, r#"[{"id":"v1"}]"#);
        let user = User { id: None, features };
        let request = Request::new("r", user, request.candidates().to_vec()).unwrap();
        let error = encoder.encode(&request, &Catalog::empty(&encoder)).unwrap_err();
        assert_eq!(error.to_string(), format!("user.features.{name}: found NaN, expected a finite number"));
    }
}

#[test]
fn catalog_errors_leave_the_catalog_as_it_was() {
    let encoder = sample::encoder();
    let mut catalog = sample::catalog(&encoder);
    let before = catalog.columns().clone();
    let bad: Item = serde_json::from_str(r#"{"id":"v4","features":{"als":1,"genres":["war"],"year":"x"}}"#).unwrap();
    let error = catalog.push(&encoder, &bad).unwrap_err();
    assert_eq!(error.to_string(), "features.year: found a string, expected a number");
    let twice: Item = serde_json::from_str(r#"{"id":"v1"}"#).unwrap();
    let error = catalog.push(&encoder, &twice).unwrap_err();
    assert_eq!(error.to_string(), "id: found \"v1\" a second time, expected distinct ids");
    assert_eq!((catalog.len(), catalog.row("v4"), catalog.columns()), (3, None, &before));
    let error = Catalog::from_items(&encoder, [&twice, &bad]).unwrap_err();
    assert_eq!(error.field, "items[1].features.year");
}

#[test]
fn an_error_leaves_an_empty_request_and_buffers_are_used_again() {
    let encoder = sample::encoder();
    let catalog = sample::catalog(&encoder);
    let good = sample::request(r#"{"features":{"recent":["v1"]}}"#, r#"[{"id":"v1"},{"id":"v9"}]"#);
    let bad = sample::request(NOBODY, r#"[{"id":"v1"},{"id":"v2","features":{"year":"x"}}]"#);
    let mut out = EncodedRequest::default();
    encoder.encode_into(&good, &catalog, &mut out, &mut EncodeScratch::default()).unwrap();
    encoder.encode_into(&bad, &catalog, &mut out, &mut EncodeScratch::default()).unwrap_err();
    assert_eq!((out.candidates(), out.user().rows(), out.rows().rows()), (0, 0, 0));
    encoder.encode_into(&good, &catalog, &mut out, &mut EncodeScratch::default()).unwrap();
    assert_eq!(out, encoder.encode(&good, &catalog).unwrap());
}

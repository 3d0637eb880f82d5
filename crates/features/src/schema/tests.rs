//! The JSON form, golden and refused, and every check of `validate`.

use super::*;
use crate::sample;

#[test]
fn the_golden_file_reads_and_writes_back_byte_for_byte() {
    let schema = sample::schema();
    schema.validate().unwrap();
    assert_eq!(serde_json::to_string_pretty(&schema).unwrap() + "\n", sample::SCHEMA);
}

#[test]
fn the_example_of_the_user_page_is_valid() {
    let page = include_str!("../../../../docs/features.md");
    let example = page.split("```json").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    serde_json::from_str::<Schema>(example).unwrap().validate().unwrap();
}

#[test]
fn what_may_be_left_out_has_a_default() {
    let text = r#"{"version":1,"item":[{"kind":"number","name":"x","mean":0,"std":1}]}"#;
    let schema: Schema = serde_json::from_str(text).unwrap();
    schema.validate().unwrap();
    let Feature::Number(number) = &schema.item[0] else { panic!("x is a number") };
    assert_eq!((number.missing, number.indicator, number.transform), (Missing::Mean, false, Transform::Identity));
    assert_eq!((schema.score, schema.tables), (None, vec![]));
}

#[test]
fn a_misspelt_field_is_refused() {
    for (right, wrong) in [
        (r#""indicator": false"#, r#""indicate": false"#),
        (r#""max_length": 3"#, r#""max_len": 3"#),
        (r#""source": "id""#, r#""sauce": "id""#),
        (r#""buckets": 1000"#, r#""buckets": 1000, "seed": 1"#),
        (r#""dim": 4"#, r#""dim": 4, "size": 4"#),
        (r#""version": 1"#, r#""version": 1, "feedback": []"#),
        (r#""z_score""#, r#""zscore""#),
        (r#""missing": "zero""#, r#""missing": "drop""#),
        (r#""kind": "list""#, r#""kind": "bag""#),
    ] {
        let text = sample::SCHEMA.replacen(right, wrong, 1);
        assert_ne!(text, sample::SCHEMA, "{right} stands in the sample");
        let error = serde_json::from_str::<Schema>(&text).unwrap_err().to_string();
        assert!(error.contains("unknown"), "{wrong}: {error}");
    }
}

/// Applies an edit to the valid sample and gives the error.
fn problem(edit: impl FnOnce(&mut Schema)) -> String {
    let mut schema = sample::schema();
    edit(&mut schema);
    schema.validate().unwrap_err().to_string()
}

fn number(features: &mut [Feature], index: usize) -> &mut NumberFeature {
    match &mut features[index] {
        Feature::Number(number) => number,
        other => panic!("{other:?} is no number"),
    }
}

#[test]
fn versions_and_names() {
    assert!(problem(|s| s.version = 2).starts_with("version: 2, expected 1"));
    assert!(problem(|s| s.user.push(s.user[0].clone())).starts_with("user[4].name: \"als\" stands twice"));
    assert!(problem(|s| number(&mut s.user, 0).name.clear()).starts_with("user[0].name: empty"));
    assert!(problem(|s| s.tables[1].name = "item_id".into()).starts_with("tables[1].name: \"item_id\" stands twice"));
    let both = problem(|s| number(&mut s.candidate, 0).name = "year".into());
    assert!(both.starts_with("candidate[0].name: \"year\" is an item feature too"), "{both}");
}

#[test]
fn numbers() {
    for std in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let message = problem(|s| number(&mut s.user, 0).std = std);
        assert!(message.starts_with("user[0].std: ") && message.contains("greater than 0"), "{message}");
    }
    assert!(problem(|s| number(&mut s.item, 1).mean = f64::NAN).starts_with("item[1].mean: NaN"));
    let missing = problem(|s| number(&mut s.item, 1).missing = Missing::Value(f64::INFINITY));
    assert!(missing.starts_with("item[1].missing.value: inf"), "{missing}");
}

#[test]
fn scores() {
    let score = |edit: fn(&mut ScoreFeature)| problem(|s| edit(s.score.as_mut().unwrap()));
    assert!(score(|score| score.std = 0.0).starts_with("score.std: 0"));
    assert!(score(|score| score.columns.clear()).starts_with("score.columns: empty"));
    assert!(score(|score| score.columns.push(ScoreColumn::Rank)).starts_with("score.columns: one stands twice"));
}

#[test]
fn tables_and_lists() {
    assert!(problem(|s| s.tables[2].dim = 0).starts_with("tables[2].dim: 0"));
    let empty = Encoding::Hash { buckets: 0 };
    assert!(problem(|s| s.tables[0].encoding = empty).starts_with("tables[0].encoding.buckets: 0"));
    let twice = Encoding::Dictionary { values: vec!["a".into(), "a".into()] };
    assert!(problem(|s| s.tables[0].encoding = twice).starts_with("tables[0].encoding.values[1]: \"a\" stands twice"));
    assert!(problem(|s| s.tables[4].name = "slots".into()).starts_with("tables[4]: no feature uses \"slots\""));
    let gone = problem(|s| drop(s.tables.pop()));
    assert!(gone.starts_with("candidate[1].table: \"slot\" is none of the tables"), "{gone}");
    let Feature::List(list) = sample::schema().user[3].clone() else { panic!("recent is a list") };
    let none = problem(|s| s.user[3] = Feature::List(ListFeature { max_length: 0, ..list }));
    assert!(none.starts_with("user[3].max_length: 0"), "{none}");
}

#[test]
fn products_and_interactions() {
    assert!(problem(|s| s.products[0].user = "age".into()).starts_with("products[0].user: \"age\" is not the name"));
    assert!(problem(|s| s.products[1].item = "visits".into()).starts_with("products[1].item: \"visits\" is not"));
    assert!(problem(|s| s.products.push(s.products[0].clone())).starts_with("products[2]: stands twice"));
    assert!(problem(|s| s.interactions[0].user = "als".into()).starts_with("interactions[0].user: \"als\" is not"));
    assert!(problem(|s| s.interactions[0].item = "year".into()).starts_with("interactions[0].item: \"year\" is not"));
    let tables = problem(|s| s.interactions[0].item = "genres".into());
    assert!(tables.starts_with("interactions[0]: tables \"item_id\" and \"genres\""), "{tables}");
}

#[test]
fn a_candidate_needs_an_input() {
    let text = r#"{"version":1,"user":[{"kind":"number","name":"x","mean":0,"std":1}]}"#;
    let error = serde_json::from_str::<Schema>(text).unwrap().validate().unwrap_err().to_string();
    assert!(error.contains("no feature here"), "{error}");
}

#[test]
fn log1p_is_odd_and_finite() {
    assert_eq!(Transform::Log1p.apply(std::f64::consts::E - 1.0), 1.0);
    assert_eq!(Transform::Log1p.apply(-3.0), -Transform::Log1p.apply(3.0));
    assert!(Transform::Log1p.apply(f64::MIN).is_finite());
}

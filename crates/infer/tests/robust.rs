//! Sizes from the least to the greatest, models that are damaged or have diverged, and calls that ask the impossible.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::HashSet;
use std::fs;

use nar4rec_infer::{
    FeatureValue, Isa, LoadError, MAX_CANDIDATES, Model, Options, Permutation, Problem, Request, Reranker,
};

mod made;

#[test]
fn any_number_of_candidates_works() {
    let reranker = made::reranker(5, |_| ());
    for n in [1, 2, made::LENGTH - 1, made::LENGTH, made::LENGTH + 1, 400, MAX_CANDIDATES] {
        let request = made::request(n as u64, n);
        let ranking = reranker.rerank_with(&request, Options { alternatives: 100, length: None }).unwrap();
        for list in ranking.alternatives.iter().chain([&ranking.best]) {
            assert_eq!(list.items.len(), n.min(made::LENGTH), "{n} candidates");
            assert!(list.items.iter().zip(1..).all(|(item, position)| item.position == position));
            assert!(list.items.iter().all(|item| request.candidates()[item.index].id == item.id));
            assert_eq!(list.items.iter().map(|item| item.index).collect::<HashSet<_>>().len(), list.items.len());
            assert!(list.items.iter().flat_map(|item| &item.feedback).all(|p| (0.0..=1.0).contains(p)));
        }
    }
}

#[test]
fn lists_may_be_shorter_than_the_models_but_not_longer() {
    let reranker = made::reranker(5, |_| ());
    let request = made::request(1, 20);
    for (asked, length) in [(0, 0), (1, 1), (made::LENGTH - 1, made::LENGTH - 1), (made::LENGTH + 1, made::LENGTH)] {
        let options = Options { length: Some(asked), alternatives: 0 };
        assert_eq!(reranker.rerank_with(&request, options).unwrap().best.items.len(), length);
    }
}

#[test]
fn where_nothing_may_be_shown_the_list_is_empty() {
    let reranker = made::reranker(5, |_| ());
    let request = made::request(1, 2);
    let exclude: Vec<&str> = request.candidates().iter().map(|candidate| candidate.id.as_str()).collect();
    let constraints = serde_json::json!({ "exclude": exclude }).to_string();
    let request = made::constrained(request.clone(), &constraints);
    let line = serde_json::to_string(&reranker.rerank(&request).unwrap()).unwrap();
    let list = r#"{"items":[],"utility":0.0,"log_probability":0.0,"source":"greedy"}"#;
    assert_eq!(line, format!(r#"{{"request_id":"r1","best":{list},"alternatives":[]}}"#));
    // It is no trouble to its neighbours in a batch either.
    let requests = [made::request(2, 9), request, made::request(3, 9)];
    let answers = reranker.rerank_batch(&requests, Options::default());
    assert!(requests.iter().zip(answers).all(|(request, answer)| answer == reranker.rerank(request)));
}

#[test]
fn a_feature_of_another_kind_is_named() {
    let reranker = made::reranker(5, |_| ());
    let request = made::request(1, 3);
    let mut candidates = request.candidates().to_vec();
    candidates[2].features.insert("price".into(), FeatureValue::from("cheap"));
    let request = Request::new("r", request.user().clone(), candidates).unwrap();
    let expected = r#"request "r": candidates[2].features.price: found a string, expected a number"#;
    assert_eq!(reranker.rerank(&request).unwrap_err().to_string(), expected);
    assert_eq!(reranker.probabilities(&request).unwrap_err().to_string(), expected);
    assert_eq!(reranker.evaluate(&request, &[]).unwrap_err().to_string(), expected);
}

#[test]
fn lists_that_cannot_be_judged_are_refused() {
    let reranker = made::reranker(5, |_| ());
    let request = made::request(1, 9);
    let message = |lists: &[Permutation]| reranker.evaluate(&request, lists).unwrap_err().to_string();
    let good = || Permutation::new(vec![3, 1], 9).unwrap();
    let long = Permutation::new((0..7).collect(), 9).unwrap();
    assert_eq!(message(&[good(), long]), "request \"r1\": lists[1]: 7 items, expected at most 6");
    let foreign = Permutation::new(vec![0, 12], 20).unwrap();
    let expected = "request \"r1\": lists[0]: holds candidate 12, but the request has only 9, counted from 0";
    assert_eq!(message(&[foreign, good()]), expected);
    let empty = Permutation::new(vec![], 9).unwrap();
    let judged = reranker.evaluate(&request, &[empty, good()]).unwrap();
    assert_eq!((judged[0].items.len(), judged[0].utility), (0, 0.0));
    assert_eq!(judged[1], reranker.evaluate(&request, &[good()]).unwrap()[0]);
}

/// Sets every number of the parameters whose name ends in `suffix`.
fn set(parameters: &mut nar4rec_tensor::Parameters, suffix: &str, value: f32) {
    let names: Vec<String> = parameters.specs().iter().map(|spec| spec.name.clone()).collect();
    let mut found = false;
    for (name, numbers) in names.iter().zip(parameters.values_mut()) {
        if name.ends_with(suffix) {
            numbers.fill(value);
            found = true;
        }
    }
    assert!(found, "no parameter ends in {suffix}: {names:?}");
}

fn refused(reranker: &Reranker) -> Problem {
    let request = made::request(1, 12);
    let batch = [request.clone(), made::request(2, 1), made::request(3, 40)];
    for (request, answer) in batch.iter().zip(reranker.rerank_batch(&batch, Options::default())) {
        assert!(answer.is_err(), "{answer:?}");
        assert_eq!(answer.unwrap_err().request_id, request.request_id());
    }
    reranker.rerank(&request).unwrap_err().problem
}

#[test]
fn a_model_that_overflows_gives_an_error_and_no_order() {
    let overflowing =
        made::reranker(5, |model| set(&mut model.generator.parameters, "candidate_norm.weight", f32::MAX));
    let Problem::NotFinite { what, found } = refused(&overflowing) else { panic!("another problem") };
    assert!(what.ends_with("of the generator") && !found.is_finite(), "{what}: {found}");
    let request = made::request(1, 12);
    let message = overflowing.probabilities(&request).unwrap_err().to_string();
    assert!(message.ends_with("the model is damaged or its training has diverged"), "{message}");

    let overflowing = made::reranker(5, |model| {
        set(&mut model.evaluator.parameters, "last_norm.weight", f32::MAX);
        set(&mut model.evaluator.parameters, "head.weight", f32::MAX);
    });
    assert!(overflowing.probabilities(&request).is_ok());
    assert!(matches!(refused(&overflowing), Problem::NotFinite { what: "logit of the evaluator", .. }));
    assert!(overflowing.evaluate(&request, &[Permutation::new(vec![0], 12).unwrap()]).is_err());

    // A single candidate has probability 1, so its list is worth a number whatever the weight.
    let overflowing = made::reranker(5, |model| model.config.pipeline.generator_weight = f32::MAX);
    let answers = overflowing.rerank_batch(&[made::request(2, 1), request], Options::default());
    assert!(answers[0].is_ok());
    let expected = "worth of a list: -inf, expected a finite number; the model is damaged or its training has diverged";
    assert_eq!(answers[1].clone().unwrap_err().problem.to_string(), expected);
}

#[test]
fn a_model_that_makes_no_sense_is_not_made_ready() {
    let message = |change: &dyn Fn(&mut Model)| {
        let mut model = made::model(5);
        change(&mut model);
        Reranker::new(model, Isa::detect()).unwrap_err().to_string()
    };
    assert_eq!(
        message(&|model| set(&mut model.evaluator.parameters, "head.weight", f32::NAN)),
        "this model cannot be used: parameter \"evaluator.head.weight\" holds a number that is not finite"
    );
    assert_eq!(
        message(&|model| model.config.pipeline.decoders.clear()),
        "this model cannot be used: pipeline.decoders: empty, expected at least one decoder"
    );
    let message = message(&|model| {
        let item = &mut model.items.as_mut().unwrap()[3];
        item.features.insert("year".into(), FeatureValue::from("long ago"));
    });
    assert_eq!(message, "item \"v3\": features.year: found a string, expected a number");
}

#[test]
fn a_model_that_was_saved_answers_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("model");
    made::model(5).save(&dir).unwrap();
    let (before, after) = (made::reranker(5, |_| ()), Reranker::load(&dir).unwrap());
    let requests: Vec<Request> = (0..20).map(|seed| made::request(seed, 1 + 2 * seed as usize)).collect();
    let options = Options { alternatives: 100, length: None };
    assert_eq!(before.rerank_batch(&requests, options), after.rerank_batch(&requests, options));
    assert_eq!(before.schema(), after.schema());
    assert_eq!(after.list_length(), made::LENGTH);
}

#[test]
fn a_damaged_directory_is_not_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("model");
    let missing = Reranker::load(&dir).unwrap_err();
    assert!(matches!(missing, LoadError::Model(_)) && missing.to_string().contains("model"), "{missing}");
    made::model(5).save(&dir).unwrap();
    for name in ["model.safetensors", "config.json", "schema.json", "items.jsonl", "manifest.json"] {
        let file = dir.join(name);
        let bytes = fs::read(&file).unwrap();
        let mut flipped = bytes.clone();
        flipped[bytes.len() / 2] ^= 4;
        for damaged in [Some(&flipped[..]), Some(&bytes[..bytes.len() / 2]), Some(&[]), None] {
            match damaged {
                Some(damaged) => fs::write(&file, damaged).unwrap(),
                None => fs::remove_file(&file).unwrap(),
            }
            let error = Reranker::load(&dir).unwrap_err().to_string();
            assert!(error.starts_with(&file.display().to_string()), "{name}: {error}");
        }
        fs::write(&file, bytes).unwrap();
    }
    Reranker::load(&dir).unwrap();
}

//! Data that lacks what other data has, or has what it should not: it works, or the message names file, line and field.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod tool;

use std::fs;

use serde_json::{Value, json};
use tool::{Bench, Ran, line};

const TRAIN: &str = "train --config config.toml --data data --out model";
const EVALUATE: &str = "evaluate --model model --data data --json";
const RERANK: &str = "rerank --model model --input data/test.jsonl --output -";

fn fails(ran: &Ran, status: i32, parts: &[&str]) {
    for part in parts {
        assert!(ran.err.contains(part), "no {part:?} in: {}", ran.err);
    }
    assert_eq!(ran.status, Some(status), "{}", ran.err);
}

/// Rewrites every line of a split.
fn change(bench: &Bench, split: &str, change: impl Fn(usize, &mut Value)) {
    let name = format!("data/{split}.jsonl");
    let before = bench.read(&name);
    let lines = before.lines().enumerate().map(|(index, line)| {
        let mut line = serde_json::from_str(line).unwrap();
        change(index, &mut line);
        format!("{line}\n")
    });
    let text: String = lines.collect();
    bench.write(&name, &text);
}

fn change_all(bench: &Bench, change_line: impl Fn(usize, &mut Value) + Copy) {
    ["train", "valid", "test"].iter().for_each(|split| change(bench, split, change_line));
}

/// Trains, evaluates and reranks; gives the evaluation.
fn works(bench: &Bench) -> Value {
    let mut out = String::new();
    for command in [TRAIN, RERANK, EVALUATE] {
        let ran = bench.run(command);
        fails(&ran, 0, &[]);
        out = ran.out;
    }
    serde_json::from_str(&out).unwrap()
}

#[test]
fn ids_and_feedback_are_enough() {
    let bench = Bench::new();
    fs::remove_file(bench.path("data/items.jsonl")).unwrap();
    change_all(&bench, |_, line| {
        line.as_object_mut().unwrap().remove("user");
        for candidate in line["candidates"].as_array_mut().unwrap() {
            *candidate = json!({"id": candidate["id"]});
        }
    });
    let found = works(&bench);
    assert_eq!(found["baselines"]["upstream"]["AUC"].as_f64(), Some(0.5), "without scores there is no upstream order");
}

#[test]
fn fewer_candidates_than_positions_give_shorter_lists() {
    let bench = Bench::new();
    bench.write("config.toml", &bench.read("config.toml").replace("list_length = 2", "list_length = 6"));
    works(&bench);
    let lists = bench.run(RERANK).out;
    for list in lists.lines() {
        assert_eq!(serde_json::from_str::<Value>(list).unwrap()["list"].as_array().unwrap().len(), 4, "{list}");
    }
    bench.write("one.jsonl", "{\"request_id\":\"r\",\"candidates\":[{\"id\":\"new\"}]}\n\n");
    let ran = bench.run("rerank --model model --input one.jsonl --output - --lists 5");
    fails(&ran, 0, &[]);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((answer["list"][0]["id"].as_str(), answer["alternatives"].as_array().unwrap().len()), (Some("new"), 0));
}

#[test]
fn scores_of_any_size_are_scores() {
    let bench = Bench::new();
    change_all(&bench, |index, line| {
        line["candidates"][0]["score"] = json!([f64::MAX, f64::MIN, 5e-324, 0.5][index % 4]);
        line["candidates"][1]["score"] = Value::Null;
    });
    works(&bench);
}

#[test]
fn splits_without_a_relevant_item_have_no_ranking_metrics() {
    let bench = Bench::new();
    for split in ["valid", "test"] {
        change(&bench, split, |_, line| {
            for shown in line["shown"].as_array_mut().unwrap() {
                shown["feedback"]["like"] = json!(0);
            }
        });
    }
    let found = works(&bench);
    assert_eq!(found["lists"].as_u64(), Some(8));
    assert_eq!(found["generator"], json!({}), "{found}");
    assert!(found["evaluator"].get("AUC").is_none() && found["evaluator"]["LogLoss"].is_f64(), "{found}");
    let ran = bench.run("evaluate --model model --data data --report page.html");
    fails(&ran, 0, &[]);
    assert!(ran.out.contains("8 lists without a relevant item are in no ranking metric"), "{}", ran.out);
    assert!(!bench.read("page.html").contains("NaN"));
}

#[test]
fn feedback_of_a_kind_that_training_lacks_is_told() {
    let bench = Bench::new();
    bench.write("config.toml", &bench.read("config.toml").replace("feedback = [{ name = \"like\" }]", ""));
    let add = |_: usize, line: &mut Value| line["shown"][1]["feedback"]["share"] = json!(1);
    let valid = bench.read("data/valid.jsonl");
    change(&bench, "valid", add);
    let parts = ["data/valid.jsonl:1: shown[1].feedback.share: unknown kind of feedback, expected one of `like`"];
    fails(&bench.run(TRAIN), 1, &parts);
    bench.write("data/valid.jsonl", &valid);
    change(&bench, "test", add);
    fails(&bench.run(TRAIN), 0, &[]);
    fails(&bench.run(EVALUATE), 1, &["data/test.jsonl:1: shown[1].feedback.share: unknown kind of feedback"]);
}

#[test]
fn feedback_that_is_no_amount_is_told() {
    for value in [json!(-1), json!(1e300)] {
        let bench = Bench::trained();
        let spoil = |index: usize, line: &mut Value| {
            if index == 3 {
                line["shown"][0]["feedback"]["like"] = value.clone();
            }
        };
        change(&bench, "test", spoil);
        fails(
            &bench.run(EVALUATE),
            1,
            &["data/test.jsonl:4: shown[0].feedback.like: found ", "expected a number from 0"],
        );
        change(&bench, "train", spoil);
        fails(
            &bench.run(TRAIN),
            1,
            &["data/train.jsonl:4: shown[0].feedback.like: found ", "expected a number from 0"],
        );
    }
}

#[test]
fn a_split_without_a_good_line_is_told_by_its_file() {
    let bench = Bench::new();
    for (split, text) in [("train", ""), ("valid", "\n\n")] {
        let before = bench.read(&format!("data/{split}.jsonl"));
        bench.write(&format!("data/{split}.jsonl"), text);
        fails(&bench.run(TRAIN), 1, &[&format!("data/{split}.jsonl: no impression besides 0 bad lines")]);
        bench.write(&format!("data/{split}.jsonl"), "{}\n[]\n");
        let ran = bench.run(&format!("{TRAIN} --skip-bad"));
        fails(&ran, 1, &[&format!("data/{split}.jsonl: no impression besides 2 bad lines")]);
        bench.write(&format!("data/{split}.jsonl"), &before);
    }
    change(&bench, "train", |_, line| {
        line["shown"] = json!([{"id": "a"}]);
    });
    bench.write("config.toml", &bench.read("config.toml").replace("feedback = [{ name = \"like\" }]", ""));
    bench.write("config.toml", &bench.read("config.toml").replace("relevance = \"like\"", ""));
    fails(&bench.run(TRAIN), 1, &["data/train.jsonl: no feedback on any shown item, expected at least one kind"]);
    assert_eq!(bench.names(), ["config.toml", "data"]);
}

#[test]
fn a_bad_item_is_told_by_its_line_and_can_be_skipped() {
    let good = "{\"id\":\"a\",\"features\":{\"year\":1990}}\n{\"id\":\"b\",\"features\":{\"year\":1999}}\n";
    for (bad, parts) in [
        ("{\"id\":\"c\",\"features\":{\"year\":\"old\"}}", &["features.year: found a string, expected a number"][..]),
        ("{\"id\":\"a\"}", &["id: \"a\" stands on line 1 already, expected distinct ids"]),
        ("{\"id\":\"c\",\"features\":{\"year\":{}}}", &["features.year: found {}, expected a number, a string"]),
        ("{\"features\":{}}", &["id: missing"]),
        ("{\"id\":\"c\"", &["malformed JSON"]),
    ] {
        let bench = Bench::new();
        bench.write("data/items.jsonl", &format!("{good}{bad}\n"));
        let ran = bench.run(TRAIN);
        fails(&ran, 1, &["data/items.jsonl:3: "]);
        fails(&ran, 1, parts);
        assert_eq!(bench.names(), ["config.toml", "data"]);
        fails(&bench.run(&format!("{TRAIN} --skip-bad")), 0, &["warning: items: 1 bad line left out"]);
        assert!(bench.run("inspect model").out.contains("2 items"));
    }
}

#[test]
fn a_given_schema_decides_what_is_read() {
    let bench = Bench::new();
    assert_eq!(bench.shell("nar4rec schema --data data > schema.json").status, Some(0));
    let train = format!("{TRAIN} --schema schema.json");
    // What the schema does not name may be anything.
    let anything =
        |index: usize, line: &mut Value| line["user"]["features"]["odd"] = [json!(1), json!("x")][index % 2].clone();
    change(&bench, "train", anything);
    fails(&bench.run(TRAIN), 1, &["data/train.jsonl:2: user.features.odd: found a string, expected a number"]);
    fails(&bench.run(&train), 0, &[]);
    // What it names must fit.
    let items = bench.read("data/items.jsonl");
    bench.write("data/items.jsonl", &(items + "{\"id\":\"z\",\"features\":{\"year\":\"x\"}}\n"));
    fails(&bench.run(&train), 1, &["data/items.jsonl:3: features.year: found ", "expected a number"]);
    bench.write("schema.json", "{\"version\": 1, \"usr\": []}");
    fails(&bench.run(&train), 2, &["schema.json: unknown field `usr`", "line 1"]);
}

#[test]
fn a_wrong_feature_is_told_by_line_and_field() {
    let bench = Bench::trained();
    let spoil = |index: usize, line: &mut Value| {
        if index == 2 {
            line["user"]["features"]["age"] = json!("old");
        }
    };
    change(&bench, "test", spoil);
    for command in [EVALUATE, RERANK] {
        let parts = ["data/test.jsonl:3: ", "user.features.age: found ", "expected a number"];
        fails(&bench.run(command), 1, &parts);
    }
}

#[test]
fn constraints_that_cannot_be_kept_are_told_by_line() {
    let bench = Bench::trained();
    let one =
        |constraints: &str| line("r", 1).replace(r#""shown""#, &format!(r#""constraints":{constraints},"shown""#));
    for (constraints, part) in [
        (r#"{"pin":[{"id":"a","position":3}]}"#, "request \"r\": "),
        (
            r#"{"at_most":[{"feature":"brand","count":1}]}"#,
            "\"brand\" is a feature neither of a candidate nor of the model",
        ),
        (r#"{"pin":[{"id":"z","position":1}]}"#, "constraints.pin[0].id: \"z\" is no candidate"),
        (r#"{"pins":[]}"#, "unknown field `pins`"),
    ] {
        bench.write("requests.jsonl", &format!("{}\n{}\n", line("x", 1), one(constraints)));
        let ran = bench.run("rerank --model model --input requests.jsonl --output -");
        fails(&ran, 1, &["requests.jsonl:2: ", part]);
        let ran = bench.run("rerank --model model --input requests.jsonl --output - --skip-bad");
        fails(&ran, 0, &["1 bad line left out"]);
        assert_eq!(ran.out.lines().count(), 1);
    }
}

#[test]
fn a_truncated_training_file_is_told_and_can_be_used_as_far_as_it_goes() {
    let bench = Bench::new();
    let whole = bench.path("data/train.jsonl.gz");
    let mut writer = nar4rec_data::JsonLinesWriter::create(&whole).unwrap();
    for index in 0..400 {
        writer.write(&serde_json::from_str::<Value>(&line(&index.to_string(), index)).unwrap()).unwrap();
    }
    writer.finish().unwrap();
    let parts = ["data: holds both train.jsonl and train.jsonl.gz, expected one form of train"];
    fails(&bench.run(TRAIN), 1, &parts);
    fs::remove_file(bench.path("data/train.jsonl")).unwrap();
    let bytes = fs::read(&whole).unwrap();
    fs::write(&whole, &bytes[..bytes.len() / 2]).unwrap();
    fails(&bench.run(TRAIN), 1, &["data/train.jsonl.gz:", "gzip stream is truncated or damaged"]);
    assert!(!bench.exists("model") && !bench.exists("model.metrics.jsonl"));
    fails(&bench.run(&format!("{TRAIN} --skip-bad")), 0, &["data/train.jsonl.gz:", "truncated or damaged"]);
}

#[test]
fn a_configuration_that_does_not_fit_the_data_is_misuse() {
    let bench = Bench::new();
    let config = bench.read("config.toml");
    for (from, to, part) in [
        ("relevance = \"like\"", "relevance = \"lick\"", "relevance: \"lick\" is no kind of feedback here"),
        ("[generator]", "[features]\nhash_buckets = 0\n[generator]", "features.hash_buckets: 0, expected between 1"),
        ("epochs = 2", "epochs = 9000000000000000000", "training.generator.epochs: 9000000000000000000"),
        ("batch_size = 8", "batch_size = \"8\"", "line "),
        ("[generator]", "[pipeline]\ndecoders = []\n[generator]", "pipeline.decoders: empty"),
    ] {
        bench.write("config.toml", &config.replacen(from, to, 1));
        fails(&bench.run(TRAIN), 2, &["config.toml: ", part]);
    }
    assert_eq!(bench.names(), ["config.toml", "data"]);
}

#[test]
fn a_checkpoint_that_does_not_fit_is_told_and_kept() {
    let bench = Bench::new();
    let resume = format!("{TRAIN} --resume");
    fails(&bench.run(&resume), 0, &["model.checkpoint: not there, so the run begins anew"]);
    bench.write("model.checkpoint", "no checkpoint");
    fails(&bench.run(&resume), 1, &["model.checkpoint: is no training checkpoint of nar4rec"]);
    assert_eq!(bench.read("model.checkpoint"), "no checkpoint");
    fails(&bench.run(TRAIN), 0, &[]);
    assert!(!bench.exists("model.checkpoint"), "a new run replaces it");
}

#[test]
fn more_threads_than_the_machine_has_change_nothing() {
    let bench = Bench::trained();
    let plain = bench.run(RERANK).out;
    assert_eq!(bench.run(&format!("{RERANK} --threads 33")).out, plain);
    assert_eq!(bench.run(&format!("{RERANK} --threads 1 --isa auto")).out, plain);
}

//! Every command does what its help says.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod tool;

use std::io::{Read, Write};

use serde_json::{Value, json};
use tool::{Bench, line};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn quantize_writes_a_smaller_model_and_what_it_costs() {
    let bench = Bench::trained();
    let ran = bench.run("quantize model --data data --out narrow");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(ran.out.contains("pipeline.NDCG@2") && ran.out.contains("the same list for"), "{}", ran.out);
    let size = |model: &str| std::fs::metadata(bench.path(&format!("{model}/model.safetensors"))).unwrap().len();
    assert!(size("narrow") < size("model"));
    let shown = bench.run("inspect narrow").out;
    assert!(shown.contains("served in       int8") && shown.contains(ran.out.trim_end()), "{shown}");
    let manifest: Value = serde_json::from_str(&bench.run("inspect narrow --json").out).unwrap();
    assert_eq!((&manifest["format"], &manifest["provenance"]["quantisation"]["lists"]), (&2.into(), &8.into()));

    // What is measured is what is served: the file brings back the same numbers.
    let figures = |model: &str| -> Value {
        serde_json::from_str(&bench.run(&format!("evaluate --model {model} --data data --json")).out).unwrap()
    };
    let (narrow, cost) = (figures("narrow"), &manifest["provenance"]["quantisation"]["metrics"]);
    assert_eq!(
        cost["pipeline.NDCG@2"],
        serde_json::json!([figures("model")["pipeline"]["NDCG@2"], narrow["pipeline"]["NDCG@2"]])
    );
    assert_eq!(cost["evaluator.LogLoss"][1], narrow["evaluator"]["LogLoss"]);

    let again = bench.run("quantize narrow --data data --out twice");
    assert!(again.status == Some(2) && again.err.contains("narrow: is in int8 already"), "{}", again.err);
    let occupied = bench.run("quantize model --data data --out data");
    assert!(
        occupied.status == Some(1) && occupied.err.contains("data: is a directory of other files"),
        "{}",
        occupied.err
    );
}

#[test]
fn help_is_there_for_every_command() {
    let bench = Bench::new();
    let all = bench.run("--help");
    assert_eq!(all.status, Some(0));
    for command in [
        "quickstart",
        "init-config",
        "validate",
        "schema",
        "train",
        "evaluate",
        "rerank",
        "inspect",
        "export",
        "set-pipeline",
        "quantize",
        "bench",
        "export",
        "convert",
        "off-policy",
    ] {
        assert!(all.out.contains(command), "{command}");
        let help = bench.run(&format!("{command} --help"));
        assert!(help.status == Some(0) && help.out.contains("Usage: nar4rec"), "{command}: {}", help.err);
    }
    assert_eq!(bench.run("").status, Some(2));
}

#[test]
fn a_configuration_from_init_config_trains() {
    let bench = Bench::new();
    assert_eq!(bench.shell("nar4rec init-config > new.toml").status, Some(0));
    let ran = bench.run("train --config new.toml --data data --out model --report report.html");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(ran.err.contains("generator: epoch 1, loss") && bench.read("report.html").contains("</html>"));
    assert!(!bench.exists("model.checkpoint"), "a finished run leaves no checkpoint");
    let metrics = lines(&bench.read("model.metrics.jsonl"));
    assert!(metrics.iter().any(|line| line["event"] == "epoch" && line["model"] == "evaluator"));

    let (aim, lists) = (&metrics[0], lines(&bench.read("data/train.jsonl")));
    let utility = |list: &Value| -> f64 {
        let shown = list["shown"].as_array().into_iter().flatten();
        shown
            .flat_map(|item| item["feedback"].as_object().into_iter().flatten())
            .filter_map(|(_, value)| value.as_f64())
            .sum()
    };
    let reached = lists.iter().filter(|list| utility(list) >= aim["utility"].as_f64().unwrap()).count();
    assert_eq!(
        (&aim["event"], &aim["reached"], &aim["lists"]),
        (&json!("threshold"), &json!(reached), &json!(lists.len()))
    );
    assert!(ran.err.contains(&format!("generator: {reached} of {} lists reach", lists.len())), "{}", ran.err);
}

#[test]
fn evaluate_prints_one_object() {
    let bench = Bench::trained();
    let ran = bench.run("evaluate --model model --data data --json");
    assert_eq!((ran.status, ran.out.lines().count()), (Some(0), 1), "{}", ran.err);
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((found["split"].as_str(), found["lists"].as_u64()), (Some("test"), Some(8)));
    for (part, names) in [
        ("generator", &["P@2", "NDCG@2", "MAP@2", "F1@2", "Recall@2", "AUC"][..]),
        ("pipeline", &["P@2", "NDCG@2", "MAP@2", "F1@2", "Recall@2"]),
        ("evaluator", &["AUC", "LogLoss"]),
    ] {
        for name in names {
            let value = found[part][name].as_f64().unwrap_or(f64::NAN);
            assert!(value >= 0.0 && (*name == "LogLoss" || value <= 1.0), "{part} {name}: {value}");
            let interval = &found["intervals"][part][name];
            assert!(interval[0].as_f64() <= Some(value) && Some(value) <= interval[1].as_f64(), "{part} {name}");
        }
    }
    let table = bench.run("evaluate --model model --data data --split valid --report page.html");
    assert!(table.out.contains("valid split, 8 lists") && table.out.contains("upstream"), "{}", table.out);
    assert!(bench.read("page.html").contains("<table"));
}

#[test]
fn rerank_answers_in_order_with_the_ids_it_was_given() {
    let bench = Bench::trained();
    let ran = bench.run("rerank --model model --input data/test.jsonl --output lists.jsonl");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let answers = lines(&bench.read("lists.jsonl"));
    let ids: Vec<_> = answers.iter().map(|answer| answer["request_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, (0..8).map(|list| format!("test-{list}")).collect::<Vec<_>>());
    for answer in &answers {
        let list = answer["list"].as_array().unwrap();
        assert_eq!(list.len(), 2);
        for (place, item) in list.iter().enumerate() {
            let index = item["index"].as_u64().unwrap() as usize;
            assert_eq!(item["id"].as_str(), Some(["a", "b", "c", "d"][index]));
            assert_eq!(item["position"].as_u64(), Some(place as u64 + 1));
            assert!((0.0..=1.0).contains(&item["p"].as_f64().unwrap()) && item.get("feedback").is_none());
        }
        assert!(answer["utility"].is_f64() && answer.get("alternatives").is_none());
    }
    let more = bench.run("rerank --model model --input data/test.jsonl --output - --lists 3 --length 1 --explain");
    let first = &lines(&more.out)[0];
    assert_eq!(first["list"].as_array().unwrap().len(), 1);
    assert!(first["list"][0]["feedback"]["like"].is_f64() && first["log_probability"].is_f64());
    assert_eq!(first["alternatives"].as_array().unwrap().len(), 2, "{first}");
}

#[test]
fn input_and_output_may_be_streams_and_compressed() {
    let bench = Bench::trained();
    let plain = bench.run("rerank --model model --input data/test.jsonl --output -");
    let packed = bench.path("requests.jsonl.gz");
    let mut gzip = flate2::write::GzEncoder::new(std::fs::File::create(packed).unwrap(), flate2::Compression::fast());
    gzip.write_all(bench.read("data/test.jsonl").as_bytes()).unwrap();
    gzip.finish().unwrap();
    let piped = bench.shell("nar4rec rerank --model model --input - --output - < requests.jsonl.gz");
    assert!(piped.out == plain.out && plain.out.lines().count() == 8, "{}", piped.err);
    bench.run("rerank --model model --input requests.jsonl.gz --output lists.jsonl.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(bench.path("lists.jsonl.gz")).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, plain.out);
}

#[test]
fn constraints_of_a_request_are_kept() {
    let bench = Bench::trained();
    let constrained = line("r", 1)
        .replace(r#""shown""#, r#""constraints":{"pin":[{"id":"d","position":1}],"exclude":["a"]},"shown""#);
    bench.write("one.jsonl", &constrained);
    let ran = bench.run("rerank --model model --input one.jsonl --output -");
    let answer = &lines(&ran.out)[0];
    assert_eq!(answer["list"][0]["id"], "d");
    assert!(answer["list"][1]["id"] != "a", "{answer}");
}

#[test]
fn a_schema_can_be_edited_and_given_back() {
    let bench = Bench::new();
    assert_eq!(bench.shell("nar4rec schema --data data > schema.json").status, Some(0));
    let mut schema: Value = serde_json::from_str(&bench.read("schema.json")).unwrap();
    let before = schema["user"].as_array().unwrap().len();
    schema["user"].as_array_mut().unwrap().clear();
    schema["products"].as_array_mut().map(Vec::clear);
    bench.write("schema.json", &schema.to_string());
    let ran = bench.run("train --config config.toml --data data --out model --schema schema.json");
    assert!(before == 1 && ran.status == Some(0), "{}", ran.err);
    assert!(bench.run("inspect model").out.contains("user numbers    none"));
}

#[test]
fn a_pipeline_can_be_tried_and_set() {
    let bench = Bench::trained();
    bench.write(
        "other.toml",
        "[pipeline]\ngenerator_weight = 2.5\nchoice = \"items\"\ndecoders = [{ kind = \"beam\", width = 3, lists = 3 }]\n",
    );
    assert_eq!(bench.run("evaluate --model model --data data --config other.toml").status, Some(0));
    let decodes_by_beam = || bench.read("model/config.json").contains("\"kind\": \"beam\"");
    assert!(!decodes_by_beam(), "trying changes nothing");
    assert_eq!(bench.run("set-pipeline --model model --config other.toml").status, Some(0));
    assert!(decodes_by_beam());
    assert!(bench.read("model/config.json").contains("\"choice\": \"items\""));
    assert_eq!(bench.run("evaluate --model model --data data").status, Some(0));
}

#[test]
fn inspect_and_validate_tell_what_is_there() {
    let bench = Bench::trained();
    let text = bench.run("inspect model").out;
    for part in ["generator", "evaluator", "1 × like", "2 items", "score.rank", "train.jsonl", "generator.valid"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let manifest: Value = serde_json::from_str(&bench.run("inspect model --json").out).unwrap();
    assert_eq!(manifest["format"], 1);
    let text = bench.run("validate --data data").out;
    assert!(text.contains("32 lists") && text.contains("0 errors"), "{text}");
}

#[test]
fn export_writes_graphs_with_a_sample() {
    let bench = Bench::trained();
    let ran = bench.run("export model --format onnx --out exported");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    for name in ["generator.onnx", "evaluator.onnx", "inputs.json", "schema.json", "sample.json"] {
        assert!(bench.exists(&format!("exported/{name}")) && ran.out.contains(name), "{name}: {}", ran.out);
    }
    assert_eq!(bench.read("exported/schema.json"), bench.read("model/schema.json"));
    let inputs: Value = serde_json::from_str(&bench.read("exported/inputs.json")).unwrap();
    assert_eq!(inputs["generator"]["inputs"][0], "candidate_numbers");

    // Once more in its place, with a mask and the first request of the test split: its candidates are four.
    let ran = bench.run("export model --out exported --data data --mask");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let sample: Value = serde_json::from_str(&bench.read("exported/sample.json")).unwrap();
    assert_eq!(sample["generator"]["inputs"]["mask"]["shape"], serde_json::json!([1, 4]));
    let logs = &sample["generator"]["outputs"]["log_probabilities"];
    let exported: Vec<f64> = logs["data"].as_array().unwrap().iter().map(|log| log.as_f64().unwrap()).collect();
    let ranking = bench.run("rerank --model model --input data/test.jsonl --output -");
    let item = &lines(&ranking.out)[0]["list"][0];
    let p = exported[item["index"].as_u64().unwrap() as usize * 2].exp();
    assert!((p - item["p"].as_f64().unwrap()).abs() < 1e-5, "what is reranked with is what is exported");
}

#[test]
fn export_refuses_what_it_cannot_do() {
    let bench = Bench::trained();
    let before = bench.names();
    for (arguments, status, parts) in [
        ("export model --format tflite --out new", 2, &["'tflite'", "possible values: onnx"][..]),
        ("export model --out data", 1, &["data: is a directory of other files", "it stays as it is"]),
        ("export model --out model", 1, &["model: is a directory of other files"]),
        ("export gone --out new", 1, &["gone: missing, expected a model directory"]),
        ("export model --out new --data gone", 1, &["gone: no such folder"]),
    ] {
        let ran = bench.run(arguments);
        assert_eq!(ran.status, Some(status), "{}", ran.err);
        assert!(parts.iter().all(|part| ran.err.contains(part)), "{arguments}: {}", ran.err);
    }
    assert_eq!(bench.names(), before);
    bench.write("data/test.jsonl", "");
    bench.write("data/valid.jsonl", "");
    bench.write("data/train.jsonl", "");
    let ran = bench.run("export model --out new --data data");
    assert!(ran.status == Some(1) && ran.err.contains("data: no requests, expected one"), "{}", ran.err);
}

#[test]
fn kuairand_is_converted() {
    let bench = Bench::new();
    let log = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/kuairand27k_likehate");
    let ran = bench.run(&format!("convert kuairand {log} --out converted"));
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    for name in ["train.jsonl.gz", "valid.jsonl.gz", "test.jsonl.gz", "items.jsonl.gz"] {
        assert!(bench.exists(&format!("converted/{name}")), "{name}");
    }
}

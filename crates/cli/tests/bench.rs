//! `nar4rec bench` tells what a model costs. No test here asserts how fast anything is.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod tool;

use serde_json::Value;
use tool::{Bench, Ran};

fn json(ran: &Ran) -> Value {
    assert_eq!((ran.status, ran.out.lines().count()), (Some(0), 1), "{}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Counts and means are there, and percentiles grow.
fn check_latency(row: &Value) {
    assert!(row["count"].as_u64().unwrap() > 0 && number(&row["mean"]) > 0.0, "{row}");
    let known = ["p50", "p90", "p99", "p99.9", "max"].iter().filter_map(|name| row[*name].as_f64());
    assert!(known.collect::<Vec<_>>().is_sorted(), "{row}");
}

fn check_shares(rows: &Value, names: &[&str]) {
    let rows = rows.as_array().unwrap();
    let sum: f64 = rows.iter().map(|row| number(&row["share"])).sum();
    assert!((sum - 1.0).abs() < 1e-6, "{sum}");
    let found: Vec<&str> = rows.iter().map(|row| row["layer"].as_str().or(row["stage"].as_str()).unwrap()).collect();
    for name in names {
        assert!(found.contains(name), "{name} in {found:?}");
    }
}

#[test]
fn all_tables_are_there_and_add_up() {
    let bench = Bench::trained();
    let told = json(&bench.run("bench --model model --data data --seconds 0.05 --candidates 3,9 --threads 2 --json"));
    assert_eq!(told["requests"]["count"], 8);
    assert_eq!(told["requests"]["candidates"]["most"], 4);
    assert_eq!((&told["machine"]["threads"], &told["model"]["precision"]), (&2.into(), &"f32".into()));
    assert!(told["model"]["parameters"]["generator"].as_u64().unwrap() > 0);
    assert!(told["interrupted"] == false && told["steady"].is_null());

    let latency = told["latency"].as_array().unwrap();
    let sizes: Vec<Option<u64>> = latency.iter().map(|row| row["candidates"].as_u64()).collect();
    assert_eq!(sizes, [None, Some(3), Some(9)]);
    latency.iter().for_each(check_latency);

    let throughput = told["throughput"].as_array().unwrap();
    let rows: Vec<_> = throughput.iter().map(|row| (row["batch"].as_u64(), row["threads"].as_u64())).collect();
    assert_eq!(rows, [1, 4, 16, 64].map(|batch| [1, 2].map(|threads| (Some(batch), Some(threads)))).concat());
    for row in throughput {
        let each = number(&row["candidates_per_second"]) / number(&row["requests_per_second"]);
        assert!((each - 4.0).abs() < 1e-6 && number(&row["over_one_thread"]) > 0.0, "{row}");
    }

    let profile = &told["profile"];
    check_shares(&profile["stages"]["stages"], &["encode", "generate", "decode", "evaluate", "answer"]);
    let blocks = ["input", "candidate_blocks.0.attention", "position_blocks.0.cross_attention", "log_probabilities"];
    check_shares(&profile["layers"]["generator"], &blocks);
    check_shares(&profile["layers"]["evaluator"], &["input", "blocks.0.feed_forward", "head"]);
}

#[test]
fn requests_are_made_where_none_are_given() {
    let bench = Bench::trained();
    let told = json(&bench.run("bench --model model --seconds 0.02 --candidates 5,2 --threads 1 --json"));
    assert!(told["requests"]["made"] == true && told["requests"]["candidates"]["mean"] == 5.0);
    let sizes: Vec<_> = told["latency"].as_array().unwrap().iter().map(|row| row["candidates"].as_u64()).collect();
    assert_eq!(sizes, [Some(5), Some(2)]);
    assert_eq!(told["throughput"].as_array().unwrap().len(), 4, "one thread is all threads");
    let text = bench.run("bench --model model --input data/valid.jsonl --seconds 0.02 --candidates 3").out;
    for part in ["8 of data/valid.jsonl", "as they are", "× one thread", "log_probabilities", "GFLOP/s"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_steady_load_is_told_by_windows() {
    let bench = Bench::trained();
    let told = json(&bench.run("bench --model model --data data --seconds 0.02 --steady 0.1 --json"));
    let (steady, windows) = (&told["steady"], told["steady"]["windows"].as_array().unwrap());
    assert!(told["latency"] == serde_json::json!([]) && told["profile"].is_null());
    windows.iter().for_each(check_latency);
    let counted: u64 = windows.iter().map(|row| row["count"].as_u64().unwrap()).sum();
    assert_eq!(steady["latency"]["count"].as_u64(), Some(counted));
    assert_eq!(steady["resident_at_end"].is_u64(), cfg!(target_os = "linux"));
}

#[cfg(unix)]
#[test]
fn an_interrupted_measurement_prints_what_it_has() {
    use std::{io::Read, process::Stdio};
    let bench = Bench::trained();
    let mut command = bench.command("bench --model model --data data --seconds 600 --json");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It listens before it tells the first measurement.
    let mut first = [0; 9];
    child.stderr.as_mut().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"measuring");
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert!(ran.status == Some(130) && ran.err.contains("what was measured so far"), "{}", ran.err);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(told["interrupted"] == true && told["throughput"] == serde_json::json!([]) && told["profile"].is_null());
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let bench = Bench::trained();
    bench.write("empty.jsonl", "");
    bench.write(
        "odd.jsonl",
        "{\"request_id\":\"r\",\"user\":{\"features\":{\"age\":\"old\"}},\"candidates\":[{\"id\":\"a\"}]}\n",
    );
    for (arguments, status, message) in [
        ("--seconds 0", 2, "expected a number of seconds greater than 0"),
        ("--steady 0", 2, "--steady"),
        ("--candidates 0", 2, "expected a whole number of candidates from 1 to 4096"),
        ("--data data --split all", 2, "no split \"all\", expected train, valid or test"),
        ("--data data --input empty.jsonl", 2, "cannot be used with"),
        ("--input empty.jsonl", 1, "empty.jsonl: no requests, expected at least one"),
        ("--input odd.jsonl", 1, "odd.jsonl"),
        ("--input odd.jsonl --skip-bad", 1, "odd.jsonl: no requests, expected at least one"),
        ("--data nowhere", 1, "nowhere"),
    ] {
        let ran = bench.run(&format!("bench --model model {arguments}"));
        assert!(ran.status == Some(status) && ran.out.is_empty(), "{arguments}: {:?} {}", ran.status, ran.err);
        assert!(ran.err.contains(message), "{arguments}: {}", ran.err);
    }
}

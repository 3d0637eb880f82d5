//! Bad input gets a message that says where it is and what was expected, and leaves nothing half-written.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod tool;

use std::fs;

use tool::{Bench, Ran, line};

/// Asserts status and parts of the message.
fn fails(ran: &Ran, status: i32, parts: &[&str]) {
    for part in parts {
        assert!(ran.err.contains(part), "no {part:?} in: {}", ran.err);
    }
    assert_eq!(ran.status, Some(status), "{}", ran.err);
}

/// Bad second lines, and what is said of them after `file:2`.
fn bad_lines() -> Vec<(&'static str, String, Vec<&'static str>)> {
    let good = line("r", 1);
    let many: Vec<String> = (0..4097).map(|i| format!(r#"{{"id":"v{i}"}}"#)).collect();
    vec![
        ("malformed", good[..good.len() - 1].to_owned(), vec!["malformed JSON"]),
        ("wrong type", good.replace(r#""size":3"#, r#""size":"big""#), vec!["candidates[0].features.size", "a number"]),
        (
            "no candidate",
            good.replace(r#"{"id":"c","feedback""#, r#"{"id":"z","feedback""#),
            vec!["shown[1].id", "\"z\" is no candidate"],
        ),
        ("twice", good.replace(r#"{"id":"b","#, r#"{"id":"a","#), vec!["candidates[1].id", "distinct ids"]),
        ("empty", r#"{"request_id":"r","user":{},"candidates":[],"shown":[]}"#.to_owned(), vec!["candidates: empty"]),
        ("NaN", good.replace("0.5", "NaN"), vec!["malformed JSON"]),
        (
            "infinity",
            good.replace("0.5", "1e999"),
            vec!["candidates[0].score", "found 1e999, expected a finite number"],
        ),
        (
            "too many",
            format!(r#"{{"request_id":"r","candidates":[{}],"shown":[{{"id":"v0"}}]}}"#, many.join(",")),
            vec!["4097 candidates", "at most 4096"],
        ),
        ("kind", good.replace("like", "lick"), vec!["shown[0].feedback.lick", "unknown kind", "`like`"]),
        ("unknown field", good.replace(r#""score":0.4"#, r#""scor":0.4"#), vec!["scor"]),
    ]
}

#[test]
fn a_bad_training_line_is_told_and_can_be_skipped() {
    for (name, bad, parts) in bad_lines() {
        let bench = Bench::new();
        let text = bench.read("data/train.jsonl");
        let (first, rest) = text.split_once('\n').unwrap();
        bench.write("data/train.jsonl", &format!("{first}\n{bad}\n{rest}"));
        let ran = bench.run("train --config config.toml --data data --out model");
        fails(&ran, 1, &["train.jsonl:2: "]);
        fails(&ran, 1, &parts);
        assert!(!bench.exists("model") && !bench.exists("model.checkpoint"), "{name}");
        let ran = bench.run("train --config config.toml --data data --out model --skip-bad");
        fails(&ran, 0, &["1 bad line left out"]);
    }
}

#[test]
fn a_bad_line_is_told_by_evaluate_and_validate() {
    let bench = Bench::trained();
    let good = bench.read("data/test.jsonl");
    for (_, bad, parts) in bad_lines() {
        let (first, rest) = good.split_once('\n').unwrap();
        bench.write("data/test.jsonl", &format!("{first}\n{bad}\n{rest}"));
        let ran = bench.run("evaluate --model model --data data");
        fails(&ran, 1, &["test.jsonl:2: "]);
        fails(&ran, 1, &parts);
        let ran = bench.run("evaluate --model model --data data --skip-bad --json");
        fails(&ran, 0, &["1 bad line left out"]);
        assert!(ran.out.contains("\"lists\":8"), "{}", ran.out);
    }
    bench.write("data/test.jsonl", "{\n");
    let ran = bench.run("validate --data data");
    fails(&ran, 1, &["1 problem found"]);
    assert!(ran.out.contains("test.jsonl:1: "), "{}", ran.out);
}

#[test]
fn a_bad_request_is_told_and_can_be_skipped() {
    let bench = Bench::trained();
    for (name, bad, parts) in bad_lines().into_iter().filter(|(name, ..)| !["no candidate", "kind"].contains(name)) {
        bench.write("requests.jsonl", &format!("{}\n{bad}\n{}\n", line("x", 1), line("y", 2)));
        let ran = bench.run("rerank --model model --input requests.jsonl --output lists.jsonl");
        fails(&ran, 1, &["requests.jsonl:2: "]);
        fails(&ran, 1, &parts);
        assert!(!bench.exists("lists.jsonl"), "{name}: nothing half-written");
        let ran = bench.run("rerank --model model --input requests.jsonl --output lists.jsonl --skip-bad");
        fails(&ran, 0, &["1 bad line left out"]);
        assert_eq!(bench.read("lists.jsonl").lines().count(), 2);
        fs::remove_file(bench.path("lists.jsonl")).unwrap();
    }
}

#[test]
fn a_truncated_stream_is_told() {
    let bench = Bench::trained();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let text: String = (0..500).map(|list| line(&format!("r{list}"), list) + "\n").collect();
    std::io::Write::write_all(&mut gzip, text.as_bytes()).unwrap();
    let bytes = gzip.finish().unwrap();
    fs::write(bench.path("cut.jsonl.gz"), &bytes[..bytes.len() / 2]).unwrap();
    let ran = bench.run("rerank --model model --input cut.jsonl.gz --output lists.jsonl");
    fails(&ran, 1, &["cut.jsonl.gz:", "gzip stream is truncated or damaged"]);
    assert!(!bench.exists("lists.jsonl"));
}

#[test]
fn misuse_has_status_two() {
    let bench = Bench::new();
    for (arguments, part) in [
        ("train --config config.toml", "--data"),
        ("train --config none.toml --data data --out model", "none.toml: cannot read"),
        ("rerank --model m --input - --output - --lists 0", "--lists"),
        ("evaluate --model m --data data --split tst", "tst"),
        ("inspect model --isa mmx", "mmx"),
        ("inspect model --threads 0", "--threads: 0"),
        ("fly", "fly"),
    ] {
        fails(&bench.run(arguments), 2, &[part]);
    }
    bench.write("config.toml", "seed = 1\n[generator]\nwidht = 8\n");
    fails(
        &bench.run("train --config config.toml --data data --out model"),
        2,
        &["config.toml", "line 3", "widht", "width"],
    );
    bench.write("config.toml", "[generator]\nheads = 7\n");
    let parts = ["config.toml: generator.heads: 7, expected a divisor of the width 64"];
    fails(&bench.run("train --config config.toml --data data --out model"), 2, &parts);
}

#[test]
fn data_that_is_not_there_is_told_before_anything_is_written() {
    let bench = Bench::new();
    fails(&bench.run("train --config config.toml --data nowhere --out model"), 1, &["nowhere: no such folder"]);
    fs::remove_file(bench.path("data/valid.jsonl")).unwrap();
    fails(&bench.run("train --config config.toml --data data --out model"), 1, &["no valid split", "valid.jsonl"]);
    fs::create_dir(bench.path("mine")).unwrap();
    bench.write("mine/thesis.txt", "years of work");
    let ran = bench.run("train --config config.toml --data data --out mine");
    fails(&ran, 1, &["mine: is a directory of other files", "it stays as it is"]);
    assert_eq!(bench.names(), ["config.toml", "data", "mine"]);
}

#[test]
fn a_damaged_model_is_told_by_file() {
    let bench = Bench::trained();
    let names = ["config.json", "items.jsonl", "manifest.json", "model.safetensors", "schema.json"];
    for name in names {
        let path = bench.path(&format!("model/{name}"));
        let whole = fs::read(&path).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        for damaged in [Some(&whole[..whole.len() - 1]), Some(&flipped[..]), None] {
            match damaged {
                Some(bytes) => fs::write(&path, bytes).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            let ran = bench.run("rerank --model model --input data/test.jsonl --output lists.jsonl");
            fails(&ran, 1, &[name]);
            assert!(!bench.exists("lists.jsonl"));
        }
        fs::write(&path, whole).unwrap();
    }
    let manifest = bench.read("model/manifest.json").replace("\"format\": 1", "\"format\": 4");
    bench.write("model/manifest.json", &manifest);
    fails(&bench.run("inspect model"), 1, &["manifest.json", "newer than this program reads"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let bench = Bench::trained();
    // A limit on the size of files stands in for a full disk: writes beyond it fail.
    let limited = |command: &str| bench.shell(&format!("trap '' XFSZ; ulimit -f 1; exec nar4rec {command}"));
    let ran = limited("train --config config.toml --data data --out other --metrics /dev/null");
    fails(&ran, 1, &["cannot write"]);
    let text: String = (0..200).map(|list| line(&format!("r{list}"), list) + "\n").collect();
    bench.write("requests.jsonl", &text);
    let ran = limited("rerank --model model --input requests.jsonl --output lists.jsonl");
    fails(&ran, 1, &["lists.jsonl", "cannot write"]);
    let expected = ["config.toml", "data", "model", "model.metrics.jsonl", "requests.jsonl"];
    assert_eq!(bench.names(), expected, "neither a model, nor lists, nor temporary files");
    fails(
        &bench.shell("nar4rec rerank --model model --input requests.jsonl --output - > /dev/full"),
        1,
        &["standard output"],
    );
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_is_told_shortly() {
    let bench = Bench::trained();
    let text: String = (0..3000).map(|list| line(&format!("r{list}"), list) + "\n").collect();
    bench.write("requests.jsonl", &text);
    let ran =
        bench.shell("{ nar4rec rerank --model model --input requests.jsonl --output -; echo $? > status; } | head -1");
    fails(&ran, 0, &["standard output: closed by its reader"]);
    assert_eq!(bench.read("status"), "1\n");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_goes_on_to_the_same_bytes() {
    let bench = Bench::new();
    let config = bench.read("config.toml").replace("epochs = 2", "epochs = 400\npatience = 400");
    bench.write("config.toml", &config);
    fails(&bench.run("train --config config.toml --data data --out whole"), 0, &[]);
    let mut child = bench.command("train --config config.toml --data data --out model --metrics steps");
    child.stderr(std::process::Stdio::piped());
    let child = child.spawn().unwrap();
    // Steps are under way as soon as one is recorded.
    while bench.path("steps").metadata().map_or(0, |data| data.len()) == 0 {
        std::thread::yield_now();
    }
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert!(kill.success());
    fails(&ran, 130, &["model.checkpoint", "--resume"]);
    assert!(bench.exists("model.checkpoint") && !bench.exists("model"));
    fails(
        &bench.run("train --config config.toml --data data --out model --metrics steps --resume"),
        0,
        &["going on after step"],
    );
    for name in ["model.safetensors", "config.json", "schema.json", "manifest.json", "items.jsonl"] {
        let bytes = |model: &str| fs::read(bench.path(&format!("{model}/{name}"))).unwrap();
        assert!(bytes("model") == bytes("whole"), "{name}");
    }
}

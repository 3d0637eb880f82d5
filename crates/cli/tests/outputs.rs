//! Where output goes: files whole or not at all, devices and pipes as they are, and names that cannot work told first.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod tool;

use std::fs;

use nar4rec_data::{JsonLines, JsonLinesWriter};
use serde_json::Value;
use tool::{Bench, Ran, line};

fn fails(ran: &Ran, status: i32, parts: &[&str]) {
    for part in parts {
        assert!(ran.err.contains(part), "no {part:?} in: {}", ran.err);
    }
    assert_eq!(ran.status, Some(status), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_written_to_and_not_replaced() {
    use std::os::unix::fs::FileTypeExt;
    let bench = Bench::trained();
    let plain = bench.run("rerank --model model --input data/test.jsonl --output -").out;
    let ran = bench.shell(
        "mkfifo pipe; nar4rec rerank --model model --input data/test.jsonl --output pipe & cat pipe > copy; wait",
    );
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert_eq!(bench.read("copy"), plain);
    assert!(fs::metadata(bench.path("pipe")).unwrap().file_type().is_fifo(), "still the pipe");
    assert!(!bench.names().iter().any(|name| name.contains("tmp")), "{:?}", bench.names());
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_that_is_full_is_told_by_name() {
    // The device stands behind a link in a folder of its own, so that a mistake here could not replace it.
    let bench = Bench::trained();
    std::os::unix::fs::symlink("/dev/full", bench.path("device")).unwrap();
    let ran = bench.run("rerank --model model --input data/test.jsonl --output device");
    fails(&ran, 1, &["device: cannot write: No space left"]);
    for command in ["evaluate --model model --data data --json", "init-config", "inspect model", "validate --data data"]
    {
        fails(&bench.shell(&format!("nar4rec {command} > /dev/full")), 1, &["standard output: cannot write"]);
    }
}

#[cfg(unix)]
#[test]
fn a_link_leads_to_the_file_that_is_replaced() {
    let bench = Bench::trained();
    fs::create_dir(bench.path("far")).unwrap();
    bench.write("far/lists.jsonl", "old");
    std::os::unix::fs::symlink("far/lists.jsonl", bench.path("lists.jsonl")).unwrap();
    fails(&bench.run("rerank --model model --input data/test.jsonl --output lists.jsonl"), 0, &[]);
    assert!(bench.path("lists.jsonl").is_symlink());
    assert_eq!(bench.read("far/lists.jsonl").lines().count(), 8);
    assert_eq!(fs::read_dir(bench.path("far")).unwrap().count(), 1);
}

#[test]
fn zstd_goes_in_and_out() {
    let bench = Bench::trained();
    let text = bench.run("rerank --model model --input data/test.jsonl --output -").out;
    let plain: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ran = bench.run("rerank --model model --input data/test.jsonl --output lists.jsonl.zst");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(fs::read(bench.path("lists.jsonl.zst")).unwrap().starts_with(&[0x28, 0xb5, 0x2f, 0xfd]), "a zstd frame");
    let lists = JsonLines::<Value>::open(bench.path("lists.jsonl.zst")).unwrap();
    assert_eq!(lists.map(|line| line.unwrap().value).collect::<Vec<_>>(), plain);

    let requests = bench.path("requests.jsonl.zst");
    let mut writer = JsonLinesWriter::create(&requests).unwrap();
    for line in JsonLines::<Value>::open(bench.path("data/test.jsonl")).unwrap() {
        writer.write(&line.unwrap().value).unwrap();
    }
    writer.finish().unwrap();
    assert_eq!(bench.run("rerank --model model --input requests.jsonl.zst --output -").out, text);
    let bytes = fs::read(&requests).unwrap();
    fs::write(&requests, &bytes[..bytes.len() / 2]).unwrap();
    let ran = bench.run("rerank --model model --input requests.jsonl.zst --output -");
    fails(&ran, 1, &["requests.jsonl.zst:", "zstd stream is truncated or damaged"]);
}

#[test]
fn names_that_cannot_work_are_told_before_the_work() {
    let bench = Bench::trained();
    fs::create_dir(bench.path("empty")).unwrap();
    let before = bench.names();
    for (arguments, part) in [
        ("train --config config.toml --data data --out .", "--out: . ends in no name"),
        ("train --config config.toml --data data --out empty/..", "--out: empty/.. ends in no name"),
        (
            "train --config config.toml --data data --out empty --metrics empty/m.jsonl",
            "--metrics: empty/m.jsonl is in the model's directory",
        ),
        ("train --config config.toml --data data --out new --report gone/page.html", "--report: gone is no directory"),
        ("evaluate --model model --data data --report empty", "--report: empty is a directory, expected a file"),
        ("rerank --model model --input data/test.jsonl --output empty", "--output: empty is a directory"),
        ("rerank --model model --input data/test.jsonl --output gone/lists.jsonl", "--output: gone is no directory"),
        ("rerank --model model --input data/test.jsonl --output - --length 3", "--length: 3, expected at most 2"),
    ] {
        let ran = bench.run(arguments);
        fails(&ran, 2, &[part]);
        assert!(ran.out.is_empty(), "{}", ran.out);
    }
    fails(&bench.run("rerank --model model --input gone.jsonl --output lists.jsonl"), 1, &["gone.jsonl: cannot open"]);
    assert_eq!(bench.names(), before);
}

#[test]
fn metrics_that_cannot_be_written_do_not_stop_the_training() {
    let bench = Bench::new();
    let ran = bench.run("train --config config.toml --data data --out model --metrics gone/m.jsonl");
    fails(&ran, 0, &["warning: gone/m.jsonl: cannot write metrics"]);
    assert!(bench.exists("model/manifest.json"));
}

#[cfg(unix)]
#[test]
fn an_interrupted_reranking_leaves_no_part_of_a_file() {
    use std::io::Write;
    let bench = Bench::trained();
    let mut child = bench.command("rerank --model model --input - --output lists.jsonl");
    child.stdin(std::process::Stdio::piped());
    let mut child = child.spawn().unwrap();
    let mut requests = child.stdin.take().unwrap();
    writeln!(requests, "{}", line("r", 1)).unwrap();
    // The unfinished file is there as soon as the input's first bytes have been read.
    while !bench.exists(".lists.jsonl.nar4rec-tmp") {
        std::thread::yield_now();
    }
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(requests);
    assert!(!bench.names().iter().any(|name| name.contains("lists")), "{:?}", bench.names());
}
